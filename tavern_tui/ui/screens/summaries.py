"""The summary of a chat as text to be changed, its versions, and what one says that another does not.

Closing keeps what is written, as a version of its own; nothing is overwritten. ``show_summaries`` is what the command
does.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Final

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from tavern_tui.domain.display import safe, safe_line
from tavern_tui.session.summaries.keeping import When
from tavern_tui.ui.chatlog import wrap
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.composer.area import FoldedArea
from tavern_tui.ui.screens.page import PAGE_CSS, VERTICAL, Page
from tavern_tui.ui.screens.text_page import TextPage
from tavern_tui.ui.widgets.row_list import RowList
from tavern_tui.ui.widgets.rows import ListRow, plain

if TYPE_CHECKING:
    from tavern_tui.session.summaries.differences import Told
    from tavern_tui.session.summaries.versions import Version
    from tavern_tui.ui.app import TavernApp

WRITE, VERSIONS, AWAY = "write", "versions", "away"
"""What is done once the screen is closed."""
_TURNED: Final = (When.OPEN, When.ALWAYS, When.NEVER)
_WHEN: Final = {When.ALWAYS: "by themselves", When.NEVER: "never offered"}
_WRITING, _CHOOSING = "Tab what else · Esc done", "↑↓ ←→ · Enter do · Tab text · Esc done"
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

    @property
    def heading(self) -> str:
        """``Summary of turns 1–212``."""
        return f"Summary of {self.covers}{' · none is written yet' if not self.versions else ''}"


@dataclass(frozen=True, slots=True)
class Answer:
    """What became of the page, and what is to ``do`` now: empty for nothing more."""

    page: SummaryPage
    do: str = ""


class SummaryScreen(Page[Answer]):
    """``page`` to be changed. Esc closes it and keeps what is written."""

    AUTO_FOCUS = "FoldedArea"
    VERTICAL_BREAKPOINTS = VERTICAL
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("tab,shift+tab", "other", show=False, priority=True),
        Binding("up,k", "move(-1)", show=False),
        Binding("down,j", "move(1)", show=False),
        Binding("left,h", "turn(-1)", show=False),
        Binding("right,l,enter,space", "turn(1)", show=False),
        Binding("escape", "leave", "Close", show=False, priority=True),
    ]
    DEFAULT_CSS = (
        PAGE_CSS.replace("PAGE", "SummaryScreen")
        + """
    SummaryScreen {
        & FoldedArea { height: 1fr; min-height: 2; border: none; padding: 0 1 0 2; }
        & FoldedArea:focus { border: none; }
        & RowList { height: auto; padding: 0 1 0 0; margin: 1 0; }
        &.-short #question { margin: 0; }
        &.-short RowList { margin: 0; }
    }
    """
    )

    def __init__(self, page: SummaryPage, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__()
        self._page = page
        self._glyphs = glyphs

    def compose(self) -> ComposeResult:
        """The text, what can be done, and the keys."""
        with Vertical(id="ground"), Vertical(id="page"):
            yield Static(Content(plain(self._page.heading, self._glyphs)), id="question")
            yield FoldedArea(fold_mark="+")
            yield RowList(glyphs=self._glyphs)
            yield Static(id="keys")

    def on_mount(self) -> None:
        """Show the summary, from its beginning."""
        self._area.text = safe(self._page.text)
        self._show()

    def on_row_list_chosen(self, message: RowList.Chosen) -> None:
        """A click does what Enter does."""
        self._do(message.row.id, 1)

    def action_other(self) -> None:
        """Go from the text to the rows, or back."""
        if self.focused is None:
            self._area.focus()
        else:
            self.set_focus(None)
        self.call_after_refresh(self._show)

    def action_move(self, rows: int) -> None:
        """Go to another row."""
        self._rows.move(rows)

    def action_turn(self, steps: int) -> None:
        """Do what the row says, or choose otherwise."""
        if self._rows.selected is not None:
            self._do(self._rows.selected.id, steps)

    def action_leave(self) -> None:
        """Close it; what is written stays."""
        self.dismiss(self._answer())

    @property
    def _area(self) -> FoldedArea:
        return self.query_one(FoldedArea)

    @property
    def _rows(self) -> RowList:
        return self.query_one(RowList)

    def _answer(self, do: str = "") -> Answer:
        written = self._area.full_text
        same = written.strip() == safe(self._page.text).strip()
        return Answer(self._page if same else replace(self._page, text=written), do)

    def _do(self, row: str, steps: int) -> None:
        if row == "frozen":
            self._page = replace(self._page, frozen=not self._page.frozen)
            self._show(row)
        elif row == "when":
            place = _TURNED.index(self._page.when) if self._page.when in _TURNED else 0
            self._page = replace(self._page, when=_TURNED[(place + steps) % len(_TURNED)])
            self._show(row)
        elif steps > 0:
            self.dismiss(self._answer(row))

    def _show(self, select: str = "") -> None:
        chosen = select or (self._rows.selected.id if self._rows.selected else "")
        self._rows.show(self._listed(), select=chosen)
        keys = _CHOOSING if self.focused is None else _WRITING
        self.query_one("#keys", Static).update(Content(plain(keys, self._glyphs)))

    def _listed(self) -> list[ListRow]:
        page = self._page
        rows = [ListRow(WRITE, "Let the model write it", page.price)] if page.writes else []
        rows.append(ListRow("when", "The next ones", self._choice(_WHEN.get(page.when, "when asked for"))))
        if page.versions:
            left = "left as it is" if page.frozen else "may be rewritten"
            rows.append(ListRow("frozen", "This one", self._choice(left)))
            rows.append(ListRow(VERSIONS, "Versions", f"{page.versions}"))
            rows.append(ListRow(AWAY, "Take it out of prompts", "versions stay"))
        return rows

    def _choice(self, words: str) -> str:
        return f"{self._glyphs.back} {words} {self._glyphs.on}"


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

    answer = await app.push_screen_wait(SummaryScreen(await memory.page_of(app.chat), glyphs=app.glyphs))
    await memory.keep(app.chat, answer.page)
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
