"""The mode of a chat: where it is kept, what it changes, and that a chat without one is as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tavern_tui.domain.errors import NotFoundError
from tavern_tui.prompt import defaults
from tavern_tui.session.modes.choosing import CHAT, MODE, in_mode, mode_of, names, set_mode
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.session import ChatSession
from tests.session.conftest import Opener, collect


def test_a_chat_without_a_mode_or_with_an_unknown_one_has_the_usual() -> None:
    assert mode_of({}) is CHAT
    assert mode_of({MODE: "opera"}) is CHAT
    assert mode_of({MODE: 7}) is CHAT


@pytest.mark.parametrize("name", names())
def test_every_mode_is_found_by_its_name(name: str) -> None:
    assert mode_of({MODE: name}).name == name


def test_a_mode_has_its_own_length_and_text_where_nobody_chose_any() -> None:
    usual = in_mode(ReplyOptions(), {MODE: "adventure"})
    assert (usual.response_tokens, usual.system_text) == (200, defaults.ADVENTURE)
    chosen = in_mode(replace(ReplyOptions().with_length(77), system_text="Mine."), {MODE: "adventure"})
    assert (chosen.response_tokens, chosen.system_text) == (77, "Mine.")
    assert in_mode(ReplyOptions(), {}) == ReplyOptions()


async def test_a_chat_changes_its_mode_and_back_and_the_next_prompt_shows_it(begin: Opener) -> None:
    session = begin("One.", "Two.", "Three.")
    await session.open()
    await collect(session.reply("Hello"))
    assert await set_mode(session, "story") == "The mode is story from now on · {undo} takes it back"
    told = await session.plan()
    assert told.text.endswith('<|im_start|>assistant\n*Mira lifts a lantern.* "Across, Alex?"\n\nHello\n\nOne.')
    await set_mode(session, "chat")
    assert MODE not in session.tree.properties
    assert "<|im_start|>user\nHello<|im_end|>" in (await session.plan()).text


async def test_a_mode_that_is_there_already_is_said_to_be(session: ChatSession) -> None:
    assert await set_mode(session, "chat") == "This chat is in the mode chat already."


async def test_there_is_no_such_mode(session: ChatSession) -> None:
    with pytest.raises(NotFoundError, match="There is no mode opera"):
        await set_mode(session, "opera")


async def test_a_storys_reply_keeps_the_blanks_that_join_it_to_what_follows(begin: Opener) -> None:
    session = begin(" went on.  \n\n", "She slept.", response_tokens=20)
    await session.open()
    await set_mode(session, "story")
    await collect(session.reply("She"))
    await collect(session.reply())
    assert "".join(turn.text for turn in session.tree.path()[1:]) == "She went on.  \n\nShe slept."
