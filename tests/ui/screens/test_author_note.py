"""The author's note on screen: writing, choosing where it stands, and closing, which keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.domain.beside_card import BesideCard, NoteUse
from tavern_tui.domain.note import ChatNote, NotePlace, NoteRole
from tavern_tui.session.character_notes import Notes
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS
from tavern_tui.ui.screens.author_note import OPTIONS, AuthorNoteScreen, shown, turned
from tests.hostile import HOSTILE
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import ScreenApp, press
from tests.ui.themed import LOOKS, ThemedApp

PICTURES = Path(__file__).parent / "snapshots"
RAIN = ChatNote("It has rained since morning. Nobody mentions the bell.")
BESS = BesideCard("Bess has a cold this week and will not admit it.", NoteUse.AFTER)
EVENING = Notes(RAIN, (("Bess", BESS), ("Corwen", BesideCard())))


@pytest.mark.parametrize("option", OPTIONS)
def test_every_choice_can_be_turned_and_turned_back(option: str) -> None:
    note = turned(RAIN, option, 1)
    assert note != RAIN
    assert shown(note, option) != shown(RAIN, option)
    assert turned(note, option, -1) == RAIN


def test_numbers_stop_at_their_ends() -> None:
    assert turned(ChatNote(depth=0), "depth", -1).depth == 0
    assert turned(ChatNote(interval=0), "interval", -1).interval == 0


def test_depth_and_role_are_of_notes_in_the_chat_only() -> None:
    note = ChatNote(place=NotePlace.BEFORE, role=NoteRole.USER)
    assert (shown(note, "depth"), shown(note, "role")) == ("-", "-")


async def test_what_is_written_is_kept_by_closing() -> None:
    app = ScreenApp[Notes](AuthorNoteScreen(Notes(), closing=frozenset({"ctrl+n"})))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *"Fog.", "enter", *"Cold.", "tab", "down", "right", "right", "down", "l", "ctrl+n")
    assert app.result == Notes(ChatNote("Fog.\nCold.", depth=6, role=NoteRole.USER))


async def test_letters_type_while_the_text_has_the_keys() -> None:
    app = ScreenApp[Notes](AuthorNoteScreen(Notes()))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *"hjkl", "tab", "tab", *"l", "escape")
    assert app.result == Notes(ChatNote("hjkll"))


async def test_the_notes_on_the_characters_are_written_on_the_same_page() -> None:
    page = AuthorNoteScreen(EVENING)
    app = ScreenApp[Notes](page)
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, "tab", "right", "tab", *" Still.", "tab", "down", "right", "up", "right", "tab")
        await press(pilot, *"Deaf.", "tab", "right", "tab", *" Yet.", "escape")
    assert app.result == Notes(
        ChatNote(f"{RAIN.text} Yet."),
        (("Bess", BesideCard(f"{BESS.note} Still.", NoteUse.REPLACE)), ("Corwen", BesideCard("Deaf."))),
    )
    assert page.card == ""


async def test_any_text_comes_back_to_the_letter() -> None:
    text = "\n".join(HOSTILE.values())
    app = ScreenApp[Notes](AuthorNoteScreen(Notes(ChatNote(text))))
    async with app.run_test(size=(45, 13)) as pilot:
        await press(pilot, "escape")
    assert app.result == Notes(ChatNote(text))


@pytest.mark.parametrize(
    ("size", "look"), [*((size, "") for size in SIZES), ((80, 24), "light"), ((80, 24), "sixteen")], ids=str
)
async def test_it_looks_as_it_was_looked_at(size: tuple[int, int], look: str) -> None:
    theme, depth = LOOKS[look]
    app = ThemedApp([], theme, depth)
    async with app.run_test(size=size) as pilot:
        await app.push_screen(AuthorNoteScreen(EVENING, glyphs=ASCII_GLYPHS if look == "sixteen" else UNICODE_GLYPHS))
        await pilot.press("tab", "down")
        await pilot.pause()
        picture = app.export_screenshot(title="author's note")
        await pilot.press("up", "right")
        await pilot.pause()
        of_bess = app.export_screenshot(title="character note")
    name = "-".join(part for part in (look, f"{size[0]}x{size[1]}") if part)
    assert_looks_as_kept(picture, PICTURES / f"note-{name}.svg")
    assert_looks_as_kept(of_bess, PICTURES / f"character-note-{name}.svg")
