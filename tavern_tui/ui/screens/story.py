"""``StoryScreen``: a story on screen: its text, what the model reads of it, a line to ask in, and a row of keys.

It lies over the chat that the story is, and goes with it. What keys and commands do is in ``ui/story/actions``, how a
passage is written in ``ui/story/writing``.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.content import Content
from textual.events import Key
from textual.timer import Timer
from textual.widgets import Static

from tavern_tui.config.action import Where
from tavern_tui.config.themes import Depth
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.story.story import REST_SECONDS, StorySession
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.compositor import RowCompositor
from tavern_tui.ui.keyed import KeyedScreen
from tavern_tui.ui.story.actions import act, name_this
from tavern_tui.ui.story.ask import AskLine
from tavern_tui.ui.story.counts import Counts
from tavern_tui.ui.story.finding import Finding
from tavern_tui.ui.story.keys import knows
from tavern_tui.ui.story.panel import Panel
from tavern_tui.ui.story.reading import Reading, strip_text
from tavern_tui.ui.story.shelf import Shelf
from tavern_tui.ui.story.view import StoryView
from tavern_tui.ui.story.writing import Writing
from tavern_tui.ui.terminal.gestures import keys_meant
from tavern_tui.ui.widgets.keybar import PHONE_COLUMNS, KeyBar
from tavern_tui.ui.widgets.rows import plain
from tavern_tui.ui.widgets.status import Status, StatusLine, status_has_room

if TYPE_CHECKING:
    from tavern_tui.config.keymap import Keymap
    from tavern_tui.ui.app import TavernApp
    from tavern_tui.ui.screens.chat import ChatScreen


class StoryScreen(KeyedScreen, inherit_bindings=False):
    """``story``, over ``chat``, whose engine and status it has."""

    DEFAULT_CSS = """
    StoryScreen {
        layout: vertical;
        background: $background;
        & #note { display: none; height: auto; max-height: 4; padding: 0 2; background: $surface; }
        & #note.-told { display: block; }
        & #read { display: none; height: 1; padding: 0 2; color: $text-muted; text-wrap: nowrap; }
        & #read.-known { display: block; }
        &.-choosing KeyBar, &.-choosing #read.-known { display: none; }
        &.-short KeyBar, &.-short #read.-known { display: none; }
        &.-focus StatusLine, &.-focus KeyBar, &.-focus #read.-known { display: none; }
    }
    """

    def __init__(self, chat: ChatScreen, story: StorySession, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__()
        self._compositor = RowCompositor()
        self.chat = chat
        self.story = story
        self.glyphs = glyphs
        self.view = StoryView(glyphs=glyphs, id="story")
        self.panel = Panel(glyphs=glyphs, id="panel")
        self.ask = AskLine(self._asked, glyphs=glyphs, id="ask")
        self.finding = Finding(self.view.editor)
        self.counts = Counts(self.view.editor)
        self.reading = Reading(self)
        self.shelf = Shelf(story, self.counts)
        self.writing = Writing(self)
        self._status = StatusLine(glyphs=glyphs, id="status")
        self._keybar = KeyBar(chat.keymap, glyphs=glyphs, id="keys")
        self._rest: Timer | None = None
        self._told = self._read = ""

    def compose(self) -> ComposeResult:
        """The parts, from top to bottom."""
        yield self._status
        yield self.view
        yield self.panel
        yield Static(id="read")
        yield Static(id="note")
        yield self.ask
        yield self._keybar

    def on_mount(self) -> None:
        """Show the story where it was left, and what the chat tells of its engine."""
        self.view.set_class(self.tavern.depth is Depth.NONE, "-colourless")
        self.view.load(self.story.runs())
        if self.chat.whereabouts is not None:
            self.shelf.come_back(self.view.editor, self.chat.whereabouts)
        self.view.editor.on_edit = self._edited
        self.story.on_change = self.writing.changed
        self.chat.progress.echo = self.show_status
        self.chat.mirror.echo = partial(_noted, self)
        if self.chat.others is not None:
            self.chat.others.on_change = self.writing.changed_elsewhere
        self.view.focus()
        self.shelf.begin()
        self.show_state()

    def on_resize(self) -> None:
        """Say everything anew for the width that there is now."""
        self.show_state()

    @property
    def tavern(self) -> TavernApp:
        """The app, as what it is."""
        return self.chat.tavern

    @property
    def keymap(self) -> Keymap:
        """The keys in force."""
        return self.chat.keymap

    def holding(self) -> frozenset[Where]:
        """The places of the registry that hold now."""
        return frozenset({Where.STORY, Where.REPLYING} if self.writing.running else {Where.STORY})

    async def take_key(self, event: Key) -> bool:
        """Do what a key means: in the line that asks, in a panel, in the table of keys, or else in the text."""
        if self.ask.is_open or self.panel.choice is not None:
            return await self._answer(event)
        pressed = [event]
        known = self.keymap.action_for(event.key, self.holding()) is not None or knows(event.key)
        if event.key.startswith("alt+") and not known:
            meant = keys_meant(event.key, composer_empty=True, text_selected=False)
            pressed = [Key(press.key, press.character) for press in meant]
        for key in pressed:
            await self._press(key)
        return True

    def take_paste(self, text: str) -> bool:
        """What is pasted is text, unless something is asked just now."""
        if self.ask.is_open:
            return False
        if self.panel.choice is None:
            self.view.paste(text)
        return True

    async def put_away(self) -> None:
        """Save what is not saved yet; the chat's status is no longer shown here."""
        self.chat.progress.echo = lambda _status: None
        self.chat.mirror.echo = lambda _said: None
        self.writing.stop()
        await self.story.close()
        await self.shelf.keep_counts()

    def say(self, text: str) -> None:
        """Say something about this moment in the status line; what is too long for it stays until the next key, too."""
        self.chat.hint(text)
        if not status_has_room(text, self.size.width):
            self.tell(text)

    def tell(self, text: str) -> None:
        """Say something that is to be read whole, until the next key; "" takes it away."""
        if text != self._told:
            self._told = text
            note = self.query_one("#note", Static)
            note.update(Content(plain(text, self.glyphs)))
            note.set_class(bool(text), "-told")

    def refuse(self, error: TavernError) -> None:
        """Say what could not be done."""
        self.tell(str(error))

    def show_status(self, status: Status) -> None:
        """Show what the chat tells of its engine, with what is to be said of the story."""
        told = replace(status, character=self.story.tree.title, chat=self.counts.told(), context_used=None, engine="")
        self.reading.look()
        self._status.show(replace(told, model="", advice="") if self.size.width < PHONE_COLUMNS else told)

    def show_state(self) -> None:
        """Show counts, what is read, and the keys that hold."""
        self.show_status(self.chat.progress.status)
        self.view.read_only = self.writing.running or self.story.chat.log.read_only is not None
        self.show_reading()
        titles = {"story.write": "", "story.again": ""} if self.writing.running else {}
        self._keybar.show({Where.POPUP} if self.ask.is_open else self.holding(), titles)

    def show_reading(self) -> None:
        """Show what the model reads, and where that begins."""
        self.view.mark_context(self.reading.read_from)
        told = plain(strip_text(self.reading.told, self.size.width - 4), self.glyphs)
        if told != self._read:
            self._read = told
            line = self.query_one("#read", Static)
            line.set_class(bool(told), "-known")
            line.update(Content(told))

    def _edited(self, start: int, end: int, text: str) -> None:
        """Somebody typed: the story knows at once, the disk after a rest."""
        self.story.edit(start, end, text)
        if self._rest is None:
            self._rest = self.set_timer(REST_SECONDS, self._rested)
        else:
            self._rest.reset()

    @on(StoryView.Moved)
    def _moved(self, message: StoryView.Moved) -> None:
        if self.chat.whereabouts is not None:
            self.chat.whereabouts.keep()
        if message.changed or self.view.editor.anchor is not None:
            self.show_status(self.chat.progress.status)

    @on(KeyBar.Tapped)
    async def _tapped(self, message: KeyBar.Tapped) -> None:
        if self.ask.is_open:
            self.ask.close()
            self.show_state()
        else:
            await act(self, message.action)

    async def _answer(self, event: Key) -> bool:
        """A key while something is asked or chosen; what is not its business is the field's."""
        self.tell("")
        taken = True
        try:
            if self.ask.is_open:
                taken = await self.ask.press(event.key)
            else:
                await self.panel.press(event.key)
        except TavernError as error:
            self.refuse(error)
        if taken:
            self.show_state()
        return taken

    def _asked(self) -> None:
        """Nothing is asked any more."""
        self.finding.clear()
        self.view.highlight()
        self.view.focus()

    async def _press(self, event: Key) -> None:
        self.tell("")
        if event.key == "ctrl+s":
            await name_this(self)
            return
        action = self.keymap.action_for(event.key, self.holding())
        if action is not None:
            await act(self, action.id)
        elif event.key == "escape":
            self._escape()
        elif not self.view.press(event.key, event.character, printable=event.is_printable):
            self.say_why_not()

    def say_why_not(self) -> None:
        """Say why nothing can be typed now, where that is so."""
        read_only = self.story.chat.log.read_only
        if self.writing.running:
            self.say("A passage is being written · Esc stops it")
        elif read_only is not None:
            self.refuse(read_only)

    def _escape(self) -> None:
        """Let go of what is selected or found, else show everything again."""
        if self.view.editor.anchor is None:
            self.remove_class("-focus")
        self.view.editor.unselect()
        self.view.highlight()
        self.view.after()

    async def _rested(self) -> None:
        self._rest = None
        try:
            await self.story.save()
        except TavernError as error:
            self.refuse(error)
        self.reading.look(anew=True)


def _noted(screen: StoryScreen, text: str) -> None:
    """Show what the program says below the chat."""
    screen.say(text)
