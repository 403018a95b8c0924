"""What scripts make of texts: SillyTavern's replacement, its order, depths and kinds, and the bounds of it all."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.regex_script import Placement, RegexScript, SubstituteRegex, Use
from tavern_tui.prompt.pattern_runs import Allowance
from tavern_tui.prompt.regex_scripts import LARGEST, Memory, ScriptRun, replaced

EVERYWHERE = frozenset(Placement)


def script(find: str, instead: str = "", name: str = "one", **changes: Any) -> RegexScript:
    """A script for texts of every kind."""
    return replace(RegexScript(name, find, instead, placement=EVERYWHERE), **changes)


def plain(text: str) -> str:
    """No macros."""
    return text


def names(text: str) -> str:
    """Two names for macros."""
    return text.replace("{{user}}", "Tom").replace("{{char}}", "Mira (the keeper)")


def made(text: str, *scripts: RegexScript, expand: Any = plain) -> str:
    """What the scripts make of a text."""
    return replaced(scripts, text, expand, Allowance()).text


# Every row was checked in a JavaScript engine with SillyTavern's replacement function: a function's result is taken as
# it is, so ``$$`` and ``$&`` have no meaning there, and ``$10`` is the tenth group and never the first with a nought.
@pytest.mark.parametrize(
    ("find", "instead", "text", "expected"),
    [
        ("/(a)(b)?/g", "[$1|$2]", "ab a", "[a|b] [a|]"),
        ("/a/g", "$$", "a", "$$"),
        ("/a/g", "$&!", "xa", "x$&!"),
        ("/(a)/", "$10", "a", ""),
        ("/(a)/", "$1$1", "a", "aa"),
        ("/(?<n>a)/g", "<$<n>>", "aa", "<a><a>"),
        ("/(a)/", "$<n>", "a", ""),
        ("/a/g", "{{match}}{{MATCH}}", "a", "aa"),
        ("/a/", "$0$0", "a", "aa"),
        ("/x*/g", "-", "abc", "-a-b-c-"),
        ("/(a)|(b)/g", "$1,$2;", "ab", "a,;,b;"),
        ("/a/g", "", "banana", "bnn"),
        ("a", "-", "banana", "b-nana"),
        ("/A/i", "-", "banana", "b-nana"),
        ("/$/", "!", "end", "end!"),
        ("/^/gm", "> ", "a\nb", "> a\n> b"),
        ("/(?:(a)|b)*/", "[$1]", "ab", "[]"),
        (r"/\s+$/gm", "", "a  \nb ", "a\nb"),
        (r"/\$(\d+)/g", "USD $1", "$5 $60", "USD 5 USD 60"),
        (r"/(\w+) (\w+)/", "$2 $1", "ann bob cid", "bob ann cid"),
    ],
)
def test_a_replacement_is_sillytaverns(find: str, instead: str, text: str, expected: str) -> None:
    assert made(text, script(find, instead)) == expected


def test_scripts_run_in_order_each_over_what_the_one_before_made() -> None:
    assert made("a", script("a", "b"), script("b", "c")) == "c"
    assert made("a", script("b", "c"), script("a", "b")) == "b"


def test_trim_strings_are_taken_from_what_groups_caught_and_from_nothing_else() -> None:
    trimmed = script('/"(.*?)"/g', "*$1* ({{match}})", trim_strings=("!", "{{user}}"))
    assert made('"Hi, Tom!" !', trimmed, expand=names) == '*Hi, * ("Hi, ") !'


def test_macros_in_the_replacement_are_expanded_last() -> None:
    assert made("x", script("x", "{{user}}"), expand=names) == "Tom"
    assert made("user", script(r"/\w+/", "{{$0}}"), expand=names) == "Tom"


def test_macros_in_what_is_to_be_found_are_expanded_where_the_script_asks_for_it() -> None:
    text = "Mira (the keeper) waits. {{char}}"
    whole = "/{{char}}/g"
    assert made(text, script(whole, "-"), expand=names) == "Mira (the keeper) waits. -"
    assert made(text, script(whole, "-", substitute=SubstituteRegex.ESCAPED), expand=names) == "- waits. {{char}}"
    raw = script(whole, "-", substitute=SubstituteRegex.RAW)
    assert made("Mira the keeper", raw, expand=names) == "-"


# Which script applies where.


@pytest.mark.parametrize(
    ("markdown_only", "prompt_only", "uses"),
    [
        (False, False, {Use.STORED}),
        (True, False, {Use.DISPLAY}),
        (False, True, {Use.PROMPT}),
        (True, True, {Use.DISPLAY, Use.PROMPT}),
    ],
)
def test_a_script_is_for_the_log_the_screen_or_the_prompt(
    markdown_only: bool, prompt_only: bool, uses: set[Use]
) -> None:
    one = script("a", markdown_only=markdown_only, prompt_only=prompt_only)
    assert {use for use in Use if one.applies(use, Placement.AI_OUTPUT)} == uses


def test_an_edit_runs_only_the_scripts_that_ask_for_it() -> None:
    assert not script("a").applies(Use.EDITED, Placement.AI_OUTPUT)
    assert script("a", run_on_edit=True).applies(Use.EDITED, Placement.AI_OUTPUT)
    assert not script("a", run_on_edit=True, prompt_only=True).applies(Use.EDITED, Placement.AI_OUTPUT)


def test_the_exact_way_replaces_again_in_prompts_what_was_replaced_when_stored() -> None:
    assert script("a").applies(Use.PROMPT, Placement.USER_INPUT, 0, exact=True)
    assert not script("a").applies(Use.PROMPT, Placement.USER_INPUT, 0)


def test_lore_is_changed_in_prompts_by_scripts_of_neither_kind_because_it_is_never_stored() -> None:
    assert script("a").applies(Use.PROMPT, Placement.WORLD_INFO)


def test_a_disabled_script_and_one_without_a_pattern_apply_nowhere() -> None:
    for one in (script("a", disabled=True), script("")):
        assert not any(one.applies(use, placement) for use in Use for placement in Placement)


def test_a_script_is_only_for_its_placements() -> None:
    run = ScriptRun((script("a", "b", placement=frozenset({Placement.USER_INPUT})),), memory=Memory())
    assert run.text("a", Use.STORED, Placement.USER_INPUT, plain) == "b"
    assert run.text("a", Use.STORED, Placement.AI_OUTPUT, plain) == "a"


def test_depths_count_from_the_newest_and_hold_their_ends() -> None:
    one = script("a", "b", prompt_only=True, min_depth=1, max_depth=2)
    run = ScriptRun((one,), memory=Memory())
    texts = [run.text("a", Use.PROMPT, Placement.AI_OUTPUT, plain, depth) for depth in range(5)]
    assert texts == ["a", "b", "b", "a", "a"]
    assert run.text("a", Use.PROMPT, Placement.AI_OUTPUT, plain) == "b"  # without a depth there is no limit


@given(
    st.lists(st.tuples(st.none() | st.integers(0, 6), st.none() | st.integers(0, 6)), min_size=1, max_size=4),
    st.integers(-1, 9),
)
def test_a_run_chooses_by_stretches_of_depth_what_each_script_says_of_a_single_depth(
    limits: list[tuple[int | None, int | None]], depth: int
) -> None:
    scripts = tuple(
        script("/$/", str(at), prompt_only=True, min_depth=low, max_depth=high) for at, (low, high) in enumerate(limits)
    )
    run = ScriptRun(scripts, memory=Memory())
    for other in range(-1, 10):  # whatever was asked before
        run.text("x", Use.PROMPT, Placement.AI_OUTPUT, plain, other)
    wanted = [at for at, one in enumerate(scripts) if one.applies(Use.PROMPT, Placement.AI_OUTPUT, depth)]
    assert run.text("x", Use.PROMPT, Placement.AI_OUTPUT, plain, depth) == "x" + "".join(map(str, wanted))


# Bounds.


def test_a_pattern_that_explodes_leaves_the_text_and_is_named() -> None:
    run = ScriptRun((script("/(a+)+$/g", "b", name="boom"), script("!", "?")), memory=Memory())
    text = "a" * 5_000 + "!"
    assert run.text(text, Use.STORED, Placement.AI_OUTPUT, plain) == "a" * 5_000 + "?"
    assert run.left_out == {"boom": "its pattern takes too long on this text"}


def test_an_exploding_pattern_is_run_once_on_a_text_and_named_each_time() -> None:
    memory = Memory()
    runs = [ScriptRun((script("/(a+)+$/", "b", name="boom"),), memory=memory) for _ in range(2)]
    for run in runs:
        run.text("a" * 5_000 + "!", Use.STORED, Placement.AI_OUTPUT, plain)
        assert run.left_out.keys() == {"boom"}
    assert runs[1].allowance.left == Allowance().left


def test_the_time_for_all_texts_of_a_prompt_is_bounded_and_what_came_too_late_is_not_remembered() -> None:
    memory = Memory()
    late = ScriptRun((script("a", "b"),), allowance=Allowance(0.0), memory=memory)
    assert late.text("a", Use.STORED, Placement.AI_OUTPUT, plain) == "a"
    assert late.left_out == {"one": "the scripts before it took all the time there is"}
    assert ScriptRun((script("a", "b"),), memory=memory).text("a", Use.STORED, Placement.AI_OUTPUT, plain) == "b"


def test_a_replacement_that_would_grow_without_end_leaves_the_text() -> None:
    grows = script("/a/g", "aaaaaaaaaa" * 100, name="grows")
    found = replaced([grows] * 5, "a" * 1_000, plain, Allowance())
    assert found.text == "a" * 1_000
    assert set(found.left_out) == {("grows", f"it would make the text longer than {LARGEST:,} characters")}


def test_a_pattern_that_cannot_be_used_leaves_the_text_and_says_where_it_is_wrong() -> None:
    found = replaced([script("/(?P<n>a)/g", "b", name="python"), script("a", "c")], "a", plain, Allowance())
    assert found.text == "c"
    assert found.left_out == (
        (
            "python",
            "The pattern cannot be used: “(?P” is Python's way; JavaScript writes (?<name>…) and \\k<name> (column 1).",
        ),
    )


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.builds(
            RegexScript,
            name=st.just("any"),
            find=st.text(alphabet="/ab(|)[]{}*+?^$\\.,-1gimsuy{{user}}", max_size=16),
            replace=st.text(alphabet="$0123<n>ab{{match}}", max_size=12),
            trim_strings=st.tuples(st.text(alphabet="ab", max_size=2)),
            placement=st.just(EVERYWHERE),
            substitute=st.sampled_from(SubstituteRegex),
        ),
        max_size=3,
    ),
    st.text(alphabet="ab \n(1){{user}}$", max_size=60),
)
def test_no_script_raises_and_no_text_grows_beyond_its_bound(scripts: list[RegexScript], text: str) -> None:
    found = replaced(scripts, text, names, Allowance())
    assert len(found.text) <= max(LARGEST, len(text))


# What is remembered.


class Counting:
    """Counts how often macros were asked for."""

    def __init__(self, answer: str = "") -> None:
        self.asked = 0
        self.answer = answer

    def __call__(self, text: str) -> str:
        self.asked += 1
        return self.answer or text


def test_a_text_is_replaced_once_however_many_prompts_it_stands_in() -> None:
    memory, expand = Memory(), Counting()
    for _ in range(3):
        run = ScriptRun((script("a", "<b>", prompt_only=True, max_depth=4),), memory=memory)
        assert [run.text("a", Use.PROMPT, Placement.AI_OUTPUT, expand, depth) for depth in (0, 3)] == ["<b>", "<b>"]
    assert expand.asked == 1


def test_what_macros_had_a_say_in_is_replaced_anew() -> None:
    memory = Memory()
    for answer in ("noon", "midnight"):
        run = ScriptRun((script("a", "{{time}}"),), memory=memory)
        assert run.text("a", Use.STORED, Placement.AI_OUTPUT, Counting(answer)) == answer


def test_scripts_that_differ_in_anything_do_not_share_what_is_remembered() -> None:
    memory = Memory()
    variants = (script("a", "b"), script("a", "c"), script("A", "c"), script("a", "b", trim_strings=("b",)))
    keys = [memory.key((one,)) for one in variants]
    assert all(one != other for one, other in combinations(keys, 2))


def test_memory_is_bounded_in_characters() -> None:
    memory, expand = Memory(limit=100), Counting()
    run = ScriptRun((script("a", "<"),), memory=memory)
    for text in ("a" * 60, "a" * 61, "a" * 60):
        run.text(text, Use.STORED, Placement.AI_OUTPUT, expand)
    assert expand.asked == 3
