"""The whole of a card as one Markdown text for an editor, a heading for each field, and what came back of it.

A field whose heading is missing in what came back stays as it is; of the greetings those count that stand there. A line
of a text that looks like one of the headings has a backslash before it. Fields that do nothing here are not in the text
and stay with the card.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace

from tavern_tui.domain.character import Character
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import FormatError, SettingsError
from tavern_tui.session.card_fields import CardField, Kind, card_fields

_HEADING = re.compile(r"(\\*)# +(\S.*?)\s*")
_NEAR = 0.85
_LISTS = {"Alternate greeting": "alternate_greetings", "Group-only greeting": "group_only_greetings"}
_HEAD = "<!-- {name}. Each field stands below its heading. Save and close to keep the changes. -->\n"
_COMMENT = re.compile(r"\A\ufeff?\s*<!--.*?-->[ \t]*\n?", re.DOTALL)


def card_markdown(character: Character) -> str:
    """The card as text."""
    fields = _fields(character)
    titles = _titles(fields)
    parts = [_HEAD.format(name=safe_line(character.name, 60).replace("--", "- -"))]
    for field in fields:
        text = "\n".join(_escaped(line, titles) for line in field.said(character).split("\n"))
        parts.append(f"\n# {_heading(field)}\n\n{text}\n" if text else f"\n# {_heading(field)}\n")
    return "".join(parts)


def read_card_markdown(text: str, character: Character) -> Character:
    """``character`` as the edited text says. Raises ``FormatError`` naming the heading where something is wrong."""
    fields = _fields(character)
    singles = {_heading(field): field for field in fields if _heading(field) not in _LISTS}
    lists: dict[str, list[str]] = {title: [] for title in _LISTS}
    seen: set[str] = set()
    changed = character
    for title, said in _sections(text, _titles(fields)):
        if title in _LISTS:
            lists[title].append(said)
            continue
        if title in seen:
            raise FormatError(f"“# {title}” stands there twice.", hint="Put the two together.")
        seen.add(title)
        field = singles[title]
        if said != field.said(character).replace("\r\n", "\n").strip("\n"):
            try:
                changed = field.made(changed, said)
            except SettingsError as error:
                raise FormatError(f"{title}: {error.title}", hint=error.hint) from error
    if not seen:
        raise FormatError(
            "None of the card's headings is left in the text.", hint="A heading is written # Description."
        )
    return replace(changed, **_greetings(character, lists))  # type: ignore[arg-type]


def _greetings(character: Character, lists: Mapping[str, list[str]]) -> dict[str, tuple[str, ...]]:
    """The lists that are different; a text that only lost blank lines at its ends is the one that was there."""
    found = {}
    for title, name in _LISTS.items():
        was: tuple[str, ...] = getattr(character, name)
        kept = {text.replace("\r\n", "\n").strip("\n"): text for text in was}
        found[name] = tuple(kept.get(text, text) for text in lists[title])
    return found


def _fields(character: Character) -> list[CardField]:
    usable = (Kind.LINE, Kind.TEXT, Kind.CHOICE)
    return [field for field in card_fields(character) if field.kind in usable or field.id == "world"]


def _heading(field: CardField) -> str:
    return field.heading or field.title


def _titles(fields: list[CardField]) -> set[str]:
    return {*map(_heading, fields), *_LISTS}


def _escaped(line: str, titles: set[str]) -> str:
    found = _HEADING.fullmatch(line)
    return f"\\{line}" if found is not None and _near(found[2], titles) else line


def _sections(text: str, titles: set[str]) -> Iterator[tuple[str, str]]:
    """Each heading with the text below it. Raises ``FormatError`` for a heading that was probably meant to be one."""
    title, lines = "", list[str]()
    text = _COMMENT.sub(lambda comment: "\n" * comment[0].count("\n"), text.replace("\r\n", "\n"))
    for number, line in enumerate(text.split("\n"), 1):
        found = _HEADING.fullmatch(line)
        near = _near(found[2], titles) if found is not None else ""
        if found is not None and near and not found[1]:
            if found[2] not in titles:
                raise FormatError(
                    f"There is no field “{found[2]}” (line {number}).",
                    hint=f"Did you mean # {near}? A backslash before it makes it part of the text.",
                )
            if title:
                yield title, "\n".join(lines).strip("\n")
            title, lines = found[2], []
        elif title or not line.strip():
            lines.append(line[1:] if near else line)
        else:
            raise FormatError(f"Line {number} stands above every heading.", hint="Put it below one.")
    if title:
        yield title, "\n".join(lines).strip("\n")


def _near(said: str, titles: set[str]) -> str:
    """The heading that a line is, or was probably meant to be; empty where it is none."""
    known = {title.casefold(): title for title in titles}
    near = difflib.get_close_matches(said.casefold(), known, n=1, cutoff=_NEAR)
    return known[near[0]] if near else ""
