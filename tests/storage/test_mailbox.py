"""A request to stop reaches exactly one reply, and nothing of it stays behind."""

from __future__ import annotations

import errno
import os
import stat

import pytest

from tavern_tui.domain.errors import StorageError
from tavern_tui.domain.events import Speaker
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.journal import SUFFIX, ReplyJournal
from tavern_tui.storage.mailbox import ask_to_stop, drop_orphans, drop_request, stop_asked
from tavern_tui.storage.recovery import recover
from tests.storage.disk import Disk, said


@pytest.fixture
def log(disk: Disk) -> ChatLog:
    """A chat with one turn."""
    log = disk.create()
    log.append(said("Hello"))
    return log


def begin(log: ChatLog) -> ReplyJournal:
    """Mira begins to answer."""
    return ReplyJournal.start(log, speaker=Speaker.CHARACTER, name="Mira", parent=log.tree.tip)


def requests(log: ChatLog) -> list[str]:
    """Requests that lie in the state folder."""
    return [path.name for path in log.state.iterdir() if path.suffix == ".stop"]


def test_the_writer_hears_a_request_and_nobody_elses(log: ChatLog) -> None:
    one, two = begin(log), begin(log)
    assert not one.stop_asked()
    assert ask_to_stop(one.path)
    assert ask_to_stop(one.path)
    assert one.stop_asked()
    assert not two.stop_asked()
    one.finish()
    two.finish()


def test_a_request_is_private_to_the_user(log: ChatLog) -> None:
    journal = begin(log)
    ask_to_stop(journal.path)
    [name] = requests(log)
    assert stat.S_IMODE((log.state / name).stat().st_mode) == 0o600
    journal.finish()


@pytest.mark.parametrize("end", [ReplyJournal.finish, ReplyJournal.leave])
def test_a_request_goes_with_its_reply(log: ChatLog, end: object) -> None:
    journal = begin(log)
    ask_to_stop(journal.path)
    assert callable(end)
    end(journal)
    assert requests(log) == []


def test_a_reply_that_is_over_cannot_be_asked(log: ChatLog) -> None:
    journal = begin(log)
    journal.finish()
    assert not ask_to_stop(journal.path)
    assert requests(log) == []


def test_a_request_that_came_after_the_last_look_is_cleared_away_and_stops_nothing_later(log: ChatLog) -> None:
    journal, running = begin(log), begin(log)
    journal.finish()
    late = journal.path.with_suffix(".stop")
    late.touch()
    ask_to_stop(running.path)
    recover(log)
    assert not late.exists()
    assert running.stop_asked()
    running.finish()


def test_a_link_in_the_place_of_a_request_is_not_followed(log: ChatLog) -> None:
    journal = begin(log)
    target = log.path.with_name("precious")
    journal.path.with_suffix(".stop").symlink_to(target)
    with pytest.raises(StorageError):
        ask_to_stop(journal.path)
    assert not target.exists()
    journal.finish()


def test_a_full_disk_is_told_to_who_asks(log: ChatLog, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = begin(log)

    def full(*_arguments: object, **_options: object) -> int:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", full)
        with pytest.raises(StorageError, match="Disk full"):
            ask_to_stop(journal.path)
    assert not journal.stop_asked()
    journal.finish()


def test_where_there_is_no_state_folder_nothing_was_asked_and_nothing_is_dropped(disk: Disk) -> None:
    nowhere = disk.root / "nowhere" / f"chat-reply{SUFFIX}"
    assert not stop_asked(nowhere)
    drop_request(nowhere)
    drop_orphans(nowhere.parent, SUFFIX)
