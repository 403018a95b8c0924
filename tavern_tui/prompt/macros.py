"""Macros: ``{{user}}``, ``{{random::a::b}}`` and the rest, one row of ``MACROS`` each.

SillyTavern's engine is a sequence of passes over the whole text: no nesting, no escaping, names in any case. The order
of the rows is that order, and it can be observed; a new macro is a new row at its place. Pure and bounded: the clock
and the randomness are in the context, a text never grows beyond ``LARGEST`` characters, every pass takes linear time.
Source: SillyTavern 1.12.6, ``public/scripts/macros.js``, ``public/script.js`` (``substituteParams``).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from itertools import islice

from tavern_tui.prompt import moment
from tavern_tui.prompt.seeded import seeded_fraction, string_hash

LARGEST = 1_000_000
"""Characters that an expanded text may have; what would make it longer stays unexpanded."""

MOST_PER_PASS = 10_000
"""Macros of one kind that are replaced in one text; further ones stay unexpanded."""

_MOST_DICE = 1_000
_MOST_SIDES = 1_000_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class MacroContext:
    """What macros can say. A field of ``None`` leaves its macro as it stands.

    ``random`` gives numbers from 0 up to 1. ``frozen`` makes ``{{random}}`` and ``{{roll}}`` come out the same each
    time for one text of one chat, as ``{{pick}}`` always does.
    """

    user: str
    char: str
    now: datetime
    random: Callable[[], float] = field(repr=False)
    group: str = ""
    description: str | None = None
    personality: str | None = None
    scenario: str | None = None
    persona: str | None = None
    mes_examples: str | None = None
    char_version: str | None = None
    char_prompt: str | None = None
    char_post_history: str | None = None
    original: str | None = None
    model: str = ""
    max_prompt: int = 0
    chat_id: str = ""
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Macro:
    """One row: how it is written, what it becomes, and the pass itself.

    ``expand`` is given the text so far, the context and the text as it was before the first pass.
    """

    written: str
    becomes: str
    expand: Callable[[str, MacroContext, str], str] = field(repr=False)


def expand(text: str, context: MacroContext) -> str:
    """``text`` with its macros replaced; unknown ones stay as they are. Never raises."""
    if "{{" not in text and "<" not in text:
        return text
    raw = text
    for macro in MACROS:
        if "{{" not in text and not macro.written.startswith("<"):
            break
        text = macro.expand(text, context, raw)
    return text


@dataclass(frozen=True, slots=True)
class _Call:
    """A macro found in a text: its argument, where it stands, and the text as it was before the first pass."""

    argument: str
    start: int
    raw: str


def _row(written: str, becomes: str, pattern: str, value: Callable[[MacroContext], str | None]) -> Macro:
    compiled = re.compile(pattern, re.IGNORECASE)

    def run(text: str, context: MacroContext, _raw: str) -> str:
        replacement = value(context)
        if replacement is None:
            return text
        return _replaced(text, ((m.start(), m.end(), replacement) for m in compiled.finditer(text)))

    return Macro(written, becomes, run)


def _name(name: str, becomes: str, value: Callable[[MacroContext], str | None]) -> Macro:
    return _row(f"{{{{{name}}}}}", becomes, rf"\{{\{{{re.escape(name)}\}}\}}", value)


def _legacy(name: str, becomes: str, value: Callable[[MacroContext], str]) -> Macro:
    return _row(f"<{name}>", becomes, rf"<{name}>", value)


def _call(written: str, becomes: str, prefix: str, value: Callable[[_Call, MacroContext], str | None]) -> Macro:
    """A macro with an argument, which ends at the first ``}``; a value of ``None`` leaves it as it stands."""
    opening = re.compile(r"\{\{" + prefix, re.IGNORECASE)

    def run(text: str, context: MacroContext, raw: str) -> str:
        def found() -> Iterator[tuple[int, int, str]]:
            done, close = 0, -1
            for match in opening.finditer(text):
                start, begin = match.span()
                if start < done:
                    continue
                if close < begin:
                    close = text.find("}", begin)
                if close < 0:
                    return
                if close == begin or not text.startswith("}}", close):
                    continue
                replacement = value(_Call(text[begin:close], start, raw), context)
                if replacement is not None:
                    done = close + 2
                    yield start, done, replacement

        return _replaced(text, found())

    return Macro(written, becomes, run)


def _replaced(text: str, changes: Iterable[tuple[int, int, str]]) -> str:
    """``text`` with each ``(start, end, replacement)`` made, up to the bounds of this module."""
    pieces: list[str] = []
    size, done = len(text), 0
    for start, end, replacement in islice(changes, MOST_PER_PASS):
        size += len(replacement) - (end - start)
        if size > LARGEST and len(replacement) > end - start:
            break
        pieces += (text[done:start], replacement)
        done = end
    return "".join((*pieces, text[done:]))


def _original(text: str, context: MacroContext, _raw: str) -> str:
    if context.original is None:
        return text
    values = iter((context.original,))
    return _replaced(text, ((m.start(), m.end(), next(values, "")) for m in _ORIGINAL.finditer(text)))


def _trim(text: str, _context: MacroContext, _raw: str) -> str:
    first, *others = _TRIM.split(text)
    if not others:
        return text
    last = others.pop().lstrip("\r\n")
    return "".join((first.rstrip("\r\n"), *(piece.strip("\r\n") for piece in others), last))


def _comments(text: str, _context: MacroContext, _raw: str) -> str:
    pieces: list[str] = []
    done = 0
    while (start := text.find("{{//", done)) >= 0 and (end := text.find("}}", start + 4)) >= 0:
        pieces.append(text[done:start])
        done = end + 2
    return "".join((*pieces, text[done:]))


def _reverse(call: _Call, _context: MacroContext) -> str:
    return call.argument[::-1]


def _fraction(call: _Call, context: MacroContext) -> float:
    """A number from 0 up to 1 that depends on the chat, the text and the macro's place in it alone."""
    place = f"{string_hash(context.chat_id)}-{string_hash(call.raw)}-{call.start}"
    return seeded_fraction(string_hash(place))


def _choice(listed: str, fraction: float) -> str:
    if "::" in listed:
        options = listed.split("::")
    else:
        options = [piece.strip().replace("\\,", ",") for piece in _COMMA.split(listed)]
    return options[min(int(fraction * len(options)), len(options) - 1)]


def _random(call: _Call, context: MacroContext) -> str:
    return _choice(call.argument, _fraction(call, context) if context.frozen else context.random())


def _pick(call: _Call, context: MacroContext) -> str:
    return _choice(call.argument, _fraction(call, context))


def _roll(call: _Call, context: MacroContext) -> str:
    formula = call.argument.strip()
    dice = _DICE.fullmatch(f"1d{formula}" if formula.isascii() and formula.isdigit() else formula)
    if dice is None:
        return ""
    count, sides, modifier = int(dice[1] or 1), int(dice[2]), int(dice[3] or 0)
    if not (1 <= count <= _MOST_DICE and 1 <= sides <= _MOST_SIDES):
        return ""
    if not context.frozen:
        return str(modifier + sum(1 + int(context.random() * sides) for _ in range(count)))
    seed = _fraction(call, context)
    return str(modifier + sum(1 + string_hash(f"{seed}-{die}") % sides for die in range(count)))


def _format(call: _Call, context: MacroContext) -> str:
    return moment.format_time(context.now, call.argument.lstrip(" "))


def _zone(call: _Call, context: MacroContext) -> str | None:
    if not _HOURS.fullmatch(call.argument):
        return None
    return moment.format_time(context.now.astimezone(timezone(timedelta(hours=int(call.argument)))), "LT")


_ORIGINAL = re.compile(r"\{\{original\}\}", re.IGNORECASE)
_TRIM = re.compile(r"\{\{trim\}\}", re.IGNORECASE)
_COMMA = re.compile(r"(?<!\\),")
_HOURS = re.compile(r"[+-](?:1?[0-9]|2[0-3])")
_DICE = re.compile(r"([0-9]{1,4})?d([0-9]{1,10})([+-][0-9]{1,9})?", re.IGNORECASE)

MACROS: tuple[Macro, ...] = (
    _legacy("USER", "the persona's name", lambda c: c.user),
    _legacy("BOT", "the character's name", lambda c: c.char),
    _legacy("CHAR", "the character's name", lambda c: c.char),
    _legacy("CHARIFNOTGROUP", "the group's members, or the character's name", lambda c: c.group or c.char),
    _legacy("GROUP", "the group's members, or the character's name", lambda c: c.group or c.char),
    _call("{{roll:2d6+1}}", "the total of a dice roll", "roll[ :]", _roll),
    _name("newline", "a line break", lambda _c: "\n"),
    Macro("{{trim}}", "nothing, together with the line breaks round it", _trim),
    _name("noop", "nothing", lambda _c: ""),
    Macro("{{original}}", "in a card's override: the text that it replaces", _original),
    _name("charPrompt", "the card's system prompt", lambda c: c.char_prompt),
    _name("charJailbreak", "the card's post-history instructions", lambda c: c.char_post_history),
    _name("description", "the card's description", lambda c: c.description),
    _name("personality", "the card's personality", lambda c: c.personality),
    _name("scenario", "the card's scenario", lambda c: c.scenario),
    _name("persona", "the persona's description", lambda c: c.persona),
    _name("mesExamples", "the card's example dialogue", lambda c: c.mes_examples),
    _name("charVersion", "the card's version", lambda c: c.char_version),
    _name("char_version", "the card's version", lambda c: c.char_version),
    _name("user", "the persona's name", lambda c: c.user),
    _name("char", "the character's name", lambda c: c.char),
    _name("group", "the group's members, or the character's name", lambda c: c.group or c.char),
    _name("charIfNotGroup", "the group's members, or the character's name", lambda c: c.group or c.char),
    _name("model", "the model's name", lambda c: c.model),
    _name("maxPrompt", "the context size less the response length", lambda c: str(c.max_prompt)),
    _call("{{reverse:text}}", "the text backwards", "reverse:", _reverse),
    Macro("{{// note}}", "nothing: a comment", _comments),
    _name("time", "the time: 2:30 PM", lambda c: moment.format_time(c.now, "LT")),
    _name("date", "the date: September 4, 2024", lambda c: moment.format_time(c.now, "LL")),
    _name("weekday", "the day of the week", lambda c: moment.format_time(c.now, "dddd")),
    _name("isotime", "the time: 14:30", lambda c: moment.format_time(c.now, "HH:mm")),
    _name("isodate", "the date: 2024-09-04", lambda c: moment.format_time(c.now, "YYYY-MM-DD")),
    _call("{{datetimeformat DD.MM.YYYY}}", "the moment in a format of one's own", "datetimeformat ", _format),
    _call("{{time_UTC+2}}", "the time at an offset from UTC", "time_UTC", _zone),
    _call("{{random::a::b}}", "one of the choices, anew each time", r"random\s?::?", _random),
    _call("{{pick::a::b}}", "one of the choices, the same in this chat", r"pick\s?::?", _pick),
)
