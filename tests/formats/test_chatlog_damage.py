"""Damaged logs: whatever happened to some bytes, every event before and after them is read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.events import ChatEvent
from tavern_tui.formats.chatlog import decode_log, encode
from tests.domain.chat_events import events, turn

LOG = [turn(f"t{number}", number, f"t{number - 1}", "“Ja”, sagt sie. " * 3) for number in range(1, 7)]
LINES = [encode(found) for found in LOG]
DATA = b"".join(line + b"\n" for line in LINES)

distinct = st.lists(
    events(st.text("abcdefgh", min_size=1, max_size=8), st.integers(0, 99)),
    min_size=1,
    max_size=6,
    unique_by=lambda e: e.id,
)


def names(data: bytes) -> list[str]:
    """Ids of the events that are read."""
    return [found.id for found in decode_log(data)[0]]


@given(distinct, st.data())
def test_every_whole_line_survives_a_cut_anywhere(log: list[ChatEvent], data: st.DataObject) -> None:
    written = b"".join(encode(found) + b"\n" for found in log)
    cut = data.draw(st.integers(0, len(written)))
    found, problems = decode_log(written[:cut])
    whole = written[:cut].count(b"\n")
    assert found[:whole] == log[:whole]
    assert len(found) - whole in (0, 1)
    assert all(problem.line == whole + 1 for problem in problems)


@given(st.integers(0, len(DATA)), st.integers(1, 5000))
def test_a_tail_of_nul_bytes_costs_no_whole_record(cut: int, nul: int) -> None:
    whole = [line for line in LINES if line in DATA[:cut]]
    found, problems = decode_log(DATA[:cut] + b"\0" * nul)
    assert found == LOG[: len(whole)]
    assert "NUL" in problems[-1].what


@given(st.integers(0, len(DATA)), st.integers(0, 300), st.binary(max_size=80))
def test_garbage_in_the_middle_costs_only_the_records_it_touches(start: int, length: int, garbage: bytes) -> None:
    damaged = DATA[:start] + garbage + DATA[start + length :]
    touched = set()
    offset = 0
    for line, found in zip(LINES, LOG, strict=True):
        if start < offset + len(line) and (start + length > offset or start > offset):
            touched.add(found.id)
        offset += len(line) + 1
    whole = [event.id for event in LOG if event.id not in touched]
    # What is left of a touched record may read as another event: a blank more in its id is still an id.
    assert [name for name in names(damaged) if name in whole] == whole


@given(st.binary(max_size=300))
def test_no_bytes_at_all_make_reading_fail(data: bytes) -> None:
    found, problems = decode_log(data)
    assert found == []
    assert all(data[p.offset : p.offset + p.length].count(b"\n") == 0 for p in problems)


@given(st.lists(st.sampled_from([*LINES, b'{"e":["', b"\0\0", b"\xff", b"[[[", b"\n", b'"k":"turn"}']), max_size=12))
def test_pieces_of_records_in_any_order_do_not_make_reading_fail(pieces: list[bytes]) -> None:
    found, _ = decode_log(b"".join(pieces))
    assert all(one in LOG for one in found)


def test_a_record_glued_to_the_end_of_a_torn_one_survives() -> None:
    assert names(LINES[0][:40] + LINES[1] + b"\n" + LINES[2]) == ["t2", "t3"]


def test_two_records_without_a_newline_between_are_both_read_and_reported() -> None:
    found, problems = decode_log(LINES[0] + LINES[1] + b"\n" + LINES[2])
    assert found == LOG[:3]
    assert [problem.line for problem in problems] == [1]


def test_a_record_whose_newline_became_nul_bytes_survives() -> None:
    assert names(LINES[0] + b"\0" * 100 + LINES[1] + b"\n") == ["t1", "t2"]


def test_bytes_that_are_no_utf_8_cost_their_record_only() -> None:
    broken = LINES[1].replace("“".encode(), b"\xe2\x80")
    found, problems = decode_log(LINES[0] + b"\n" + broken + b"\n" + LINES[2])
    assert found == [LOG[0], LOG[2]]
    assert problems[0].what.startswith("Bytes that are no UTF-8")


def test_a_problem_tells_its_line_its_place_and_what_was_wrong() -> None:
    torn = LINES[1][:30]
    _, problems = decode_log(LINES[0] + b"\n" + torn + b"\n" + LINES[2] + b"\n", first_line=10, first_offset=1000)
    (problem,) = problems
    assert (problem.line, problem.offset, problem.length) == (11, 1000 + len(LINES[0]) + 1, 30)
    assert str(problem) == f"line 11 (byte {problem.offset}): A torn record."


def test_a_log_that_went_through_a_windows_editor_is_read() -> None:
    converted = b"\xef\xbb\xbf" + DATA.replace(b"\n", b"\r\n")
    assert decode_log(converted)[0] == LOG


def test_empty_lines_are_no_problem() -> None:
    assert decode_log(b"\n\n" + LINES[0] + b"\n\r\n\n") == ([LOG[0]], [])


GOOD = {"e": ["a", "w", 1, 0], "k": "turn", "p": "q", "x": "Hi"}


@pytest.mark.parametrize(
    "change",
    [
        {"e": None},
        {"e": ["a", "w", 1]},
        {"e": ["a", "w", 1, 0, 0]},
        {"e": ["", "w", 1, 0]},
        {"e": ["a" * 65, "w", 1, 0]},
        {"e": [7, "w", 1, 0]},
        {"e": ["a", None, 1, 0]},
        {"e": ["a", "w", -1, 0]},
        {"e": ["a", "w", 2**53, 0]},
        {"e": ["a", "w", True, 0]},
        {"e": ["a", "w", 1.0, 0]},
        {"e": ["a", "w", 1, "noon"]},
        {"e": ["a", "w", 1, 10**400]},
        {"k": 3},
        {"k": "edit"},
        {"f": "1"},
        {"v": 1},
        {"h": 7},
        {"h": ["a", 7]},
        {"x": None},
        {"s": "z"},
        {"s": ["u"]},
        {"cut": "yes"},
        {"cut": []},
        {"raw": "Hi there"},
        {"raw": [3, 0, ""]},
        {"raw": [2, 1, ""]},
        {"raw": [-1, 0, ""]},
        {"r": "fake"},
        {"r": [1]},
        {"r": ["e", "m", "eos", 1.5]},
        {"r": ["e", "m", "eos", 1, 1, 1, 1, "fast"]},
        {"ids": "AAA="},
        {"ids": ["v", "A"]},
        {"ids": ["v", "gA=="]},
        {"ids": ["v", 3]},
        {"lore": "Dragon"},
        {"roll": ["1d20"]},
        {"roll": ["1d20", "9", ""]},
        {"deep": json.loads("[" * 70 + "]" * 70)},
    ],
    ids=lambda change: json.dumps(change)[:30],
)
def test_a_record_that_says_something_impossible_is_skipped_and_reported(change: dict[str, object]) -> None:
    line = json.dumps(GOOD | change).encode()
    found, problems = decode_log(LINES[0] + b"\n" + line + b"\n" + LINES[1])
    assert found == LOG[:2]
    assert [problem.line for problem in problems] == [2]


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 100_000,
        b'{"e":' * 50_000,
        b'{"e":["a","w",1,0],"k":"set","key":"x","value":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"e":["a","w",1,0],"k":"set","key":"x","value":NaN}',
        b'{"e":["a","w",1,0],"k":"set","key":"x","value":1e999}',
        b'{"e":["a","w",' + b"9" * 5000 + b',0],"k":"tip","on":"x"}',
        b"[]",
        b"null",
        b'"text"',
    ],
    ids=lambda line: line[:20].decode(),
)
def test_hostile_json_costs_its_own_line(line: bytes) -> None:
    found, problems = decode_log(LINES[0] + b"\n" + line + b"\n" + LINES[1])
    assert found == LOG[:2]
    assert [problem.line for problem in problems] == [2]


def test_many_starts_of_records_in_one_line_are_given_up_after_a_few() -> None:
    found, problems = decode_log(b'{"e":["' * 100_000 + LINES[0])
    assert found == []
    assert len(problems) == 1
