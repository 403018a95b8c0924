"""A chat that is never written down: it is a chat like others, and no file comes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.domain.errors import StorageError
from tavern_tui.domain.events import ChatStarted, PropertySet, Speaker, TurnAdded, Undone
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.chat_watch import ChatWatch
from tavern_tui.storage.incognito import IncognitoLog, ReadGlobalVariables
from tavern_tui.storage.journal import ReplyJournal
from tavern_tui.storage.marks import Mark, Marks
from tavern_tui.storage.recovery import recover


def files(root: Path) -> set[Path]:
    return set(root.rglob("*"))


def a_log() -> IncognitoLog:
    return IncognitoLog(ChatStarted("Secret", ("Mira",), "Alex"))


def test_it_is_a_chat_like_others_without_a_file(tmp_path: Path) -> None:
    log = a_log()
    (said,) = log.append(TurnAdded("", Speaker.USER, "Alex", "Quiet."))
    log.append(Undone(said.id))
    log.append(PropertySet("title", "Still secret"))
    assert (log.tree.title, log.tree.characters, log.tree.path(), log.read_only) == (
        "Still secret",
        ("Mira",),
        [],
        None,
    )
    assert not files(tmp_path)


def test_a_reply_is_saved_in_it_without_a_journal(tmp_path: Path) -> None:
    log = a_log()
    journal = ReplyJournal.start(log, speaker=Speaker.CHARACTER, name="Mira")
    journal.write("Yes", "Hm")
    assert not journal.stop_asked()
    event = journal.commit(TurnAdded("", Speaker.CHARACTER, "Mira", "Yes."))
    journal.leave()
    assert log.tree.turns[event.id].text == "Yes."
    assert recover(log).running == ()
    assert ChatWatch(log).look().events == []
    assert not files(tmp_path)


def test_two_of_them_are_different_chats() -> None:
    assert a_log().key != a_log().key


def test_whoever_writes_beside_it_without_asking_is_refused_by_the_system() -> None:
    log = a_log()
    for path in (log.state / "prompt.json", log.path):
        with pytest.raises(StorageError):
            write_atomic(path, b"What was said")


def test_the_variables_of_all_chats_are_read_and_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "variables.json"
    ReadGlobalVariables(path, tmp_path / "lock").change({"mood": "dark"})
    assert not files(tmp_path)
    path.write_text('{"f": 1, "variables": {"town": "Hythe", "mood": "light"}}')
    before = path.read_bytes()
    table = ReadGlobalVariables(path, tmp_path / "lock")
    assert table.change({"mood": "dark"}) == {"town": "Hythe", "mood": "dark"}
    assert (table.read()["mood"], path.read_bytes()) == ("dark", before)


def test_marks_are_kept_forgotten_and_go_along_with_a_new_name(tmp_path: Path) -> None:
    marks = Marks(tmp_path / "marks.json", tmp_path / "state" / "lock")
    marks.set(Mark.FAVOURITE, "Mira", True)
    marks.set(Mark.PRIVATE_CHARACTER, "Mira", True)
    marks.set(Mark.PRIVATE_CHAT, "Mira 1", True)
    marks.rename_character("Mira", "Miranda")
    found = marks.all()
    assert found[Mark.FAVOURITE] == {"Miranda": True} == found[Mark.PRIVATE_CHARACTER]
    marks.set(Mark.PRIVATE_CHAT, "Mira 1", None)
    assert marks.all()[Mark.PRIVATE_CHAT] == {}
