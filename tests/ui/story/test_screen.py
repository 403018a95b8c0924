"""A story is written: the whole app over a fake engine, driven by keys."""

from __future__ import annotations

from pathlib import Path

from textual.events import Paste

from tavern_tui.engines.fake import FakeEngine
from tavern_tui.session.opening import Wishes, open_session
from tavern_tui.session.story.origins import Origin
from tavern_tui.session.story.story import StorySession
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.screens.story import StoryScreen
from tests.ui.app.evening import settled
from tests.ui.story.written import BEGINNING, Sitting, pressed, text_of, wrote

FIRST = "It was dark now. Nobody spoke."
SECOND = "Someone laughed. A door fell shut."
WHOLE = f"{BEGINNING}\n\n"


async def test_passages_come_go_and_change_places_and_undo_takes_each_back_whole(tmp_path: Path) -> None:
    async with Sitting(tmp_path, FIRST, SECOND).sat() as (screen, pilot):
        assert text_of(screen) == WHOLE
        await pressed(pilot, "ctrl+g")
        assert text_of(screen) == WHOLE + FIRST
        assert screen.view.editor.text.slice((2, 0), screen.view.editor.text.end) == ((FIRST, Origin.GENERATED),)
        await pressed(pilot, "ctrl+r")
        assert text_of(screen) == WHOLE + SECOND
        await wrote(pilot, " Then.")
        await pressed(pilot, "ctrl+z", "ctrl+z", "ctrl+z")
        assert text_of(screen) == WHOLE + FIRST
        await pressed(pilot, "ctrl+z")
        assert text_of(screen) == WHOLE
        await pressed(pilot, "ctrl+y")
        assert text_of(screen) == WHOLE + FIRST
        await pressed(pilot, "ctrl+t", "down", "left", "space")
        assert text_of(screen) == WHOLE + "Someone laughed."
        assert [version.text for version in screen.story.passages.versions()] == [FIRST, SECOND, "Someone laughed."]
        await pressed(pilot, "ctrl+z")
        assert text_of(screen) == WHOLE + FIRST


async def test_a_passage_goes_where_the_cursor_is_and_what_follows_stays(tmp_path: Path) -> None:
    sitting = Sitting(tmp_path, " It smoked.", text="The lamp went out. He slept.")
    async with sitting.sat() as (screen, pilot):
        screen.view.editor.go((0, 18))
        await pressed(pilot, "ctrl+g")
        assert text_of(screen) == "The lamp went out. It smoked. He slept.\n\n"
        assert screen.view.editor.cursor == (0, 29)
        screen.view.editor.go((0, 22))
        await wrote(pilot, "all ")
        assert screen.view.editor.text.origin((0, 23)) is Origin.EDITED
        await pressed(pilot, "ctrl+z", "ctrl+z")
        assert text_of(screen) == "The lamp went out. He slept.\n\n"


async def test_what_is_typed_is_in_the_log_after_a_rest_and_the_same_after_a_new_start(tmp_path: Path) -> None:
    sitting = Sitting(tmp_path)
    async with sitting.sat() as (screen, pilot):
        await wrote(pilot, "He waited\nlong.")
        assert len(screen.story.document.unsaved().edited) == 1
        await screen._rested()
        assert screen.story.document.unsaved().edited == ()
        await wrote(pilot, " Very")
        app = screen.tavern
        await app.leave()
    session = open_session(Workspace.open(dirs=sitting.directories), Wishes(chat=sitting.chat))
    story = StorySession(session)
    await story.open()
    assert story.document.text() == WHOLE + "He waited\nlong. Very"


async def test_keys_that_are_commands_in_a_chat_type_here_and_escape_then_a_letter_types_the_letter(
    tmp_path: Path,
) -> None:
    async with Sitting(tmp_path, text="").sat() as (screen, pilot):
        await wrote(pilot, "drjk?/")
        await pressed(pilot, "alt+j", "alt+1")
        assert text_of(screen) == "drjk?/j1"
        await pressed(pilot, "alt+b", "ctrl+k")
        assert text_of(screen) == "drjk?/"
        screen.tavern.post_message(Paste("a\r\nb\rc"))
        await settled(pilot)
        assert text_of(screen) == "drjk?/a\nb\nc"
        await pressed(pilot, "ctrl+z")
        assert text_of(screen) == "drjk?/"


async def test_the_line_at_the_bottom_asks_for_directions_words_to_find_and_names(tmp_path: Path) -> None:
    async with Sitting(tmp_path, FIRST, text="A lamp. The lamp. lamplight").sat() as (screen, pilot):
        await pressed(pilot, "ctrl+n")
        await wrote(pilot, "he is afraid", "enter")
        assert screen.story.passages.direction == "he is afraid"
        assert not screen.ask.is_open
        await pressed(pilot, "ctrl+f")
        await wrote(pilot, "lamp")
        assert screen.finding.counted() == (1, 3)
        await pressed(pilot, "enter", "enter", "enter", "tab")
        assert screen.finding.counted()[0] == 1
        await wrote(pilot, "bell", "enter")
        assert text_of(screen) == "A bell. The lamp. lamplight\n\n"
        await pressed(pilot, "tab")
        assert text_of(screen) == "A bell. The bell. belllight\n\n"
        await pressed(pilot, "ctrl+z")
        assert text_of(screen) == "A bell. The lamp. lamplight\n\n"
        await pressed(pilot, "ctrl+f", *"/(l)amp/", "tab")
        await wrote(pilot, "$1imp", "tab")
        assert text_of(screen) == "A bell. The limp. limplight\n\n"
        await pressed(pilot, "ctrl+s")
        await wrote(pilot, "With bells", "enter")
        await pressed(pilot, "ctrl+s", "escape")
        await wrote(pilot, "x")
        assert "limpxlight" in text_of(screen)
        assert [key for key in screen.story.tree.properties if "With bells" in key]


async def test_what_is_selected_is_rewritten_and_part_of_it_accepted(tmp_path: Path) -> None:
    text = "The old lamp went out at ten."
    new = "The ancient lamp died at ten."
    async with Sitting(tmp_path, new, new, text=text).sat() as (screen, pilot):
        screen.view.editor.select((0, 0), (0, len(text)))
        await pressed(pilot, "ctrl+r", "enter")
        while screen.panel.choice is None or "change" not in screen.panel.choice.title.lower():
            await pilot.pause(0.01)
        await pressed(pilot, "right", "space", "p")
        assert text_of(screen) == "The ancient lamp went out at ten.\n\n"
        await pressed(pilot, "ctrl+z")
        assert text_of(screen) == f"{text}\n\n"


async def test_a_stop_keeps_what_came_and_meanwhile_nothing_is_typed(tmp_path: Path) -> None:
    async with Sitting(tmp_path, ["It was dark", 60.0]).sat() as (screen, pilot):
        await pilot.press("ctrl+g")
        while "dark" not in screen.view.editor.text.text():
            await pilot.pause(0.01)
        await pilot.press("x")
        assert "Esc stops it" in screen.chat.progress.status.hint
        await pressed(pilot, "escape")
        assert text_of(screen) == WHOLE + "It was dark"
        await pressed(pilot, "ctrl+z")
        assert text_of(screen) == WHOLE


async def test_an_engine_that_is_away_is_told_of_and_changes_nothing(tmp_path: Path) -> None:
    from tests.ui.app.test_pictures import BROKEN

    async with Sitting(tmp_path, [BROKEN]).sat() as (screen, pilot):
        await pressed(pilot, "ctrl+g")
        assert "does not answer" in str(screen.query_one("#note").render())
        assert text_of(screen) == WHOLE
        await wrote(pilot, "x")
        assert not str(screen.query_one("#note").render())


async def test_a_token_costs_its_paragraph_in_a_book(tmp_path: Path) -> None:
    book = "\n".join("The lamp went out at ten and nobody minded." for _ in range(3_000))
    words = [f"{word} " for word in ["and", "so", "it", "went", "on", "for", "a", "while", "until", "morning", "came"]]
    async with Sitting(tmp_path, words, text="").sat() as (screen, pilot):
        screen.take_paste(book)
        screen.view.editor.go((1_500, 43))
        before = screen.view.editor.layout.wrapped
        await pressed(pilot, "ctrl+g")
        assert "until morning came" in text_of(screen)
        shown = screen.view.editor.layout.wrapped - before
        assert shown <= 4 * len(words)
        assert len(screen.query("*")) < 40


async def test_the_story_is_left_for_another_chat_and_nothing_of_it_stays_on_screen(tmp_path: Path) -> None:
    sitting = Sitting(tmp_path)
    async with sitting.sat() as (screen, pilot):
        await wrote(pilot, "More.")
        app = screen.tavern
        app.open_chat(Wishes(character="Wren", new=True))
        await settled(pilot)
        assert app.screen is app.chat
        assert not any(isinstance(shown, StoryScreen) for shown in app.screen_stack)
        assert isinstance(sitting.engine, FakeEngine)
    session = open_session(Workspace.open(dirs=sitting.directories), Wishes(chat=sitting.chat))
    assert [turn.text for turn in session.tree.path()] == [f"{WHOLE}More."]
