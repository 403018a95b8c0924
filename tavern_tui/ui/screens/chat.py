"""``ChatScreen``: one chat: the log, the composer, a line that says what goes on, and a row of keys.

It owns the session and puts the parts of ``ui/chat`` together; what keys and commands do is in ``ui/chat/actions``.
"""

from __future__ import annotations

import os
import time
from collections.abc import AsyncGenerator, Callable
from functools import partial
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.events import Resize

from tavern_tui.config.actions import BY_ID
from tavern_tui.config.keymap import Keymap
from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.events import Speaker
from tavern_tui.session.coming_back import Place
from tavern_tui.session.events import EngineWaiting, Notice, SessionEvent
from tavern_tui.session.session import ChatSession, load_reply_making
from tavern_tui.ui.chat.actions import RUNNABLE, load_actions, run, run_typed
from tavern_tui.ui.chat.adventure import Adventuring
from tavern_tui.ui.chat.dropped import DropTarget
from tavern_tui.ui.chat.editing import TurnEditor
from tavern_tui.ui.chat.engine_watch import EngineWatch
from tavern_tui.ui.chat.finding import Finding
from tavern_tui.ui.chat.hints import HINT_SECONDS, Hints
from tavern_tui.ui.chat.incognito import show_title
from tavern_tui.ui.chat.keys import Keys
from tavern_tui.ui.chat.marking import Marking
from tavern_tui.ui.chat.mirror import Mirror
from tavern_tui.ui.chat.others import Others
from tavern_tui.ui.chat.outbox import Outbox
from tavern_tui.ui.chat.problems import OTHER_CHAT, Problems, offers_for
from tavern_tui.ui.chat.progress import CostAhead, Progress
from tavern_tui.ui.chat.refusing import refused_while_busy
from tavern_tui.ui.chat.replies import Replies
from tavern_tui.ui.chat.selection import Selection
from tavern_tui.ui.chat.whereabouts import Whereabouts
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs, Part
from tavern_tui.ui.chatlog.view import ChatLog, reading_measure
from tavern_tui.ui.composer.folds import FOLD_MARK
from tavern_tui.ui.composer.widget import Composer
from tavern_tui.ui.compositor import RowCompositor
from tavern_tui.ui.slash import COMMANDS
from tavern_tui.ui.story.opening import is_story
from tavern_tui.ui.widgets.keybar import KeyBar
from tavern_tui.ui.widgets.status import StatusLine, Waiting

if TYPE_CHECKING:
    from tavern_tui.ui.app import TavernApp
    from tavern_tui.ui.chat.group_view import GroupView

PORTRAIT_COLUMNS = 110
"""Narrower windows have no margin in which a portrait would stand."""

_ONLY_THOUGHT = "It had only thought · /continue thinks on · /answer answers"
"""What is said of a reply that was stopped before its first word."""

COMMAND_TITLES = [(name, BY_ID[action].title) for name, action in COMMANDS.items() if action in RUNNABLE]
"""What can be typed after a slash, and what it is called."""


class ChatScreen(Marking, DropTarget, inherit_bindings=False):
    """A chat that ``fill`` fills once its session is there. ``asks``: whether taking something away asks first.

    ``replying`` says whether a reply is being made here, ``own_writer`` that who writes was chosen for this chat alone
    since it was opened, so that a server named at the start counts no more; ``opening`` that the chat is not there yet.
    """

    DEFAULT_CSS = """
    ChatScreen {
        layout: vertical;
        layers: default above;
        background: $background;
        &.-short KeyBar { display: none; }
        &.-beneath > * { visibility: hidden; }
    }
    """
    AUTO_FOCUS = "Composer"

    def __init__(
        self,
        keymap: Keymap,
        *,
        glyphs: Glyphs = UNICODE_GLYPHS,
        asks: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__()
        self._compositor = RowCompositor()
        self.keymap = keymap
        self.asks = asks
        self.now = clock
        self.session: ChatSession | None = None
        self.opening = True
        self.others: Others | None = None
        self.whereabouts: Whereabouts | None = None
        self.group_view: GroupView | None = None
        self._replies: Replies | None = None
        self._engine: EngineWatch | None = None
        self.replying = False
        self.own_writer = False
        self.mirror = Mirror(ChatLog(glyphs=glyphs, id="log"))
        self.composer = Composer(commands=COMMAND_TITLES, fold_mark=FOLD_MARK if glyphs is UNICODE_GLYPHS else "+")
        self.selection = Selection(self.mirror, self.composer, glyphs=glyphs)
        self.finding = Finding(self)
        self.editor = TurnEditor(self.composer)
        self.problems = Problems(self.mirror)
        self.hints = Hints(self)
        self.outbox = Outbox(self)
        self.adventuring = Adventuring(self)
        self.keys = Keys(self, clock=clock)
        self.cost_ahead = CostAhead(self)
        self._status = StatusLine(glyphs=glyphs, id="status")
        self._keybar = KeyBar(keymap, glyphs=glyphs, id="keys")
        self.progress = Progress(
            self._status,
            on_started=self.outbox.stored,
            on_failed=lambda error, kept: self.problems.show(error, offers_for(error, kept=kept)),
            on_ended=self._reply_ended,
        )

    def compose(self) -> ComposeResult:
        """The parts, from top to bottom."""
        yield self._status
        yield self.mirror.log
        yield self.composer
        yield self._keybar

    def on_mount(self) -> None:
        """Be ready to type in before the chat is there."""
        self.watch(self.mirror.log, "scroll_y", self._moved, init=False)
        self.show_state()

    def on_resize(self, event: Resize) -> None:
        """Let what is written begin where what is read begins."""
        left, measure = reading_measure(event.size.width - self.mirror.log.styles.scrollbar_size_vertical)
        self.composer.styles.padding = (0, max(1, event.size.width - left - measure - 1), 0, left)
        self.run_worker(partial(terminal_changed, self), group="opening", exclusive=True)  # type: ignore[arg-type]

    @property
    def tavern(self) -> TavernApp:
        """The app, as what it is."""
        from tavern_tui.ui.app import TavernApp

        assert isinstance(self.app, TavernApp)
        return self.app

    @property
    def open_session(self) -> ChatSession:
        """The session. Raises ``TavernError`` while the chat is still being opened, or where it could not be."""
        if self.session is None:
            raise TavernError("No chat is open yet.", hint="/characters lists them.")
        return self.session

    @property
    def busy(self) -> bool:
        """Whether a reply is being made, here or in another terminal."""
        return self.replying or (self.others is not None and self.others.writing)

    async def fill(self, session: ChatSession) -> Place:
        """Show the chat of ``session``, which is open, where it was left; look for its engine and follow it.

        Raises ``StorageError`` where the place cannot be kept; the chat is shown all the same.
        """
        self.session = session
        self._replies = Replies(session, self.mirror, self.progress, clock=self.now)
        self._engine = EngineWatch(
            session,
            self.tavern.workspace.directories,
            mirror=self.mirror,
            progress=self.progress,
            problems=self.problems,
        )
        self.others = Others(session, self.mirror, self.progress, on_state=self.show_state)
        self.whereabouts = Whereabouts(self)
        self.watch(self.mirror.log, "scroll_y", self.whereabouts.moved, init=False)
        tree = session.tree
        if is_story(session):
            self.keys.for_story()
        self.mirror.display = session.display
        self.mirror.load(tree)
        self.composer.set_sent([turn.text for turn in tree.path() if turn.speaker is Speaker.USER])
        self.composer.count_tokens = partial(count_with, session)
        self.composer.macros = macros
        self.composer.names = names_in(session)
        name = session.character.name
        self.composer.placeholder = f"Message {name}" if session.no_card is None else f"{name} has no card: read only"
        self.progress.names(session.character.name, tree.title)
        if session.group is not None:
            from tavern_tui.ui.chat.group_actions import meet_group

            meet_group(self)
        self.progress.tell(incognito=not session.log.kept)
        show_title(self.tavern)
        self.call_after_refresh(self._get_ready)
        self.run_worker(self.others.run(), group="others", exclusive=True)
        self.run_worker(partial(terminal_changed, self), group="opening", exclusive=True)  # type: ignore[arg-type]
        self.run_worker(self.mirror.show_rest(tree), group="display", exclusive=True)
        if len(tree.path()) == 1:
            # A greeting is read from its beginning.
            self.call_after_refresh(self.mirror.log.show_entry, tree.tip, 0)
        try:
            return await self.whereabouts.restore(session)
        finally:
            self.show_state()

    def _get_ready(self) -> None:
        """The chat is on screen: look for its engine, and have at hand what keys do and what makes a reply."""
        self.look_for_engine()
        self.run_worker(load_hands, group="loading", thread=True)
        self.run_worker(partial(show_oldest_read, self), group="oldest", exclusive=True)  # type: ignore[arg-type]

    def could_not_open(self, error: TavernError) -> None:
        """Say why there is no chat, and what to do."""
        self.progress.idle()
        self.problems.show(error, (OTHER_CHAT,))
        self.keys.opened()

    def engine_event(self, event: SessionEvent) -> None:
        """What the engine tells while it is connected."""
        if isinstance(event, EngineWaiting):
            self.progress.of_engine(Waiting(event.why, event.fraction))
        elif isinstance(event, Notice):
            self.mirror.note(event.text)

    def look_for_engine(self) -> None:
        """Connect to the engine beside everything else, as often as it takes."""
        if self._engine is not None:
            self.run_worker(self._engine.run(), group="engine", exclusive=True)

    def start(self, stream: AsyncGenerator[SessionEvent, None], *, beside: str = "") -> None:
        """Show the reply that ``stream`` makes; where one is being made already, say so instead."""
        if refused_while_busy(self):
            return
        if self._replies is None or self.others is None:
            raise TavernError("The chat is still being opened.")
        self.replying = True
        self.hint("")
        self.problems.clear()
        self.selection.leave()
        self.mirror.log.follow_end()
        self.tavern.reply_begins()
        self.app.run_worker(self._replies.run(self.others.in_turn(stream), beside=beside), group="reply")
        self.show_state()

    async def stop_reply(self) -> None:
        """Stop the reply that is being made, here or in another terminal, and keep its text."""
        self.stop_here()
        if self.others is not None and self.others.writing:
            await self.others.follower.stop()

    def stop_here(self) -> None:
        """Stop the reply that is being made here, if there is one, and keep its text."""
        if self.session is not None:
            self.session.stop()

    def take_back(self) -> bool:
        """Esc: take back what waits to be sent, or leave an edit; whether there was either."""
        if self.outbox.take_back():
            return True
        if not self.editor.turn:
            return False
        self.hint("Left · e on it goes on with your text" if self.editor.leave() else "Left as it was")
        return True

    def hint(self, text: str, *, lasting: bool = False, seconds: float = HINT_SECONDS) -> None:
        """Say something about this moment, as ``Hints.say`` does."""
        self.hints.say(text, lasting=lasting, seconds=seconds)

    def show_state(self) -> None:
        """Show the keys that hold now."""
        if self.whereabouts is not None:
            self.whereabouts.moved()
        self.hints.renew()
        self.adventuring.show()
        self.cost_ahead.look()
        if self.group_view is not None:
            self.group_view.show()
        titles = {"composer.send": "Save"} if self.editor.turn else {}
        if self.session is None or not self.session.tree.tip:
            titles |= dict.fromkeys(("reply.swipe", "turn.select", "reply.regenerate"), "")
        titles |= self.adventuring.titles
        self._keybar.show(self.keys.holding(), titles)

    async def run_typed(self, action: str, argument: str = "") -> None:
        """Do what was typed or chosen by name."""
        await run_typed(self, action, argument)

    def renew(self) -> None:
        """Show what undo or redo made of the chat."""
        self.mirror.keep_up(self.open_session.tree, self.open_session.changes.touched())
        self.cost_ahead.look(anew=True)
        self.selection.renew()

    @on(Composer.DraftChanged)
    def _moved(self) -> None:
        if self.whereabouts is not None:
            self.whereabouts.keep()

    @on(Composer.Changed)
    def _typed(self) -> None:
        self.show_state()

    @on(KeyBar.Tapped)
    async def _tapped(self, event: KeyBar.Tapped) -> None:
        await run(self, event.action)

    @on(ChatLog.Clicked)
    def _clicked(self, event: ChatLog.Clicked) -> None:
        if event.part in (Part.FOLD, Part.REASONING):
            self.mirror.unfold(event.entry_id)
        else:
            self.selection.select(event.entry_id)
        self.show_state()

    async def _reply_ended(self) -> None:
        self.replying = False
        self.selection.renew()  # the reply has the id of its turn now
        self.progress.names(self.open_session.character.name, self.open_session.tree.title)
        show_title(self.tavern)
        stopped = self.open_session.unsaid is not None and self.problems.shown is None
        self.hint(_ONLY_THOUGHT if stopped else "")
        if self.group_view is not None:
            self.group_view.reply_ended()
        self.outbox.reply_ended(leaving=self.tavern.leaving)
        self.run_worker(partial(show_oldest_read, self), group="oldest", exclusive=True)  # type: ignore[arg-type]
        self.cost_ahead.look(anew=True)
        self.show_state()
        self.adventuring.reply_ended()
        if self._engine is not None:
            await self._engine.renew()
        await self.tavern.reply_ended()


def load_hands() -> None:
    """Load what the first key and the first reply would else wait for."""
    load_actions()
    load_reply_making()


async def show_oldest_read(screen: ChatScreen) -> None:
    """Show where the part of the chat begins that the last prompt had room for."""
    screen.mirror.reads_from(await screen.open_session.oldest_read())


def names_in(session: ChatSession) -> list[str]:
    """Who may be spoken of: the character, the user, and whoever has said something."""
    said = (turn.name for turn in session.tree.path() if turn.name and turn.speaker is not Speaker.NARRATOR)
    return list(dict.fromkeys((session.character.name, session.persona.name, *said)))


def macros() -> list[tuple[str, str]]:
    """The macros that can be typed, and what each becomes."""
    from tavern_tui.session.macro_names import macro_names

    return macro_names()


async def terminal_changed(screen: ChatScreen) -> None:
    """Suit the app to the terminal that has another size now: through tmux or a network it may be another terminal."""
    app = screen.tavern
    if not app.is_headless and (app.profile.diff or os.environ.get("TMUX")):
        from tavern_tui.ui.terminal.following import look_again

        await look_again(app)
    if app.size.width >= PORTRAIT_COLUMNS:
        from tavern_tui.ui.chat.portrait import show_portrait

        await show_portrait(screen)


async def count_with(session: ChatSession, text: str) -> int:
    """Tokens of ``text`` as the engine that writes now counts them. Raises ``EngineError``."""
    return await session.connection.count(text)
