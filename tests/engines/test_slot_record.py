"""What is known of a server's slots and files, beyond the program's life."""

from __future__ import annotations

import json
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.engines.slot_record import KEPT_DAYS, MOST_FILES, KeptChat, SlotRecord, read_record

DAY = 86_400.0
KEPT = KeptChat("chat", "model", 1, 7, 900, 1.5e9, file=2, saved=True, size=500)
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(("chats", "chat", "slot", "unneeded", "tag")), inner, max_size=4)
    ),
    max_leaves=8,
)


def saved(record: SlotRecord, chat: str, at: float, size: int = 100) -> int:
    """A chat that was written in at a time and saved; the number of its file."""
    record.note(KeptChat(chat, "model", 0, 1, 900, at))
    number = record.take_number(chat)
    record.note(replace(record.chats[chat], file=number, saved=True, size=size))
    return number


def test_a_record_is_read_as_it_was_written() -> None:
    record = SlotRecord(chats={"chat": KEPT}, unneeded={4}, useless=["other"])
    assert read_record(record.as_text()) == record


def test_a_slot_has_one_chat() -> None:
    record = SlotRecord()
    record.note(KEPT)
    record.note(replace(KEPT, chat="other"))
    assert (record.chats["chat"].slot, record.chats["other"].slot) == (-1, 1)


@settings(max_examples=25)
@given(ANYTHING)
def test_whatever_a_file_holds_is_read_as_some_record(value: object) -> None:
    record = read_record(json.dumps(value))
    assert read_record(record.as_text()) == record


@settings(max_examples=25)
@given(st.lists(st.integers(0, 40), max_size=60))
def test_no_two_chats_have_one_file_and_the_numbers_are_bounded(chats: list[int]) -> None:
    record = SlotRecord()
    for at, chat in enumerate(chats):
        saved(record, f"chat {chat}", float(at))
    numbers = [one.file for one in record.chats.values() if one.file >= 0]
    assert len(set(numbers)) == len(numbers)
    assert all(0 <= number < MOST_FILES for number in numbers)
    assert not record.unneeded & set(numbers)


def test_the_chat_that_was_left_first_gives_up_its_file() -> None:
    record = SlotRecord()
    first = saved(record, "first", 1.0)
    for number in range(MOST_FILES - 1):
        saved(record, f"chat {number}", 2.0 + number)
    assert saved(record, "new", 99.0) == first
    assert not record.chats["first"].saved


def test_files_of_a_month_ago_and_the_oldest_of_too_many_bytes_are_needed_no_longer() -> None:
    record = SlotRecord()
    old, large, last = saved(record, "old", 0.0), saved(record, "large", 30 * DAY, 900), saved(record, "last", 31 * DAY)
    record.tidy((KEPT_DAYS + 1) * DAY, most_bytes=950)
    assert record.unneeded == {old, large}
    assert record.chats["last"].file == last
    assert saved(record, "next", 32 * DAY) == old  # used again before any other


def test_a_model_whose_states_are_of_no_use_needs_no_files() -> None:
    record = SlotRecord()
    number = saved(record, "chat", 1.0)
    record.found_useless("model")
    assert record.unneeded == {number}
    assert record.useless == ["model"]
