"""Books and entries: filters, triggers, outlets, what else is scanned, V2's book settings and Kobold's world info."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tavern_tui.domain.character import CharacterNote
from tavern_tui.domain.lorebook import KeyMatching, Lorebook, LoreEntry, LorePosition, LoreSource
from tavern_tui.domain.persona import Persona
from tavern_tui.domain.template import ContextTemplate
from tavern_tui.prompt.inputs import GenerationKind, LoreSettings, PromptInput
from tavern_tui.prompt.plan import PartState, PromptPlan
from tests.prompt.builders import MIRA, chat, given, plan

TURNS = chat("Come in.", "Is that gold?", "It is.", "And the dragon?")
DRAGON = LoreEntry(uid=1, keys=("dragon",), content="The dragon sleeps.", comment="The dragon")


def lore(*entries: LoreEntry, turns: Any = TURNS, settings: LoreSettings | None = None, **book: Any) -> PromptInput:
    """A prompt of four turns with one book."""
    return given(turns, lorebooks=(Lorebook("Book", entries, **book),), lore=settings or LoreSettings())


def fired(one: PromptInput) -> list[int]:
    """The numbers of the entries that fire, in order."""
    return [found.uid for found in plan(one).fired]


def told(made: PromptPlan, title: str) -> str:
    """What the plan says of an entry that is not in."""
    (part,) = [part for part in made.parts if part.source == f"lore: {title} (Book)" and part.state is not PartState.IN]
    return part.reason


# Filters


@pytest.mark.parametrize(
    ("triggers", "kind", "fires"),
    [
        ((), GenerationKind.NORMAL, True),
        (("normal",), GenerationKind.NORMAL, True),
        (("continue",), GenerationKind.NORMAL, False),
        (("continue", "normal"), GenerationKind.CONTINUE, True),
        (("regenerate",), GenerationKind.SWIPE, True),
        (("swipe",), GenerationKind.SWIPE, True),
        (("impersonate",), GenerationKind.SWIPE, False),
    ],
)
def test_an_entry_fires_for_its_kinds_of_generation(
    triggers: tuple[str, ...], kind: GenerationKind, fires: bool
) -> None:
    one = replace(lore(replace(DRAGON, triggers=triggers)), kind=kind)
    assert fired(one) == ([1] if fires else [])


def test_a_kind_of_generation_that_is_not_meant_is_told() -> None:
    made = plan(lore(replace(DRAGON, triggers=("continue", "swipe"))))
    assert told(made, "The dragon") == "not for this kind of generation: continue, swipe only"


@pytest.mark.parametrize(
    ("tags", "excluded", "fires"),
    [
        (("Sea",), False, True),
        (("desert",), False, False),
        (("sea",), True, False),
        (("desert",), True, True),
        (("0b6f1a4e-36d1-4a55-9c2f-9f0c5d0e7c11",), False, True),
    ],
)
def test_a_filter_by_tags_goes_by_the_cards_tags(tags: tuple[str, ...], excluded: bool, fires: bool) -> None:
    one = lore(replace(DRAGON, tags=tags, except_characters=excluded))
    assert fired(replace(one, character=replace(MIRA, tags=("sea", "keeper")))) == ([1] if fires else [])
    assert fired(one) == [1]


def test_a_delay_counts_turns_however_far_back() -> None:
    turns = chat(*(f"Turn {at}." for at in range(1_500)), "The dragon!")
    assert fired(lore(replace(DRAGON, delay=1_501), turns=turns)) == [1]
    assert fired(lore(replace(DRAGON, delay=1_502), turns=turns)) == []


# Places


def test_outlets_go_where_a_template_asks_for_them_the_highest_order_first() -> None:
    entries = [
        LoreEntry(uid=at, constant=True, content=f"Fact {at}.", order=at, position=LorePosition.OUTLET, outlet="map")
        for at in (1, 2)
    ]
    story = ContextTemplate(name="own", story_string="[{{outlet::map}}][{{outlet::other}}]")
    one = replace(lore(*entries), context=story)
    assert "[Fact 2.\nFact 1.][]" in plan(one).text


def test_an_outlet_nobody_asks_for_is_nowhere() -> None:
    entry = LoreEntry(constant=True, content="Unseen.", position=LorePosition.OUTLET, outlet="map")
    made = plan(lore(entry))
    assert len(made.fired) == 1
    assert "Unseen." not in made.text


# The budget


def test_an_entry_that_ignores_the_budget_neither_pays_nor_stops_at_it() -> None:
    free = LoreEntry(uid=7, constant=True, order=1, content="free " * 30, ignore_budget=True)
    long = LoreEntry(uid=8, constant=True, order=9, content="long " * 30)
    short = LoreEntry(uid=9, constant=True, order=5, content="short")
    assert fired(lore(free, long, short, settings=LoreSettings(budget_cap=20))) == [7]
    assert fired(lore(free, short, settings=LoreSettings(budget_cap=20))) == [9, 7]


def test_of_a_book_with_a_budget_the_lowest_priority_is_left_out_first() -> None:
    first = LoreEntry(uid=1, constant=True, order=90, priority=1, content="one two three")
    second = LoreEntry(uid=2, constant=True, order=10, priority=5, content="four five six")
    assert fired(lore(first, second, token_budget=5)) == [2]
    assert fired(lore(first, second, token_budget=5, settings=LoreSettings(book_settings=False))) == [1, 2]
    assert "one two three" in plan(lore(first, second)).text


# What is scanned


@pytest.mark.parametrize(
    ("source", "change"),
    [
        (LoreSource.PERSONA, {"persona": Persona("Tom", "Tom met a dragon.")}),
        (LoreSource.DESCRIPTION, {"character": replace(MIRA, description="A dragon.")}),
        (LoreSource.PERSONALITY, {"character": replace(MIRA, personality="like a dragon")}),
        (LoreSource.SCENARIO, {"character": replace(MIRA, scenario="Under a dragon.")}),
        (LoreSource.CREATOR_NOTES, {"character": replace(MIRA, creator_notes="Dragon.")}),
        (LoreSource.CHARACTER_NOTE, {"character": replace(MIRA, note=CharacterNote("Mind the dragon."))}),
    ],
)
def test_an_entry_sees_the_texts_that_it_asks_for(source: LoreSource, change: dict[str, Any]) -> None:
    turns = chat("Come in.", "Hm.")
    blind = replace(lore(DRAGON, turns=turns), **change)
    seeing = replace(lore(replace(DRAGON, also_scans=(source,)), turns=turns), **change)
    assert fired(blind) == []
    assert fired(seeing) == [1]


def test_a_persona_s_book_comes_after_the_chats() -> None:
    books = [Lorebook(name, (LoreEntry(constant=True, content=name),)) for name in ("Chat", "Persona", "Card")]
    one = given(TURNS, chat_lorebooks=(books[0],), persona_lorebooks=(books[1],), lorebooks=(books[2],))
    assert [found.book for found in plan(one).fired] == ["Chat", "Persona", "Card"]


# V2 and V3


def test_a_book_that_wants_recursion_has_it_and_the_others_do_not() -> None:
    first = LoreEntry(uid=1, keys=("dragon",), content="A hoard of coins.")
    second = LoreEntry(uid=2, keys=("hoard",), content="Coins.")
    settings = LoreSettings(recursive=False)
    assert fired(lore(first, second, settings=settings)) == [1]
    own = Lorebook("Own", (first, second), recursive_scanning=True)
    other = Lorebook("Other", (replace(second, uid=3),))
    assert fired(given(TURNS, lorebooks=(own, other), lore=settings)) == [1, 2]


def test_with_use_regex_every_key_is_a_pattern() -> None:
    entry = LoreEntry(uid=1, keys=("drag(on|net)",), secondary_keys=("whale",), content="x", use_regex=True)
    assert fired(lore(entry)) == [1]
    assert fired(lore(replace(entry, keys=("Drag(on|net)",), case_sensitive=True))) == []
    assert fired(lore(replace(entry, keys=("nothing",), constant=True))) == []
    assert fired(lore(replace(entry, keys=("/DRAGON/i",), case_sensitive=True))) == [1]


def test_a_card_books_own_name_for_an_entry_is_its_title() -> None:
    entry = LoreEntry(keys=("dragon",), content="x", extra={"name": "Smoke"})
    assert plan(lore(entry)).fired[0].title == "Smoke"


# Kobold


def kobold(*entries: LoreEntry, **changes: Any) -> PromptInput:
    """The same prompt with a book of Kobold's."""
    return lore(*entries, matching=KeyMatching.KOBOLD, **changes)


def test_kobolds_keys_are_substrings_of_the_whole_story() -> None:
    entry = LoreEntry(uid=1, keys=("GOL",), content="x")
    assert fired(kobold(entry)) == [1]
    assert fired(lore(entry)) == []
    assert fired(kobold(replace(entry, case_sensitive=True))) == []
    old = chat("A whale.", *("Hm." for _ in range(30)))
    assert fired(kobold(replace(entry, keys=("whale",)), turns=old)) == [1]
    assert fired(kobold(replace(entry, keys=("/gold/",)))) == []


def test_kobold_looks_no_further_than_so_many_characters() -> None:
    entry = LoreEntry(uid=1, keys=("gold",), content="x")
    assert fired(kobold(entry, search_characters=60)) == [1]
    assert fired(kobold(entry, search_characters=20)) == []
    assert fired(kobold(replace(entry, keys=("dragon",)), search_characters=20)) == [1]


def test_kobolds_selective_entries_want_a_second_key_and_none_of_those_against() -> None:
    entry = LoreEntry(uid=1, keys=("dragon",), secondary_keys=("gold", "silver"), content="x")
    assert fired(kobold(entry)) == [1]
    assert fired(kobold(replace(entry, secondary_keys=("silver",)))) == []
    assert fired(kobold(replace(entry, exclude_keys=("come in",)))) == []
    assert fired(kobold(replace(entry, secondary_keys=(), exclude_keys=("whale",)))) == [1]
    loose = replace(entry, secondary_keys=("silver",), exclude_keys=("gold",), selective=False)
    assert fired(kobold(loose)) == [1]


def test_kobold_knows_no_recursion() -> None:
    first = LoreEntry(uid=1, keys=("dragon",), content="A hoard.")
    second = LoreEntry(uid=2, keys=("hoard",), content="Coins.")
    assert fired(kobold(first, second)) == [1]
    assert fired(kobold(first, second, recursive_scanning=True)) == [1]


def test_an_entry_that_is_refused_for_a_key_against_it_says_so() -> None:
    entry = LoreEntry(keys=("dragon",), exclude_keys=("gold",), content="x", comment="D")
    assert told(plan(kobold(entry)), "D") == "key *dragon* stands there, but so does *gold*"
