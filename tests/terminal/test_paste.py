"""What is a paste and what is typed, however the input is cut into reads."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual import events

from tavern_tui.ui.terminal.input import TerminalInput
from tavern_tui.ui.terminal.paste import (
    BURST_SECONDS,
    PASTE_GAP_SECONDS,
    UNFINISHED_SECONDS,
    Pasted,
    PasteScan,
    Typed,
    is_paste,
    pasted_text,
)

ESCAPE_SECONDS = 0.1
FORTY = "x" * 40
START, END = "\x1b[200~", "\x1b[201~"

LINES = st.lists(st.sampled_from([*"ab ~é\r\n", "\x1b[3", START[:4]]), max_size=60).map("".join)
"""Text as terminals paste it, with what looks like the beginning of a sequence in it."""


def _scanned(*reads: str, gap: float = 0.001) -> list[Typed | Pasted]:
    """The pieces of ``reads`` that come ``gap`` seconds apart, and are followed by nothing; neighbours joined."""
    scan = PasteScan(ESCAPE_SECONDS)
    pieces: list[Typed | Pasted] = []
    now = 0.0
    for read in reads:
        now += gap
        pieces += scan.feed(read, now)
    while (due := scan.due) is not None:
        pieces += scan.tick(due)
    return pieces


def _typed(pieces: Sequence[Typed | Pasted]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Typed))


def _pasted(pieces: Sequence[Typed | Pasted]) -> str:
    return "".join(piece.text for piece in pieces if isinstance(piece, Pasted))


def _cut(text: str, places: Sequence[int]) -> list[str]:
    cuts = sorted({min(place, len(text)) for place in places} | {0, len(text)})
    return [text[left:right] for left, right in pairwise(cuts)]


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("hi", False),
        ("\r", False),
        ("hi\r", False),
        ("hi\r\n", False),
        ("hi\n", False),
        ("\r\r", True),
        ("one\rtwo", True),
        ("one\ntwo", True),
        ("one\r\ntwo", True),
        ("\rtwo", True),
        ("one\rtwo\r", True),
        (FORTY, True),
        (FORTY[1:], False),
        (FORTY + "\r", True),
        (FORTY[1:] + "\r", False),
        ("\x1b[B\r\x1b[B\r", False),
        ("\x1b[<35;10;12M" * 20 + "\r", False),
        ("one\r\x1b[0mtwo\r", True),
    ],
)
def test_a_burst_is_a_paste_by_its_enters(text: str, verdict: bool) -> None:
    assert is_paste(text) is verdict


@pytest.mark.parametrize(("before", "verdict"), [(0, False), (36, False), (37, False), (38, True)])
def test_what_a_burst_has_passed_on_already_counts(before: int, verdict: bool) -> None:
    assert is_paste("hi\r", before) is verdict


@pytest.mark.parametrize("ending", ["\r", "\n", "\r\n"])
@pytest.mark.parametrize("brackets", [(START, END), ("", "")])
def test_every_line_ending_is_a_newline(ending: str, brackets: tuple[str, str]) -> None:
    before, after = brackets
    assert _scanned(before + ending.join(["one", "two", "three"]) + after) == [Pasted("one\ntwo\nthree")]


@given(LINES, st.lists(st.integers(0, 90)))
def test_a_bracketed_paste_is_one_piece_however_it_is_cut(text: str, places: list[int]) -> None:
    pieces = _scanned(*_cut(f"{START}{text}{END}", places), gap=0.09)
    assert pieces == ([Pasted(pasted_text(text))] if text else [])


@given(LINES, st.lists(st.integers(0, 90)), st.sampled_from(["", "k", "\x1b[A"]))
def test_keys_around_a_bracketed_paste_stay_keys_however_it_is_cut(text: str, places: list[int], key: str) -> None:
    pieces = _scanned(*_cut(f"{key}{START}{text}{END}{key}", places), gap=0.0001)
    assert (_typed(pieces), _pasted(pieces)) == (key + key, pasted_text(text))


@given(st.text(st.sampled_from("ab é\r\n"), max_size=60), st.lists(st.integers(0, 60)))
def test_nothing_is_lost_and_a_pastes_enters_are_never_keys(text: str, places: list[int]) -> None:
    pieces = _scanned(*_cut(text, places))
    assert pasted_text("".join(piece.text for piece in pieces)) == pasted_text(text)
    if is_paste(text):
        assert "\r" not in _typed(pieces)


@given(st.text(st.sampled_from("ab é"), max_size=39), st.lists(st.integers(0, 40)))
def test_a_short_line_and_enter_coalesced_still_sends(text: str, places: list[int]) -> None:
    pieces = _scanned(*_cut(text + "\r", places))
    assert (_typed(pieces), _pasted(pieces)) == (text + "\r", "")


@given(st.lists(st.text(st.sampled_from("ab\r"), min_size=1, max_size=8).filter(lambda read: not is_paste(read))))
def test_reads_that_are_not_close_together_are_judged_alone(reads: list[str]) -> None:
    pieces = _scanned(*reads, gap=BURST_SECONDS * 2)
    assert (_typed(pieces), _pasted(pieces)) == ("".join(reads), "")


def test_keys_without_enter_are_given_at_once() -> None:
    assert PasteScan(ESCAPE_SECONDS).feed("hi", 1.0) == [Typed("hi")]


def test_an_enter_waits_for_what_may_follow_and_no_longer() -> None:
    scan = PasteScan(ESCAPE_SECONDS)
    assert scan.feed("hi\r", 1.0) == []
    assert scan.due == pytest.approx(1.0 + BURST_SECONDS)
    assert scan.tick(1.0 + BURST_SECONDS / 2) == []
    assert scan.tick(1.0 + BURST_SECONDS) == [Typed("hi\r")]
    assert scan.due is None


@pytest.mark.parametrize(("gap", "piece"), [(0.9, Pasted("end\n")), (1.1, Typed("end\r"))])
def test_a_paste_goes_on_over_the_gaps_of_a_slow_link(gap: float, piece: Typed | Pasted) -> None:
    assert _scanned("one\rtwo\r", "end\r", gap=gap * PASTE_GAP_SECONDS) == [Pasted("one\ntwo\n"), piece]


def test_an_esc_that_may_begin_a_paste_is_a_key_when_nothing_follows() -> None:
    scan = PasteScan(ESCAPE_SECONDS)
    assert scan.feed("\x1b", 1.0) == []
    assert scan.tick(1.0 + ESCAPE_SECONDS) == [Typed("\x1b", waited=True)]


def test_a_paste_that_loses_its_end_is_given_and_typing_goes_on() -> None:
    scan = PasteScan(ESCAPE_SECONDS)
    assert scan.feed(START + "one\rtw", 1.0) == []
    assert scan.tick(1.0 + UNFINISHED_SECONDS) == [Pasted("one\ntw")]
    assert scan.feed("k", 20.0) == [Typed("k")]


def test_an_end_without_a_beginning_types_nothing() -> None:
    assert _scanned("a" + END) == [Typed("a")]


def test_nul_is_dropped_from_pastes() -> None:
    assert _scanned(f"{START}a\0b{END}") == [Pasted("ab")]


def test_escape_sequences_in_a_bracketed_paste_press_no_keys() -> None:
    text = "\x1b[31mred\x1b[0m and \x1bO and " + "more " * 20
    assert _scanned(START + text + END) == [Pasted(text)]


def test_a_character_cut_in_half_by_the_read_buffer_arrives_whole() -> None:
    reading = TerminalInput()
    data = f"{START}{'é' * 3}{END}".encode()
    messages = [*reading.feed(data[:9], 0.0), *reading.feed(data[9:], 0.01)]
    assert [event.text for event in messages if isinstance(event, events.Paste)] == ["ééé"]


def test_bytes_that_are_no_utf_8_do_not_end_the_input() -> None:
    reading = TerminalInput()
    messages = [*reading.feed(b"\xe9t\xe9", 0.0), *reading.feed(b"k", 1.0)]
    assert [event.key for event in messages if isinstance(event, events.Key)][-1] == "k"


def test_200_kilobytes_are_one_event() -> None:
    reading = TerminalInput()
    text = "A line of some length, to be pasted.\r" * 5600
    messages = [
        message for at in range(0, len(text), 4096) for message in reading.feed(text[at : at + 4096].encode(), 0.0)
    ]
    messages += reading.tick(1.0)
    [paste] = messages
    assert isinstance(paste, events.Paste)
    assert paste.text == text.replace("\r", "\n")
