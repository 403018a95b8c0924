"""A screen that holds a chat log and a line below it, and the chat that the tests look at."""

from __future__ import annotations

from collections.abc import Iterable

from textual import on
from textual.app import App, ComposeResult
from textual.geometry import Region
from textual.strip import Strip
from textual.widgets import Static

from tavern_tui.ui.chatlog.entries import ChatEntry, EntryKind
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.chatlog.view import ChatLog, Follow


class CountingLog(ChatLog):
    """A log that counts how often Textual asks for a line."""

    asked = 0

    def render_line(self, y: int) -> Strip:
        """One line, counted."""
        self.asked += 1
        return super().render_line(y)


class LogApp(App[None]):
    """The log above a status line of one row."""

    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self, entries: Iterable[ChatEntry] = (), glyphs: Glyphs = UNICODE_GLYPHS, follow: Follow = Follow.LINE
    ) -> None:
        super().__init__()
        self.log_view = CountingLog(entries, glyphs=glyphs, follow=follow)
        self.clicks: list[ChatLog.Clicked] = []

    def compose(self) -> ComposeResult:
        """The log and its status line."""
        yield self.log_view
        yield Static("status")

    @on(ChatLog.Clicked)
    def keep(self, message: ChatLog.Clicked) -> None:
        """Keep what was clicked on."""
        self.clicks.append(message)

    def rows(self) -> list[str]:
        """What stands on the screen where the log is, row by row, without blanks at the right.

        Lines that the log did not ask to repaint are the old ones here, as they are on a terminal.
        """
        region = Region(0, 0, *self.log_view.scrollable_content_region.size)
        return [strip.text.rstrip() for strip in self.log_view.render_lines(region)]


def turns(count: int, first: int = 0) -> list[ChatEntry]:
    """Turns of three lines each at 40 columns or more."""
    names = ["Bess", "Alex"]
    kinds = [EntryKind.CHARACTER, EntryKind.USER]
    return [
        ChatEntry(str(number), kinds[number % 2], names[number % 2], f'*Turn {number}.* "And so on."')
        for number in range(first, first + count)
    ]


EVENING = [
    ChatEntry("rain", EntryKind.NARRATOR, text="*Rain over the Crooked Lantern. The bridge is gone since Tuesday.*"),
    ChatEntry(
        "tray",
        EntryKind.CHARACTER,
        "Bess",
        "*She has a tray on one arm, and has already seen the state of your boots.* "
        '"In, in, before the rain hears that there\'s room!" *A boy goes off like a hare.*\n\n'
        "\"There's pie, there's a bed, and there's a **story** about the bridge. Which will you have first?\"",
        swipe=2,
        swipes=5,
    ),
    ChatEntry("towel", EntryKind.USER, "Alex", '*I take the towel.* "The story, and then the pie."'),
    ChatEntry("aside", EntryKind.CHARACTER, "Corwen", "“橋はもうない,” *he says in Japanese, smiling.*", hidden=True),
    ChatEntry(
        "code",
        EntryKind.CHARACTER,
        "Bess",
        '"Like so:"\n\n```py\ndef pie(slices):\n    return slices * 3\n```\n\nand `pie(2)` it is. *She laughs and',
        reasoning="Pie, then, and the bridge after it.",
        swipes=3,
        interrupted=True,
        selected=True,
    ),
    ChatEntry("note", EntryKind.NOTE, text="This is the 94 MB starter model. /connect shows what fits this machine."),
    ChatEntry("next", EntryKind.CHARACTER, "Bess", reasoning="Hm.", reasoning_tokens=212, thinking=True),
    ChatEntry(
        "down",
        EntryKind.PROBLEM,
        text="rig:5001 does not answer (connection refused). Your message is saved. Enter tries again · c other engine",
    ),
]
