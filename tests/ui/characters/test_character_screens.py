"""The character screen: fields with tokens, writing, greetings, $EDITOR, undo; and how it looks."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tavern_tui.config.paths import Directories, shipped
from tavern_tui.domain.beside_card import BesideCard, NoteUse
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.cards import new_card
from tavern_tui.session.character_editing import CardPreview, OpenCard, PromptPart
from tavern_tui.session.portraits import portrait
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.characters.commands import preview_lines
from tavern_tui.ui.characters.desk import CardDesk, CardTools
from tavern_tui.ui.characters.library import CardShelf
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.editor import Edited
from tavern_tui.ui.lore.ask import AskLine
from tavern_tui.ui.screens.character import CharacterScreen
from tavern_tui.ui.screens.character_field import field_rows, text_lines
from tavern_tui.ui.screens.row_choice import RowChoice
from tavern_tui.ui.screens.text_page import TextPage
from tavern_tui.ui.widgets.row_list import RowList
from tests.hostile import HOSTILE
from tests.ui.characters.looks import pictured
from tests.ui.screens.app import until
from tests.ui.themed import LOOKS, ThemedApp

FIELDS = {
    "description": "{{char}} is the smith of Lower Ford. She likes {{usr}} and {{user}}, in this order.",
    "personality": "Calm, slow to laugh.",
    "greeting": "Come in, and shut the door.",
    "greetings": '["Who sent you?"]',
    "tags": "forge, night",
    "creator": "Ida",
    "note": "She limps.",
    "extensions.mine": "kept",
}
PARTS = CardPreview(
    (PromptPart("description", "the card's description", 12, "Mira is the smith.", ""),), 12, 2048, True
)


@dataclass
class Forge:
    """A library with a card; ``edited`` is what $EDITOR makes of the texts that it is given, in turn."""

    workspace: Workspace
    edited: list[str] = field(default_factory=list)
    given: list[str] = field(default_factory=list)

    def card(self) -> OpenCard:
        """The card as it is on disk."""
        return OpenCard(self.workspace, self.workspace.character("Mira")[1])

    def desk(self) -> CardDesk:
        """The card on a desk."""

        async def count(texts: Sequence[str]) -> dict[str, int]:
            return {text: len(text.split()) for text in texts}

        @asynccontextmanager
        async def editor(text: str) -> AsyncIterator[Edited]:
            self.given.append(text)
            after = self.edited.pop(0)
            yield Edited(after, after != text)

        async def seen() -> CardPreview:
            return PARTS

        tools = CardTools(
            count=count,
            context=lambda: 8192,
            editor=editor,
            preview=seen,
            books=lambda: ["Harbour"],
            portrait=lambda columns, lines: portrait(shipped("cards") / "Wren.png", columns, lines),
            shelf=CardShelf(self.workspace),
        )
        return CardDesk(self.card(), tools)


@pytest.fixture
def forge(tmp_path: Path) -> Forge:
    """The library."""
    made = Workspace.open(dirs=Directories(tmp_path, tmp_path / "config", tmp_path / "state", tmp_path / "cache"))
    new_card(made, "Mira", FIELDS)
    made.chats.create("The third night", ("Mira",), "Alex")
    return Forge(made)


def said(screen: CharacterScreen, name: str) -> str:
    """What a part of the screen says."""
    return str(screen.query_one(f"#{name}", Static).render())


def select(screen: CharacterScreen, title: str) -> None:
    """Select the row with that title."""
    rows = screen.query_one(RowList)
    rows.select([row.title for row in rows.rows].index(title))


async def shown(pilot: Pilot[object], forge: Forge) -> CharacterScreen:
    """The card on screen, counted."""
    screen = CharacterScreen(forge.desk())
    await pilot.app.push_screen(screen)
    await until(pilot, lambda: "~" not in said(screen, "sums"))
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
def test_what_others_wrote_is_shown_mark_for_mark(forge: Forge, glyphs: Glyphs) -> None:
    hostile = "\n".join(HOSTILE.values())
    desk = forge.desk()
    desk.card.change("hostile", lambda one: desk.fields()[7].made(one, hostile))
    texts = [part for row in field_rows(desk, glyphs) for part in (row.title, row.right, row.detail)]
    texts += [line.plain for line in text_lines(hostile, glyphs)(40)]
    texts += [
        line.plain for line in preview_lines(CardPreview((PromptPart(hostile, hostile, 1, hostile),), 1, 9, False))(60)
    ]
    assert not any(ord(character) < 32 or character in "\x7f\x9b\u202e" for text in texts for character in text)


async def test_a_card_is_read_and_written(forge: Forge) -> None:
    async with ThemedApp([], *LOOKS[""]).run_test(size=(120, 40)) as pilot:
        screen = await shown(pilot, forge)
        assert said(screen, "sums").startswith("19 of 8,192 tokens in every prompt · used in “The third night”")
        select(screen, "Description")
        await pictured(pilot, "card")

        await pilot.press("enter", *" Ho.")
        assert screen.pane.writing
        await until(pilot, lambda: "20 of 8,192" in said(screen, "sums"))
        await pictured(pilot, "writing")
        forge.edited = ["A smith of {{user}}'s."]
        await pilot.press("ctrl+o")
        await until(pilot, lambda: screen.pane.written == "A smith of {{user}}'s.")
        await pilot.press("escape")
        await until(pilot, lambda: not screen.pane.writing)
        assert said(screen, "told") == "Saved: description."
        assert forge.card().character.description == "A smith of {{user}}'s."
        await pilot.press("u")
        await until(pilot, lambda: "Taken back: description." in said(screen, "told"))
        assert forge.card().character.description == FIELDS["description"]

        select(screen, "Depth")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskLine))
        await pilot.press("backspace", "x", "enter")
        assert "is no depth" in str(pilot.app.screen.query_one("#problem", Static).render())
        await pilot.press("backspace", "7", "enter")
        await until(pilot, lambda: forge.card().character.note.depth == 7)

        select(screen, "Your note")
        await pilot.press("enter", *"Tired.", "escape")
        await until(pilot, lambda: said(screen, "told") == "Saved: your note.")
        select(screen, "Read")
        await pilot.press("right")
        await until(pilot, lambda: forge.card().beside == BesideCard("Tired.", NoteUse.BEFORE))

        select(screen, "Linked lorebook")
        await pilot.press("enter")
        await choose(pilot, "Harbour")
        await until(pilot, lambda: "linked lorebook" in said(screen, "told"))
        await pilot.press("p")
        await until(pilot, lambda: isinstance(pilot.app.screen, TextPage))
        await pilot.press("escape", "asterisk")
        await until(pilot, lambda: forge.card().character.favourite)


async def test_greetings_the_whole_card_and_its_copy(forge: Forge) -> None:
    async with ThemedApp([], *LOOKS[""]).run_test(size=(80, 24)) as pilot:
        screen = await shown(pilot, forge)
        await pilot.press("n")
        await until(pilot, lambda: screen.pane.writing)
        await pilot.press(*"Go away.", "escape")
        await until(pilot, lambda: forge.card().character.alternate_greetings == ("Who sent you?", "Go away."))
        await until(pilot, lambda: screen.field is not None and screen.field.title == "Greeting 3")
        await pilot.press("K")
        await until(pilot, lambda: forge.card().character.alternate_greetings == ("Go away.", "Who sent you?"))
        await until(pilot, lambda: screen.field is not None and screen.field.title == "Greeting 2")
        await pilot.press("x")
        await until(pilot, lambda: forge.card().character.alternate_greetings == ("Who sent you?",))

        whole = screen.desk.whole()
        forge.edited = [
            whole.replace("# Scenario", "# Scenaro"),
            whole.replace("# Scenario\n", "# Scenario\n\nA ford.\n"),
        ]
        await pilot.press("O")
        await choose(pilot, "Edit it again")
        await until(pilot, lambda: forge.card().character.scenario == "A ford.")
        assert "# Scenaro" in forge.given[1]

        await pilot.press("P")
        await until(pilot, lambda: isinstance(pilot.app.screen, AskLine))
        await pilot.press(*"/no such", "enter")
        await until(pilot, lambda: "no such" in str(pilot.app.screen.query_one("#help", Static).render()))
        await pilot.press("escape")
        await until(pilot, lambda: pilot.app.screen is screen)
        await pilot.press("m")
        await choose(pilot, "Duplicate this character")
        await until(pilot, lambda: pilot.app.screen is not screen)
        assert forge.workspace.character("Mira 2")[0].scenario == "A ford."


def test_a_card_that_is_deleted_lies_in_the_trash(forge: Forge) -> None:
    shelf, path = CardShelf(forge.workspace), forge.card().path
    target = forge.workspace.directories.data / "out.png"
    assert "Written" in shelf.export(path, str(target))
    assert target.read_bytes().startswith(b"\x89PNG")
    assert "B on any card brings it back" in shelf.delete(path)
    with pytest.raises(TavernError):
        forge.card()
    (deleted,) = shelf.deleted()
    assert (deleted.name, shelf.restore(deleted), shelf.deleted()) == ("Mira", path, [])
    assert forge.card().character.name == "Mira"
    assert shelf.new("Nils").is_file()
