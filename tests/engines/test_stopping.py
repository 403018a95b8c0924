"""Stop strings on our side: the same cut, however the text arrives."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.engines.stopping import StopScan

SMALL = st.text(alphabet="ab\n:", max_size=24)


def shown(stop: list[str], *pieces: str) -> tuple[str, str | None]:
    scan = StopScan(stop)
    text = "".join(scan.feed(piece) for piece in pieces)
    return text + scan.finish(), scan.matched


@given(SMALL, st.lists(st.text(alphabet="ab\n:", min_size=1, max_size=5), max_size=4), st.data())
def test_any_split_stops_at_the_same_character(text: str, stop: list[str], data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=6)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert shown(stop, *pieces) == shown(stop, text)


@given(SMALL, st.lists(st.text(alphabet="ab\n:", min_size=1, max_size=5), min_size=1, max_size=4))
def test_no_stop_string_is_ever_shown(text: str, stop: list[str]) -> None:
    out, matched = shown(stop, *text)
    assert not any(s in out for s in stop)
    assert (matched is None) == (out == text)


@given(SMALL, st.lists(st.text(alphabet="ab\n:", min_size=1, max_size=5), max_size=4))
def test_what_is_shown_while_streaming_is_never_taken_back(text: str, stop: list[str]) -> None:
    scan, out = StopScan(stop), ""
    for character in text:
        out += scan.feed(character)
    assert shown(stop, text)[0].startswith(out)


def test_text_up_to_the_stop_string_is_shown() -> None:
    assert shown(["\nAlex:"], "Good evening.", "\nAl", "ex: Hi") == ("Good evening.", "\nAlex:")


def test_a_beginning_of_a_stop_string_that_goes_on_otherwise_is_text() -> None:
    assert shown(["\nAlex:"], "\nAl", "most") == ("\nAlmost", None)


def test_a_beginning_of_a_stop_string_at_the_end_is_text() -> None:
    assert shown(["\nAlex:"], "Good.\nAl") == ("Good.\nAl", None)


def test_the_longest_of_those_that_end_together_wins() -> None:
    assert shown(["b", "ab"], "xab") == ("x", "ab")


def test_text_without_stop_strings_passes_at_once() -> None:
    assert StopScan(["", ""]).feed("abc") == "abc"


def test_nothing_is_shown_after_the_stop_string() -> None:
    scan = StopScan(["."])
    assert scan.feed("a. b") == "a"
    assert scan.feed("c") + scan.finish() == ""
