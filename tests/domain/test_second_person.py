"""What a player types, as an adventure tells it: the table of inputs."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.second_person import in_second_person

TABLE = {
    # a verb in lower case gets its "You"
    "draw sword": "You draw sword",
    "draw the sword": "You draw the sword",
    "look": "You look",
    "go north": "You go north",
    "quietly open the door": "You quietly open the door",
    "open the door with my key": "You open the door with your key",
    "hide behind me": "You hide behind you",
    "die": "die",
    "lie down on my bed": "You lie down on your bed",
    # the first person becomes the second
    "I draw my sword": "You draw your sword",
    "I'm hungry": "You're hungry",
    "I am ready": "You are ready",
    "I was asleep": "You were asleep",
    "I defenestrate the guard": "You defenestrate the guard",
    "I'll wait. Then I strike!": "You'll wait. Then you strike!",
    "I look at myself. I wink.": "You look at yourself. You wink.",
    "Carefully, I open my bag": "Carefully, you open your bag",
    "What am I to do with the key?": "What are you to do with the key?",
    "Is the sword mine? I take it": "Is the sword yours? You take it",
    "My hand is on the hilt and I wait": "Your hand is on the hilt and you wait",
    # no "You" is doubled
    "You run": "You run",
    "you run": "You run",
    "You draw my sword": "You draw your sword",
    "you're late": "You're late",
    # what is said stays as it was said
    '"Hi," I say': '"Hi," you say',
    'I say "I am the king"': 'You say "I am the king"',
    "I whisper “my turn”": "You whisper “my turn”",
    "I say 'I know my way'": "You say 'I know my way'",
    '"I know."': '"I know."',
    'ask "where is my horse?"': 'You ask "where is my horse?"',
    # neither verb nor first person
    "Mira's sword?": "Mira's sword?",
    "North": "North",
    "The door opens.": "The door opens.",
    "xyzzy": "xyzzy",
    "3 ales, please": "3 ales, please",
    # other languages are left alone
    "Ich ziehe mein Schwert": "Ich ziehe mein Schwert",
    "ziehe das Schwert": "ziehe das Schwert",
    "die Tür öffnen": "die Tür öffnen",
    "find das Schwert": "find das Schwert",
    "I cavalli corrono": "I cavalli corrono",
    "je me lève": "je me lève",
    "тяну меч": "тяну меч",
    "剣を抜く": "剣を抜く",
    "": "",
    "   ": "",
    "...": "...",
}


@pytest.mark.parametrize("typed", TABLE, ids=range(len(TABLE)))
def test_an_input_is_told_as_in_the_table(typed: str) -> None:
    assert in_second_person(typed) == TABLE[typed]


@pytest.mark.parametrize("typed", TABLE, ids=range(len(TABLE)))
def test_what_was_converted_once_is_not_converted_again(typed: str) -> None:
    assert in_second_person(in_second_person(typed)) == in_second_person(typed)


@settings(max_examples=25, deadline=None)
@given(
    st.lists(st.sampled_from(["I", "draw", "my", "sword", '"', "'", "I'm", ".", "me", "é", "You", "the"]), max_size=9)
)
def test_any_words_give_a_line_and_never_two_yous_in_a_row_that_nobody_typed(words: list[str]) -> None:
    made = in_second_person(" ".join(words))
    assert "You You" not in made or "You You" in " ".join(words) or "You I" in " ".join(words)
