"""Lore keys as they are typed on one line, and whether they can be searched for.

Keys are divided by commas. One that holds a comma, a quotation mark at its beginning, or blanks at its ends stands in
quotation marks, which are doubled inside; in a regular expression (``/pattern/flags``) commas divide nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.lorebook import LoreEntry
from tavern_tui.domain.patterns import translated
from tavern_tui.prompt.lore_keys import KeyForm, needle
from tavern_tui.prompt.lore_patterns import Patterns

_QUOTED = re.compile(r'\s*"((?:[^"]|"")*)"\s*(?:,|$)')
_PATTERN = re.compile(r"\s*(/(?:\\.|[^\\/])+/[gimsuy]*)\s*(?:,|$)")
_PLAIN = re.compile(r"([^,]*)(?:,|$)")
_KINDS = (_QUOTED, _PATTERN, _PLAIN)


def read_keys(typed: str) -> tuple[str, ...]:
    """The keys in a line; empty ones are left out."""
    found, at = [], 0
    while at < len(typed):
        kind, match = next((kind, match) for kind in _KINDS if (match := kind.match(typed, at)))
        key = match[1].replace('""', '"') if kind is _QUOTED else match[1].strip()
        if key:
            found.append(key)
        at = match.end()
    return tuple(found)


def write_keys(keys: Iterable[str]) -> str:
    """The line that ``read_keys`` reads these keys of, as far as they stand on a line."""
    return ", ".join(key if read_keys(key) == (key,) else '"' + key.replace('"', '""') + '"' for key in keys if key)


def key_problem(key: str, form: KeyForm = KeyForm.EITHER) -> str:
    """Why a key finds nothing because it is a regular expression that cannot be read; "" where it can."""
    one = needle(key, form)
    if not one.pattern:
        return ""
    try:
        translated(one.pattern, one.flags)
    except FormatError as error:
        return str(error)
    return "" if Patterns().search(one, "") is not None else "It cannot be used as a regular expression."


def entry_problem(entry: LoreEntry) -> str:
    """What is wrong with the first key of an entry that cannot be searched for; "" where all can be."""
    form = KeyForm.PATTERN if entry.use_regex else KeyForm.EITHER
    for key in (*entry.keys, *entry.secondary_keys, *entry.exclude_keys):
        if problem := key_problem(key, form):
            return f"{key}: {problem}"
    return ""
