"""The summary of a chat as text to be changed, its versions, and what one says that another does not.

Closing keeps what is written, as a version of its own; nothing is overwritten. ``show_summaries`` is what the command
does.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.widgets import Static

from tavern_tui.domain.display import safe, safe_line
from tavern_tui.session.summaries.keeping import When
from tavern_tui.ui.chatlog import wrap
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.text_and_rows import TextAndRows
from tavern_tui.ui.screens.text_page import TextPage
from tavern_tui.ui.widgets.rows import ListRow, plain

if TYPE_CHECKING:
    from tavern_tui.session.summaries.differences import Told
    from tavern_tui.session.summaries.versions import Version
    from tavern_tui.ui.app import TavernApp

WRITE, VERSIONS, AWAY = "write", "versions", "away"
"""What is done once the screen is closed."""
_EVERY: Final = 20
"""The turns between two summaries where no other number was chosen."""
_WHEN: Final = {When.ALWAYS: "by themselves", When.NEVER: "never offered"}
_BY: Final = {"model": "the model", "you": "you"}


@dataclass(frozen=True, slots=True)
class SummaryPage:
    """What the screen shows. ``covers`` says which turns in words, ``price`` what writing another
    takes, where that is known, and ``writes`` whether there is anything to be written."""

    text: str
    covers: str
    versions: int
    frozen: bool = False
    when: When = When.OPEN
    price: str = ""
    writes: bool = True
    every: int = 0

    @property
    def often(self) -> str:
        """When the next ones are written, in words."""
        return f"every {self.every:,} turns" if self.every else _WHEN.get(self.when, "when asked for")

    def turned(self, steps: int) -> SummaryPage:
        """The page with the choice that many further on when they are written."""
        number = self.every or _EVERY
        choices = [(When.OPEN, 0), (When.ALWAYS, 0), (When.ALWAYS, number), (When.NEVER, 0)]
        at = choices.index((self.when, self.every)) if (self.when, self.every) in choices else 0
        when, every = choices[(at + steps) % len(choices)]
        return replace(self, when=when, every=every)

    @property
    def heading(self) -> str:
        """``Summary of turns 1–212``."""
        return f"Summary of {self.covers}{' · none is written yet' if not self.versions else ''}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the page, and what is to ``do`` now: empty for nothing more."""

    page: SummaryPage
    do: str = ""


class SummaryScreen(TextAndRows[Answer]):
    """``page`` to be changed. Esc closes it and keeps what is written."""

    while_choosing = "↑↓ ←→ · Enter do · Tab text · Esc done"

    def __init__(self, page: SummaryPage, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__(page.heading, glyphs=glyphs)
        self._page = page

    def on_mount(self) -> None:
        """Show the summary, from its beginning."""
        self.area.text = safe(self._page.text)
        self.show()

    def listed(self) -> list[ListRow]:
        """What can be done."""
        page = self._page
        rows = [ListRow(WRITE, "Let the model write it", page.price)] if page.writes else []
        rows.append(ListRow("when", "The next ones", self.choice(page.often)))
        if page.versions:
            left = "left as it is" if page.frozen else "may be rewritten"
            rows.append(ListRow("frozen", "This one", self.choice(left)))
            rows.append(ListRow(VERSIONS, "Versions", f"{page.versions}"))
            rows.append(ListRow(AWAY, "Take it out of prompts", "versions stay"))
        return rows

    def do(self, row: str, steps: int) -> None:
        """Choose otherwise, or close the screen for what is to be done."""
        if row == "frozen":
            self._page = replace(self._page, frozen=not self._page.frozen)
            self.show(row)
        elif row == "when":
            self._page = self._page.turned(steps)
            self.show(row)
        elif steps > 0:
            self.dismiss(self.result(row))

    def result(self, do: str = "") -> Answer:
        """The page as it is written, and what is to be done."""
        written = self.area.full_text
        same = written.strip() == safe(self._page.text).strip()
        return Answer(self._page if same else replace(self._page, text=written), do)


class VersionScreen(TextPage):
    """What a version says, and how what counts now differs from it. Closing with r brings it back."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("r", "restore", show=False)]

    def __init__(self, heading: str, told: Sequence[Told], *, counts: bool, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__(heading, lambda width: difference_lines(told, width, glyphs), glyphs=glyphs)
        self._counts = counts
        self.restores = False

    def on_mount(self) -> None:
        """Name the key that brings it back."""
        if not self._counts:
            keys = plain("r brings it back · ↑↓ scroll · Esc close", self._glyphs)
            self.query_one("#keys", Static).update(Content(keys))

    def action_restore(self) -> None:
        """Close it, and let it count again."""
        self.restores = not self._counts
        self.dismiss(None)


def difference_lines(told: Sequence[Told], width: int, glyphs: Glyphs = UNICODE_GLYPHS) -> list[Content]:
    """Sentences with what became of each in the margin, at ``width`` cells: ``−`` went, ``+`` is new."""
    colours = {"−": "$text-error", "+": "$text-success"}
    lines: list[Content] = []
    for one in told:
        sign = one.change.value
        text = safe_line(one.text)
        for row, (start, end) in enumerate(wrap.lines(text, max(wrap.NARROWEST, width - 2))):
            margin = plain(sign, glyphs).replace("−", "-" if glyphs is not UNICODE_GLYPHS else "−") if row == 0 else " "
            lines.append(Content.assemble((f"{margin} {text[start:end]}", colours.get(sign, ""))))
    return lines or [Content("Nothing is written.")]


def version_rows(found: Sequence[tuple[Version, str]], counting: Sequence[Version], now: float) -> list[ListRow]:
    """The versions with the turns that they cover, the newest first, for a list."""
    ids = {one.id for one in counting}
    rows = []
    for one, covers in reversed(found):
        states = [("counts", one.id in ids), ("from the next cut on", one.waits), ("left as it is", one.frozen)]
        right = " · ".join([*(state for state, holds in states if holds), _age(now - one.at)])
        text = safe_line(" ".join(one.text.split())) or "taken out of prompts"
        rows.append(ListRow(one.id, covers, right, f"{safe_line(_BY.get(one.by, one.by))}: {text}"))
    return rows


def _age(seconds: float) -> str:
    for size, word in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {word} ago"
    return "now"


async def show_summaries(app: TavernApp) -> None:
    """Show what is told of the turns that are no longer read; keep what is changed, and do what is chosen."""
    from tavern_tui.ui.chat import memory_writing as memory
    from tavern_tui.ui.screens.commands import written

    def shown(answer: Answer) -> SummaryScreen:
        return SummaryScreen(answer.page, glyphs=app.glyphs)

    async def keep(answer: Answer) -> None:
        await memory.keep(app.chat, answer.page)

    answer = await written(app, shown, Answer(await memory.page_of(app.chat)), keep, app.glyphs)
    if answer.do == WRITE:
        await memory.write_now(app.chat, anew=True)
    elif answer.do == AWAY:
        await memory.take_away(app.chat)
    elif answer.do == VERSIONS:
        await show_versions(app)


async def show_versions(app: TavernApp) -> None:
    """List the versions. The one that is chosen is shown beside what counts now, and counts again if that is wanted;
    the one that counts is shown beside what it took the place of."""
    from tavern_tui.session.summaries import versions as kept
    from tavern_tui.session.summaries.differences import difference
    from tavern_tui.ui.screens.row_choice import RowChoice

    session, near = app.chat.open_session, ""
    while True:
        tree, path = session.tree, session.tree.path()
        every, counting = kept.versions(tree), kept.in_force(tree, path)
        rows = version_rows([(one, kept.covers(one, path)) for one in every], counting, time.time())
        chosen = await app.push_screen_wait(RowChoice("Versions", rows, near=near, glyphs=app.glyphs))
        if chosen is None:
            return
        near, one = chosen, kept.version(tree, chosen)
        counts = one.id in {other.id for other in counting}
        beside = [other for other in every if other.id in one.over] if counts else counting
        before = "\n".join(other.text for other in beside)
        told = difference(before or one.text, one.text)
        page = VersionScreen(
            f"{kept.covers(one, path).capitalize()}, {_age(time.time() - one.at)}", told, counts=counts
        )
        await app.push_screen_wait(page)
        if page.restores:
            await session.changes.write(kept.restored(one, counting, time.time()).as_property())
            app.chat.cost_ahead.look(anew=True)
            app.chat.hint("It counts again, from the next reply on · {undo} takes it back")
            return
