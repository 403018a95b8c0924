"""The list of a lorebook's entries: found, picked out, sorted, summed up."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tavern_tui.domain.lorebook import Lorebook, LoreEntry, LorePosition
from tavern_tui.session.lore_listing import EntryList, LoreNow, Mode, Only, Sort

BOOK = Lorebook(
    "Coast",
    (
        LoreEntry(uid=1, keys=("lamp",), comment="Lantern", content="A lamp of brass. " * 20, order=5),
        LoreEntry(uid=2, keys=("Lamp ", "oil"), comment="Oil", content="It burns.", enabled=False),
        LoreEntry(uid=3, comment="Always", content="It rains.", constant=True, position=LorePosition.AT_DEPTH, depth=2),
        LoreEntry(uid=4, comment="Nobody", content="@@depth 3\nUnseen."),
        LoreEntry(uid=5, keys=("/a(/",), comment="Broken", content="Sunk.", order=300),
    ),
)


def listed(turns: Mapping[str, int] | None = None, now: LoreNow | None = None) -> EntryList:
    """The list, with what the chat says."""
    made = EntryList(BOOK, turns)
    made.know(now)
    made.check()
    return made


def uids(made: EntryList, *how: object) -> list[int]:
    """The numbers of what is shown."""
    return [row.entry.uid for row in made.shown(*how)]  # type: ignore[arg-type]


@pytest.mark.parametrize(("words", "found"), [("LAMP", [1, 2]), ("lamp brass", [1]), ("always", [3]), ("zzz", [])])
def test_every_word_is_looked_for_in_title_keys_and_text(words: str, found: list[int]) -> None:
    assert uids(listed(), words) == found


@pytest.mark.parametrize(
    ("only", "found"),
    [
        (Only.ALL, [1, 2, 3, 4, 5]),
        (Only.FIRED_NOW, [3]),
        (Only.NEVER_FIRED, [2, 4, 5]),
        (Only.NO_KEYS, [4]),
        (Only.BROKEN, [5]),
        (Only.DUPLICATE, [1, 2]),
        (Only.OVER_BUDGET, [1, 2]),
    ],
)
def test_entries_are_picked_out(only: Only, found: list[int]) -> None:
    now = LoreNow(fired={3: 4}, cut=frozenset({2}), budget=50)
    assert uids(listed(turns={"Lantern": 7}, now=now), "", only) == found


def test_they_are_sorted_and_those_that_fired_last_come_first() -> None:
    made = listed(turns={"Lantern": 7, "Oil": 9}, now=LoreNow(fired={3: 4}))
    assert uids(made, "", Only.ALL, Sort.FIRED)[:3] == [3, 2, 1]
    assert uids(made, "", Only.ALL, Sort.ORDER)[0] == 5
    assert uids(made, "", Only.ALL, Sort.TITLE)[0] == 3
    assert uids(made, "", Only.ALL, Sort.TOKENS)[0] == 1
    assert uids(made, "", Only.ALL, Sort.PLACE)[-1] == 3


def test_the_header_says_what_is_always_in_and_what_fires_now() -> None:
    made = listed(now=LoreNow(fired={3: 4, 1: 60}, budget=512))
    assert made.header() == ["5 entries", "1 constant = ~3 tokens", "2 fired now = 64 of 512"]
    made.count({"It rains.": 5})
    assert made.header()[1] == "1 constant = 5 tokens"


def test_what_lets_an_entry_fire_is_told() -> None:
    modes = {row.entry.uid: row.mode for row in listed().rows}
    assert modes == {1: Mode.KEYS, 2: Mode.KEYS, 3: Mode.CONSTANT, 4: Mode.NEITHER, 5: Mode.KEYS}


def test_a_changed_book_is_read_anew() -> None:
    made = listed()
    made.take(Lorebook("Coast", (LoreEntry(uid=5, keys=("a",), comment="Mended"),)))
    made.check()
    assert [(row.title, row.problem) for row in made.rows] == [("Mended", "")]


def test_it_is_said_why_an_entry_fires_or_does_not() -> None:
    made = listed()
    assert [made.why(row) for row in made.rows[:4]] == [""] * 4, "nothing is known of a prompt"
    made.know(LoreNow(fired={3: 4}, reasons={3: "constant"}))
    assert [made.why(row) for row in made.rows[:4]] == [
        "None of its keys is in what is searched.",
        "It is switched off.",
        "constant",
        "It has no keys: nothing lets it fire.",
    ]
    made.check()
    assert made.why(made.rows[4]).startswith("/a(/: The pattern cannot be used")
