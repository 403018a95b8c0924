"""Lorebooks: world files and card books, in and out, across each other without loss."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.lorebook import (
    InjectionRole,
    KeyMatching,
    Lorebook,
    LoreEntry,
    LorePosition,
    LoreSource,
    SelectiveLogic,
)
from tavern_tui.formats.lorebook import (
    from_character_book,
    read_lorebook,
    to_character_book,
    to_world_entry,
    write_lorebook,
)

TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=20)
KEYS = st.lists(TEXT.filter(bool), max_size=3).map(tuple)
UNKNOWN = st.dictionaries(
    st.from_regex(r"x_[a-z]{1,4}", fullmatch=True), TEXT | st.integers(-9, 9) | st.lists(st.booleans(), max_size=2)
)
ENTRIES = st.builds(
    LoreEntry,
    keys=KEYS,
    secondary_keys=KEYS,
    content=TEXT,
    comment=TEXT,
    enabled=st.booleans(),
    constant=st.booleans(),
    selective=st.booleans(),
    selective_logic=st.sampled_from(SelectiveLogic),
    order=st.integers(-1000, 1000),
    position=st.sampled_from(LorePosition),
    depth=st.integers(0, 100),
    role=st.sampled_from(InjectionRole),
    scan_depth=st.none() | st.integers(0, 100),
    case_sensitive=st.none() | st.booleans(),
    match_whole_words=st.none() | st.booleans(),
    probability=st.integers(0, 100).map(float) | st.just(12.5),
    group=TEXT,
    group_override=st.booleans(),
    group_weight=st.integers(0, 500).map(float),
    use_group_scoring=st.none() | st.booleans(),
    exclude_recursion=st.booleans(),
    prevent_recursion=st.booleans(),
    delay_until_recursion=st.integers(0, 5),
    sticky=st.integers(0, 9),
    cooldown=st.integers(0, 9),
    delay=st.integers(0, 9),
    outlet=st.sampled_from(["", "map"]),
    triggers=st.sampled_from([(), ("normal", "swipe")]),
    ignore_budget=st.booleans(),
    also_scans=st.sampled_from([(), (LoreSource.SCENARIO,), tuple(LoreSource)]),
    exclude_keys=st.sampled_from([(), ("whale", "eel")]),
    priority=st.sampled_from([None, 0, -3]),
    use_regex=st.booleans(),
    extra=UNKNOWN,
)


@st.composite
def books(draw: st.DrawFn) -> Lorebook:
    """A book with distinct entry numbers."""
    entries = draw(st.lists(ENTRIES, max_size=3))
    uids = draw(st.lists(st.integers(0, 99), min_size=len(entries), max_size=len(entries), unique=True))
    return Lorebook(
        name=draw(TEXT.filter(bool)),
        entries=tuple(replace(entry, uid=uid) for entry, uid in zip(entries, uids, strict=True)),
        description=draw(TEXT),
        scan_depth=draw(st.none() | st.integers(0, 99)),
        token_budget=draw(st.none() | st.integers(0, 9999)),
        recursive_scanning=draw(st.none() | st.booleans()),
        extra=draw(UNKNOWN),
        matching=(matching := draw(st.sampled_from(KeyMatching))),
        search_characters=draw(st.integers(0, 999)) if matching is KeyMatching.KOBOLD else 0,
    )


def world(**entry: Any) -> bytes:
    """A world file with one entry."""
    return json.dumps({"entries": {"0": {"uid": 0, **entry}}}).encode()


def only(book: Lorebook) -> LoreEntry:
    """The one entry of a book."""
    (entry,) = book.entries
    return entry


@given(books())
def test_a_world_file_reads_back_as_the_same_book(book: Lorebook) -> None:
    assert read_lorebook(write_lorebook(book)) == book


@given(books())
def test_a_card_book_reads_back_as_the_same_book(book: Lorebook) -> None:
    assert from_character_book(to_character_book(book)) == book


@given(books())
def test_a_book_crosses_from_card_to_world_and_back(book: Lorebook) -> None:
    from_card = from_character_book(to_character_book(book))
    from_world = read_lorebook(write_lorebook(from_card))
    assert from_character_book(to_character_book(from_world)) == book


def test_a_world_entry_is_read_with_sillytavern_s_defaults() -> None:
    entry = only(read_lorebook(world(key=["dragon"], content="It sleeps.")))
    assert entry == LoreEntry(keys=("dragon",), content="It sleeps.")


def test_every_world_field_lands_where_it_belongs() -> None:
    entry = only(
        read_lorebook(
            world(
                key=["a", "/b,c/i"],
                keysecondary=["d"],
                comment="title",
                content="text",
                constant=True,
                selective=False,
                selectiveLogic=3,
                order=7,
                position=4,
                disable=True,
                probability=30,
                useProbability=True,
                depth=2,
                role=2,
                scanDepth=5,
                caseSensitive=True,
                matchWholeWords=False,
                groupWeight=50,
            )
        )
    )
    assert entry == LoreEntry(
        keys=("a", "/b,c/i"),
        secondary_keys=("d",),
        content="text",
        comment="title",
        enabled=False,
        constant=True,
        selective=False,
        selective_logic=SelectiveLogic.AND_ALL,
        order=7,
        position=LorePosition.AT_DEPTH,
        depth=2,
        role=InjectionRole.ASSISTANT,
        scan_depth=5,
        case_sensitive=True,
        match_whole_words=False,
        probability=30.0,
        group_weight=50.0,
    )


def test_a_switched_off_probability_means_always_and_is_kept() -> None:
    entry = only(read_lorebook(world(probability=30, useProbability=False)))
    assert entry.probability == 100
    written = to_world_entry(entry)
    assert (written["probability"], written["useProbability"]) == (30, False)
    changed = to_world_entry(replace(entry, probability=50.0))
    assert (changed["probability"], changed["useProbability"]) == (50, True)


@pytest.mark.parametrize(
    ("key", "value"),
    [("sticky", None), ("sticky", 0), ("delayUntilRecursion", False), ("delayUntilRecursion", True), ("group", "")],
)
def test_what_means_the_same_is_written_as_it_was_found(key: str, value: Any) -> None:
    entry = only(read_lorebook(world(**{key: value})))
    written = to_world_entry(entry)
    assert written[key] is value if value is None or isinstance(value, bool) else written[key] == value
    assert key not in to_world_entry(only(read_lorebook(world())))


def test_a_control_that_was_changed_is_written_anew() -> None:
    entry = only(read_lorebook(world(sticky=None, delayUntilRecursion=True, groupWeight=7)))
    assert (entry.sticky, entry.delay_until_recursion, entry.group_weight) == (0, 1, 7)
    written = to_world_entry(replace(entry, sticky=3, delay_until_recursion=0, group_weight=100.0))
    assert (written["sticky"], written["delayUntilRecursion"]) == (3, 0)
    assert "groupWeight" not in written


def test_a_filter_by_characters_and_tags_is_read_and_written() -> None:
    raw = {"isExclude": True, "names": ["Mira"], "tags": ["7"]}
    entry = only(read_lorebook(world(characterFilter=raw)))
    assert (entry.characters, entry.tags, entry.except_characters) == (("Mira",), ("7",), True)
    assert to_world_entry(entry)["characterFilter"] == raw
    changed = to_world_entry(replace(entry, characters=("Tom",)))["characterFilter"]
    assert changed == {"isExclude": True, "names": ["Tom"], "tags": ["7"]}


def test_later_fields_are_read_and_what_says_nothing_stays_as_it_was() -> None:
    raw = {
        "position": 7,
        "outletName": "map",
        "triggers": ["swipe"],
        "ignoreBudget": True,
        "matchScenario": True,
        "matchCreatorNotes": False,
        "automationId": "bell",
        "vectorized": True,
    }
    entry = only(read_lorebook(world(**raw)))
    assert (entry.position, entry.outlet, entry.triggers) == (LorePosition.OUTLET, "map", ("swipe",))
    assert (entry.ignore_budget, entry.also_scans) == (True, (LoreSource.SCENARIO,))
    assert entry.extra == {"matchCreatorNotes": False, "automationId": "bell", "vectorized": True}
    assert raw.items() <= to_world_entry(entry).items()
    assert to_world_entry(replace(entry, also_scans=()))["matchCreatorNotes"] is False
    assert "matchScenario" not in to_world_entry(replace(entry, also_scans=()))


def test_a_depth_of_null_is_0_as_sillytavern_takes_it_and_is_written_as_it_was() -> None:
    entry = only(read_lorebook(world(depth=None)))
    assert entry.depth == 0
    assert to_world_entry(entry)["depth"] is None
    assert to_world_entry(replace(entry, depth=3))["depth"] == 3
    assert only(read_lorebook(world())).depth == 4


@pytest.mark.parametrize(
    ("said", "patterns"),
    [
        ({"use_regex": True, "extensions": {}}, True),
        ({"use_regex": True, "extensions": {"risu_bookVersion": 2}}, True),
        ({"use_regex": True, "extensions": {"selectiveLogic": 0, "position": 1}}, False),
        ({"use_regex": False, "extensions": {}}, False),
        ({"extensions": {}}, False),
    ],
)
def test_keys_are_patterns_where_a_v3_book_says_so_and_not_where_sillytavern_does(
    said: dict[str, Any], patterns: bool
) -> None:
    raw = {"keys": ["dragons?"], "content": "b", "enabled": True, "insertion_order": 1, **said}
    entry = only(from_character_book({"entries": [raw]}))
    assert entry.use_regex is patterns
    (written,) = to_character_book(Lorebook("b", (entry,)))["entries"]
    assert written["use_regex"] is said.get("use_regex", False)
    assert only(read_lorebook(write_lorebook(Lorebook("b", (entry,))))).use_regex is patterns


def test_a_priority_that_is_no_whole_number_is_kept_and_means_nothing() -> None:
    entry = only(from_character_book({"entries": [{"keys": ["a"], "priority": "high"}]}))
    assert entry.priority is None
    (written,) = to_character_book(Lorebook("b", (entry,)))["entries"]
    assert written["priority"] == "high"


def test_how_kobold_looks_for_keys_is_kept_and_another_programs_word_for_it_too() -> None:
    book = Lorebook("b", (LoreEntry(exclude_keys=("x",)),), matching=KeyMatching.KOBOLD, search_characters=256)
    assert read_lorebook(write_lorebook(book)) == book
    assert from_character_book(to_character_book(book)) == book
    other = {"entries": {}, "key_matching": "fuzzy", "search_characters": "many"}
    read = read_lorebook(json.dumps(other).encode())
    assert read.matching is KeyMatching.SILLYTAVERN
    assert json.loads(write_lorebook(read))["search_characters"] == "many"


def test_an_entry_that_nothing_here_can_place_is_off_and_kept() -> None:
    entry = only(read_lorebook(world(position=8, outletName="map")))
    assert not entry.enabled
    written = to_world_entry(entry)
    assert (written["position"], written["disable"], written["outletName"]) == (8, False, "map")
    assert to_world_entry(replace(entry, position=LorePosition.AT_DEPTH, enabled=True))["position"] == 4


def test_a_card_book_s_extensions_speak_the_world_file_s_words() -> None:
    raw = {
        "keys": ["a"],
        "content": "b",
        "enabled": True,
        "insertion_order": 9,
        "position": "before_char",
        "extensions": {"position": 4, "depth": 1, "role": 1, "group_weight": 7, "theirs": {"x": 1}},
        "priority": 3,
        "id": "seven",
    }
    entry = only(from_character_book({"entries": [raw]}))
    assert (entry.position, entry.depth, entry.role, entry.order) == (LorePosition.AT_DEPTH, 1, InjectionRole.USER, 9)
    assert entry.group_weight == 7
    assert entry.priority == 3
    assert entry.extra == {"extensions": {"theirs": {"x": 1}}, "id": "seven"}
    (written,) = to_character_book(Lorebook("b", (entry,)))["entries"]
    assert written["extensions"]["group_weight"] == 7
    assert written["extensions"]["theirs"] == {"x": 1}
    assert (written["id"], written["priority"], written["position"]) == ("seven", 3, "after_char")


@pytest.mark.parametrize(("said", "position"), [("before_char", 0), ("after_char", 1), (None, 1)])
def test_a_v2_book_s_position_words_are_understood(said: str | None, position: int) -> None:
    entry = only(from_character_book({"entries": [{"keys": ["a"], "position": said, "case_sensitive": True}]}))
    assert entry.position == position
    assert entry.case_sensitive is True


def test_entries_without_usable_numbers_get_free_ones() -> None:
    raw = [{"id": 0}, {"id": 0}, {"id": "x"}, {"id": 1}, {"id": [2]}, {"id": True}]
    book = from_character_book({"entries": raw})
    assert [entry.uid for entry in book.entries] == [0, 2, 3, 1, 4, 5]


def test_v3_s_standalone_form_and_a_bare_card_book_are_read() -> None:
    bare = {"name": "Inn", "entries": [{"keys": ["a"], "content": "b", "enabled": True, "insertion_order": 1}]}
    for value in (bare, {"spec": "lorebook_v3", "data": bare}):
        book = read_lorebook(json.dumps(value).encode(), name="file")
        assert (book.name, only(book).content) == ("Inn", "b")


def test_a_world_file_is_named_by_its_file() -> None:
    assert read_lorebook(world(), name="inn").name == "inn"


def test_fields_beside_the_entries_survive() -> None:
    data = json.dumps({"entries": {}, "originalData": {"a": 1}, "extensions": {"b": 2}}).encode()
    assert {"originalData": {"a": 1}, "extensions": {"b": 2}}.items() <= json.loads(
        write_lorebook(read_lorebook(data))
    ).items()


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "no lorebook"),
        ({"lorebookVersion": 5, "entries": 7}, "entries should be a list"),
        ({"kind": "memory", "entries": [7]}, "entries.0 should be an object"),
        ({"type": "risu", "data": [{"insertorder": "late"}]}, "data.0.insertorder should be a number"),
        ({"name": "x"}, "no entries"),
        ({"entries": {"0": 3}}, "entries.0 should be an object"),
        ({"entries": {"0": {"order": "high"}}}, "entries.0.order should be a number"),
        ({"entries": {"0": {"key": [["a"]]}}}, "entries.0.key.0 should be text"),
        ({"entries": "many"}, "no entries"),
    ],
)
def test_what_is_wrong_is_named(value: Any, words: str) -> None:
    with pytest.raises(FormatError) as caught:
        read_lorebook(json.dumps(value).encode(), where="inn.json")
    assert words in caught.value.title
    assert caught.value.where == "inn.json"


def test_a_book_of_a_hundred_thousand_entries_is_refused() -> None:
    with pytest.raises(FormatError, match="more than 50,000"):
        from_character_book({"entries": [{}] * 100_000})


def test_what_the_model_cannot_say_is_written_as_it_was_found() -> None:
    raw = {
        "key": ["dragon", "", " "],
        "keysecondary": [""],
        "order": 99.5,
        "comment": None,
        "role": None,
        "constant": 0,
    }
    read = read_lorebook(world(**raw))
    assert only(read).keys == ("dragon", " ")
    assert raw.items() <= to_world_entry(only(read)).items()
    assert only(read_lorebook(write_lorebook(read))) == only(read)
    (written,) = to_character_book(read)["entries"]
    assert (written["keys"], written["insertion_order"]) == (["dragon", "", " "], 99.5)


def test_what_somebody_changed_is_written_anew() -> None:
    entry = only(read_lorebook(world(key=["dragon", ""], order=99.5, comment=None)))
    written = to_world_entry(replace(entry, keys=("wyrm",), order=7, comment="title"))
    assert (written["key"], written["order"], written["comment"]) == (["wyrm"], 7, "title")


def test_fields_of_a_book_that_say_nothing_survive() -> None:
    raw: dict[str, Any] = {"entries": {}, "scan_depth": None, "name": "", "x_theirs": {}}
    assert json.loads(write_lorebook(read_lorebook(json.dumps(raw).encode()))) == raw
