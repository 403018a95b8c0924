"""What holds for every card that is read at all: written and read again it is the same card, in each kind of file."""

from __future__ import annotations

from dataclasses import replace

from tavern_tui.domain.character import Character
from tavern_tui.formats.card import CardFile, Container, read_card, read_card_file, write_card, write_card_file
from tavern_tui.formats.card_export import portrait, stored_assets, to_charx, to_json, to_png
from tavern_tui.formats.repair import repaired
from tavern_tui.session.card_form import form_of, read_form

MARK = "Changed by a test."


def acting(character: Character) -> Character:
    """``character`` without what is only kept: where it came from, and how its lore entries were written there."""
    book = character.lorebook
    if book is not None:
        book = replace(book, extra={}, entries=tuple(replace(entry, extra={}) for entry in book.entries))
    return replace(character, lorebook=book, source={})


def read_write_read(data: bytes) -> None:
    """Raises ``TavernError`` for what is no card, ``AssertionError`` where the card changes on its way."""
    card = read_card(data, where="card", name="stem")
    again = read_card(write_card(card), where="card again", name="stem")
    assert acting(again) == acting(card)
    assert read_card(write_card(again), name="stem") == again


def repair_and_read(data: bytes) -> None:
    """As ``read_write_read``, for what is made of ``data``: it is sound, and repairing it again changes nothing."""
    sound, remarks = repaired(data, where="card")
    assert (sound == data) == (not remarks)
    assert repaired(sound, where="card") == (sound, ())
    read_write_read(sound)


def change_and_read(data: bytes) -> None:
    """As ``read_write_read``, for a changed card in its own file."""
    file = read_card_file(data, where="card", name="stem")
    assert write_card_file(file, file.character) == data
    if file.container.writable:
        changed = replace(file.character, description=MARK)
        again = read_card_file(write_card_file(file, changed), name="stem")
        assert acting(again.character) == acting(changed)
        assert again.container is file.container
        assert stored_assets(again) == stored_assets(file)


def export_and_read(data: bytes) -> None:
    """As ``read_write_read``, for every other kind of file and for the form."""
    file = read_card_file(data, where="card", name="stem")
    for container, export in ((Container.JSON, to_json), (Container.PNG, to_png), (Container.CHARX, to_charx)):
        exported: CardFile = read_card_file(export(file)[0], where="exported")
        assert exported.container is container
        assert replace(acting(exported.character), assets=()) == replace(acting(file.character), assets=())
    assert read_form(form_of(file.character), file.character) is file.character
    portrait(file)
