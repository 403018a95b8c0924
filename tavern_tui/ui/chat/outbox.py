"""``Outbox``: what Enter does with what is written, and the one message that waits while a reply is being made.

Source: ``docs/ux.md`` §25.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tavern_tui.domain.errors import NotFoundError
from tavern_tui.ui.chat.actions import RUNNABLE
from tavern_tui.ui.chat.editing import save_edit
from tavern_tui.ui.chat.refusing import refuse, refused_while_busy
from tavern_tui.ui.composer.state import ComposerState
from tavern_tui.ui.slash import Command, Unknown, parse

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen

JUST_SENT_SECONDS = 0.7
"""A second Enter within this time after sending is no wish for another reply."""


class Outbox:
    """Sends the texts of one screen's composer."""

    def __init__(self, screen: ChatScreen) -> None:
        self._screen = screen
        self._sent_at = float("-inf")
        self._asked = False
        self._sending = ""
        self._command: ComposerState | None = None
        self.queued = ""

    @property
    def unsent(self) -> str:
        """What has left the composer and is no turn of the chat yet."""
        return "\n\n".join(text for text in (self._sending, self.queued) if text)

    @property
    def just_sent(self) -> bool:
        """Whether a message was sent a moment ago."""
        return self._screen.now() - self._sent_at < JUST_SENT_SECONDS

    async def enter(self) -> None:
        """Send what is written: as a message, a command, or the new text of a turn."""
        screen, composer = self._screen, self._screen.composer
        if composer.expand_fold():
            return
        if composer.ends_with_backslash():
            composer.newline()
            return
        if screen.editor.turn:
            await self._save(screen.editor.turn)
            return
        if screen.group_view is not None and (name := screen.group_view.asked(composer.full_text)):
            if not refused_while_busy(screen):
                composer.restore(ComposerState())
                screen.group_view.speak(name)
            return
        match screen.adventuring.named(composer.full_text):
            case "line":
                self._send(composer.full_text)
                return
            case "kind":
                screen.adventuring.choose_named(composer.take())
                return
        match parse(composer.full_text, RUNNABLE):
            case Command(action=action, argument=argument):
                self._command = composer.state()
                composer.take()
                await screen.run_typed(action, argument)
            case Unknown(message=message):
                _unknown(screen, message)
            case str(text) if text.strip():
                self._send(text)

    async def _save(self, turn: str) -> None:
        """Give the turn that is being edited the text that is written; where the disk refuses, it is edited on."""
        screen, written = self._screen, self._screen.composer.full_text
        if (text := screen.editor.changed) is not None:
            await save_edit(screen, turn, text)
        screen.editor.end()
        if text is None:
            screen.hint("Nothing was changed" if written.strip() else "An empty text is not kept · d deletes a turn")

    def forget_command(self) -> None:
        """The next key was pressed: what was typed as a command is done."""
        self._command = None

    def give_back(self) -> bool:
        """What was typed as a command is refused: it stands in the composer again, where nothing else does by now."""
        command, self._command = self._command, None
        if command is None or not self._screen.composer.is_empty or self._screen.editor.turn:
            return False
        self._screen.composer.restore(command)
        return True

    async def say(self, text: str) -> None:
        """Send ``text`` as if it had been typed, or do what it commands; the composer keeps what it holds."""
        screen = self._screen
        match parse(text, RUNNABLE):
            case Command(action=action, argument=argument):
                await screen.run_typed(action, argument)
            case Unknown(message=message):
                _unknown(screen, message)
            case str(said) if not refused_while_busy(screen):
                self.send(said)

    def _send(self, text: str) -> None:
        screen = self._screen
        if screen.session is None:
            screen.hint(
                "The chat is still being opened" if screen.opening else "No chat is open · /characters lists them"
            )
        elif not screen.busy:
            screen.composer.take()
            self.send(text)
        elif not self._asked:
            self._asked = True
            screen.hint("reply running · Esc stops · Enter again queues it", lasting=True)
        else:
            screen.composer.take()
            self.queued = f"{self.queued}\n\n{text}" if self.queued else text
            screen.hint("Sent when this reply is saved · Esc takes it back", lasting=True)

    def send(self, text: str) -> None:
        """Send ``text`` now."""
        self._sent_at = self._screen.now()
        self._sending = text
        self._screen.start(self._screen.adventuring.reply(text))

    def stored(self) -> None:
        """What was sent is a turn of the chat."""
        self._sending = ""

    def take_back(self) -> bool:
        """Put what waits back into the composer; whether anything did."""
        if not self.queued:
            return False
        composer = self._screen.composer
        text, self.queued, self._asked = self.queued, "", False
        composer.put(f"{text}\n\n{composer.full_text}" if composer.full_text else text)
        self._screen.hint("")
        return True

    def reply_ended(self, *, leaving: bool) -> None:
        """Give back what could not be stored, and send what waited, unless the program is ``leaving``."""
        self._asked = False
        if self._sending or leaving:
            self.queued, self._sending = self.unsent, ""
            self.take_back()
        elif self.queued:
            text, self.queued = self.queued, ""
            self.send(text)


def _unknown(screen: ChatScreen, message: str) -> None:
    what, _, ways_on = message.partition(" · ")
    refuse(screen, NotFoundError(f"{what}.", hint=f"{ways_on[:1].upper()}{ways_on[1:]}"))
