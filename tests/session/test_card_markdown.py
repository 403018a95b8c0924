"""The whole card as Markdown: what is not touched stays as it was, and what cannot be read is named."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.character import Character, CharacterNote
from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.lorebook import InjectionRole
from tavern_tui.session.card_markdown import card_markdown, read_card_markdown

MIRA = Character(
    "Mira",
    description="A smith.\n\n# Looks\nSoot.\n",
    greeting="Come in.",
    alternate_greetings=("Shut the door.", "Who sent you?"),
    tags=("forge", "night"),
    note=CharacterNote("She limps.", 2, InjectionRole.USER),
    notes_by_language={"de": "Eine Schmiedin."},
)
TEXTS = st.text(st.sampled_from("ab \n\r\\#*{}é") | st.characters(codec="utf-8"), max_size=60) | st.sampled_from(
    [
        "# Description",
        "\\# Description\n# Greeting",
        "# Personalities\nx",
        "\\\\# Name",
        "<!-- # Tags -->",
        "\n\n#  Name \n",
    ]
)


@settings(max_examples=25)
@given(TEXTS, TEXTS, st.lists(TEXTS, max_size=3), TEXTS)
def test_a_text_that_comes_back_as_it_was_changes_nothing(
    description: str, greeting: str, others: list[str], note: str
) -> None:
    card = Character(
        "Mira",
        description=description,
        greeting=greeting,
        alternate_greetings=tuple(others),
        post_history_instructions=greeting,
        note=CharacterNote(note),
    )
    assert read_card_markdown(card_markdown(card), card) == card


def test_what_was_written_below_a_heading_is_the_field() -> None:
    text = (
        card_markdown(MIRA)
        .replace("A smith.", "A smith of {{user}}'s town.")
        .replace("# Personality\n", "# Personality\n\nCalm.\n")
    )
    read = read_card_markdown(text.replace("forge, night", "forge, day").replace("\n2\n", "\n7\n"), MIRA)
    assert read.description == "A smith of {{user}}'s town.\n\n# Looks\nSoot."
    assert (read.personality, read.tags, read.note.depth) == ("Calm.", ("forge", "day"), 7)


def test_greetings_are_those_that_stand_there() -> None:
    text = card_markdown(MIRA).replace("# Alternate greeting\n\nShut the door.\n", "")
    text += "\n# Alternate greeting\n\nA third.\n\n# Group-only greeting\n\nAll of you.\n"
    read = read_card_markdown(text, MIRA)
    assert read.alternate_greetings == ("Who sent you?", "A third.")
    assert read.group_only_greetings == ("All of you.",)


def test_a_heading_that_is_missing_leaves_its_field_alone() -> None:
    text = card_markdown(MIRA)
    start, end = text.index("# Description"), text.index("# Personality")
    assert read_card_markdown(text[:start] + text[end:], MIRA) == MIRA


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        ("# Scenario", "# Scenaro", "no field “Scenaro”"),
        ("# Scenario", "# Description", "twice"),
        ("\n2\n", "\ndeep\n", "Note depth: “deep” is no depth"),
        ("# Name\n\nMira", "# Name\n", "needs a name"),
        ("# Name\n", "Oh\n# Name\n", "above every heading"),
    ],
    ids=["near", "twice", "depth", "name", "above"],
)
def test_what_cannot_be_read_is_named(before: str, after: str, said: str) -> None:
    with pytest.raises(FormatError, match=said):
        read_card_markdown(card_markdown(MIRA).replace(before, after, 1), MIRA)


def test_a_text_without_headings_is_refused() -> None:
    with pytest.raises(FormatError, match="None of the card's headings"):
        read_card_markdown("\n\n", MIRA)


def test_a_card_whose_lines_look_like_headings_is_still_one_text() -> None:
    card = replace(MIRA, description="# Personality\nCalm.\n\\# Greeting\n# PERSONALITY")
    assert read_card_markdown(card_markdown(card), card) == card
    assert "\\# Personality\nCalm.\n\\\\# Greeting\n\\# PERSONALITY" in card_markdown(card)
