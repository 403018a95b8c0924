"""Neighbouring system messages as one."""

from __future__ import annotations

import pytest

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.chat_completion import Marker, PromptEntry
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.lorebook import InjectionRole
from tavern_tui.domain.request import Role
from tavern_tui.prompt.inputs import AuthorsNote, GenerationKind, InjectionPosition, Quiet
from tavern_tui.prompt.plan import PartKind
from tests.prompt.chat_completion.chats import SERA, chat_plan, preset, sent, story, turns

FORM = preset(squash_system_messages=True)
CHAT = turns("g", "u1")


def test_the_head_is_one_message_and_headings_examples_and_post_history_stay_apart() -> None:
    assert sent(story(CHAT, lore_before="WIB", lore_after="WIA"), FORM) == [
        "s MAIN\nWIB\nPERSONA\nDESC\nPERS\nSCEN\nAUX\nWIA",
        "s [EX]", "s(example_user) q", "s(example_assistant) r", "s [NEW]", "a g", "u u1", "s PHI",
    ]  # fmt: skip


def test_the_parts_stay_parts() -> None:
    plan = chat_plan(story(CHAT), FORM)
    kinds = [part.kind for part in plan.included][1:6]
    assert kinds == [
        PartKind.SYSTEM_PROMPT, PartKind.PERSONA, PartKind.DESCRIPTION, PartKind.PERSONALITY, PartKind.SCENARIO,
    ]  # fmt: skip


def test_narration_is_one_with_what_is_injected_beside_it_and_with_what_follows() -> None:
    chat = [*CHAT, Turn("n", "t1", Speaker.NARRATOR, "Narrator", "Rain.")]
    assert "s AN\nRain.\nPHI" in sent(story(chat, note=AuthorsNote(text="AN", depth=1)), FORM)


def test_what_another_role_says_keeps_them_apart() -> None:
    note = AuthorsNote(text="AN", position=InjectionPosition.AFTER_SCENARIO, role=InjectionRole.USER)
    assert sent(story(CHAT, note=note), FORM)[:3] == ["s MAIN", "u AN", "s PERSONA\nDESC\nPERS\nSCEN\nAUX"]


@pytest.mark.parametrize(
    ("role", "classic", "apart"), [(Role.USER, True, True), (Role.SYSTEM, True, False), (Role.USER, False, False)]
)
def test_an_empty_prompt_of_another_role_keeps_its_neighbours_apart_in_sillytavern(
    role: Role, classic: bool, apart: bool
) -> None:
    order = [Marker.MAIN, "empty", Marker.AUXILIARY, Marker.HISTORY]
    form = preset(PromptEntry("empty", role=role), order=order, squash_system_messages=True)
    assert ("s MAIN" in sent(story(CHAT, classic=classic), form)) is apart


def test_what_comes_at_the_end_is_one_message() -> None:
    one = story(CHAT, kind=GenerationKind.QUIET, quiet=Quiet(text="Q"), prefill="BIAS")
    assert sent(one, FORM)[-1] == "s PHI\nBIAS\nQ"


def test_a_groups_nudge_stays_apart() -> None:
    made = sent(story(CHAT, character=SERA, others=("Wren",)), FORM)
    assert made[-2:] == ["s [ONLY Sera]", "s PHI"]


def test_squashing_saves_what_a_message_costs() -> None:
    apart, squashed = (chat_plan(story(CHAT), preset(squash_system_messages=how)) for how in (False, True))
    fewer = len(apart.messages()) - len(squashed.messages())
    assert apart.tokens - squashed.tokens == 4 * fewer
