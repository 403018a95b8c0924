"""Whole prompts of an adventure, as text with and without a template and as messages, letter by letter.

The rules are those of ``docs/spec/kobold-lite.md`` §2.2 and ``docs/spec/instruct-formats.md`` §6.
"""

from __future__ import annotations

import pytest

from tavern_tui.session.modes.choosing import set_mode
from tavern_tui.session.session import ChatSession
from tests.session.conftest import Opener, collect
from tests.session.modes.tale import CHATML_BEGINNING, NARRATOR, ROLL

PLAIN = f"""\
Tell it.
***
A hall. A door.

> You open the door.
{ROLL}

It opens.

> You say "Hello?"

Nobody answers.

A bell rings.

(Out of character: shorter)

"""
CHATML = f"""\
<|im_start|>system
Tell it.<|im_end|>
{CHATML_BEGINNING}<|im_start|>user
> You say "Hello?"<|im_end|>
<|im_start|>assistant
Nobody answers.<|im_end|>
<|im_start|>user
A bell rings.<|im_end|>
<|im_start|>user
(Out of character: shorter)<|im_end|>
<|im_start|>assistant
"""
GEMMA = f"""\
<start_of_turn>user
Tell it.<end_of_turn>
<start_of_turn>model
A hall. A door.<end_of_turn>
<start_of_turn>user
> You open the door.
{ROLL}<end_of_turn>
<start_of_turn>model
It opens.<end_of_turn>
<start_of_turn>user
> You say "Hello?"<end_of_turn>
<start_of_turn>model
Nobody answers.<end_of_turn>
<start_of_turn>user
A bell rings.

(Out of character: shorter)<end_of_turn>
<start_of_turn>model
"""


async def played(begin: Opener, template: str) -> ChatSession:
    session = begin(
        "It opens.", "Nobody answers.", "", "", character=NARRATOR, template=template, system_text="Tell it."
    )
    await session.open()
    await set_mode(session, "adventure")
    for line in ("/roll 17 open the door", '"Hello?"', "/story A bell rings.", "/ooc shorter"):
        await collect(session.reply(line))
    return session


@pytest.mark.parametrize(
    ("template", "prompt"),
    [("Plain text", PLAIN), ("ChatML", CHATML), ("Gemma", GEMMA)],
    ids=["plain", "chatml", "gemma"],
)
async def test_an_adventure_as_text(begin: Opener, template: str, prompt: str) -> None:
    plan = await (await played(begin, template)).plan()
    assert plan.text == prompt


async def test_an_adventure_as_messages(begin: Opener) -> None:
    session = await played(begin, "ChatML")
    messages = (await session.plan()).messages()
    assert [(one.role.value, one.content) for one in messages[1:5]] == [
        ("assistant", "A hall. A door."),
        ("user", f"> You open the door.\n{ROLL}"),
        ("assistant", "It opens."),
        ("user", '> You say "Hello?"'),
    ]


async def test_an_endless_letter_is_cut_short_where_it_is_kept(begin: Opener) -> None:
    session = begin("a" * 10_000, character=NARRATOR)
    await session.open()
    await set_mode(session, "adventure")
    await collect(session.reply("look"))
    assert session.tree.path()[-1].text == "a" * 8
