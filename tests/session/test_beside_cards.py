"""What is kept of a character beside its card: changed, taken back, read by an open chat, and shown."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tavern_tui.domain.beside_card import NOTHING_BESIDE, BesideCard, NoteUse
from tavern_tui.domain.errors import SettingsError, StorageError
from tavern_tui.session.beside_cards import beside_fields, beside_of, change_beside, typed_beside
from tavern_tui.session.character_editing import OpenCard
from tavern_tui.session.workspace import Workspace


@pytest.fixture
def workspace(tavern_home: Path) -> Workspace:
    """A library with one card, Mira, and a lorebook, Docks."""
    for name, data in (
        ("characters/mira.json", {"name": "Mira", "description": "She ferries.", "first_mes": "Hm?"}),
        ("worlds/Docks.json", {"entries": {"0": {"uid": 0, "key": ["rope"], "content": "Wet."}}}),
    ):
        (tavern_home / name).parent.mkdir(exist_ok=True)
        (tavern_home / name).write_text(json.dumps(data))
    return Workspace.open()


@pytest.fixture
def card(workspace: Workspace) -> OpenCard:
    """Mira's card, open."""
    return OpenCard(workspace, workspace.directories.characters / "mira.json")


def typed(card: OpenCard, id: str, text: str) -> bool:
    """Whether writing a text in a field changed anything."""
    return card.change_beside(id, typed_beside(id, text))


def test_a_note_of_ones_own_is_kept_beside_the_card_and_the_card_stays(card: OpenCard, workspace: Workspace) -> None:
    before = card.path.read_bytes()
    assert typed(card, "own.note", "She is tired.")
    assert typed(card, "own.use", "before the chat's")
    assert not typed(card, "own.use", "before")
    assert beside_of(workspace, "Mira") == BesideCard("She is tired.", NoteUse.BEFORE) == card.beside
    assert card.path.read_bytes() == before


def test_what_was_written_is_what_the_fields_say(card: OpenCard) -> None:
    typed(card, "own.note", "She is tired.")
    typed(card, "own.books", "Docks; The Long Survey;; Docks")
    said = [field.said(card.character) for field in beside_fields(card.beside)]
    assert said == ["She is tired.", "in place of the chat's", "Docks; The Long Survey"]


def test_books_that_are_not_there_are_told_and_kept(card: OpenCard) -> None:
    typed(card, "own.books", "docks; Elsewhere")
    assert card.notes == ["Not in the library yet: Elsewhere."]
    assert card.beside.books == ("docks", "Elsewhere")


def test_a_change_is_taken_back_in_its_turn_among_those_of_the_card(card: OpenCard, workspace: Workspace) -> None:
    typed(card, "own.note", "First.")
    typed(card, "own.note", "Second.")
    assert [card.undo(), card.beside.note] == ["own.note", "First."]
    assert [OpenCard(workspace, card.path).undo(), beside_of(workspace, "Mira")] == ["own.note", NOTHING_BESIDE]


def test_taking_back_leaves_other_fields_and_refuses_one_that_changed_since(
    card: OpenCard, workspace: Workspace
) -> None:
    typed(card, "own.note", "Mine.")
    change_beside(workspace, "Mira", {"own.books": "Docks"})
    card.undo()
    assert beside_of(workspace, "Mira") == BesideCard(books=("Docks",))
    typed(card, "own.note", "Mine again.")
    change_beside(workspace, "Mira", {"own.note": "Another terminal's."})
    with pytest.raises(StorageError, match="changed by something else"):
        card.undo()
    assert beside_of(workspace, "Mira").note == "Another terminal's."


@pytest.mark.parametrize(("field", "text"), [("own.use", "sideways"), ("own.colour", "red")])
def test_what_cannot_be_is_refused_before_anything_is_changed(field: str, text: str, workspace: Workspace) -> None:
    with pytest.raises(SettingsError):
        change_beside(workspace, "Mira", {"own.note": "Kept?", field: text})
    assert beside_of(workspace, "Mira") == NOTHING_BESIDE
