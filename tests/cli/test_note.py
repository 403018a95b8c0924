"""``tavern-tui note``: shows, writes and takes away the author's note of a chat."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tavern_tui.domain.beside_card import BesideCard
from tavern_tui.storage.beside_cards import BesideCards
from tests.cli.conftest import Tavern


@pytest.fixture
def chat(tavern: Tavern) -> str:
    """The name of a character with a chat."""
    assert tavern("say", "mira", "Hello").code == 4  # no engine; the message is kept
    return "Mira"


def test_a_note_is_written_shown_changed_and_taken_away(tavern: Tavern, chat: str) -> None:
    assert tavern("note", chat).text == "none\n"
    written = tavern("note", chat, "It rains.", "--depth", "2", "--role", "user")
    assert written.text == "with 2 turns below it, as user · always read\nIt rains.\n"
    assert tavern("note", chat, "--every", "3").text.startswith("with 2 turns below it, as user · read with every 3")
    found = json.loads(tavern("note", chat, "--json").text)
    assert (found["text"], found["depth"], found["role"], found["interval"]) == ("It rains.", 2, "user", 3)
    assert tavern("note", chat, "--clear").text == "none\n"


def test_the_character_s_own_note_is_shown_with_its_use(tavern: Tavern, tavern_home: Path, chat: str) -> None:
    BesideCards(tavern_home / "beside-cards.json", tavern_home / "lock").keep("Mira", BesideCard("She is tired."))
    told = "Mira has a note of its own, which is read in place of the chat's: She is tired."
    assert tavern("note", chat).text == f"none\n{told}\n"


def test_what_makes_no_sense_is_refused(tavern: Tavern, chat: str) -> None:
    assert tavern("note", chat, "Text", "--clear").code == 2
    assert tavern("note", chat, "--depth", "-1").code == 2
    assert tavern("note", "nobody").code == 3
