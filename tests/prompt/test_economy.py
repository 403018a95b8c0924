"""Under ``economy`` a prompt is a log: a head that stays, parts that are only appended, a small moving tail."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from itertools import pairwise

import pytest
from hypothesis import given as forall
from hypothesis import settings
from hypothesis import strategies as st

from tavern_tui.domain.events import KeptHead, PromptKept
from tavern_tui.domain.lorebook import LoreEntry, LorePosition
from tavern_tui.prompt.inputs import AuthorsNote, Examples, GenerationKind, Group, GroupCards, Member, NotesStay
from tavern_tui.prompt.plan import PartKind
from tavern_tui.prompt.templates import CHATML, GEMMA
from tests.prompt.builders import MIRA
from tests.prompt.log_chats import GULL, LAMP, ROPE, WORDS, LogChat, bodies, lore

SHORT = 380  # tokens: a dozen turns fill it
NOTE = AuthorsNote(text="Keep it short.", depth=2)
DEEP = replace(GULL, position=LorePosition.AT_DEPTH, depth=2)
ADA = replace(MIRA, name="Ada", description="Ada mends clocks.", system_prompt="Ada never lies. {{original}}")


def begun(*entries: LoreEntry, **changes: object) -> LogChat:
    """A chat whose head was made before anything fired."""
    chat = LogChat(*entries, **changes)
    chat.say("Good evening.")
    return chat


# Lore.


def test_lore_that_fires_stands_above_the_message_and_stays_when_it_lapses() -> None:
    chat = begun(LAMP)
    fired = chat.say("Is that a lamp?")
    assert bodies(fired)[-3:-1] == [LAMP.content, "Is that a lamp?"]
    later = chat.go_on(4)
    assert later.fired == ()
    assert later.text.startswith(fired.text)
    assert [part.reason for part in later.included if part.kind is PartKind.LORE] == ["stands where it fired"]


def test_lore_that_is_active_when_the_head_is_made_stands_in_it_for_good() -> None:
    chat = LogChat(LAMP)
    first = chat.say("A lamp!")
    assert first.text.index(LAMP.content) < first.text.index("Mira keeps the lamp")
    assert chat.go_on(6).text.startswith(first.text)


def test_lore_that_left_with_its_turns_is_appended_again_when_it_is_called_for() -> None:
    chat = begun(LAMP, context_tokens=SHORT)
    chat.say("Is that a lamp?")
    for _ in range(40):
        if LAMP.content not in chat.go_on(1).text:
            break
    else:
        pytest.fail("the history never left")
    again = chat.say("The lamp again.")
    assert bodies(again)[-3] == LAMP.content
    assert chat.seen(again) == {1}


def test_lore_that_is_called_for_when_its_turns_leave_is_not_missed() -> None:
    chat = begun(replace(LAMP, constant=True, position=LorePosition.AT_DEPTH, depth=1), context_tokens=SHORT)
    while len(chat.tree.cuts) < 3:
        assert chat.seen(chat.go_on(1)) == {1}


def test_an_entry_with_a_depth_enters_there_and_does_not_move() -> None:
    chat = begun(DEEP)
    chat.go_on(2)
    fired = chat.say("A gull!")
    at = bodies(fired).index(DEEP.content)
    assert len(bodies(fired)) - at == 4  # two turns and the reply line stand below it
    assert bodies(chat.go_on(3)).index(DEEP.content) == at


def test_an_edited_entry_reads_as_edited_where_it_stands() -> None:
    chat = begun(LAMP)
    chat.say("Is that a lamp?")
    before = chat.go_on(3)
    chat.entries = (replace(LAMP, content="The lamp burns gas."),)
    after = chat.ask()
    assert lore(after) == ["The lamp burns gas."]
    assert bodies(after).index("The lamp burns gas.") == bodies(before).index(LAMP.content)
    assert chat.go_on(1).text.startswith(after.text[: after.text.rindex("<|im_start|>")])


@pytest.mark.parametrize("in_head", [True, False])
def test_an_entry_that_is_switched_off_disappears_at_once(in_head: bool) -> None:
    chat = LogChat(LAMP) if in_head else begun(LAMP)
    chat.say("Is that a lamp?")
    chat.entries = (replace(LAMP, enabled=False),)
    assert lore(chat.go_on(1)) == []


def test_a_card_that_is_changed_makes_the_head_anew_with_what_is_active() -> None:
    chat = begun(LAMP)
    chat.say("Is that a lamp?")
    chat.changes["character"] = replace(MIRA, description="Mira sells oil.")
    anew = chat.ask()
    assert anew.text.index(LAMP.content) < anew.text.index("Mira sells oil.")
    assert chat.seen(anew) == {1}


def test_a_head_is_made_anew_when_somebody_asks_for_it() -> None:
    chat = begun(LAMP)
    chat.say("Is that a lamp?")
    chat.keep(PromptKept("", head=KeptHead("")))
    anew = chat.ask()
    assert anew.text.index(LAMP.content) < anew.text.index("Mira keeps the lamp")


def test_on_a_branch_from_before_it_fired_lore_is_not_there() -> None:
    chat = begun(LAMP)
    chat.go_on(2)
    chat.say("Is that a lamp?")
    chat.branch(2)
    assert lore(chat.say("Is that a bell?")) == []


def test_a_swipe_reads_the_same_prompt() -> None:
    chat = begun(replace(LAMP, probability=50), replace(GULL, probability=50), ROPE)
    made = chat.say("A lamp, a gull, a rope.")
    assert chat.swipe("No.").text == made.text
    assert chat.swipe("Well.").kept is None


def test_a_turn_that_goes_on_has_what_fires_above_it() -> None:
    chat = begun(LAMP)
    chat.say("Well?", "It is a lamp")
    assert bodies(chat.prompt(kind=GenerationKind.CONTINUE))[-2:] == [LAMP.content, "It is a lamp"]


# The history.


@pytest.mark.parametrize("step", [0.25, 0.5])
def test_a_cut_frees_its_share_and_the_plan_says_how_much(step: float) -> None:
    chat = LogChat(step=step, context_tokens=SHORT)
    sizes = [chat.go_on(1).tokens for _ in range(30)]
    made = chat.plan
    assert made is not None
    falls = [before - after for before, after in pairwise(sizes) if after < before]
    assert len(falls) >= 2
    assert all(abs(fall - made.step) < 40 for fall in falls[1:])


def test_a_branch_above_the_last_cut_goes_on_from_an_earlier_one() -> None:
    chat = LogChat(step=0.5, context_tokens=SHORT)
    while len(chat.tree.cuts) < 2:
        chat.go_on(1)
    first, second = chat.tree.cuts
    ids = [turn.id for turn in chat.path]
    chat.branch(len(ids) - ids.index(second))
    assert chat.say("Otherwise, then.").first_turn == first


def test_examples_stay_until_they_go_together() -> None:
    two = "<START>\n{{user}}: One?\n{{char}}: One.\n<START>\n{{user}}: Two?\n{{char}}: Two."
    chat = LogChat(character=replace(MIRA, example_dialogue=two), context_tokens=SHORT, examples=Examples.PUSHED_OUT)
    shown = []
    for _ in range(16):
        shown.append(sum(part.kind is PartKind.EXAMPLE for part in chat.go_on(1).included))
    assert shown == sorted(shown, reverse=True)
    assert len(set(shown)) == 2
    assert shown[-1] == 0


# The head, and what stands behind it.


def test_a_head_tells_the_time_at_which_it_was_made() -> None:
    chat = LogChat(character=replace(MIRA, scenario="It is {{time}}."))
    first = chat.say("Hello.", now=datetime(2024, 9, 4, 14, 30))
    assert "It is 2:30 PM." in first.text
    assert chat.say("And now?", now=datetime(2024, 9, 4, 18, 0)).text.startswith(first.text)


def test_a_text_that_changes_with_every_prompt_stands_behind_the_history_and_the_plan_says_why() -> None:
    chat = LogChat(character=replace(MIRA, scenario="Tom just said: {{lastUserMessage}}"))
    first, second = chat.say("One."), chat.say("Two.")
    assert first.text[: first.text.index("Come in.")] == second.text[: second.text.index("Come in.")]
    (part,) = [part for part in second.included if part.kind is PartKind.SCENARIO]
    assert part.body == "Tom just said: Two."
    assert part.reason == "changes with every prompt: stands behind what does not"
    assert bodies(second)[-3:-1] == ["Tom just said: Two.", "Two."]


@pytest.mark.parametrize("cards", [GroupCards.JOIN, GroupCards.SWAP])
def test_whoever_speaks_in_a_group_the_head_is_the_same(cards: GroupCards) -> None:
    chat = LogChat(group=Group(members=(Member(MIRA), Member(ADA)), cards=cards), context_tokens=900)
    chat.say("Hello, both.")
    mira, ada = chat.prompt(character=MIRA).text, chat.prompt(character=ADA).text
    head = mira[: mira.index("Come in.")]
    assert ada.startswith(head)
    assert ("Ada mends clocks." in head) is (cards is GroupCards.JOIN)
    assert "Ada mends clocks." in ada
    assert "Ada never lies." in ada[len(head) :]


def test_a_note_moves_and_everything_above_it_stays() -> None:
    chat = LogChat(note=NOTE)
    first, second = chat.go_on(3), chat.go_on(1)
    above = first.text[: first.text.index(NOTE.text)].removesuffix("<|im_start|>system\n")
    assert second.text.startswith(above)
    assert second.text.index(NOTE.text) > len(above)


def test_a_note_may_drift_and_is_put_at_its_depth_again() -> None:
    chat = LogChat(note=NOTE, notes=NotesStay(3))
    chat.go_on(2)
    below = []
    for _ in range(12):
        made = bodies(chat.go_on(1))
        assert made.count(NOTE.text) == 1
        below.append(len(made) - made.index(NOTE.text) - 2)
    assert max(below) <= 2 + 3
    assert len(set(below)) == 2  # it moves with every other message


def test_a_note_may_be_stated_again_and_what_was_read_stays() -> None:
    chat = LogChat(note=NOTE, notes=NotesStay(3, restated=True), context_tokens=2_000)
    texts = [chat.go_on(1).text for _ in range(12)]
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))
    assert texts[-1].count(NOTE.text) >= 3


def test_a_note_that_is_edited_is_nowhere_read_as_it_was() -> None:
    chat = LogChat(note=NOTE, notes=NotesStay(3, restated=True), context_tokens=2_000)
    chat.go_on(8)
    chat.changes["note"] = replace(NOTE, text="Take your time.")
    made = chat.go_on(1)
    assert NOTE.text not in made.text
    assert made.text.count("Take your time.") == 1


# What holds whatever is done.

STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("say"), st.sets(st.sampled_from(WORDS))),
        st.tuples(st.just("swipe"), st.sets(st.sampled_from(WORDS), max_size=1)),
        st.tuples(st.just("edit"), st.integers(0, 6)),
        st.tuples(st.just("branch"), st.integers(1, 6)),
        st.tuples(st.just("look"), st.none()),
    ),
    max_size=10,
)


def talked(words: object) -> str:
    """A message with these words in it."""
    named = sorted(words) if isinstance(words, set) else []
    return f"And so we talked of {', '.join(named) or 'the weather'} for a long while."


@settings(max_examples=10, deadline=None)
@forall(STEPS, st.sampled_from([CHATML, GEMMA, None]), st.booleans())
def test_nothing_is_shown_twice_and_nothing_that_classic_shows_is_missing(
    steps: list[tuple[str, object]], template: object, noted: bool
) -> None:
    note = NOTE if noted else None
    chat = LogChat(LAMP, DEEP, replace(ROPE, constant=True), instruct=template, note=note, context_tokens=SHORT)
    for do, what in steps:
        newest = chat.path[-1]
        if do == "say":
            chat.say(talked(what))
        elif do == "swipe" and len(chat.path) > 2:
            chat.swipe(talked(what))
        elif do == "edit" and isinstance(what, int) and what < len(chat.path):
            chat.edit(what, f"{newest.text} No: the gull.")
        elif do == "branch" and isinstance(what, int) and 2 * what < len(chat.path):
            chat.branch(2 * what)
        made = chat.prompt()
        assert {one.uid for one in made.fired} | chat.classic() <= chat.seen(made)
        assert made.tokens <= made.limit


@settings(max_examples=10, deadline=None)
@forall(st.lists(st.sets(st.sampled_from(WORDS)), max_size=12), st.sampled_from([0.25, 0.5]))
def test_a_prompt_begins_with_the_one_before_unless_the_history_was_cut(said: list[set[str]], step: float) -> None:
    chat = begun(LAMP, GULL, ROPE, step=step, context_tokens=SHORT)
    before = chat.plan
    for words in said:
        made = chat.say(talked(words))
        assert before is not None
        if made.first_turn == before.first_turn:
            assert made.text.startswith(before.text)
        else:
            assert made.kept is not None
            assert made.kept.first_turn == made.first_turn
            head = made.text.index("Mira's personality")
            assert made.text[:head] == before.text[:head]
        before = made


def test_examples_that_are_always_in_are_no_fact() -> None:
    chat = LogChat(examples=Examples.ALWAYS)
    assert chat.say("Hello.").kept is None
