"""What chats are called, and that nobody has to undo what the program wrote by itself."""

from __future__ import annotations

import pytest

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import PropertySet, Speaker
from tavern_tui.session.lore import PROPERTY
from tavern_tui.session.titles import TITLED_AT, title_at_first, title_due
from tests.session.conftest import Opener, collect

GIVEN = title_at_first("Mira", "2026-11-22 20.15")


def path(*said: str, turns: int = TITLED_AT) -> list[Turn]:
    """A branch in which the user says ``said``, filled up with replies."""
    own = [Turn(f"u{number}", "", Speaker.USER, "Alex", text) for number, text in enumerate(said)]
    greeting = Turn("g", "", Speaker.CHARACTER, "Mira", "Hello.")
    return [greeting, *own, *[greeting] * (turns - len(own) - 1)]


@pytest.mark.parametrize(
    ("said", "title"),
    [
        ("Is the bridge open? I must cross.", "Is the bridge open?"),
        ('*I wave.* "Over here!"', "I wave."),
        ("word " * 30, "word word word word word word word word word…"),
        ("one\ntwo", "one two"),
        ("\x1b[31mred", "␛[31mred"),
    ],
)
def test_a_chat_is_called_after_the_users_first_sentence(said: str, title: str) -> None:
    assert title_due(GIVEN, path(said)) == title


def test_a_short_chat_a_named_chat_and_one_without_own_words_keep_their_title() -> None:
    assert title_due(GIVEN, path("Hello there.", turns=TITLED_AT - 1)) == ""
    assert title_due("The crossing", path("Hello there.")) == ""
    assert title_due(GIVEN, path()) == ""


async def test_the_title_comes_by_itself_and_undo_takes_back_the_reply_before_it(begin: Opener) -> None:
    session = begin("Yes.")
    await session.open()
    await session.changes.write(PropertySet("title", GIVEN))
    for message in ("Is it deep?", "And cold?", "Then row."):
        await collect(session.reply(message))
    assert session.tree.title == "Is it deep?"
    await session.changes.write(PropertySet(PROPERTY, []))
    assert await session.changes.undo() == "Mira's reply"
    assert session.tree.title == "Is it deep?"
