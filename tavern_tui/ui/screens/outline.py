"""The outline of a story: its chapters and scenes, to go to; and the versions of it that were named."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import BindingType
from textual.content import Content

from tavern_tui.domain.display import safe, safe_line
from tavern_tui.session.story import named
from tavern_tui.session.story.difference import Change
from tavern_tui.session.story.outline import SCENE, Section, section_at, words_in
from tavern_tui.ui.chat.days import date_shown
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.list_page import Keys, ListPage
from tavern_tui.ui.screens.text_page import TextPage
from tavern_tui.ui.story.panel import wrapped
from tavern_tui.ui.widgets.rows import ListRow

if TYPE_CHECKING:
    from tavern_tui.session.story.story import StorySession
    from tavern_tui.ui.app import TavernApp
    from tavern_tui.ui.screens.story import StoryScreen

_BEGINNING = 60  # characters of a section without a title that stand for one


def outline_rows(text: str, sections: Sequence[Section]) -> list[ListRow]:
    """A row for each chapter and scene of ``text``: what it is called, else how it begins, and its words."""
    rows = []
    for place, section in enumerate(sections):
        begins = text[section.body : section.body + 4 * _BEGINNING].strip()
        title = safe_line(section.title or begins, _BEGINNING) or "(empty)"
        indent = "  " * max(0, min(3, section.level - 1)) if section.kind != SCENE else "    "
        words = words_in(text, section)
        rows.append(ListRow(str(place), indent + title, f"{words:,}", muted=section.kind == SCENE))
    return rows


class OutlinePage(ListPage[int | None]):
    """The outline of a story; its result is the offset to go to, or ``None``. ``at`` is where the cursor is."""

    def __init__(self, text: str, sections: Sequence[Section], at: int, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        words = len(text.split())
        super().__init__(f"Outline · {words:,} words", glyphs=glyphs)
        self._outline = outline_rows(text, sections)
        self._sections = sections
        here = section_at(sections, at)
        self._near = str(list(sections).index(here)) if here is not None else ""

    def on_mount(self) -> None:
        """Show the chapters."""
        empty = "No chapters yet. Begin a line with # or with Chapter 1."
        self.show(self._outline, self._near, empty)

    def keys(self) -> Keys:
        """The keys."""
        return (("↑↓", "choose"), ("Enter", "goes there"), ("Esc", "close"))

    async def chosen(self, row: ListRow) -> None:
        """Go there."""
        self.dismiss(self._sections[int(row.id)].start)


class NamedPage(ListPage[str | None]):
    """The named versions of ``story``; its result is the name of the one to be restored, or ``None``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("r", "restore", "Restore"),
        ("d", "forget", "Forget"),
        ("n", "name", "Name this version"),
    ]

    def __init__(self, story: StorySession, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__("Named versions", glyphs=glyphs)
        self._story = story

    def on_mount(self) -> None:
        """Show them."""
        self._show()

    def keys(self) -> Keys:
        """The keys."""
        return (
            ("Enter", "what changed since"),
            ("r", "restore"),
            ("n", "name this one"),
            ("d", "forget"),
            ("Esc", "close"),
        )

    async def chosen(self, row: ListRow) -> None:
        """Show what has changed since."""
        found = named.compared(named.version_named(self._story.tree, row.id), self._story)
        page = TextPage(f"Since {safe_line(row.id)}", partial(change_lines, found), glyphs=self._signs)
        await self.app.push_screen(page)

    def action_restore(self) -> None:
        """Make the story read so again."""
        if not self.entering and self.rows.selected is not None:
            self.dismiss(self.rows.selected.id)

    def action_forget(self) -> None:
        """Let the version have no name any more."""
        if not self.entering and self.rows.selected is not None:
            self.do(self._forget(self.rows.selected.id))

    def action_name(self) -> None:
        """Name the story as it reads now."""
        if not self.entering:
            self.ask(self._named, hint="a name")

    async def _named(self, name: str) -> None:
        await named.name_version(self._story, name)
        self._show()

    async def _forget(self, name: str) -> None:
        await named.forget_version(self._story, name)
        self._show()
        self.say(f"{name} is a name no more. The story keeps everything.")

    def _show(self) -> None:
        rows = [
            ListRow(one.name, safe_line(one.name), f"{one.words:,} words", date_shown(one.at))
            for one in named.named_versions(self._story.tree)
        ]
        self.show(rows, empty="None yet: n names the story as it reads now.")


def change_lines(changes: Sequence[Change], width: int) -> list[Content]:
    """What became of a text, with some words round each change, at ``width`` cells."""
    lines: list[Content] = []
    if all(change.same for change in changes):
        return [Content("Nothing has changed.")]
    for place, change in enumerate(changes):
        if change.same:
            continue
        before = changes[place - 1].old[-80:] if place else ""
        after = changes[place + 1].old[:80] if place + 1 < len(changes) else ""
        parts = (
            (safe(before.rpartition("\n")[2]), "$text-muted"),
            (safe(f"[-{change.old}-]" if change.old else ""), "$text-error"),
            (safe(f"{{+{change.new}+}}" if change.new else ""), "$text-success"),
            (safe(after.partition("\n")[0]), "$text-muted"),
        )
        lines += [*wrapped(Content.assemble(*parts), width), Content("")]
    return lines


async def show_outline(app: TavernApp, *, screen: StoryScreen) -> None:
    """Show the chapters, and go to the one that is chosen."""
    editor = screen.view.editor
    at = editor.text.offset(editor.cursor)
    page = OutlinePage(screen.story.document.text(), screen.shelf.sections, at, glyphs=app.glyphs)
    offset = await app.push_screen_wait(page)
    if offset is not None:
        screen.view.show_place(editor.text.place(offset))


async def show_named(app: TavernApp, *, screen: StoryScreen) -> None:
    """Show the versions that were named, and restore the one that is chosen. Raises ``TavernError``."""
    name = await app.push_screen_wait(NamedPage(screen.story, glyphs=app.glyphs))
    if name is not None:
        await named.restore(screen.story, named.version_named(screen.story.tree, name))
        screen.say(f"The story reads as {safe_line(name)} · ctrl+z brings back what it was")
