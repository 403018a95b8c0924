"""Decorators: what V3's and RisuAI's lines at the start of an entry's text make it do."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st

from tavern_tui.domain.lorebook import InjectionRole, Lorebook, LoreEntry, LorePosition
from tavern_tui.domain.persona import Persona
from tavern_tui.domain.template import ContextTemplate
from tavern_tui.prompt.inputs import LoreSettings, PromptInput
from tavern_tui.prompt.lore_decorators import FOREVER, decorated
from tavern_tui.prompt.plan import PromptPlan
from tests.prompt.builders import MIRA, chat, given, plan

TURNS = chat("Come in.", "Is that gold?", "It is.", "And the dragon?")


def read(*lines: str) -> Any:
    """The decorators of a text that begins with these lines, under our own rules."""
    return decorated(LoreEntry(content="\n".join((*lines, "Text."))), exact=False)


def saying(*lines: str, text: str = "It sleeps.", keys: tuple[str, ...] = ("dragon",), **changes: Any) -> PromptInput:
    """A prompt of four turns with one entry whose text begins with these lines."""
    entry = LoreEntry(keys=keys, content="\n".join((*lines, text)), comment="The dragon")
    return given(TURNS, lorebooks=(Lorebook("Book", (entry,)),), **changes)


def fires(one: PromptInput) -> bool:
    """Whether the entry is in the prompt."""
    return "It sleeps." in plan(one).text


def reason(made: PromptPlan) -> str:
    """What the plan says of the entry that is not in."""
    (part,) = [part for part in made.parts if part.source == "lore: The dragon (Book)"]
    return part.reason


@pytest.mark.parametrize(
    ("line", "field", "value"),
    [
        ("@@depth 2", "depth", 2),
        ("@@depth 2", "position", LorePosition.AT_DEPTH),
        ("@@depth -3", "depth", 0),
        ("@@end", "depth", 0),
        ("@@role assistant", "role", InjectionRole.ASSISTANT),
        ("@@scan_depth 9", "scan_depth", 9),
        ("@@position before_desc", "position", LorePosition.BEFORE_CHARACTER),
        ("@@position after_desc", "position", LorePosition.AFTER_CHARACTER),
        ("@@keep_activate_after_match", "sticky", FOREVER),
        ("@@dont_activate_after_match", "cooldown", FOREVER),
        ("@@match_full_word", "match_whole_words", True),
        ("@@match_partial_word", "match_whole_words", False),
        ("@@probability 40", "probability", 40.0),
        ("@@priority -2", "priority", -2),
        ("@@unrecursive", "prevent_recursion", True),
        ("@@no_recursive_search", "exclude_recursion", True),
    ],
)
def test_what_a_field_of_the_entry_can_say_is_said_there(line: str, field: str, value: Any) -> None:
    found = read(line)
    assert getattr(found.entry, field) == value
    assert found.content == "Text."


def test_the_entry_keeps_its_text_and_the_first_of_two_counts() -> None:
    found = read("@@depth 2", "@@depth 7")
    assert found.entry.depth == 2
    assert found.entry.content == "@@depth 2\n@@depth 7\nText."


def test_a_position_is_stronger_than_a_depth() -> None:
    found = read("@@depth 2", "@@position after_desc")
    assert (found.entry.position, found.entry.depth) == (LorePosition.AFTER_CHARACTER, 4)


def test_a_line_with_three_marks_is_tried_where_the_one_before_is_not_known() -> None:
    assert read("@@glow 3", "@@@shine", "@@@depth 1", "@@@depth 5").entry.depth == 1
    assert read("@@depth 2", "@@@role user").entry.role is InjectionRole.SYSTEM
    assert read("@@position nowhere", "@@@end").entry.position is LorePosition.AT_DEPTH
    assert read("@@depth far", "@@@role user").entry.role is InjectionRole.USER


def test_a_text_of_nothing_but_decorators_is_empty_and_stays_in_sillytavern() -> None:
    entry = LoreEntry(content="@@depth 2\n@@activate")
    assert decorated(entry, exact=False).content == ""
    assert decorated(entry, exact=True).content == entry.content


def test_sillytavern_knows_two_decorators_and_takes_all_lines_off() -> None:
    found = decorated(LoreEntry(content="@@depth 2\n@@activate_only_after 3\n@@dont_activate\nText."), exact=True)
    assert (found.content, found.silenced, found.forced) == ("Text.", True, False)
    assert found.entry.position is LorePosition.BEFORE_CHARACTER


@examples(st.text("@ adeghinoprt_23,\n", max_size=60), st.booleans())
def test_whatever_stands_there_nothing_breaks_and_no_line_before_the_text_is_sent(text: str, exact: bool) -> None:
    found = decorated(LoreEntry(content=f"@@{text}"), exact=exact)
    assert found.content.startswith("@@") is False or (exact and found.content == f"@@{text}")


def test_activate_fires_without_a_key_and_is_stronger_than_its_opposite() -> None:
    assert fires(saying("@@activate", keys=()))
    assert not fires(saying("@@dont_activate"))
    assert fires(saying("@@dont_activate", "@@activate"))


def test_replies_are_counted() -> None:
    assert fires(saying("@@activate_only_after 2"))
    late = plan(saying("@@activate_only_after 3"))
    assert reason(late) == "@@activate_only_after: not before 3 replies"
    assert fires(saying("@@activate_only_every 2"))
    assert not fires(saying("@@activate_only_every 3"))


def test_keys_beside_the_keys() -> None:
    assert fires(saying("@@additional_keys gold, silver", lore=LoreSettings(scan_depth=4)))
    assert not fires(saying("@@additional_keys gold", lore=LoreSettings(scan_depth=1)))
    assert not fires(saying("@@additional_keys gold", "@@additional_keys silver"))
    assert reason(plan(saying("@@exclude_keys gold"))) == "@@exclude_keys: *gold* stands there"
    assert fires(saying("@@exclude_keys_all gold, silver"))
    assert not fires(saying("@@exclude_keys_all gold, come"))


def test_the_greeting_that_opened_the_chat() -> None:
    card = replace(MIRA, greeting="Go away.", alternate_greetings=("Come in.",))
    assert fires(saying("@@is_greeting 1", character=card))
    assert not fires(saying("@@is_greeting 0", character=card))
    assert not fires(saying("@@is_greeting 0"))


def test_whom_the_user_plays() -> None:
    assert not fires(saying("@@is_user_icon Ada"))
    assert fires(saying("@@is_user_icon Ada", persona=Persona("Ada")))


def test_what_matched_once_stays_or_stays_away() -> None:
    kept = plan(saying("@@keep_activate_after_match"))
    later = chat(*(turn.text for turn in TURNS), "Gone.", "Where?", "Far.", "Hm.", "Yes.", "Well.")
    once = replace(saying("@@keep_activate_after_match"), turns=later[::-1])
    assert not fires(once)
    assert fires(replace(once, lore_state=kept.lore_state))
    gone = plan(saying("@@dont_activate_after_match"))
    assert "It sleeps." in gone.text
    again = chat(*(turn.text for turn in TURNS), "Hm.", "The dragon!")
    twice = replace(saying("@@dont_activate_after_match"), turns=again[::-1], lore_state=gone.lore_state)
    assert reason(plan(twice)) == "fired once, and not again"


def test_a_depth_from_the_chats_beginning() -> None:
    text = plan(saying("@@reverse_depth 1")).text
    assert text.index("Come in.") < text.index("It sleeps.") < text.index("Is that gold?")


@pytest.mark.parametrize("field", ["personality", "scenario"])
def test_a_text_joins_a_field_of_the_card(field: str) -> None:
    made = plan(saying(f"@@position {field}"))
    own = {"personality": "patient and dry", "scenario": "A storm keeps both indoors."}[field]
    assert f"{own}\nIt sleeps." in made.text
    assert any(part.source == "lore: The dragon (Book)" and part.body == "It sleeps." for part in made.included)


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("@@inject_at persona",), "Tom carries letters.\nIt sleeps."),
        (("@@inject_at description", "@@inject_prepend"), "It sleeps.\nMira keeps the lamp"),
        (("@@inject_at description", "@@inject_replace the lamp"), "Mira keeps It sleeps. at Cold Point."),
        (("@@inject_at main",), "Be Mira.\nIt sleeps."),
        (("@@inject_at globalNote",), "Be brief.\nIt sleeps."),
    ],
)
def test_a_text_joins_a_field_of_the_prompt(lines: tuple[str, ...], expected: str) -> None:
    made = plan(saying(*lines, system_text="Be Mira.", post_history_text="Be brief."))
    assert expected in made.text
    assert made.text.count("It sleeps.") == 1


def test_a_slot_that_nobody_knows_leaves_the_text_where_it_is() -> None:
    assert read("@@inject_at nowhere").conditions.slot == ""


@pytest.mark.parametrize("macro", ["{{position::here}}", "{{outlet::here}}"])
def test_a_text_has_a_place_of_its_own_in_a_prompt(macro: str) -> None:
    story = ContextTemplate(name="own", story_string=f"{{{{system}}}} {macro}")
    assert "Be Mira. It sleeps." in plan(saying("@@position pt_here", system_text="Be Mira.", context=story)).text


def test_a_depth_in_tokens_is_above_the_turn_that_holds_the_last_of_them() -> None:
    text = plan(saying("@@instruct_depth 5")).text  # about as much as the last turn says
    assert text.index("It is.") < text.index("It sleeps.") < text.index("And the dragon?")


def test_a_depth_in_tokens_from_the_chats_beginning() -> None:
    text = plan(saying("@@reverse_instruct_depth 2")).text
    assert text.index("Come in.") < text.index("It sleeps.") < text.index("Is that gold?")
    assert plan(saying("@@reverse_instruct_depth 900")).text.index("And the dragon?") < plan(
        saying("@@reverse_instruct_depth 900")
    ).text.index("It sleeps.")


def test_a_scan_depth_in_tokens() -> None:
    assert not fires(saying("@@instruct_scan_depth 4", keys=("gold",)))
    assert fires(saying("@@instruct_scan_depth 12", keys=("gold",)))
    assert not fires(saying("@@instruct_scan_depth 0"))


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("@@inject_lore The hill",), "A hill of stone.\nIt sleeps."),
        (("@@inject_lore The hill", "@@inject_prepend"), "It sleeps.\nA hill of stone."),
        (("@@inject_lore The hill", "@@inject_replace stone."), "A hill of It sleeps."),
        (("@@inject_lore The sea",), "A hill of stone."),
    ],
)
def test_a_text_joins_another_entry_s(lines: tuple[str, ...], expected: str) -> None:
    hill = LoreEntry(uid=1, constant=True, content="A hill of stone.", comment="The hill")
    dragon = LoreEntry(uid=2, keys=("dragon",), content="\n".join((*lines, "It sleeps.")))
    made = plan(given(TURNS, lorebooks=(Lorebook("Book", (hill, dragon)),)))
    (part,) = [part for part in made.included if "A hill" in part.body]
    assert part.body.strip() == expected
    assert made.text.count("It sleeps.") == ("It sleeps." in expected)
    assert len(made.fired) == 2


def test_the_users_own_prompts_can_be_switched_off_and_a_cards_cannot() -> None:
    own = saying("@@disable_ui_prompt system_prompt", "@@disable_ui_prompt post_history_instructions")
    own = replace(own, post_history_text="Be brief.")
    assert "Write Mira's side." in plan(replace(own, lorebooks=())).text
    text = plan(own).text
    assert "Write Mira's side." not in text
    assert "Be brief." not in text
    card = replace(MIRA, system_prompt="Speak as Mira.")
    assert "Speak as Mira." in plan(replace(own, character=card)).text


def test_what_yields_goes_first_where_the_context_is_full() -> None:
    long = "word " * 60
    entries = (
        LoreEntry(constant=True, order=200, content=f"@@ignore_on_max_context\nYields. {long}", comment="Yields"),
        LoreEntry(uid=1, constant=True, content=f"Stays. {long}", comment="Stays"),
    )
    one = given(TURNS, lorebooks=(Lorebook("Book", entries),), lore=LoreSettings(budget_cap=100))
    assert [fired.title for fired in plan(one).fired] == ["Stays"]
    assert len(plan(replace(one, lore=LoreSettings())).fired) == 2


def test_a_hidden_key_is_not_sent_and_is_found_by_recursion() -> None:
    first = LoreEntry(keys=("dragon",), content="It sleeps.{{hidden_key:hoard}}", comment="First")
    second = LoreEntry(uid=1, keys=("hoard",), content="Coins.", comment="Second")
    one = given(TURNS, lorebooks=(Lorebook("Book", (first, second)),))
    made = plan(one)
    assert [fired.title for fired in made.fired] == ["First", "Second"]
    assert "hoard" not in made.text
