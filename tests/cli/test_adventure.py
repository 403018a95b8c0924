"""Adventures without the app: scenarios listed, one begun, played line by line and by ``say``."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import ScriptedServer, Tavern


@pytest.fixture
def tavern(tavern_here: Tavern) -> Tavern:
    """Commands are run in this process."""
    return tavern_here


def test_an_adventure_is_begun_and_played_line_by_line(tavern: Tavern, server: ScriptedServer) -> None:
    begun = tavern("adventure", "ship", "Long Meg", "2")
    assert begun.text == "The Ship's Cat\n"
    for text in ("You wade.", "You fall.", "You fly.", "1. Wave\n2. Run", "Nobody answers."):
        server.says(text)
    typed = (
        "/roll 17 wade ashore",
        "/again",
        "/say",
        "hello",
        "/suggest",
        "/dice 2d6 modifier 1",
        "/plot",
        "/mode",
        "/list 2",
    )
    script = "\n".join((*typed, "/story", "/roll 3", "/quit", ""))
    ran = tavern("chat", "--plain", "--chat", "The Ship's Cat", "--server", server.address, stdin=script)
    assert ran.code == 0
    assert "You are Long Meg, the lookout" in ran.text
    assert "⚂ 1d20 = 17 · excellent\nNarrator: You wade.\n" in ran.text
    assert "· rolled again\nNarrator: You fall.\n" in ran.text
    for told in (
        "What you type is of the kind Say from now on.",
        "1  wave",
        "Thrown in this chat: 2d6, modifier +1.",
        "The player is Long Meg",
        "The mode is adventure.",
        "What you type is of the kind Story from now on.",
        "There is nothing to do yet.",
    ):
        assert told in ran.notes, told
    assert '> You say "hello"' in ran.text


def test_say_understands_the_kinds(tavern: Tavern, server: ScriptedServer) -> None:
    tavern("adventure", "lake")
    server.says("You look.")
    said = tavern("say", "@", "look round", "--chat", "The Bell under the Lake", "--server", server.address)
    assert said.text == "You look.\n"


def test_scenarios_are_listed_and_what_is_none_is_told(tavern: Tavern) -> None:
    assert len(json.loads(tavern("adventure", "--json").text)) == 4
    assert tavern("adventure", "ship", "1", "1", "1", "1").code == 2
