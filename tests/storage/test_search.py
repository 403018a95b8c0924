"""Search over all chats: the newest first, a page at a time, for the price of a page; or the best of the newest."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from tavern_tui.domain.events import Speaker, TurnAdded, TurnDeleted
from tavern_tui.storage import index_chats, search
from tavern_tui.storage.index import LibraryIndex
from tavern_tui.storage.index_words import word_query
from tavern_tui.storage.search import Hit, best, newest, snippet_of
from tests.storage.indexed import NIGHT, Shelf

WORDS = [f"{first}{second}{third}" for first in "bdfgk" for second in "aeiou" for third in ("lm", "rst", "nd", "t")]


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    """An empty library."""
    return Shelf(tmp_path)


def filled(root: Path, turns: int) -> Shelf:
    """A library of ten chats that take turns in time; every 400th turn has a rare word, every turn a common one."""
    shelf, dice = Shelf(root), random.Random(7)
    for chat in range(10):
        texts = [
            f"lamp {' '.join(dice.choices(WORDS, k=2))}{' zephyr' if (turn * 10 + chat) % 400 == 0 else ''}"
            for turn in range(turns // 10)
        ]
        shelf.chat(f"chat {chat}", *texts, at=NIGHT + chat)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(index_chats, "SLICE", turns)
        shelf.look()
    return shelf


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """20,000 turns."""
    return filled(tmp_path_factory.mktemp("long"), 20_000)


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Shelf:
    """2,000 turns."""
    return filled(tmp_path_factory.mktemp("short"), 2_000)


def steps(index: LibraryIndex, typed: str) -> int:
    """What SQLite's machine does for the first page: instructions, each row costing some."""
    query, done = word_query(typed), 0
    assert query is not None

    def count() -> int:
        nonlocal done
        done += 1
        return 0

    newest(index, query)  # statements are compiled, tables opened
    index.read(lambda db: db.set_progress_handler(count, 1))
    newest(index, query)
    index.read(lambda db: db.set_progress_handler(None, 1))
    return done


@pytest.mark.parametrize("typed", ["lamp", "lam", "lamp bal", "lamp balm", "zephyr"])
def test_a_page_costs_the_same_however_long_the_chats_are(long: Shelf, short: Shelf, typed: str) -> None:
    hits = len(long.found(typed))
    assert hits == 50
    in_long, in_short = steps(long.index, typed), steps(short.index, typed)
    assert in_long / hits <= 60
    assert in_long / hits <= 1.5 * in_short / len(short.found(typed))


@pytest.mark.parametrize("typed", ["zephyr lam", "zephy", "lamp balm", "bals"])
def test_a_long_beginning_finds_the_same_whichever_way_it_is_looked_for(
    short: Shelf, typed: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    quick = [hit.number for hit in short.found(typed)]
    monkeypatch.setattr(search, "_CANDIDATES", 0)
    assert [hit.number for hit in short.found(typed)] == quick
    assert quick == sorted(quick, reverse=True)


def test_pages_go_through_all_chats_from_the_newest_to_the_oldest(short: Shelf) -> None:
    query = word_query("lamp")
    assert query is not None
    seen: list[Hit] = []
    after = 0
    while True:
        page = newest(short.index, query, after=after)
        seen += page.hits
        after = page.after
        if not after:
            break
    assert len({(hit.chat, hit.turn) for hit in seen}) == len(seen) == 2_000
    assert [hit.at for hit in seen] == sorted((hit.at for hit in seen), reverse=True)


def test_a_hit_tells_chat_turn_speaker_and_what_stands_around_the_words(shelf: Shelf) -> None:
    shelf.chat("night", "one", "Then the old\n*lantern* went out.")
    shelf.look()
    (hit,) = shelf.found("lantern")
    assert (hit.chat, hit.title, hit.characters, hit.turn) == ("night", "night", ("Mira",), "night-1")
    assert (hit.speaker, hit.name, hit.at) == ("character", "Mira", NIGHT + 60)
    assert hit.snippet == "Then the old *lantern* went out."
    assert [hit.snippet[a:b] for a, b in hit.marks] == ["lantern"]


def test_chats_of_one_second_and_turns_without_a_date_are_all_found(shelf: Shelf) -> None:
    for number in range(3):
        shelf.chat(f"same {number}", "the lamp", "the lamp", at=NIGHT)
        shelf.chat(f"undated {number}", "the lamp", "the lamp", at=-60)
    shelf.look()
    hits = shelf.found("lamp")
    assert len(hits) == 12
    assert [hit.at for hit in hits] == [NIGHT + 60] * 3 + [NIGHT] * 3 + [hit.at for hit in hits[6:]]


def test_words_are_found_in_swipes_and_branches_too_and_in_none_that_was_deleted(shelf: Shelf) -> None:
    log = shelf.log(shelf.chat("night", "one", "two"))
    log.append(TurnAdded("night-0", Speaker.CHARACTER, "Mira", "a swipe with a lantern"))
    (gone,) = log.append(TurnAdded("night-0", Speaker.CHARACTER, "Mira", "another lantern"))
    log.append(TurnDeleted(gone.id))
    shelf.look()
    assert shelf.texts("lantern") == ["a swipe with a lantern"]


def test_the_best_of_the_newest_come_first_when_that_is_asked_for(
    shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "RANKED", 5)
    shelf.chat("night", "ferry " * 9, "ferry ferry, the ferry", "once a ferry " + "and on " * 60, "ferry", "x", "y")
    shelf.chat("later", "a ferry", "the ferry at dawn", at=NIGHT + 9_000)
    shelf.look()
    query = word_query("ferry")
    assert query is not None
    page = best(shelf.index, query, limit=2)
    assert page.ranked == 5
    assert page.hits[0].snippet == "ferry ferry, the ferry"


def test_without_full_text_search_the_same_turns_are_found_by_looking_at_each(tmp_path: Path) -> None:
    plain, full = Shelf(tmp_path / "plain", full_text=False), Shelf(tmp_path / "full", full_text=True)
    for shelf in (plain, full):
        shelf.chat("night", "the Lamp", "two lamps", "lamp, balmy road", "a balm for the lamp", "")
        shelf.chat("day", "lamp balm", "not a l-amp", at=NIGHT + 90)
        shelf.look()
    for typed, hits in (("lamp", 5), ("lamp bal", 3), ('"lamp balm"', 1), ("rain", 0)):
        found = [hit.turn for hit in plain.found(typed)]
        assert found == [hit.turn for hit in full.found(typed)]
        assert len(found) == hits
    assert (tables_of_words(plain), tables_of_words(full)) == (0, 1)


def tables_of_words(shelf: Shelf) -> int:
    """Tables that need full-text search."""
    ask = "SELECT count(*) FROM sqlite_master WHERE sql LIKE '%fts5%'"
    return int(shelf.index.read(lambda db: db.execute(ask).fetchone())[0])


def test_looking_at_each_turn_ends_after_a_while_and_goes_on_from_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = Shelf(tmp_path, full_text=False)
    plain.chat("night", *("the lamp" if turn == 0 else "nothing" for turn in range(9)))
    plain.look()
    monkeypatch.setattr(search, "LOOKING_SECONDS", -1.0)
    monkeypatch.setattr(search, "_SLICE", 3)
    query, after, pages = word_query("lamp"), 0, 0
    assert query is not None
    while True:
        page = newest(plain.index, query, after=after)
        pages, after = pages + 1, page.after
        if page.hits:
            break
        assert not page.complete
    assert pages == 3


def test_a_snippet_of_a_long_text_is_short_and_cut_between_words() -> None:
    query = word_query("lantern")
    assert query is not None
    snippet, marks = snippet_of("before " * 100 + "the lantern " + "after " * 100, query)
    assert len(snippet) <= 164
    assert snippet.startswith("… before")
    assert snippet.endswith("after …")
    assert [snippet[a:b] for a, b in marks] == ["lantern"]
