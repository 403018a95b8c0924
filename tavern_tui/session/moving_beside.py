"""What somebody keeps of characters beside their cards, taken in: SillyTavern's settings, or an export of ours."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tavern_tui.domain.beside_card import NOTHING_BESIDE, BesideCard
from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.exchange import Outcome
from tavern_tui.formats.json_text import read_json
from tavern_tui.session.moving_files import FileMover
from tavern_tui.session.moving_report import MovingReport
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.reading import read_bytes

BESIDE: Final = "beside-cards.json"
"""The file of an export in which they stand: SillyTavern keeps them in its settings, which are left to it."""

_MAX_BYTES: Final = 64 * 1024 * 1024


def move_beside(workspace: Workspace, path: Path, files: FileMover, report: MovingReport) -> None:
    """Keep what an export has of the characters that came; what is wrong with it is told in ``report``."""
    try:
        told = read_json(read_bytes(path, _MAX_BYTES), max_bytes=_MAX_BYTES)
    except TavernError as error:
        report.failed.append((path.name, error.title))
        return
    wanted = {}
    for name, one in told.items() if isinstance(told, dict) else ():
        try:
            wanted[name] = BesideCard.from_dict(one)
        except (ValueError, KeyError, TypeError):
            report.failed.append((f"{path.name}: {name}", "It says nothing that is kept beside a card."))
    keep_beside(workspace, wanted, {name: name for _, name in files.cards.values()}, path.name, files, report)


def keep_beside(
    workspace: Workspace,
    wanted: Mapping[str, BesideCard],
    names: Mapping[str, str],
    source: str,
    files: FileMover,
    report: MovingReport,
) -> None:
    """Keep notes and further lorebooks of characters, where nothing of theirs is kept here yet.

    ``wanted`` has them by what ``source`` calls each character, ``names`` what those that came are called here.
    """
    there = workspace.library.beside_cards.all()
    for key, kept in sorted(wanted.items()):
        name = names.get(key, "")
        if not name:
            report.unsupported.append(f"author's note or further lorebooks of {key}, whose card did not come")
        elif kept != NOTHING_BESIDE:
            if files.writes and name not in there:
                workspace.library.beside_cards.keep(name, kept)
            what = [*(["author's note"] if kept.note else ()), *([", ".join(kept.books)] if kept.books else ())]
            outcome = Outcome.SAME if name in there else Outcome.NEW
            report.add("beside a card", f"{name}: {' and '.join(what)}", source, outcome)
