"""Moving in on screen: what would come is shown first, keys are asked for, and the receipt leads to the last chat."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.widgets import Input, Static

from tavern_tui.config.paths import Directories
from tavern_tui.session.moving_places import Import, likely_folders, typed_path
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.screens.importing import ImportScreen
from tavern_tui.ui.widgets.row_list import RowList
from tests.fuzz import CORPUS
from tests.ui.screens.app import ScreenApp, press, until

CHAT = CORPUS / "chats" / "sillytavern-1.12.6.jsonl"


class Place:
    """A SillyTavern folder with one chat and keys, and an empty library."""

    def __init__(self, root: Path) -> None:
        self.folder = root / "SillyTavern"
        user = self.folder / "data" / "default-user"
        for name in ("characters", "chats/Mira"):
            (user / name).mkdir(parents=True)
        (user / "chats" / "Mira" / "one.jsonl").write_bytes(CHAT.read_bytes())
        (user / "secrets.json").write_text('{"api_key_openai": "sk-1"}')
        self.library = Workspace.open(
            dirs=Directories(root / "lib", root / "lib/config", root / "lib/state", root / "lib/cache")
        )

    def begin(self, path: Path) -> Import:
        return Import(self.library, path)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def shown(app: ScreenApp[str], where: str = "#question") -> str:
    return str(app.screen.query_one(where, Static).content)


async def test_it_is_looked_at_then_taken_then_opened(place: Place) -> None:
    app = ScreenApp(ImportScreen(place.begin, found=[place.folder]))
    async with app.run_test(size=(80, 24)) as pilot:
        assert app.screen.query_one(Input).value == str(place.folder)
        await press(pilot, "enter")
        await until(pilot, lambda: shown(app) == "Bring this?")
        assert place.library.chats.list() == []
        assert [row.title for row in app.screen.query_one(RowList).rows] == [
            "Bring it",
            "Bring it with the keys of servers",
            "Not now",
        ]
        await press(pilot, "enter")
        await until(pilot, lambda: shown(app) == "What came")
        assert place.library.secrets.all() == []
        await press(pilot, "enter")
        await until(pilot, app.ended.is_set)
    assert [one.name for one in place.library.chats.list()] == [app.result]


async def test_keys_come_only_when_that_is_chosen(place: Place) -> None:
    app = ScreenApp(ImportScreen(place.begin, path=str(place.folder)))
    async with app.run_test(size=(45, 13)) as pilot:
        await until(pilot, lambda: shown(app) == "Bring this?")
        await press(pilot, "down", "enter")
        await until(pilot, lambda: shown(app) == "What came")
        await press(pilot, "escape")
    assert [one.origin for one in place.library.secrets.all()] == ["https://api.openai.com:443"]


async def test_what_is_nothing_is_said_and_can_be_typed_anew(place: Place, tmp_path: Path) -> None:
    app = ScreenApp(ImportScreen(place.begin, path="/nowhere/at/all"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "There is nothing at /nowhere" in shown(app, "#note"))
        (tmp_path / "note.txt").write_text("just words")
        app.screen.query_one(Input).value = f"'{tmp_path}/note.txt'"
        await press(pilot, "enter")
        await until(pilot, lambda: "nothing in it that can be imported" in shown(app, "#note"))
        await press(pilot, "escape")
        await until(pilot, app.ended.is_set)
    assert app.result == ""


def test_paths_are_read_as_terminals_paste_them(tmp_path: Path) -> None:
    file = tmp_path / "my card.png"
    file.touch()
    assert typed_path(f" {tmp_path}/my\\ card.png ") == file
    assert typed_path(f'"{file}"') == file
    assert typed_path("~/x") == Path.home() / "x"


def test_folders_are_found_where_people_have_them(place: Place, tmp_path: Path) -> None:
    assert likely_folders(tmp_path) == [place.folder]
    assert likely_folders(tmp_path / "nowhere") == []
