"""Paths as file managers, shells and terminals write them when one is dropped or pasted. No file is looked for here."""

from __future__ import annotations

_URL = "file://"


def bare_path(text: str) -> str:
    """The path that ``text`` is: bare, in quotes, with escaped blanks, or as a ``file:`` URL.

    What a shell would take for several words is a bare path with blanks.
    """
    line = text.strip()
    if line.startswith(_URL):
        from urllib.parse import unquote

        return unquote(line.removeprefix(_URL).removeprefix("localhost"))
    if not any(mark in line for mark in "'\"\\"):
        return line
    import shlex

    try:
        words = shlex.split(line)
    except ValueError:  # a quote that is part of a name
        return line
    return words[0] if len(words) == 1 else line
