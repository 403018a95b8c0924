"""Groups from the command line: made, changed and shown; talked with by ``say`` and line by line."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import ScriptedServer, Tavern


def test_a_group_is_made_shown_changed_and_moved(tavern: Tavern, tmp_path: Path) -> None:
    assert tavern("group", "new", "mira", "wren", "--title", "The crew").code == 0
    for command in (("add", "The crew", "bess"), ("mute", "The crew", "2"), ("order", "The crew", "pooled")):
        assert tavern("group", *command).code == 0, command
    found = json.loads(tavern("group", "show", "The crew", "--json").text)
    assert [(one["name"], one["state"]) for one in found["members"]] == [
        ("Mira", []),
        ("Wren", ["muted"]),
        ("Bess", []),
    ]
    assert (found["order"], found["cards"]) == ("pooled", "join")
    assert tavern("group", "unmute", "The crew", "bess").text == "That is so already.\n"
    written = tavern("group", "export", "The crew", "--to", str(tmp_path / "out"))
    (definition,) = (tmp_path / "out" / "groups").iterdir()
    assert str(definition) in written.text
    assert tavern("group", "import", str(definition)).code == 0


def test_what_makes_no_sense_is_told(tavern: Tavern) -> None:
    assert tavern("group", "new", "mira", "nobody at all").code == 3
    tavern("group", "new", "mira", "wren", "--title", "The crew")
    assert "There are natural, list, pooled, manual." in tavern("group", "order", "The crew", "loud").notes


def test_say_asks_one_member_or_whoever_answers(tavern: Tavern, server: ScriptedServer) -> None:
    tavern("group", "new", "mira", "wren", "--title", "The crew")
    tavern("group", "order", "The crew", "list")
    server.says("One.")
    server.says("Two.")
    server.says("Three.")
    to_all = tavern("say", "@", "Hello", "--chat", "The crew", "--server", server.address)
    assert to_all.text == "Mira: One.\nWren: Two.\n"
    to_one = tavern("say", "wren", "And you?", "--chat", "The crew", "--server", server.address, "--json")
    assert json.loads(to_one.text)["name"] == "Wren"


def test_a_group_line_by_line(tavern: Tavern, server: ScriptedServer) -> None:
    tavern("group", "new", "mira", "wren", "--title", "The crew")
    tavern("group", "order", "The crew", "manual")
    for text in ("One.\n Wren: I see it.", "Two.", "Three.", "Four."):
        server.says(text)
    script = "Hello\n/next mira\n/keepline\n/mute wren\n/auto 2\n/group\n/next ida\n/quit\n"
    ran = tavern("chat", "--plain", "--chat", "The crew", "--server", server.address, stdin=script)
    assert ran.code == 0
    assert ran.text.splitlines()[-4:] == ["Mira: One.", "Wren: I see it.", "Mira: Two.", "Mira: Three."]
    for told in (
        "Said. Nobody answers by itself: /next NAME lets one speak.",
        "/keepline keeps it as Wren's turn.",
        "Wren is muted.",
        "Auto is over after 2 replies: that was 2.",
        "2  Wren (muted)",
        "Nobody here is called “ida”.",
    ):
        assert told in ran.notes, told
