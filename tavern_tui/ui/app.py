"""``TavernApp``: the full-screen program: which screen is shown, what every key goes through first, and how it ends.

The terminal may stall or vanish; a reply that is being written then runs to its end, is saved, and the program leaves.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Callable, Coroutine, Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from textual import events, work
from textual.constants import DEFAULT_THEME
from textual.reactive import Reactive
from textual.worker import Worker, WorkerFailed

from tavern_tui.config.keymap import load_keymap
from tavern_tui.domain.errors import StorageError, TavernError
from tavern_tui.session.hanging_up import HangUp
from tavern_tui.session.opening import Watch, Wishes, open_session
from tavern_tui.session.session import ChatSession
from tavern_tui.session.setting_problems import setting_problems
from tavern_tui.session.workspace import Workspace
from tavern_tui.ui.chat.incognito import LOST_ON_QUIT, loses_something, may_leave, show_title
from tavern_tui.ui.chat.opening import away_notes, begin_at_home, notes_of, tell_read_only, where_left
from tavern_tui.ui.chat.refusing import refuse
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.chatlog.view import Follow
from tavern_tui.ui.keyed import POPUP, VERTICAL, KeyedScreen, leave_at_once, put_away, takes_paste, until_there
from tavern_tui.ui.last_look import LastLook
from tavern_tui.ui.screens.chat import ChatScreen
from tavern_tui.ui.story.opening import show_if_story
from tavern_tui.ui.terminal import termux
from tavern_tui.ui.terminal.diff import PaintingApp
from tavern_tui.ui.terminal.driver import TerminalDriver
from tavern_tui.ui.terminal.profile import LOCAL, Profile
from tavern_tui.ui.themes import ROLE_CSS, begin_with_theme, depth_of

if TYPE_CHECKING:
    from tavern_tui.ui.popups import Popup

HORIZONTAL: list[tuple[int, str]] = [(0, "-phone"), (60, "-narrow"), (100, "-wide")]
"""Columns from which the layout classes hold (``docs/architecture.md`` §3.6)."""

TWICE_SECONDS = 2.0
"""How long ctrl+c waits for its second press."""


class Opener(Protocol):
    """Makes the session of a chat: ``session.opening.open_session``."""

    def __call__(self, workspace: Workspace, wishes: Wishes, *, watch: Watch) -> ChatSession:
        """A session on the chat that was wished for. Blocks; raises ``TavernError``."""


class TavernApp(PaintingApp[int], inherit_bindings=False):
    """The program on ``workspace``, opened as ``wishes`` say; its result is the exit code.

    ``profile`` is what suits the terminal; ``first_run``: ask what a first start asks; ``keep`` runs from when a chat
    is open to the end, and may set ``chat_written``, which is told whose file has grown. ``shows_private``: lists show
    what is marked private.
    """

    CSS = ROLE_CSS
    theme = Reactive(DEFAULT_THEME, init=False)  # chosen before the start: nothing is styled twice
    ENABLE_COMMAND_PALETTE = False
    HORIZONTAL_BREAKPOINTS = HORIZONTAL
    VERTICAL_BREAKPOINTS = VERTICAL

    def __init__(
        self,
        workspace: Workspace,
        wishes: Wishes,
        *,
        glyphs: Glyphs = UNICODE_GLYPHS,
        profile: Profile = LOCAL,
        first_run: bool = False,
        opener: Opener = open_session,
        clock: Callable[[], float] = time.monotonic,
        keep: Callable[[TavernApp], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        super().__init__(driver_class=TerminalDriver)
        self._filters.append(LastLook())
        self.animation_level = "none"  # nothing glides, on any terminal; nor does anything blink
        self.workspace = workspace
        self.wishes = wishes
        self.glyphs = glyphs
        self.depth = depth_of(self.console.color_system, os.environ)
        self.theme_name = workspace.settings.ui.theme
        self.profile = profile
        self.profile_wanted = ""
        self._first_run = first_run
        self._keep = keep
        self.chat_written: Callable[[Path], None] = lambda _path: None
        self._opener = opener
        self._clock = clock
        self._loaded_keys = load_keymap(workspace.directories, profile.keys)
        self._asked_to_quit = float("-inf")
        self._waited_for: frozenset[Worker[Any]] = frozenset()
        problems = begin_with_theme(self, workspace.directories, self.theme_name, self.depth)
        self._notes = list(map(str, (*setting_problems(workspace), *self._loaded_keys.problems, *problems)))
        self.leaving = False
        self.shows_private = False
        self._hang_up: HangUp | None = None
        self.bug: BaseException | None = None
        self.chat = self._new_screen()

    def get_default_screen(self) -> ChatScreen:
        """An empty chat, at once: the first screen, so that no other is put together and styled below it."""
        self.chat._push_result_callback(self, None)  # as ``push_screen`` does; leaving the screen takes it off again
        for cells, table in zip(self.size, (HORIZONTAL, VERTICAL), strict=True):
            self.chat.add_class(*self.chat._get_breakpoint_classes(cells, table), update=False)
        return self.chat

    def on_mount(self) -> None:
        """Fill the chat."""
        self.paint_differences(self.profile.diff, scrolls=self.profile.scrolls)
        show_title(self)
        self._begin()

    async def on_event(self, event: events.Event) -> None:
        """Keys and pastes go through the chat's table first, in their order; the rest goes on to the widgets."""
        if isinstance(event, events.Key | events.Paste) and not event.is_forwarded:
            self._waited_for = await until_there(self, self._waited_for)
            if isinstance(event, events.Key) and await self._take_key(event):
                return
            if isinstance(event, events.Paste) and self.screen is self.chat and self.chat.keys.paste(event.text):
                return
            if isinstance(event, events.Paste) and takes_paste(self.screen, event.text):
                return
        await super().on_event(event)

    async def _take_key(self, event: events.Key) -> bool:
        if self.screen is self.chat:
            return await self.chat.keys.take(event)
        if isinstance(self.screen, KeyedScreen) and await self.screen.take_key(event):
            return True
        if event.key == "ctrl+c":
            await self.quit_on_second_press()
            return True
        if event.key == "ctrl+l":
            self.repaint()
            return True
        if not event.is_printable:
            return await self._check_bindings(event.key)
        from textual.widgets import Input

        if isinstance(self.focused, Input) and event.character is not None:
            # At once, as bindings are run: a ctrl+u before it in the same read must not come after it.
            self.focused.replace(event.character, *self.focused.selection)
            return True
        # A key that opens a line to type into does so before the letters that came with it are looked at.
        takes_letters = self.focused is not None or hasattr(self.screen, "on_key")
        return not takes_letters and await self._check_bindings(event.key)

    @work(group="opening", exclusive=True)
    async def _begin(self) -> None:
        """Ask what a first start asks, then open a chat."""
        if self._first_run:
            try:
                from tavern_tui.ui.popups import first_run

                self.wishes = await first_run(self)
            except TavernError as error:
                self.chat.could_not_open(error)
                return
        wishes, then = await begin_at_home(self)
        await self._open(wishes)
        self.chat.keys.opened()
        if then:
            await self.chat.run_typed(*then.split(maxsplit=1))
        if self._keep is not None:
            self.run_worker(self._keep(self), group="keeping")

    @work(group="opening", exclusive=True)
    async def open_chat(
        self, wishes: Wishes, *, once_left: Callable[[], Coroutine[Any, Any, Wishes]] | None = None
    ) -> None:
        """Leave this chat for another. ``once_left`` runs in between and says what to open instead of ``wishes``."""
        if not await may_leave(self):
            return
        await self._close_chat(ended=True)
        if once_left is not None:
            wishes = await once_left()
        self.chat = self._new_screen()
        await self.switch_screen(self.chat)
        await self._open(wishes)
        self.chat.keys.opened()

    async def _close_chat(self, *, ended: bool) -> None:
        """Write down where the chat was left, and let its engine go. ``ended``: the user wanted it."""
        await put_away(self)
        if self.chat.whereabouts is not None:
            await self.chat.whereabouts.close(ended=ended)
        if self.chat.session is not None:
            await self.chat.session.connection.engine.close()

    def _new_screen(self) -> ChatScreen:
        asks = self.workspace.settings.ui.confirm != "never"
        screen = ChatScreen(self._loaded_keys.keymap, glyphs=self.glyphs, asks=asks, clock=self._clock)
        screen.mirror.log.follow = Follow(self.workspace.settings.ui.follow)
        return screen

    async def _open(self, wishes: Wishes) -> None:
        screen = self.chat
        try:
            if not (wishes.character or wishes.chat or wishes.incognito):
                wishes = await where_left(self.workspace, wishes)
            session = await asyncio.to_thread(self._opener, self.workspace, wishes, watch=screen.engine_event)
            notes = await self._opened(session)
        except TavernError as error:
            screen.could_not_open(error)
            return
        try:
            place = await screen.fill(session)
            notes += away_notes(screen, place)
        except StorageError as error:
            notes.append(str(error))
        for note in notes:
            screen.mirror.note(note)
        tell_read_only(screen)
        await show_if_story(self)

    async def _opened(self, session: ChatSession) -> list[str]:
        """What is to be said about the chat that was opened, and once about files that were not taken as they are."""
        session.options = replace(session.options, updates_per_second=self.profile.updates_per_second)
        await session.open()
        notes, self._notes = [*self._notes, *notes_of(session)], []
        return notes

    def repaint(self) -> None:
        """Draw the screen from nothing."""
        if self._driver is not None:
            self._driver.write("\x1b[2J")
        self.refresh(layout=True)

    def use_mouse(self, wanted: bool) -> None:
        """Take the mouse, or leave it to the terminal."""
        if isinstance(self._driver, TerminalDriver):
            self._driver.use_mouse(wanted)

    async def quit_on_second_press(self) -> None:
        """Leave where this was asked for a moment ago; else say that it takes a second press."""
        now = self._clock()
        if now - self._asked_to_quit <= TWICE_SECONDS:
            await self.leave()
            return
        self._asked_to_quit = now
        text = LOST_ON_QUIT if loses_something(self) else "Press ctrl+c again to quit"
        if self.screen is self.chat:
            self.chat.hint(text, seconds=TWICE_SECONDS)
        else:
            self.notify(text, timeout=TWICE_SECONDS, markup=False)

    async def leave(self) -> None:
        """End the program, once a reply that is being written here is saved."""
        self.leaving = True
        if not self.chat.replying:
            await self._end()

    def reply_begins(self) -> None:
        """A reply is about to be made."""
        if self.profile.termux:
            self.run_worker(termux.reply_begins(), group="termux")

    async def reply_ended(self) -> None:
        """A reply is saved: the program ends if that was what it waited for."""
        if self.chat.open_session.log.kept:
            self.chat_written(self.chat.open_session.log.path)
        if self.profile.termux:
            self.run_worker(termux.reply_ended(self), group="termux")
        else:
            from tavern_tui.ui.terminal.attention import ring

            self.run_worker(partial(ring, self), group="bell")  # type: ignore[arg-type]
        if self._hang_up is not None:
            self._hang_up.reply_ended()
        elif self.leaving:
            await self._end()

    async def _end(self) -> None:
        await self._close_chat(ended=True)
        self.exit(0)

    def on_terminal_gone(self) -> None:
        """The terminal hung up: what is being written in the composer is kept, a running reply goes on to its end."""
        self.leaving = True
        if self.chat.whereabouts is not None:
            self.chat.whereabouts.hang_up()
        self._hang_up = HangUp(
            stop=self.chat.stop_here,
            leave=partial(leave_at_once, self),
            later=asyncio.get_running_loop().call_later,
        )
        self._hang_up.hung_up(busy=self.chat.replying)

    async def on_end_requested(self) -> None:
        """SIGTERM: keep what there is of a running reply, and leave."""
        self.chat.stop_here()
        await self.leave()

    @work(group=POPUP, exclusive=True)
    async def show(self, popup: Popup) -> None:
        """Show something over the chat, and do what is answered there."""
        try:
            await popup(self)
        except TavernError as error:
            refuse(self.chat, error)
        self.chat.show_state()

    def reload(self) -> None:
        """Take up the settings as they are on disk now."""
        self.workspace = Workspace.open(safe=self.workspace.safe, dirs=self.workspace.directories)

    def say_later(self, notes: Iterable[str]) -> None:
        """Say ``notes`` below the chat that is opened next."""
        self._notes += notes

    def _handle_exception(self, error: Exception) -> None:
        """A fault of ours ends the program; what is said about it is said when the terminal is given back."""
        if self.bug is None:
            self.bug = error.error if isinstance(error, WorkerFailed) else error
        super()._handle_exception(error)

    def _fatal_error(self) -> None:
        """Textual would print a traceback with local variables, which hold the user's texts."""
        self._close_messages_no_wait()
