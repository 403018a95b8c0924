"""Markup of roleplay text: what is shown, how it looks, and the way back to the source."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.display import safe
from tavern_tui.ui.chatlog.marks import Look
from tavern_tui.ui.chatlog.markup import Block, GrowingText, parse, parse_plain, shown_plain, shown_text
from tests.hostile import HOSTILE
from tests.ui.chatlog.roleplay import ROLEPLAY

A, S, B, C = Look.ACTION, Look.SPEECH, Look.BOLD, Look.CODE


def looks(source: str) -> list[tuple[str, int]]:
    """Shown stretches with their looks, neighbours of one look together."""
    found: list[tuple[str, int]] = []
    for block in parse(source):
        for start, end, look in block.runs:
            if found and found[-1][1] == look:
                found[-1] = (found[-1][0] + block.text[start:end], look)
            else:
                found.append((block.text[start:end], look))
    return found


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("*She sits.*", [("She sits.", A)]),
        ("**loud**", [("loud", B)]),
        ("***both***", [("both", A | B)]),
        ('"Hi." she says', [('"Hi."', S), (" she says", 0)]),
        (
            "“Hi.” «Да.» „Ja.“ 「橋」",
            [("“Hi.”", S), (" ", 0), ("«Да.»", S), (" ", 0), ("„Ja.“", S), (" ", 0), ("「橋」", S)],
        ),
        ("`a *b*`", [("a *b*", C)]),
        ('*He was **very** loud, "so."*', [("He was ", A), ("very", A | B), (" loud, ", A), ('"so."', A | S)]),
        ('"I *mean* it"', [('"I ', S), ("mean", A | S), (' it"', S)]),
        ("他*笑*说", [("他", 0), ("笑", A), ("说", 0)]),
        ("*a\nb*", [("a\nb", A)]),
    ],
)
def test_marks_become_looks(source: str, expected: list[tuple[str, int]]) -> None:
    assert looks(source) == expected


@pytest.mark.parametrize(
    "source",
    ["2*3*4", "5 * 3 * 2", "* * *", "***", "****", "f*** you", '5" nails', "a ` b\n\nc", "*open\n\nnext", "[b]x[/b]"],
)
def test_a_mark_that_opens_nothing_is_text(source: str) -> None:
    assert "\n\n".join(text for text, _ in looks(source)).replace("\n\n", "") == source.replace("\n\n", "")
    assert all(look == 0 for _, look in looks(source))


def test_an_escaped_star_is_a_star() -> None:
    assert looks(r"\*not action\*") == [("*not action*", 0)]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("*She looks", [("She looks", A)]),
        ("so **very", [("so ", 0), ("very", B)]),
        ("run `x", [("run ", 0), ("x", C)]),
        ("He nods. *", [("He nods. ", 0)]),
        ('"And then', [('"And then', S)]),
        ("```py\nx = 1", [("x = 1", C)]),
    ],
)
def test_what_is_still_being_written_counts_as_ended(source: str, expected: list[tuple[str, int]]) -> None:
    assert looks(source) == expected


def test_fenced_code_is_a_block_without_its_fences() -> None:
    blocks = parse('Like so:\n```py\n\tif *x*:\n\n\ty = "*"\n```\nDone.')
    assert [block.text for block in blocks] == ["Like so:", '    if *x*:\n\n    y = "*"', "Done."]
    assert {look for _, _, look in blocks[1].runs} == {C}


def test_blank_lines_around_and_between_paragraphs_are_one() -> None:
    assert [block.text for block in parse("\n\na\n \n\t\n\nb\n\n")] == ["a", "b"]
    assert parse(" \n\n") == []


@given(ROLEPLAY)
def test_runs_cover_the_shown_text_without_gaps(source: str) -> None:
    for block in parse(source):
        assert "".join(block.text[start:end] for start, end, _ in block.runs) == block.text
        assert all(start < end for start, end, _ in block.runs)


@given(ROLEPLAY)
@settings(max_examples=400)
def test_the_text_for_measuring_is_the_text_that_is_shown(source: str) -> None:
    assert shown_text(source) == "\n\n".join(block.text for block in parse(source))
    assert shown_plain(source) == "".join(block.text for block in parse_plain(source, Look.MUTED))


@given(ROLEPLAY, st.data())
def test_a_text_that_grows_is_parsed_as_if_it_had_come_at_once(source: str, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(source)), max_size=6)))
    growing = GrowingText()
    for cut in (*cuts, len(source)):
        before = list(growing.blocks)
        kept = growing.update(source[:cut])
        assert growing.blocks == parse(source[:cut])
        assert all(old is new for old, new in zip(before[:kept], growing.blocks[:kept], strict=True))


@given(ROLEPLAY, ROLEPLAY)
def test_a_text_may_also_become_another(one: str, other: str) -> None:
    growing = GrowingText(one)
    growing.update(other)
    assert growing.blocks == parse(other)


def test_only_the_last_paragraph_of_a_growing_text_is_parsed_again() -> None:
    growing = GrowingText("*One.*\n\nTwo.\n\nThr")
    assert growing.update("*One.*\n\nTwo.\n\nThree") == 2


def span(block: Block, stretch: str) -> tuple[int, int]:
    start = block.text.index(stretch)
    return block.source_span(start, start + len(stretch))


@pytest.mark.parametrize(
    ("source", "stretch", "copied"),
    [
        ('*She sits.* "Hi."', "She sits.", "*She sits.*"),
        ('*She sits.* "Hi."', "sits", "sits"),
        ('*She sits.* "Hi."', ' "Hi."', ' "Hi."'),
        ("a ***both*** b", "both", "***both***"),
        ("a\tb", "a    b", "a\tb"),
        ("x\U000e0041y z", "xy z", "x\U000e0041y z"),
        ("one\r\ntwo", "one\ntwo", "one\r\ntwo"),
        ("```py\nx = 1\n```", "x = 1", "```py\nx = 1\n```"),
        (r"a \* b", "a * b", r"a \* b"),
    ],
)
def test_a_stretch_of_what_is_shown_is_copied_as_it_was_written(source: str, stretch: str, copied: str) -> None:
    (block,) = parse(source)
    assert source[slice(*span(block, stretch))] == copied


@given(ROLEPLAY)
def test_a_whole_block_is_copied_with_all_its_marks(source: str) -> None:
    blocks = parse(source)
    for block in blocks:
        if block.text:
            start, end = block.source_span(0, len(block.text))
            assert parse(source[start:end])[0].text == block.text or block is not blocks[-1]
            assert start == block.start


@given(ROLEPLAY, st.data())
def test_neighbouring_stretches_never_overlap_in_the_source(source: str, data: st.DataObject) -> None:
    for block in parse(source):
        cut = data.draw(st.integers(0, len(block.text)))
        if 0 < cut < len(block.text):
            assert block.source_span(0, cut)[1] <= max(block.source_span(cut, len(block.text))[0], block.start + 1) or (
                block.text[cut - 1] == block.text[cut] == " "
            )


@pytest.mark.parametrize("hostile", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_text_is_made_safe_before_anything_else(hostile: str) -> None:
    for source in (hostile, f"*{hostile}*", f"```\n{hostile}\n```"):
        shown = shown_text(source)
        assert safe(shown) == shown


def test_a_great_deal_of_anything_is_parsed_in_one_pass() -> None:
    for part in ("*", "`", "* ", '"', "\n", " ", "`` ` ", "*a ", "\\*", "```\n", "~"):
        GrowingText(part * 20_000)
