"""Kobold's saves: who speaks in a story's chunks, and that a save comes back with everything it had."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.note import ChatNote
from tavern_tui.domain.told_chat import ToldChat, ToldTurn, one_after_another
from tavern_tui.formats.kobold_save import is_kobold_save, read_kobold, write_kobold
from tavern_tui.formats.kobold_share import is_share, read_share, write_share
from tavern_tui.formats.kobold_story import Cast, Mode, chunks_of, turns_of

USER, CHARACTER, NARRATOR = Speaker.USER, Speaker.CHARACTER, Speaker.NARRATOR
MARKED = ["The night is old.", "\n{{[INPUT]}}\nHello there\n{{[OUTPUT]}}\n", " Across, then? ", "\n{{[INPUT]}}\nYes"]
V1: dict[str, Any] = {
    "gamestarted": True,
    "prompt": MARKED[0],
    "actions": MARKED[1:],
    "actions_metadata": {
        str(at): {"Selected Text": text, "Alternative Text": []} for at, text in enumerate(MARKED[1:])
    },
    "memory": "A river.",
    "authorsnote": "Keep it short.",
    "anotetemplate": "[<|>]",
    "worldinfo": [{"key": "river", "content": "wide"}],
    "savedsettings": {"opmode": 4, "chatname": "Alex", "chatopponent": "Mira", "x": [1, {"y": None}]},
    "newer": {"kept": True},
}
V2: dict[str, Any] = {
    "file_version": 2,
    "prompt": "The night",
    "actions": {
        "action_count": 1,
        "actions": {"0": {"Selected Text": " is old.", "Options": [{"text": "young", "Pinned": False}], "Time": 5}},
        "other": 1,
    },
    "authornote": "Short.",
    "worldinfo_v2": {"entries": {"0": {"key": ["river"], "content": "wide"}}},
}
SHARE: dict[str, Any] = {"ga": ["One.", " Two."], "ca": "Note", "ct": "[<|>]", "cm": "Memory", "cwi": [], "ess": "x"}


def said(chat: ToldChat) -> list[tuple[Speaker, str, str]]:
    """Who says what."""
    return [(turn.speaker, turn.name, turn.text) for turn in chat.turns]


def read(save: object) -> ToldChat:
    """The chat of a save."""
    return read_kobold(json.dumps(save).encode(), "Ferry.json")[0]


def test_marks_tell_who_speaks() -> None:
    assert said(read(V1)) == [
        (NARRATOR, "Story", "The night is old."),
        (USER, "Alex", "Hello there"),
        (CHARACTER, "Mira", "Across, then?"),
        (USER, "Alex", "Yes"),
    ]


def test_names_tell_who_speaks_in_chat_mode() -> None:
    settings = {"opmode": 3, "chatname": "Alex", "chatopponent": "Mira||$||Wren"}
    chunks = ["Night.\nMira: Across?", "\nAlex: Yes\nand back", "\nWren: Caw."]
    chat = read({"prompt": chunks[0], "actions": chunks[1:], "savedsettings": settings})
    assert said(chat) == [
        (NARRATOR, "Story", "Night."),
        (CHARACTER, "Mira", "Across?"),
        (USER, "Alex", "Yes\nand back"),
        (CHARACTER, "Wren", "Caw."),
    ]
    assert (chat.characters, chat.persona) == (("Mira", "Wren"), "Alex")


def test_actions_tell_who_speaks_in_an_adventure() -> None:
    chat = read({"prompt": "A cave.", "actions": ["\n\n> look\n\n", "It is dark."], "savedsettings": {"opmode": 2}})
    assert said(chat) == [(NARRATOR, "Story", "A cave."), (USER, "User", "look"), (NARRATOR, "Story", "It is dark.")]


def test_a_story_is_its_chunks() -> None:
    assert [text for _, _, text in said(read(V2))] == ["The night", "is old."]


@pytest.mark.parametrize("save", [V1, V2, SHARE, {**V1, "savedsettings": None}], ids=["v1", "v2", "share", "bare"])
def test_a_save_comes_back_with_everything_it_had(save: dict[str, Any]) -> None:
    assert json.loads(write_kobold(read(save))[0]) == save


pieces = st.lists(
    st.sampled_from(
        ["{{[INPUT]}}", "\n{{[OUTPUT]}}\n", "{{[SYSTEM_END]}}", "\nUser:", "\nAssistant: ", "\n\n> ", "\n", " "]
    )
    | st.text(max_size=5),
    max_size=5,
).map("".join)


@settings(max_examples=25)
@given(st.lists(pieces, max_size=5), st.sampled_from(Mode))
def test_chunks_come_back_whatever_is_in_them(chunks: list[str], mode: Mode) -> None:
    turns = turns_of(chunks, mode, Cast())
    if turns:
        assert chunks_of(turns, mode) == chunks


def test_an_edited_turn_and_a_new_one_go_into_the_story() -> None:
    chat = read(V1)
    edited = replace(chat.turns[2], text="Across and back?", edited=True)
    ours = ToldTurn(3, CHARACTER, "Mira", "Then come.")
    written = json.loads(write_kobold(replace(chat, turns=(*chat.turns[:2], edited, chat.turns[3], ours), tip=4))[0])
    assert written["actions"] == [MARKED[1], " Across and back? ", MARKED[3], "\n{{[OUTPUT]}}\nThen come."]
    assert written["actions_metadata"]["3"]["Selected Text"] == "\n{{[OUTPUT]}}\nThen come."
    assert written["memory"] == "A river."


def test_a_note_that_was_changed_here_is_written() -> None:
    chat = replace(read(V1), note=ChatNote("Longer."))
    assert json.loads(write_kobold(chat)[0])["authorsnote"] == "Longer."


def test_what_is_kept_but_not_used_is_told() -> None:
    _, remarks = read_kobold(json.dumps(V1).encode(), "x.json")
    assert [remark.place for remark in remarks] == ["memory", "worldinfo"]


def test_other_branches_hang_below_the_turns_that_they_share() -> None:
    other = [*MARKED[:2], " Not tonight."]
    chat = read({**V1, "altbranches": [None, other, 5, ["Another tale."]]})
    assert [turn.text for turn in chat.shown()] == ["The night is old.", "Hello there", "Across, then?", "Yes"]
    below = chat.children()
    assert [chat.turns[place].text for place in below[1]] == ["Across, then?", "Not tonight."]
    assert [chat.turns[place].text for place in below[-1]] == ["The night is old.", "Another tale."]
    assert json.loads(write_kobold(chat)[0])["altbranches"] == [None, other, 5, ["Another tale."]]


def test_a_chat_of_ours_is_a_save_in_chat_mode() -> None:
    turns, tip = one_after_another(
        [
            ToldTurn(0, CHARACTER, "Mira", "Across?"),
            ToldTurn(0, USER, "Alex", "Yes"),
            ToldTurn(0, CHARACTER, "Mira", "Hidden", hidden=True),
        ]
    )
    data, remarks = write_kobold(ToldChat("tavern-tui", "x", turns, tip, ("Mira",), "Alex"))
    again, _ = read_kobold(data, "x.json")
    assert [text for _, _, text in said(again)] == ["Across?", "Yes"]
    assert [turn.speaker for turn in again.turns] == [CHARACTER, USER]
    assert [remark.place for remark in remarks] == ["turns"]


def test_share_text_is_packed_and_unpacked() -> None:
    data, _ = write_share(read(V1))
    assert is_share(data)
    assert is_share(b"https://lite.koboldai.net/?s=" + data)
    for shared in (data, b"https://lite.koboldai.net/?s=" + data):
        assert json.loads(write_kobold(read_share(shared, "x.txt")[0])[0]) == V1


@pytest.mark.parametrize("cut", [8, 40, 200])
def test_damaged_share_text_is_refused(cut: int) -> None:
    with pytest.raises(FormatError) as refused:
        read_share(write_share(read(V1))[0][:cut], "x.txt")
    assert refused.value.where.startswith("x.txt")


def test_the_archive_of_united_is_read() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr("story.json", json.dumps(V2))
        archive.writestr("images/a.png", b"x")
    assert [turn.text for turn in read_kobold(out.getvalue(), "x.kaistory")[0].turns] == ["The night", "is old."]


@pytest.mark.parametrize(
    "save",
    [{"prompt": "x", "actions": 5}, {"prompt": "x", "actions": [None]}, {"prompt": {}, "actions": []}],
    ids=["number", "null", "prompt"],
)
def test_fields_of_another_type_are_named(save: dict[str, Any]) -> None:
    with pytest.raises(FormatError, match=r"Field (actions|prompt)"):
        read(save)


@pytest.mark.parametrize(
    "value", [{"scenarioVersion": 2, "prompt": "x"}, {"prompt": "x"}, [], "x", {"name": "Mira"}], ids=repr
)
def test_other_json_is_no_save(value: object) -> None:
    assert not is_kobold_save(value)
