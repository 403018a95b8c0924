"""What each kind of chat event writes under which key: the table, and the loop that reads and writes by it.

Values that take room where they are common are packed: a receipt is a list without its trailing empty places, the raw
text of a reply is the part of it that clean-up changed, token ids are base64 of their LEB128 varints.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from tavern_tui.domain.alternatives import Alternative, TokenChoice
from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.events import (
    Body,
    ChatStarted,
    KeptHead,
    PlacedText,
    PromptKept,
    PropertySet,
    Receipt,
    Roll,
    SourceTold,
    Speaker,
    TextEdited,
    TextExtended,
    TipMoved,
    TurnAdded,
    TurnDeleted,
    TurnHidden,
    TurnMoved,
    TurnTokens,
    Undone,
)

HEADER = frozenset({"e", "k", "h", "f", "v"})
"""The keys of every record, whatever its kind."""

_PAIR = re.compile("[\ud800-\udbff][\udc00-\udfff]")
_RECEIPT = tuple(field.name for field in fields(Receipt))
_WORDS, _COUNTS, _TIMES = (str,), (int, type(None)), (int, float, type(None))
_RECEIPT_TYPES = (*[_WORDS] * 3, *[_COUNTS] * 4, *[_TIMES] * 2, *[_WORDS] * 2, *[_COUNTS] * 2, *[_WORDS] * 2)
_SPEAKERS = {speaker.value[0]: speaker for speaker in Speaker}
_LARGEST_ID = 2**32
_LATEST = 2**33  # seconds: in the year 2242
_LOGPROB_DIGITS = 2
_REQUIRED = object()


class Unreadable(Exception):  # noqa: N818 - not an error to anybody: it becomes a LogProblem
    """A record does not say what its kind must say; the text is the reason. Never leaves the codec."""


@dataclass(frozen=True, slots=True)
class Field:
    """One attribute of a body under ``key``. ``read`` (``None`` for a text) raises ``Unreadable``.

    ``read`` and ``write`` get the text of the same body.
    """

    name: str
    key: str
    read: Callable[[Any, str], Any] | None
    write: Callable[[Any, str], Any]
    default: Any = _REQUIRED


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of event: its body's type, its fields in that type's order, and every key that such a record may have.

    The rest says the fields again, in the form that reading ten thousand records wants: ``places`` by key, each with
    how it is read (``None``: as a text); ``defaults``, what stands at each place that no key fills; and the
    ``required`` places, where something must.
    """

    body: Callable[..., Body]
    fields: tuple[Field, ...]
    keys: frozenset[str]
    places: Mapping[str, tuple[int, Callable[[Any, str], Any] | None]]
    defaults: tuple[Any, ...]
    required: tuple[int, ...]


def unknown_fields(kind: Kind, record: dict[str, Any]) -> dict[str, Any]:
    """What a later version added to ``record``: its own keys, and a receipt with more places than we know."""
    places = record.get("r")
    longer = isinstance(places, list) and len(places) > len(_RECEIPT)
    if record.keys() <= kind.keys and not longer:
        return {}
    unknown = {key: record[key] for key in record.keys() - kind.keys}
    return unknown | {"r": places} if longer else unknown


def read_body(kind: Kind, record: dict[str, Any]) -> Body:
    """The body that ``record`` tells; raises ``Unreadable``."""
    values = list(kind.defaults)
    text = record.get("x", "")
    for key, value in record.items():
        found = kind.places.get(key)
        if found is None:
            continue
        place, read = found
        if read is not None:
            values[place] = read(value, text)
        elif type(value) is str:
            values[place] = value
        else:
            raise Unreadable("A text is of another type")
    for place in kind.required:
        if values[place] is _REQUIRED:
            raise Unreadable(f"No {kind.fields[place].name} ({kind.fields[place].key})")
    return kind.body(*values)


def write_body(body: Body, record: dict[str, Any]) -> None:
    """Put the fields of ``body`` into ``record``, less those at their default; raises ``FormatError``."""
    text = _joined(getattr(body, "text", ""))
    for field in KINDS[KIND_OF[type(body)]].fields:
        value = getattr(body, field.name)
        if field.default is _REQUIRED or value != field.default:
            record[field.key] = field.write(value, text)


def _read_flag(value: Any, _: str) -> bool:
    if value not in (0, 1):
        raise Unreadable("A switch is neither on nor off")
    return bool(value)


def _read_texts(value: Any, _: str) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise Unreadable("A list of texts is of another type")
    return tuple(value)


def _read_anything(value: Any, _: str) -> Any:
    return value


def _read_speaker(value: Any, _: str) -> Speaker:
    speaker = _SPEAKERS.get(value) if isinstance(value, str) else None
    if speaker is None:
        raise Unreadable("Nobody known is speaking (s)")
    return speaker


def _read_raw(value: Any, text: str) -> str:
    match value:
        case [int(kept), int(left), str(between)] if 0 <= kept <= len(text) and 0 <= left <= len(text) - kept:
            return text[:kept] + between + text[len(text) - left :]
    raise Unreadable("The raw text (raw) does not fit its text")


def _write_raw(raw: str, text: str) -> list[Any]:
    """The raw text as: characters kept from the text's start, characters kept from its end, what stood between."""
    raw = _joined(raw)
    shorter = min(len(raw), len(text))
    kept = next((i for i in range(shorter) if raw[i] != text[i]), shorter)
    left = next((i for i in range(shorter - kept) if raw[-1 - i] != text[-1 - i]), shorter - kept)
    return [kept, left, raw[kept : len(raw) - left]]


def _read_receipt(value: Any, _: str) -> Receipt:
    if not isinstance(value, list):
        raise Unreadable("A receipt (r) is of another type")
    known = value[: len(_RECEIPT)]
    for place, item in enumerate(known):
        if type(item) not in _RECEIPT_TYPES[place]:
            raise Unreadable(f"The receipt (r) has a {_RECEIPT[place]} of another type")
    return Receipt(*known)


def _write_receipt(receipt: Receipt, _: str) -> list[Any]:
    places = [getattr(receipt, name) for name in _RECEIPT]
    places = [round(item) if isinstance(item, float) else item for item in places]
    while places and places[-1] in (None, ""):
        places.pop()
    return places


def _read_tokens(value: Any, _: str) -> TurnTokens:
    match value:
        case [str(fingerprint), str(packed)]:
            try:
                return TurnTokens(fingerprint, unpack_ids(base64.b64decode(packed, validate=True)))
            except (binascii.Error, ValueError) as error:
                raise Unreadable("Token ids (ids) are damaged") from error
    raise Unreadable("Token ids (ids) are of another type")


def _write_tokens(tokens: TurnTokens, _: str) -> list[str]:
    return [tokens.fingerprint, base64.b64encode(pack_ids(tokens.ids)).decode("ascii")]


def _read_roll(value: Any, _: str) -> Roll:
    match value:
        case [str(dice), int(total), str(outcome)] if type(total) is int:
            return Roll(dice, total, outcome)
        case [str(dice), int(total), str(outcome), str(means)] if type(total) is int:
            return Roll(dice, total, outcome, means)
    raise Unreadable("A roll of the dice (roll) is of another type")


def _write_roll(roll: Roll, _: str) -> list[Any]:
    return [roll.dice, roll.total, roll.outcome, *([roll.means] if roll.means else [])]


def _read_alternatives(value: Any, _: str) -> tuple[TokenChoice, ...]:
    try:
        return tuple(_choice(row) for row in value)
    except (TypeError, ValueError, IndexError) as error:
        raise Unreadable("Alternatives (alt) are of another type") from error


def _choice(row: Any) -> TokenChoice:
    """One token's row: its text, its logarithm, and the same for each of the likeliest."""
    texts, logprobs = row[::2], row[1::2]
    right = isinstance(row, list) and len(texts) == len(logprobs) and all(isinstance(text, str) for text in texts)
    if not right or not all(type(number) in (int, float) for number in logprobs):
        raise ValueError(row)
    drawn, *likeliest = (Alternative(text, float(number)) for text, number in zip(texts, logprobs, strict=True))
    return TokenChoice(drawn.text, drawn.logprob, tuple(likeliest))


def _write_alternatives(choices: tuple[TokenChoice, ...], _: str) -> list[list[Any]]:
    rows = []
    for choice in choices:
        pairs = (Alternative(choice.text, choice.logprob), *choice.likeliest)
        rows.append([part for one in pairs for part in (one.text, round(one.logprob, _LOGPROB_DIGITS))])
    return rows


def _read_placed(value: Any, _: str) -> tuple[PlacedText, ...]:
    if not isinstance(value, list):
        raise Unreadable("Placed texts (in) are of another type")
    return tuple(_placed(row) for row in value)


def _placed(row: Any) -> PlacedText:
    if not isinstance(row, list) or not 3 <= len(row) <= 4 or not all(isinstance(one, str) for one in row):
        raise Unreadable("A placed text is of another type")
    return PlacedText(*row)


def _write_placed(placed: tuple[PlacedText, ...], _: str = "") -> list[list[str]]:
    return [[one.key, one.mark, one.text, *([one.below] if one.below else [])] for one in placed]


def _read_head(value: Any, _: str) -> KeptHead:
    match value:
        case [str(key), int(at), int(examples), list(lore)] if 0 <= at < _LATEST and type(examples) is int:
            return KeptHead(key, at, tuple(_placed(row) for row in lore), examples)
    raise Unreadable("A kept head is of another type")


def _write_head(head: KeptHead, _: str) -> list[Any]:
    return [head.key, round(head.at), head.examples, _write_placed(head.lore)]


def pack_ids(ids: tuple[int, ...]) -> bytes:
    """Token ids as LEB128 varints; raises ``FormatError`` for numbers that no vocabulary has."""
    packed = bytearray()
    for number in ids:
        if not 0 <= number < _LARGEST_ID:
            raise FormatError(f"{number} is not a token id.")
        rest = number
        while rest > 0x7F:
            packed.append(rest & 0x7F | 0x80)
            rest >>= 7
        packed.append(rest)
    return bytes(packed)


def unpack_ids(packed: bytes) -> tuple[int, ...]:
    """The ids that ``pack_ids`` packed; raises ``ValueError`` where the last one is cut or one is too large."""
    ids = []
    number = shift = 0
    for byte in packed:
        number |= (byte & 0x7F) << shift
        if byte & 0x80:
            shift += 7
            if shift > 28:
                raise ValueError("an id of more than five bytes")
        else:
            ids.append(number)
            number = shift = 0
    if shift:
        raise ValueError("the last id is cut")
    return tuple(ids)


def _joined(text: str) -> str:
    """``text`` as JSON gives it back: two halves of a surrogate pair that met become the character they mean."""
    return _PAIR.sub(lambda match: match.group().encode("utf-16", "surrogatepass").decode("utf-16"), text)


def _as_it_is(value: Any, _: str) -> Any:
    return value


def _text(name: str, key: str, default: Any = _REQUIRED) -> Field:
    return Field(name, key, None, _as_it_is, default)


def _flag(name: str, key: str, default: bool) -> Field:
    return Field(name, key, _read_flag, lambda value, _: int(value), default)


def _kind(body: Callable[..., Body], *rows: Field) -> Kind:
    places = {row.key: (place, row.read) for place, row in enumerate(rows)}
    defaults = tuple(row.default for row in rows)
    required = tuple(place for place, default in enumerate(defaults) if default is _REQUIRED)
    return Kind(body, rows, HEADER | places.keys(), places, defaults, required)


_RAW = Field("raw", "raw", _read_raw, _write_raw, None)
_RECEIPT_FIELD = Field("receipt", "r", _read_receipt, _write_receipt, None)
_TOKENS = Field("tokens", "ids", _read_tokens, _write_tokens, None)
_CUT = _flag("interrupted", "cut", default=False)
_SPEAKER = Field("speaker", "s", _read_speaker, lambda value, _: value.value[0], Speaker.CHARACTER)

KINDS: dict[str, Kind] = {
    "chat": _kind(
        ChatStarted,
        _text("title", "title"),
        Field("characters", "with", _read_texts, lambda value, _: list(value), ()),
        _text("persona", "persona", ""),
    ),
    "turn": _kind(
        TurnAdded,
        _text("parent", "p", ""),
        _SPEAKER,
        _text("name", "n", ""),
        _text("text", "x"),
        _RAW,
        _text("reasoning", "think", ""),
        _CUT,
        _RECEIPT_FIELD,
        _TOKENS,
        Field("lore", "lore", _read_texts, lambda value, _: list(value), ()),
        Field("roll", "roll", _read_roll, _write_roll, None),
        Field("alternatives", "alt", _read_alternatives, _write_alternatives, ()),
        _flag("hidden", "hid", default=False),
        Field("source", "src", _read_anything, _as_it_is, None),
    ),
    "more": _kind(TextExtended, _text("turn", "on"), _text("text", "x"), _RAW, _CUT, _RECEIPT_FIELD, _TOKENS),
    "edit": _kind(TextEdited, _text("turn", "on"), _text("text", "x")),
    "hide": _kind(TurnHidden, _text("turn", "on"), _flag("hidden", "hidden", default=True)),
    "drop": _kind(TurnDeleted, _text("turn", "on")),
    "move": _kind(TurnMoved, _text("turn", "on"), _text("parent", "p", "")),
    "tip": _kind(TipMoved, _text("turn", "on")),
    "set": _kind(PropertySet, _text("key", "key"), Field("value", "value", _read_anything, _as_it_is)),
    "told": _kind(SourceTold, _text("turn", "on"), Field("source", "src", _read_anything, _as_it_is)),
    "kept": _kind(
        PromptKept,
        _text("turn", "on", ""),
        _text("first_turn", "first", ""),
        Field("placed", "in", _read_placed, _write_placed, ()),
        Field("head", "head", _read_head, _write_head, None),
    ),
    "undo": _kind(Undone, _text("event", "on")),
}
"""Every kind that this version knows, by the name it is written under."""

KIND_OF: dict[type, str] = {kind.body: name for name, kind in KINDS.items() if isinstance(kind.body, type)}
