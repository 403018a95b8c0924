"""What is forgotten leaves the log, the index, drafts, copies, caches and backups; everything else stays."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.domain.errors import StorageError
from tavern_tui.domain.events import Speaker
from tavern_tui.storage.backup import backups_in, content_of, files_of, make_backup
from tavern_tui.storage.chat_places import ChatPlaces, Place
from tavern_tui.storage.forgetting import forget, remains_of
from tavern_tui.storage.journal import ReplyJournal
from tavern_tui.storage.trash import Trash
from tests.storage.indexed import NIGHT, Shelf, contents

WORD = b"xylophone"


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """A chat with a word that stands nowhere else, in every place that a chat leaves something, and another chat."""
    shelf = Shelf(tmp_path)
    path = shelf.chat("night", f"the {WORD.decode()}", "two")
    shelf.chat("day", "the lamp")
    shelf.look()
    make_backup(shelf.dirs, shelf.dirs.backups, clock=lambda: NIGHT)
    copy = path.with_name("night (restored 2025-10-09).jsonl")
    copy.write_bytes(path.read_bytes())
    Trash(shelf.dirs.trash).put("chats", [copy])
    path.with_name("night (conflicted copy).jsonl").write_bytes(path.read_bytes())
    held = ChatPlaces(shelf.dirs.state / "places", "tty").claim(shelf.log(path))
    held.save(Place(draft=f"about the {WORD.decode()}"), ended=True)
    held.release()
    states = shelf.dirs.cache / "states"
    states.mkdir()
    (states / "0123.state").write_bytes(WORD)
    (states / "0123.slot").write_bytes(WORD)
    return shelf


def everywhere(shelf: Shelf) -> list[str]:
    """The files in which the word stands, packed or not."""
    found = [
        str(path.relative_to(shelf.root))
        for path in shelf.root.rglob("*")
        if path.is_file() and WORD in path.read_bytes()
    ]
    for backup in backups_in(shelf.dirs.backups):
        found += [kept.name for kept in files_of(backup) if WORD in content_of(backup, kept.name)]
    return found


def test_a_chat_that_is_forgotten_is_nowhere_on_this_device(shelf: Shelf) -> None:
    log = shelf.log(shelf.dirs.chats / "night.jsonl")
    assert len(everywhere(shelf)) >= 6
    remains = remains_of(shelf.dirs, shelf.index, log)
    forget(shelf.dirs, shelf.index, log, remains)
    shelf.index.close()
    assert everywhere(shelf) == []
    assert [path.name for path in shelf.dirs.chats.iterdir()] == ["day.jsonl"]


def test_everything_else_stays(shelf: Shelf) -> None:
    log = shelf.log(shelf.dirs.chats / "night.jsonl")
    forget(shelf.dirs, shelf.index, log, remains_of(shelf.dirs, shelf.index, log))
    (backup,) = backups_in(shelf.dirs.backups)
    assert [kept.name for kept in files_of(backup)] == ["library/chats/day.jsonl"]
    assert (backup.chats, backup.turns, backup.problem) == (1, 1, "")
    assert shelf.texts("lamp") == ["the lamp"]
    shelf.look()
    assert contents(shelf.index) == contents(shelf.rebuilt())


def test_a_chat_in_which_a_reply_is_written_is_not_forgotten(shelf: Shelf) -> None:
    log = shelf.log(shelf.dirs.chats / "night.jsonl")
    journal = ReplyJournal.start(log, speaker=Speaker.CHARACTER, name="Mira", parent=log.tree.tip)
    journal.write("Well ", "")
    with pytest.raises(StorageError, match="being written"):
        remains_of(shelf.dirs, shelf.index, log)
    journal.leave()
    assert log.path.exists()
