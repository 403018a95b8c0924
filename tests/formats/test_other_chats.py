"""Chats of text-generation-webui, RisuAI, NovelAI and llama.cpp's UI, and chats to be read or trained on."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.note import ChatNote
from tavern_tui.domain.told_chat import ToldChat, ToldTurn, one_after_another
from tavern_tui.formats.chat_text import write_markdown, write_text
from tavern_tui.formats.llama_ui_chat import read_llama_ui, write_llama_ui
from tavern_tui.formats.novelai import read_novelai, write_scenario
from tavern_tui.formats.risuai_chat import read_risuai, write_risuai
from tavern_tui.formats.training import write_alpaca, write_sharegpt
from tavern_tui.formats.webui_chat import BEGIN, read_webui, write_webui
from tests.formats.chat_messages import lines, unlined, words

USER, CHARACTER, NARRATOR = Speaker.USER, Speaker.CHARACTER, Speaker.NARRATOR


def dumped(value: object) -> bytes:
    """``value`` as a file."""
    return json.dumps(value).encode()


def ours(*said: tuple[Speaker, str, str]) -> ToldChat:
    """A chat that was read from no file."""
    turns, tip = one_after_another([ToldTurn(0, *one, at=1_725_453_001) for one in said])
    return ToldChat("tavern-tui", "Ferry", turns, tip, ("Mira",), "Alex")


TALK = ours((CHARACTER, "Mira", "Across?"), (USER, "Alex", "Yes"), (CHARACTER, "Mira", "Come."))

# text-generation-webui

HISTORY: dict[str, Any] = {
    "internal": [[BEGIN, "Across?"], ["Is <it> far?", "No."], ["", "Not at all."]],
    "visible": [["", "Across?"], ["Is &lt;it&gt; far?", "No."], ["", "<em>Not</em> at all."]],
    "metadata": {
        "assistant_0": {"timestamp": "Sep 04, 2024 14:30"},
        "user_1": {"timestamp": "Sep 04, 2024 14:31", "attachments": [{"name": "a.txt"}]},
        "assistant_1": {
            "timestamp": "Sep 04, 2024 14:31",
            "versions": [
                {"content": "Yes.", "visible_content": "Yes.", "timestamp": "Sep 04, 2024 14:31"},
                {"content": "No.", "visible_content": "No.", "timestamp": "Sep 04, 2024 14:32"},
            ],
            "current_version_index": 1,
        },
        "other": 5,
    },
    "newer": [1],
}


def test_webui_rows_are_turns_and_versions_are_swipes() -> None:
    chat, _ = read_webui(dumped(HISTORY), "20240904.json")
    assert [(turn.speaker, turn.text) for turn in chat.shown()] == [
        (CHARACTER, "Across?"),
        (USER, "Is <it> far?"),
        (CHARACTER, "No."),
        (CHARACTER, "Not at all."),
    ]
    assert [chat.turns[place].text for place in chat.children()[1]] == ["Yes.", "No."]


@pytest.mark.parametrize(
    "history",
    [
        HISTORY,
        {"data": [["Hi", "Ho"]], "data_visible": [["Hi", "Ho"]]},
        {"internal": [["", "Hi"]], "visible": [["", "Hi"]], "metadata": {}},
    ],
    ids=["today", "old", "greeting without a mark"],
)
def test_a_webui_history_comes_back(history: dict[str, Any]) -> None:
    assert json.loads(write_webui(read_webui(dumped(history), "x.json")[0])[0]) == history


def test_another_version_that_is_shown_is_written_so() -> None:
    chat, _ = read_webui(dumped(HISTORY), "x.json")
    yes = chat.children()[1][0]
    written = json.loads(write_webui(replace(chat, tip=yes))[0])
    assert written["internal"] == [[BEGIN, "Across?"], ["Is <it> far?", "Yes."]]
    assert written["metadata"]["assistant_1"]["current_version_index"] == 0


def test_a_chat_of_ours_is_a_webui_history() -> None:
    written = json.loads(write_webui(TALK)[0])
    assert written["internal"] == [[BEGIN, "Across?"], ["Yes", "Come."]]


@pytest.mark.parametrize("rows", [[1], [["a"]], [["a", None]]], ids=repr)
def test_a_webui_row_that_is_no_pair_is_named(rows: list[Any]) -> None:
    with pytest.raises(FormatError, match=r"internal\.0"):
        read_webui(dumped({"internal": rows, "visible": []}), "x.json")


# RisuAI

RISU: dict[str, Any] = {
    "type": "risuChat",
    "ver": 2,
    "data": {
        "message": [
            {"role": "user", "data": "Hi", "chatId": "u1", "time": 1_725_453_001_123},
            {"role": "char", "data": "Ho", "saying": "c1", "generationInfo": {"model": "x"}, "disabled": True},
            {"role": "char", "data": "An aside", "isComment": True},
            {"role": "user", "data": "All before", "disabled": "allBefore"},
        ],
        "note": "Keep it short.",
        "name": "Chat 1",
        "localLore": [{"key": "a"}],
        "fmIndex": 0,
        "id": "chat-1",
    },
    "folders": [],
}


def test_a_risuai_chat_is_read() -> None:
    (chat,), remarks = read_risuai(dumped(RISU), "Mira_2026-06-17T0Z_chat.json")
    assert (chat.title, chat.characters, chat.note.text) == ("Mira – Chat 1", ("Mira",), "Keep it short.")
    assert [(turn.speaker, turn.hidden) for turn in chat.turns] == [
        (USER, False),
        (CHARACTER, True),
        (NARRATOR, True),
        (USER, False),
    ]
    assert chat.turns[0].at == 1_725_453_001.123
    assert [remark.place for remark in remarks] == ["data.localLore"]


@pytest.mark.parametrize(
    "kept", [RISU, {**RISU, "ver": 1, "data": {"message": [], "name": "", "note": ""}}], ids=["2", "1"]
)
def test_a_risuai_chat_comes_back(kept: dict[str, Any]) -> None:
    (chat,), _ = read_risuai(dumped(kept), "Mira_chat.json")
    assert json.loads(write_risuai(chat)[0]) == kept


def test_all_chats_of_a_risuai_character_are_chats() -> None:
    chats, _ = read_risuai(dumped({"type": "risuAllChats", "ver": 2, "data": [RISU["data"]] * 2}), "Mira_x.json")
    assert len(chats) == 2


@pytest.mark.parametrize("data", [None, 5, {"message": 5}, {"message": [5]}], ids=repr)
def test_a_risuai_chat_without_messages_is_refused(data: object) -> None:
    with pytest.raises(FormatError, match="Field data"):
        read_risuai(dumped({"type": "risuChat", "data": data}), "x.json")


def test_a_chat_of_ours_is_a_risuai_chat() -> None:
    written = json.loads(write_risuai(replace(TALK, note=ChatNote("Short.")))[0])
    assert (written["type"], written["ver"], written["data"]["note"]) == ("risuChat", 2, "Short.")
    assert [message["role"] for message in written["data"]["message"]] == ["char", "user", "char"]


# NovelAI

SCENARIO: dict[str, Any] = {
    "scenarioVersion": 3,
    "title": "The ferry",
    "prompt": "You are ${who?}. The river is dark.\n",
    "context": [{"text": "A river.", "contextConfig": {"prefix": ""}}, {"text": "Short.", "contextConfig": {}}],
    "lorebook": {"lorebookVersion": 5, "entries": []},
    "tags": ["night"],
}
STORY: dict[str, Any] = {
    "storyContainerVersion": 1,
    "metadata": {"title": "The ferry"},
    "content": {
        "story": {
            "fragments": [
                {"data": "The river", "origin": "prompt"},
                {"data": " is dark.", "origin": "ai"},
                {"data": "\n> look\n", "origin": "user"},
                {"data": "Water.", "origin": "ai"},
            ]
        },
        "context": [],
    },
}


def test_a_scenario_is_a_story_with_a_note() -> None:
    chat, remarks = read_novelai(dumped(SCENARIO), "x.scenario")
    assert (chat.title, chat.note.text, [turn.text for turn in chat.turns]) == (
        "The ferry",
        "Short.",
        ["You are ${who?}. The river is dark.\n"],
    )
    assert [remark.place for remark in remarks] == ["context.0", "prompt"]
    assert json.loads(write_scenario(chat)[0]) == SCENARIO


def test_a_story_goes_on_in_the_scenario() -> None:
    chat, _ = read_novelai(dumped(SCENARIO), "x.scenario")
    more = ToldTurn(0, NARRATOR, "Story", "A bell rings.")
    written = json.loads(write_scenario(replace(chat, turns=(*chat.turns, more), tip=1, note=ChatNote("Long.")))[0])
    assert written["prompt"] == "You are ${who?}. The river is dark.\nA bell rings."
    assert written["context"][1] == {"text": "Long.", "contextConfig": {}}


def test_the_fragments_of_a_story_are_turns_of_two_sides() -> None:
    chat, _ = read_novelai(dumped(STORY), "x.story")
    assert [(turn.speaker, turn.text) for turn in chat.turns] == [
        (NARRATOR, "The river is dark."),
        (USER, "\n> look\n"),
        (NARRATOR, "Water."),
    ]
    assert json.loads(write_scenario(chat)[0])["prompt"] == "The river is dark.\n> look\nWater."


def test_a_newer_story_is_refused_with_what_helps() -> None:
    packed = {"storyContainerVersion": 1, "metadata": {}, "content": {"document": "1BQ="}}
    with pytest.raises(FormatError) as refused:
        read_novelai(dumped(packed), "x.story")
    assert "scenario" in refused.value.hint


# llama.cpp's web UI

CONV = {"id": "c1", "name": "Ferry", "lastModified": 1_725_453_009_000, "currNode": "a2", "pinned": True}


def message(identity: str, parent: str | None, role: str, content: str, *children: str, **more: Any) -> dict[str, Any]:
    """A message of llama.cpp's UI."""
    head = {"id": identity, "convId": "c1", "type": "text", "timestamp": 1_725_453_001_000, "role": role}
    return {**head, "content": content, "parent": parent, "children": list(children), **more}


MESSAGES = [
    message("r", None, "system", "", "u1", type="root"),
    message("u1", "r", "user", "Hi", "a1", "a2", extra=[{"type": "TEXT", "name": "a", "content": "b"}]),
    message("a1", "u1", "assistant", "Ho", "u2", model="nemo", timings={"predicted_n": 3}),
    message("a2", "u1", "assistant", "Hey", reasoningContent="hm", toolCalls=[{"id": "t"}]),
    message("u2", "a1", "user", "More"),
]


def session(*messages: dict[str, Any]) -> bytes:
    """An export with these messages."""
    head = {"type": "session", "harness": "llama.app", **CONV}
    return lines(head, *({"type": "message", "message": one} for one in messages))


def test_a_conversation_is_a_tree() -> None:
    (chat,), _ = read_llama_ui(session(*MESSAGES), "x.jsonl")
    assert [turn.text for turn in chat.shown()] == ["Hi", "Hey"]
    assert [turn.text for turn in chat.turns] == ["Hi", "Ho", "Hey", "More"]
    assert chat.turns[2].reasoning == "hm"


def test_a_conversation_comes_back_with_all_its_branches() -> None:
    (chat,), _ = read_llama_ui(session(*MESSAGES), "x.jsonl")
    head, *rest = unlined(write_llama_ui(chat)[0])
    assert head == {"type": "session", "harness": "llama.app", **CONV}
    assert sorted((one["message"] for one in rest), key=lambda one: one["id"]) == sorted(
        MESSAGES, key=lambda one: str(one["id"])
    )


def test_the_older_json_is_read_too() -> None:
    chats, _ = read_llama_ui(dumped([{"conv": CONV, "messages": MESSAGES}] * 2), "x.json")
    assert [chat.title for chat in chats] == ["Ferry", "Ferry"]


def test_messages_that_are_each_others_parents_are_left_out_and_told() -> None:
    circle = [message("x", "y", "user", "1", "y"), message("y", "x", "user", "2", "x"), message("z", "z", "user", "3")]
    (chat,), remarks = read_llama_ui(session(*MESSAGES, *circle), "x.jsonl")
    assert len(chat.turns) == 4
    assert remarks[-1].text.startswith("3 left out")


def test_a_new_turn_is_a_child_of_its_parent() -> None:
    (chat,), _ = read_llama_ui(session(*MESSAGES), "x.jsonl")
    more = ToldTurn(2, USER, "Alex", "New")
    _, *rest = unlined(write_llama_ui(replace(chat, turns=(*chat.turns, more), tip=4))[0])
    written = {one["message"]["content"]: one["message"] for one in rest}
    assert written["New"]["parent"] == "a2"
    assert written["Hey"]["children"] == [written["New"]["id"]]


@given(st.lists(st.tuples(st.sampled_from(Speaker), words), max_size=6))
def test_what_we_write_for_llama_ui_we_read(said: list[tuple[Speaker, str]]) -> None:
    chat = ours(*((speaker, "", text) for speaker, text in said))
    (again,), _ = read_llama_ui(write_llama_ui(chat)[0], "x.jsonl")
    assert [turn.text for turn in again.shown()] == [turn.text for turn in chat.shown()]


# To be read, and for training

MIXED = ours(
    (CHARACTER, "Mira", "Across?"),
    (USER, "Alex", "Yes"),
    (USER, "Alex", "Please"),
    (CHARACTER, "Mira", "Come."),
    (NARRATOR, "", "It rains."),
)


def test_plain_text_names_who_speaks() -> None:
    assert write_text(MIXED)[0].decode() == (
        "Mira: Across?\n\nAlex: Yes\n\nAlex: Please\n\nMira: Come.\n\nIt rains.\n\n"
    )


def test_markdown_has_a_title() -> None:
    text = write_markdown(MIXED)[0].decode()
    assert text.startswith("# Ferry\n\n**Mira:** Across?\n\n**Alex:** Yes\n")
    assert text.endswith("\n\nIt rains.\n")


def test_hidden_turns_are_neither_read_nor_trained_on() -> None:
    hidden = replace(MIXED, turns=(replace(MIXED.turns[0], hidden=True), *MIXED.turns[1:]))
    for write in (write_text, write_markdown, write_sharegpt, write_alpaca):
        data, remarks = write(hidden)
        assert b"Across" not in data
        assert remarks[0].place == "turns"


def test_sharegpt_joins_what_one_side_said() -> None:
    (line,) = unlined(write_sharegpt(MIXED)[0])
    assert line["conversations"] == [
        {"from": "gpt", "value": "Across?"},
        {"from": "human", "value": "Yes\n\nPlease"},
        {"from": "gpt", "value": "Come."},
        {"from": "system", "value": "It rains."},
    ]


def test_alpaca_has_a_line_for_every_answer() -> None:
    data, remarks = write_alpaca(MIXED)
    assert unlined(data) == [{"instruction": "Yes\n\nPlease", "input": "", "output": "Come."}]
    assert "1 reply" in remarks[0].text


def test_several_characters_are_named_in_training_data() -> None:
    (line,) = unlined(write_sharegpt(ours((CHARACTER, "Mira", "A"), (CHARACTER, "Wren", "B")))[0])
    assert line["conversations"] == [{"from": "gpt", "value": "Mira: A\n\nWren: B"}]
