"""The outline of a story: its chapters and scenes, to go to; and the versions of it that were named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import BindingType
from textual.content import Content

from tavern_tui.domain.display import safe, safe_line
from tavern_tui.session.story import named
from tavern_tui.session.story.chapters import Chapter, Chapters, Reads
from tavern_tui.session.story.difference import Change
from tavern_tui.session.story.outline import SCENE, Section, outline, words_in
from tavern_tui.ui.chat.days import date_shown
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.asking import Keys
from tavern_tui.ui.screens.list_page import ListPage
from tavern_tui.ui.screens.text_page import TextPage
from tavern_tui.ui.story.panel import wrapped
from tavern_tui.ui.widgets.rows import ListRow

if TYPE_CHECKING:
    from tavern_tui.session.story.story import StorySession
    from tavern_tui.ui.app import TavernApp
    from tavern_tui.ui.screens.story import StoryScreen

_BEGINNING = 60  # characters of a scene that stand for one without a title
_READS: Final = {
    Reads.NEAR: "",
    Reads.PINNED: "pinned",
    Reads.SUMMARY: "summary only",
    Reads.EXCLUDED: "left out",
}
_TOLD: Final = {
    Reads.NEAR: "is read in full while it is near, else by its summary",
    Reads.PINNED: "is always read in full",
    Reads.SUMMARY: "is read by its summary alone",
    Reads.EXCLUDED: "is not read at all",
}


@dataclass(frozen=True, slots=True)
class OutlineRow:
    """A chapter, or a scene in one; where it begins."""

    start: int
    chapter: Chapter
    scene: Section | None = None


def outline_of(text: str, chapters: Sequence[Chapter], sections: Sequence[Section]) -> list[OutlineRow]:
    """The chapters, each with its scenes below it."""
    found = []
    for chapter in chapters:
        found.append(OutlineRow(chapter.section.start, chapter))
        inside = (one for one in sections if one.kind == SCENE and one.start < chapter.section.end)
        scenes = [one for one in inside if one.start >= chapter.section.start and text[one.body : one.end].strip()]
        found += [OutlineRow(scene.start, chapter, scene) for scene in scenes]
    return found


def shown_row(place: int, row: OutlineRow, text: str) -> ListRow:
    """A row of the list: title, words, and how the model reads it."""
    if row.scene is not None:
        begins = safe_line(text[row.scene.body : row.scene.body + 2 * _BEGINNING].strip(), _BEGINNING)
        return ListRow(str(place), f"    {begins}", f"{words_in(text, row.scene):,}", muted=True)
    chapter = row.chapter
    indent = "  " * max(0, min(3, chapter.section.level - 1))
    summary = "summary" if chapter.summary is not None and chapter.reads is Reads.NEAR else ""
    stale = "changed since" if chapter.stale else ""
    told = " · ".join(filter(None, (_READS[chapter.reads] or summary, stale, f"{chapter.words:,}")))
    return ListRow(str(place), indent + safe_line(chapter.title, _BEGINNING), told)


class OutlinePage(ListPage[int | None]):
    """The outline of ``story``; its result is the offset to go to, or ``None``. ``at`` is where the cursor is."""

    BINDINGS: ClassVar[list[BindingType]] = [
        ("p", "reads('pinned')", "Pin"),
        ("x", "reads('excluded')", "Leave out"),
        ("s", "reads('summary')", "Summary only"),
        ("w", "write", "Write its summary"),
        ("e", "edit", "Edit its summary"),
    ]

    def __init__(self, story: StorySession, at: int, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__("Outline", glyphs=glyphs)
        self._story = story
        self._chapters = Chapters(story)
        self._at = at
        self._outline: list[OutlineRow] = []

    def on_mount(self) -> None:
        """Show the chapters, beginning at the one where the cursor is."""
        self._show()
        here = [place for place, row in enumerate(self._outline) if row.start <= self._at]
        self.rows.select(here[-1] if here else 0)

    def keys(self) -> Keys:
        """The keys."""
        return (
            ("Enter", "goes there"),
            ("p", "pin"),
            ("s", "summary only"),
            ("x", "leave out"),
            ("w", "write a summary"),
            ("e", "edit it"),
            ("Esc", "close"),
        )

    def selected(self, row: ListRow | None) -> None:
        """Say how the chapter is read."""
        chapter = self._chapter
        if chapter is None:
            self.say("")
            return
        summary = f" · {chapter.summary.text}" if chapter.summary is not None else ""
        self.say(f"{chapter.title} {_TOLD[chapter.reads]}{safe_line(summary, 240)}")

    async def chosen(self, row: ListRow) -> None:
        """Go there."""
        self.dismiss(self._outline[int(row.id)].start)

    def action_reads(self, how: str) -> None:
        """Let the model read the chapter so, or as usual again."""
        chapter = self._chapter
        if chapter is not None and not self.entering:
            wanted = Reads(how)
            self.do(self._choose(chapter, Reads.NEAR if chapter.reads is wanted else wanted))

    def action_write(self) -> None:
        """Let the model write the chapter's summary."""
        if self._chapter is not None and not self.entering:
            self.say("The model reads the chapter and writes its summary…")
            self.do(self._summarise(self._chapter))

    def action_edit(self) -> None:
        """Write the chapter's summary by hand."""
        chapter = self._chapter
        if chapter is None or self.entering:
            return

        async def take(text: str) -> None:
            await self._chapters.write_summary(chapter, text)
            self._show()

        self.ask(take, safe_line(chapter.summary.text) if chapter.summary else "", hint="what the chapter tells")

    @property
    def _chapter(self) -> Chapter | None:
        row = self.rows.selected
        return self._outline[int(row.id)].chapter if row is not None else None

    async def _choose(self, chapter: Chapter, reads: Reads) -> None:
        await self._chapters.choose(chapter, reads)
        self._show()

    async def _summarise(self, chapter: Chapter) -> None:
        await self._chapters.summarise(chapter, told=self.say)
        self._show()

    def _show(self) -> None:
        text = self._story.document.text()
        self._outline = outline_of(text, self._chapters.all(), outline(text))
        rows = [shown_row(place, row, text) for place, row in enumerate(self._outline)]
        words = sum(row.chapter.words for row in self._outline if row.scene is None)
        self.retitle(f"Outline · {words:,} words")
        near = self.rows.selected.id if self.rows.selected else ""
        self.show(rows, near, "No chapters yet. Begin a line with # or with Chapter 1.")


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
    offset = await app.push_screen_wait(OutlinePage(screen.story, editor.text.offset(editor.cursor), glyphs=app.glyphs))
    if offset is not None:
        screen.view.show_place(editor.text.place(offset))


async def show_named(app: TavernApp, *, screen: StoryScreen) -> None:
    """Show the versions that were named, and restore the one that is chosen. Raises ``TavernError``."""
    name = await app.push_screen_wait(NamedPage(screen.story, glyphs=app.glyphs))
    if name is not None:
        await named.restore(screen.story, named.version_named(screen.story.tree, name))
        screen.say(f"The story reads as {safe_line(name)} · ctrl+z brings back what it was")
