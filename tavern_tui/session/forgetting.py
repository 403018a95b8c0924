"""Forgetting a chat, for the front ends: what would go, and letting it go. Blocks."""

from __future__ import annotations

from dataclasses import dataclass

from tavern_tui.session.kept_slots import forget_in_slots, servers_with
from tavern_tui.session.library_index import open_index
from tavern_tui.session.reading_chats import find_chat
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage import forgetting
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.index import LibraryIndex

ELSEWHERE = (
    "What other devices and backups elsewhere hold is not touched; a running engine may remember it until it ends."
)


@dataclass(frozen=True, slots=True)
class Forgetting:
    """A chat that may be forgotten: its title, its number of turns, and a sentence for each thing that would go."""

    title: str
    turns: int
    sentences: tuple[str, ...]
    _workspace: Workspace
    _index: LibraryIndex
    _log: ChatLog
    _remains: forgetting.Remains

    def go(self) -> None:
        """Remove it all. Raises ``StorageError``."""
        forget_in_slots(self._workspace, self._log.key)
        forgetting.forget(self._workspace.directories, self._index, self._log, self._remains)


def what_goes(workspace: Workspace, name: str) -> Forgetting:
    """What there is of the chat that ``name`` means. Raises ``NotFoundError``, ``StorageError``."""
    log = find_chat(workspace, name)
    index = open_index(workspace)
    remains = forgetting.remains_of(workspace.directories, index, log)
    sentences = [f"Its log: {log.path}"]
    if remains.indexed:
        sentences.append("What the index holds of it.")
    if remains.files:
        sentences.append(f"Drafts, journals and copies of it: {len(remains.files):,} files.")
    if remains.backups:
        sentences.append(f"Its file in {len(remains.backups):,} of the backups here; the rest of them stays.")
    if remains.states:
        sentences.append("What the engine saved to go on with chats faster, of all chats.")
    if servers_with(workspace, log.key):
        sentences.append("What llama-server saved of it, as soon as you talk to that server again.")
    title = log.tree.title or log.path.stem
    return Forgetting(title, len(log.tree.turns), tuple(sentences), workspace, index, log, remains)
