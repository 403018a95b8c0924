"""The list of characters is told from the files: who there is, which chats, and what was said last."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.config.paths import directories
from tavern_tui.domain.events import ChatEvent, Speaker, TextEdited, TipMoved, TurnAdded, TurnDeleted
from tavern_tui.formats.chatlog import LogProblem, decode_log
from tavern_tui.session import character_list
from tavern_tui.session.cards import mark_favourite
from tavern_tui.session.character_list import (
    NO_CARD,
    CharacterRow,
    ChatChoice,
    character_rows,
    last_line,
    wishes_for,
)
from tavern_tui.session.library_index import listed_characters
from tavern_tui.session.opening import Wishes
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.chat_store import ChatStore
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.library import CharacterEntry, Library


class Ticking:
    """A clock that goes on by a second each time it is asked."""

    def __init__(self) -> None:
        self.now = 1_700_000_000.0

    def __call__(self) -> float:
        self.now += 1
        return self.now


@pytest.fixture
def workspace(tavern_home: Path) -> Workspace:
    """A workspace on an empty home whose chats are written a second apart."""
    opened = Workspace.open()
    dirs = opened.directories
    store = ChatStore(dirs.chats, device="here", state=dirs.journals, clock=Ticking())
    return Workspace(dirs, opened.loaded, opened.library, store)


def chat(workspace: Workspace, character: str, title: str, *texts: str) -> ChatLog:
    log = workspace.chats.create(title, (character,), "Alex")
    for text in texts:
        say(log, text)
    return log


def say(log: ChatLog, text: str, parent: str | None = None) -> str:
    tree = log.tree
    under = tree.tip if parent is None else parent
    return log.append(TurnAdded(under, Speaker.CHARACTER, "Bess", text))[0].id


def everybody(workspace: Workspace) -> list[CharacterRow]:
    """The last of the lists that are given."""
    *_, rows = character_rows(workspace)
    return rows


def row(workspace: Workspace, name: str) -> CharacterRow:
    (found,) = [one for one in everybody(workspace) if one.name == name]
    return found


def test_samples_without_chats_are_listed_by_name(workspace: Workspace) -> None:
    rows = everybody(workspace)
    assert [one.name for one in rows] == ["Bess", "Tern", "The Mapmaker", "Wren"]
    assert all(one.card is not None and one.chats == () for one in rows)


def test_favourites_stand_before_those_whom_one_never_talked_with(workspace: Workspace) -> None:
    mark_favourite(workspace, "Wren")
    assert [(row.title, row.favourite) for row in everybody(workspace)] == [
        ("Wren", True),
        *(("Bess", False), ("Tern", False), ("The Mapmaker", False)),
    ]
    *_, listed = listed_characters(workspace)
    assert (listed.rows[0].title, listed.rows[0].favourite) == ("Wren", True)


def test_whom_one_talked_with_last_comes_first(workspace: Workspace) -> None:
    chat(workspace, "Wren", "One", "Hello.")
    chat(workspace, "Bess", "Two", "Hello.")
    assert [one.name for one in everybody(workspace)][:3] == ["Bess", "Wren", "Tern"]


def test_those_with_chats_are_told_before_any_card_is_read(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat(workspace, "Wren", "One", "Hello.")
    chat(workspace, "Bess", "Two", "Pie?")

    def refuse(_library: Library) -> list[CharacterEntry]:
        raise AssertionError("a card was read")

    with monkeypatch.context() as watched:
        watched.setattr(Library, "characters", refuse)
        first = next(character_rows(workspace))
    assert [(one.name, one.chats[0].line) for one in first] == [("Bess", "Bess: Pie?"), ("Wren", "Bess: Hello.")]


def test_a_character_has_its_chats_the_last_written_first_with_its_newest_turn(workspace: Workspace) -> None:
    chat(workspace, "Bess", "One", "Hello.")
    chat(workspace, "Bess", "Two", "Good evening.", "Pie?")
    bess = row(workspace, "Bess")
    assert [(one.title, one.turns, one.line) for one in bess.chats] == [("Two", 2, "Bess: Pie?"), ("One", 1, "")]
    assert bess.last == bess.chats[0].last


def test_chats_with_someone_whose_card_is_gone_are_not_lost_from_sight(workspace: Workspace) -> None:
    chat(workspace, "Mira", "Over the water", "Yes.")
    mira = row(workspace, "Mira")
    assert (mira.card, mira.problem) == (None, NO_CARD)
    assert mira.chats[0].line == "Bess: Yes."


def test_a_card_that_cannot_be_read_is_listed_with_what_is_wrong(workspace: Workspace, tavern_home: Path) -> None:
    (tavern_home / "characters").mkdir()
    (tavern_home / "characters" / "soup.png").write_bytes(b"soup")
    assert "soup.png" in row(workspace, "soup").problem


def test_names_and_titles_are_safe_to_show(workspace: Workspace, tavern_home: Path) -> None:
    (tavern_home / "characters").mkdir()
    (tavern_home / "characters" / "evil.yaml").write_text('name: "\\e[2JMira"\ncontext: Somebody.\n')
    chat(workspace, "\x1b[2JMira", "Title\x1b[2J\nmore", "Boo\x1b[2J\nhoo")
    (mira,) = [one for one in everybody(workspace) if one.name.endswith("Mira")]
    shown = (mira.title, mira.chats[0].title, mira.chats[0].line)
    assert not any("\x1b" in text or "\n" in text for text in shown)


@pytest.mark.parametrize("length", [1, 60, 3_000])
def test_the_newest_turn_is_the_one_its_reader_is_at(workspace: Workspace, length: int) -> None:
    log = chat(workspace, "Bess", "One", *(f"{number} " + "x" * length for number in range(40)))
    first = log.tree.tip
    above = log.tree.turns[first].parent
    second = say(log, "second " + "y" * length, above)

    def line() -> str:
        return last_line(log.path, "here").removeprefix("Bess: ")

    assert line().startswith("second")
    log.append(TipMoved(first))
    assert line().startswith("39 ")
    log.append(TextEdited(first, "changed"))
    assert line() == "changed"
    log.append(TipMoved(second))
    log.append(TurnDeleted(second))
    assert line() == "changed"
    log.append(TurnDeleted(above))
    assert line().startswith("37 ")


@given(st.lists(st.text(min_size=1, max_size=30).filter(str.strip), min_size=1, max_size=12))
def test_the_end_of_a_log_tells_what_the_whole_log_tells(
    tmp_path_factory: pytest.TempPathFactory, texts: list[str]
) -> None:
    folder = tmp_path_factory.mktemp("chats")
    store = ChatStore(folder, device="here", state=folder / "state")
    log = store.create("One", ("Bess",), "Alex")
    for text in texts:
        say(log, text * 200)
    told = last_line(log.path, "here")
    assert told.startswith("Bess: ")
    assert len(told) <= 200


def test_a_chat_without_turns_or_a_file_has_no_line(workspace: Workspace, tmp_path: Path) -> None:
    assert last_line(chat(workspace, "Bess", "Empty").path) == ""
    assert last_line(tmp_path / "nowhere.jsonl") == ""


def test_a_row_reads_the_end_of_a_long_log_only(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    log = chat(workspace, "Bess", "Long", *("x" * 500 for _ in range(200)))
    decoded: list[int] = []

    def counting(data: bytes) -> tuple[list[ChatEvent], list[LogProblem]]:
        decoded.append(len(data))
        return decode_log(data)

    monkeypatch.setattr(character_list, "decode_log", counting)
    assert last_line(log.path, "here").startswith("Bess: xxx")
    assert sum(decoded) <= 8192


def test_what_was_picked_is_what_is_opened() -> None:
    card = Path("/library/characters/Bess.png")
    wishes = Wishes(character="Wren", server="rig:5001", seed=7)
    assert wishes_for(ChatChoice("Bess", card, "lantern"), wishes) == Wishes(chat="lantern", server="rig:5001", seed=7)
    new = wishes_for(ChatChoice("Bess", card), wishes)
    assert new == Wishes(character=str(card), new=True, server="rig:5001", seed=7)


def test_rows_are_made_for_a_home_that_does_not_exist_yet(tavern_home: Path) -> None:
    assert everybody(Workspace.open(dirs=directories()))
    assert list(tavern_home.iterdir()) == []
