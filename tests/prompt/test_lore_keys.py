"""Keys: what is compiled and folded, and which regular expressions may run."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.prompt.lore_keys import Haystack, KeySearch
from tavern_tui.prompt.lore_patterns import Patterns, required, worst_case
from tests.prompt import builders

HAYSTACK = Haystack("\x01Tom: Tell me of the Dragon's gold.\n\x01Mira: No.")


BOTH_WAYS = pytest.mark.parametrize("interruptible", [False, True], ids=["re", "regex"])


def search(
    key: str, haystack: Haystack = HAYSTACK, *, exact: bool = False, interruptible: bool = False, **how: bool
) -> bool:
    """Whether the key is found, without case and in whole words unless ``how`` says otherwise."""
    keys = KeySearch(str, Patterns(interruptible=interruptible), exact=exact)
    wanted = {"case_sensitive": False, "whole_words": True, **how}
    return keys.finds(key, haystack, case_sensitive=wanted["case_sensitive"], whole_words=wanted["whole_words"])


@BOTH_WAYS
@pytest.mark.parametrize(
    ("key", "found"),
    [
        ("dragon", True),
        ("drag", False),
        ("ragon", False),
        ("the drag", True),
        (" gold ", True),
        ("/dragon/", False),
        ("/dragon/i", True),
        (r"/\x01Mira: N/", True),
        (r"/Dragon\W?s gold/", True),
        ("/(?<name>Mira|Tom): No/", True),
        ("/[/", False),
        ("/tom: TELL/", False),
        ("/^mira/im", False),
        ("/^.Mira/m", True),
        ("/gold.*Mira/", False),
        ("/gold.*Mira/s", True),
        ("", False),
    ],
)
def test_a_key_is_found_or_not(key: str, found: bool, interruptible: bool) -> None:
    assert search(key, interruptible=interruptible) is found


@BOTH_WAYS
@pytest.mark.parametrize(
    ("key", "text", "found"),
    [
        (r"/na\b/", "naïve", True),
        (r"/^\w+$/", "naïve", False),
        ("/[[a]b]/", "[b]", True),
        ("/STRASSE/i", "straße", False),
        ("/Straße/i", "STRAßE", True),
        ("/dra{,2}gon/", "dragon", False),
        ("/dra{,2}gon/", "dra{,2}gon", True),
        (r"/end$/", "end\n", False),
        ("/dragon/ii", "dragon", False),
        (r"/a\sb/", "a\ufeffb", True),
        ("/d++/", "ddd", False),
        ("/(?i)dragon/", "Dragon", False),
        ("/(?i)dragon/", "so /(?i)dragon/ it is", True),
    ],
)
def test_letters_and_classes_are_those_of_javascript(key: str, text: str, found: bool, interruptible: bool) -> None:
    assert search(key, Haystack(text), interruptible=interruptible) is found


def test_the_ways_to_look() -> None:
    assert search("drag", whole_words=False)
    assert not search("dragon", case_sensitive=True)
    assert search(" ", exact=True)
    assert not search(" ")
    assert search("a/b", Haystack("an a/b test"))
    assert search("/a/b/", Haystack("so /a/b/ it is"), whole_words=False)


def test_a_key_as_it_is_written_keeps_its_macros_and_blanks() -> None:
    keys = KeySearch(lambda _: "dragon", Patterns(), exact=True)

    def finds(key: str, text: str) -> bool:
        return keys.finds_as_written(key, Haystack(text), case_sensitive=False, whole_words=True)

    assert not finds("{{char}}", "The dragon.")
    assert finds("{{char}}", "The {{CHAR}}.")
    assert finds(" gold", "of gold")
    assert not finds(" gold", "gold")
    assert finds("/go+ld/", "gold")
    assert not finds("old", "gold")


@pytest.mark.parametrize(
    "pattern", ["dragons?", "a|b|c", "(?:fire|ice) ?drake", "fire.*ball", r"\b[Tt]om{1,3}\b", "(?=a)b"]
)
def test_patterns_whose_work_is_bounded_run(pattern: str) -> None:
    assert worst_case(pattern) is not None


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+b",
        "(a|a)*b",
        "a*a*b",
        "(a|b)+",
        r"(a)\1",
        "a?" * 30,
        "(a|a)" * 12,
        "x{2,}y+",
        "(a?){30}",
        "a" * 1001,
    ],
)
def test_patterns_that_may_take_long_are_switched_off_and_named(pattern: str) -> None:
    assert worst_case(pattern) is None
    patterns = Patterns(interruptible=False)
    keys = KeySearch(str, patterns, exact=False)
    assert not keys.finds(f"/{pattern}/", Haystack("a" * 5000), case_sensitive=False, whole_words=True)
    assert patterns.switched_off == {f"/{pattern}/": "switched off: its pattern may take too long"}


def test_a_search_that_can_be_interrupted_is_and_its_key_is_named() -> None:
    patterns = Patterns(interruptible=True)
    keys = KeySearch(str, patterns, exact=False)
    text = Haystack("a" * 5000)
    assert not keys.finds("/(a+)+b/", text, case_sensitive=False, whole_words=True)
    assert patterns.switched_off == {"/(a+)+b/": "switched off: its pattern may take too long"}
    assert keys.finds("/(a|b)+$/", text, case_sensitive=False, whole_words=True)


def test_after_many_interrupted_searches_no_more_patterns_run() -> None:
    patterns = Patterns(interruptible=True)
    keys = KeySearch(str, patterns, exact=False)
    text = Haystack("a" * 5000)
    for at in range(10):
        keys.finds(f"/(a+)+b{at}/", text, case_sensitive=False, whole_words=True)
    assert not keys.finds("/a/", text, case_sensitive=False, whole_words=True)
    assert len(patterns.switched_off) == 11
    assert keys.finds("a" * 5000, text, case_sensitive=False, whole_words=True)


def test_all_patterns_of_a_prompt_share_an_allowance() -> None:
    patterns = Patterns(interruptible=False, allowance=30_000_000)
    keys = KeySearch(str, patterns, exact=False)
    text = Haystack("b" * 3000)
    for at in range(10):
        keys.finds(f"/a.*{at}/", text, case_sensitive=False, whole_words=True)
    assert 0 < len(patterns.switched_off) < 10
    assert keys.finds("b" * 3000, text, case_sensitive=False, whole_words=True)


def test_the_plan_names_a_pattern_that_was_switched_off_and_plain_keys_still_fire() -> None:
    entry = LoreEntry(keys=("/(a+)+$/", "dragon"), content="It sleeps.", comment="D")
    one = builders.given(builders.chat("Hm.", "The dragon!"), lorebooks=(Lorebook("Book", (entry,)),))
    made = builders.plan(one)
    assert [fired.title for fired in made.fired] == ["D"]
    if not Patterns().interruptible:
        (part,) = [part for part in made.parts if part.source == "lore key /(a+)+$/"]
        assert part.reason == "switched off: its pattern may take too long"


@settings(deadline=None, max_examples=80)
@given(st.text("ab()|*+?{}[]^$.\\/,12:<=!x", max_size=25), st.text("ab12\n", max_size=60))
def test_no_pattern_raises_and_what_runs_is_what_python_finds(pattern: str, text: str) -> None:
    work = worst_case(pattern)
    assert work is None or work.steps(len(text)) > 0
    search(f"/{pattern}/", Haystack(text))
    search(f"/{pattern}/", Haystack(text), interruptible=True)


@pytest.mark.parametrize(
    ("pattern", "literal"),
    [
        ("dragon", "dragon"),
        ("Dragons?", "dragon"),
        ("drag(on)?s", "drag"),
        (r"\bking\W+arthur\b", "arthur"),
        ("go+ld", "go"),
        ("ab{2}cde", "cde"),
        ("[dragon]+ep", "ep"),
        ("fire|ice", ""),
        ("(?i)dragon", ""),
        ("(?!no)dragon", "dragon"),
        (r"\x41bcd", ""),
        (r"\p{Lu}rest", ""),
        ("(fire", ""),
        ("a]b", "a"),
        ("straße", ""),
    ],
)
def test_what_every_text_has_that_a_pattern_matches(pattern: str, literal: str) -> None:
    assert required(pattern) == literal


@settings(deadline=None, max_examples=100)
@given(st.text("abcA()*+?{}[]^$.\\bdw,12:=!", max_size=12), st.text("abcAB12\n ,", max_size=30), st.booleans())
def test_a_pattern_matches_no_text_without_what_it_requires(pattern: str, text: str, folded: bool) -> None:
    literal = required(pattern)
    if literal and search(f"/{pattern}/{'i' * folded}", Haystack(text), interruptible=True, whole_words=False):
        assert literal in text.lower() or f"/{pattern}/{'i' * folded}".lower() in text.lower()
