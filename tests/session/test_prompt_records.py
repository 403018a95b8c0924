"""What a session keeps of its last prompt, and what it goes on from after a restart."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.persona import Persona
from tavern_tui.engines.fake import FakeEngine, Script
from tavern_tui.prompt.plan import PartKind
from tavern_tui.session import events as out
from tavern_tui.session import prompt_records
from tavern_tui.session.connection import Connection
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.session import ChatSession
from tavern_tui.storage.chat_store import ChatStore
from tests.session.conftest import MIRA, Opener, collect, fake_of

Restart = Callable[[], ChatSession]
LONG = "The water is high tonight, and the lantern has been out since the bell. " * 6


@pytest.fixture
def restart(store: ChatStore) -> Restart:
    """``restart()``: the same chat, opened by another process whose context soon is too small."""

    def opened(*replies: Script) -> ChatSession:
        names = [chat.name for chat in store.list()]
        log = store.open(names[0]) if names else store.create("A crossing", ("Mira",), "Alex")
        return ChatSession(
            log=log,
            character=MIRA,
            persona=Persona("Alex"),
            connection=Connection(FakeEngine(replies or (LONG,)), clock=lambda: 0.0),
            options=ReplyOptions(
                response_tokens=150, template="ChatML", context_tokens=1200, updates_per_second=1000.0
            ),
            clock=lambda: 1_700_000_000.0,
            dice=lambda: 0.5,
        )

    return opened


async def test_the_record_is_of_the_prompt_that_was_sent_and_names_its_reply(begin: Opener) -> None:
    session = begin("Yes.")
    await session.open()
    assert prompt_records.last(session.log) is None
    events = await collect(session.reply("Hm?"))
    (plan,) = [event.plan for event in events if isinstance(event, out.PromptBuilt)]
    record = prompt_records.last(session.log)
    assert record is not None
    assert (record.turn, record.at) == (session.tree.tip, 1_700_000_000.0)
    assert [mark.tokens for mark in record.parts] == [part.tokens for part in plan.included]
    assert (record.template, record.policy, record.model) == ("ChatML", "economy", "scripted")


async def test_a_reply_that_broke_off_leaves_the_record_of_its_prompt(begin: Opener) -> None:
    session = begin(["Half of ", EngineError("The link broke.", fault=EngineFault.BROKEN_STREAM)])
    await session.open()
    failed = (await collect(session.reply("Hm?")))[-1]
    assert isinstance(failed, out.TurnFailed)
    record = prompt_records.last(session.log)
    assert record is not None
    assert record.turn == failed.turn_id


async def test_a_reply_of_which_nothing_came_leaves_no_record(begin: Opener) -> None:
    session = begin("")
    await session.open()
    assert isinstance((await collect(session.reply("Hm?")))[-1], out.TurnFailed)
    assert prompt_records.last(session.log) is None


async def test_a_disk_that_refuses_the_record_does_not_disturb_the_reply(begin: Opener) -> None:
    session = begin("Yes.", "No.")
    await session.open()
    await collect(session.reply("Hm?"))
    record = session.log.state / f"{session.log.key}.prompt.json"
    record.unlink()
    record.mkdir()
    (record / "in the way").touch()
    assert isinstance((await collect(session.reply("And?")))[-1], out.TurnSaved)
    assert prompt_records.last(session.log) is None


@pytest.mark.parametrize("data", [b"", b"[" * 5000, b"{}", b"\xff\xfe", b'{"format": 1}'])
async def test_a_damaged_record_is_none(begin: Opener, data: bytes) -> None:
    session = begin("Yes.")
    session.log.state.mkdir(exist_ok=True, parents=True)
    (session.log.state / f"{session.log.key}.prompt.json").write_bytes(data)
    assert prompt_records.last(session.log) is None
    await session.open()
    assert isinstance((await collect(session.reply("Hm?")))[-1], out.TurnSaved)


async def test_the_record_holds_no_text_of_the_chat(begin: Opener) -> None:
    session = begin("The bridge is out.")
    await session.open()
    await collect(session.reply("What of the bridge?"))
    (path,) = session.log.state.glob("*.prompt.json")
    assert "bridge" not in path.read_text()
    assert json.loads(path.read_text())["format"] == 1


async def test_after_a_restart_the_history_begins_where_it_began(restart: Restart) -> None:
    session = restart()
    await session.open()
    for line in range(12):
        await collect(session.reply(f"Question {line}."))
        plan = await session.plan()
        if plan.first_turn != session.tree.path()[0].id:
            break
    else:
        pytest.fail("the history never had to be cut")
    await collect(session.reply("One more."))
    before = (await session.plan()).first_turn
    again = restart()
    await again.open()
    assert (await again.plan()).first_turn == before


async def test_on_another_machine_the_history_begins_where_it_began(restart: Restart) -> None:
    session = restart()
    await session.open()
    for line in range(12):
        await collect(session.reply(f"Question {line}."))
    before = (await session.plan()).first_turn
    assert before != session.tree.path()[0].id
    (kept,) = session.log.state.glob("*.prompt.json")
    kept.unlink()
    anew = restart()
    await anew.open()
    assert (await anew.plan()).first_turn == before


async def test_turns_are_named_by_their_place_in_the_chat(begin: Opener) -> None:
    session = begin("Yes.")
    await session.open()
    await collect(session.reply("Hm?"))
    plan = await session.plan()
    turns = [part.source for part in plan.included if part.kind is PartKind.TURN]
    assert turns == ["Mira's turn 1", "Alex's turn 2", "Mira's turn 3"]


async def test_the_policy_that_is_set_is_the_plans(begin: Opener, tmp_path: Path) -> None:
    session = begin("Yes.", policy="classic")
    await session.open()
    await collect(session.reply("Hm?"))
    assert (await session.plan()).policy == "classic"
    receipt = session.tree.turns[session.tree.tip].receipt
    assert receipt is not None
    assert (receipt.template, receipt.policy) == ("ChatML", "classic")


async def test_a_receipt_names_template_and_policy_only_where_they_change(begin: Opener) -> None:
    session = begin("One.", "Two.", "Three.")
    await session.open()
    for line in ("a", "b"):
        await collect(session.reply(line))
    first, second = [turn.receipt for turn in session.tree.path() if turn.receipt is not None]
    assert (first.template, second.template) == ("ChatML", "")
    assert session.tree.made_with(session.tree.tip) == ("ChatML", "economy")
    assert fake_of(session).requests
