"""The log's lines: what is written comes back, compactly, with whatever a later version added."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.alternatives import Alternative, TokenChoice
from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.events import (
    Body,
    ChatEvent,
    ChatStarted,
    PropertySet,
    Receipt,
    Speaker,
    TextEdited,
    TurnAdded,
    TurnTokens,
    Unknown,
)
from tavern_tui.formats.chatlog import FORMAT, decode_log, encode, newer_format
from tavern_tui.formats.chatlog_fields import KINDS, pack_ids, unpack_ids
from tests.domain.chat_events import event, events, turn

ids = st.text("abcdefgh0123", min_size=1, max_size=10)
any_event = events(ids, st.integers(0, 2**53 - 1))


def decoded(line: bytes) -> ChatEvent:
    """The one event of a line without problems."""
    found, problems = decode_log(line)
    assert problems == []
    assert len(found) == 1
    return found[0]


def record(line: bytes) -> dict[str, Any]:
    """A line as other programs read it."""
    found = json.loads(line)
    assert isinstance(found, dict)
    return found


@given(any_event)
def test_every_event_comes_back_as_it_was(written: ChatEvent) -> None:
    line = encode(written)
    assert b"\n" not in line
    assert decoded(line) == written


@given(st.lists(any_event, max_size=5))
def test_a_log_is_its_lines(log: list[ChatEvent]) -> None:
    assert decode_log(b"".join(encode(found) + b"\n" for found in log)) == (log, [])


def test_a_turn_reads_like_this_on_disk() -> None:
    said = TurnAdded("aaaaaaaa", Speaker.USER, "Alex", "“Wo ist\nsie?”")
    written = ChatEvent("bbbbbbbb", "phone1", 7, said, ("aaaaaaaa",), 1_760_000_000.0)
    assert encode(written).decode() == (
        '{"e":["bbbbbbbb","phone1",7,1760000000],"k":"turn","p":"aaaaaaaa","s":"u","n":"Alex","x":"“Wo ist\\nsie?”"}'
    )


def test_the_first_event_of_a_chat_says_format_and_program() -> None:
    line = encode(event("a", 1, ChatStarted("A night", ("Mira",), "Alex"), program="0.1.0"))
    assert record(line) == {
        "e": ["a", "phone", 1, 0],
        "f": FORMAT,
        "v": "0.1.0",
        "k": "chat",
        "title": "A night",
        "with": ["Mira"],
        "persona": "Alex",
    }


@pytest.mark.parametrize(
    ("parents", "stored"),
    [(("p",), None), (("q",), "q"), ((), []), (("p", "q"), ["p", "q"])],
)
def test_parents_are_left_out_where_a_turn_follows_its_own_parent(parents: tuple[str, ...], stored: object) -> None:
    written = replace(turn("a", 3, "p"), parents=parents)
    assert record(encode(written)).get("h") == stored
    assert decoded(encode(written)).parents == parents


def test_the_raw_text_costs_only_what_clean_up_took_away() -> None:
    text = "She smiles. " * 50
    written = event("a", 1, TurnAdded("p", Speaker.CHARACTER, "Mira", text.strip(), raw=text + "And th"))
    assert record(encode(written))["raw"] == [599, 0, " And th"]
    assert decoded(encode(written)) == written


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_raw_text_comes_back_whatever_the_text_is(raw: str, text: str) -> None:
    written = event("a", 1, TurnAdded("p", Speaker.CHARACTER, "Mira", text, raw=raw))
    assert decoded(encode(written)).body == written.body


@given(st.text(st.characters(min_codepoint=0xD7F0, max_codepoint=0xE010), max_size=6))
def test_lone_surrogates_are_written_as_utf_8_and_come_back(text: str) -> None:
    joined = text.encode("utf-16", "surrogatepass").decode("utf-16", "surrogatepass")
    line = encode(event("a", 1, TextEdited("t", text)))
    line.decode("utf-8")
    assert decoded(line).body == TextEdited("t", joined)


def test_two_halves_of_a_character_that_met_in_a_raw_text_become_it() -> None:
    halves = TurnAdded("p", Speaker.CHARACTER, "Mira", "\ud83d\ude00 ok", raw="\ud83d\ude00 ok \ud83d\ude00")
    body = decoded(encode(event("a", 1, halves))).body
    assert isinstance(body, TurnAdded)
    assert (body.text, body.raw) == ("😀 ok", "😀 ok 😀")


@given(st.lists(st.integers(0, 2**32 - 1)).map(tuple))
def test_token_ids_come_back_from_their_bytes(numbers: tuple[int, ...]) -> None:
    assert unpack_ids(pack_ids(numbers)) == numbers


@pytest.mark.parametrize("packed", [b"\x80", b"\x01\xff", b"\x80\x80\x80\x80\x80\x01"])
def test_cut_or_oversized_token_ids_are_refused(packed: bytes) -> None:
    with pytest.raises(ValueError):
        unpack_ids(packed)


def test_milliseconds_and_seconds_are_written_as_whole_numbers() -> None:
    receipt = Receipt("fake", prompt_ms=12.4, generation_ms=99.6)
    written = event("a", 1, TurnAdded("p", Speaker.CHARACTER, "Mira", "x", receipt=receipt), at=5.4)
    back = decoded(encode(written))
    assert isinstance(back.body, TurnAdded)
    assert back.body.receipt == Receipt("fake", prompt_ms=12, generation_ms=100)
    assert back.at == 5.0


LATER = {"e": ["a", "w", 1, 0], "k": "turn", "p": "q", "x": "Hi", "mood": {"joy": [1, 2]}, "zz": None}


def test_unknown_fields_of_a_known_kind_are_kept_and_written_back() -> None:
    found = decoded(json.dumps(LATER).encode())
    assert found.extra == {"mood": {"joy": [1, 2]}, "zz": None}
    assert record(encode(found)) == LATER


def test_an_unknown_kind_keeps_its_whole_record() -> None:
    strange = {"e": ["a", "w", 1, 5], "h": "b", "k": "hologram", "colour": "blue", "deep": [{"x": 1}]}
    found = decoded(json.dumps(strange).encode())
    assert found.body == Unknown("hologram", strange)
    assert (found.id, found.lamport, found.parents, found.at) == ("a", 1, ("b",), 5.0)
    assert record(encode(found)) == strange


def test_a_receipt_with_more_places_than_we_know_is_written_back_whole() -> None:
    places = ["fake", "m", "eos", 1, 2, 3, 4, 5, 6, "ChatML", "economy", 7, 8, "why", "turns", {"new": True}]
    found = decoded(json.dumps(LATER | {"r": places}).encode())
    assert isinstance(found.body, TurnAdded)
    assert found.body.receipt == Receipt(
        "fake", "m", "eos", 1, 2, 3, 4, 5, 6, "ChatML", "economy", 7, 8, "why", "turns"
    )
    assert record(encode(found))["r"] == places


@given(any_event, st.dictionaries(st.text("xyz", min_size=5, max_size=8), st.integers(), max_size=3))
def test_a_round_trip_of_later_records_changes_nothing(written: ChatEvent, added: dict[str, int]) -> None:
    line = json.dumps(record(encode(written)) | added).encode()
    assert record(encode(decoded(line))) == json.loads(line)


def test_a_later_format_that_gave_a_key_another_meaning_is_kept_as_unknown() -> None:
    strange = {"e": ["a", "w", 1, 0], "f": FORMAT + 1, "v": "9.0", "k": "turn", "x": ["now", "a", "list"]}
    found = decoded(json.dumps(strange).encode())
    assert found.body == Unknown("turn", strange)
    assert (found.format, found.program) == (FORMAT + 1, "9.0")
    assert record(encode(found)) == strange


def test_the_message_about_a_newer_format_names_both_programs() -> None:
    error = newer_format(event("a", 1, Unknown("x"), format=3, program="1.4"), "1.2")
    assert str(error) == (
        "This chat was written by tavern-tui 1.4 (format 3); this is 1.2 (format 1). "
        "Update, or: tavern-tui log CHAT --copy TITLE"
    )


@pytest.mark.parametrize("value", [float("nan"), float("inf"), {1, 2}, b"bytes", object()])
def test_what_json_cannot_say_is_not_written(value: object) -> None:
    with pytest.raises(FormatError):
        encode(event("a", 1, PropertySet("key", value)))


def nested(depth: int) -> Any:
    """Lists in lists."""
    value: Any = 0
    for _ in range(depth):
        value = [value]
    return value


def test_nothing_is_written_that_could_not_be_read_back() -> None:
    assert decoded(encode(event("a", 1, PropertySet("key", nested(60))))).body == PropertySet("key", nested(60))
    with pytest.raises(FormatError):
        encode(event("a", 1, PropertySet("key", nested(70))))
    with pytest.raises(FormatError):
        encode(event("a", 2**53, PropertySet("key", 0)))
    with pytest.raises(FormatError):
        encode(event("", 1, PropertySet("key", 0)))
    with pytest.raises(FormatError):
        encode(event("a", 1, TurnAdded("", Speaker.USER, "A", "x", tokens=TurnTokens("v", (-1,)))))


@pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS.keys())
def test_the_table_names_every_field_of_a_body_in_its_order(kind: Any) -> None:
    assert is_dataclass(kind.body)
    assert [field.name for field in kind.fields] == [field.name for field in fields(kind.body)]


def test_the_table_knows_every_kind_of_event() -> None:
    assert {kind.body for kind in KINDS.values()} == set(Body.__args__) - {Unknown}


PROSE = (
    'the a of and to in was her his with from slowly behind under over lantern rain window door "Well," *leans* '
    '"said," quietly morning counter innkeeper glass shadow. away. nobody¶¶Then road until again, something'
)
WORDS = PROSE.replace("¶", "\n").split(" ")


def long_chat(turns: int, *, token_ids: bool) -> list[ChatEvent]:
    """A talk of user and character by turns, 520 characters each, with a full receipt on every reply."""
    rng = Random(7)
    chat: list[ChatEvent] = []
    parent = ""
    for number in range(turns):
        text = " ".join(rng.choice(WORDS) for _ in range(130))[:520]
        receipt = Receipt(
            engine="embedded",
            model="Mistral-Nemo-Instruct-2407-Q4_K_M",
            stop="eos",
            seed=rng.getrandbits(31),
            evaluated=rng.randrange(900),
            reused=rng.randrange(8000),
            generated=130,
            prompt_ms=rng.random() * 5000,
            generation_ms=rng.random() * 20000,
            template="Mistral V3-Tekken" if number % 64 == 1 else "",
            policy="economy" if number % 64 == 1 else "",
        )
        tokens = TurnTokens("f" * 16, tuple(rng.randrange(49152) for _ in range(130)))
        if number % 2:
            body = TurnAdded(
                parent, Speaker.CHARACTER, "Mira", text, receipt=receipt, tokens=tokens if token_ids else None
            )
        else:
            body = TurnAdded(parent, Speaker.USER, "Alex", text)
        identity = f"{number:08x}"
        chat.append(ChatEvent(identity, "phone1", number + 1, body, (parent,) if parent else (), 1_760_000_000.0))
        parent = identity
    return chat


def ratio(chat: list[ChatEvent]) -> float:
    """Bytes of the log over bytes of its texts."""
    text = sum(len(found.body.text.encode()) for found in chat if isinstance(found.body, TurnAdded))
    return sum(len(encode(found)) + 1 for found in chat) / text


def test_ten_thousand_turns_take_at_most_1_3_times_their_text(record_property: Any) -> None:
    measured = ratio(long_chat(10_000, token_ids=False))
    record_property("log_bytes_per_text_byte", round(measured, 3))
    record_property("with_token_ids", round(ratio(long_chat(1_000, token_ids=True)), 3))
    assert measured <= 1.3


def test_what_might_have_been_written_comes_back_in_hundredths() -> None:
    choices = (
        TokenChoice("*", 0.0),
        TokenChoice("She", -0.123, (Alternative("She", -0.123), Alternative("“", -2.0))),
        TokenChoice("\N{REPLACEMENT CHARACTER}", -4.5, (Alternative("a", -0.5),)),
    )
    written = event("a", 1, TurnAdded("p", Speaker.CHARACTER, "Mira", "*She", alternatives=choices))
    back = decoded(encode(written)).body
    assert isinstance(back, TurnAdded)
    assert [one.text for one in back.alternatives] == ["*", "She", "\N{REPLACEMENT CHARACTER}"]
    assert back.alternatives[1] == TokenChoice("She", -0.12, (Alternative("She", -0.12), Alternative("“", -2.0)))
    assert back.alternatives[0].likeliest == ()


@pytest.mark.parametrize("alt", [1, [1], [["a"]], [["a", "b"]], [[1, 2]], [["a", True]], [[]]], ids=str)
def test_alternatives_of_another_type_make_the_event_unreadable(alt: object) -> None:
    line = encode(event("a", 1, TurnAdded("p", Speaker.CHARACTER, "Mira", "x")))
    found, problems = decode_log(json.dumps({**record(line), "alt": alt}).encode())
    assert found == []
    assert "alt" in problems[0].what
