"""How SillyTavern cleans a reply: the vectors that its functions gave, and each step's own rule."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from tavern_tui.domain.template import InstructTemplate
from tavern_tui.prompt.classic_cleanup import ClassicRules, clean_classic, fix_markdown
from tavern_tui.prompt.cleanup import clean_reply, reply_rules
from tavern_tui.prompt.inputs import GenerationKind, Policy, ReplyCleaning
from tavern_tui.prompt.sentences import trim_to_sentence
from tests.prompt.builders import chat, given, plan

TEMPLATE = InstructTemplate(
    "T",
    input_sequence="\n<user>\nUSER",
    output_sequence="<bot>\nBOT",
    last_output_sequence="<last>",
    stop_sequence="<end>",
)
RULES = ClassicRules(user="Tom", char="Mira", stop=("\nTom:", "<end>"), template=None, cleaning=ReplyCleaning())


def cleaned(raw: str, **changes: Any) -> str:
    names = ReplyCleaning.__dataclass_fields__
    switches = {name: changes.pop(name) for name in list(changes) if name in names}
    return clean_classic(raw, replace(RULES, cleaning=ReplyCleaning(**switches), **changes))


@pytest.mark.parametrize(
    ("raw", "reply"),
    [
        ("", ""),
        ("  Well.  \nYes.\t\n", "Well.\nYes."),
        ("Well.\r\n", "Well."),
        ("\u00a0\ufeffWell.\u3000", "Well."),
        ("Well.\nTom", "Well."),
        ("Well.<en", "Well."),
        ("Well.\nTom: No.\nMira: Yes.", "Well."),
        ("Tom: No.", ""),
        (" Tom: No.", "Tom: No."),
        ("Mira: Mira: Well.\nMira:\n\nYes.", "Well.\nYes."),
        ("Well.<|endoftext|>More.", "Well."),
        ("Well. <end> More.", "Well. <end> More."),
    ],
)
def test_what_is_left_of_a_reply(raw: str, reply: str) -> None:
    assert cleaned(raw) == reply


def test_each_stop_string_takes_off_what_the_text_ends_with_of_it() -> None:
    assert cleaned("Well, hand", stop=("and", "hi")) == "Well,"


@pytest.mark.parametrize(
    ("raw", "reply"),
    [
        ("Well.<end>More.", "Well."),
        ("Well.\n<user>\nUSER More.", "Well."),
        ("<bot>Well.\nBOT yes.<last>", "Well.\n yes."),
        ("<user> Well.", "<user> Well."),
    ],
)
def test_sequences_end_a_reply_or_are_taken_out_of_it(raw: str, reply: str) -> None:
    assert cleaned(raw, template=TEMPLATE) == reply


def test_the_users_sequence_is_taken_out_of_the_users_turn() -> None:
    assert cleaned("<user>Well. USER<bot>", template=TEMPLATE, impersonates=True) == "Well. <bot>"


def test_impersonating_cuts_at_the_character_and_takes_off_the_users_name() -> None:
    assert cleaned("Tom: Well.\nMira: No.", impersonates=True) == "Well."
    assert cleaned("Tom: Well.", impersonates=True, allow_name1_display=True) == "Tom: Well."
    assert cleaned("  Well. ", impersonates=True, trim_spaces=False) == "Well."


def test_names_may_be_shown() -> None:
    assert cleaned("Well.\nTom: No.", allow_name1_display=True) == "Well.\nTom: No."
    assert cleaned("Mira: Well.", allow_name2_display=True) == "Mira: Well."
    assert cleaned("Hi.\nMira: No.", impersonates=True, allow_name2_display=True) == "Hi.\nMira: No."


def test_in_a_group_a_reply_ends_where_another_member_speaks() -> None:
    assert cleaned("Well.\nBo: No.\nAda: Yes.", others=("Ada", "Bo")) == "Well."
    assert cleaned("Bo: No.", others=("Bo",)) == ""
    assert cleaned("Well.\nBo: No.", others=("Bo",), disable_group_trimming=True) == "Well.\nBo: No."


def test_newlines_are_collapsed_where_that_is_wanted() -> None:
    assert cleaned("One.\n\n\nTwo.", collapse_newlines=True) == "One.\nTwo."


def test_blanks_may_stay() -> None:
    assert cleaned("  Well.\n", trim_spaces=False, stop=()) == "  Well.\n"


def test_scripts_change_the_text_once_the_stop_strings_are_off() -> None:
    assert cleaned("Well.\nTom", edit=lambda text: f"{text}|") == "Well.|"


@pytest.mark.parametrize(
    ("text", "fixed"),
    [
        ("* waves * hi", "*waves* hi"),
        ("*example * text", "*example* text"),
        ("*a *b * c*", "*a*b *c*"),
        ("** bold ** and _ thin _", "**bold** and _thin_"),
        ("3 * 4", "3 * 4"),
        ("*\nline *", "*\nline*"),
    ],
)
def test_blanks_inside_of_emphasis_go(text: str, fixed: str) -> None:
    assert fix_markdown(text) == fixed
    assert cleaned(text, auto_fix_generated_markdown=True) == fixed


@pytest.mark.parametrize(
    ("text", "trimmed"),
    [
        ("Hello there. And then", "Hello there."),
        ('He said "wait', "He said"),
        ("*waves* and", "*waves*"),
        ("No punctuation here ", "No punctuation here"),
        ("Done! 😀", "Done!"),
        ("Done😀 so", "Done😀"),
        ("line one.\n\nline *", "line one.\n\nline"),
        ("そうだ。でも", "そうだ。"),
        ("", ""),
        (".", "."),
    ],
)
def test_an_unfinished_sentence_goes(text: str, trimmed: str) -> None:
    assert trim_to_sentence(text) == trimmed
    assert cleaned(text, trim_sentences=True) == trimmed
    assert cleaned(text, trim_sentences=True, whole=True) == text.strip()


@forall(st.text(alphabet="a *_\n", max_size=40))
def test_fixing_emphasis_takes_off_blanks_only(text: str) -> None:
    assert fix_markdown(text).replace(" ", "") == text.replace(" ", "")


@forall(st.text(alphabet='a. *"\n😀', max_size=30))
def test_trimming_to_a_sentence_leaves_a_beginning(text: str) -> None:
    assert text.startswith(trim_to_sentence(text))


@pytest.mark.parametrize("text", ["a{}b", "*b{}c*", "a*{}b*", "Mira:{}x", "Tom{}:"])
def test_a_reply_of_blanks_is_cleaned_as_fast_as_any(text: str) -> None:
    """A search that began anew at each blank would not end here."""
    everything = {"trim_sentences": True, "auto_fix_generated_markdown": True}
    assert len(cleaned(text.format(" " * 300_000), **everything)) <= 300_010


def test_classic_replies_are_cleaned_by_these_rules() -> None:
    one = given(chat("Hi."), None, policy=Policy.CLASSIC, stop_strings=("THE END",))
    rules = reply_rules(one, plan(one))
    assert clean_reply("It is THE END, I say", rules) == "It is THE END, I say"
    assert clean_reply("Not yet. THE", rules) == "Not yet."
    writing = replace(one, kind=GenerationKind.IMPERSONATE)
    assert clean_reply("Tom: I go.\nMira: No.", reply_rules(writing, plan(writing))) == "I go."
