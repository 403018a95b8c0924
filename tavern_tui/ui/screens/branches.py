"""The branches of the chat that is open: a list to go to, name and compare them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.content import Content

from tavern_tui.domain.chat import ChatTree, Turn
from tavern_tui.domain.display import safe, safe_line
from tavern_tui.domain.messages import number
from tavern_tui.session.branches import Branch, apart, branches, name_set
from tavern_tui.session.story.difference import changes
from tavern_tui.ui.chat.days import date_shown
from tavern_tui.ui.chatlog import markup
from tavern_tui.ui.chatlog.lines import ASCII_GLYPHS, UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.asking import Keys
from tavern_tui.ui.screens.list_page import ListPage
from tavern_tui.ui.widgets.long_text import Lines
from tavern_tui.ui.widgets.rows import ListRow

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp

DEEPEST = 6
"""Beyond so many forks rows are not set further in: there would be no room for their words."""

COMPARED_TURNS = 40
"""The turns of each branch that a comparison shows."""

ONE_WAY = "The chat goes on in one way only. b at a selected turn begins a branch there."


def branch_rows(found: list[Branch], glyphs: Glyphs = UNICODE_GLYPHS) -> list[ListRow]:
    """A row for each branch, set in by the forks above it."""
    rows = []
    for one, indent in zip(found, tree_signs([one.depth for one in found], glyphs), strict=True):
        swipes = f"{number(one.swipes)} more swipes" if one.swipes > 1 else "1 more swipe" if one.swipes else ""
        told = ("here" if one.here else "", f"from turn {number(one.place)}", date_shown(one.at), swipes)
        size = f"{number(one.turns)} turn{'s' * (one.turns != 1)}"
        label = one.label if one.named else markup.shown_text(one.label)
        rows.append(ListRow(one.first, indent + label, size, detail=" · ".join(part for part in told if part)))
    return rows


def tree_signs(depths: Sequence[int], glyphs: Glyphs = UNICODE_GLYPHS) -> list[str]:
    """What stands before each row of a tree whose rows are so deep: where it hangs, and what goes on beside it."""
    fork, last, beside = ("|-", "`-", "| ") if glyphs is ASCII_GLYPHS else ("├╴", "└╴", "│ ")
    signs: list[str] = []
    going_on: set[int] = set()  # the levels that have another row further down
    for depth in (min(depth, DEEPEST) for depth in reversed(depths)):
        above = "".join(beside if level in going_on else "  " for level in range(1, depth))
        signs.append(above + (fork if depth in going_on else last) if depth else "")
        going_on = {level for level in going_on if level < depth} | {depth}
    return signs[::-1]


def comparison(tree: ChatTree, here: str, there: str) -> Lines:
    """What two branches do not have in common: the turn where they part by its words, then the turns of each."""
    one, other = apart(tree, here, there)

    def lines(width: int) -> list[Content]:
        texts: list[Content] = []
        if one and other and one[0].speaker is other[0].speaker:
            texts += [Content.styled("Where they part", "bold"), _words(one[0].text, other[0].text), Content("")]
        for title, told in (("Here", one), ("There", other)):
            count = f"{number(len(told))} turn{'s' * (len(told) != 1)}"
            texts += [Content.styled(f"{title} · {count}", "bold"), *map(_told, told[:COMPARED_TURNS])]
            if len(told) > COMPARED_TURNS:
                texts.append(Content.styled(f"… and {number(len(told) - COMPARED_TURNS)} more", "$text-muted"))
            texts.append(Content(""))
        return [line for text in texts for line in text.wrap(width)]

    return lines


def _words(old: str, new: str) -> Content:
    """Both texts in one: words that only the first has are struck out, those of the second underlined."""
    parts: list[tuple[str, str] | str] = []
    for change in changes(safe(old), safe(new)):
        if change.same:
            parts.append(change.old)
            continue
        if change.old:
            parts.append((f"[-{change.old}-]", "$text-error strike"))
        if change.new:
            parts.append((f"[+{change.new}+]", "$text-success underline"))
    return Content.assemble(*parts)


def _told(turn: Turn) -> Content:
    return Content.assemble((f"{safe_line(turn.name)}: ", "bold"), safe(turn.text))


class BranchesScreen(ListPage[str | None]):
    """The branches of ``tree``; its result is the turn to go to. ``name`` keeps a name for a branch."""

    BINDINGS: ClassVar[list[BindingType]] = [("R,ctrl+r", "rename", "Name"), ("c", "compare", "Compare")]

    def __init__(
        self,
        tree: ChatTree,
        name: Callable[[str, str], Awaitable[None]],
        *,
        glyphs: Glyphs = UNICODE_GLYPHS,
    ) -> None:
        super().__init__("Branches", glyphs=glyphs)
        self._tree = tree
        self._keep_name = name
        self._glyphs = glyphs
        self._found: dict[str, Branch] = {}

    def on_mount(self) -> None:
        """Show them, beginning on the one that is read."""
        self._renew(next((one.first for one in reversed(branches(self._tree)) if one.here), ""))

    def keys(self) -> Keys:
        """The keys that hold now."""
        return (("Enter", "goes there"), ("c", "compares it with here"), ("R", "names it"), ("Esc", "closes"))

    def selected(self, row: ListRow | None) -> None:
        """What was said of another row holds no more."""
        self.say("" if len(self._found) > 1 else ONE_WAY)

    async def chosen(self, row: ListRow) -> None:
        """Go there."""
        self.dismiss(self._found[row.id].end)

    def action_rename(self) -> None:
        """Ask for a name."""
        row = self.rows.selected
        if row is None or self.entering:
            return
        branch = self._found[row.id]

        async def take(typed: str) -> None:
            await self._keep_name(branch.first, typed)
            self._renew(branch.first)

        self.ask(take, branch.label if branch.named else "", hint="A name; empty for its first words")

    def action_compare(self) -> None:
        """Show what the selected branch and the one that is read do not have in common."""
        from tavern_tui.ui.screens.text_page import TextPage

        row = self.rows.selected
        if row is None or self.entering:
            return
        branch = self._found[row.id]
        if branch.here:
            self.say("That is the branch that you are on. Select another to compare it with.")
            return
        lines = comparison(self._tree, self._tree.tip, branch.end)
        self.app.push_screen(TextPage("Two branches", lines, glyphs=self._glyphs))

    def _renew(self, select: str) -> None:
        found = branches(self._tree)
        self._found = {one.first: one for one in found}
        self.show(branch_rows(found, self._glyphs), select, "Nothing was said yet.")


async def show_branches(app: TavernApp) -> None:
    """List the branches of the chat that is open, and go to the one that is chosen."""
    session = app.chat.open_session

    async def name(turn: str, typed: str) -> None:
        await session.changes.write(name_set(turn, typed))

    tree = session.tree
    turn = await app.push_screen_wait(BranchesScreen(tree, name, glyphs=app.glyphs))
    if turn is None or turn == tree.tip:
        return
    left = tree.tip
    await session.changes.go_to(turn)
    await asyncio.sleep(0)
    app.chat.mirror.keep_up(session.tree)
    app.chat.mirror.log.follow_end()
    kept = apart(session.tree, left, turn)[0]
    app.chat.hint(f"On another branch now · {number(len(kept))} turns of the other stay · /undo goes back")
