"""The story string: the Handlebars subset, and which piece of the head comes from which field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.errors import PromptError
from tavern_tui.prompt.story_string import Piece, flat, render

VALUES = {"system": "SYS", "description": "DESC", "scenario": "", "char": "Sera"}


def text(template: str) -> str:
    return "".join(piece.text for piece in render(template, VALUES))


@pytest.mark.parametrize(
    ("template", "rendered"),
    [
        ("{{#if system}}{{system}}\n{{/if}}{{#if scenario}}Scene: {{scenario}}\n{{/if}}", "SYS\n"),
        ("{{#if scenario}}a{{else}}b{{/if}}", "b"),
        ("{{#unless scenario}}none{{/unless}}{{#unless system}}none{{/unless}}", "none"),
        ("{{#if system}}{{#if scenario}}x{{else}}y{{/if}}z{{/if}}", "yz"),
        ("{{#if unknown}}x{{/if}}{{unknown}}{{random::a::b}}{{trim}}", "{{unknown}}{{random::a::b}}{{trim}}"),
        ("{{{description}}}{{! a comment }}", "DESC"),
        ("a \n {{~char~}} \n b", "aSerab"),
        ("\\{{char}}", "{{char}}"),
        ("<b>{{char}}</b> & 'x'", "<b>Sera</b> & 'x'"),
    ],
)
def test_the_subset_of_handlebars(template: str, rendered: str) -> None:
    assert text(template) == rendered


def test_a_line_with_nothing_but_a_block_tag_vanishes() -> None:
    assert text("{{#if system}}\n{{system}}\n{{/if}}\nend") == "SYS\nend"


@pytest.mark.parametrize("template", ["{{#if system}}x", "{{/if}}", "{{else}}", "{{#if system}}x{{/unless}}"])
def test_a_broken_block_names_the_template(template: str) -> None:
    with pytest.raises(PromptError) as caught:
        render(template, VALUES, where="context template Mine")
    assert caught.value.where == "context template Mine"
    assert caught.value.hint


def test_too_deep_nesting_is_refused() -> None:
    with pytest.raises(PromptError):
        render("{{#if system}}" * 500 + "{{/if}}" * 500, VALUES)


def test_pieces_remember_their_field() -> None:
    rendered = render("\n\n{{system}}\nIt is {{description}}{{trim}}\n", VALUES)
    pieces = flat(rendered, _no_trim, final_newline=True, over_fields=True)
    assert pieces == [Piece("system", "SYS"), Piece("", "\nIt is "), Piece("description", "DESC"), Piece("", "\n")]


def test_a_field_is_found_again_after_a_macro_before_it_changed_its_length() -> None:
    rendered = render("{{time}}: {{system}}", VALUES)
    pieces = flat(rendered, _two_pm, final_newline=False, over_fields=True)
    assert pieces == [Piece("", "2 PM: "), Piece("system", "SYS")]


def test_the_macro_pass_may_leave_fields_alone() -> None:
    rendered = render("{{time}} {{system}}", {"system": "at {{time}}"})
    pieces = flat(rendered, _two_pm, final_newline=False, over_fields=False)
    assert pieces == [Piece("", "2 PM "), Piece("system", "at {{time}}")]


@given(st.text(alphabet="ab\n {}", max_size=20), st.text(alphabet="ab\n {}", max_size=20))
def test_the_pieces_joined_are_the_expanded_text(system: str, description: str) -> None:
    template = "{{#if system}}{{system}}\n{{/if}}x {{description}}{{trim}}"
    pieces = render(template, {"system": system, "description": description})
    expected = _no_trim("".join(piece.text for piece in pieces)).replace("\r", "").lstrip("\n")
    flattened = flat(pieces, _no_trim, final_newline=False, over_fields=True)
    assert "".join(piece.text for piece in flattened) == expected


def _no_trim(it: str) -> str:
    return it.replace("{{trim}}\n", "").replace("{{trim}}", "")


def _two_pm(it: str) -> str:
    return it.replace("{{time}}", "2 PM")
