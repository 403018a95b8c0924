"""``{{bias "…"}}`` in what the user says: the reply and its swipes begin with it, the model does not read it."""

from __future__ import annotations

import pytest

from tests.session.conftest import Opener, collect, fake_of


@pytest.mark.parametrize("chat_completion", [False, True])
async def test_the_reply_begins_with_what_the_users_turn_says(begin: Opener, chat_completion: bool) -> None:
    session = begin(" nods.", " waves.", chat_completion=chat_completion)
    await session.open()
    await collect(session.reply('Over here. {{bias "*Mira"}}'))
    assert session.tree.path()[-1].text == "*Mira nods."
    (request,) = fake_of(session).requests
    sent = "".join(segment.text for segment in request.prompt) + "".join(one.content for one in request.messages)
    assert "Over here." in sent
    assert "bias" not in sent


async def test_a_swipe_begins_with_it_too_and_the_next_turn_does_not(begin: Opener) -> None:
    session = begin(" nods.", " waves.", "Yes.")
    await session.open()
    await collect(session.reply('Over here. {{bias "*Mira"}}'))
    await collect(session.swipe())
    assert session.tree.path()[-1].text == "*Mira waves."
    await collect(session.reply("Well?"))
    assert session.tree.path()[-1].text == "Yes."
