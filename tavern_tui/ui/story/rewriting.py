"""``RewriteChoice``: what a rewriting changed, word by word, of which all, some or nothing is taken."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Final

from textual.content import Content

from tavern_tui.domain.display import safe
from tavern_tui.session.story.difference import changes
from tavern_tui.ui.story.panel import Done, wrapped

KINDS: Final = {
    "rewrite": ("Rewrite", "The same in other words."),
    "shorter": ("Shorter", "The same in fewer words."),
    "longer": ("Longer", "The same at greater length."),
    "describe": ("Describe", "With more of what is seen, heard and felt."),
    "fix": ("Fix", "Spelling, grammar and slips, and nothing else."),
    "own": ("Own instruction", "In your own words."),
}
"""The kinds of rewriting that are offered: id, title and what it does."""


class RewriteChoice:
    """``old`` has become ``new``. ``take`` is called with the text that is wanted, ``again`` for another try.

    ``colourless``: the terminal shows no colours, and signs tell what is new.
    """

    def __init__(
        self, old: str, new: str, take: Callable[[str], Awaitable[None]], again: Done, *, colourless: bool = False
    ) -> None:
        self._changes = changes(old, new)
        self._places = [place for place, change in enumerate(self._changes) if not change.same]
        self._left = set[int]()
        self._at = 0
        self._take = take
        self._again = again
        self._colourless = colourless

    @property
    def title(self) -> str:
        """How much differs, and how much of that is wanted."""
        count = len(self._places)
        if not count:
            return "The rewriting is the same text"
        return f"Change {self._at + 1} of {count} · {count - len(self._left)} to be taken"

    @property
    def keys(self) -> str:
        """The keys."""
        return "a Accept · p Accept part (←→ Space choose) · r Again · d Drop"

    def text(self, *, whole: bool = False) -> str:
        """The text with the changes that are wanted; with all of them where ``whole``."""
        pieces = (
            change.old if place in self._left and not whole else change.new
            for place, change in enumerate(self._changes)
        )
        return "".join(pieces)

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
            await self._take(self.text(whole=key == "a"))
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
        gone = Content.styled(old, f"$text-error strike{here}") if old else Content("")
        return [gone, Content.styled(new, f"$text-success underline{here}") if new else Content("")]
