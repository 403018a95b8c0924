"""Home: recent chats, characters, what else there is; typing finds, Enter opens, keys rename, mark and hide."""

from __future__ import annotations

import threading
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from tavern_tui.domain.errors import SettingsError, StorageError
from tavern_tui.session.character_list import NO_CARD, CharacterRow, ChatChoice, ChatRow
from tavern_tui.session.chat_files import DeletedChat
from tavern_tui.session.home import HomeLists
from tavern_tui.session.privacy import Private
from tavern_tui.storage.trash import Discarded
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.deleted_chats import EMPTY, ChatTrash
from tavern_tui.ui.screens.home import PAGE, HomeChoice, HomeScreen, HomeTools
from tavern_tui.ui.screens.home_rows import age
from tavern_tui.ui.widgets.row_list import RowList
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import ScreenApp, press, until

PICTURES = Path(__file__).parent / "snapshots"
NOW = 1_700_000_000.0
CARDS = Path("/library/characters")
LINE = 'Bess: *She puts the lamp down between you.* "So. Do you go over the bridge, or do you wait for the morning?"'
LANTERN = ChatRow("lantern", "A night at the Crooked Lantern", 33, NOW - 7_300, LINE, characters=("Bess",))
PIE = ChatRow("pie", "Bess 2026-11-20 18.04", 1, NOW - 200_000, "Bess: Pie?", characters=("Bess",))
WATER = ChatRow("mira", "Over the water", 12, NOW - 30, "Mira: Yes.", characters=("Mira", "Tom"))
DUSK = ChatRow("dusk", "Dusk", 1_204, NOW - 90 * 86_400, "Wren: …", characters=("Wren",))
TALE = ChatRow("tale", "The lighthouse", 80, NOW - 400_000, "Narrator: The light went out at nine.")
BESS = CharacterRow(
    "Bess", "Bess", CARDS / "Bess.png", (LANTERN, PIE), words="bess innkeeper", tag_list='["innkeeper", "fantasy"]'
)
TERN = CharacterRow("Tern", "Tern", CARDS / "Tern.png", words="tern science fiction", tag_list='["science fiction"]')
MIRA = CharacterRow("Mira", "Mira", None, (WATER,), NO_CARD)
WREN = CharacterRow("Wren", "Wren", CARDS / "Wren.png", (DUSK,), favourite=True)
LISTS = HomeLists((WATER, LANTERN, PIE, TALE, DUSK), (WREN, MIRA, BESS, TERN))
ACTIONS = {
    "story": ("app.story", "New story"),
    "adventure": ("app.adventure", "New adventure"),
    "import": ("app.import", "Bring in what you have"),
    "settings": ("app.settings", "Settings"),
}
Shown = ScreenApp[HomeChoice | None]


class Bin(ChatTrash):
    """A trash that keeps in mind what is in it; ``library`` is told what comes and goes."""

    def __init__(self, library: Library) -> None:
        self.open_here = "mira"
        self._library = library
        self._within: list[DeletedChat] = []

    def delete(self, name: str) -> str:
        if name == "dusk":
            raise StorageError("Dusk is open in another terminal.", hint="Leave it there, then delete it.")
        (chat,) = (one for one in self._library.lists[-1].chats if one.name == name)
        item = Discarded(Path(), (), "2026-11-20 18.04.00")
        self._within.insert(0, DeletedChat(name, chat.title, chat.turns, item.when, item, chat.characters))
        self._library.have(*(one for one in self._library.lists[-1].chats if one.name != name))
        return chat.title

    def deleted(self) -> list[DeletedChat]:
        return list(self._within)

    def restore(self, deleted: DeletedChat) -> Path:
        self._within.remove(deleted)
        self._library.have(*self._library.lists[-1].chats, PIE)
        return Path(f"{deleted.name}.jsonl")


class Library:
    """What Home is told here, and what it did."""

    def __init__(self, *lists: HomeLists, actions: dict[str, tuple[str, str]] = ACTIONS) -> None:
        self.lists = lists or (LISTS,)
        self.actions = actions
        self.done: list[tuple[object, ...]] = []
        self.counted: list[str] = []
        self.trash = Bin(self)

    def have(self, *chats: ChatRow) -> None:
        self.lists = (replace(self.lists[-1], chats=chats),)

    def read(self) -> Iterable[HomeLists]:
        yield from self.lists

    def rename(self, name: str, title: str) -> object:
        if not title.strip():
            raise SettingsError("A chat needs a title.")
        self.done.append(("rename", name, title))
        return None

    def private(self, chat: str, character: str) -> bool:
        self.done.append(("private", chat, character))
        return True

    def branches(self, names: Sequence[str]) -> dict[str, int]:
        self.counted += names
        return {name: 3 for name in names if name == "lantern"}

    def tools(self, read: Callable[[], Iterable[HomeLists]] | None = None) -> HomeTools:
        return HomeTools(
            read=read or self.read,
            branches=self.branches,
            rename=self.rename,
            favourite=lambda name, on: self.done.append(("favourite", name, on)),
            private=self.private,
            actions=self.actions,
            trash=self.trash,
            words=lambda names: {name: 41_250 for name in names if name == "tale"},
        )


@asynccontextmanager
async def home(
    library: Library, size: tuple[int, int] = (80, 24), *, glyphs: Glyphs = UNICODE_GLYPHS, characters: bool = False
) -> AsyncIterator[tuple[Shown, Pilot[None]]]:
    app: Shown = ScreenApp(HomeScreen(library.tools(), now=lambda: NOW, glyphs=glyphs, characters=characters))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: bool(rows(app)) or not library.lists[-1].characters)
        yield app, pilot


def rows(app: Shown) -> list[str]:
    return [row.title for row in app.shown.query_one(RowList).rows]


def selected(app: Shown) -> str:
    row = app.shown.query_one(RowList).selected
    return row.title if row else ""


def told(app: Shown) -> str:
    return str(app.shown.query_one("#note", Static).content)


LEADS: list[tuple[list[str], HomeChoice | None]] = [
    (["enter"], HomeChoice(ChatChoice("", None, "mira"))),
    ([*"night", "enter"], HomeChoice(ChatChoice("", None, "lantern"))),
    (["tab", "enter"], HomeChoice(ChatChoice("Wren", WREN.card, "dusk"))),
    ([*"tern", "down", "enter"], HomeChoice(ChatChoice("Tern", TERN.card, ""))),
    (["shift+tab", "down", "enter"], HomeChoice(action="app.import")),
    (["shift+tab", "enter", "s"], HomeChoice(action="app.story")),
    (["ctrl+n", "a"], HomeChoice(action="app.adventure")),
    (["down", "ctrl+n", "c"], HomeChoice(ChatChoice("Bess", BESS.card))),
    (["down", "ctrl+n", "i"], HomeChoice(ChatChoice("Bess", BESS.card), incognito=True)),
    (["tab", "down", "down", "right", "down", "enter"], HomeChoice(ChatChoice("Bess", BESS.card, "pie"))),
    ([*"bess", "down", "down", "right", "down", "enter"], HomeChoice(ChatChoice("Bess", BESS.card, "pie"))),
    (["escape"], None),
    ([*"zz", "escape", "escape"], None),
]


async def test_keys_lead_to_what_they_say() -> None:
    async with home(Library()) as (app, pilot):
        for keys, choice in LEADS:
            if app.ended.is_set():
                app.ended.clear()
                app.shown = HomeScreen(Library().tools(), now=lambda: NOW)
                await app.push_screen(app.shown, app.end)
                await until(pilot, lambda: bool(rows(app)))
            await press(pilot, *keys)
            await until(pilot, app.ended.is_set)
            assert (keys, app.result) == (keys, choice)


async def test_typing_finds_names_titles_words_and_tags() -> None:
    async with home(Library()) as (app, pilot):
        filter = app.screen.query_one("#filter", Input)
        everything = ["Mira, Tom · Over the water", "Bess · A night at the Crooked Lantern", "Bess 2026-11-20 18.04"]
        everything += ["The lighthouse", "Wren · Dusk", "* Wren", "Mira", "Bess", "Tern"]
        assert rows(app) == [*everything, "Begin something new", "Bring in what you have", "Settings"]
        for typed, found in (
            ("bess", ["Bess · A night at the Crooked Lantern", "Bess 2026-11-20 18.04", "Bess"]),
            ("LIGHT nine", ["The lighthouse"]),
            ("#innkeeper", ["Bess"]),
            ("#inn", []),
            ("tom", ["Mira, Tom · Over the water"]),
            ("zz", []),
        ):
            filter.value = typed
            await pilot.pause()
            assert rows(app) == found
        assert "Nothing of that name." in app.text()
        filter.value = ""
        await pilot.pause()
        assert app.focused is None  # keys are the list's again


async def test_a_chat_is_renamed_and_an_empty_title_is_refused() -> None:
    library = Library()
    async with home(library) as (app, pilot):
        await press(pilot, "down", "R")
        app.screen.query_one("#entry", Input).value = " "
        await press(pilot, "enter")
        await until(pilot, lambda: told(app) == "A chat needs a title.")
        app.screen.query_one("#entry", Input).value = "The  lamp"
        await press(pilot, "enter")
        await until(pilot, lambda: "Bess · The lamp" in rows(app))
        assert (library.done, selected(app)) == ([("rename", "lantern", "The  lamp")], "Bess · The lamp")
        await press(pilot, "tab", "R")
        assert told(app).startswith("R renames a chat")


async def test_a_star_marks_a_favourite_and_p_what_is_private() -> None:
    library = Library()
    async with home(library) as (app, pilot):
        await press(pilot, "tab", "down", "down", "*")
        await until(pilot, lambda: "* Bess" in rows(app))
        assert selected(app) == "* Bess"
        await press(pilot, "tab", "tab", "*")  # the chat with Mira: hers
        await until(pilot, lambda: "* Mira" in rows(app))
        await press(pilot, "P")
        await until(pilot, lambda: "/private shows it" in told(app))
    assert library.done == [("favourite", "Bess", True), ("favourite", "Mira", True), ("private", "mira", "")]


async def test_a_chat_goes_to_the_trash_and_comes_back_from_the_choices_of_a_row() -> None:
    async with home(Library(), (45, 30)) as (app, pilot):
        await press(pilot, "down", "right", "B")
        await until(pilot, lambda: told(app) == EMPTY)
        await press(pilot, "down", "right", "D")
        await until(pilot, lambda: selected(app) == "The lighthouse" and "Bess 2026-11-20 18.04" not in rows(app))
        assert told(app) == "Bess 2026-11-20 18.04 is in the trash: B among a chat's choices brings it back."
        await press(pilot, "down", "right", "D")  # open elsewhere: refused, and it stays
        await until(pilot, lambda: "open in another terminal" in told(app))
        assert selected(app) == "Wren · Dusk"
        await press(pilot, "right", "B", "enter")
        await until(pilot, lambda: "Bess 2026-11-20 18.04" in rows(app))
        assert (told(app), selected(app)) == ("Bess 2026-11-20 18.04 is back.", "Wren · Dusk")
        await press(pilot, *["up"] * 4, "right", "D")  # the one that lies under Home is left first
        await until(pilot, app.ended.is_set)
        assert app.result == HomeChoice(action="chat.delete")


async def test_what_is_private_says_so_where_it_is_shown() -> None:
    lists = replace(LISTS, private=Private(frozenset({"Wren"}), frozenset({"lantern"})))
    async with home(Library(lists)) as (app, pilot):
        shown = {row.title: row.right for row in app.screen.query_one(RowList).rows}
        assert [shown[title].partition(" ")[0] for title in ("* Wren", "Wren · Dusk")] == ["private", "private"]
        await press(pilot, "down", "right")
        assert "No longer private" in app.text()


async def test_a_branched_chat_says_how_many_ways_it_goes() -> None:
    async with home(Library()) as (app, pilot):
        await until(pilot, lambda: "⑂ 3 · 33 turns · 2 h" in app.text())


async def test_only_five_chats_stand_above_the_characters_until_all_are_asked_for() -> None:
    many = tuple(replace(PIE, name=f"pie {number}", title=f"Pie {number}") for number in range(37))
    async with home(Library(replace(LISTS, chats=many))) as (app, pilot):
        assert rows(app)[4:7] == ["Bess · Pie 4", "All 37 chats…", "* Wren"]
        await press(pilot, *["down"] * 5, "enter")
        assert rows(app)[36] == "Bess · Pie 36"


async def test_of_ten_thousand_cards_a_page_of_rows_is_made() -> None:
    crowd = tuple(
        replace(BESS, name=f"Bess {n}", title=f"Bess {n}", chats=(), words=f"bess {n}") for n in range(10_000)
    )
    library = Library(replace(LISTS, characters=crowd))
    async with home(library) as (app, pilot):
        assert len(rows(app)) == PAGE
        assert len(list(app.screen.walk_children())) < 20
        await press(pilot, *"9999")
        assert rows(app) == ["Bess 9999"]
        await press(pilot, *["backspace"] * 4, *["pagedown"] * 12)
        assert len(rows(app)) == 2 * PAGE
        assert len(library.counted) == len(set(library.counted)) == 5


async def test_a_character_without_a_card_says_so() -> None:
    async with home(Library()) as (app, pilot):
        await press(pilot, "tab", "down", "enter")
        await until(pilot, lambda: told(app) == NO_CARD)
        assert not app.ended.is_set()


async def test_a_library_that_refuses_is_told() -> None:
    def refusing() -> Iterator[HomeLists]:
        yield HomeLists()
        raise StorageError("characters may not be read here.", hint="Allow reading it and its folder.")

    app: Shown = ScreenApp(HomeScreen(Library().tools(refusing)))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "Allow reading" in told(app))
        await press(pilot, "enter", "right", "R", "P", "*", "ctrl+n", "escape", "escape")
        await until(pilot, app.ended.is_set)


async def test_what_is_selected_stays_so_while_the_library_is_read() -> None:
    go = threading.Event()

    def reading() -> Iterator[HomeLists]:
        yield replace(LISTS, characters=(BESS,), progress="Reading the library: 1 of 4")
        assert go.wait(60)
        yield LISTS

    app: Shown = ScreenApp(HomeScreen(Library().tools(reading), now=lambda: NOW, characters=True))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: selected(app) == "Bess")
        assert "Reading the library: 1 of 4" in app.text()
        go.set()
        await until(pilot, lambda: "* Wren" in rows(app))
        assert selected(app) == "Bess"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(-5, "now"), (59, "now"), (61, "1 min"), (7_300, "2 h"), (200_000, "2 d"), (90 * 86_400, "3 mo"), (1e9, "31 y")],
)
def test_ages_are_short(seconds: float, text: str) -> None:
    assert age(seconds) == text


async def test_it_looks_as_it_was_looked_at() -> None:
    async with home(Library(), SIZES[0]) as (app, pilot):
        await until(pilot, lambda: "⑂" in app.text())
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            picture = app.export_screenshot(title="home")
            assert_looks_as_kept(picture, PICTURES / f"home-{width}x{height}.svg")


async def test_a_terminal_without_other_signs_gets_ascii() -> None:
    lists = replace(LISTS, chats=(LANTERN, PIE), characters=(BESS, TERN))
    async with home(Library(lists), glyphs=ASCII_GLYPHS) as (app, pilot):
        await until(pilot, lambda: "ways 3" in app.text())
        assert app.text().isascii()
