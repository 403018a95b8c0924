"""When summaries are written: what was chosen, what is due, what is asked once, what other programs brought."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.config.paths import Directories
from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.events import PropertySet
from tavern_tui.engines.fake import DEFAULT_INFO
from tavern_tui.session.chat_import import ChatImporter
from tavern_tui.session.session import ChatSession
from tavern_tui.session.summaries import versions as kept
from tavern_tui.session.summaries.jobs import Job
from tavern_tui.session.summaries.keeping import (
    CHOICE,
    Choice,
    When,
    choice_of,
    chosen,
    due,
    imported,
    note_of_leaving,
    offered,
    told,
)
from tavern_tui.session.workspace import Workspace
from tests.session.conftest import Opener, collect

SAID = "I row to the far bank and look for the lamp that hung there in the old days, under the third willow."
HOSTED = replace(
    DEFAULT_INFO,
    engine="openai",
    address="https://openrouter.ai/api/v1",
    capabilities=replace(DEFAULT_INFO.capabilities, hosted=True),
)


def with_choice(when: When, hosted: tuple[str, ...] = ()) -> ChatTree:
    """A chat for which that was chosen."""
    return ChatTree(properties={CHOICE: {"when": when.value, "hosted": list(hosted)}})


def test_on_a_hosted_server_nothing_is_written_unasked_unless_it_was_allowed_there() -> None:
    assert choice_of(with_choice(When.ALWAYS)).allows(DEFAULT_INFO)
    assert not choice_of(with_choice(When.ALWAYS)).allows(HOSTED)
    assert not choice_of(with_choice(When.ALWAYS, ("api.example.com",))).allows(HOSTED)
    assert choice_of(with_choice(When.ALWAYS, ("openrouter.ai",))).allows(HOSTED)
    assert not choice_of(with_choice(When.NEVER, ("openrouter.ai",))).allows(HOSTED)
    event = chosen(with_choice(When.ASKED, ("one.example",)), When.ALWAYS, HOSTED)
    assert event.value == {"when": "always", "hosted": ["one.example", "openrouter.ai"]}
    assert chosen(ChatTree(), When.ALWAYS, DEFAULT_INFO).value == {"when": "always"}


@pytest.mark.parametrize("value", [None, 4, "always", {"when": "often"}, {"when": 1}], ids=str)
def test_what_makes_no_sense_is_no_choice(value: object) -> None:
    assert choice_of(ChatTree(properties={CHOICE: value})) == Choice()


@pytest.mark.parametrize(
    ("job", "info", "note"),
    [
        (
            Job("", "x", 1, 212, seconds=39.7),
            DEFAULT_INFO,
            "Turn 1–212 are no longer read. s writes a summary of them (about 40 s) · a always · n never",
        ),
        (
            Job("", "x", 1, 1, reads=1204),
            HOSTED,
            "Turn 1 is no longer read. s writes a summary of them (about 1,204 tokens to read) · a always, at"
            " openrouter.ai · n never",
        ),
    ],
    ids=["timed", "hosted"],
)
def test_the_note_says_which_turns_and_what_it_costs(job: Job, info: object, note: str) -> None:
    assert note_of_leaving(job, info) == note  # type: ignore[arg-type]


@pytest.fixture
async def chat(begin: Opener) -> ChatSession:
    """A chat whose first turns have left its prompts."""
    session = begin("So it is.", context_tokens=700)
    await session.open()
    while not session.tree.cuts:
        await collect(session.reply(SAID))
    return session


async def test_it_is_offered_once_and_due_where_always_was_chosen(chat: ChatSession) -> None:
    found = await offered(chat)
    assert found is not None
    assert await due(chat) is None
    await chat.changes.write(chosen(chat.tree, When.ASKED))
    assert await offered(chat) is None
    assert await chat.changes.undo() == "Mira's reply"  # not that it was offered
    assert await chat.changes.redo() == "Mira's reply"
    await chat.changes.write(chosen(chat.tree, When.ALWAYS))
    job = await due(chat)
    assert job is not None
    assert (job.first, job.last) == (found[0].first, found[0].last)
    assert told(chat.tree) == "no summary · the next is written by itself"


async def test_under_classic_turns_leave_one_by_one_and_are_waited_for(chat: ChatSession) -> None:
    await chat.changes.write(PropertySet("policy", "classic"), chosen(chat.tree, When.ALWAYS))
    assert await due(chat) is None
    for _ in range(8):
        await collect(chat.reply(SAID))
    job = await due(chat)
    assert job is not None
    assert not job.ahead


@pytest.mark.parametrize("swiped", [False, True], ids=["plain", "swiped"])
def test_a_chat_from_sillytavern_brings_its_newest_summary(tmp_path: Path, swiped: bool) -> None:
    lines: list[dict[str, Any]] = [{"user_name": "Alex", "character_name": "Mira", "chat_metadata": {}}]
    for number in range(8):
        user = bool(number % 2)
        extra = {"memory": f"So far {number}."} if number in (2, 4) else {}
        line: dict[str, Any] = {
            "name": "Alex" if user else "Mira",
            "is_user": user,
            "mes": f"Line {number}.",
            "extra": extra,
        }
        if swiped and number == 4:
            line |= {"swipes": ["Other.", "Line 4."], "swipe_id": 1, "swipe_info": [{"extra": {}}, {"extra": extra}]}
        lines.append({**line, "send_date": "2024-05-01T10:00:00.000Z"})
    path = tmp_path / "Mira - 1.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    workspace = Workspace.open(
        dirs=Directories(tmp_path / "data", tmp_path / "config", tmp_path / "state", tmp_path / "cache")
    )
    (taken,) = ChatImporter(workspace).take_file(path)
    tree = workspace.chats.open(taken.name).tree
    version = imported(tree)
    assert version is not None
    assert (version.text, version.by) == ("So far 4.", "SillyTavern")
    assert kept.covers(version, tree.path()) == "turns 1–5"
    tree.properties[version.key] = version.as_property().value
    assert imported(tree) is None
