"""A chat of SillyTavern's is imported, goes on on both sides, and is imported again: an update, and nothing is lost."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import FormatError, NotFoundError
from tavern_tui.domain.events import PropertySet, Speaker, TextEdited, TipMoved, TurnAdded, TurnDeleted
from tavern_tui.formats.sillytavern_chat import read_sillytavern
from tavern_tui.session.author_note import NOTE, note_of
from tavern_tui.session.bookmarks import bookmarked
from tavern_tui.session.chat_export import exported
from tavern_tui.session.chat_import import ChatImporter, import_chats
from tavern_tui.session.chat_merge import first_events, new_events
from tavern_tui.session.chat_variables import VARIABLE, variables_in
from tavern_tui.session.undo import next_undo
from tavern_tui.storage.chats import ChatLog
from tests.formats.chat_messages import Message, headers, lines, messages
from tests.session.foreign_chats import HEADER, Folder, conversation, said


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    """A SillyTavern folder without chats, and an empty library."""
    return Folder(tmp_path)


def test_an_imported_chat_is_a_chat_like_any_other(folder: Folder) -> None:
    taken = folder.take(conversation(3))
    assert (taken.new, taken.turns, taken.added, taken.format) == (True, 3, 3, "SillyTavern chat")
    tree = folder.tree()
    assert (tree.title, tree.characters, tree.persona) == ("Mira - 1", ("Mira",), "Alex")
    assert [(turn.speaker, turn.name) for turn in tree.path()[:2]] == [
        (Speaker.CHARACTER, "Mira"),
        (Speaker.USER, "Alex"),
    ]
    assert tree.path()[1].at == 1_725_451_261
    assert note_of(tree).text == "It rains."
    assert variables_in(tree.properties) == {"hp": "7"}


def test_imported_again_nothing_is_new_and_nothing_is_written(folder: Folder) -> None:
    path = folder.take(conversation(3)).path
    before = path.read_bytes()
    again = folder.take(conversation(3))
    assert (again.new, again.added, again.path) == (False, 0, path)
    assert path.read_bytes() == before


def test_a_renamed_file_is_the_same_chat(folder: Folder) -> None:
    folder.take(conversation(2))
    again = folder.take(conversation(3), "My favourite")
    assert (again.new, again.added, again.title) == (False, 1, "Mira - 1")


def test_a_chat_that_grew_there_gets_its_new_turns(folder: Folder) -> None:
    folder.take(conversation(2))
    assert folder.take(conversation(4)).added == 2
    assert folder.texts() == [f"message {number}" for number in range(4)]


def test_a_reader_at_the_end_is_taken_to_the_new_end(folder: Folder) -> None:
    folder.take(conversation(2))
    log = folder.workspace.chats.open("Mira - 1")
    log.append(TipMoved(log.tree.path()[0].id))
    log.append(TipMoved(log.tree.leaf_below(log.tree.tip)))
    folder.take(conversation(4))
    assert len(folder.texts()) == 4


def test_a_reader_further_up_stays_there(folder: Folder) -> None:
    folder.take(conversation(3))
    log = folder.workspace.chats.open("Mira - 1")
    log.append(TipMoved(log.tree.path()[0].id))
    folder.take(conversation(4))
    assert folder.texts() == ["message 0"]


def test_what_was_added_on_both_sides_becomes_two_branches(folder: Folder) -> None:
    folder.take(conversation(3))
    log = folder.workspace.chats.open("Mira - 1")
    for number in range(5):
        log.append(TurnAdded(log.tree.tip, Speaker.USER, "Alex", f"here {number}"))
    here = folder.texts()
    for _ in range(2):
        folder.take(conversation(8))
        tree = folder.tree()
        assert folder.texts() == here
        leaves = [turn for turn in tree.turns if not tree.children.get(turn)]
        assert sorted(tree.turns[leaf].text for leaf in leaves) == ["here 4", "message 7"]
        assert len(tree.turns) == 13


def test_new_swipes_are_added_beside_the_old_ones(folder: Folder) -> None:
    one = said(0, "One", swipes=["One"], swipe_id=0)
    folder.take([HEADER, one])
    two = said(0, "Two", swipes=["One", "Two"], swipe_id=1, swipe_info=[{}, {}])
    assert folder.take([HEADER, two]).added == 1
    tree = folder.tree()
    assert [tree.turns[turn].text for turn in tree.children[""]] == ["One", "Two"]
    assert folder.texts() == ["Two"]


def test_a_text_that_was_edited_there_is_edited_here(folder: Folder) -> None:
    folder.take(conversation(4))
    changed = [HEADER, said(0), said(1, "Edited there"), said(2), said(3)]
    assert folder.take(changed).added == 0
    assert folder.texts() == ["message 0", "Edited there", "message 2", "message 3"]
    assert folder.exported() == changed


def test_a_text_that_was_edited_here_stays(folder: Folder) -> None:
    folder.take(conversation(2))
    log = folder.workspace.chats.open("Mira - 1")
    log.append(TextEdited(log.tree.tip, "Edited here"))
    folder.take(conversation(3))
    assert folder.texts() == ["message 0", "Edited here", "message 2"]


def test_a_text_that_was_edited_on_both_sides_keeps_both(folder: Folder) -> None:
    folder.take(conversation(3))
    log = folder.workspace.chats.open("Mira - 1")
    log.append(TextEdited(log.tree.path()[1].id, "Edited here"))
    folder.take([HEADER, said(0), said(1, "Edited there"), said(2)])
    tree = folder.tree()
    assert folder.texts() == ["message 0", "Edited here", "message 2"]
    beside = tree.siblings(tree.path()[1].id)
    assert [tree.turns[turn].text for turn in beside] == ["Edited here", "Edited there"]


def test_what_was_deleted_here_stays_deleted(folder: Folder) -> None:
    folder.take(conversation(3))
    log = folder.workspace.chats.open("Mira - 1")
    log.append(TurnDeleted(log.tree.tip))
    assert folder.take(conversation(3)).added == 0
    assert folder.texts() == ["message 0", "message 1"]


def test_hidden_there_is_hidden_here(folder: Folder) -> None:
    folder.take(conversation(2))
    folder.take([HEADER, said(0, is_system=True), said(1)])
    assert [turn.hidden for turn in folder.tree().path()] == [True, False]


def test_a_note_that_was_changed_here_is_not_taken_back(folder: Folder) -> None:
    folder.take(conversation(1))
    log = folder.workspace.chats.open("Mira - 1")
    log.append(PropertySet(NOTE, {"text": "Mine."}))
    changed = {**HEADER, "chat_metadata": {"note_prompt": "Theirs."}}
    assert [remark.place for remark in folder.take([changed, said(0)]).remarks] == [NOTE]
    assert note_of(folder.tree()).text == "Mine."


def test_a_note_that_was_changed_there_is_taken(folder: Folder) -> None:
    folder.take(conversation(1))
    folder.take([{**HEADER, "chat_metadata": {"note_prompt": "Theirs.", "note_depth": 9}}, said(0)])
    assert (note_of(folder.tree()).text, note_of(folder.tree()).depth) == ("Theirs.", 9)


def test_a_variable_that_was_changed_or_taken_away_there_is_so_here(folder: Folder) -> None:
    folder.take([{**HEADER, "chat_metadata": {"variables": {"hp": 7, "gone": "x"}}}, said(0)])
    log = folder.workspace.chats.open("Mira - 1")
    log.append(PropertySet(VARIABLE + "mine", "1"))
    folder.take([{**HEADER, "chat_metadata": {"variables": {"hp": 6}}}, said(0)])
    assert variables_in(folder.tree().properties) == {"hp": "6", "mine": "1"}


@pytest.mark.parametrize("order", ["parent first", "checkpoint first"])
def test_a_checkpoint_is_a_branch_of_its_chat(folder: Folder, order: str) -> None:
    marked = said(1, extra={"bookmark_link": "Checkpoint"})
    parent = [HEADER, said(0), marked, said(2), said(3)]
    linked = {**HEADER, "chat_metadata": {"main_chat": "Mira - 1"}}
    checkpoint = [linked, said(0), said(1), said(2, "Another way")]
    files = [(parent, "Mira - 1"), (checkpoint, "Checkpoint")]
    first, second = files if order == "parent first" else reversed(files)
    name = folder.take(*first).name
    assert not folder.take(*second).new
    tree = folder.tree(name)
    (place,) = bookmarked(tree)
    assert folder.exported(name)[:3] == parent[:3]
    assert [tree.turns[turn].text for turn in tree.children[place]] == (
        ["message 2", "Another way"] if order == "parent first" else ["Another way", "message 2"]
    )


def test_a_checkpoint_that_lost_its_date_is_found_by_its_link(folder: Folder) -> None:
    folder.take(conversation(2))
    linked = {"character_name": "Mira", "chat_metadata": {"main_chat": "Mira - 1"}}
    again = folder.take([linked, said(0), said(1), said(2)], "Branch #1")
    assert (again.new, again.added) == (False, 1)


def test_undo_does_not_take_back_what_was_imported(folder: Folder) -> None:
    folder.take(conversation(3))
    log = folder.workspace.chats.open("Mira - 1")
    log.append(TipMoved(log.tree.tip))
    assert next_undo(log.events, log.device) is None


def test_two_devices_that_import_the_same_file_have_the_same_chat(tmp_path: Path) -> None:
    folders = []
    for name in ("phone", "rig"):
        (tmp_path / name).mkdir()
        folders.append(Folder(tmp_path / name))
    first, second = (folder.take(conversation(3)).path for folder in folders)
    log = ChatLog.open(first, device="phone1", state=tmp_path / "state")
    assert log.merge(second.read_bytes()).added == ()


def test_what_is_written_here_goes_back_with_the_rest(folder: Folder) -> None:
    folder.take(conversation(2))
    log = folder.workspace.chats.open("Mira - 1")
    log.append(TurnAdded(log.tree.tip, Speaker.CHARACTER, "Mira", "New"))
    header, *rest = folder.exported()
    assert [header, *rest[:2]] == conversation(2)
    assert (rest[2]["mes"], rest[2]["swipes"], rest[2]["is_user"]) == ("New", ["New"], False)


def through_the_log(data: bytes, folder: Path) -> bytes:
    """A file after a life as one of our logs."""
    chat, _ = read_sillytavern(data, "x.jsonl")
    log = ChatLog(folder / "x.jsonl", device="phone1", state=folder)
    log.take_in(first_events(chat, 1_700_000_000).events)
    assert new_events(chat, log.tree, log.events, 1_700_000_000).events == ()
    written = exported(ChatLog.open(log.path, device="phone1", state=folder), "sillytavern").data
    log.path.unlink()
    return written


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(headers, st.lists(messages, min_size=1, max_size=6))
def test_a_file_survives_a_life_as_a_log(tmp_path: Path, header: Message | None, told: list[Message]) -> None:
    whole: list[Any] = [value for value in (header, *told) if value is not None]
    data = through_the_log(lines(*whole), tmp_path)
    assert [json.loads(line) for line in data.split(b"\n")] == whole


def test_the_log_is_near_the_size_of_its_text_and_the_loop_goes_on(folder: Folder) -> None:
    prose = "She looks at the dark water and says nothing for a long while. " * 9
    many = [
        said(
            number % 60,
            f"{prose}{number}",
            gen_started="2024-09-04T12:00:00.000Z",
            send_date="September 4, 2024 2:30pm",
        )
        for number in range(1_000)
    ]
    file = folder.path / "long.jsonl"
    file.write_text("\n".join(map(json.dumps, [HEADER, *many])), encoding="utf-8")

    async def imported() -> tuple[int, int]:
        ticks = 0

        async def tick() -> None:
            nonlocal ticks
            while True:
                await asyncio.sleep(0)
                ticks += 1

        ticking = asyncio.create_task(tick())
        (taken,) = await ChatImporter(folder.workspace).take_file_aside(file)
        ticking.cancel()
        return ticks, taken.path.stat().st_size

    ticks, size = asyncio.run(imported())
    assert ticks > 10
    assert size <= 1.3 * sum(len(message["mes"]) for message in many)


def test_a_file_that_is_no_chat_or_not_there_writes_nothing(folder: Folder) -> None:
    (folder.path / "a.txt").write_text("Hello")
    with pytest.raises(FormatError):
        import_chats(folder.workspace, folder.path / "a.txt")
    with pytest.raises(NotFoundError):
        import_chats(folder.workspace, folder.path / "b.txt")
    assert folder.workspace.chats.list() == []
