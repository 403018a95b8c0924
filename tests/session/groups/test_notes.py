"""The notes of a group's chat: one on each member who has a card."""

from __future__ import annotations

from tavern_tui.domain.beside_card import NOTHING_BESIDE, BesideCard
from tavern_tui.session.character_notes import notes_of
from tests.session.groups.conftest import Begin


def test_every_member_with_a_card_has_a_note_in_the_order_of_the_group(begin: Begin) -> None:
    kept = {"Wren": BesideCard("Wren is cold."), "Bess": BesideCard("Not of this group.")}
    notes = notes_of(begin(gone=("Tom",), beside_cards=kept))
    assert notes.own == (("Mira", NOTHING_BESIDE), ("Wren", BesideCard("Wren is cold.")))
