"""Reading a card, writing it and reading that again: what holds for every card that is read at all."""

from __future__ import annotations

from dataclasses import replace

from tavern_tui.formats.card import read_card, write_card


def read_write_read(data: bytes) -> None:
    """Raises ``TavernError`` for what is no card, ``AssertionError`` where the card changes on its way."""
    card = read_card(data, where="card", name="stem")
    again = read_card(write_card(card), where="card again", name="stem")
    assert replace(again, source={}) == replace(card, source={})
    assert read_card(write_card(again), name="stem") == again
