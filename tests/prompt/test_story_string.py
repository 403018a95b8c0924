"""The story string: the Handlebars subset, and which piece of the head comes from which field."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.prompt.story_string import Piece, flat, render

VALUES = {"system": "SYS", "description": "DESC", "scenario": "", "char": "Sera"}


def pieces_of(template: str, values: Mapping[str, str] = VALUES) -> list[Piece]:
    pieces, problems = render(template, values)
    assert not problems
    return pieces


def text(template: str) -> str:
    return "".join(piece.text for piece in pieces_of(template))


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


@pytest.mark.parametrize(
    ("template", "rendered", "problem"),
    [
        ("{{#if system}}x{{/unless}}y", "xy", "closes /unless where it is not open"),
        ("a{{/if}}b", "ab", "closes /if where it is not open"),
        ("a{{else}}b", "ab", "has an else outside of a block"),
        ("{{#if system}}x", "x", "does not close #if"),
        ("{{#if scenario}}x{{else}}y", "y", "does not close #if"),
        ("{{#unless scenario}}{{#if system}}x", "x", "does not close #unless"),
    ],
)
def test_blocks_that_do_not_match_are_rendered_as_far_as_they_make_sense(
    template: str, rendered: str, problem: str
) -> None:
    pieces, problems = render(template, VALUES)
    assert "".join(piece.text for piece in pieces) == rendered
    assert problem in problems


def test_what_nests_too_deep_is_left_out_and_the_rest_stays() -> None:
    pieces, problems = render("a" + "{{#if system}}b" * 500 + "{{/if}}" * 500 + "c", VALUES)
    assert "".join(piece.text for piece in pieces) == "a" + "b" * 50 + "c"
    assert problems == ("nests more than 50 blocks",)


@given(st.lists(st.sampled_from(["{{#if a}}", "{{#unless a}}", "{{/if}}", "{{/unless}}", "{{else}}", "x", "{{a}}"])))
def test_any_order_of_tags_renders(tags: list[str]) -> None:
    pieces, _ = render("".join(tags), {"a": "A"})
    assert set("".join(piece.text for piece in pieces)) <= {"x", "A"}


def test_pieces_remember_their_field() -> None:
    rendered = pieces_of("\n\n{{system}}\nIt is {{description}}{{trim}}\n")
    pieces = flat(rendered, _no_trim, final_newline=True, over_fields=True)
    assert pieces == [Piece("system", "SYS"), Piece("", "\nIt is "), Piece("description", "DESC"), Piece("", "\n")]


def test_a_field_is_found_again_after_a_macro_before_it_changed_its_length() -> None:
    rendered = pieces_of("{{time}}: {{system}}")
    pieces = flat(rendered, _two_pm, final_newline=False, over_fields=True)
    assert pieces == [Piece("", "2 PM: "), Piece("system", "SYS")]


def test_the_macro_pass_may_leave_fields_alone() -> None:
    rendered = pieces_of("{{time}} {{system}}", {"system": "at {{time}}"})
    pieces = flat(rendered, _two_pm, final_newline=False, over_fields=False)
    assert pieces == [Piece("", "2 PM "), Piece("system", "at {{time}}")]


@given(st.text(alphabet="ab\n {}", max_size=20), st.text(alphabet="ab\n {}", max_size=20))
def test_the_pieces_joined_are_the_expanded_text(system: str, description: str) -> None:
    template = "{{#if system}}{{system}}\n{{/if}}x {{description}}{{trim}}"
    pieces = pieces_of(template, {"system": system, "description": description})
    expected = _no_trim("".join(piece.text for piece in pieces)).replace("\r", "").lstrip("\n")
    flattened = flat(pieces, _no_trim, final_newline=False, over_fields=True)
    assert "".join(piece.text for piece in flattened) == expected


def _no_trim(it: str) -> str:
    return it.replace("{{trim}}\n", "").replace("{{trim}}", "")


def _two_pm(it: str) -> str:
    return it.replace("{{time}}", "2 PM")
