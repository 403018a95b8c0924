"""A story is written: the whole app over a fake engine, driven by keys. One app serves several looks."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.events import Paste
from textual.pilot import Pilot

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.session.opening import Wishes, open_session
from tavern_tui.session.story.origins import Origin
from tavern_tui.session.story.story import StorySession
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.screens.story import StoryScreen
from tavern_tui.ui.story.actions import act
from tavern_tui.ui.widgets.keybar import KeyBar
from tests.ui.app.evening import hint, settled
from tests.ui.story.written import BEGINNING, Sitting, asked, pressed, text_of, wrote

FIRST = "It was dark now. Nobody spoke."
SECOND = "Someone laughed. A door fell shut."
WHOLE = f"{BEGINNING}\n\n"
AWAY = EngineError("rig:5001 does not answer (connection refused).", fault=EngineFault.UNREACHABLE)


async def test_passages_come_go_and_change_places_and_undo_takes_each_back_whole(tmp_path: Path) -> None:
    sitting = Sitting(tmp_path, FIRST, SECOND, ["It rained", 60.0], [AWAY])
    async with sitting.sat() as (screen, pilot):
        await _written_another_and_taken_back(screen, pilot)
        await _taken_in_part(screen, pilot)
        await _stopped(screen, pilot)
        await pressed(pilot, "ctrl+g")
        assert "does not answer" in str(screen.query_one("#note").render())
        await wrote(pilot, "x")
        assert not str(screen.query_one("#note").render())
        assert text_of(screen) == f"{WHOLE}{FIRST}x"


async def _written_another_and_taken_back(screen: StoryScreen, pilot: Pilot[int]) -> None:
    await pressed(pilot, "ctrl+g")
    assert text_of(screen) == WHOLE + FIRST
    assert screen.view.editor.text.slice((2, 0), screen.view.editor.text.end) == ((FIRST, Origin.GENERATED),)
    await pressed(pilot, "ctrl+r")
    assert text_of(screen) == WHOLE + SECOND
    await wrote(pilot, "!", "ctrl+z", "ctrl+z")
    assert text_of(screen) == WHOLE + FIRST
    await pressed(pilot, "ctrl+z")
    assert text_of(screen) == WHOLE
    await pressed(pilot, "ctrl+y")
    assert text_of(screen) == WHOLE + FIRST


async def _taken_in_part(screen: StoryScreen, pilot: Pilot[int]) -> None:
    await pressed(pilot, "ctrl+t", "down", "left", "space")
    assert text_of(screen) == WHOLE + "Someone laughed."
    assert [version.text for version in screen.story.passages.versions()] == [FIRST, SECOND, "Someone laughed."]
    await pressed(pilot, "ctrl+z")
    assert text_of(screen) == WHOLE + FIRST


async def _stopped(screen: StoryScreen, pilot: Pilot[int]) -> None:
    """What came is kept, nothing is typed meanwhile, and it goes whole."""
    screen.view.editor.move("end")
    await pilot.press("ctrl+g")
    while "rained" not in screen.view.editor.text.text():
        await pilot.pause(0.01)
    await pilot.press("x")
    assert "Esc stops it" in screen.chat.progress.status.hint
    await pressed(pilot, "escape")
    assert text_of(screen) == f"{WHOLE}{FIRST}It rained"
    await pressed(pilot, "ctrl+z")
    assert text_of(screen) == WHOLE + FIRST


async def test_a_passage_goes_where_the_cursor_is_and_what_is_selected_is_rewritten_in_part(tmp_path: Path) -> None:
    sitting = Sitting(tmp_path, " It smoked.", "The ancient lamp died.", text="The old lamp went out. He slept.")
    async with sitting.sat() as (screen, pilot):
        editor = screen.view.editor
        editor.go((0, 22))
        await pressed(pilot, "ctrl+g")
        assert text_of(screen) == "The old lamp went out. It smoked. He slept.\n\n"
        assert editor.cursor == (0, 33)
        editor.go((0, 26))
        await wrote(pilot, "all ")
        assert editor.text.origin((0, 27)) is Origin.EDITED
        await pressed(pilot, "ctrl+z", "ctrl+z")
        assert text_of(screen) == "The old lamp went out. He slept.\n\n"
        editor.select((0, 0), (0, 22))
        await pressed(pilot, "ctrl+r", "enter")
        while screen.panel.choice is None or "hange" not in screen.panel.choice.title:
            await pilot.pause(0.01)
        await pressed(pilot, "right", "space", "p")
        assert text_of(screen) == "The ancient lamp went out. He slept.\n\n"
        await pressed(pilot, "ctrl+z")
        assert text_of(screen) == "The old lamp went out. He slept.\n\n"


async def test_everything_is_asked_for_in_a_line_and_kept_when_the_story_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("EDITOR", "sed -i s/lamp/bell/")
    monkeypatch.delenv("VISUAL", raising=False)
    sitting = Sitting(tmp_path, text="A lamp. The lamp. lamplight")
    async with sitting.sat() as (screen, pilot):
        await _found_and_replaced(screen, pilot)
        await asked(pilot, screen, "ctrl+n", "he is afraid", "enter")
        assert screen.story.passages.direction == "he is afraid"
        await asked(pilot, screen, "ctrl+s", "With a limp", "enter")
        assert [key for key in screen.story.tree.properties if "With a limp" in key]
        await _ways_back_told(screen, pilot)
        await _measured(screen, pilot)
        await _exported(screen, pilot, tmp_path / "book.txt")
        await pressed(pilot, "ctrl+s", "escape", "ctrl+o")
        while "bell" not in screen.view.editor.text.text():
            await pilot.pause(0.01)
        assert text_of(screen) == "A bell. The limp. limplight\n\n"
        assert len(screen.story.document.unsaved().edited) == 1
        await screen._rested()
        assert screen.story.document.unsaved().edited == ()
        screen.view.editor.move("end")
        await wrote(pilot, "More.")
        app = screen.tavern
        app.open_chat(Wishes(character="Wren", new=True))
        await settled(pilot)
        assert app.screen is app.chat
        assert not any(isinstance(shown, StoryScreen) for shown in app.screen_stack)
    session = open_session(Workspace.open(dirs=sitting.directories), Wishes(chat=sitting.chat))
    assert [turn.text for turn in session.tree.path()] == ["A bell. The limp. limplight\n\nMore."]


async def _ways_back_told(screen: StoryScreen, pilot: Pilot[int]) -> None:
    """While a line asks, the last row tells how to leave it; the focus view says how it ends."""
    await pressed(pilot, "ctrl+n")
    assert str(screen.query_one(KeyBar).render()).split() == ["Esc", "Close"]
    await pilot.click("#keys", offset=(2, 0))
    assert not screen.ask.is_open
    assert "Direction" in str(screen.query_one(KeyBar).render())
    await act(screen, "story.focus")
    assert "Esc shows everything again" in str(screen.query_one("#note").render())
    await pressed(pilot, "escape")
    assert not screen.has_class("-focus")


async def _measured(screen: StoryScreen, pilot: Pilot[int]) -> None:
    """A whole command in the palette is done with what stands behind it."""
    await pressed(pilot, "ctrl+p", *"/length", "space", *"77", "enter")
    assert screen.chat.open_session.options.response_tokens == 77


async def _exported(screen: StoryScreen, pilot: Pilot[int], file: Path) -> None:
    """The story is written to a file that is named; the same name once more writes over it."""
    file.write_text("")
    await act(screen, "story.export")
    assert screen.ask.field.value == f"~/{screen.story.chat.log.path.stem}.md"
    await asked(pilot, screen, "", str(file), "enter")
    assert "book.txt is there already" in str(screen.query_one("#note").render())
    assert file.read_text() == ""
    await pressed(pilot, "enter")
    assert file.read_text().rstrip("\n") == text_of(screen).rstrip("\n")
    assert "book.txt" in screen.chat.progress.status.hint
    assert not screen.ask.is_open


async def _found_and_replaced(screen: StoryScreen, pilot: Pilot[int]) -> None:
    await asked(pilot, screen, "ctrl+f", "lamp")
    assert screen.finding.counted() == (1, 3)
    await pressed(pilot, "enter", "enter", "enter", "tab")
    assert screen.finding.counted() == (1, 3)
    await asked(pilot, screen, "", "bell", "enter")
    assert text_of(screen) == "A bell. The lamp. lamplight\n\n"
    await pressed(pilot, "ctrl+c", "ctrl+z")
    await asked(pilot, screen, "ctrl+f", "/(l)amp/", "tab")
    await asked(pilot, screen, "", "$1imp", "tab")
    assert text_of(screen) == "A limp. The limp. limplight\n\n"
    await pressed(pilot, "ctrl+z")
    assert text_of(screen) == "A lamp. The lamp. lamplight\n\n"
    await asked(pilot, screen, "ctrl+f", "/(?<=[. ])lamp/", "tab")
    await asked(pilot, screen, "", "limp", "tab")
    screen.view.editor.replace((0, 2), (0, 6), [("lamp", Origin.WRITTEN)])


async def test_letters_type_in_a_document_of_any_length_and_a_token_costs_its_paragraph(tmp_path: Path) -> None:
    words = ["and ", "so ", "it ", "went ", "on ", "until ", "morning"]
    async with Sitting(tmp_path, words, words, text="").sat((45, 30)) as (screen, pilot):
        await pressed(pilot, *"drj?", "alt+j", "alt+1")
        assert text_of(screen) == "drj?j1"
        await pressed(pilot, "alt+b", "ctrl+k")
        screen.tavern.post_message(Paste("a\r\nb\rc"))
        await settled(pilot)
        assert text_of(screen) == "drj?a\nb\nc"
        await pressed(pilot, "ctrl+z", "ctrl+j", "left", "left", "backspace")
        assert text_of(screen) == "dr"
        assert await pilot.click(KeyBar, offset=(3, 0))
        await settled(pilot)
        assert text_of(screen) == "dr" + "".join(words)
        await pilot.click("#story", offset=(3, 0))
        assert screen.view.editor.cursor == (0, 1)
        await pressed(pilot, "ctrl+z")
        assert (text_of(screen), screen.view.editor.cursor) == ("dr", (0, 2))
        screen.take_paste("\n".join("The lamp went out at ten and nobody minded." for _ in range(3_000)))
        screen.view.editor.go((1_500, 43))
        before = screen.view.editor.layout.wrapped
        await pressed(pilot, "ctrl+g")
        assert screen.view.editor.text.line(1_500).endswith("until morning")
        assert screen.view.editor.layout.wrapped - before <= 4 * (len(words) + 2)
        assert len(screen.query("*")) < 40


async def test_a_story_opens_where_it_was_left_and_shows_what_another_terminal_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sitting = Sitting(tmp_path, text="One.\n\nTwo and three.\n\nFour.")
    async with sitting.sat() as (screen, _):
        screen.view.show_place((2, 5))
        await screen.tavern.leave()
    monkeypatch.setenv("NO_COLOR", "1")
    async with sitting.sat() as (screen, pilot):
        assert screen.view.editor.cursor == (2, 5)
        assert screen.view.has_class("-colourless")
        screen.chat.mirror.note("The library was looked through.")
        assert hint(screen.tavern) == "The library was looked through."
        screen.chat.mirror.note("This is more than a line has room for. " * 3)
        assert str(screen.query_one("#note").render()).count("more than a line") == 3
        other = StorySession(open_session(Workspace.open(dirs=sitting.directories), Wishes(chat=sitting.chat)))
        await other.open()
        other.edit(0, 3, "Another")
        await other.save()
        while "Another" not in screen.view.editor.text.text():
            await pilot.pause(0.01)
        assert text_of(screen).startswith("Another.\n\nTwo")
        assert screen.view.editor.cursor == (2, 5)
