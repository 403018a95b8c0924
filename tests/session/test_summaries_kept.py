"""When summaries are written: what was chosen, what is due, what is asked once, what other programs brought."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.config.paths import Directories
from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.errors import ContradictionError
from tavern_tui.domain.events import PropertySet
from tavern_tui.engines.fake import DEFAULT_INFO, FakeEngine
from tavern_tui.session.chat_import import ChatImporter
from tavern_tui.session.session import ChatSession
from tavern_tui.session.summaries import versions as kept
from tavern_tui.session.summaries.jobs import Job, every_so_many
from tavern_tui.session.summaries.keeping import (
    CHOICE,
    Choice,
    When,
    choice_of,
    chosen,
    due,
    every_read,
    imported,
    note_of_leaving,
    offered,
    told,
)
from tavern_tui.session.summaries.making import write_summary
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
            "Turns 1–212 are no longer read. s writes a summary of them (about 40 s) · a always · n never",
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


async def test_it_is_due_every_so_many_turns_where_that_was_chosen(begin: Opener) -> None:
    session = begin(
        *("So it is.",) * 4, "Alex came.", *("So it is.",) * 2, "Alex came and stayed.", context_tokens=4_096
    )
    await session.open()
    await session.changes.write(chosen(session.tree, When.ALWAYS, every=every_read("every 6")))
    assert told(session.tree) == "no summary · the next is written by itself, every 6 turns"
    for _ in range(3):
        assert await due(session) is None, "fewer turns than that"
        await collect(session.reply(SAID))
    first = await due(session)
    assert first is not None
    assert (first.first, first.last, first.ahead) == (1, 6, True), "all but the newest, which stands below it"
    await collect(session.reply(SAID))
    version = await write_summary(session, first, waits=True)
    assert await due(session) is None
    for _ in range(2):
        await collect(session.reply(SAID))
    second = await due(session)
    assert second is not None
    assert (second.first, second.last, second.over) == (1, 10 + 2, (version,))
    await write_summary(session, second, waits=True)
    engine = session.connection.engine
    assert isinstance(engine, FakeEngine)
    asked = "".join(segment.text for segment in engine.requests[-1].prompt)
    assert f"what was told before, shortened if need be, nothing lost: “{version.text}”" in asked


async def test_what_a_person_wrote_is_not_written_anew_every_so_many_turns(chat: ChatSession) -> None:
    own = kept.made("My own.", until=chat.tree.path()[3].id, by=kept.YOU)
    await chat.changes.write(own.as_property())
    job = every_so_many(chat.tree, 4)
    assert job is not None
    assert (job.first, job.over) == (5, ())


@pytest.mark.parametrize("typed", ["", "every", "3", "every 1001", "every -4", "٢٠", "999999"])
def test_a_number_of_turns_is_a_number_that_makes_sense(typed: str) -> None:
    with pytest.raises(ContradictionError, match="every 4 to 1,000 turns"):
        every_read(typed)


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
