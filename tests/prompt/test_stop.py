"""Stop strings: which, in which order, each once."""

from __future__ import annotations

from dataclasses import replace

from tavern_tui.prompt.inputs import GenerationKind
from tavern_tui.prompt.templates import CHATML, PLAIN_CONTEXT
from tests.prompt.builders import chat, given, plan


def test_the_users_name_then_the_familys_tags() -> None:
    assert plan(given(chat("Hi."))).stop == ("\nTom:", "<|im_end|>", "<|im_start|>", "<|endoftext|>")


def test_impersonation_stops_at_the_character_first() -> None:
    assert plan(given(chat("Hi."), None, kind=GenerationKind.IMPERSONATE)).stop[:2] == ("\nMira:", "\nTom:")


def test_continuing_the_user_stops_at_the_character_too() -> None:
    assert plan(given(chat("Hi.", "Yo."), None, kind=GenerationKind.CONTINUE)).stop[:2] == ("\nTom:", "\nMira:")


def test_plain_text_stops_at_its_separators_once() -> None:
    assert plan(given(chat("Hi."), None, context=PLAIN_CONTEXT)).stop == ("\nTom:", "\n***")


def test_own_stop_strings_come_last_with_their_macros() -> None:
    assert plan(given(chat("Hi."), stop_strings=("{{char}} leaves", "<|im_end|>"))).stop[-1] == "Mira leaves"


def test_a_single_line_stops_at_its_end_first() -> None:
    assert plan(given(chat("Hi."), single_line=True)).stop[0] == "\n"


def test_sequences_stop_line_by_line_with_a_newline_where_the_template_wraps() -> None:
    wraps = replace(
        CHATML,
        wrap=True,
        sequences_as_stop_strings=True,
        stop_strings=(),
        input_sequence="<|im_start|>user",
        output_sequence="<|im_start|>{{name}}\n \n<x>",
        system_sequence="",
    )
    stop = plan(given(chat("Hi."), wraps)).stop
    assert stop == ("\nTom:", "\n<|im_end|>", "\n<|im_start|>user", "\n<|im_start|>Mira", "\n<x>")


def test_names_may_be_left_out() -> None:
    context = replace(PLAIN_CONTEXT, names_as_stop_strings=False, use_stop_strings=False)
    assert plan(given(chat("Hi."), None, context=context)).stop == ()
