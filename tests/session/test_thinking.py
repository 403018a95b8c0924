"""Thinking in a chat: its own budget, going on with it, answering without it, and what servers are told of it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.domain.request import joined
from tavern_tui.domain.thinking import Thinking
from tavern_tui.engines.base import ReasoningArrived
from tavern_tui.engines.fake import DEFAULT_INFO, FakeEngine
from tavern_tui.session import events as out
from tavern_tui.session.session import ChatSession
from tavern_tui.session.thinking import THINKING
from tavern_tui.storage.journal import JournaledReply
from tavern_tui.storage.recovery import journals
from tests.session.conftest import Opener, collect, fake_of

LONG = "word " * 400


def failure(events: list[out.SessionEvent]) -> EngineError:
    """The fault that a reply ended with."""
    failed = events[-1]
    assert isinstance(failed, out.TurnFailed)
    assert isinstance(failed.error, EngineError)
    return failed.error


def sent(session: ChatSession, at: int = -1) -> str:
    """The prompt of a request."""
    return joined(fake_of(session).requests[at].prompt)


@pytest.fixture
def thinker(begin: Opener) -> Opener:
    """``begin`` for a model of the family Qwen 3, with a small budget."""

    def opener(*replies: object, **options: object) -> ChatSession:
        wanted = {"template": "Qwen 3", "reasoning_tokens": 100, "response_tokens": 40, **options}
        return begin(*replies, **wanted)

    return opener


async def test_thinking_does_not_count_towards_the_length(thinker: Opener) -> None:
    session = thinker(f"<think>{'plan ' * 30}</think>{'Yes. ' * 8}", finish_sentence=False)
    await session.open()
    events = await collect(session.reply("Go."))
    assert isinstance(events[-1], out.TurnSaved)
    assert session.tree.path()[-1].text == ("Yes. " * 8).strip()
    assert session.tree.path()[-1].reasoning.strip() == ("plan " * 30).strip()
    assert fake_of(session).requests[0].response_tokens == 140


async def test_a_reply_is_not_longer_because_the_model_did_not_think(thinker: Opener) -> None:
    session = thinker(LONG, finish_sentence=False)
    await session.open()
    await collect(session.reply("Go."))
    assert len(session.tree.path()[-1].text.split()) <= 40


@pytest.mark.parametrize("separate", [False, True], ids=["tags", "told apart"])
async def test_thinking_ends_at_its_budget_says_so_and_is_no_turn(thinker: Opener, separate: bool) -> None:
    script = [ReasoningArrived("hm ") for _ in range(300)] if separate else f"<think>{LONG}"
    session = thinker(script, chat_completion=separate)
    await session.open()
    turns = len(session.tree.turns)
    error = failure(await collect(session.reply("Go.")))
    assert error.fault is EngineFault.ONLY_THOUGHT
    assert error.title.startswith("The model only thought: 1")
    assert len(session.tree.turns) == turns + 1  # the user's
    assert session.unsaid is not None


async def test_the_thinking_goes_on_where_it_ended_and_comes_to_a_reply(thinker: Opener) -> None:
    session = thinker(f"<think>Mira wants {LONG}", "to cross.</think>Come aboard.")
    await session.open()
    failure(await collect(session.reply("Go.")))
    assert session.unsaid is not None
    before = session.unsaid.thoughts
    events = await collect(session.continue_reply(session.tree.tip))
    assert sent(session).endswith(f"<|im_start|>assistant\n<think>{before}")
    assert isinstance(events[-1], out.TurnSaved)
    turn = session.tree.path()[-1]
    assert (turn.text, turn.reasoning) == ("Come aboard.", f"{before}to cross.")
    assert session.unsaid is None


async def test_the_reply_is_written_without_thinking_where_that_is_asked_for(thinker: Opener) -> None:
    session = thinker(f"<think>{LONG}", "Come aboard.", "Another.")
    await session.open()
    failure(await collect(session.reply("Go.")))
    await collect(session.answer())
    assert sent(session).endswith("<think>\n\n</think>\n\n")
    assert session.tree.path()[-1].text == "Come aboard."
    assert fake_of(session).requests[-1].response_tokens == 50
    await collect(session.answer())
    assert len(session.tree.siblings(session.tree.tip)) == 2
    assert session.options.think is Thinking.ON


async def test_thoughts_are_gone_once_the_chat_goes_on_otherwise(thinker: Opener) -> None:
    session = thinker(f"<think>{LONG}", "<think></think>Yes.", "More.")
    await session.open()
    failure(await collect(session.reply("Go.")))
    await collect(session.reply("Well?"))
    assert session.unsaid is None
    await collect(session.continue_reply())
    assert session.tree.path()[-1].text.startswith("Yes.")


async def test_a_link_that_breaks_after_a_lone_closing_tag_keeps_reply_and_thoughts_apart(begin: Opener) -> None:
    broken = EngineError("The link broke.", fault=EngineFault.BROKEN_STREAM)
    session = begin(["He wants ", 0.01, "to cross.</think>", 0.01, "Come aboard, ", broken])
    await session.open()
    kept: list[tuple[str, str]] = []
    async for event in session.reply("Go."):
        if isinstance(event, out.TextArrived) and (reply := JournaledReply.read(journals(session.log.state)[0])):
            kept.append((reply.text, reply.reasoning))
    assert kept[0] == ("He", "")
    text, thoughts = kept[-1]
    assert thoughts == "He wants to cross."
    assert "Come aboard, ".startswith(text)
    turn = session.tree.path()[-1]
    assert (turn.text.strip(), turn.reasoning) == ("Come aboard,", "He wants to cross.")


async def test_thoughts_that_a_crash_left_behind_go_on_beside_their_turn(thinker: Opener) -> None:
    session = thinker("to cross.</think>Come aboard.")
    await session.open()
    thought = TurnAdded(session.tree.tip, Speaker.CHARACTER, "Mira", "", reasoning="He wants ", interrupted=True)
    await session.changes.write(thought)
    left = session.tree.tip
    assert "He wants" not in (await session.plan()).text
    await collect(session.continue_reply())
    assert sent(session).endswith("<think>He wants ")
    turn = session.tree.path()[-1]
    assert (turn.text, turn.reasoning, turn.parent) == (
        "Come aboard.",
        "He wants to cross.",
        session.tree.turns[left].parent,
    )


async def test_a_swipe_that_only_thought_becomes_a_swipe_when_it_goes_on(thinker: Opener) -> None:
    session = thinker("<think></think>One.", f"<think>{LONG}", "So.</think>Two.")
    await session.open()
    await collect(session.reply("Go."))
    first = session.tree.tip
    failure(await collect(session.swipe()))
    assert session.unsaid is not None
    assert session.unsaid.beside(session.tree) == first
    await collect(session.continue_reply())
    assert [session.tree.turns[one].text for one in session.tree.siblings(first)] == ["One.", "Two."]


@pytest.mark.parametrize(
    ("level", "end", "room"),
    [("on", "assistant\n", 150), ("low", "assistant\n", 75), ("off", "<think>\n\n</think>\n\n", 50)],
)
async def test_the_level_of_a_chat_is_kept_and_sets_prompt_and_budget(
    thinker: Opener, level: str, end: str, room: int
) -> None:
    session = thinker("Yes.")
    await session.open()
    await session.set_thinking(Thinking(level))
    await collect(session.reply("Go."))
    assert sent(session).endswith(end)
    assert fake_of(session).requests[-1].response_tokens == room
    assert session.tree.properties[THINKING] == level
    session.options = replace(session.options, think=Thinking.ON)
    await session.open()
    assert session.options.think is Thinking(level)


async def test_a_model_that_was_seen_to_think_gets_its_budget_from_then_on(begin: Opener) -> None:
    session = begin("<think>Hm.</think>Yes.", "<think>Hm.</think>No.")
    await session.open()
    await collect(session.reply("Go."))
    assert (session.tree.path()[-1].text, session.tree.path()[-1].reasoning) == ("Yes.", "Hm.")
    await collect(session.reply("Go on."))
    first, second = (request.response_tokens for request in fake_of(session).requests)
    assert second - first == 1024


async def test_old_thoughts_stay_in_the_prompt_where_that_is_set(thinker: Opener) -> None:
    session = thinker("<think>A secret plan.</think>Yes.", kept_thoughts=1)
    await session.open()
    await collect(session.reply("Go."))
    await collect(session.reply("And?"))
    assert "<think>\nA secret plan.\n</think>\n\nYes." in sent(session)


async def test_a_server_with_a_switch_is_told_and_one_without_gets_the_familys_words(thinker: Opener) -> None:
    session = thinker("Yes.", chat_completion=True, think=Thinking.OFF)
    await session.open()
    await collect(session.reply("Go."))
    request = fake_of(session).requests[-1]
    assert request.think is None
    assert request.messages[-1].content == "Go. /no_think"
    able = replace(DEFAULT_INFO, capabilities=replace(DEFAULT_INFO.capabilities, thinking=True))
    session.connection.engine = FakeEngine(["Yes."], info=able)
    session.connection.doubt()
    await collect(session.reply("Go on."))
    request = fake_of(session).requests[-1]
    assert request.think is Thinking.OFF
    assert request.messages[-1].content == "Go on."


async def test_where_nothing_can_be_told_that_is_said_once(thinker: Opener) -> None:
    session = thinker("Yes.", template="DeepSeek R1", chat_completion=True, think=Thinking.OFF)
    await session.open()
    first = await collect(session.reply("Go."))
    second = await collect(session.reply("Go on."))
    told = [event.text for event in (*first, *second) if isinstance(event, out.Notice)]
    assert len(told) == 1
    assert "cannot be told how much to think" in told[0]


async def test_a_server_that_cannot_go_on_with_thoughts_thinks_anew_with_twice_the_room(thinker: Opener) -> None:
    session = thinker([ReasoningArrived("hm ") for _ in range(300)], ["Yes."], chat_completion=True)
    await session.open()
    failure(await collect(session.reply("Go.")))
    events = await collect(session.continue_reply())
    assert any(isinstance(event, out.Notice) and "thinks anew, up to 200 tokens" in event.text for event in events)
    assert fake_of(session).requests[-1].response_tokens == 250
    assert isinstance(events[-1], out.TurnSaved)


async def test_a_front_end_hears_how_many_tokens_were_thought(thinker: Opener) -> None:
    session = thinker("<think>One two three.</think>Yes.")
    await session.open()
    heard = [event for event in await collect(session.reply("Go.")) if isinstance(event, out.ReasoningArrived)]
    assert "".join(event.text for event in heard) == "One two three."
    assert [event.tokens for event in heard] == sorted({event.tokens for event in heard})
    assert heard[-1].tokens >= 6
