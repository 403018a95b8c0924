"""What a prompt ends with: quiet questions, the reply's given beginning, the turn that is continued."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.lorebook import Lorebook, LoreEntry, LorePosition
from tavern_tui.domain.template import InstructTemplate, NamesBehavior
from tavern_tui.prompt.bias import MOST_TURNS, bias_in, newest_bias, without_bias
from tavern_tui.prompt.cleanup import clean_reply, reply_rules
from tavern_tui.prompt.inputs import AuthorsNote, GenerationKind, Injection, Policy, PromptInput, Quiet
from tavern_tui.prompt.plan import PartKind, PartState
from tavern_tui.prompt.templates import CHATML
from tests.prompt.builders import MIRA, SIX_TURNS, chat, given, plan

BOTH = pytest.mark.parametrize("policy", list(Policy))
FORMS = pytest.mark.parametrize("instruct", [None, CHATML], ids=["plain", "chatml"])
PLAIN_WRAP = InstructTemplate(
    "Own", input_sequence="U:", output_sequence="C:", system_sequence="S:", last_system_sequence="Q:"
)


def quiet(question: str = "Sum it up for {{user}}.", **changes: Any) -> PromptInput:
    asked = Quiet(text=question, **{name: changes.pop(name) for name in ("loud", "name") if name in changes})
    return given(chat(*SIX_TURNS), kind=GenerationKind.QUIET, quiet=asked, **changes)


# Quiet questions.


@BOTH
def test_a_quiet_question_stands_last_in_plain_text_without_a_reply_line(policy: Policy) -> None:
    assert plan(quiet(instruct=None, policy=policy)).text.rstrip().endswith("Tom: Which half?\nSum it up for Tom.")


@BOTH
def test_a_quiet_question_that_the_character_answers_has_a_reply_line(policy: Policy) -> None:
    assert plan(quiet(instruct=None, policy=policy, loud=True)).text.endswith("\nSum it up for Tom.\nMira:")


@BOTH
def test_a_quiet_question_is_the_systems_turn_and_the_answer_nobodys(policy: Policy) -> None:
    template = replace(CHATML, names_behavior=NamesBehavior.ALWAYS)
    text = plan(quiet(instruct=template, policy=policy)).text
    assert text.endswith("<|im_start|>system\nSum it up for Tom.<|im_end|>\n<|im_start|>assistant\n")


def test_a_template_may_have_a_sequence_for_answers_to_the_system() -> None:
    assert plan(quiet(instruct=PLAIN_WRAP)).text.endswith("S:\nSum it up for Tom.\nQ:\n")
    assert plan(quiet(instruct=PLAIN_WRAP, loud=True)).text.endswith("S:\nSum it up for Tom.\nC:\nMira:")


@pytest.mark.parametrize(("name", "line"), [("", "[System]"), ("Painter", "[Painter]")])
def test_sequences_with_a_name_say_who_is_asked(name: str, line: str) -> None:
    template = InstructTemplate("Named", input_sequence="[U]", output_sequence="[{{name}}]")
    assert plan(quiet(instruct=template, name=name)).text.rstrip().endswith(line)


@BOTH
@FORMS
def test_the_question_is_a_part_of_its_own_and_is_counted(policy: Policy, instruct: InstructTemplate | None) -> None:
    made = plan(quiet(instruct=instruct, policy=policy))
    assert [part.body for part in made.included if part.kind is PartKind.QUIET] == ["Sum it up for Tom."]
    assert made.tokens <= made.limit


@BOTH
def test_lore_is_looked_for_in_the_question(policy: Policy) -> None:
    book = Lorebook(name="Reef", entries=(LoreEntry(1, keys=("eels",), content="Eels bite."),))
    assert [one.uid for one in plan(quiet("List the eels.", lorebooks=(book,), policy=policy)).fired] == [1]


def skipping(policy: Policy) -> str:
    entries = (
        LoreEntry(1, content="Always.", constant=True),
        LoreEntry(2, content="Deep.", constant=True, position=LorePosition.AT_DEPTH, depth=1),
    )
    one = quiet(lorebooks=(Lorebook(name="All", entries=entries),), note=AuthorsNote(text="Hush."), policy=policy)
    return plan(replace(one, quiet=Quiet(text="Sum it up.", skip_lore_and_note=True))).text


def test_a_question_may_leave_out_what_is_injected() -> None:
    assert "Deep." not in skipping(Policy.CLASSIC)
    assert "Always." in skipping(Policy.CLASSIC)
    assert "Hush." in skipping(Policy.CLASSIC)
    assert "Deep." not in skipping(Policy.ECONOMY)
    assert "Always." in skipping(Policy.ECONOMY)
    assert "Hush." not in skipping(Policy.ECONOMY)


def test_an_empty_chat_has_a_line_of_its_own_before_a_question_under_classic() -> None:
    one = replace(quiet(instruct=None, policy=Policy.CLASSIC), turns=[])
    assert plan(one).text.endswith("***\n\nSum it up for Tom.")


def test_under_classic_the_reply_of_an_empty_chat_follows_an_empty_line() -> None:
    plain = given([], None, policy=Policy.CLASSIC)
    assert plan(plain).text.endswith("***\n\nMira:")
    assert plan(replace(plain, policy=Policy.ECONOMY)).text.endswith("***\nMira:")


def test_a_prefill_begins_the_answer_of_the_character_only() -> None:
    assert plan(quiet(instruct=None, prefill="*")).text.endswith("Sum it up for Tom.\n")
    assert plan(quiet(instruct=None, prefill="*", loud=True)).text.endswith("Mira: *")


def test_under_classic_a_prefill_is_added_to_the_question_itself() -> None:
    assert plan(quiet("Why", instruct=None, prefill="Since", policy=Policy.CLASSIC)).text.endswith("\nWhy Since")


def test_a_quiet_answer_keeps_its_unfinished_sentence_under_classic() -> None:
    one = quiet(instruct=None, policy=Policy.CLASSIC)
    one = replace(one, cleaning=replace(one.cleaning, trim_sentences=True))
    loud = replace(one, quiet=Quiet(text="Why", loud=True))
    assert clean_reply("Yes. And", reply_rules(one, plan(one))) == "Yes. And"
    assert clean_reply("Yes. And", reply_rules(loud, plan(loud))) == "Yes."


# What the reply begins with.


@pytest.mark.parametrize(
    ("text", "bias", "rest"),
    [
        ('Go on. {{bias "She nods"}}', " She nods", "Go on."),
        ("{{bias 'One'}}Go{{bias \"two\"}} {{odd}}", " One two", "Go"),
        ("Go {{odd}}", "", "Go {{odd}}"),
        ('{{bias ""}}', " ", ""),
        ('{{bias "unclosed}}', "", '{{bias "unclosed}}'),
        ('{{Bias "x"}}', "", '{{Bias "x"}}'),
    ],
)
def test_a_turn_says_what_the_reply_begins_with(text: str, bias: str, rest: str) -> None:
    assert bias_in(text) == bias
    assert without_bias(text) == rest


def user(text: str, **changes: Any) -> Turn:
    return Turn("u", "before", Speaker.USER, "Tom", text, **changes)


def test_the_newest_turn_that_is_not_the_characters_decides() -> None:
    hers = Turn("m", "u", Speaker.CHARACTER, "Mira", '{{bias "no"}}')
    assert newest_bias([hers, user('{{bias "yes"}}')]) == " yes"
    assert newest_bias([user("No."), user('{{bias "late"}}')]) == ""
    assert newest_bias([hers] * MOST_TURNS + [user('{{bias "too far"}}')]) == ""


@BOTH
@FORMS
def test_the_bias_is_taken_out_of_the_turn_and_begins_the_reply(
    policy: Policy, instruct: InstructTemplate | None
) -> None:
    turns = chat("Hi.", 'Go. {{bias "*{{char}} nods"}}')
    made = plan(given(turns, instruct, policy=policy, prefill="unused"))
    assert "bias" not in made.text
    assert "unused" not in made.text
    assert made.text.rstrip().endswith("*Mira nods")


def test_our_reply_keeps_the_bias_and_sillytaverns_does_not() -> None:
    one = given(chat("Hi.", 'Go. {{bias "Well"}}'), None)
    assert plan(one).prefill == " Well"
    assert plan(replace(one, policy=Policy.CLASSIC)).prefill == ""


@BOTH
def test_a_turn_that_is_nothing_but_a_bias_is_no_turn(policy: Policy) -> None:
    text = plan(given(chat("Hi.", '{{bias "Well"}}'), None, policy=policy)).text
    assert text.endswith("Mira: Hi.\nMira: Well")


@BOTH
def test_impersonating_and_continuing_begin_with_nothing(policy: Policy) -> None:
    turns = chat("Hi.", 'Go. {{bias "Well"}}', "Then")
    for kind in (GenerationKind.IMPERSONATE, GenerationKind.CONTINUE):
        made = plan(given(turns, None, policy=policy, kind=kind, prefill="So"))
        assert made.text.endswith(("\nTom:", "Mira: Then"))


def test_a_bias_asks_for_the_name_that_is_otherwise_left_out() -> None:
    turns = chat("Hi.", 'Go. {{bias "Well"}}')
    one = given(turns, None, always_add_name=False, policy=Policy.CLASSIC)
    assert plan(one).text.endswith("Tom: Go.\nMira: Well")


def test_the_general_beginning_goes_on_the_users_line_where_no_name_is_added_under_classic() -> None:
    one = given(chat("Hi.", "Go."), None, always_add_name=False, prefill="  Well", policy=Policy.CLASSIC)
    made = plan(one)
    assert made.text.endswith("Tom: Go. Well")
    assert "".join(part.text for part in made.included) == made.text


def test_blanks_round_the_beginning_are_sillytaverns_under_classic() -> None:
    always = replace(PLAIN_WRAP, names_behavior=NamesBehavior.ALWAYS)
    never = replace(PLAIN_WRAP, names_behavior=NamesBehavior.NONE)
    one = given(chat("Hi.", "Go."), always, prefill=" *nods* ", policy=Policy.CLASSIC)
    assert plan(one).text.endswith("Mira: *nods*")
    assert plan(replace(one, prefill="*nods*")).text.endswith("Mira:*nods*")
    assert plan(replace(one, instruct=never)).text.endswith("\nC:\n*nods*\n")
    assert plan(replace(one, policy=Policy.ECONOMY, prefill="*nods*")).text.endswith("Mira: *nods*")


# Continuing.


def going_on(*texts: str, **changes: Any) -> PromptInput:
    changes = {"instruct": None, "policy": Policy.CLASSIC, "kind": GenerationKind.CONTINUE, **changes}
    return given(chat(*texts), **changes)


def test_under_classic_a_continued_text_loses_the_blanks_before_it() -> None:
    assert plan(going_on("Hi.", "Yo.", "  Well")).text.endswith("Tom: Yo.\nMira: Well")


def test_under_classic_a_continued_turn_of_the_user_follows_a_blank() -> None:
    assert plan(going_on("Hi.", "Yo")).text.endswith("Mira: Hi.\n Tom: Yo")


def test_under_classic_a_greeting_below_a_note_loses_its_name() -> None:
    one = going_on("Hi", injections=(Injection("Hush.", 1),))
    assert plan(one).text.endswith("Hush.\n Hi")
    assert plan(replace(one, policy=Policy.ECONOMY)).text.endswith("Hush.\nMira: Hi")


def test_without_the_name_line_classic_loses_the_name_of_a_continued_turn_and_economy_keeps_it() -> None:
    one = going_on("Hi.", "Yo.", "Well", always_add_name=False)
    assert plan(one).text.endswith("Tom: Yo.\n Well")
    assert plan(replace(one, policy=Policy.ECONOMY)).text.endswith("Tom: Yo.\nMira: Well")


def test_where_nothing_else_fits_a_continued_text_has_no_name_under_classic() -> None:
    one = going_on("word " * 300, "word " * 300, "Well", context_tokens=500)
    made = plan(one)
    assert made.text.endswith("***\n Well")
    assert [part.state for part in made.parts if part.kind is PartKind.TURN] == [PartState.CUT]


def test_a_continued_turn_without_a_sequence_loses_its_name_under_classic() -> None:
    bare = InstructTemplate("Bare", input_sequence="U:", input_suffix="\n")
    assert plan(going_on("Hi.", "Yo.", "Well", instruct=bare)).text.endswith("Yo.\nWell")


@BOTH
def test_post_history_instructions_stand_above_a_continued_turn(policy: Policy) -> None:
    card = replace(MIRA, post_history_instructions="Be brief.")
    text = plan(going_on("Hi.", "Yo.", "Well", character=card, policy=policy)).text
    assert text.endswith("Tom: Yo.\nBe brief.\nMira: Well")


def test_a_continued_reply_is_cleaned_as_a_whole_under_classic() -> None:
    one = going_on("Hi.", "Yo.", "Well,")
    rules = reply_rules(one, plan(one))
    assert clean_reply("Well," + " yes.\nTom: No.", rules) == "Well, yes."
