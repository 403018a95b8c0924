"""The fields of a character card as a form: what each is called, what it says, and how it is typed.

A field turns what was typed into another card, or says why not. Pure: saving is ``session.character_editing``'s. Every
field, those included that do nothing here, by its path: ``session.card_form``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import SettingsError
from tavern_tui.domain.lorebook import InjectionRole
from tavern_tui.formats.card_object import MAX_DEPTH_OF_NOTE, to_object, with_data
from tavern_tui.session.macro_names import macro_names

Edit = Callable[[Character], Character]
"""A change of a card; the card itself where there is nothing to change."""

_MACRO = re.compile(r"\{\{[^{}]*\}\}")
_NAME = re.compile(r"\{\{\s*([#/]?\w+|//)")
_ALSO = frozenset(("//", "if", "#if", "/if", "else", "bot", "comment"))
_YES, _NO = ("yes", "on", "true", "y", "1"), ("no", "off", "false", "n", "0", "")
_LANGUAGE = re.compile(r"[A-Za-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class Kind(Enum):
    """How a field is edited."""

    LINE = "a line"
    TEXT = "a text"
    CHOICE = "a choice"
    BOOK = "a lorebook"
    SEEN = "only seen"


@dataclass(frozen=True, slots=True)
class CardField:
    """One row of the form. ``id`` tells it from the others, ``group`` is its heading, ``help`` says what it does.

    ``sent``: it is part of every prompt. ``list`` names the list of greetings that it is one of. ``heading`` is what it
    is called in the whole card as a text, where that is not ``title``. ``choices`` are the words of a choice.
    """

    id: str
    title: str
    group: str
    help: str
    kind: Kind
    said: Callable[[Character], str]
    made: Callable[[Character, str], Character] = lambda character, _typed: character
    sent: bool = False
    list: str = ""
    place: int = 0
    heading: str = ""
    choices: tuple[str, ...] = ()

    def turned(self, character: Character, steps: int) -> str:
        """The choice that follows what the field says."""
        here = self.choices.index(self.said(character)) if self.said(character) in self.choices else 0
        return self.choices[(here + steps) % len(self.choices)]


def card_fields(character: Character, others: Sequence[str] = ()) -> list[CardField]:
    """The form of a card. ``others`` are the paths of fields that do nothing here."""
    seen = [
        CardField(f"other {path}", path, "Kept as they are", "It is kept in the card and does nothing here.", Kind.SEEN,
                  lambda one, path=path: _at(one, path))  # type: ignore[misc]
        for path in others
    ]  # fmt: skip
    greetings = [_greeting("greetings", at) for at in range(max(1, len(listed(character, "greetings"))))]
    for_groups = [_greeting("group", at) for at in range(len(character.group_only_greetings))]
    languages = [_language(code) for code in character.notes_by_language]
    return [*_WHO, *_TEXTS, *greetings, *for_groups, *_PROMPTS, *_NOTE, *_LORE, *_ABOUT, *languages, *seen]


def listed(character: Character, name: str) -> tuple[str, ...]:
    """A list of greetings: all of them, the first one first, or those for groups alone."""
    if name == "group":
        return character.group_only_greetings
    return (character.greeting, *character.alternate_greetings)


def new_greeting(character: Character, name: str) -> CardField:
    """The field of one more greeting at the end of a list; there is one once something is written."""
    return _greeting(name, len(listed(character, name)))


def without_greeting(name: str, place: int, text: str) -> Edit:
    """Take a greeting out that still says ``text``."""

    def made(one: Character) -> Character:
        there = listed(one, name)
        if place >= len(there) or there[place] != text:
            return one
        return _relisted(one, name, (*there[:place], *there[place + 1 :]))

    return made


def moved_greeting(name: str, place: int, steps: int) -> Edit:
    """Let a greeting change places with another; the first one is the one that a chat opens on."""

    def made(one: Character) -> Character:
        there = list(listed(one, name))
        if not (0 <= place < len(there) and 0 <= place + steps < len(there)):
            return one
        there[place], there[place + steps] = there[place + steps], there[place]
        return _relisted(one, name, tuple(there))

    return made


def with_language(code: str) -> Edit:
    """Notes of the creator in one more language. Raises ``SettingsError`` for what names none."""
    code = code.strip().lower()
    if not _LANGUAGE.fullmatch(code):
        raise SettingsError(f"“{code}” names no language.", hint="Two letters do: en, de, ja.")
    return lambda one: replace(one, notes_by_language={code: "", **one.notes_by_language})


def world_of(character: Character) -> str:
    """The lorebook of the library that the card is linked to; empty without one."""
    return _at(character, "data.extensions.world")


def macro_spans(text: str) -> list[tuple[int, int, bool]]:
    """Where macros stand in a text, and whether there is such a macro."""
    return [(found.start(), found.end(), _is_known(found[0])) for found in _MACRO.finditer(text)]


def _is_known(macro: str) -> bool:
    name = _NAME.match(macro)
    return name is not None and (name[1].casefold() in _known() or name[1].casefold().startswith("time_utc"))


_KNOWN: set[str] = set()


def _known() -> set[str]:
    if not _KNOWN:
        names = (_NAME.match(written) for written, _ in macro_names())
        _KNOWN.update(_ALSO, (found[1].casefold() for found in names if found is not None))
    return _KNOWN


def _relisted(character: Character, name: str, texts: tuple[str, ...]) -> Character:
    if name == "group":
        return replace(character, group_only_greetings=texts)
    first, *others = texts or ("",)
    return replace(character, greeting=first, alternate_greetings=tuple(others))


def _greeting(name: str, place: int) -> CardField:
    def made(one: Character, typed: str) -> Character:
        there = list(listed(one, name))
        there[place : place + 1] = [typed] if typed.strip() or not place else []
        return _relisted(one, name, tuple(there))

    def said(one: Character) -> str:
        there = listed(one, name)
        return there[place] if place < len(there) else ""

    if name == "group":
        help, title, heading = "It opens group chats alone.", f"For groups {place + 1}", "Group-only greeting"
    elif place:
        help, title, heading = "Another way to begin: ← → in a new chat.", f"Greeting {place + 1}", "Alternate greeting"
    else:
        help, title, heading = "What a new chat opens on.", "Greeting", "Greeting"
    return CardField(
        f"{name} {place}", title, "Greetings", help, Kind.TEXT, said, made, list=name, place=place, heading=heading
    )


def _language(code: str) -> CardField:
    def made(one: Character, typed: str) -> Character:
        notes = {**one.notes_by_language, code: typed}
        return replace(one, notes_by_language={key: text for key, text in notes.items() if text.strip()})

    return CardField(
        f"notes {code}",
        f"Creator's notes ({code})",
        "About the card",
        "The same in another language. Emptied, it is gone.",
        Kind.TEXT,
        lambda one: one.notes_by_language.get(code, ""),
        made,
    )


def _plain(name: str, title: str, group: str, help: str, kind: Kind = Kind.TEXT, *, sent: bool = False) -> CardField:
    def made(one: Character, typed: str) -> Character:
        return replace(one, **{name: typed if kind is Kind.TEXT else " ".join(typed.split())})  # type: ignore[arg-type]

    return CardField(name, title, group, help, kind, lambda one: str(getattr(one, name)), made, sent)


def _named(one: Character, typed: str) -> Character:
    name = " ".join(typed.split())
    if not name:
        raise SettingsError("A character needs a name.")
    return replace(one, name=name)


def _tagged(one: Character, typed: str) -> Character:
    tags = (tag.strip() for tag in typed.replace("\n", ",").split(","))
    return replace(one, tags=tuple(dict.fromkeys(filter(None, tags))))


def _favoured(one: Character, typed: str) -> Character:
    word = typed.strip().casefold()
    if word not in (*_YES, *_NO):
        raise SettingsError(f"“{typed.strip()}” is neither yes nor no.")
    return replace(one, favourite=word in _YES)


def _talking(one: Character, typed: str) -> Character:
    text = typed.strip().removesuffix("%").strip()
    if not text:
        return _put(one, "talkativeness", None)
    try:
        number = float(text)
    except ValueError:
        number = -1
    if not 0 <= number <= 100:
        raise SettingsError(f"“{text}” is no such number.", hint="From 0, never by itself, to 100 percent, always.")
    return _put(one, "talkativeness", number / 100)


def _talkative(one: Character) -> str:
    value = _extensions(one).get("talkativeness")
    try:
        return f"{float(value) * 100:g}"  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ""


def _deep(one: Character, typed: str) -> Character:
    text = typed.strip()
    if not text.isdecimal() or int(text[:9]) > MAX_DEPTH_OF_NOTE:
        raise SettingsError(f"“{text}” is no depth.", hint=f"A whole number from 0 to {MAX_DEPTH_OF_NOTE:,}.")
    return replace(one, note=replace(one.note, depth=int(text)))


def _role(one: Character, typed: str) -> Character:
    wanted = typed.strip().casefold()
    role = next((role for role in InjectionRole if wanted and role.value.startswith(wanted)), None)
    if role is None:
        raise SettingsError(f"“{typed.strip()}” is no role.", hint=f"There are: {', '.join(_ROLES)}.")
    return replace(one, note=replace(one.note, role=role))


def _linked(one: Character, typed: str) -> Character:
    return _put(one, "world", " ".join(typed.split()) or None)


def _book(one: Character) -> str:
    if one.lorebook is None:
        return ""
    count = len(one.lorebook.entries)
    return f"{count:,} {'entry' if count == 1 else 'entries'}"


def _extensions(one: Character) -> Mapping[str, Any]:
    data = one.source.get("data")
    extensions = data.get("extensions") if isinstance(data, Mapping) else None
    return extensions if isinstance(extensions, Mapping) else {}


def _put(one: Character, key: str, value: Any) -> Character:
    data = deepcopy(to_object(one)["data"])
    if value is None:
        data["extensions"].pop(key, None)
    else:
        data["extensions"][key] = value
    return with_data(one, data)


def _at(one: Character, path: str) -> str:
    holder: Any = one.source
    for key in path.split("."):
        holder = holder.get(key) if isinstance(holder, Mapping) else None
    return "" if holder is None else holder if isinstance(holder, str) else str(holder)


_ROLES = tuple(role.value for role in InjectionRole)
_WHO = (
    CardField("name", "Name", "Who", "The file and the chats take a new name, too.", Kind.LINE, lambda one: one.name,
              _named),
    _plain("nickname", "Nickname", "Who", "What {{char}} becomes instead of the name.", Kind.LINE),
    CardField("tags", "Tags", "Who", "Between commas; Home finds them by #tag.", Kind.LINE,
              lambda one: ", ".join(one.tags), _tagged),
    CardField("favourite", "Favourite", "Who", "Favourites come first at Home.", Kind.CHOICE,
              lambda one: "yes" if one.favourite else "no", _favoured, choices=("no", "yes")),
    CardField("talkativeness", "Talkativeness", "Who", "How readily it speaks up in a group, in percent.", Kind.LINE,
              _talkative, _talking),
)  # fmt: skip
_TEXTS = (
    _plain("description", "Description", "In every prompt", "Who it is: looks, past, habits.", sent=True),
    _plain("personality", "Personality", "In every prompt", "A short summary of its character.", sent=True),
    _plain("scenario", "Scenario", "In every prompt", "Where the story begins.", sent=True),
    _plain(
        "example_dialogue",
        "Example dialogue",
        "In every prompt",
        "How it talks. <START> stands before each; they leave first where room is short.",
        sent=True,
    ),
)
_PROMPTS = (
    _plain("system_prompt", "System prompt", "Instructions", "Takes the place of yours; {{original}} is yours."),
    _plain(
        "post_history_instructions",
        "Post-history instructions",
        "Instructions",
        "Stand below the chat, where a model heeds them most.",
    ),
)
_NOTE = (
    CardField("note", "Character note", "Character note", "Stands in the chat, at the depth below.", Kind.TEXT,
              lambda one: one.note.text, lambda one, typed: replace(one, note=replace(one.note, text=typed))),
    CardField("note.depth", "Depth", "Character note", "So many turns above the newest one.", Kind.LINE,
              lambda one: str(one.note.depth), _deep, heading="Note depth"),
    CardField("note.role", "Role", "Character note", "Who says it.", Kind.CHOICE, lambda one: one.note.role.value,
              _role, heading="Note role", choices=_ROLES),
)  # fmt: skip
_LORE = (
    CardField("world", "Linked lorebook", "Lore", "A book of the library that is read with it.", Kind.BOOK, world_of,
              _linked),
    CardField("lorebook", "Lorebook in the card", "Lore", "It goes with the card. Enter opens it.", Kind.BOOK, _book),
)  # fmt: skip
_ABOUT = (
    _plain("creator", "Creator", "About the card", "Who wrote the card.", Kind.LINE),
    _plain("version", "Version", "About the card", "The card's own version.", Kind.LINE),
    _plain("creator_notes", "Creator's notes", "About the card", "For people; never sent."),
)
