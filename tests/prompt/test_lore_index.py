"""The index of a prompt's books: whatever it leaves out would not have fired, and what it costs."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import settings
from hypothesis import strategies as st

from tavern_tui.domain.lorebook import Lorebook, LoreEntry, LorePosition, LoreSource, SelectiveLogic
from tavern_tui.prompt.assemble import assemble, drive
from tavern_tui.prompt.counting import Counts
from tavern_tui.prompt.inputs import Injection, LoreSettings, Policy, PromptInput
from tavern_tui.prompt.lore import LoreScan
from tavern_tui.prompt.lore_index import KeyTable, LoreCache, LoreIndex
from tavern_tui.prompt.lore_keys import ASCII_WORD, WORD, Haystack, KeySearch
from tavern_tui.prompt.lore_outcome import Lore
from tavern_tui.prompt.lore_patterns import Patterns
from tavern_tui.prompt.story import tell
from tests.prompt.builders import MIRA, Visited, chat, count, given

MARKS = "abAB éßİΣς_-'.,/ 1竜ก\n"
TEXTS = st.text(MARKS, max_size=40)
KEYS = st.one_of(
    st.text(MARKS, max_size=5),
    st.sampled_from(
        ["ab", "AB", "a b", "b, a", "é", "竜", "/ab/", "/b$/i", "{{user}}", "<USER>", " ", "", "a\x01b", "A_b"]
    ),
)
KEY_LISTS = st.lists(KEYS, max_size=3).map(tuple)
OPINION = st.none() | st.booleans()
ENTRIES = st.builds(
    LoreEntry,
    keys=KEY_LISTS,
    secondary_keys=st.lists(KEYS, max_size=2).map(tuple),
    content=TEXTS | st.sampled_from(["@@activate\nab", "@@exclude_keys a\nab ab", "ab {{hidden_key:AB}}", "Tom"]),
    enabled=st.sampled_from([True, True, True, False]),
    constant=st.sampled_from([False, False, False, True]),
    selective=st.booleans(),
    selective_logic=st.sampled_from(SelectiveLogic),
    order=st.integers(-2, 2),
    position=st.sampled_from(LorePosition),
    scan_depth=st.none() | st.integers(0, 6),
    case_sensitive=OPINION,
    match_whole_words=OPINION,
    group=st.sampled_from(["", "", "", "g"]),
    exclude_recursion=st.booleans(),
    prevent_recursion=st.booleans(),
    delay_until_recursion=st.integers(0, 2),
    also_scans=st.lists(st.sampled_from(LoreSource), max_size=2, unique=True).map(tuple),
    use_regex=st.sampled_from([False, False, False, True]),
)
HOW = st.builds(
    LoreSettings,
    scan_depth=st.integers(0, 4),
    include_names=st.booleans(),
    recursive=st.booleans(),
    case_sensitive=st.booleans(),
    match_whole_words=st.booleans(),
    min_activations=st.integers(0, 4),
    max_recursion_steps=st.integers(0, 3),
    book_settings=st.booleans(),
)


def numbered(entries: Iterable[LoreEntry]) -> tuple[LoreEntry, ...]:
    """The entries with numbers of their own."""
    return tuple(replace(entry, uid=at) for at, entry in enumerate(entries))


def settled(scan: LoreScan) -> Lore:
    """What fires once everything is counted."""
    counts = Counts()
    while (lore := scan.run(counts)).unknown:
        counts |= dict(zip(lore.unknown, count(lore.unknown), strict=True))
    return lore


def judging_all(one: PromptInput) -> LoreScan:
    """A scan that looks at every entry in every pass."""
    scan = LoreScan(replace(one, lore_cache=None), tell(one))
    scan.index.always = list(range(len(scan.entries)))
    return scan


@settings(max_examples=60, deadline=None)
@examples(st.lists(ENTRIES, max_size=5), st.lists(TEXTS, min_size=1, max_size=5), TEXTS, HOW, st.sampled_from(Policy))
def test_what_fires_is_what_fires_when_every_entry_is_looked_at(
    entries: list[LoreEntry], texts: list[str], note: str, how: LoreSettings, policy: Policy
) -> None:
    one = given(
        chat(*texts),
        lorebooks=(Lorebook("Book", numbered(entries), scan_depth=None),),
        injections=(Injection(note, scan=True),),
        lore=how,
        policy=policy,
    )
    indexed, plain = settled(LoreScan(one, tell(one))), settled(judging_all(one))
    assert [(found.one.entry.uid, found.reason, found.text) for found in indexed.fired] == [
        (found.one.entry.uid, found.reason, found.text) for found in plain.fired
    ]
    assert {(found.one.entry.uid, found.reason) for found in indexed.held} == {
        (found.one.entry.uid, found.reason) for found in plain.held
    }


@settings(max_examples=80, deadline=None)
@examples(st.lists(st.tuples(KEYS, st.booleans()), min_size=1, max_size=8), TEXTS, st.booleans(), st.booleans())
def test_a_table_misses_no_key_that_stands_in_a_text(
    keys: list[tuple[str, bool]], text: str, cased: bool, exact: bool
) -> None:
    plain = [(key.strip(), whole) for key, whole in keys if key.strip() and not key.strip().startswith("/")]
    plain = [(key, whole) for key, whole in plain if "{{" not in key and "<" not in key]
    places = dict.fromkeys((key if cased else key.lower(), whole and not re.search(r"\s", key)) for key, whole in plain)
    table = {place: [at] for at, place in enumerate(places)}
    hits = KeyTable(table, ASCII_WORD if exact else WORD).hits(text if cased else text.lower())
    search = KeySearch(str, Patterns(), exact=exact)
    for (key, whole), (at,) in table.items():
        if search.finds(key, Haystack(text), case_sensitive=cased, whole_words=whole):
            assert at in hits
        if at in hits:
            assert key in (text if cased else text.lower())


def test_of_a_keys_parts_the_one_that_fewest_keys_share_is_filed() -> None:
    keys = {(f"the road to town {at}", False): [at] for at in range(500)}
    table = KeyTable(keys, WORD)
    assert table.hits("on the road to town 499 again") == {499, 49, 4}
    assert table.hits("the road to town") == set()


def test_a_cache_gives_one_index_while_books_and_settings_stay_the_same() -> None:
    book = Lorebook("Book", (LoreEntry(keys=("dragon",)),))
    cache = LoreCache()
    one = given(lorebooks=(book,))
    first = cache.index(one)
    assert cache.index(replace(one, chat_id="another")) is first
    assert cache.index(replace(one, lore=LoreSettings(case_sensitive=True))) is not first
    assert cache.index(replace(one, lorebooks=(replace(book, entries=()),))) is not first
    assert cache.index(replace(one, policy=Policy.CLASSIC)) is not first
    assert cache.index(one) is first


def test_a_cache_forgets_books_that_were_not_used_for_long() -> None:
    cache = LoreCache()
    inputs = [given(lorebooks=(Lorebook(f"Book {at}"),)) for at in range(6)]
    kept = [cache.index(one) for one in inputs]
    assert cache.index(inputs[-1]) is kept[-1]
    assert cache.index(inputs[0]) is not kept[0]


def test_an_edited_book_is_read_anew() -> None:
    cache = LoreCache()
    entry = LoreEntry(keys=("dragon",), content="It sleeps.")
    turns = chat("Hm.", "The dragon!")
    before = given(turns, lorebooks=(Lorebook("Book", (entry,)),), lore_cache=cache)
    after = replace(before, lorebooks=(Lorebook("Book", (replace(entry, content="It wakes."),)),))
    assert "It sleeps." in drive(assemble(before), count).text
    assert "It wakes." in drive(assemble(after), count).text


# What a turn costs


def five_thousand(**changes: Any) -> Lorebook:
    """5,000 entries, each with a key of one word and one of several."""
    return Lorebook(
        "Book",
        tuple(
            LoreEntry(uid=at, keys=(f"keyword{at}", f"two words {at}"), content=f"Fact {at}.", **changes)
            for at in range(5_000)
        ),
    )


class Counted:
    """The words of each text, and which texts were asked for that nobody had counted before."""

    def __init__(self) -> None:
        self.requests: list[list[str]] = []
        self._known: set[str] = set()

    def __call__(self, texts: Iterable[str]) -> list[int]:
        asked = list(texts)
        if missing := [text for text in asked if text not in self._known]:
            self.requests.append(missing)
            self._known.update(missing)
        return count(asked)


def test_a_turn_looks_at_the_entries_whose_keys_stand_in_it_and_at_no_other() -> None:
    one = given(chat("Of two words 17.", "Of keyword4321."), lorebooks=(five_thousand(),))
    scan = LoreScan(one, tell(one))
    lore = settled(scan)
    assert [found.one.entry.uid for found in lore.fired] == [1, 17, 4321]
    assert scan.examined <= 12
    assert scan.search.checks <= 40


def test_entries_that_do_not_fire_cost_nothing_whatever_their_number() -> None:
    def work(entries: int) -> tuple[int, int]:
        book = Lorebook("Book", five_thousand().entries[:entries])
        one = given(chat("Hm.", "Of keyword7."), lorebooks=(book,))
        scan = LoreScan(one, tell(one))
        settled(scan)
        return scan.examined, scan.search.checks

    assert work(5_000) == work(50)


def test_the_next_turn_of_a_chat_makes_no_key_ready_and_scans_only_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    turns = chat(*(f"Turn {at} of keyword{at % 5000}." for at in range(10_000)))
    one = given(lorebooks=(five_thousand(),), lore_cache=LoreCache())
    counter = Counted()
    first = drive(assemble(replace(one, turns=list(reversed(turns[:-2])))), counter)
    scanned: list[str] = []
    hits = KeyTable.hits

    def scanning(table: KeyTable, text: str) -> set[int]:
        scanned.append(text)
        return hits(table, text)

    monkeypatch.setattr(KeyTable, "hits", scanning)
    monkeypatch.setattr(LoreIndex, "__init__", None)
    counter.requests.clear()
    walk = Visited(turns)
    plan = drive(assemble(replace(one, turns=walk, first_turn=first.first_turn)), counter)
    assert [found.uid for found in plan.fired] == [4996, 4997, 4998, 4999]
    assert len(counter.requests) == 1
    assert {text.lower() for text in scanned if "keyword" in text} == {
        "mira: turn 9998 of keyword4998.",
        "tom: turn 9999 of keyword4999.",
    }
    kept = sum(1 for part in plan.included if part.turn_id)
    assert walk.visited <= kept + one.lore.scan_depth + 1


def test_an_entry_that_lasts_does_not_make_a_turn_walk_the_whole_chat() -> None:
    turns = chat(*(f"Turn {at}." for at in range(10_000)), "Of keyword7.")
    places = {turn.id: at + 1 for at, turn in enumerate(turns)}
    one = given(lorebooks=(five_thousand(sticky=3),), turn_number=places.__getitem__)
    first = drive(assemble(replace(one, turns=Visited(turns))), count)
    walk = Visited([*turns, replace(turns[0], id="new", parent=turns[-1].id)])
    places["new"] = len(turns) + 1
    plan = drive(
        assemble(replace(one, turns=walk, lore_state=first.lore_state, lore=LoreSettings(scan_depth=1))), count
    )
    assert [found.reason for found in plan.fired] == ["sticky"]
    assert walk.visited <= sum(1 for part in plan.included if part.turn_id) + 100


@pytest.mark.parametrize("decorator", ["@@activate_only_every 1", "@@is_greeting 0"])
def test_what_is_asked_of_the_whole_chat_is_remembered_for_the_next_turn(decorator: str) -> None:
    turns = chat("Hello.", *(f"Turn {at}." for at in range(2_000)), "Of keyword.")
    entry = LoreEntry(keys=("keyword",), content=f"{decorator}\nA fact.")
    card = replace(MIRA, greeting="Hello.")
    one = given(character=card, lorebooks=(Lorebook("Book", (entry,)),), lore_cache=LoreCache())
    first = Visited(turns)
    drive(assemble(replace(one, turns=first)), count)
    assert first.visited == len(turns)
    again = Visited([*turns, replace(turns[1], id="new", parent=turns[-1].id, text="Of keyword again.")])
    plan = drive(assemble(replace(one, turns=again)), count)
    assert len(plan.fired) == 1
    assert again.visited <= sum(1 for part in plan.included if part.turn_id) + 100


def test_what_fired_before_is_not_asked_for_again() -> None:
    one = given(chat("Hm.", "Of keyword7 and keyword8."), lorebooks=(five_thousand(),), lore_cache=LoreCache())
    counter = Counted()
    drive(assemble(one), counter)
    counter.requests.clear()
    drive(assemble(one), counter)
    assert counter.requests == []


def test_where_the_budget_is_short_a_warm_turn_still_asks_once() -> None:
    entries = tuple(
        LoreEntry(uid=at, keys=(f"k{at}",), content=f"{at} " + "word " * (at % 9 + 5), order=at) for at in range(400)
    )
    turns = chat(*(" ".join(f"k{(at * 37 + step) % 400}" for step in range(30)) for at in range(60)))
    book, cache, counter = Lorebook("Book", entries), LoreCache(), Counted()
    plans = []
    for newest in range(40, 60, 2):
        counter.requests.clear()
        one = given(turns[:newest], lorebooks=(book,), lore_cache=cache, context_tokens=1_500)
        plans.append(drive(assemble(one), counter))
        if newest > 40:
            assert len(counter.requests) <= 1
    budget = LoreScan(one, tell(one)).budget(1.0)
    for plan in plans:
        used = sum(count([f"{entry.content}\n"])[0] for entry in entries if entry.uid in {f.uid for f in plan.fired})
        assert budget * 0.8 <= used < budget
