"""What was written on a page, or in $EDITOR, is not lost where the disk refuses it or no editor is there."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tavern_tui.session.author_note import note_of
from tavern_tui.ui.composer.area import FoldedArea
from tavern_tui.ui.screens.author_note import AuthorNoteScreen
from tavern_tui.ui.screens.lore_entry import EntryText
from tavern_tui.ui.screens.persona import PersonaScreen
from tavern_tui.ui.screens.personas import PersonasScreen
from tavern_tui.ui.screens.row_choice import RowChoice
from tavern_tui.ui.widgets.row_list import RowList
from tests.ui.app.evening import Evening, hint, settled, typed
from tests.ui.screens.app import until


def note(pilot: Pilot[int]) -> str:
    """What the page says below its list or text."""
    return str(pilot.app.screen.query_one("#note", Static).render())


def barred(folder: Path) -> Callable[[], None]:
    """Let nothing be written to ``folder`` until what is returned is called."""
    away = folder.with_name(f"{folder.name}-away")
    folder.rename(away)
    folder.write_bytes(b"")

    def opened() -> None:
        folder.unlink()
        away.rename(folder)

    return opened


async def test_a_description_that_is_refused_is_written_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("VISUAL", "no-such-editor")
    evening = Evening(tmp_path)
    async with evening.begun() as (app, pilot):
        await typed(pilot, "/personas", "enter")
        await until(
            pilot, lambda: isinstance(app.screen, PersonasScreen) and len(app.screen.query_one(RowList).rows) > 1
        )
        await pilot.press("n", *"Ash", "enter")
        await until(pilot, lambda: "Ash" in [row.title for row in app.screen.query_one(RowList).rows])
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, PersonaScreen))
        await until(pilot, lambda: "tokens" in app.screen.query_one(RowList).rows[2].right)
        await pilot.press("down", "down", "o")
        await until(pilot, lambda: "$VISUAL names no-such-editor" in note(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, EntryText))
        await pilot.press(*"Tall.", "ctrl+o")
        await until(pilot, lambda: "$VISUAL names no-such-editor" in note(pilot))

        allow = barred(evening.directories.personas)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RowChoice))
        assert "Nothing is changed yet." in str(app.screen.query_one("#question", Static).render())
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, EntryText))
        assert app.screen.query_one(FoldedArea).full_text == "Tall."
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RowChoice))
        await pilot.press("down", "enter")
        await until(pilot, lambda: isinstance(app.screen, PersonaScreen) and "personas" in note(pilot))

        editor = tmp_path / "editor"
        editor.write_text('#!/bin/sh\nprintf "Tall, and quick." > "$1"\n')
        editor.chmod(0o755)
        monkeypatch.setenv("VISUAL", str(editor))
        await pilot.press("o")
        await until(pilot, lambda: "What you wrote is kept in" in note(pilot))
        [kept] = tmp_path.glob("tavern-tui-*/persona.md")
        assert kept.read_text() == "Tall, and quick."
        allow()
        await pilot.press("o")
        await until(pilot, lambda: "Saved: description." in note(pilot))
        assert list(tmp_path.glob("tavern-tui-*/persona.md")) == [kept]

        evening.directories.worlds.mkdir(exist_ok=True)
        barred(evening.directories.worlds)
        rows = app.screen.query_one(RowList)
        rows.select([row.title for row in rows.rows].index("Lorebook"))
        await pilot.press("enter")
        await until(pilot, lambda: "worlds" in note(pilot))


async def test_an_authors_note_that_is_refused_is_written_on(tmp_path: Path) -> None:
    evening = Evening(tmp_path, "She nods.")
    async with evening.begun() as (app, pilot):
        await typed(pilot, "Hello", "enter")
        await pilot.press("ctrl+n")
        await until(pilot, lambda: isinstance(app.screen, AuthorNoteScreen))
        await pilot.press(*"Fog.")
        allow = barred(app.chat.open_session.log.path.parent)
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(app.screen, RowChoice))
        allow()
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(app.screen, AuthorNoteScreen))
        await pilot.press("escape")
        await until(pilot, lambda: app.chat.is_current)
        await settled(pilot)
        assert note_of(app.chat.open_session.tree).text == "Fog."
        assert hint(app).startswith("The author's note is kept")
