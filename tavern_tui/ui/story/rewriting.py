"""Rewriting what is selected: how it is asked for, how it is watched, and which of its changes are taken.

``RewriteChoice`` shows what changed word by word; all of it, some or nothing is taken, as edits of these words alone.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import aclosing
from functools import partial
from typing import TYPE_CHECKING, Final

from textual.content import Content

from tavern_tui.domain.display import safe
from tavern_tui.domain.errors import SettingsError, TavernError
from tavern_tui.session.story.difference import Edit, changes
from tavern_tui.ui.story.panel import Done, wrapped
from tavern_tui.ui.widgets.rows import ListRow

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp
    from tavern_tui.ui.screens.story import StoryScreen

Take = Callable[[list[Edit]], Awaitable[None]]

ROWS: Final = (
    ListRow("rewrite", "Rewrite", detail="The same in other words."),
    ListRow("shorter", "Shorter", detail="The same in fewer words."),
    ListRow("longer", "Longer", detail="The same at greater length."),
    ListRow("describe", "Describe", detail="More of what is seen, heard and felt."),
    ListRow("fix", "Fix", detail="Spelling, grammar and punctuation, and nothing else."),
    ListRow("own", "Own instruction", detail="In your words."),
)
"""What can be asked for; all but the last are known to ``session.story.rewriting``."""


class Growing:
    """A rewriting that is being written: it can be read, and stopped."""

    keys = ("Esc Drop",)

    def __init__(self, asked: str, stop: Callable[[], object]) -> None:
        self.title = f"{asked.capitalize()} · the model is writing"
        self.text = ""
        self._stop = stop

    def lines(self, width: int) -> list[Content]:
        """What has come."""
        return wrapped(Content(safe(self.text)), width)

    def shown_line(self, width: int) -> int:
        """The end."""
        return len(self.lines(width))

    async def press(self, key: str) -> bool:
        """Esc stops it."""
        if key == "escape":
            self._stop()
        return key == "escape"


class RewriteChoice:
    """``old`` has become ``new``. ``take`` is called with the changes that are wanted, ``again`` for another try.

    ``colourless``: the terminal shows no colours, and signs tell what is new.
    """

    def __init__(
        self, old: str, new: str, take: Take, again: Done, *, colourless: bool = False, arrow: str = "→"
    ) -> None:
        self._changes = changes(old, new)
        self._places = [place for place, change in enumerate(self._changes) if not change.same]
        self._left = set[int]()
        self._at = 0
        self._take = take
        self._again = again
        self._colourless = colourless
        self._arrow = arrow

    @property
    def title(self) -> str:
        """How much differs, and how much of that is wanted."""
        count = len(self._places)
        if not count:
            return "The rewriting is the same text"
        return f"Change {self._at + 1} of {count} · {count - len(self._left)} to be taken"

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys, and shorter ways to say them."""
        return (
            "a Accept · ←→ Space choose · p Accept part · r Again · d Drop",
            "a Accept · p part · r Again · d Drop",
        )

    def wanted(self, *, whole: bool = False) -> list[Edit]:
        """The edits of the old text that are wanted; all of them where ``whole``."""
        edits, at = [], 0
        for place, change in enumerate(self._changes):
            if not change.same and (whole or place not in self._left):
                edits.append(Edit(at, at + len(change.old), change.new))
            at += len(change.old)
        return edits

    def lines(self, width: int) -> list[Content]:
        """The text with both what was and what is to be."""
        return wrapped(self._content()[0], width)

    def shown_line(self, width: int) -> int:
        """A little above the change that is looked at."""
        content, at = self._content()
        return max(0, len(wrapped(content[:at], width)) - 3)

    async def press(self, key: str) -> bool:
        """Go to another change, leave or want it, or be done."""
        if key in ("left", "up", "right", "down") and self._places:
            step = 1 if key in ("right", "down") else -1
            self._at = max(0, min(len(self._places) - 1, self._at + step))
        elif key == "space" and self._places:
            self._left ^= {self._places[self._at]}
        elif key in ("a", "enter", "p"):
            await self._take(self.wanted(whole=key == "a"))
            return True
        elif key == "r":
            await self._again()
            return True
        return key in ("escape", "d")

    def _content(self) -> tuple[Content, int]:
        """Everything, and where in it the change that is looked at begins."""
        parts: list[Content] = []
        length = at = 0
        for place, change in enumerate(self._changes):
            if self._places and place == self._places[self._at]:
                at = length
            for part in self._parts(place, safe(change.old), safe(change.new)):
                parts.append(part)
                length += len(part)
        return Content.assemble(*parts), at

    def _parts(self, place: int, old: str, new: str) -> list[Content]:
        if place not in self._places:
            return [Content(old)]
        here = " reverse" if place == self._places[self._at] else ""
        if place in self._left:
            return [Content.styled(old or "·", f"$text-muted{here}")]
        if self._colourless:
            old, new = f"[-{old}-]" if old else "", f"{{+{new}+}}" if new else ""
        parts = [Content.styled(old, f"$text-error strike{here}")] if old else []
        if old and new and not self._colourless:
            parts.append(Content.styled(self._arrow, "$text-muted"))
        return [*parts, Content.styled(new, f"$text-success underline{here}")] if new else parts


async def choose_rewriting(app: TavernApp, *, screen: StoryScreen) -> None:
    """Ask how the selected text is to be rewritten, and let that be done."""
    from tavern_tui.ui.screens.row_choice import RowChoice

    chosen = await app.push_screen_wait(RowChoice("What is to become of it?", ROWS, glyphs=app.glyphs))
    if chosen is None:
        return
    start, end = map(screen.view.editor.text.offset, screen.view.editor.selection)

    async def ask(asked: str) -> None:
        if asked.strip():
            screen.run_worker(partial(rewrite, screen, start, end, asked), group="rewrite", exclusive=True)  # type: ignore[arg-type]

    if chosen == "own":
        screen.ask.ask("Rewrite", ask, hint="in the voice of a sailor")
    else:
        await ask(chosen)


async def rewrite(screen: StoryScreen, start: int, end: int, asked: str) -> None:
    """Let the model rewrite what stands between two offsets, and show what it changed."""
    from textual.worker import get_current_worker

    from tavern_tui.session.story.rewriting import propose

    growing = Growing(asked, get_current_worker().cancel)
    screen.panel.show(growing)
    old = new = ""
    try:
        async with aclosing(propose(screen.story, start, end, asked)) as proposals:
            async for proposal in proposals:
                old, new = proposal.old, proposal.new
                growing.text = new
                screen.panel.renew()
    except TavernError as error:
        screen.panel.show(None)
        screen.refuse(error)
        return

    async def take(edits: list[Edit]) -> None:
        if screen.story.document.text(start, end) != old:
            raise SettingsError("The passage has changed since it was asked for.", hint="Ask again.")
        screen.view.editor.apply(start, edits)
        screen.view.after(changed=True)

    async def again() -> None:
        screen.run_worker(partial(rewrite, screen, start, end, asked), group="rewrite", exclusive=True)  # type: ignore[arg-type]

    screen.panel.show(
        RewriteChoice(old, new, take, again, colourless=screen.view.has_class("-colourless"), arrow=screen.glyphs.on)
    )
