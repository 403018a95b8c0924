"""The rows of a file picker: likely folders first, then what lies where one is. Pure; ``path_picker`` shows them."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tavern_tui.domain.display import safe_line
from tavern_tui.session.picking import Entry, Listing
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.widgets.rows import ListRow, plain

_TAKE, _GO = "take ", "go "


@dataclass(frozen=True, slots=True)
class Picked:
    """What a row leads to: ``path`` is looked at, or where it ``opens`` is listed."""

    path: Path
    opens: bool


def picker_rows(
    likely: Sequence[Path], listing: Listing, rest: str, *, home: Path, glyphs: Glyphs = UNICODE_GLYPHS
) -> list[ListRow]:
    """The rows for ``listing``, of which ``rest`` is looked for; ``likely`` stand above it while nothing is."""
    rows: list[ListRow] = []
    if not rest:
        rows += _headed(
            "Found here", [ListRow(f"{_TAKE}{path}", _shown(path, home), "", "SillyTavern") for path in likely]
        )
    here = [_row(entry) for entry in listing.found(rest)]
    if not rest:
        up = listing.folder.parent
        whole = ListRow(f"{_TAKE}{listing.folder}", "This whole folder")
        here = [*([ListRow(f"{_GO}{up}", "..", "one folder up")] if up != listing.folder else []), whole, *here]
    if listing.more:
        here.append(ListRow(f"{_GO}{listing.folder}", plain("… and more: type to find", glyphs), muted=True))
    return [*rows, *_headed(_shown(listing.folder, home), here)]


def picked(row: ListRow) -> Picked:
    """What ``row`` leads to."""
    opens = row.id.startswith(_GO)
    return Picked(Path(row.id.removeprefix(_GO if opens else _TAKE)), opens)


def _row(entry: Entry) -> ListRow:
    name = safe_line(entry.path.name)
    if entry.is_folder:
        return ListRow(f"{_GO}{entry.path}", f"{name}{os.sep}")
    return ListRow(f"{_TAKE}{entry.path}", name, _size(entry.size))


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 100_000 else f"{max(1, size // 1000):,} kB"


def _shown(path: Path, home: Path) -> str:
    """A path with ``~`` for the home folder."""
    if path.is_relative_to(home):
        return safe_line(str(Path("~") / path.relative_to(home)))
    return safe_line(str(path))


def _headed(head: str, rows: Iterable[ListRow]) -> list[ListRow]:
    listed = list(rows)
    return [replace(listed[0], head=head), *listed[1:]] if listed else []
