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
    words = _words(line)
    return words[0] if len(words) == 1 else line


def bare_paths(text: str) -> tuple[str, ...]:
    """The paths of several files that were dropped at once, as a shell would have them; else the one that it is."""
    words = _words(text) if any(f" {begin}" in text for begin in ("/", "'/", '"/', "~/", "file:")) else ()
    return tuple(map(bare_path, words)) if len(words) > 1 and all("/" in word for word in words) else (bare_path(text),)


def _words(line: str) -> list[str]:
    import shlex

    try:
        return shlex.split(line)
    except ValueError:  # a quote that is part of a name
        return []
