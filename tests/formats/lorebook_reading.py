"""Reading a lorebook for the fuzz driver: whatever is read can be written for every program and read again."""

from __future__ import annotations

from tavern_tui.domain.lorebook import Lorebook
from tavern_tui.formats.lorebook import read_lorebook, write_lorebook
from tavern_tui.formats.lorebook_exchange import TARGETS, read_any_lorebook, write_lorebook_as


def read_write_read(data: bytes) -> Lorebook:
    """The book in ``data``; its way into a world file and back changes nothing."""
    book, _ = read_any_lorebook(data, "stem")
    assert read_lorebook(write_lorebook(book)) == book
    for target in TARGETS:
        if book.entries:
            again, _ = read_any_lorebook(write_lorebook_as(book, target)[0], "stem")
            assert len(again.entries) == len(book.entries)
    return book
