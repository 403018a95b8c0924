"""``tavern-tui personas``, and ``/persona`` in a chat."""

from __future__ import annotations

import json
from pathlib import Path

from tests.cli.conftest import Tavern


def test_a_persona_is_made_shown_changed_deleted_and_brought_back(tavern: Tavern, tavern_home: Path) -> None:
    path = tavern_home / "personas" / "Ash.yaml"
    made = tavern("personas", "new", "Ash", "description=A courier: quick.", "position=at_depth", "depth=1")
    assert made.text == f"Made: {path}\n"
    assert tavern("personas", "edit", "ash", "depth=3", "position=").text == "Changed: depth, position.\n"
    shown = json.loads(tavern("personas", "show", "ash", "--json").text)
    assert (shown["description"], shown["depth"], shown["position"]) == ("A courier: quick.", 3, "in_prompt")
    assert tavern("personas", "delete", "Ash").code == 0
    assert tavern("personas", "restore", "ash").text == f"Back: {path}\n"
    out = tavern_home / "all.json"
    assert tavern("personas", "export", "--to", str(out)).text == f"Written: {out} (2 personas)\n"
    assert sorted(json.loads(out.read_bytes())["personas"].values()) == ["Alex", "Ash"]


def test_what_cannot_be_done_with_a_persona_is_told(tavern: Tavern, tavern_home: Path) -> None:
    tavern("personas", "new", "Ash")
    for arguments, code, told in (
        (("show", "nobody"), 3, "There are: Alex, Ash"),
        (("new", "Ash"), 1, "already"),
        (("new", "Ida", "depth=deep"), 1, "depth should be a number"),
        (("edit", "Ash", "mood=calm"), 1, "no field “mood”"),
        (("edit", "Ash", "position=above"), 1, "position should be one of"),
        (("delete", "Alex"), 3, "of your own"),
    ):
        ran = tavern("personas", *arguments)
        assert (ran.code, told in ran.notes) == (code, True), (arguments, ran.notes)
    assert (tavern_home / "personas" / "Ash.yaml").read_text() == 'name: "Ash"\n'
    assert not (tavern_home / "personas" / "Ida.yaml").exists()


def test_a_chat_keeps_the_persona_that_was_chosen_in_it(tavern: Tavern) -> None:
    tavern("personas", "new", "Ash")
    said = tavern("chat", "Wren", stdin="/persona ash\n/quit\n")
    assert "You are Ash in this chat from now on." in said.notes
    assert "You are Ash here" in tavern("chat", "Wren", stdin="/persona\n/quit\n").notes
