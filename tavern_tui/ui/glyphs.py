"""Which signs the terminal can show: those of the log's design, or ASCII.

Chosen by what the environment says of the terminal and of its character set, or by the setting ``ui.ascii``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from textual.scrollbar import ScrollBar, ScrollBarRender

from tavern_tui.config.keys import shown, shown_together
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS, Glyphs

_FEW_SIGNS = ("linux", "dumb", "vt", "ansi", "cons", "sun", "wyse")
"""How the names of terminals begin that have no other signs (the Linux console: console_codes(4))."""

_IN_WORDS = str.maketrans({"↑": "Up", "↓": "Down", "←": "Left", "→": "Right", "–": "-", "·": "-"})


def glyphs_for(environ: Mapping[str, str], encoding: str, ascii: str = "auto") -> Glyphs:
    """The signs for the terminal that ``environ`` tells of and whose output has ``encoding``.

    ``ascii`` is the setting: ``on`` and ``off`` decide, ``auto`` looks. A locale that says nothing is taken for UTF-8,
    which nearly every terminal reads; ``C`` and ``POSIX`` are what people set to get ASCII.
    """
    if ascii != "auto":
        return ASCII_GLYPHS if ascii == "on" else UNICODE_GLYPHS
    few = environ.get("TERM", "").startswith(_FEW_SIGNS) or not _is_utf8(encoding) or _is_ascii_locale(environ)
    return ASCII_GLYPHS if few else UNICODE_GLYPHS


class PlainScrollBar(ScrollBarRender):
    """A scroll bar of whole cells, where Textual's ends in blocks of an eighth."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "]
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "]


def fit_scroll_bars(glyphs: Glyphs) -> None:
    """Draw the scroll bars of this process with ``glyphs``: without blocks where there is only ASCII."""
    ScrollBar.renderer = PlainScrollBar if glyphs is ASCII_GLYPHS else ScrollBarRender


def key_shown(key: str, glyphs: Glyphs) -> str:
    """A key as people read it, in words where the terminal has no arrows."""
    return _plain(shown(key), glyphs)


def keys_shown(keys: tuple[str, ...], glyphs: Glyphs) -> str:
    """Several keys as people read them; "" for none."""
    return _plain(shown_together(keys), glyphs)


def _plain(text: str, glyphs: Glyphs) -> str:
    return text.translate(_IN_WORDS) if glyphs is ASCII_GLYPHS else text


def _is_utf8(encoding: str) -> bool:
    return encoding.lower().replace("-", "").replace("_", "") in ("utf8", "utf8sig")


def _is_ascii_locale(environ: Mapping[str, str]) -> bool:
    """Whether the locale is plain C. Python sets ``LC_CTYPE=C.UTF-8`` itself for it (PEP 538): that says nothing."""
    named = [environ.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG")]
    if not named[0] and named[1] == "C.UTF-8":
        named[1] = ""
    first = next(filter(None, named), "")
    if not first or first in ("C", "POSIX"):
        return bool(first)
    _, _, charset = first.partition(".")
    return bool(charset) and not _is_utf8(charset.partition("@")[0])
