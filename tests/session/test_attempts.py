"""Making a request again: which faults are waited for, how long, and what is never done twice."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain import messages
from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.request import joined
from tavern_tui.engines.base import ReasoningArrived
from tavern_tui.engines.fake import DEFAULT_INFO
from tavern_tui.session import events as out
from tavern_tui.session.attempts import DELAYS, LONGEST_WAIT, QUICK, Tries
from tavern_tui.session.session import ChatSession
from tests.session.conftest import MIRA, Opener, collect, fake_of

BUSY = EngineError("KoboldCpp is busy with another client.", fault=EngineFault.BUSY)
LOADING = EngineError("KoboldCpp is still loading its model (503).", fault=EngineFault.LOADING)
GONE = EngineError("rig:5001 does not answer (connection refused).", fault=EngineFault.UNREACHABLE)
BROKEN = EngineError("The link broke.", fault=EngineFault.BROKEN_STREAM)
REFUSED = EngineError("rig:5001 refused the request (400).", fault=EngineFault.REJECTED)
CHATTY = replace(MIRA, greeting="The rain falls on the river. " * 60, alternate_greetings=())


def too_long(context: int | None = None, prompt: int | None = None) -> EngineError:
    return EngineError(
        "The prompt is too long.", fault=EngineFault.OVERFLOW, prompt_tokens=prompt, context_tokens=context
    )


def limited(seconds: float | None) -> EngineError:
    return EngineError("rig takes no more requests now (429).", fault=EngineFault.RATE_LIMITED, retry_after=seconds)


@dataclass
class Nap:
    """Time that passes only in sleeps, each of which is kept; ``then`` is done in the first one."""

    slept: list[float] = field(default_factory=list)
    forever: bool = False
    now: float = 0.0

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds
        if self.forever:
            await asyncio.Event().wait()

    @property
    def tries(self) -> Tries:
        return Tries(dice=lambda: 0.5, clock=lambda: self.now, sleep=self.sleep)


@pytest.fixture
def nap() -> Nap:
    """The time of a test."""
    return Nap()


async def opened(begin: Opener, nap: Nap, *replies: object, character: Character = MIRA) -> ChatSession:
    session = begin(*replies, character=character, tries=nap.tries)
    await session.open()
    return session


def names(events: list[out.SessionEvent]) -> list[str]:
    passing = (out.TextArrived, out.PrefillProgress)
    return [type(event).__name__ for event in events if not isinstance(event, passing)]


async def test_a_busy_server_is_asked_again_after_a_while(begin: Opener, nap: Nap) -> None:
    session = await opened(begin, nap, [BUSY], [BUSY], "Yes.")
    found = await collect(session.reply("Are you there?"))
    assert names(found) == ["TurnStarted", "PromptBuilt", "Retrying", "Retrying", "TurnSaved"]
    assert nap.slept == [1.0, 2.0]
    assert [turn.text for turn in session.tree.path()][-2:] == ["Are you there?", "Yes."]


async def test_the_user_reads_why_and_for_how_long(begin: Opener, nap: Nap) -> None:
    session = await opened(begin, nap, [LOADING], "Yes.")
    [waiting] = [event for event in await collect(session.reply("Hi.")) if isinstance(event, out.Retrying)]
    assert str(waiting) == "KoboldCpp is still loading its model (503). Trying again in 2 s."


async def test_the_same_prompt_is_sent_again(begin: Opener, nap: Nap) -> None:
    lively = replace(MIRA, description="{{char}} rolls {{roll:d20}} of {{random:rope,oar,lamp}}.")
    session = await opened(begin, nap, [BUSY], "Yes.", character=lively)
    await collect(session.reply("Hi."))
    first, second = fake_of(session).requests
    assert first == second


async def test_waiting_is_stopped_at_once_and_leaves_nothing_behind(begin: Opener, nap: Nap) -> None:
    nap.forever = True
    session = await opened(begin, nap, [BUSY], "Yes.")
    found = []
    async for event in session.reply("Hi."):
        found.append(event)
        if isinstance(event, out.Retrying):
            session.stop()
    assert names(found) == ["TurnStarted", "PromptBuilt", "Retrying", "TurnStopped"]
    assert len(fake_of(session).requests) == 1
    assert session.tree.path()[-1].text == "Hi."
    assert not session.busy


async def test_text_that_came_is_kept_and_its_request_not_made_again(begin: Opener, nap: Nap) -> None:
    session = await opened(begin, nap, ["Half of ", BROKEN], "Never.")
    found = await collect(session.reply("Go."))
    assert isinstance(found[-1], out.TurnFailed)
    assert session.tree.path()[-1].text.startswith("Half of")
    assert len(fake_of(session).requests) == 1


async def test_where_the_link_broke_is_told_in_tokens(begin: Opener, nap: Nap) -> None:
    wording = messages.link_broke(None)
    session = await opened(begin, nap, ["one two three", EngineError(wording.title, fault=EngineFault.BROKEN_STREAM)])
    failed = (await collect(session.reply("Go.")))[-1]
    assert isinstance(failed, out.TurnFailed)
    assert str(failed.error) == "The link broke after 5 tokens. What came is kept."


async def test_thinking_that_came_is_not_begun_anew(begin: Opener, nap: Nap) -> None:
    session = await opened(begin, nap, [ReasoningArrived("Hm, "), BROKEN], "Never.")
    assert names(await collect(session.reply("Go.")))[-1] == "TurnFailed"
    assert len(fake_of(session).requests) == 1


async def test_a_link_that_breaks_before_the_first_word_is_tried_once_more(begin: Opener, nap: Nap) -> None:
    session = await opened(begin, nap, [BROKEN], [BROKEN], "Never.")
    assert names(await collect(session.reply("Go.")))[-2:] == ["Retrying", "TurnFailed"]
    assert len(fake_of(session).requests) == 2


async def test_a_link_that_breaks_after_minutes_of_reading_is_the_users_to_judge(begin: Opener, nap: Nap) -> None:
    session = await opened(begin, nap, [BROKEN], "Never.")
    found = []
    async for event in session.reply("Go."):
        found.append(event)
        nap.now += QUICK + 1
    assert "Retrying" not in names(found)


async def test_a_server_that_is_down_at_first_is_told_at_once(begin: Opener, nap: Nap) -> None:
    session = await opened(begin, nap)
    fake_of(session).refuse_connection = GONE
    assert names(await collect(session.reply("Hi."))) == ["TurnStarted", "TurnFailed"]


async def test_a_server_that_vanishes_between_two_replies_is_waited_for(begin: Opener, nap: Nap) -> None:
    session = await opened(begin, nap, [GONE], "Yes.")
    found = await collect(session.reply("Hi."))
    assert names(found)[-2:] == ["Retrying", "TurnSaved"]


async def test_waiting_has_an_end(begin: Opener, nap: Nap) -> None:
    session = await opened(begin, nap, [GONE])
    found = await collect(session.reply("Hi."))
    assert names(found)[-1] == "TurnFailed"
    assert nap.slept == list(DELAYS[EngineFault.UNREACHABLE])


async def test_a_refusal_is_not_asked_for_twice(begin: Opener, nap: Nap) -> None:
    session = await opened(begin, nap, [REFUSED])
    await collect(session.reply("Hi."))
    assert len(fake_of(session).requests) == 1


async def test_a_server_that_names_too_long_a_time_is_not_waited_for(begin: Opener, nap: Nap) -> None:
    session = await opened(begin, nap, [limited(LONGEST_WAIT + 1)])
    assert names(await collect(session.reply("Hi.")))[-1] == "TurnFailed"
    assert nap.slept == []


async def test_another_model_that_was_loaded_meanwhile_gets_a_prompt_of_its_own(begin: Opener, nap: Nap) -> None:
    session = await opened(begin, nap, [LOADING], "Yes.")
    found = []
    async for event in session.reply("Hi."):
        found.append(event)
        if isinstance(event, out.Retrying):
            fake_of(session).info = replace(DEFAULT_INFO, model="Qwen3-14B")
    assert names(found).count("PromptBuilt") == 2
    assert any("Qwen3-14B" in event.text for event in found if isinstance(event, out.Notice))


async def test_several_replies_of_which_none_has_begun_are_asked_for_again(begin: Opener, nap: Nap) -> None:
    session = await opened(begin, nap, [BUSY], [BUSY], "One.", "Two.")
    found = await collect(session.reply("Hi.", replies=2))
    assert sum(isinstance(event, out.Retrying) for event in found) == 2
    saved = [event.event for event in found if isinstance(event, out.OneOf) and isinstance(event.event, out.TurnSaved)]
    assert [event.turn.text for event in saved] == ["One.", "Two."]


def ends_of(found: list[out.SessionEvent]) -> list[tuple[int, str]]:
    """How each of several replies ended, by its number."""
    kinds = out.TurnSaved | out.TurnFailed
    ends = [event for event in found if isinstance(event, out.OneOf) and isinstance(event.event, kinds)]
    return [(event.reply, type(event.event).__name__) for event in ends]


async def test_of_several_in_turn_the_first_is_waited_for_before_the_others_are_asked_for(
    begin: Opener, nap: Nap
) -> None:
    session = await opened(begin, nap, [BUSY], "One.", "Two.")
    found = await collect(session.reply("Hi.", replies=2))
    assert ends_of(found) == [(0, "TurnSaved"), (1, "TurnSaved")]
    assert len(fake_of(session).requests) == 3


async def test_a_later_one_of_several_is_asked_for_again_by_itself(begin: Opener, nap: Nap) -> None:
    session = await opened(begin, nap, "One.", [BUSY], [limited(3.0)], "Two.", "Three.")
    found = await collect(session.reply("Hi.", replies=3))
    assert ends_of(found) == [(0, "TurnSaved"), (1, "TurnSaved"), (2, "TurnSaved")]
    assert sum(isinstance(event, out.Retrying) for event in found) == 2
    assert nap.slept[1] >= 3.0
    texts = [
        session.tree.turns[turn].text for turn in session.tree.children[session.tree.turns[session.tree.tip].parent]
    ]
    assert texts == ["One.", "Two.", "Three."]


async def test_a_later_one_that_does_not_come_is_told_and_the_rest_are_written(begin: Opener, nap: Nap) -> None:
    refused = EngineError("No.", fault=EngineFault.REJECTED)
    session = await opened(begin, nap, "One.", [refused], "Three.")
    found = await collect(session.reply("Hi.", replies=3))
    assert ends_of(found) == [(0, "TurnSaved"), (1, "TurnFailed"), (2, "TurnSaved")]
    assert nap.slept == []


async def test_waiting_for_a_later_one_can_be_stopped(begin: Opener) -> None:
    nap = Nap(forever=True)
    session = await opened(begin, nap, "One.", [BUSY], "Never.")
    found = []
    async for event in session.reply("Hi.", replies=2):
        found.append(event)
        if isinstance(event, out.Retrying):
            session.stop()
    assert ends_of(found) == [(0, "TurnSaved")]
    assert len(fake_of(session).requests) == 2


def prompt_tokens(session: ChatSession) -> list[int]:
    """Tokens of the prompts that were sent, as the fake counts them."""
    return [len(joined(request.prompt).split()) for request in fake_of(session).requests]


async def test_a_prompt_that_is_too_long_loses_its_oldest_turns_once_and_says_so(begin: Opener, nap: Nap) -> None:
    session = await opened(begin, nap, "Oh. " * 20, "Oh. " * 20, [too_long(512, 900)], "Yes.", character=CHATTY)
    for text in ("One.", "Two."):
        await collect(session.reply(text))
    found = await collect(session.reply("And now?"))
    assert names(found).count("PromptBuilt") == 2
    assert [event.text for event in found if isinstance(event, out.Notice)] == [
        "fake has room for 512 tokens only: the oldest turns are left out of the prompt."
    ]
    *_, before, after = prompt_tokens(session)
    assert after < before
    assert "And now?" in joined(fake_of(session).requests[-1].prompt)
    last = [event for event in found if isinstance(event, out.PromptBuilt)][-1]
    assert last.plan.tokens + last.plan.response_tokens <= 512


async def test_what_was_learned_of_a_servers_room_holds_for_the_next_reply(begin: Opener, nap: Nap) -> None:
    session = await opened(begin, nap, [too_long(700, 701)], "Yes.", "Yes.", character=CHATTY)
    await collect(session.reply("And now?"))
    found = await collect(session.reply("And then?"))
    assert names(found).count("PromptBuilt") == 1
    [built] = [event for event in found if isinstance(event, out.PromptBuilt)]
    assert built.plan.context_tokens <= 700


async def test_a_second_overflow_is_the_users_to_solve(begin: Opener, nap: Nap) -> None:
    session = await opened(begin, nap, [too_long()], [too_long()], "Never.")
    found = await collect(session.reply("Hi."))
    assert isinstance(found[-1], out.TurnFailed)
    assert len(fake_of(session).requests) == 2


async def test_a_server_that_names_no_size_gets_a_quarter_less(begin: Opener, nap: Nap) -> None:
    session = await opened(begin, nap, [too_long()], "Yes.")
    found = await collect(session.reply("Hi."))
    rooms = [event.plan.context_tokens for event in found if isinstance(event, out.PromptBuilt)]
    assert rooms == [2048, 1536]


async def test_a_server_that_counts_more_than_we_do_is_given_as_much_less(begin: Opener, nap: Nap) -> None:
    session = await opened(begin, nap, [too_long(2048, 2100)], "Yes.", character=CHATTY)
    found = await collect(session.reply("Hi."))
    first, second = [event.plan for event in found if isinstance(event, out.PromptBuilt)]
    as_it_counts = 2100 / first.tokens
    assert 1900 < second.context_tokens * as_it_counts < 2048


async def test_what_a_prompt_counts_in_variables_is_counted_once_however_often_it_is_planned(
    begin: Opener, nap: Nap
) -> None:
    counting = replace(MIRA, description="{{incvar::meetings}} meetings.", greeting="Yes?", alternate_greetings=())
    session = await opened(begin, nap, [too_long()], [BUSY], "Yes.", character=counting)
    await collect(session.reply("Hi."))
    first, *_, last = (joined(request.prompt) for request in fake_of(session).requests)
    assert "1 meetings." in first
    assert "1 meetings." in last


@settings(max_examples=40)
@given(dice=st.floats(0, 1, exclude_max=True), tried=st.integers(0, 9), fault=st.sampled_from(list(DELAYS)))
def test_delays_are_spread_by_a_quarter_and_end(dice: float, tried: int, fault: EngineFault) -> None:
    tries = Tries(dice=lambda: dice, clock=lambda: 0.0)
    delay, table = tries.delay(EngineError("x", fault=fault), tried), DELAYS[fault]
    if tried >= len(table):
        assert delay is None
    else:
        assert delay is not None
        assert 0.75 * table[tried] <= delay <= 1.25 * table[tried]


@settings(max_examples=40)
@given(dice=st.floats(0, 1, exclude_max=True), seconds=st.floats(0, 200))
def test_the_time_that_a_server_names_is_never_cut_short(dice: float, seconds: float) -> None:
    delay = Tries(dice=lambda: dice, clock=lambda: 0.0).delay(limited(seconds), 0)
    assert (delay is None) == (seconds > LONGEST_WAIT)
    assert delay is None or seconds <= delay <= seconds * 1.25
