"""The prompt inspector: sums, bar, parts with their reasons, the text, what changed; and the keys."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given as examples
from hypothesis import strategies as st
from rich.cells import cell_len
from textual.widgets import Static

from tavern_tui.domain.lorebook import Lorebook, LoreEntry
from tavern_tui.prompt.plan import PromptPlan
from tavern_tui.prompt.plan_record import difference, record_of
from tavern_tui.session.prompting import LookedAt
from tavern_tui.session.reading_cost import ReadingCost
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.inspection import (
    LEFT_OUT,
    budget_bar,
    change_rows,
    change_sums,
    legend,
    part_rows,
    prompt_lines,
    shared_out,
    sums,
    text_lines,
)
from tavern_tui.ui.screens.inspector import VIEWS, Inspector
from tavern_tui.ui.screens.text_page import TextPage
from tavern_tui.ui.widgets.row_list import RowList
from tests.hostile import HOSTILE
from tests.prompt.builders import MIRA, SIX_TURNS, chat, given, plan
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.screens.app import ScreenApp, press
from tests.ui.themed import LOOKS, ThemedApp

PICTURES = Path(__file__).parent / "snapshots"
BOOK = Lorebook(
    "Coast",
    (
        LoreEntry(uid=1, keys=("chart",), content="The chart shows a cove that the tide hides.", comment="Chart"),
        LoreEntry(uid=2, keys=("chart",), content="Sunk.", comment="Wreck", enabled=False),
    ),
)


def looked_at(made: PromptPlan, before: PromptPlan | None = None) -> LookedAt:
    """A look at ``made``, where the last prompt was ``before``."""
    last = record_of(before, turn="t5", at=1_795_000_000.0, model="Nemo-12B") if before is not None else None
    return LookedAt(
        plan=made,
        character="Mira",
        chat="The chart",
        turns=6,
        model="Nemo-12B",
        template_why="by its chat template",
        counting="by KoboldCpp",
        exact=True,
        problem="",
        last=last,
        difference=difference(last, made) if last is not None else None,
        last_turn=6,
    )


def usual() -> LookedAt:
    """Six turns with lore that fired and some that is switched off, after a prompt of four."""
    return looked_at(plan(given(chat(*SIX_TURNS), lorebooks=(BOOK,))), plan(given(chat(*SIX_TURNS[:4]))))


def test_the_sums_are_the_plans() -> None:
    found = usual()
    told = "\n".join(sums(found, 100, UNICODE_GLYPHS))
    assert f"{found.plan.tokens:,} of {found.plan.limit:,} tokens" in told
    assert "counted by KoboldCpp" in told
    assert "~" not in told


def test_an_estimate_is_marked_wherever_tokens_are_told() -> None:
    found = replace(usual(), exact=False)
    assert sums(found, 100, UNICODE_GLYPHS)[0].startswith("~")
    assert legend(found, 100, UNICODE_GLYPHS)[0].plain.count("~") == 5
    assert all(shown.row.right.startswith("~") for shown in part_rows(found, UNICODE_GLYPHS) if shown.row.right)


def test_what_could_not_be_asked_is_said() -> None:
    found = replace(usual(), problem="rig:5001 does not answer.")
    assert sums(found, 100, UNICODE_GLYPHS)[-1] == "rig:5001 does not answer."


@pytest.mark.parametrize(("glyphs", "signs"), [(ASCII_GLYPHS, "#=+*."), (UNICODE_GLYPHS, "▓▚█▀░")])
def test_every_group_has_its_cells_with_a_sign_of_its_own_and_all_cells_are_the_limit(
    glyphs: Glyphs, signs: str
) -> None:
    bar = budget_bar(usual(), 60, glyphs).plain
    assert len(bar) == 60
    assert "".join(sorted(set(bar), key=bar.index)) == signs
    assert [piece[:1] for piece in legend(usual(), 100, glyphs)[0].plain.split("  ")] == list(signs)


@examples(st.lists(st.integers(1, 10_000), max_size=6), st.integers(0, 200))
def test_cells_are_shared_out_wholly_and_nobody_is_left_out(amounts: list[int], cells: int) -> None:
    shares = shared_out(amounts, cells)
    assert len(shares) == len(amounts)
    assert sum(shares) == (cells if amounts else 0)
    if cells >= len(amounts):
        assert all(shares)


def test_parts_stand_under_their_groups_and_what_is_left_out_under_its_own() -> None:
    rows = [shown.row for shown in part_rows(usual(), UNICODE_GLYPHS)]
    titles = [row.title for row in rows]
    assert [row.title for row in rows if row.heading] == ["Head", "Examples", "History", "End", LEFT_OUT]
    assert titles[-1].startswith("lore · Wreck")


def test_a_part_says_why_it_is_in_or_out() -> None:
    details = {shown.row.title: shown.row.detail for shown in part_rows(usual(), UNICODE_GLYPHS)}
    assert details["lore · Chart (Coast)"].startswith("because: key")
    assert details["lore · Wreck (Coast)"] == "out: disabled"


def test_the_middle_of_a_long_history_is_a_row_that_unfolds() -> None:
    found = looked_at(plan(given(chat(*["Yes."] * 40))))
    (folded,) = [
        shown for shown in part_rows(found, UNICODE_GLYPHS) if shown.unfolds and shown.row.title.startswith("turn")
    ]
    assert len(folded.parts) == 25
    unfolded = [shown.row.title for shown in part_rows(found, UNICODE_GLYPHS, everything=True)]
    assert len([title for title in unfolded if title.startswith("turn")]) == 40


def test_what_changed_is_listed_with_where_it_begins() -> None:
    found = usual()
    assert "turn 6" in change_sums(found)
    assert any(row.title.startswith("added: turn") for row in change_rows(found, UNICODE_GLYPHS))
    nothing = looked_at(found.plan)
    assert change_rows(nothing, UNICODE_GLYPHS) == []
    assert "Nothing is kept" in change_sums(nothing)


def test_the_part_that_broke_what_was_read_is_named_with_its_token() -> None:
    broken = ReadingCost(120, 900, 780, "author's note", "author's note moved")
    told = change_sums(replace(usual(), cost=broken))
    assert "the engine reads 120 of 900." in told
    assert told.endswith("What broke it: author's note moved at token 780.")


def test_the_text_is_the_prompt() -> None:
    found = usual()
    shown = "\n".join(line.plain for line in prompt_lines(found, 10_000))
    assert shown.split() == found.plan.text.split()


@pytest.mark.parametrize("width", [20, 45, 118])
def test_nothing_is_wider_than_the_page_nor_reaches_the_terminal_raw(width: int) -> None:
    hostile = "\n".join(HOSTILE.values())
    mira = replace(MIRA, name=hostile, description=hostile)
    found = looked_at(plan(given(chat(hostile, hostile), character=mira)))
    lines = [*prompt_lines(found, width), *text_lines(found.plan.parts, width), *legend(found, width, UNICODE_GLYPHS)]
    assert max(cell_len(line.plain) for line in lines) <= width
    told = "".join(line.plain for line in lines) + "".join(
        shown.row.title + shown.row.detail for shown in part_rows(found, UNICODE_GLYPHS, everything=True)
    )
    assert not any(ord(character) < 32 or character in "\x7f\x9b\u202e" for character in told)


async def test_tab_goes_from_view_to_view_and_enter_shows_a_parts_text() -> None:
    app = ScreenApp(Inspector(usual(), closing=frozenset({"ctrl+t"})))
    async with app.run_test(size=(80, 24)) as pilot:
        screen = app.screen
        assert isinstance(screen, Inspector)
        for view in (*VIEWS, VIEWS[0]):
            assert [name for name in VIEWS if screen.query_one(f"#{name}").display] == [view]
            await press(pilot, "tab")
        await press(pilot, "shift+tab")
        chosen = screen.query_one("#parts", RowList)
        chosen.select([row.title for row in chosen.rows].index("lore · Chart (Coast)"))
        await press(pilot, "enter")
        assert isinstance(app.screen, TextPage)
        assert "lore · Chart" in str(app.screen.query_one("#question", Static).render())
        await press(pilot, "escape")
        await press(pilot, "ctrl+t")
        assert not screen.is_current


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_a_view_looks_as_it_was_looked_at(view: str, size: tuple[int, int]) -> None:
    theme, depth = LOOKS[""]
    app = ThemedApp([], theme, depth)
    async with app.run_test(size=size) as pilot:
        await app.push_screen(Inspector(usual()))
        for keys in ((), (*["tab"] * VIEWS.index(view), "down", "down")):
            await press(pilot, *keys)
            for _ in range(4):  # the list takes its last size some refreshes later
                await pilot.pause()
        picture = app.export_screenshot(title="inspector")
    assert_looks_as_kept(picture, PICTURES / f"inspector-{view}-{size[0]}x{size[1]}.svg")
