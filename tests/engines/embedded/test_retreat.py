"""Banned texts: a reply that has written one goes back to where it began, and nobody sees it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.preset import BALANCED, NEUTRAL
from tavern_tui.engines.base import StopReason, TextArrived
from tavern_tui.engines.embedded import binding
from tavern_tui.engines.embedded.loading import Loaded, load
from tavern_tui.engines.embedded.protocol import ModelSpec
from tavern_tui.engines.embedded.reply import SampledText
from tavern_tui.engines.embedded.retreat import MOST_AT_A_PLACE, MOST_IN_A_REPLY, Retreat
from tavern_tui.engines.embedded.rules import Rules
from tests.engines.embedded.loaded_model import STORY, Answered, Lib, answer, cache_of, loaded_starter, request
from tests.engines.embedded.tiny_models import tiny_model

LETTERS = "root ::= [a-d]{12}"


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """A model with random weights: what it writes has no sense, and is the same every time."""
    path = tiny_model(tmp_path_factory.mktemp("tiny") / "tiny.gguf")
    loaded = load(ModelSpec(str(path), 256, 1, 0), binding.Flag(), lambda _fraction: None)
    yield loaded
    loaded.free()


@pytest.fixture(scope="module")
def starter(starter_model: Path) -> Iterator[Loaded]:
    loaded = loaded_starter(starter_model, 256)
    yield loaded
    loaded.free()


def written(loaded: Loaded, prompt: str = "Once", **fields: Any) -> Answered:
    cache = cache_of(loaded)
    try:
        return answer(loaded, cache, request(prompt, **fields))
    finally:
        cache.free()


def test_a_reply_goes_back_to_where_the_text_began_and_not_to_where_it_ended(tiny: Loaded) -> None:
    free = written(tiny, grammar=LETTERS, response_tokens=14).text()
    banned = written(tiny, grammar=LETTERS, response_tokens=14, banned=(free[3:7].upper(),)).text()
    assert len(free) == len(banned) == 12
    assert banned[:3] == free[:3]
    assert banned[3] != free[3]
    assert free[3:7] not in banned


@pytest.mark.model
def test_a_banned_phrase_of_several_tokens_is_written_otherwise_from_its_first_word_on(starter: Loaded) -> None:
    free = written(starter, STORY, response_tokens=16).text()
    words = free.split(" ")
    phrase = " ".join(words[3:7])
    told = written(starter, STORY, response_tokens=16, banned=(phrase,))
    before = free[: free.index(phrase)]
    assert told.text().startswith(before.rstrip())
    assert phrase.lower() not in told.text().lower()
    assert not told.text().removeprefix(before).startswith(words[3] + " ")
    shown = "".join(event.text for event in told.events if isinstance(event, TextArrived))
    assert shown == told.text(), "what was taken back was never shown"
    assert told.finished.usage.generated == 16


def test_what_is_in_the_cache_afterwards_is_what_was_written(tiny: Loaded) -> None:
    free = written(tiny, grammar=LETTERS, response_tokens=12).text()
    cache = cache_of(tiny)
    told = answer(tiny, cache, request("Once", grammar=LETTERS, response_tokens=12, banned=(free[3:7],)))
    ids = [token for event in told.events if isinstance(event, TextArrived) for token in event.token_ids]
    assert cache.ids == [*tiny.vocabulary.with_bos(tuple(tiny.vocabulary.tokenize("Once"))), *ids][: len(cache.ids)]
    assert tiny.lib.llama_memory_seq_pos_max(tiny.lib.llama_get_memory(tiny.context), 0) == len(cache.ids) - 1
    cache.free()


def test_of_replies_side_by_side_each_goes_back_for_itself(tiny: Loaded) -> None:
    fields: dict[str, Any] = {"grammar": LETTERS, "response_tokens": 12, "sampling": NEUTRAL, "seed": 5, "replies": 3}
    free = written(tiny, **fields)
    phrase = free.text(1)[2:5]
    told = written(tiny, **fields, banned=(phrase,))
    assert [len(told.text(number)) for number in range(3)] == [12, 12, 12]
    assert all(phrase not in told.text(number) for number in range(3))
    assert told.text(1)[:2] == free.text(1)[:2]


def test_a_text_at_the_very_beginning_is_written_otherwise_too(tiny: Loaded) -> None:
    free = written(tiny, grammar=LETTERS, response_tokens=12).text()
    assert written(tiny, grammar=LETTERS, response_tokens=12, banned=(free[:2],)).text()[0] != free[0]


def test_the_same_seed_goes_the_same_way_back(tiny: Loaded) -> None:
    fields: dict[str, Any] = {
        "grammar": LETTERS,
        "response_tokens": 12,
        "sampling": BALANCED,
        "seed": 5,
        "banned": ("ab", "ca", "dd"),
    }
    first, second = written(tiny, **fields).text(), written(tiny, **fields).text()
    assert first == second
    assert not any(text in first for text in ("ab", "ca", "dd"))


def test_where_nothing_else_may_be_written_the_grammar_counts_and_the_tries_end(tiny: Loaded) -> None:
    lib = Lib(tiny.lib, ("llama_decode",))
    told = written(replace(tiny, lib=lib), grammar='root ::= "aaaaaaaa"', banned=("a",), response_tokens=12)
    assert (told.text(), told.finished.reason) == ("aaaaaaaa", StopReason.END)
    assert lib.calls["llama_decode"] <= 8 + 1 + MOST_AT_A_PLACE + 1


def test_a_memory_that_refuses_to_go_back_ends_the_reply_before_the_text(tiny: Loaded) -> None:
    free = written(tiny, grammar=LETTERS, response_tokens=12).text()

    def refuse(memory: Any, sequence: int, first: int, last: int) -> bool:
        return bool(first < 0 and tiny.lib.llama_memory_seq_rm(memory, sequence, first, last))

    refusing = replace(tiny, lib=Lib(tiny.lib, llama_memory_seq_rm=refuse))
    told = written(refusing, grammar=LETTERS, response_tokens=12, banned=(free[3:7],))
    assert (told.text(), told.finished.reason) == (free[:3], StopReason.END)


def test_a_stop_string_before_the_banned_text_ends_the_reply() -> None:
    text = SampledText(["!"], banned=["b c"])
    for number, piece in enumerate((b"a", b"! b c")):
        text.feed(number, piece)
    assert (text.text, text.stopped, text.slipped) == ("a", True, False)


@settings(max_examples=25)
@given(
    st.lists(st.sampled_from(["a", "B", "b", "ab", " b", "é", "ba a"]), max_size=12),
    st.lists(st.text("ab é", min_size=1, max_size=4), min_size=1, max_size=3),
    st.text("ab ", max_size=3),
)
def test_nothing_of_a_banned_text_comes_out_however_it_is_cut(
    pieces: list[str], banned: list[str], before: str
) -> None:
    text = SampledText(banned=banned, before=before)
    kept: list[str] = []
    out = ""
    for number, piece in enumerate(pieces):
        arrived = text.feed(number, piece.encode())
        kept.append(piece)
        out += arrived.text if arrived else ""
        if text.slipped:
            gone = text.take_back()
            assert 1 <= gone <= len(kept)
            del kept[len(kept) - gone :]
            assert "".join(kept).startswith(out), "nothing is taken back that has come out"
    rest = text.finish()
    out += rest.text if rest else ""
    assert out == "".join(kept)
    assert not any(one.lower() in out.lower() for one in banned)


def test_the_tries_are_bounded_at_a_place_and_in_a_reply() -> None:
    rules = Rules(banned=("a",))
    place = Retreat(rules, possible=True)
    tried = [place.slipped(4, token) for token in range(MOST_AT_A_PLACE + 1)]
    assert [one.forbidden for one in tried[:2]] == [(0,), (0, 1)]
    assert all(one.banned == () for one in tried[:-1])
    assert (tried[-1], place.watches) == (rules, False)
    reply = Retreat(rules, possible=True)
    for at in range(MOST_IN_A_REPLY):
        assert reply.watches
        reply.slipped(at, 7)
    assert not reply.watches


def test_what_was_forbidden_behind_a_place_is_forgotten_when_it_is_left() -> None:
    retreat = Retreat(Rules(banned=("a",)), possible=True)
    retreat.slipped(5, 1)
    assert retreat.slipped(3, 2).forbidden == (2,)
    assert retreat.slipped(5, 3).forbidden == (3,)


def test_without_a_way_back_the_completing_token_is_kept_from_coming() -> None:
    rules = Rules(banned=("a",))
    assert Retreat(rules, possible=False).rules == rules
    assert not Retreat(rules, possible=False).watches
    assert Retreat(rules, possible=True).rules.banned == ()
