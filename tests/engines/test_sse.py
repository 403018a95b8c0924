"""The SSE parser: whatever the network does to the bytes, the events are the same."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.sse import SseEvent, SseParser

LINES = st.sampled_from(
    [
        'data: {"a": 1}', "data:x", "data: ", "data", ": ping", "event: message", "", "id: 7", "retry: 10",
        "data: Ünï 🐉", "data: [DONE]", "nonsense", "data: a: b", ":", 'error: {"code": 500}',
    ]
)  # fmt: skip
STREAMS = st.lists(st.tuples(LINES, st.sampled_from(["\n", "\r\n", "\r"])), max_size=14)


def events_of(*chunks: bytes) -> list[SseEvent]:
    parser = SseParser()
    return [event for chunk in chunks for event in parser.feed(chunk)] + parser.finish()


def data_of(*chunks: bytes) -> list[str]:
    return [event.data for event in events_of(*chunks)]


@given(STREAMS, st.data())
def test_any_split_gives_the_same_events(lines: list[tuple[str, str]], data: st.DataObject) -> None:
    whole = "".join(line + end for line, end in lines).encode()
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    chunks = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    assert events_of(*chunks) == events_of(whole)


@given(st.binary(max_size=200), st.integers(0, 200))
def test_any_bytes_are_taken_and_cut_anywhere_alike(noise: bytes, cut: int) -> None:
    assert events_of(noise[:cut], noise[cut:]) == events_of(noise)


@given(STREAMS)
def test_the_kind_of_line_ending_does_not_matter(lines: list[tuple[str, str]]) -> None:
    texts = [line for line, _ in lines]
    assert events_of("".join(t + "\r\n" for t in texts).encode()) == events_of(
        "".join(t + "\n" for t in texts).encode()
    )


def test_lines_of_data_are_joined_by_newlines() -> None:
    assert data_of(b"data: one\ndata: two\n\n") == ["one\ntwo"]


def test_the_name_of_an_event_is_told() -> None:
    assert events_of(b"event: message\ndata: x\n\ndata: y\n\n") == [SseEvent("x", "message"), SseEvent("y")]


def test_comments_and_unknown_fields_are_passed_over() -> None:
    assert data_of(b": OPENROUTER PROCESSING\n\n: ping\nid: 1\nretry: 5\nfoo: bar\ndata: x\n\n") == ["x"]


def test_only_one_blank_after_the_colon_belongs_to_the_field() -> None:
    assert data_of(b"data:  x\n\ndata:y\n\n") == [" x", "y"]


def test_an_event_without_data_is_none() -> None:
    assert data_of(b"event: ping\n\n\n\n") == []


def test_a_missing_last_blank_line_loses_nothing() -> None:
    assert data_of(b"data: last\n") == ["last"]


def test_a_missing_last_line_break_loses_nothing() -> None:
    assert data_of(b"data: x\n\ndata: [DONE]") == ["x", "[DONE]"]


def test_done_is_told_before_its_blank_line_comes() -> None:
    assert SseParser().feed(b"data: [DONE]\n") == [SseEvent("[DONE]")]


def test_a_character_cut_in_two_comes_out_whole() -> None:
    text = "data: 🐉\n\n".encode()
    assert all(data_of(text[:cut], text[cut:]) == ["🐉"] for cut in range(len(text)))


def test_half_a_character_at_the_end_becomes_a_replacement_character() -> None:
    assert data_of("data: 🐉".encode()[:-2]) == ["\ufffd"]


def test_a_byte_order_mark_at_the_start_is_no_text() -> None:
    assert data_of(b"\xef\xbb\xbfdata: x\n\n") == ["x"]


def test_a_line_that_does_not_end_is_cut_off_with_a_broken_stream() -> None:
    parser = SseParser("rig:5001", line_limit=1000)
    assert parser.feed(b"data: fine\n\n") == [SseEvent("fine")]
    with pytest.raises(EngineError) as caught:
        [parser.feed(b"x" * 100) for _ in range(20)]
    assert caught.value.fault is EngineFault.BROKEN_STREAM
    assert "rig:5001" in caught.value.title


def test_an_event_of_endless_lines_is_cut_off_too() -> None:
    parser = SseParser()
    with pytest.raises(EngineError):
        [parser.feed(b"data: " + b"x" * 200_000 + b"\n") for _ in range(100)]


def test_the_error_field_of_old_llama_servers_is_an_event_of_that_name() -> None:
    assert events_of(b'error: {"code": 500}\n\n') == [SseEvent('{"code": 500}', "error")]
