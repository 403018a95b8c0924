"""A chat goes to the trash whole, never from under somebody who has it open, and comes back as it was."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.domain.errors import StorageError
from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.session.chat_files import bring_back, deleted_chats, discard
from tavern_tui.session.coming_back import Place, PlaceKeeper
from tavern_tui.session.privacy import private_things, toggle_private
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.journal import ReplyJournal


@pytest.fixture
def workspace(tavern_home: Path) -> Workspace:
    return Workspace.open()


@pytest.fixture
def log(workspace: Workspace) -> ChatLog:
    """A chat with a turn."""
    log = workspace.chats.create("The \x1b[31mferry", ("Mira", "Tom"), "Alex")
    log.append(TurnAdded("", Speaker.CHARACTER, "Mira", "Across?"))
    return log


async def test_a_chat_comes_back_with_what_was_typed_and_not_sent(workspace: Workspace, log: ChatLog) -> None:
    before, state = log.path.read_bytes(), workspace.directories.state
    keeper = PlaceKeeper(state, terminal="here")
    await keeper.open(log)
    keeper.keep(Place(draft="Wait for"))
    await keeper.close(ended=True)

    discard(workspace, log)
    assert not log.path.exists()
    (gone,) = deleted_chats(workspace)
    assert (gone.name, gone.characters, gone.turns) == (log.path.stem, ("Mira", "Tom"), 1)

    assert bring_back(workspace, gone) == log.path
    assert (log.path.read_bytes(), deleted_chats(workspace)) == (before, [])
    place = await PlaceKeeper(state, terminal="elsewhere").open(workspace.chats.open(log.path.stem))
    assert place.draft == "Wait for"


async def test_a_chat_that_is_open_in_a_terminal_is_not_deleted(workspace: Workspace, log: ChatLog) -> None:
    keeper = PlaceKeeper(workspace.directories.state, terminal="another")
    await keeper.open(log)
    with pytest.raises(StorageError, match=r"ferry is open in another terminal\. Leave it there") as refused:
        discard(workspace, log)
    assert "\x1b" not in str(refused.value)
    assert log.path.exists()
    await keeper.close()
    discard(workspace, log)
    assert not log.path.exists()


def test_a_chat_with_a_reply_running_is_not_deleted_and_another_is(workspace: Workspace, log: ChatLog) -> None:
    other = workspace.chats.create("Another", ("Mira",), "Alex")
    journal = ReplyJournal.start(log, speaker=Speaker.CHARACTER, name="Mira", parent=log.tree.tip)
    try:
        with pytest.raises(StorageError, match="A reply is being written"):
            discard(workspace, log)
        discard(workspace, other)
    finally:
        journal.finish()
    assert [path.exists() for path in (log.path, other.path)] == [True, False]
    discard(workspace, log)
    assert not log.path.exists()


def test_what_would_stand_on_another_chat_comes_back_beside_it_private_as_it_was(
    workspace: Workspace, log: ChatLog
) -> None:
    toggle_private(workspace, chat=log.path.stem)
    gone, before = discard(workspace, log), log.path.name
    log.path.write_bytes(b"another")
    back = bring_back(workspace, gone)
    assert (log.path.read_bytes(), back.name != before) == (b"another", True)
    assert workspace.chats.open(back.stem).tree.title == log.tree.title
    assert back.stem in private_things(workspace).chats
    assert deleted_chats(workspace) == []
