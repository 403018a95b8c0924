"""What lasts of lore from one prompt to the next, where the chat came from another program."""

from __future__ import annotations

import pytest

from tavern_tui.domain.lorebook import LoreEntry
from tavern_tui.prompt.plan import LoreEffect, LoreState
from tests.prompt.test_lore_vectors import before, prompt

ENTRY = LoreEntry(uid=0, keys=("lantern",), content="It is lit.", sticky=5)


@pytest.mark.parametrize(("mark", "stands"), [("", True), ("other", False)], ids=["no mark", "another entry's"])
def test_an_effect_without_a_mark_fits_the_entry_whatever_it_is(mark: str, stands: bool) -> None:
    state = LoreState((LoreEffect(True, "Book", 0, mark, start=2, end=9),))
    assert before(prompt(ENTRY, turns=("a", "b", "c", "d"), state=state)) == (["It is lit."] if stands else [])
