"""Groups from the command line: made, changed and shown; talked with by ``say`` and line by line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import ScriptedServer, Tavern


@pytest.fixture
def tavern(tavern_here: Tavern) -> Tavern:
    """Commands are run in this process."""
    return tavern_here


def test_a_group_is_made_shown_changed_and_moved(tavern: Tavern, tmp_path: Path) -> None:
    assert tavern("group", "new", "mira", "wren", "bess", "--title", "The crew").code == 0
    assert tavern("group", "mute", "The crew", "2").code == 0
    refused = tavern("group", "order", "The crew", "loud")
    assert (refused.code, "There are natural, list, pooled, manual." in refused.notes) == (3, True)
    found = json.loads(tavern("group", "show", "The crew", "--json").text)
    assert [(one["name"], one["state"]) for one in found["members"]] == [
        ("Mira", []),
        ("Wren", ["muted"]),
        ("Bess", []),
    ]
    written = tavern("group", "export", "The crew", "--to", str(tmp_path / "out"))
    (definition,) = (tmp_path / "out" / "groups").iterdir()
    assert str(definition) in written.text


def test_say_asks_whoever_answers_and_names_them(tavern: Tavern, server: ScriptedServer) -> None:
    tavern("group", "new", "mira", "wren", "--title", "The crew")
    server.says("One.")
    server.says("Two.")
    to_all = tavern("say", "@", "Wren and Mira, hello", "--chat", "The crew", "--server", server.address)
    assert to_all.text == "Wren: One.\nMira: Two.\n"


def test_a_group_line_by_line(tavern: Tavern, server: ScriptedServer) -> None:
    tavern("group", "new", "mira", "wren", "--title", "The crew")
    for text in ("One.\n Wren: I see it.", "Two.", "Three."):
        server.says(text)
    script = "/next mira\n/keepline\n/mute wren\n/auto 2\n/group\n/next ida\n/quit\n"
    ran = tavern("chat", "--plain", "--chat", "The crew", "--server", server.address, stdin=script)
    assert ran.code == 0
    assert ran.text.splitlines()[-4:] == ["Mira: One.", "Wren: I see it.", "Mira: Two.", "Mira: Three."]
    for told in (
        "/keepline keeps it as Wren's turn.",
        "Wren is muted.",
        "Auto is over after 2 replies: that was 2.",
        "2  Wren (muted)",
        "Nobody here is called “ida”.",
    ):
        assert told in ran.notes, told
