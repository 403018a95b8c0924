"""Which chat format a file is, by what is in it; and files that try to take more than their share."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import FormatError, StorageError, TavernError
from tavern_tui.formats import json_lines, kobold_share
from tavern_tui.formats.chat_dates import as_offset, from_offset, iso_date, read_date
from tavern_tui.formats.chat_formats import CHAT_FORMATS, chat_format, format_of, read_chats
from tavern_tui.formats.packed_facts import pack, unpack
from tavern_tui.session.chat_import import import_chats
from tests.formats.chat_messages import values, words
from tests.formats.chat_reading import read_write_read, through_the_log
from tests.session.foreign_chats import workspace_in

CORPUS = Path(__file__).parent / "corpus" / "chats"
FILES = sorted(CORPUS.iterdir())
NAMES = {
    "Mira": "risuai",
    "Wren": "risuai",
    "kobold-share.txt": "kobold-share",
    "kobold": "kobold",
    "llama": "llama-ui",
    "novelai": "novelai",
    "sillytavern": "sillytavern",
    "webui": "webui",
}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_every_file_of_the_corpus_is_known_by_its_content_and_comes_back(path: Path) -> None:
    data = path.read_bytes()
    found = format_of(data)
    assert found is not None
    assert found.name == next(name for start, name in NAMES.items() if path.name.startswith(start))
    read_write_read(data)
    through_the_log(data)


SINGLE = [path for path in FILES if path.suffix == ".jsonl" or path.name.startswith(("kobold", "webui", "Mira"))]
WHOLE = [path for path in SINGLE if path.suffix != ".txt" and "damaged" not in path.name]


@pytest.mark.parametrize("path", WHOLE, ids=lambda path: path.name)
def test_a_file_is_written_with_every_field_it_had(path: Path) -> None:
    data = path.read_bytes()
    row, chats, _ = read_chats(data, path.name)
    assert row.write is not None
    written = row.write(chats[0])[0]
    assert _values(written) == _values(data)


def _values(data: bytes) -> list[object]:
    """What JSON or JSON Lines say, in an order of its own."""
    try:
        found = [json.loads(data)]
    except ValueError:
        found = [json.loads(line) for line in data.split(b"\n") if line.strip()]
    return sorted((json.dumps(value, sort_keys=True) for value in found), key=str)


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"name":"Mira","data":{}}', b"hello", b"\x89PNG\r\n", b"XQ"], ids=repr
)
def test_what_is_no_chat_is_none(data: bytes) -> None:
    assert format_of(data) is None
    with pytest.raises(FormatError):
        read_chats(data, "x")


def test_a_format_has_one_name_and_is_read_or_written() -> None:
    assert len({row.name for row in CHAT_FORMATS}) == len(CHAT_FORMATS)
    assert all(row.read or row.write for row in CHAT_FORMATS)
    with pytest.raises(FormatError, match="No format is called"):
        chat_format("word")


# Too much

LINE = b'{"name":"A","is_user":true,"mes":"x"}\n'


def deep(count: int) -> bytes:
    """A message with lists so many levels deep."""
    return b'{"mes":"x","is_user":true,"extra":' + b"[" * count + b"]" * count + b"}\n"


@pytest.mark.parametrize("count", [41, 1_000, 100_000])
def test_a_line_nested_too_deep_costs_itself_alone(count: int) -> None:
    _, (chat,), remarks = read_chats(LINE + deep(count) + LINE, "x.jsonl")
    assert len(chat.turns) == 2
    assert remarks[0].place == "line 2"


def test_json_nested_too_deep_is_refused() -> None:
    with pytest.raises(FormatError, match="levels deep"):
        read_chats(b'{"prompt":"x","actions":' + b"[" * 1_000 + b"]" * 1_000 + b"}", "x.json")


def test_a_line_that_is_too_long_costs_itself_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_lines, "MAX_LINE", 100)
    _, (chat,), remarks = read_chats(LINE + LINE.replace(b"x", b"x" * 200) + LINE, "x.jsonl")
    assert (len(chat.turns), remarks[0].place) == (2, "line 2")


def test_more_values_lines_or_bytes_than_are_read_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    many = b'{"internal":[' + b'["",""],' * 600_000 + b'["",""]],"visible":[]}'
    with pytest.raises(FormatError, match="1,500,000 values"):
        read_chats(many, "x.json")
    with pytest.raises(FormatError, match="250,000"):
        read_chats(LINE + b"\n" * 250_000, "x.jsonl")
    monkeypatch.setattr(kobold_share, "MAX_BYTES", 100)
    with pytest.raises(FormatError, match="more than 100 bytes"):
        read_chats((CORPUS / "kobold-share.txt").read_bytes(), "x.txt")


@pytest.mark.parametrize("kind", ["fifo", "folder", "missing", "link to nowhere"])
def test_what_is_no_file_is_refused_and_nothing_is_written(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "x.jsonl"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "folder":
        path.mkdir()
    elif kind == "link to nowhere":
        path.symlink_to(tmp_path / "gone")
    with pytest.raises((StorageError, TavernError)):
        import_chats(workspace_in(tmp_path / "home"), path)
    assert not (tmp_path / "home").exists()


# Dates and facts


@pytest.mark.parametrize(
    ("value", "moment"),
    [
        ("2024-09-04T12:30:01.123Z", 1_725_453_001.123),
        (1_725_453_001, 1_725_453_001),
        (1_725_453_001_123, 1_725_453_001.123),
        ("1725453001123", 1_725_453_001.123),
        ("soon", 0),
        ("September 99, 2024 2:30pm", 0),
        (None, 0),
        (True, 0),
        (-5, 0),
        (1e300, 0),
        ("9" * 400, 0),
        ({}, 0),
    ],
    ids=str,
)
def test_dates_in_utc_and_what_is_none(value: object, moment: float) -> None:
    assert read_date(value) == pytest.approx(moment)


@pytest.mark.parametrize(
    "spelled", ["September 4, 2024 2:30pm", "2024-9-4@14h30m00s", "2024-09-04 @14h 30m 00s 0ms", "Sep 04, 2024 14:30"]
)
def test_dates_without_a_zone_are_this_machines(spelled: str) -> None:
    from datetime import datetime

    assert read_date(spelled) == datetime(2024, 9, 4, 14, 30).timestamp()


@given(st.integers(0, 4_000_000_000), st.integers(-10_000_000, 10_000_000_000))
def test_an_iso_date_is_an_offset_from_any_moment(seconds: int, offset: int) -> None:
    date = iso_date(max(0, seconds * 1000 + offset) / 1000)
    told = as_offset(date, seconds)
    assert told is not None
    assert from_offset(told, seconds) == date


facts = st.dictionaries(words.filter(bool), values, max_size=4)


@settings(max_examples=25)
@given(st.lists(facts, max_size=4), st.integers(1, 9), st.integers(0, 10**9))
def test_facts_come_back_from_their_shapes(some: list[dict[str, object]], often: int, seconds: int) -> None:
    many = [(fact, seconds) for fact in some] * often
    packed, shapes = pack(many)
    assert [unpack(one, shapes, seconds) for one in packed] == [fact for fact, _ in many]
    again, new = pack(many, shapes)
    assert (again, new) == (packed, {})


def test_what_many_turns_say_is_written_once() -> None:
    said = [
        ({"extra": {"api": "koboldcpp", "tokens": number}, "at": "2024-09-04T12:30:01.123Z"}, 1_725_453_000)
        for number in range(9)
    ]
    packed, shapes = pack(said)
    (name,) = shapes
    assert packed[3] == [name, 3]


@pytest.mark.parametrize("packed", [None, 5, [], ["gone", 1], [5], ["odd", 1], ["short"]], ids=repr)
def test_a_damaged_shape_costs_its_facts_alone(packed: object) -> None:
    assert unpack(packed, {"odd": {"c": {}, "v": [[]]}, "short": {"c": {}, "v": [["a"]]}}, 0) == {}
