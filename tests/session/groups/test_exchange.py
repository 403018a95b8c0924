"""Groups in SillyTavern's files: taken in with all that they say, written again with what was changed here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.config.paths import Directories
from tavern_tui.domain.errors import ContradictionError, NotFoundError
from tavern_tui.session.groups import changing
from tavern_tui.session.groups.creating import new_group
from tavern_tui.session.groups.facts import facts_of
from tavern_tui.session.groups.files import export_group, import_group
from tavern_tui.session.groups.opening import missing_told
from tavern_tui.session.opening import Wishes, open_session
from tavern_tui.session.workspace import Workspace

DEFINITION: dict[str, Any] = {
    "id": "1725645600000",
    "name": "The crew",
    "members": ["Wren.png", "Bess.png", "Gone.png"],
    "disabled_members": ["Bess.png"],
    "activation_strategy": 1,
    "generation_mode": 0,
    "allow_self_responses": True,
    "generation_mode_join_prefix": "<FIELDNAME> of {{char}}:",
    "auto_mode_delay": 7,
    "fav": True,
    "future": {"kept": [1, 2]},
    "chat_id": "c1",
    "chats": ["c1"],
    "chat_metadata": {"scenario": "The ferry burns.", "note_prompt": "It rains."},
}


def message(name: str, text: str, **more: object) -> dict[str, object]:
    return {"name": name, "is_user": name == "Alex", "mes": text, "send_date": "September 6, 2024 8:00pm", **more}


CHAT = [message("Wren", "Two of you?"), message("Bess", "And a bird."), message("Alex", "Three, then.")]


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    """An empty library; the shipped cards are there."""
    home = tmp_path / "home"
    return Workspace.open(dirs=Directories(home / "data", home / "config", home / "state", home / "cache"))


def put(folder: Path, definition: dict[str, Any] = DEFINITION) -> Path:
    """The group as SillyTavern's files; the definition's."""
    (folder / "groups").mkdir(parents=True, exist_ok=True)
    (folder / "group chats").mkdir(exist_ok=True)
    path = folder / "groups" / "1725645600000.json"
    path.write_text(json.dumps(definition))
    (folder / "group chats" / "c1.jsonl").write_text("".join(json.dumps(line) + "\n" for line in CHAT))
    return path


def test_a_group_comes_in_as_it_spoke_and_goes_out_as_it_was(workspace: Workspace, tmp_path: Path) -> None:
    (taken,) = import_group(workspace, put(tmp_path / "from"))
    facts = facts_of(workspace.chats.open(taken.name).tree)
    assert facts is not None
    assert facts.members == ("Wren", "Bess", "Gone")
    assert (facts.muted, facts.order, facts.cards, facts.self_responses) == (frozenset({"Bess"}), "list", "swap", True)
    assert facts.scenario == "The ferry burns."
    written = export_group(workspace, taken.name, tmp_path / "to")
    said = json.loads(written.definition.read_text())
    changed = {"chat_id", "chats", "chat_metadata", "generation_mode_join_suffix"}
    assert {key: value for key, value in said.items() if key not in changed} == {
        key: value for key, value in DEFINITION.items() if key not in changed
    }
    assert said["chat_id"] == written.chat.stem
    texts = [json.loads(line)["mes"] for line in written.chat.read_text().splitlines() if '"mes"' in line]
    assert texts == ["Two of you?", "And a bird.", "Three, then."]


def test_what_was_changed_here_goes_out_and_a_second_import_leaves_it(workspace: Workspace, tmp_path: Path) -> None:
    source = put(tmp_path / "from")
    (taken,) = import_group(workspace, source)
    log = workspace.chats.open(taken.name)
    log.append(*changing.muted(log.tree, "Bess", False), *changing.ordered(log.tree, "pooled"))
    import_group(workspace, source)
    import_group(workspace, put(tmp_path / "from", {**DEFINITION, "generation_mode": 1}))
    facts = facts_of(workspace.chats.open(taken.name).tree)
    assert facts is not None
    assert (facts.muted, facts.order, facts.cards) == (frozenset(), "pooled", "join")
    written = export_group(workspace, taken.name, tmp_path / "to")
    said = json.loads(written.definition.read_text())
    assert (said["disabled_members"], said["activation_strategy"]) == ([], 3)


def test_an_imported_group_opens_and_says_whose_card_is_gone(workspace: Workspace, tmp_path: Path) -> None:
    (taken,) = import_group(workspace, put(tmp_path / "from"))
    session = open_session(workspace, Wishes(chat=taken.name))
    assert session.group is not None
    assert missing_told(session.group) == "Gone has no card any more. The others talk."
    assert session.no_card is None


def test_a_group_without_a_chat_says_where_it_looked(workspace: Workspace, tmp_path: Path) -> None:
    path = put(tmp_path / "from")
    (tmp_path / "from" / "group chats" / "c1.jsonl").unlink()
    with pytest.raises(NotFoundError, match="no chat of the group The crew"):
        import_group(workspace, path)


def test_a_new_group_has_its_members_and_is_no_chat_with_the_first_of_them(workspace: Workspace) -> None:
    log = new_group(workspace, ["wren", "Bess"])
    assert log.tree.characters == ("Wren", "Bess")
    assert log.tree.title.startswith("Wren, Bess 2")
    alone = open_session(workspace, Wishes(character="Wren"))
    assert alone.group is None
    assert alone.log.key != log.key
    with pytest.raises(ContradictionError, match="named twice"):
        new_group(workspace, ["Wren", "Wren"])


def test_when_all_cards_are_gone_the_group_can_only_be_read(workspace: Workspace, tmp_path: Path) -> None:
    (taken,) = import_group(workspace, put(tmp_path / "from", {**DEFINITION, "members": ["Gone.png", "Lost.png"]}))
    session = open_session(workspace, Wishes(chat=taken.name))
    assert session.no_card is not None
    assert [turn.text for turn in session.tree.path()][-1] == "Three, then."
