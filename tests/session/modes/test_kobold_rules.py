"""Whole prompts of adventure and story, letter by letter, held against the rules of ``docs/spec/kobold-lite.md``.

One small tale has everything that a prompt of a mode has: what is never forgotten (memory), an author's note, a lore
entry that fires, a roll, a comment. Where our prompts differ from KoboldAI Lite's on purpose, a test says so.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from tavern_tui.domain.events import PropertySet
from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.domain.note import ChatNote
from tavern_tui.session.author_note import NOTE
from tavern_tui.session.modes.adventure import MEMORY
from tavern_tui.session.modes.choosing import set_mode
from tavern_tui.session.session import ChatSession
from tests.session.conftest import Opener, collect, fake_of
from tests.session.modes.tale import CHATML_BEGINNING, NARRATOR, ROLL

BOOK = Lorebook("Places", entries=(LoreEntry(0, keys=("hall",), content="The hall is older than the town."),))
LINES = {"adventure": ("/roll 17 open the door", "/story A bell rings."), "story": (" Wait.", " [[why?]]A bell rings.")}
HEAD = "Tell it.\n\nThe hall is older than the town.\n\nThe bell is cursed."
GO_ON = "Go on with the story from its very end. Write nothing but its text."

GOLDEN = {
    ("adventure", "Plain text"): f"""\
{HEAD}
***
A hall. A door.

> You open the door.
{ROLL}

It opens.

A bell rings.

Dry and funny.

Nobody answers.

""",
    ("adventure", "ChatML"): f"""\
<|im_start|>system
{HEAD}<|im_end|>
{CHATML_BEGINNING}<|im_start|>user
A bell rings.<|im_end|>
<|im_start|>system
Dry and funny.<|im_end|>
<|im_start|>assistant
Nobody answers.<|im_end|>
<|im_start|>assistant
""",
    ("story", "Plain text"): f"""\
{HEAD}
***
A hall. A door. Wait.It opens. A bell rings.
Dry and funny.
Nobody answers.""",
    ("story", "ChatML"): f"""\
<|im_start|>system
{HEAD}<|im_end|>
<|im_start|>user
{GO_ON}<|im_end|>
<|im_start|>assistant
A hall. A door. Wait.It opens. A bell rings.
Dry and funny.
Nobody answers.""",
}
MESSAGES = {
    "adventure": [
        ("assistant", "A hall. A door."),
        ("user", f"> You open the door.\n{ROLL}"),
        ("assistant", "It opens."),
        ("user", "A bell rings."),
        ("system", "Dry and funny."),
        ("assistant", "Nobody answers."),
    ],
    "story": [("user", GO_ON)],
}
PREFILL = {
    "adventure": "",
    "story": "A hall. A door. Wait.It opens. A bell rings.\nDry and funny.\nNobody answers.",
}


async def played(begin: Opener, mode: str, **options: object) -> ChatSession:
    """The tale in ``mode``."""
    replies = ("It opens.", "Nobody answers.", "")
    session = begin(*replies, character=NARRATOR, lorebooks=(BOOK,), system_text="Tell it.", **options)
    await session.open()
    await set_mode(session, mode)
    note = ChatNote(text="Dry and funny.", depth=1)
    await session.changes.write(PropertySet(MEMORY, "The bell is cursed."), PropertySet(NOTE, note.as_dict()))
    for line in LINES[mode]:
        await collect(session.reply(line))
    return session


@pytest.mark.parametrize(("mode", "template"), GOLDEN, ids=lambda one: one.partition(" ")[0])
async def test_a_whole_prompt(begin: Opener, mode: str, template: str) -> None:
    plan = await (await played(begin, mode, template=template)).plan()
    assert plan.text == GOLDEN[mode, template]


@pytest.mark.parametrize("mode", ["adventure", "story"])
async def test_the_same_as_messages(begin: Opener, mode: str) -> None:
    plan = await (await played(begin, mode, chat_completion=True)).plan()
    assert plan.chat is not None
    system, *rest = [(one.role.value, one.content) for one in plan.messages()]
    assert set(HEAD.split("\n\n")) == set(system[1].split("\n"))
    assert rest == MESSAGES[mode]
    assert plan.chat.prefill == PREFILL[mode]


async def test_an_adventure_stops_where_the_next_action_would_begin_and_goes_on_over_lines(begin: Opener) -> None:
    stop = (await (await played(begin, "adventure", template="Plain text")).plan()).stop
    assert "\n>" in stop  # of which Lite's "\n> " is one
    assert "\n" not in stop


async def test_a_story_has_no_stop_strings_but_the_users(begin: Opener) -> None:
    session = await played(begin, "story", template="Plain text", stop_strings=("THE END",))
    assert (await session.plan()).stop == ("THE END",)


@pytest.mark.parametrize("mode", ["adventure", "story"])
async def test_nothing_submitted_lets_the_model_go_on(begin: Opener, mode: str) -> None:
    session = await played(begin, mode, template="Plain text")
    await collect(session.reply(""))
    sent = "".join(segment.text for segment in fake_of(session).requests[-1].prompt)
    assert sent == GOLDEN[mode, "Plain text"]


async def test_unlike_in_lite_the_roll_has_a_line_of_its_own_and_says_what_it_asks_for(begin: Opener) -> None:
    session = await played(begin, "adventure", template="Plain text")
    action = session.tree.path()[1]
    assert action.text == "> You open the door."
    assert action.roll is not None
    assert action.roll.outcome == "excellent"


async def test_unlike_in_lite_the_preamble_is_a_system_text_that_can_be_empty(begin: Opener) -> None:
    session = await played(begin, "adventure", template="Plain text")
    session.options = replace(session.options, system_text="")
    assert (await session.plan()).text.startswith("The bell is cursed.\n***\nA hall.")
