"""Variables in the head under ``economy``: never stale, and no reason to read the head again with every turn."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tavern_tui.domain.lorebook import LoreEntry
from tavern_tui.prompt.inputs import AuthorsNote
from tavern_tui.prompt.plan import PartKind, PromptPlan
from tests.prompt.builders import MIRA
from tests.prompt.log_chats import LogChat

MOODY = replace(MIRA, description="Mira is {{getvar::mood}}.")
STORM = LoreEntry(uid=9, keys=("storm",), content="It storms.{{setvar::mood::afraid}}", comment="Storm")


def moods(plan: PromptPlan) -> list[tuple[PartKind, int]]:
    """Where the prompt says how Mira is, as the number of turns above it."""
    found, turns = [], 0
    for part in plan.included:
        turns += bool(part.turn_id)
        if "Mira is " in part.text:
            found.append((part.kind, turns))
    return found


def test_a_variable_that_only_a_person_changes_stands_in_the_head_and_is_read_as_it_is() -> None:
    chat = LogChat(character=MOODY, variables={"mood": "calm"})
    chat.say("Good evening.")
    before = chat.go_on(2)
    assert moods(before) == [(PartKind.DESCRIPTION, 0)]
    assert chat.go_on(1).text.startswith(before.text)
    chat.changes["variables"] = {"mood": "cross"}
    assert "Mira is cross." in chat.go_on(1).text


@pytest.mark.parametrize(
    "changes",
    [{"note": AuthorsNote(text="{{setvar::mood::{{roll::6}}}}Short.")}, {"post_history_text": "{{incvar::mood}}"}],
    ids=["note", "instructions"],
)
def test_one_that_other_texts_change_stands_behind_what_does_not(changes: dict[str, object]) -> None:
    chat = LogChat(character=MOODY, variables={"mood": "1"}, **changes)
    chat.say("Good evening.")
    ((kind, above),) = moods(chat.go_on(2))
    assert kind is PartKind.DESCRIPTION
    assert above > 3


def test_lore_that_sets_it_moves_it_behind_and_the_head_is_not_read_again() -> None:
    chat = LogChat(STORM, character=MOODY, variables={"mood": "calm"})
    chat.say("Good evening.")
    head = chat.go_on(1).text.split("<|im_start|>user")[0]
    fired = chat.say("A storm.")
    chat.changes["variables"] = dict(fired.variables)
    later = chat.go_on(1)
    assert "Mira is afraid." in later.text
    assert later.text.startswith(head)


def test_what_the_head_sets_itself_stays_in_it() -> None:
    chat = LogChat(character=replace(MIRA, description="{{setvar::mood::calm}}Mira is {{getvar::mood}}."))
    chat.say("Good evening.")
    assert moods(chat.go_on(2)) == [(PartKind.DESCRIPTION, 0)]
