"""Clean-up of replies: what is cut, what is taken off, what stays as the model wrote it."""

from __future__ import annotations

import pytest
from hypothesis import given as forall
from hypothesis import strategies as st

from tavern_tui.prompt.cleanup import ReplyRules, clean_reply, reply_rules
from tavern_tui.prompt.inputs import GenerationKind
from tavern_tui.prompt.templates import ALPACA, CHATML
from tests.prompt.builders import chat, given, plan

RULES = ReplyRules(own="Mira", other="Tom", stop=("\nTom:", "<|im_end|>", "and"), template=CHATML)


@pytest.mark.parametrize(
    ("raw", "reply"),
    [
        ("  Well.  \nYes.\t\n", "Well.\nYes."),
        ("Well.\nTom: I go.", "Well."),
        ("Well.\nTom", "Well."),
        ("Tom: I go.", ""),
        ("He said Tom: no.", "He said Tom: no."),
        ("Mira: Well.\nMira:  Yes.", "Well.\nYes."),
        ("Well.<|im_end|>\n<|im_start|>user\nHi", "Well."),
        ("Well.<|im_", "Well."),
        ("Well.<|endoftext|>and more", "Well."),
        ("<|im_start|>assistant\nWell.", ""),
        ("hand", "h"),
        ("a banana", "a banana"),
        ("I said a", "I said a"),
        ("", ""),
        ("\n\n", ""),
        ('*She nods.*\n\n"Yes."', '*She nods.*\n\n"Yes."'),
    ],
)
def test_what_is_left_of_a_reply(raw: str, reply: str) -> None:
    assert clean_reply(raw, RULES) == reply


def test_plain_headings_of_alpaca_end_a_reply() -> None:
    rules = ReplyRules(own="Mira", other="Tom", template=ALPACA)
    assert clean_reply("Well.\n\n### Instruction:\nMore", rules) == "Well."


def test_in_a_group_the_other_members_lines_are_cut() -> None:
    rules = ReplyRules(own="Mira", other="Tom", others=("Ada",))
    assert clean_reply("Well.\nAda: No.", rules) == "Well."


def test_newlines_may_be_collapsed() -> None:
    rules = ReplyRules(own="Mira", other="Tom", collapse_newlines=True)
    assert clean_reply("One.\n\n\nTwo.", rules) == "One.\nTwo."


def test_a_continuation_keeps_its_first_blank() -> None:
    made = given(chat("Hi.", "Yo.", "I was"), kind=GenerationKind.CONTINUE)
    assert clean_reply(" going home. ", reply_rules(made, plan(made))) == " going home."


def test_impersonating_turns_the_names_round() -> None:
    made = given(chat("Hi."), None, kind=GenerationKind.IMPERSONATE)
    assert clean_reply("Tom: I go.\nMira: No.", reply_rules(made, plan(made))) == "I go."


@forall(st.lists(st.sampled_from(["a", " ", "\n", "Tom:", "Mira:", "<|im_end|>", "<|im_", "and", "."]), max_size=20))
def test_no_tag_and_no_line_of_the_user_is_ever_left(pieces: list[str]) -> None:
    reply = clean_reply("".join(pieces), RULES)
    assert not reply.startswith("Tom:")
    assert not any(mark in reply for mark in ("\nTom:", "<|im_end|>", "\nMira:"))
    assert reply == reply.strip()
