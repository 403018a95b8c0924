"""A lorebook being edited: saved at once, taken back, in the library and in a card, read by an open chat."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.config.paths import Directories
from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import FormatError, NotFoundError, SettingsError, StorageError
from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.formats.card import write_card
from tavern_tui.session.groups.creating import new_group
from tavern_tui.session.lore_editing import BookFile, OpenBook, take_up, with_each, with_more, without
from tavern_tui.session.lore_shelf import (
    BookRow,
    bring_back,
    copy_book,
    delete_book,
    list_books,
    make_book,
    open_book,
    rename_book,
    row_of,
    switch_everywhere,
    take_in,
)
from tavern_tui.session.lore_text import entries_text, read_entries
from tavern_tui.session.lore_trial import is_read, try_lore
from tavern_tui.session.opening import Wishes, open_session
from tavern_tui.session.session import ChatSession
from tavern_tui.session.workspace import Workspace

ENTRIES = {
    "0": {"uid": 0, "key": ["lamp"], "comment": "Lamp", "content": "Of brass.", "myOwn": {"a": 1}},
    "4": {"uid": 4, "key": ["eels"], "comment": "Eels", "content": "In the river.", "order": 7},
}
ILSE = Character(
    name="Ilse", greeting="Hello.", lorebook=Lorebook("Ilse's", (LoreEntry(uid=0, keys=("rope",), content="Wet."),))
)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """A library with one lorebook and one character that has another inside."""
    dirs = Directories(tmp_path, tmp_path / "config", tmp_path / "state", tmp_path / "cache")
    dirs.worlds.mkdir()
    dirs.characters.mkdir()
    (dirs.worlds / "Inn.json").write_text(json.dumps({"entries": ENTRIES, "vendor": 5}))
    (dirs.characters / "Ilse.json").write_bytes(write_card(ILSE))
    return Workspace.open(dirs=dirs)


def opened(workspace: Workspace, name: str = "Inn") -> OpenBook:
    """The book of that name, open."""
    return OpenBook(workspace, BookFile(workspace, workspace.library.lorebook(name)[1]))


def on_disk(workspace: Workspace) -> dict[str, object]:
    """The file of the book."""
    found: dict[str, object] = json.loads((workspace.directories.worlds / "Inn.json").read_text())
    return found


def shelf(workspace: Workspace) -> dict[str, BookRow]:
    """The books that are listed without a chat, by name."""
    return {row.name: row for row in list_books(workspace, None)}


def test_a_change_is_in_the_file_at_once_and_unknown_fields_stay(workspace: Workspace) -> None:
    book = opened(workspace)
    assert book.change("order of Lamp", with_each({0}, lambda one: replace(one, order=9)))
    found = on_disk(workspace)
    assert found["vendor"] == 5
    assert isinstance(entries := found["entries"], dict)
    assert (entries["0"]["order"], entries["0"]["myOwn"]) == (9, {"a": 1})
    assert not book.change("nothing", lambda one: one)


def test_every_change_is_taken_back_also_on_another_evening(workspace: Workspace) -> None:
    book = opened(workspace)
    before = book.book
    book.change("Eels deleted", without({4}))
    book.change("a new entry", with_more([LoreEntry(comment="New")]))
    assert [one.uid for one in book.book.entries] == [0, 1]
    again = opened(workspace)
    assert [again.undo(), again.undo(), again.undo()] == ["a new entry", "Eels deleted", ""]
    assert opened(workspace).book.entries == before.entries


def test_what_something_else_wrote_in_between_is_kept(workspace: Workspace) -> None:
    book, other = opened(workspace), opened(workspace)
    other.change("Eels deleted", without({4}))
    assert book.change("order of Lamp", with_each({0}, lambda one: replace(one, order=9)))
    assert [(one.uid, one.order) for one in opened(workspace).book.entries] == [(0, 9)]
    assert "changed by something else" in book.notes[0]


def test_undo_loses_nothing_that_came_from_elsewhere(workspace: Workspace) -> None:
    book = opened(workspace)
    book.change("order of Lamp", with_each({0}, lambda one: replace(one, order=9)))
    path = workspace.directories.worlds / "Inn.json"
    path.write_text(path.read_text().replace("Of brass", "Of tin"))
    with pytest.raises(StorageError, match="would lose that"):
        book.undo()
    assert opened(workspace).book.entries[0].content == "Of tin."


def test_a_sample_is_copied_before_it_is_changed(workspace: Workspace) -> None:
    (sample,) = [row for row in shelf(workspace).values() if row.shipped][:1]
    book = open_book(workspace, sample)
    number = book.book.entries[0].uid
    book.change("off", with_each({number}, lambda one: replace(one, enabled=False)))
    assert book.path.parent == workspace.directories.worlds
    assert "a copy of your own" in book.notes[0]
    assert not shelf(workspace)[sample.name].shipped


async def test_the_book_in_a_card_is_changed_there_and_the_open_chat_reads_it(workspace: Workspace) -> None:
    session = open_session(workspace, Wishes(character="Ilse"))
    row = row_of(list_books(workspace, session), "ilse")
    assert row is not None
    assert row.read_by == ("in the card",)
    book = open_book(workspace, row)
    book.change("text", with_each({0}, lambda one: replace(one, content="Dry.")))
    assert workspace.character("Ilse")[0].lorebook == book.book
    take_up(session, workspace)
    assert session.lorebooks[0].entries[0].content == "Dry."
    assert book.undo() == "text"
    assert workspace.character("Ilse")[0].lorebook == ILSE.lorebook


def test_entries_go_through_an_editor_with_all_their_fields(workspace: Workspace) -> None:
    book = opened(workspace).book
    text = entries_text(book.entries, "Inn")
    assert read_entries(text)(book) == book
    edited = text.replace("Of brass.", "Of tin.").replace("uid: 4", "uid: null", 1)
    changed = read_entries(edited)(book)
    assert [(one.uid, one.content) for one in changed.entries] == [
        (0, "Of tin."),
        (4, "In the river."),
        (1, "In the river."),
    ]
    assert changed.entries[0].extra["myOwn"] == {"a": 1}


@pytest.mark.parametrize(
    "text", ["hello", "- uid: 0\n  key: {", "- uid: 0\n  order: high"], ids=["none", "cut", "word"]
)
def test_a_text_that_cannot_be_read_changes_nothing(text: str) -> None:
    with pytest.raises(FormatError):
        read_entries(text)


def test_books_are_made_copied_renamed_deleted_and_brought_back(workspace: Workspace, tmp_path: Path) -> None:
    assert make_book(workspace, "River").stem == "River"
    with pytest.raises(SettingsError, match="there already"):
        make_book(workspace, "river")
    assert copy_book(workspace, shelf(workspace)["Inn"]).stem == "Inn 2"
    assert opened(workspace, "Inn 2").book.name == "Inn 2"
    rename_book(workspace, shelf(workspace)["Inn 2"], "Tavern")
    delete_book(workspace, shelf(workspace)["Tavern"])
    assert "Tavern" not in shelf(workspace)
    assert bring_back(workspace, "Tavern").stem == "Tavern"
    (tmp_path / "Mill.json").write_text(json.dumps({"entries": ENTRIES}))
    assert take_in(workspace, str(tmp_path / "Mill.json")).parent == workspace.directories.worlds
    with pytest.raises(NotFoundError, match="no file"):
        take_in(workspace, str(tmp_path / "gone.json"))


def test_a_book_of_every_chat_is_switched_and_stays_so_when_it_is_renamed(workspace: Workspace) -> None:
    assert switch_everywhere(workspace, shelf(workspace)["Inn"]) == "Inn is read in every chat from now on"
    workspace = Workspace.open(dirs=workspace.directories)
    rename_book(workspace, shelf(workspace)["Inn"], "Hostel")
    workspace = Workspace.open(dirs=workspace.directories)
    assert shelf(workspace)["Hostel"].everywhere
    switch_everywhere(workspace, shelf(workspace)["Hostel"])
    assert not shelf(Workspace.open(dirs=workspace.directories))["Hostel"].everywhere


def test_a_book_that_is_named_and_gone_is_listed_with_what_that_means(workspace: Workspace) -> None:
    workspace.directories.config.mkdir(exist_ok=True)
    (workspace.directories.config / "config.yaml").write_text("lore: {books: [Gone]}\n")
    row = shelf(Workspace.open(dirs=workspace.directories))["Gone"]
    assert row.everywhere
    assert "not in the library" in row.problem


async def test_a_trial_says_who_fires_why_and_who_was_cut_by_what(session: ChatSession) -> None:
    words = "A long text of the lamp. " * 30
    entries = (
        LoreEntry(uid=1, keys=("lamp",), comment="First", content=words, order=200),
        LoreEntry(uid=2, keys=("lamp",), comment="Second", content=words * 40, order=100),
        LoreEntry(uid=3, keys=("lamp",), comment="Never", content="Off.", enabled=False),
        LoreEntry(uid=4, keys=("eels",), comment="Eels", content="In the river."),
    )
    book = Lorebook("Coast", entries)
    trial = await try_lore(session, book, "A lamp burns.")
    told = {one.title: (one.state, one.reason) for one in trial.entries}
    assert told["First"] == ("fired", "key *lamp* in Alex's turn")
    assert told["Second"][0] == "cut"
    assert "most went to First" in told["Second"][1]
    assert told["Never"] == ("held", "disabled")
    assert "Eels" not in told
    now = trial.of("Coast")
    assert (set(now.fired), set(now.cut), now.budget) == ({1}, {2}, trial.budget)
    assert not is_read(session, book)
    in_chat = await try_lore(session, book)
    assert not [one for one in in_chat.entries if one.state == "fired"]


async def test_a_group_has_the_books_of_all_its_cards_and_reads_what_is_changed_there(workspace: Workspace) -> None:
    log = new_group(workspace, ["Wren", "Ilse"])
    session = open_session(workspace, Wishes(chat=log.path.stem))
    rows = [row for row in list_books(workspace, session) if row.in_card]
    assert [row.name for row in rows] == ["Ilse", "Wren"]
    book = open_book(workspace, rows[0])
    assert is_read(session, book.book)
    book.change("text", with_each({0}, lambda one: replace(one, content="Dry.")))
    take_up(session, workspace)
    assert session.group is not None
    assert session.group.player("Ilse").books[0].entries[0].content == "Dry."
    assert (await try_lore(session, book.book, "A rope.")).budget > 0
