"""What a lorebook's entries look like as lines of a table, at a width in cells. Pure; ``ui.lore.table`` shows them.

All columns stand side by side where there is room; in a narrow window those that matter: whether it is on, what lets
it fire, its title, its tokens, when it last fired.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from rich.cells import cell_len

from tavern_tui.domain.display import safe_line
from tavern_tui.session.lore_listing import EntryRow, Mode
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, Glyphs
from tavern_tui.ui.widgets.rows import Tone, cut

Runs = tuple[tuple[str, Tone], ...]

_ALL_FROM = 66
"""Cells from which on every column is shown."""

_KEYS_FROM = 46
_GAP = 1
_NARROWEST = 6
_TEXT = 300  # characters of keys that are looked at for a cell
_FIXED: Mapping[str, tuple[str, int]] = {
    "on": ("", 1),
    "mode": ("", 1),
    "place": ("Place", 11),
    "order": ("Order", 6),
    "tokens": ("Tokens", 6),
    "fired": ("Fired", 5),
}
_RIGHT = ("order", "tokens", "fired")
_SIGNS = {Mode.CONSTANT: "●", Mode.KEYS: "◐", Mode.NEITHER: "○"}
_PLAIN_SIGNS = {Mode.CONSTANT: "*", Mode.KEYS: "k", Mode.NEITHER: "o"}


@dataclass(frozen=True, slots=True)
class Column:
    """A column and the cells that it has."""

    name: str
    title: str
    width: int

    @property
    def right(self) -> bool:
        """Whether it stands at its right."""
        return self.name in _RIGHT


def columns(width: int) -> tuple[Column, ...]:
    """The columns that fit into ``width`` cells."""
    names: tuple[str, ...]
    if width >= _ALL_FROM:
        names = ("on", "mode", "title", "keys", "place", "order", "tokens", "fired")
    elif width >= _KEYS_FROM:
        names = ("on", "mode", "title", "keys", "tokens", "fired")
    else:
        names = ("on", "mode", "title", "tokens", "fired")
    rest = width - sum(_FIXED[name][1] for name in names if name in _FIXED) - _GAP * (len(names) - 1)
    title = max(_NARROWEST, rest * 11 // 20 if "keys" in names else rest)
    widths = {"title": ("Title", title), "keys": ("Keys", max(_NARROWEST, rest - title)), **_FIXED}
    return tuple(Column(name, *widths[name]) for name in names)


def heading(shown: Sequence[Column]) -> str:
    """The names of the columns."""
    return " ".join(_put(column.title, column) for column in shown)


def runs(row: EntryRow, shown: Sequence[Column], glyphs: Glyphs) -> Runs:
    """One entry's line; what is secondary, and all of one that is switched off, is muted."""
    ascii_only = glyphs is ASCII_GLYPHS
    on = ("x" if ascii_only else "✓") if row.entry.enabled else ("-" if ascii_only else "–")
    texts = {
        "on": on,
        "mode": (_PLAIN_SIGNS if ascii_only else _SIGNS)[row.mode],
        "title": safe_line(row.title) + (" (!)" if row.problem else ""),
        "keys": safe_line(row.keys[:_TEXT]),
        "place": safe_line(row.place),
        "order": f"{row.entry.order:,}",
        "tokens": f"{row.tokens:,}" if row.exact else f"~{row.tokens:,}",
        "fired": "now" if row.now else f"{row.turn:,}" if row.turn else "",
    }
    found: list[tuple[str, Tone]] = []
    for place, column in enumerate(shown):
        bright = row.entry.enabled and column.name in ("on", "mode", "title")
        tone = Tone.MARK if row.now and column.name == "fired" else Tone.TITLE if bright else Tone.MUTED
        text = cut(texts[column.name], column.width, glyphs.dots)
        found.append((" " * (_GAP if place else 0) + _put(text, column), tone))
    return tuple(found)


def _put(text: str, column: Column) -> str:
    blank = " " * max(0, column.width - cell_len(text))
    return f"{blank}{text}" if column.right else f"{text}{blank}"
