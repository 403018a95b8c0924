"""The lorebook screens: the columns, the keys, the form, the trial, the list of books; and how they look."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from rich.cells import cell_len
from textual.pilot import Pilot
from textual.widgets import Static

from tavern_tui.config.paths import Directories
from tavern_tui.domain.lorebook import Lorebook, LoreEntry, LorePosition
from tavern_tui.session.lore_editing import BookFile, OpenBook
from tavern_tui.session.lore_listing import EntryList, LoreNow, Only
from tavern_tui.session.lore_shelf import BookRow, list_books, open_book
from tavern_tui.session.lore_trial import LoreTrial, Tried
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.composer.area import FoldedArea
from tavern_tui.ui.editor import Edited
from tavern_tui.ui.lore.ask import AskLine
from tavern_tui.ui.lore.desk import LoreDesk, LoreTools
from tavern_tui.ui.lore.lines import columns, heading, runs
from tavern_tui.ui.screens.lore_entry import EntryText
from tavern_tui.ui.screens.lore_trial import LoreTrialScreen, trial_rows, trial_sums
from tavern_tui.ui.screens.lorebook import LorebookScreen
from tavern_tui.ui.screens.lorebooks import LorebooksScreen, Shelf, book_rows
from tavern_tui.ui.screens.row_choice import RowChoice
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.safe_input import SafeInput
from tavern_tui.ui.widgets.safe_input import shown as shown_value
from tests.hostile import HOSTILE
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import until
from tests.ui.themed import LOOKS, ThemedApp

PICTURES = Path(__file__).parent / "snapshots"
PLACES = ("Harbour", "Mill", "Abbey", "Lighthouse", "Quarry")
TRIAL = LoreTrial(
    (
        Tried(1, "Coast", "Mill 1", "fired", "key *mill 1* in Alex's turn", 60),
        Tried(2, "Coast", "Abbey 2", "cut", "budget: 40 tokens too many; most went to Mill 1 60"),
        Tried(3, "Coast", "Lighthouse 3", "held", "disabled"),
    ),
    charged=60,
    budget=80,
    exact=True,
)


def entries() -> dict[str, dict[str, object]]:
    """Forty entries of a coast."""
    found: dict[str, dict[str, object]] = {}
    for uid in range(40):
        name = PLACES[uid % len(PLACES)]
        found[str(uid)] = {
            "uid": uid,
            "key": [] if uid == 4 else ["/broken(/"] if uid == 6 else [f"{name.lower()} {uid}", f"/{name.lower()}s?/i"],
            "comment": f"{name} {uid}",
            "content": f"They speak of the {name.lower()} in the valley. " * (1 + uid % 4),
            "constant": uid % 9 == 0,
            "disable": uid % 11 == 3,
            "position": 4 if uid % 2 else 0,
            "order": 100 + uid,
            "myOwn": uid,
        }
    return found


@dataclass
class Coast:
    """A lorebook in a library, on a desk; ``edited`` is what $EDITOR makes of the texts that it is given, in turn."""

    workspace: Workspace
    edited: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)

    @property
    def path(self) -> Path:
        return self.workspace.directories.worlds / "Coast.json"

    def on_disk(self) -> dict[str, dict[str, object]]:
        """The entries in the file."""
        found: dict[str, dict[str, object]] = json.loads(self.path.read_text())["entries"]
        return found

    def desk(self) -> LoreDesk:
        """The book on a desk."""

        async def look(_book: Lorebook, changed: bool) -> tuple[LoreNow | None, str]:
            now = LoreNow(fired={1: 60, 9: 45}, cut=frozenset({2}), reasons={1: "key *mill 1* in Alex"}, budget=2048)
            return now, "the next reply reads 212 of 7,904" if changed else ""

        async def count(texts: Sequence[str]) -> dict[str, int]:
            return {text: len(text.split()) for text in texts}

        async def attempt(_book: Lorebook, _text: str) -> LoreTrial:
            return TRIAL

        @asynccontextmanager
        async def editor(text: str) -> AsyncIterator[Edited]:
            self.given.append(text)
            after = self.edited.pop(0)
            yield Edited(after, after != text)

        tools = LoreTools(
            count=count,
            look=look,
            attempt=attempt,
            books=lambda: list_books(self.workspace, None),
            open=lambda row: open_book(self.workspace, row),
            editor=editor,
            turns={"Quarry 4": 12, "Mill 1": 31},
        )
        return LoreDesk(OpenBook(self.workspace, BookFile(self.workspace, self.path)), tools)


@pytest.fixture
def coast(tmp_path: Path) -> Coast:
    """The library."""
    dirs = Directories(tmp_path, tmp_path / "config", tmp_path / "state", tmp_path / "cache")
    dirs.worlds.mkdir()
    made = Coast(Workspace.open(dirs=dirs))
    made.path.write_text(json.dumps({"entries": entries()}))
    (dirs.worlds / "Other.json").write_text(json.dumps({"entries": {}}))
    return made


def app() -> ThemedApp:
    """An empty app in the usual theme."""
    return ThemedApp([], *LOOKS[""])


def told(screen: LorebookScreen) -> str:
    """What the screen says happened."""
    return str(screen.query_one("#told", Static).render())


async def shown(pilot: Pilot[object], coast: Coast) -> LorebookScreen:
    """The book on screen, and all known of it."""
    screen = LorebookScreen(coast.desk())
    await pilot.app.push_screen(screen)
    await until(pilot, lambda: all(row.exact for row in screen.desk.list.rows) and screen.desk.list.now is not None)
    await pilot.pause()
    return screen


async def choose(pilot: Pilot[object], title: str) -> None:
    """Choose the row with that title, once it is offered."""

    def titles() -> list[str]:
        there = isinstance(pilot.app.screen, RowChoice)
        return [row.title for row in pilot.app.screen.query_one(RowList).rows] if there else []

    await until(pilot, lambda: title in titles())
    pilot.app.screen.query_one(RowList).select(titles().index(title))
    await pilot.press("enter")


@pytest.mark.parametrize("glyphs", [UNICODE_GLYPHS, ASCII_GLYPHS], ids=["signs", "ascii"])
@pytest.mark.parametrize("width", [20, 40, 50, 70, 120])
def test_a_line_is_as_wide_as_its_columns_and_holds_nothing_raw(width: int, glyphs: Glyphs) -> None:
    hostile = "\n".join(HOSTILE.values())
    made = EntryList(
        Lorebook("x", (LoreEntry(keys=(hostile,), comment=hostile, outlet=hostile, position=LorePosition.OUTLET),))
    )
    listed = columns(width)
    line = "".join(text for text, _ in runs(made.rows[0], listed, glyphs))
    assert cell_len(line) == cell_len(heading(listed)) == max(width, cell_len(heading(listed)))
    assert not any(ord(character) < 32 or character in "\x7f\x9b\u202e" for character in line)


def test_a_line_shows_what_others_wrote_mark_for_mark() -> None:
    for text in HOSTILE.values():
        painted = shown_value(text)
        assert len(painted) == len(text)
        assert not any(ord(character) < 32 or character in "\x7f\x9b\u202e" for character in painted)
    assert shown_value("Straße") == "Straße"


def test_columns_leave_where_there_is_no_room() -> None:
    assert [one.name for one in columns(75)] == ["on", "mode", "title", "keys", "place", "order", "tokens", "fired"]
    assert [one.name for one in columns(40)] == ["on", "mode", "title", "tokens", "fired"]


def test_a_trial_is_told_in_sums_and_reasons() -> None:
    assert trial_sums(TRIAL, typed=True) == "this text · 1 fire = 60 of 80 tokens · 1 cut · 1 held back"
    rows = trial_rows(TRIAL, UNICODE_GLYPHS)
    assert [row.right for row in rows] == ["60 tokens", "cut", "held"]
    assert rows[1].detail.startswith("cut: budget: 40 tokens too many; most went to Mill 1")


def test_a_book_says_who_reads_it_or_why_nobody_can() -> None:
    rows = book_rows(
        [
            BookRow("a", "Inn", Path("Inn"), 1, everywhere=True, in_chat=True),
            BookRow("b", "Wren", Path("Wren"), 5, in_card=True, shipped=True),
            BookRow("c", "Gone", Path("Gone"), problem="It is not there."),
        ],
        UNICODE_GLYPHS,
    )
    assert rows[0].detail == "this chat, every chat"
    assert (rows[1].title, rows[1].detail) == ("Wren (in the card)", "in the card · came with the program")
    assert (rows[2].right, rows[2].detail, rows[2].muted) == ("", "It is not there.", True)


async def test_entries_are_switched_marked_found_changed_together_and_taken_back(coast: Coast) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        screen = await shown(pilot, coast)
        assert [row.title for row in screen.table.rows][:3] == ["Mill 1", "Quarry 9", "Quarry 4"]
        await pilot.press("space")
        await until(pilot, lambda: "off" in told(screen))
        assert coast.on_disk()["1"]["disable"] is True
        assert "7,904" in str(screen.query_one("#sums", Static).render())
        await pilot.press("slash", *"abb", "enter", "V", "b")
        await choose(pilot, "Order")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskLine))
        await pilot.press("x", "enter")
        assert "is not a number" in str(pilot.app.screen.query_one("#problem", Static).render())
        await pilot.press("ctrl+u", *"77", "enter")
        await until(pilot, lambda: told(screen) == "Saved: order of 8 entries.")
        assert {one["order"] for one in coast.on_disk().values() if "Abbey" in str(one["comment"])} == {77}
        await pilot.press("u")
        await until(pilot, lambda: told(screen) == "Taken back: order of 8 entries.")
        assert coast.on_disk()["2"]["order"] == 102
        await pilot.press("escape", "escape")
        assert (screen.desk.words, screen.desk.marked) == ("", set())


async def test_marked_entries_are_copied_to_another_book_and_edited_as_one_text(coast: Coast) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        screen = await shown(pilot, coast)
        await pilot.press("v", "v", "b")
        await choose(pilot, "Move to another book…")
        await choose(pilot, "Other")
        await until(pilot, lambda: "moved to Other" in told(screen))
        other = json.loads((coast.path.parent / "Other.json").read_text())["entries"]
        assert [one["comment"] for one in other.values()] == ["Mill 1", "Quarry 9"]
        assert other["0"]["myOwn"] == 1
        assert "1" not in coast.on_disk()
        coast.edited = ["- uid: [", "- {uid: 4, comment: Pit, key: [pit], content: Deep., myOwn: 4}"]
        await pilot.press("E")
        await until(pilot, lambda: isinstance(pilot.app.screen, RowChoice))
        await pilot.press("enter")
        await until(pilot, lambda: coast.on_disk()["4"]["comment"] == "Pit")
        assert coast.given[1] == "- uid: ["


async def test_a_text_that_the_disk_refuses_is_written_on_or_left(coast: Coast) -> None:
    async with app().run_test(size=(80, 24)) as pilot:
        screen = await shown(pilot, coast)
        folder, away = coast.path.parent, coast.path.parent.with_name("away")
        folder.rename(away)
        folder.write_bytes(b"")
        coast.edited = ["- {uid: 4, comment: Pit}"]
        await pilot.press("E")
        await choose(pilot, "Leave it")
        await until(pilot, lambda: "Coast.json" in told(screen))
        await pilot.press("enter", "down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, EntryText))
        await pilot.press(*"More.", "escape")
        await choose(pilot, "Write on")
        await until(pilot, lambda: isinstance(pilot.app.screen, EntryText))
        folder.unlink()
        away.rename(folder)
        await pilot.press("escape")
        await until(pilot, lambda: str(coast.on_disk()["1"]["content"]).endswith("More."))


async def test_the_form_turns_and_takes_fields_and_its_text_is_counted(coast: Coast) -> None:
    async with app().run_test(size=(45, 30)) as pilot:
        screen = await shown(pilot, coast)
        await pilot.press("enter", "down", "down", "down", "right")
        await until(pilot, lambda: coast.on_disk()["1"]["constant"] is True)
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskLine))
        await pilot.press("ctrl+u", *"/(/", "enter")
        assert "never closed" in str(pilot.app.screen.query_one("#problem", Static).render())
        line = pilot.app.screen.query_one(SafeInput)
        assert line.value == "/(/"
        line.value = HOSTILE["clear screen"]
        assert line._value.plain == "␛[2J␛[H"
        line.clear()
        await pilot.press(*"ti", "enter")
        await until(pilot, lambda: coast.on_disk()["1"]["key"] == ["ti"])
        screen.form.move(-3)
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, EntryText))
        pilot.app.screen.query_one(FoldedArea).text = "Four words stand here."
        await until(pilot, lambda: "4 tokens" in str(pilot.app.screen.query_one("#note", Static).render()))
        await pilot.press("escape")
        await until(pilot, lambda: coast.on_disk()["1"]["content"] == "Four words stand here.")
        await pilot.press("escape", "f")
        await until(pilot, lambda: isinstance(pilot.app.screen, RowChoice))
        assert not screen.editing
        await pilot.press("down", "enter")
        await until(pilot, lambda: screen.desk.only is Only.FIRED_NOW)
        assert [row.entry.uid for row in screen.table.rows] == [1, 9]


class Shown(Shelf):
    """Some books, and what was done with them."""

    def __init__(self, rows: list[BookRow]) -> None:
        self.listed = rows
        self.done: list[tuple[str, str, str]] = []

    def rows(self) -> list[BookRow]:
        """The books."""
        return self.listed

    async def do(self, what: str, row: BookRow | None, typed: str = "") -> str:
        """Note it down."""
        self.done.append((what, row.name if row else "", typed))
        return f"{what} is done."


BOOKS = [
    BookRow("a", "Wren", Path("Wren.png"), 5, in_card=True, shipped=True),
    BookRow("b", "Valley", Path("Valley"), 400, in_chat=True),
    BookRow("c", "Inn", Path("Inn"), 1, everywhere=True),
    BookRow("d", "The Long Survey", Path("Survey"), 18, shipped=True),
    BookRow("e", "Torn", Path("Torn"), problem="Torn.json is no lorebook: it ends too early."),
]


async def test_the_list_of_books_asks_for_names_and_opens_one() -> None:
    shelf = Shown(BOOKS)
    chosen: list[BookRow | None] = []
    async with app().run_test(size=(80, 24)) as pilot:
        screen = LorebooksScreen(shelf)
        await pilot.app.push_screen(screen, chosen.append)
        await until(pilot, lambda: len(screen.query_one(RowList).rows) == 5)
        await pictured(pilot, "lorebooks")
        await pilot.press("down", "r")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskLine))
        await pilot.press(*" 2", "enter")
        await until(pilot, lambda: bool(shelf.done))
        await until(pilot, lambda: screen.is_current)
        await pilot.press("e", "slash", *"su", "enter", "enter")
        await until(pilot, lambda: bool(chosen))
    assert shelf.done == [("rename", "Valley", "Valley 2"), ("everywhere", "Valley", "")]
    assert chosen == [BOOKS[3]]


async def test_the_screens_look_as_they_were_looked_at(coast: Coast) -> None:
    async with app().run_test(size=SIZES[0]) as pilot:
        screen = await shown(pilot, coast)
        await pilot.press("down", "v", "v", "down")
        await pictured(pilot, "lorebook")
        await pilot.press("enter", "down", "down", "down")
        await pictured(pilot, "entry")
        await pilot.press("escape", "t")
        await until(pilot, lambda: isinstance(pilot.app.screen, LoreTrialScreen))
        await pilot.press(*"Mill", "tab", "down")
        await pictured(pilot, "trial")
        await pilot.press("escape")
        assert pilot.app.screen is screen


async def pictured(pilot: Pilot[object], name: str) -> None:
    """Compare the screen at every size with what was kept."""
    for size in SIZES:
        await pilot.resize_terminal(*size)
        await pilot.pause()
        picture = pilot.app.export_screenshot(title=name)
        assert_looks_as_kept(picture, PICTURES / f"{name}-{size[0]}x{size[1]}.svg")
