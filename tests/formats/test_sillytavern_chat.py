"""SillyTavern's chat files: what is read of them, and that they come back with every field that they had."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.events import Receipt, Speaker
from tavern_tui.domain.note import ChatNote, NotePlace, NoteRole
from tavern_tui.domain.told_chat import ToldChat, ToldTurn, one_after_another
from tavern_tui.formats.sillytavern_chat import branches_of, read_sillytavern, write_sillytavern
from tests.formats.chat_messages import Message, headers, lines, messages, unlined

HEADER = {"user_name": "Alex", "character_name": "Mira", "create_date": "2024-9-4@12h30m01s", "chat_metadata": {}}
HELLO = {"name": "Mira", "is_user": False, "mes": "Hello", "send_date": "2024-09-04T12:30:01.000Z", "extra": {}}
ANSWER = {"name": "Alex", "is_user": True, "mes": "Hi", "send_date": "2024-09-04T12:31:01.000Z", "extra": {}}


def chat(*values: Any) -> ToldChat:
    """The chat of these lines."""
    return read_sillytavern(lines(*values), "Mira - 1.jsonl")[0]


def back(told: ToldChat) -> list[Any]:
    """The lines that are written of a chat."""
    return unlined(write_sillytavern(told)[0])


@settings(max_examples=25)
@given(headers, st.lists(messages, min_size=1, max_size=4))
def test_a_file_comes_back_with_every_field_it_had(header: Message | None, said: list[Message]) -> None:
    whole = [value for value in (header, *said) if value is not None]
    assert back(chat(*whole)) == whole


def test_swipes_are_siblings_and_the_chat_goes_on_below_the_one_that_is_shown() -> None:
    swiped = {**HELLO, "swipes": ["Ho", "Hello", "Hey"], "swipe_id": 1, "swipe_info": [{}, {}, {}]}
    told = chat(HEADER, swiped, ANSWER)
    assert [(turn.parent, turn.text) for turn in told.turns] == [(-1, "Ho"), (-1, "Hello"), (-1, "Hey"), (1, "Hi")]
    assert [turn.text for turn in told.shown()] == ["Hello", "Hi"]


def test_another_swipe_that_is_shown_brings_its_own_facts() -> None:
    infos = [
        {"send_date": "2024-09-04T12:30:01.000Z", "gen_started": "a", "extra": {"model": "one"}},
        {"send_date": "2024-09-04T12:30:02.000Z", "extra": {"model": "two", "reasoning": "hm"}},
    ]
    swiped = {**HELLO, **infos[0], "swipes": ["Hello", "Ho"], "swipe_id": 0, "swipe_info": infos, "title": "kept"}
    (written,) = back(replace(chat(swiped), tip=1))
    assert (written["mes"], written["swipe_id"], written["extra"]) == ("Ho", 1, {"model": "two", "reasoning": "hm"})
    assert written["title"] == "kept"
    assert "gen_started" not in written
    assert written["swipe_info"] == infos


def test_a_new_swipe_stands_behind_those_that_were_there() -> None:
    told = chat({**HELLO, "swipes": ["Hello"], "swipe_id": 0, "swipe_info": [{"extra": {"x": 1}}]})
    receipt = Receipt("koboldcpp", "nemo", generated=12, prompt_ms=500, generation_ms=1500)
    ours = ToldTurn(-1, Speaker.CHARACTER, "Mira", "Hey", 1_725_453_100, reasoning="hm", receipt=receipt)
    (written,) = back(replace(told, turns=(*told.turns, ours), tip=1))
    assert (written["mes"], written["swipes"], written["swipe_id"]) == ("Hey", ["Hello", "Hey"], 1)
    assert written["swipe_info"][0] == {"extra": {"x": 1}}
    assert written["swipe_info"][1] == {
        "send_date": "2024-09-04T12:31:40.000Z",
        "gen_started": "2024-09-04T12:31:38.000Z",
        "gen_finished": "2024-09-04T12:31:40.000Z",
        "extra": {"api": "koboldcpp", "model": "nemo", "token_count": 12, "reasoning": "hm"},
    }


def test_an_edited_text_loses_what_was_made_of_the_old_one() -> None:
    told = chat({**HELLO, "swipes": ["Hello"], "extra": {"display_text": "Hallo", "token_count": 1, "x": 2}})
    edited = replace(told.turns[0], text="Bye", edited=True)
    (written,) = back(replace(told, turns=(edited,)))
    assert (written["mes"], written["swipes"], written["extra"]) == ("Bye", ["Bye"], {"x": 2})


@pytest.mark.parametrize("was", [True, False], ids=["shown again", "hidden here"])
def test_hiding_is_told_as_is_system(was: bool) -> None:
    told = chat({**HELLO, "is_system": was})
    assert told.turns[0].hidden is was
    (written,) = back(replace(told, turns=(replace(told.turns[0], hidden=not was),)))
    assert written["is_system"] is not was


@pytest.mark.parametrize(
    ("fields", "speaker"),
    [
        ({"is_user": True}, Speaker.USER),
        ({"is_user": False}, Speaker.CHARACTER),
        ({"is_user": False, "extra": {"type": "narrator"}}, Speaker.NARRATOR),
        ({"is_user": False, "is_system": True, "extra": {"type": "comment"}}, Speaker.NARRATOR),
        ({"is_user": False, "extra": {"isSmallSys": True}}, Speaker.NARRATOR),
        ({"is_user": False, "is_system": True}, Speaker.CHARACTER),
    ],
    ids=["user", "character", "narrator", "comment", "small", "hidden"],
)
def test_who_speaks(fields: Message, speaker: Speaker) -> None:
    assert chat({"name": "N", "mes": "x", **fields}).turns[0].speaker is speaker


def test_the_note_the_variables_and_lasting_lore_of_the_chat_are_read() -> None:
    metadata = {
        "note_prompt": "It rains.",
        "note_interval": 3,
        "note_depth": 2,
        "note_position": 2,
        "note_role": 1,
        "variables": {"hp": 7, "name": "x", "list": [1], "yes": True},
        "timedWorldInfo": {
            "sticky": {"The Inn. Old.12": {"hash": 5, "start": 3, "end": 8, "protected": True}, "bad": {"start": 1}},
            "cooldown": {"Inn.4": {"hash": 5, "start": 3, "end": 9}},
        },
    }
    told = chat({**HEADER, "chat_metadata": metadata}, HELLO)
    assert told.note == ChatNote("It rains.", NotePlace.BEFORE, 2, NoteRole.USER, 3)
    assert told.variables == {"hp": 7, "name": "x"}
    place = {"mark": "", "start": 3}
    assert told.lore == (
        {"sticky": True, "book": "The Inn. Old", "uid": 12, "end": 8, "protected": True, **place},
        {"sticky": False, "book": "Inn", "uid": 4, "end": 9, "protected": False, **place},
    )


def test_what_changed_here_is_written_over_the_metadata_and_nothing_else() -> None:
    timed = {"sticky": {"Inn.4": {"hash": 5, "start": 3, "end": 9}}, "cooldown": {}}
    metadata = {"variables": {"hp": 7, "list": [1], "gone": "x"}, "timedWorldInfo": timed, "tainted": True}
    told = chat({**HEADER, "chat_metadata": metadata}, HELLO)
    here = replace(told, note=ChatNote("New", interval=2), variables={"hp": "8", "new": "y"}, lore=())
    written = back(here)[0]["chat_metadata"]
    assert written == {
        "variables": {"hp": "8", "list": [1], "new": "y"},
        "timedWorldInfo": {"sticky": {}, "cooldown": {}},
        "tainted": True,
        "note_prompt": "New",
        "note_interval": 2,
        "note_depth": 4,
        "note_position": 1,
        "note_role": 0,
    }


def test_lore_that_began_here_is_told_as_left_out() -> None:
    effect = {"sticky": True, "book": "Inn", "uid": 1, "mark": "ab", "start": 1, "end": 5, "protected": False}
    _, remarks = write_sillytavern(replace(chat(HEADER, HELLO), lore=(effect,)))
    assert [remark.place for remark in remarks] == ["chat_metadata.timedWorldInfo"]


def test_a_group_chat_without_a_header_has_its_speakers_as_members() -> None:
    first = {**HELLO, "is_group": True, "original_avatar": "mira.png"}
    told = chat(first, ANSWER, {**HELLO, "name": "Wren", "mes": "Caw"})
    assert (told.characters, told.persona) == (("Mira", "Wren"), "Alex")
    assert back(told)[0] == first


def test_newer_headers_name_nobody() -> None:
    told = chat({**HEADER, "user_name": "unused", "character_name": "unused"}, HELLO, ANSWER)
    assert (told.characters, told.persona) == (("Mira",), "Alex")


def test_a_chat_and_its_branches_have_one_origin_and_other_chats_another() -> None:
    branch = {**HEADER, "chat_metadata": {"main_chat": "Mira - 1"}}
    assert chat(HEADER, HELLO).origin == chat(branch, {**HELLO, "mes": "Edited"}, ANSWER).origin
    assert chat(HEADER, HELLO).origin != chat({**HEADER, "create_date": "2024-9-5@12h30m01s"}, HELLO).origin


def test_the_files_that_a_chat_links_to_are_known() -> None:
    marked = {**HELLO, "extra": {"bookmark_link": "Checkpoint", "branches": ["Branch #1", 5]}}
    told = chat({**HEADER, "chat_metadata": {"main_chat": "Before"}}, marked)
    assert (told.parent, branches_of(told)) == ("Before", ("Checkpoint", "Branch #1"))


def test_a_damaged_line_costs_itself_alone_and_is_told() -> None:
    data = b'\xef\xbb\xbf{"user_name":"A"}\n' + lines(HELLO) + b'\n{"mes":"to\n[1]\n\xff\xfe\n' + lines(ANSWER) + b"\n"
    told, remarks = read_sillytavern(data, "x.jsonl")
    assert [turn.text for turn in told.turns] == ["Hello", "Hi"]
    assert [remark.place for remark in remarks] == ["line 3", "line 4", "line 5"]
    assert "column" in remarks[0].text


def test_pictures_and_files_are_kept_and_told() -> None:
    shown = {**HELLO, "extra": {"image": "user/images/a.png", "media": [{"url": "b"}]}}
    told, remarks = read_sillytavern(lines(HEADER, shown), "x.jsonl")
    assert [remark.place for remark in remarks] == ["extra"]
    assert back(told)[1] == shown


@pytest.mark.parametrize("data", [b"", b"\n\n", b"hello", b"[]", b'{"a":1}', b"\x00" * 9], ids=repr)
def test_what_is_no_chat_is_refused_with_its_name(data: bytes) -> None:
    with pytest.raises(FormatError) as refused:
        read_sillytavern(data, "notes.jsonl")
    assert refused.value.where == "notes.jsonl"


def test_branches_beside_the_path_are_told() -> None:
    turns = (
        ToldTurn(-1, Speaker.CHARACTER, "Mira", "One"),
        ToldTurn(-1, Speaker.CHARACTER, "Mira", "Two"),
        ToldTurn(1, Speaker.USER, "Alex", "Below two"),
    )
    data, remarks = write_sillytavern(ToldChat("tavern-tui", "Mira", turns, tip=0, characters=("Mira",)))
    assert [remark.place for remark in remarks] == ["swipes"]
    assert unlined(data)[1]["swipes"] == ["One", "Two"]


def test_a_chat_of_ours_has_a_header_that_sillytavern_knows() -> None:
    turns, tip = one_after_another([ToldTurn(0, Speaker.NARRATOR, "", "It rains.", 1_725_453_001)])
    header, first = back(ToldChat("tavern-tui", "x", turns, tip, ("Mira",), "Alex"))
    assert header == {**HEADER, "create_date": "2024-09-04T12:30:01.000Z"}
    assert (first["is_user"], first["is_system"], first["extra"]) == (False, False, {"type": "narrator"})
    assert json.dumps(first)
