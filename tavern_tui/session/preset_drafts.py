"""What of sampler presets was changed in a chat and stands in no preset's file yet, kept among the chat's journals.

So it outlives another engine, another chat and the end of the program, and goes where the chat is forgotten. Of a chat
that is never written down nothing is kept. Everything here blocks and raises ``StorageError``.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.preset import Preset
from tavern_tui.formats.presets import read_preset, write_preset
from tavern_tui.session.presets import DRAFTS
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.string_table import StringTable


def draft_of(log: ChatLog, name: str) -> Preset | None:
    """The preset ``name`` as it was changed in the chat of ``log``; ``None`` where it was not, or was saved."""
    text = _table(log.state / f"{log.key}{DRAFTS}").read().get(name.casefold()) if log.kept else None
    if text is None:
        return None
    with suppress(FormatError):  # a text that was damaged is no draft
        return read_preset(text, name=name).preset
    return None


def keep_draft(log: ChatLog, name: str, draft: Preset | None) -> None:
    """Keep ``draft`` as what the preset ``name`` is in the chat of ``log``; ``None``: it is what its file says."""
    path = log.state / f"{log.key}{DRAFTS}"
    if log.kept and (draft is not None or path.exists()):
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _table(path).change({name.casefold(): write_preset(draft) if draft is not None else None})


def rename_drafts(journals: Path, name: str, to: str) -> None:
    """Let what was changed of the preset ``name`` in the chats whose journals these are be ``to``'s."""
    for path in journals.glob(f"*{DRAFTS}"):
        table = _table(path)
        text = table.read().get(name.casefold())
        if text is not None and name.casefold() != to.casefold():
            table.change({name.casefold(): None, to.casefold(): text})


def _table(path: Path) -> StringTable:
    return StringTable(path, path.with_name(f"{path.name}.lock"), "presets")
