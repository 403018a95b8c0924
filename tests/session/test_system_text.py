"""Who writes whom: the system text that a chat's prompt carries, where it stands, and what takes its place."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.domain.request import joined
from tavern_tui.engines.fake import DEFAULT_INFO, FakeEngine
from tavern_tui.prompt import defaults
from tavern_tui.prompt.plan import PartKind
from tavern_tui.prompt.templates import BUILT_IN, PLAIN
from tavern_tui.session.connection import Connection
from tavern_tui.session.options import for_starter
from tavern_tui.session.session import ChatSession
from tests.session.conftest import MIRA, Opener, collect, fake_of

OURS = defaults.CHAT.replace("{{char}}", "Mira").replace("{{user}}", "Alex")
STARTERS = defaults.STARTER.replace("{{char}}", "Mira").replace("{{user}}", "Alex")


async def sent(session: ChatSession) -> str:
    """The prompt that reaches the engine with a first message."""
    await session.open()
    await collect(session.reply("Is anybody there?"))
    return joined(fake_of(session).requests[-1].prompt)


@pytest.mark.parametrize("template", [*BUILT_IN, PLAIN])
async def test_a_model_is_told_once_who_writes_whom_before_it_reads_the_card(begin: Opener, template: str) -> None:
    prompt = await sent(begin(template=template))
    assert prompt.count(OURS) == 1
    assert prompt.index(OURS) < prompt.index("Mira keeps the night ferry")


async def test_a_chat_completion_begins_with_who_writes_whom(begin: Opener) -> None:
    session = begin(chat_completion=True)
    await sent(session)
    first = fake_of(session).requests[-1].messages[0]
    assert first.role.value == "system"
    assert first.content.startswith(OURS)


@pytest.mark.parametrize("kind", ["swipe", "continue_reply"])
async def test_a_swipe_and_a_continuation_are_told_the_same(begin: Opener, kind: str) -> None:
    session = begin()
    await sent(session)
    await collect(getattr(session, kind)())
    assert joined(fake_of(session).requests[-1].prompt).count(OURS) == 1


async def test_a_cards_own_system_prompt_stands_in_its_place(begin: Opener) -> None:
    prompt = await sent(begin(character=replace(MIRA, system_prompt="Write {{char}} in the past tense.")))
    assert "Write Mira in the past tense." in prompt
    assert OURS not in prompt


async def test_a_cards_own_system_prompt_puts_ours_where_it_says_original(begin: Opener) -> None:
    prompt = await sent(begin(character=replace(MIRA, system_prompt="First. {{original}} Last.")))
    assert f"First. {OURS} Last." in prompt


async def test_the_plan_shows_the_text_and_what_it_costs(begin: Opener) -> None:
    session = begin()
    await session.open()
    part = next(part for part in (await session.plan()).included if part.kind is PartKind.SYSTEM_PROMPT)
    assert part.body.strip() == OURS
    assert 0 < part.tokens <= 120


async def test_the_starter_is_told_in_its_own_shorter_words(begin: Opener, starter_model: Path) -> None:
    session = begin()
    info = replace(DEFAULT_INFO, engine="embedded", address=str(starter_model))
    session.connection = Connection(FakeEngine(info=info), clock=lambda: 0.0)
    prompt = await sent(session)
    assert prompt.count(STARTERS) == 1
    assert OURS not in prompt
    assert len(STARTERS) < len(OURS)


@pytest.mark.parametrize("text", ["Write well.", ""])
async def test_a_system_text_that_somebody_chose_holds_instead_and_may_be_none(begin: Opener, text: str) -> None:
    session = begin(system_text=text)
    prompt = await sent(session)
    assert OURS not in prompt
    assert text in prompt
    assert for_starter(session.options, sample=True).system_text == text
