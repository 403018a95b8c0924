"""The list of branches: gone to, named, compared; and how it looks."""

from __future__ import annotations

from pathlib import Path

import pytest
from textual.pilot import Pilot

from tavern_tui.domain.chat import ROOT, ChatTree, fold
from tavern_tui.domain.events import Body, ChatEvent, Speaker, TipMoved, TurnAdded
from tavern_tui.session.branches import name_set
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS
from tavern_tui.ui.screens.branches import DEEPEST, BranchesScreen, tree_signs
from tests.ui.pictures import SIZES, assert_looks_as_kept
from tests.ui.themed import ThemedApp

PICTURES = Path(__file__).parent / "snapshots"
DAY = 1_780_000_000.0


def ferry() -> list[ChatEvent]:
    """A chat that went on in three ways."""
    said: list[tuple[str, str, Speaker, str]] = [
        ("a", ROOT, Speaker.CHARACTER, '*Mira lifts a lantern.* "Across, then, or do you wait for the morning boat?"'),
        ("b", "a", Speaker.USER, "We cross now, while the fog lasts."),
        ("b2", "a", Speaker.USER, "We cross when the bell rings."),
        ("c", "b", Speaker.CHARACTER, "She pushes off without a word."),
        ("c2", "b", Speaker.CHARACTER, "She pushes off and sings under her breath."),
        ("d", "c", Speaker.USER, "What was that song?"),
        ("d2", "c2", Speaker.USER, "Sing it again."),
        ("e", "b2", Speaker.CHARACTER, "So they sat by the rope and counted strokes."),
    ]
    bodies: list[tuple[str, Body]] = [
        (turn, TurnAdded(parent, speaker, "Mira" if speaker is Speaker.CHARACTER else "Alex", text))
        for turn, parent, speaker, text in said
    ]
    bodies.append(("tip", TipMoved("d")))
    return [ChatEvent(id, "w", at, body, at=DAY + 60 * at) for at, (id, body) in enumerate(bodies)]


class Names:
    """The chat and the names that were given to its branches."""

    def __init__(self) -> None:
        self.events = ferry()
        self.tree: ChatTree = fold(self.events)

    async def keep(self, turn: str, name: str) -> None:
        event = ChatEvent(f"n{len(self.events)}", "w", len(self.events), name_set(turn, name))
        self.events.append(event)
        self.tree.apply(event)


async def shown(app: ThemedApp, pilot: Pilot[None]) -> str:
    await pilot.pause()
    return "\n".join(line.text.rstrip() for line in app.screen._compositor.render_strips())


def test_a_row_shows_where_it_hangs_and_what_goes_on_beside_it() -> None:
    assert tree_signs([0, 1, 2, 2, 1, 2]) == ["", "├╴", "│ ├╴", "│ └╴", "└╴", "  └╴"]
    assert tree_signs([0, 1, 2, 1], ASCII_GLYPHS) == ["", "|-", "| `-", "`-"]
    assert tree_signs([0, 9]) == ["", "  " * (DEEPEST - 1) + "└╴"]
    assert tree_signs([]) == []


async def test_a_branch_is_named_compared_and_gone_to() -> None:
    names = Names()
    results: list[str | None] = []
    app = ThemedApp([])
    async with app.run_test(size=(80, 24)) as pilot:
        app.push_screen(BranchesScreen(names.tree, names.keep), results.append)
        first = await shown(app, pilot)
        assert "here · from turn 1" in first
        assert "…now, while the fog lasts." in first
        await pilot.press("c")
        assert "That is the branch that you are on." in await shown(app, pilot)
        await pilot.press(*["down"] * 5, "R", *"Bell", "enter")
        assert "Bell" in await shown(app, pilot)
        await pilot.press("c")
        compared = await shown(app, pilot)
        assert "Where they part" in compared
        assert "We cross [-now, while-][+when+] the" in compared
        assert "So they sat by the rope" in compared
        await pilot.press("escape", "enter")
        await pilot.pause()
    assert results == ["e"]
    assert names.tree.properties["branch b2"] == "Bell"


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_the_branches_look_as_they_were_looked_at(size: tuple[int, int]) -> None:
    names = Names()
    app = ThemedApp([])
    async with app.run_test(size=size) as pilot:
        app.push_screen(BranchesScreen(names.tree, names.keep))
        await shown(app, pilot)
        for name in ("branches", "branches-compared"):
            picture = PICTURES / f"{name}-{size[0]}x{size[1]}.svg"
            assert_looks_as_kept(app.export_screenshot(title="branches"), picture)
            await pilot.press(*["down"] * 5, "c")
            await shown(app, pilot)
