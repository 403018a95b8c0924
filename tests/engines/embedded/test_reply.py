"""From tokens to text: stop strings across tokens, split characters, and ids that spell what came out."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.engines.base import TextArrived
from tavern_tui.engines.embedded.reply import SampledText


def feed_all(pieces: Iterable[bytes], stop: Sequence[str] = ()) -> tuple[SampledText, list[TextArrived]]:
    """The reply after the pieces, token n having id n, and what came out, up to the stop string or the end."""
    reply, out = SampledText(stop), list[TextArrived]()
    for number, piece in enumerate(pieces):
        arrived = reply.feed(number, piece)
        out += [arrived] if arrived else []
        if reply.stopped:
            return reply, out
    rest = reply.finish()
    return reply, out + ([rest] if rest else [])


def cut(raw: bytes, borders: set[int]) -> list[bytes]:
    at = sorted({0, len(raw), *(b % (len(raw) + 1) for b in borders)})
    return [raw[a:b] for a, b in itertools.pairwise(at)]


@given(text=st.text(max_size=40), borders=st.sets(st.integers(0, 200)))
def test_a_text_comes_out_whole_however_its_bytes_are_cut_into_tokens(text: str, borders: set[int]) -> None:
    reply, out = feed_all(cut(text.encode(), borders))
    assert "".join(arrived.text for arrived in out) == text == reply.text


@given(text=st.text(max_size=40), borders=st.sets(st.integers(0, 200)), stop=st.lists(st.text("ab\n:", min_size=1)))
def test_ids_always_spell_the_text_that_they_come_with(text: str, borders: set[int], stop: list[str]) -> None:
    pieces = cut(text.encode(), borders)
    reply, out = feed_all(pieces, stop)
    for arrived in out:
        if arrived.token_ids:
            assert b"".join(pieces[token] for token in arrived.token_ids).decode() == arrived.text
    if reply.covered:
        assert b"".join(pieces[token] for token in reply.ids).decode() == reply.text


@given(
    text=st.text("ab\n: é", max_size=40),
    borders=st.sets(st.integers(0, 200)),
    stop=st.lists(st.text("ab\n:é", min_size=1, max_size=4), min_size=1, max_size=3),
)
def test_the_reply_ends_before_the_first_stop_string_however_it_is_cut(
    text: str, borders: set[int], stop: list[str]
) -> None:
    reply, out = feed_all(cut(text.encode(), borders), stop)
    shown = "".join(arrived.text for arrived in out)
    places = [at for s in stop if (at := text.find(s)) >= 0]
    assert reply.stopped == bool(places)
    if places:
        assert not any(s in shown for s in stop)
        assert text.startswith(shown)
    else:
        assert shown == text


def test_what_may_become_a_stop_string_waits_and_comes_out_when_it_does_not() -> None:
    reply = SampledText(["\nAlex:"])
    assert reply.feed(0, b"Hello") == TextArrived("Hello", (0,))
    assert reply.feed(1, b"\nAl") is None
    assert reply.feed(2, b"ice") == TextArrived("\nAlice", (1, 2))


def test_a_stop_string_inside_a_token_keeps_the_text_before_it_without_ids() -> None:
    reply, out = feed_all([b"Hel", b"lo END of"], ["END"])
    assert out == [TextArrived("Hel", (0,)), TextArrived("lo ", ())]
    assert not reply.covered


def test_a_stop_string_at_a_token_border_keeps_all_ids() -> None:
    reply, out = feed_all([b"Hello", b"\nAlex", b":"], ["\nAlex:"])
    assert out == [TextArrived("Hello", (0,))]
    assert reply.covered


def test_the_earliest_of_several_stop_strings_counts() -> None:
    assert feed_all([b"one two three"], ["three", "two"])[0].text == "one "


def test_half_a_character_at_the_end_of_a_reply_is_left_out() -> None:
    reply, out = feed_all([b"hi ", "é".encode()[:1]])
    assert [arrived.text for arrived in out] == ["hi "]
    assert reply.covered


def test_bytes_that_are_no_text_become_the_replacement_character() -> None:
    assert feed_all([b"a", b"\xff", b"b"])[0].text == "a\ufffdb"


@pytest.mark.parametrize("stop", [[], [""]])
def test_an_empty_stop_string_never_stops(stop: list[str]) -> None:
    assert feed_all([b"on and on"], stop)[0].text == "on and on"
