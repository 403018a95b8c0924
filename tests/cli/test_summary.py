"""``tavern-tui summary`` and ``notebook``: what is told of turns, and what nobody but the reader reads."""

from __future__ import annotations

import json

import pytest

from tests.cli.conftest import Tavern


@pytest.fixture
def tavern(tavern_here: Tavern) -> Tavern:
    """Commands are run in this process."""
    return tavern_here


@pytest.fixture
def chat(tavern: Tavern) -> str:
    """The name of a character with a chat of two turns."""
    assert tavern("say", "mira", "Hello").code == 4  # no engine; the message is kept
    return "Mira"


def test_one_by_hand_is_kept_changed_compared_and_brought_back(tavern: Tavern, chat: str) -> None:
    assert tavern("summary", chat).text == "no summary\n"
    assert tavern("summary", chat, "Anna came. She paid 20 marks.").text.startswith("summary of turns 1–2\nAnna came.")
    tavern("summary", chat, "Anna came in the rain.", "--freeze")
    (now,) = json.loads(tavern("summary", chat, "--json").text)["summaries"]
    assert (now["text"], now["by"], now["frozen"]) == ("Anna came in the rain.", "you", True)
    first, second = json.loads(tavern("summary", chat, "--versions", "--json").text)["summaries"]
    assert (first["counts"], second["counts"]) == (False, True)
    assert "− She paid 20 marks." in tavern("summary", chat, "--diff", first["id"]).text
    assert "20 marks" in tavern("summary", chat, "--restore", first["id"]).text
    assert tavern("summary", chat, "--clear").text == "no summary\n"
    assert len(tavern("summary", chat, "--versions").text.splitlines()) == 4
    assert "by itself" in tavern("summary", chat, "--when", "always").text


def test_what_is_not_there_is_said(tavern: Tavern, chat: str) -> None:
    assert tavern("summary", chat, "--restore", "zz").code == 3
    assert tavern("summary", chat, "--clear").code == 3
    assert tavern("summary", chat, "Text.", "--until", "99").code == 3
    assert tavern("summary", "nobody").code == 3
    assert tavern("summary", chat, "--write").code == 4


def test_the_notebook_takes_lines(tavern: Tavern, chat: str) -> None:
    assert tavern("notebook", chat).text == "empty\n"
    assert tavern("notebook", chat, "Anna lies.").text == "Anna lies.\n"
    assert tavern("notebook", chat, "Or not.").text == "Anna lies.\nOr not.\n"
    assert json.loads(tavern("notebook", chat, "New.", "--replace", "--json").text)["text"] == "New."
    assert tavern("notebook", chat, "--clear").text == "empty\n"
    assert tavern("notebook", chat, "x", "--clear").code == 2
    assert tavern("notebook", "nobody").code == 3
