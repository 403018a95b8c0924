"""Moving in on screen: a path is walked to or typed, what would come is shown first, and the receipt leads on."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from textual.screen import Screen
from textual.widgets import Input, Static

from tavern_tui.config.paths import Directories
from tavern_tui.config.settings import remember
from tavern_tui.domain.exchange import Outcome
from tavern_tui.session import picking
from tavern_tui.session.moving_places import Import, likely_folders, typed_path
from tavern_tui.session.moving_report import MovingReport, report_lines
from tavern_tui.session.picking import listing, meant
from tavern_tui.session.regex_review import scripts_to_review, switch_script
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS
from tavern_tui.ui.screens.importing import ImportScreen
from tavern_tui.ui.screens.regex_review import RegexReview, review_of
from tavern_tui.ui.widgets.row_list import RowList
from tests.fuzz import CORPUS
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import ScreenApp, press, until

PICTURES = Path(__file__).parent / "snapshots"
CHAT = CORPUS / "chats" / "sillytavern-1.12.6.jsonl"
SCRIPT = {"id": "1", "scriptName": "No ellipses", "findRegex": "/\\.\\.\\./g", "replaceString": "…", "placement": [2]}


class Place:
    """A SillyTavern folder with one chat, a script and keys, in a home of somebody's, and an empty library."""

    def __init__(self, root: Path) -> None:
        self.home = root / "home"
        self.folder = self.home / "SillyTavern"
        user = self.folder / "data" / "default-user"
        for path in (user / "characters", user / "chats" / "Mira", user / "regex", self.home / "Downloads"):
            path.mkdir(parents=True)
        (user / "chats" / "Mira" / "one.jsonl").write_bytes(CHAT.read_bytes())
        (user / "regex" / "ellipses.json").write_text(json.dumps(SCRIPT))
        (user / "secrets.json").write_text('{"api_key_openai": "sk-1"}')
        (self.home / "Downloads" / "chat.jsonl").write_bytes(CHAT.read_bytes())
        (self.home / "Downloads" / "song.mp3").write_bytes(b"la")
        (self.home / ".hidden").mkdir()
        dirs = Directories(root / "lib", root / "lib/config", root / "lib/state", root / "lib/cache")
        self.library = Workspace.open(dirs=dirs)

    def screen(self, *, found: bool = True, path: str = "") -> ImportScreen:
        def review() -> Screen[None]:
            return review_of(self.library, UNICODE_GLYPHS)

        likely = [self.folder] if found else []
        return ImportScreen(self.begin, found=likely, path=path, home=self.home, review=review)

    def begin(self, path: Path) -> Import:
        return Import(Workspace.open(dirs=self.library.directories), path)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def shown(app: ScreenApp[str], where: str = "#question") -> str:
    return str(app.screen.query_one(where, Static).content)


def rows(app: ScreenApp[str], where: str = "PathPicker RowList") -> list[str]:
    return [row.title for row in app.screen.query_one(where, RowList).rows]


async def test_it_is_looked_at_then_taken_then_opened(place: Place) -> None:
    app = ScreenApp(place.screen())
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: rows(app)[:1] == ["~/SillyTavern"])
        await press(pilot, "enter")
        await until(pilot, lambda: shown(app) == "Bring this?")
        assert place.library.chats.list() == []
        assert rows(app, "#choice") == ["Bring it", "Bring it with the keys of servers", "Not now"]
        await press(pilot, "enter")
        await until(pilot, lambda: shown(app).startswith("How are prompts"))
        assert rows(app, "#choice") == ["Economy (recommended)", "Classic"]
        await press(pilot, "down", "enter")
        await until(pilot, lambda: shown(app) == "What came")
        assert place.library.secrets.all() == []
        assert shown(app, "#keys") == "r reviews 1 script · Enter last chat"
        await press(pilot, "r")
        await until(pilot, lambda: isinstance(app.screen, RegexReview))
        await until(pilot, lambda: "No ellipses" in app.text())
        await press(pilot, "enter")
        await until(pilot, lambda: app.screen.query_one(RowList).rows[0].right == "on")
        await press(pilot, "escape", "enter")
        await until(pilot, app.ended.is_set)
    (chat,) = place.library.chats.list()
    assert chat.name == app.result
    assert place.library.chats.open(chat.name).tree.properties["policy"] == "classic"
    assert [script.on for script in scripts_to_review(place.library)] == [True]


async def test_keys_come_only_when_that_is_chosen_and_the_policy_is_asked_once(place: Place) -> None:
    remember(place.library.directories, "reply.imported_policy", "economy")
    app = ScreenApp(place.screen(path=str(place.folder)))
    async with app.run_test(size=(45, 13)) as pilot:
        await until(pilot, lambda: shown(app) == "Bring this?")
        await press(pilot, "down", "enter")
        await until(pilot, lambda: shown(app) == "What came")
        await press(pilot, "escape")
    assert [one.origin for one in place.library.secrets.all()] == ["https://api.openai.com:443"]
    (chat,) = place.library.chats.list()
    assert "policy" not in place.library.chats.open(chat.name).tree.properties


async def test_a_file_is_walked_to_with_arrows_and_typing(place: Place) -> None:
    app = ScreenApp(place.screen(found=False))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: rows(app) == ["..", "This whole folder", "Downloads/", "SillyTavern/"])
        await press(pilot, *"down")
        await until(pilot, lambda: rows(app) == ["Downloads/"])
        await press(pilot, "enter")
        await until(pilot, lambda: rows(app) == ["..", "This whole folder", "chat.jsonl"])
        await press(pilot, "left")
        await until(pilot, lambda: "SillyTavern/" in rows(app))
        app.screen.query_one(Input).value = "."
        await until(pilot, lambda: rows(app) == [".hidden/"])
        app.screen.query_one(Input).value = f"{place.home}/Downloads/ch"
        await until(pilot, lambda: rows(app) == ["chat.jsonl"])
        app.screen.query_one(Input).value = f"{place.home}/Downloads/chat.jsonl"
        await press(pilot, "enter")
        await until(pilot, lambda: shown(app) == "Bring this?")
        await press(pilot, "escape", "escape", "escape")
        await until(pilot, app.ended.is_set)


async def test_what_is_nothing_is_said_and_can_be_typed_anew(place: Place, tmp_path: Path) -> None:
    app = ScreenApp(place.screen(path="/nowhere/at/all"))
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "There is nothing at /nowhere" in shown(app, "#told"))
        (tmp_path / "note.txt").write_text("just words")
        app.screen.query_one(Input).value = f"'{tmp_path}/note.txt'"
        await press(pilot, "enter")
        await until(pilot, lambda: "nothing in it that can be imported" in shown(app, "#told"))
        await press(pilot, "escape", "escape")
        await until(pilot, app.ended.is_set)
    assert app.result == ""


async def test_it_looks_as_it_was_looked_at(place: Place) -> None:
    app = ScreenApp(place.screen())
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: bool(rows(app)))
        for step, keys, question in (
            ("where", (), "What do you want to bring?"),
            ("choice", ("enter",), "Bring this?"),
            ("policy", ("enter",), "How are prompts of these chats to be made?"),
            ("receipt", ("enter",), "What came"),
        ):
            await press(pilot, *keys)
            await until(pilot, lambda question=question: shown(app) == question)  # type: ignore[misc]
            for width, height in SIZES:
                await pilot.resize_terminal(width, height)
                await pilot.pause()
                picture = app.export_screenshot(title="import")
                assert_looks_as_kept(picture, PICTURES / f"import-{step}-{width}x{height}.svg")


def test_paths_are_read_as_terminals_paste_them(tmp_path: Path) -> None:
    file = tmp_path / "my card.png"
    file.touch()
    assert typed_path(f" {tmp_path}/my\\ card.png ") == file
    assert typed_path(f'"{file}"') == file
    assert typed_path(file.as_uri()) == file
    odd = tmp_path / "Mira's \\card.png"
    odd.touch()
    assert typed_path(str(odd)) == odd
    assert typed_path(shlex.quote(str(odd))) == odd
    assert typed_path("~/x") == Path.home() / "x"


def test_several_files_that_were_dropped_come_together(place: Place, tmp_path: Path) -> None:
    files = [tmp_path / "first card.json", tmp_path / "Mira's.json"]
    for file in files:
        file.write_text('{"name": "N", "description": "", "first_mes": ""}')
    dropped = place.begin(typed_path(shlex.join(map(str, files))))
    assert [thing.kind for thing in dropped.look().things] == ["character", "character"]
    assert not dropped.has_keys


def test_folders_are_found_where_people_have_them(place: Place, tmp_path: Path) -> None:
    assert likely_folders(place.home) == [place.folder]
    assert likely_folders(tmp_path / "nowhere") == []


@pytest.mark.parametrize(
    ("typed", "folder", "rest"),
    [("car", "/here", "car"), ("/etc/pas", "/etc", "pas"), ("/etc/", "/etc", ""), ("/", "/", ""), ("a/b", "a", "b")],
)
def test_a_typed_text_is_about_a_folder(typed: str, folder: str, rest: str) -> None:
    assert meant(typed, Path("/here")) == (Path(folder), rest)


def test_a_folder_of_thousands_is_listed_in_part(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        (tmp_path / f"{number}.png").touch()
    assert (len(listing(tmp_path).entries), listing(tmp_path).more) == (5, False)
    monkeypatch.setattr(picking, "MOST_ENTRIES", 3)
    assert (len(listing(tmp_path).entries), listing(tmp_path).more) == (3, True)


def test_switching_a_script_keeps_everything_else_of_its_file(tmp_path: Path) -> None:
    path = tmp_path / "two.json"
    path.write_text(json.dumps([SCRIPT, {**SCRIPT, "id": "2", "ours": "kept", "disabled": True}]))
    switch_script(path, 1, True)
    first, second = json.loads(path.read_text())
    assert first == SCRIPT
    assert second == {**SCRIPT, "id": "2", "ours": "kept", "disabled": False}


async def test_the_scripts_look_as_they_were_looked_at(place: Place) -> None:
    folder = place.library.directories.regex_scripts
    folder.mkdir(parents=True)
    broken = {**SCRIPT, "id": "3", "scriptName": "Broken", "findRegex": "/(/", "disabled": True}
    quiet = {**SCRIPT, "id": "2", "scriptName": "Quiet", "disabled": True, "markdownOnly": True}
    (folder / "three.json").write_text(json.dumps([SCRIPT, quiet, broken]))
    app = ScreenApp(review_of(place.library, UNICODE_GLYPHS))
    async with app.run_test(size=SIZES[0]) as pilot:
        await until(pilot, lambda: "Quiet" in app.text())
        for width, height in SIZES:
            await pilot.resize_terminal(width, height)
            await pilot.pause()
            picture = app.export_screenshot(title="regex")
            assert_looks_as_kept(picture, PICTURES / f"regex-{width}x{height}.svg")
        await press(pilot, "down", "enter")
        await until(pilot, lambda: "broken" in app.text())
    assert [one.on for one in scripts_to_review(place.library)] == [False, False, True]


def test_one_or_two_things_that_came_are_named() -> None:
    report = MovingReport()
    report.add("character", "Tern", "Tern.png", Outcome.NEW)
    for name in ("Coast", "Mill", "Abbey"):
        report.add("lorebook", name, f"{name}.json", Outcome.NEW)
    assert report_lines(report) == ["character: 1 new (Tern)", "lorebook: 3 new"]
