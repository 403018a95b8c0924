"""``Adventuring``: an adventure on the chat screen: the kind of what is typed, suggested actions, rolling again.

It does nothing in any other chat. What a kind makes of a line is ``session.modes.kinds``'.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from typing import TYPE_CHECKING, Final

from textual.content import Content
from textual.events import Click
from textual.widgets import Static

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import NotFoundError, TavernError
from tavern_tui.domain.events import Speaker
from tavern_tui.session.modes.choosing import ADVENTURE, name_of
from tavern_tui.ui.chat.refusing import refuse, refused_while_busy
from tavern_tui.ui.composer.widget import Composer

if TYPE_CHECKING:
    from tavern_tui.domain.chat import Turn
    from tavern_tui.session.events import SessionEvent
    from tavern_tui.session.modes.kinds import Kind
    from tavern_tui.session.session import ChatSession
    from tavern_tui.ui.screens.chat import ChatScreen

COMMANDS: Final = ("do", "say", "story", "roll", "ooc")
"""The kinds, by their commands, in the order in which they come round."""

_COMMAND = re.compile(rf"/({'|'.join(COMMANDS)})(\s.*)?\Z", re.DOTALL | re.IGNORECASE)
_ASKED = ("What do you do?", "What do you say?", "What happens?", "What do you try?", "A word to the narrator")


class Suggested(Static):
    """The suggested actions, a line each with its digit. ``taken`` is given the digit of one that is tapped on."""

    SCOPED_CSS = False
    DEFAULT_CSS = """
    Suggested { height: auto; max-height: 6; padding: 0 1; color: $text-muted; text-wrap: nowrap; }
    Suggested { text-overflow: ellipsis; }
    """

    def __init__(self, taken: Callable[[str], object]) -> None:
        super().__init__(markup=False)
        self._taken = taken

    def on_resize(self) -> None:
        """Begin where the composer's text does."""
        self.styles.padding = (0, 1, 0, self.screen.query_one(Composer).styles.padding.left)

    def on_click(self, event: Click) -> None:
        """Take the one that was tapped on."""
        event.stop()
        self._taken(str(event.y + 1))

    def tell(self, actions: tuple[str, ...]) -> None:
        """Show ``actions``."""
        self.update(Content("\n".join(f"{at} {safe_line(one)}" for at, one in enumerate(actions, 1))))


class Adventuring:
    """The adventure of one screen. ``suggested`` are the actions that are shown now."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self._chosen: tuple[ChatSession, str] | None = None
        self._asked: tuple[ChatSession, int] | None = None
        self._asking = False
        self.suggested: tuple[str, ...] = ()

    @property
    def on(self) -> bool:
        """Whether the chat that is open is an adventure."""
        session = self._screen.session
        return session is not None and name_of(session.tree.properties) == ADVENTURE

    @property
    def kind(self) -> Kind:
        """The kind of what is typed: as it was chosen here, else the chat's."""
        from tavern_tui.session.modes.kinds import Kind, kind_of

        session = self._screen.open_session
        if self._chosen is not None and self._chosen[0] is session:
            return Kind(self._chosen[1])
        return kind_of(session.tree.properties)

    @property
    def titles(self) -> dict[str, str]:
        """What actions do here that do something else elsewhere, by their ids."""
        return {"composer.complete": self.kind.next.label} if self.on else {}

    def show(self) -> None:
        """Show the kind before the composer's text; hide suggestions that something was typed over."""
        screen, composer = self._screen, self._screen.composer
        if not self.on:
            self._end()
            return
        session, at = screen.open_session, COMMANDS.index(self.kind.value)
        composer.begin_with("" if screen.editor.turn else self.kind.label, at + 1)
        if self._asked != (session, at) and session.no_card is None and session.log.read_only is None:
            self._asked = (session, at)
            composer.placeholder = _ASKED[at]
        if not composer.is_empty or screen.busy:
            self._hide()

    def _end(self) -> None:
        """This chat is no adventure, or no longer one."""
        if self._asked is None:
            return
        screen = self._screen
        screen.composer.begin_with("")
        if screen.session is self._asked[0]:
            screen.composer.placeholder = f"Message {screen.open_session.character.name}"
        self._asked = None
        self._hide()

    def next_kind(self) -> bool:
        """Take the next kind of input; whether this is an adventure, and no command is being typed."""
        if not self.on or self._screen.composer.text.startswith("/"):
            return False
        self.choose(self.kind.next)
        return True

    def choose(self, kind: Kind) -> None:
        """Take this kind of input from now on."""
        self._chosen = (self._screen.open_session, kind.value)
        self.show()

    def named(self, text: str) -> str:
        """What ``text`` is, which looks like a command: ``line`` of the adventure, a ``kind`` alone, "" for neither."""
        found = _COMMAND.match(text) if self.on else None
        if found is None:
            return ""
        return "line" if (found[2] or "").strip() else "kind"

    def choose_named(self, text: str) -> None:
        """Take the kind whose command ``text`` is."""
        from tavern_tui.session.modes.kinds import Kind

        self.choose(Kind(text.strip()[1:].lower()))

    def reply(self, text: str) -> AsyncGenerator[SessionEvent, None]:
        """The reply to ``text``, which is of the kind that is shown; that is kept with the chat first."""
        session = self._screen.open_session
        return self._kept_first(session, text) if self.on else session.reply(text)

    async def _kept_first(self, session: ChatSession, text: str) -> AsyncGenerator[SessionEvent, None]:
        from tavern_tui.session.modes.kinds import kind_of, kind_set

        kind = self.kind
        if kind is not kind_of(session.tree.properties):
            await session.changes.write(kind_set(kind))
        async with aclosing(session.reply(text)) as events:
            async for event in events:
                yield event

    def erased(self, turn: Turn) -> Turn:
        """The first turn that goes where ``turn`` is to be deleted: with the newest reply the action before it."""
        tree = self._screen.open_session.tree
        action = tree.turns.get(turn.parent)
        pair = turn.id == tree.tip and turn.speaker is not Speaker.USER and action is not None
        return action if self.on and pair and action is not None and action.speaker is Speaker.USER else turn

    def typed(self, turn: Turn) -> str:
        """What was typed for a turn of the user's, as near as can be told."""
        if not self.on:
            return turn.text
        from tavern_tui.session.modes.kinds import shown_text

        line = shown_text(turn.text, self._screen.open_session.options.adventure)
        return f"/roll {line}" if turn.roll is not None and self.kind is not self.kind.ROLL else line

    # Suggested actions.

    def place(self, key: str) -> bool:
        """Put the suggestion of this digit into the composer; whether there is one."""
        if not (self.suggested and key in "123" and len(key) == 1 and int(key) <= len(self.suggested)):
            return False
        text = self.suggested[int(key) - 1]
        self._hide()
        self._screen.composer.insert(text)
        return True

    def ask(self) -> None:
        """Ask the model for three actions, and show them when they are there."""
        screen = self._screen
        if not self.on:
            raise NotFoundError("This chat is no adventure.", hint="/adventure begins one.")
        if self._asking or refused_while_busy(screen):
            return
        self._asking = True
        screen.hint("Asking for three things to do · typing goes on", lasting=True)
        screen.run_worker(self._ask(screen.open_session), group="suggestions", exclusive=True)

    def reply_ended(self) -> None:
        """A reply is there: ask for suggestions, where they are wanted after each."""
        if self.on and self._screen.open_session.options.adventure.suggest and self._screen.composer.is_empty:
            self.ask()

    async def _ask(self, session: ChatSession) -> None:
        from tavern_tui.session.asking import AskingInterruptedError
        from tavern_tui.session.modes.suggestions import suggestions

        screen = self._screen
        try:
            found = await suggestions(session)
        except AskingInterruptedError:
            return
        except TavernError as error:
            screen.hint("")
            refuse(screen, error)
            return
        finally:
            self._asking = False
        screen.hint("")
        if session is screen.session and not screen.busy and screen.composer.is_empty:
            await self._show(found)
        screen.show_state()

    async def _show(self, actions: tuple[str, ...]) -> None:
        screen = self._screen
        shown = next(iter(screen.query(Suggested)), None)
        if shown is None:
            shown = Suggested(self.place)
            await screen.mount(shown, before=screen.composer)
        self.suggested = actions
        shown.display = True
        shown.tell(actions)
        screen.mirror.log.follow_end()
        screen.hint("1–3 takes one")

    def _hide(self) -> None:
        if self.suggested:
            self.suggested = ()
            for shown in self._screen.query(Suggested):
                shown.display = False
