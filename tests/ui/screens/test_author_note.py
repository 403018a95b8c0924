"""The author's note on screen: writing, choosing where it stands, and closing, which keeps it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.domain.note import NO_NOTE, ChatNote, NotePlace, NoteRole
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS
from tavern_tui.ui.screens.author_note import OPTIONS, AuthorNoteScreen, shown, turned
from tests.hostile import HOSTILE
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import ScreenApp, press
from tests.ui.themed import LOOKS, ThemedApp

PICTURES = Path(__file__).parent / "snapshots"
RAIN = ChatNote("It has rained since morning. Nobody mentions the bell.")


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
    app = ScreenApp[ChatNote](AuthorNoteScreen(NO_NOTE, closing=frozenset({"ctrl+n"})))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *"Fog.", "enter", *"Cold.", "tab", "down", "right", "right", "down", "l", "ctrl+n")
    assert app.result == ChatNote("Fog.\nCold.", depth=6, role=NoteRole.USER)


async def test_letters_type_while_the_text_has_the_keys() -> None:
    app = ScreenApp[ChatNote](AuthorNoteScreen(NO_NOTE))
    async with app.run_test(size=(80, 24)) as pilot:
        await press(pilot, *"hjkl", "tab", "tab", *"l", "escape")
    assert app.result == ChatNote("hjkll")


async def test_any_text_comes_back_to_the_letter() -> None:
    text = "\n".join(HOSTILE.values())
    app = ScreenApp[ChatNote](AuthorNoteScreen(ChatNote(text)))
    async with app.run_test(size=(45, 13)) as pilot:
        await press(pilot, "escape")
    assert app.result == ChatNote(text)


@pytest.mark.parametrize(
    ("size", "look"), [*((size, "") for size in SIZES), ((80, 24), "light"), ((80, 24), "sixteen")], ids=str
)
async def test_it_looks_as_it_was_looked_at(size: tuple[int, int], look: str) -> None:
    theme, depth = LOOKS[look]
    app = ThemedApp([], theme, depth)
    async with app.run_test(size=size) as pilot:
        await app.push_screen(AuthorNoteScreen(RAIN, glyphs=ASCII_GLYPHS if look == "sixteen" else UNICODE_GLYPHS))
        await pilot.press("tab", "down")
        await pilot.pause()
        picture = app.export_screenshot(title="author's note")
    name = "-".join(part for part in ("note", look, f"{size[0]}x{size[1]}") if part)
    assert_looks_as_kept(picture, PICTURES / f"{name}.svg")
