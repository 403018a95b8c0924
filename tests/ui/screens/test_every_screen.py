"""Every screen of the program has a picture at each of the four sizes; the small ones are taken here."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from textual.screen import ModalScreen, Screen

import tavern_tui.ui
from tavern_tui.domain.errors import SettingsError
from tavern_tui.ui.chat.dropped import DropTarget
from tavern_tui.ui.composer.area import FoldedArea
from tavern_tui.ui.editor import not_edited
from tavern_tui.ui.keyed import KeyedScreen
from tavern_tui.ui.lore.ask import AskLine
from tavern_tui.ui.screens.asking import AskingPage
from tavern_tui.ui.screens.cover import CoverScreen
from tavern_tui.ui.screens.key_entry import KeyEntry
from tavern_tui.ui.screens.list_page import ListPage
from tavern_tui.ui.screens.lore_entry import EntryText
from tavern_tui.ui.screens.page import Page, WholePage
from tavern_tui.ui.screens.row_choice import RowChoice
from tavern_tui.ui.screens.text_and_rows import TextAndRows
from tavern_tui.ui.widgets.rows import ListRow
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.themed import ThemedApp

PICTURES = Path(__file__).parent / "snapshots"
ROOM = Path(__file__).parents[1]

SHARED: set[type[Screen[Any]]] = {Page, WholePage, AskingPage, ListPage, TextAndRows, KeyedScreen, DropTarget}
"""What screens are made of, and is none itself."""

PICTURED = {
    "AskLine": "screens/snapshots/ask-line",
    "AuthorNoteScreen": "screens/snapshots/note",
    "BookmarkList": "app/snapshots/bookmarks",
    "BranchesScreen": "screens/snapshots/branches",
    "CharacterScreen": "characters/snapshots/card",
    "ChatScreen": "app/snapshots/demo",
    "ConnectionScreen": "screens/snapshots/connection",
    "ConnectionsScreen": "screens/snapshots/connections",
    "CoverScreen": "screens/snapshots/cover",
    "EntryText": "screens/snapshots/entry-text",
    "FirstRunScreen": "screens/snapshots/first-run-what",
    "GroupScreen": "groups/snapshots/screen",
    "HelpScreen": "screens/snapshots/help",
    "HomeScreen": "screens/snapshots/home",
    "ImportScreen": "screens/snapshots/import-receipt",
    "Inspector": "screens/snapshots/inspector-parts",
    "KeyEntry": "screens/snapshots/key-entry",
    "Links": "app/snapshots/links",
    "LoreTrialScreen": "lore/snapshots/trial",
    "LorebookScreen": "lore/snapshots/lorebook",
    "LorebooksScreen": "lore/snapshots/lorebooks",
    "ManuscriptPage": "story/snapshots/manuscript",
    "NamedPage": "story/snapshots/named",
    "NewAdventurePage": "adventure/snapshots/adventure",
    "NewChoice": "app/snapshots/new",
    "NewStoryPage": "story/snapshots/new",
    "NotebookScreen": "screens/snapshots/notebook",
    "OutlinePage": "story/snapshots/outline",
    "Palette": "screens/snapshots/palette",
    "PersonaScreen": "characters/snapshots/persona",
    "PersonasScreen": "characters/snapshots/personas",
    "PickCharacters": "groups/snapshots/new",
    "PresetsScreen": "screens/snapshots/presets",
    "QuickReplyList": "screens/snapshots/quick",
    "ReceiptScreen": "app/snapshots/receipt",
    "RegexReview": "screens/snapshots/regex",
    "RestoreScreen": "screens/snapshots/restore-backups",
    "RowChoice": "screens/snapshots/row-choice",
    "SamplerScreen": "screens/snapshots/sampler",
    "SearchScreen": "screens/snapshots/search",
    "SettingsScreen": "screens/snapshots/settings",
    "StoryScreen": "story/snapshots/written",
    "SummaryScreen": "screens/snapshots/summary",
    "TemplateEditor": "screens/snapshots/template-editor",
    "TemplatesScreen": "screens/snapshots/templates",
    "TextPage": "app/snapshots/receipt",
    "ThemeList": "screens/snapshots/themes",
    "VersionScreen": "screens/snapshots/summary-difference",
    "WritersScreen": "screens/snapshots/writers",
}
"""Where the pictures of each screen lie, beginning with what their names begin with."""

DELETED = [
    ListRow("1", "Rain at the Lantern", "24 turns", "deleted today · Bess"),
    ListRow("2", "A crossing that took three days and a night", "212 turns", "deleted yesterday · Corwen, Sabeth"),
]
ENTRY = "The bridge of Ferrow walked off in the flood of the year nine. It is timid, and likes to be asked."


def refused(_typed: str) -> object:
    raise SettingsError("A name has at most 80 characters.", hint="This one has 96.")


async def counted(_text: str) -> tuple[int, bool]:
    return 27, True


SMALL: dict[str, tuple[Callable[[], Screen[Any]], tuple[str, ...]]] = {
    "ask-line": (
        lambda: AskLine("Name of the book", "Valley", help="Files of it are renamed.", check=refused),
        ("enter",),
    ),
    "cover": (CoverScreen, ("x",)),
    "entry-text": (lambda: EntryText("Ferrow Bridge", ENTRY, count=counted, editor=not_edited), ()),
    "key-entry": (lambda: KeyEntry("https://openrouter.ai"), ("a", "b")),
    "row-choice": (lambda: RowChoice("Bring which chat back?", DELETED), ("down",)),
}


async def test_the_small_screens_look_as_they_were_looked_at() -> None:
    app = ThemedApp()
    async with app.run_test(size=SIZES[0]) as pilot:
        for name, (screen, keys) in SMALL.items():
            await app.push_screen(screen())
            for area in app.screen.query(FoldedArea):
                area.cursor_blink = False
            await pilot.press(*keys)
            await app.workers.wait_for_complete()
            for width, height in SIZES:
                await pilot.resize_terminal(width, height)
                await pilot.pause()
                picture = app.export_screenshot(title=name)
                assert_looks_as_kept(picture, PICTURES / f"{name}-{width}x{height}.svg")
            app.pop_screen()


def test_every_screen_has_a_picture_at_each_size() -> None:
    for module in pkgutil.walk_packages(tavern_tui.ui.__path__, "tavern_tui.ui."):
        importlib.import_module(module.name)
    assert {screen.__name__ for screen in screens(Screen) - SHARED} == set(PICTURED)
    missing = [f"{where}-{w}x{h}.svg" for where in PICTURED.values() for w, h in SIZES]
    assert [name for name in missing if not (ROOM / name).exists()] == []


def screens(base: type[Screen[Any]]) -> set[type[Screen[Any]]]:
    """The classes of this program below ``base``."""
    found = set()
    for one in base.__subclasses__():
        if one is ModalScreen or one.__module__.startswith("tavern_tui."):
            found |= screens(one) | ({one} if one is not ModalScreen else set())
    return found
