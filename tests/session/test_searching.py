"""Search over all chats and the list of characters as the front ends get them, and the library looked after."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.session.backups import all_backups, backup_library, daily_backup, preview, put_back
from tavern_tui.session.character_list import character_rows
from tavern_tui.session.library_index import (
    keep_index,
    library_counts,
    listed_characters,
    open_index,
)
from tavern_tui.session.searching import NO_FULL_TEXT, NO_WORD, search
from tavern_tui.session.upkeep import LOOK_SECONDS, LibraryKeeper
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.index_upkeep import Pass
from tavern_tui.storage.locks import FileLock

DAY = 86_400.0
NOON = 1_760_000_000.0


@pytest.fixture
def workspace(tavern_home: Path) -> Workspace:
    """A workspace on an empty home."""
    return Workspace.open()


def chat(workspace: Workspace, title: str, *texts: str, character: str = "Bess") -> ChatLog:
    log = workspace.chats.create(title, (character,), "Alex")
    for text in texts:
        log.append(TurnAdded(log.tree.tip, Speaker.CHARACTER, character, text))
    return log


def test_the_list_from_the_index_is_the_list_from_the_files(workspace: Workspace, tavern_home: Path) -> None:
    chat(workspace, "One", "Hello.")
    chat(workspace, "Two", "Good evening.", character="Mira")
    (tavern_home / "characters").mkdir()
    (tavern_home / "characters" / "soup.png").write_bytes(b"soup")
    *_, cold = listed_characters(workspace)
    (warm,) = listed_characters(workspace)
    *_, files = character_rows(workspace)
    told = [
        (row.name, row.card, row.problem, [(one.name, one.title, one.turns, one.last) for one in row.chats])
        for row in files
    ]
    for listed in (cold, warm):
        assert [
            (row.name, row.card, row.problem, [(one.name, one.title, one.turns, one.last) for one in row.chats])
            for row in listed.rows
        ] == told
    assert {row.name: row.chats[0].line for row in warm.rows if row.chats} == {
        row.name: row.chats[0].line for row in files if row.chats
    }


def test_a_list_that_changed_on_disk_is_told_twice_the_old_one_at_once(workspace: Workspace, tavern_home: Path) -> None:
    list(listed_characters(workspace))
    (tavern_home / "characters").mkdir()
    (tavern_home / "characters" / "Zoe.json").write_text(
        '{"name": "Zoe", "description": "A pilot.", "first_mes": "Hi."}'
    )
    old, new = listed_characters(workspace)
    assert "Zoe" not in [row.name for row in old.rows]
    assert "Zoe" in [row.name for row in new.rows]


def test_a_large_library_is_listed_through_the_index_as_it_is_on_disk(
    workspace: Workspace, tavern_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat(workspace, "One", "Hello.")
    folder = tavern_home / "characters"
    folder.mkdir()
    (folder / "soup.png").write_bytes(b"soup")
    for name in ("Zoe", "Yan"):
        (folder / f"{name}.json").write_text(f'{{"name": "{name}", "description": "A pilot.", "first_mes": "Hi."}}')
    assert not open_index(workspace).path.exists()
    workspace.characters()
    assert not open_index(workspace).path.exists()  # few cards are read
    monkeypatch.setattr("tavern_tui.session.workspace.FEW_CARDS", 2)
    assert workspace.characters() == workspace.library.characters()
    (folder / "Zoe.json").write_text('{"name": "Zoë", "description": "A captain.", "first_mes": "Hi."}')
    assert workspace.characters() == workspace.library.characters()
    assert library_counts(open_index(workspace)).turns == 0  # no chat was read for it
    with FileLock(open_index(workspace).upkeep_lock):
        (folder / "Yan.json").unlink()
        assert workspace.characters() == workspace.library.characters()


def test_a_cold_list_tells_how_far_it_is(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tavern_tui.session.library_index.TOLD_SECONDS", 0.0)
    monkeypatch.setattr("tavern_tui.storage.index_cards._STEP_SECONDS", 0.0)
    *steps, last = listed_characters(workspace)
    assert steps[0].progress.startswith("Reading the library: ")
    assert len(steps[1].rows) < len(last.rows)
    assert last.progress == ""


def test_what_is_found_is_safe_to_show(workspace: Workspace) -> None:
    chat(workspace, "Evil\x1b[2J", "the \x1b[2J lamp\nand more", character="Mi\x07ra")
    index = open_index(workspace)
    keep_index(workspace, index)
    (found,) = search(index, "lamp").found
    assert not {"\x1b", "\x07", "\n"} & set("".join((found.title, found.name, found.snippet, *found.characters)))
    assert [found.snippet[a:b] for a, b in found.marks] == ["lamp"]
    assert found.record()["snippet"] == found.snippet


def test_a_query_without_a_word_is_answered_in_words(workspace: Workspace) -> None:
    index = open_index(workspace)
    assert search(index, "—").notes == (NO_WORD,)
    assert search(index, " ").notes == ()


def test_without_full_text_search_that_is_said(workspace: Workspace) -> None:
    chat(workspace, "One", "the lamp")
    index = open_index(workspace, full_text=False)
    keep_index(workspace, index)
    page = search(index, "lamp", ranked=True)
    assert (len(page.found), page.notes) == (1, (NO_FULL_TEXT,))


def test_a_backup_of_the_day_is_made_once_and_only_where_something_changed(workspace: Workspace) -> None:
    assert daily_backup(workspace, now=NOON) is None  # there is no library yet
    log = chat(workspace, "One", "Hello.")
    first = daily_backup(workspace, now=NOON)
    assert first is not None
    assert first.daily
    log.append(TurnAdded(log.tree.tip, Speaker.USER, "Alex", "Hi."))
    assert daily_backup(workspace, now=NOON + DAY / 2) is None
    assert daily_backup(workspace, now=NOON + DAY) is not None
    assert daily_backup(workspace, now=NOON + 2 * DAY) is None


def test_a_backup_of_the_day_that_is_broken_off_leaves_nothing(workspace: Workspace) -> None:
    chat(workspace, "One", "Hello.")
    assert daily_backup(workspace, now=NOON, goes_on=lambda: False) is None
    assert all_backups(workspace) == []


def test_old_backups_of_the_day_go(workspace: Workspace, tavern_home: Path) -> None:
    (tavern_home / "config").mkdir()
    (tavern_home / "config" / "config.yaml").write_text("backup:\n  keep: 2\n")
    workspace = Workspace.open()
    log = chat(workspace, "One")
    for day in range(4):
        log.append(TurnAdded(log.tree.tip, Speaker.USER, "Alex", str(day)))
        assert daily_backup(workspace, now=NOON + day * DAY) is not None
    assert [one.at for one in all_backups(workspace)] == [NOON + 3 * DAY, NOON + 2 * DAY]


def test_a_chat_can_be_looked_at_in_a_backup_and_put_back(workspace: Workspace) -> None:
    log = chat(workspace, "One", "Hello.", "Pie?")
    made = backup_library(workspace)
    log.path.unlink()
    assert preview(made.backup, "one", 1) == ["Bess: Pie?"]
    assert put_back(workspace, made.backup, []).counted() == {"put back": 1}
    assert len(workspace.chats.open("One").tree.path()) == 2


class Hours:
    """Sleeps that take no time, until the ``last`` one, which never ends."""

    def __init__(self, last: float) -> None:
        self.slept: list[float] = []
        self._last = last
        self.reached = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.slept.append(seconds)
        if seconds == self._last:
            self.reached.set()
            await asyncio.Event().wait()


async def test_while_the_app_runs_its_library_is_looked_after(workspace: Workspace) -> None:
    log = chat(workspace, "One", "the lamp")
    copy = log.path.with_name("One (conflicted copy).jsonl")
    copy.write_bytes(log.path.read_bytes())
    busy, hours = [True, True, False], Hours(LOOK_SECONDS)
    told: list[str] = []
    keeper = LibraryKeeper(
        workspace, busy=lambda: busy.pop(0) if len(busy) > 1 else busy[0], tell=told.append, sleep=hours
    )
    running = asyncio.create_task(keeper.run())
    await hours.reached.wait()
    index = open_index(workspace)
    assert [text for text in told if "One (conflicted copy).jsonl: merged" in text] == told
    assert library_counts(index).turns == 1
    assert len(all_backups(workspace)) == 1
    assert hours.slept.count(0.5) == 2  # it rested while a reply was made
    log.append(TurnAdded(log.tree.tip, Speaker.USER, "Alex", "the ferry"))
    keeper.chat_written(log.path)
    while not search(index, "ferry").found:
        await asyncio.to_thread(open_index(workspace).is_filled)
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_an_app_that_ends_in_the_middle_of_a_step_waits_for_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def steps(*_: object) -> Iterator[Pass]:
        try:
            begun.set()
            go_on.wait(60)
            yield Pass(chats=1, all_chats=2)
        finally:
            ended.set()

    monkeypatch.setattr("tavern_tui.session.upkeep.index_steps", steps)
    keeper = LibraryKeeper(workspace, busy=lambda: False, tell=lambda _: None)
    running = asyncio.create_task(keeper.run())
    await asyncio.to_thread(begun.wait, 60)
    running.cancel()
    await asyncio.sleep(0)
    assert not ended.is_set()
    go_on.set()
    (result,) = await asyncio.gather(running, return_exceptions=True)
    assert isinstance(result, asyncio.CancelledError)
    assert ended.is_set()
