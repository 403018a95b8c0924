"""``Keys``: what a key does on the chat screen. The one place that every key of the chat goes through.

In order: chords that mean two keys; the ways on that a problem's block offers; the action that the keymap names where
things stand; and what is left edits the text in the composer.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from textual.events import Key, Paste
from textual.timer import Timer
from textual.worker import Worker

from tavern_tui.config.action import Action, Preset, Where
from tavern_tui.ui.chat.actions import BY_PLACE, RUNNABLE, run
from tavern_tui.ui.chat.turn_mode import BURST_SECONDS, HARMLESS, LETTERS_OF_TYPING
from tavern_tui.ui.composer.state import ComposerState
from tavern_tui.ui.terminal.gestures import keys_meant

if TYPE_CHECKING:
    from tavern_tui.ui.screens.chat import ChatScreen

_NEEDS_NO_CHAT: Final = frozenset({"app.quit", "app.repaint", "app.help", "app.palette", "composer.newline"})
_NOTHING: Final = (float("-inf"), "")


class Keys:
    """The keys of one chat screen. ``clock`` gives seconds that only grow."""

    def __init__(self, screen: ChatScreen, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._screen = screen
        self._clock = clock
        self._held: list[tuple[str, str]] = []
        self._timer: Timer | None = None
        self._calmed = False
        self._early: list[Key | Paste] = []
        self._story = False
        self._began = _NOTHING
        self._offer: tuple[str, str] | None = None
        self._offer_wait: Worker[None] | None = None

    def holding(self) -> frozenset[Where]:
        """The places of the registry that hold now."""
        screen = self._screen
        if screen.finding.is_open:
            return frozenset({Where.POPUP})
        places = {Where.REPLYING} if screen.busy else set()
        if screen.selection.turn:
            return frozenset({*places, Where.TURN})
        places.add(Where.COMPOSER)
        if screen.composer.is_empty and not screen.editor.turn:
            places.add(Where.EMPTY)
            if screen.adventuring.on:
                places.add(Where.ADVENTURE)
        return frozenset(places)

    async def take(self, event: Key) -> bool:
        """Do what a key means; whether that was done here. What was not goes to the widget with the focus."""
        screen = self._screen
        screen.outbox.forget_command()
        if screen.opening and self._waits(event):
            self._early.append(event)
            return True
        if screen.finding.is_open:
            if await self._typed_after_all(event):
                return True
            action = screen.keymap.action_for(event.key, self.holding())
            if action is None or action.id not in RUNNABLE:
                return False
            await run(screen, action.id)
            return True
        meant = keys_meant(
            event.key,
            composer_empty=screen.composer.is_empty,
            text_selected=bool(screen.composer.selected_text),
        )
        if not meant:
            return await self._press(event)
        for press in meant:
            await self._press(Key(press.key, press.character))
        return True

    def _waits(self, event: Key) -> bool:
        """Whether a key means something only once the chat is there, or comes after one that does."""
        action = self._screen.keymap.action_for(event.key, self.holding())
        if event.key == "ctrl+s" or (action is not None and action.id in _NEEDS_NO_CHAT):
            return False
        if self._early or self._story or event.key.startswith("alt+"):
            return True
        return action is not None and not event.is_printable

    def for_story(self) -> None:
        """The chat is a story, which lies over the screen in a moment: what was typed until now is for the story."""
        self._story = True
        self._screen.add_class("-beneath")
        if typed := self._screen.composer.full_text:
            self._screen.composer.restore(ComposerState())
            self._early.insert(0, Paste(typed))

    def opened(self) -> None:
        """The chat is there, or cannot be: do what was asked for meanwhile, in its order, before any other key."""
        self._screen.opening = False
        self._screen.app.call_later(self._catch_up)

    async def _catch_up(self) -> None:
        early, self._early = self._early, []
        for event in early:
            await self._screen.app.on_event(event)

    def paste(self, text: str) -> bool:
        """Put what was pasted into the composer, whatever was going on: a paste is always text.

        ``False`` where the find field is open: then it is that field's.
        """
        if self._screen.finding.is_open:
            return False
        self._drop_held()
        self._screen.selection.leave()
        if offer := self._take_offer():
            self._type(offer[1])
        self._screen.composer.paste(text)
        return True

    async def _press(self, event: Key) -> bool:
        screen = self._screen
        if offer := self._take_offer():
            if event.is_printable:
                self._type(offer[1])
            else:
                await run(screen, offer[0])
        if screen.group_view is not None and await screen.group_view.take(event):
            return True
        if (
            not screen.selection.turn
            and screen.composer.is_empty
            and (action_id := screen.problems.action_for(event.key))
        ):
            await self._offered(action_id, event)
            return True
        if not screen.selection.turn and screen.composer.is_empty and screen.adventuring.place(event.key):
            return True
        if event.key == "escape" and (screen.keep_as_text() or screen.take_back()):
            return True
        if event.key == "ctrl+s":
            self._calm()
            return True
        action = screen.keymap.action_for(event.key, self.holding())
        if screen.selection.turn:
            return await self._command(event, action)
        if action is None or action.id not in RUNNABLE:
            return self._walked(event.key) or await self._into_composer(event)
        if action.id != "reply.speak" or not screen.outbox.just_sent:
            await run(screen, action.id)
        return True

    async def _offered(self, action: str, event: Key) -> None:
        """Do what a block in the log offers by this key; a letter waits until no other comes as fast as typing does."""
        if not event.is_printable or event.character is None:
            await run(self._screen, action)
            return
        self._offer = (action, event.character)
        self._offer_wait = self._screen.run_worker(self._run_offer, group="offer")

    async def _run_offer(self) -> None:
        await asyncio.sleep(BURST_SECONDS)
        self._offer_wait = None  # nothing ends what runs now
        if offer := self._take_offer():
            await run(self._screen, offer[0])

    def _take_offer(self) -> tuple[str, str] | None:
        """The action of an offer whose letter waits, and the letter."""
        offer, self._offer = self._offer, None
        if self._offer_wait is not None:
            self._offer_wait.cancel()
            self._offer_wait = None
        return offer

    async def _command(self, event: Key, action: Action | None) -> bool:
        """A key while a turn is selected: a command, or the first letter of what is being typed."""
        screen = self._screen
        if not event.is_printable or event.character is None:
            await self._run_held()
            if action is None or action.id not in RUNNABLE:
                return await self._into_composer(event)
            screen.selection.burst.clear()
            await run(screen, action.id)
            return True
        if typed := screen.selection.burst.press(event.character, self._clock()):
            self._drop_held()
            self._type(typed)
        elif action is None or action.id not in RUNNABLE:
            await self._run_held()
            self._type(event.character)
        elif action.id in HARMLESS:
            await run(screen, action.id)
            self._began = (self._clock(), event.character) if screen.finding.is_open else _NOTHING
        else:
            self._hold(action.id, self._place_of(action, event.key))
        return True

    async def _typed_after_all(self, event: Key) -> bool:
        """Whether this letter in the field for finding shows that the one which opened it began a text, as ``/`` does.

        The text then goes where one is written.
        """
        (at, text), self._began = self._began, _NOTHING
        if not text or not event.is_printable or event.character is None or self._clock() - at > BURST_SECONDS:
            return False
        text += event.character
        if len(text) < LETTERS_OF_TYPING:
            self._began = (at, text)
            return False
        await self._screen.finding.close()
        self._type(text)
        return True

    def _place_of(self, action: Action, key: str) -> str:
        """Which of the keys of an action that has one for each thing was pressed, 1 for the first; "" for others."""
        return str(self._screen.keymap.keys[action.id].index(key) + 1) if action.id == BY_PLACE else ""

    async def _into_composer(self, event: Key) -> bool:
        """Type or edit at once: left to the widget's queue, the keys of one read would come after an Enter in it."""
        composer = self._screen.composer
        if not composer.has_focus:
            return False
        if event.is_printable and event.character is not None:
            composer.replace(event.character, *composer.selection, maintain_selection_offset=False)
        else:
            await self._screen.app._check_bindings(event.key)
        return True

    def _type(self, text: str) -> None:
        """Leave the selection and type ``text``."""
        self._screen.selection.leave()
        self._screen.composer.insert(text)

    def _walked(self, key: str) -> bool:
        """↑ on the composer's first line and ↓ on its last walk through what was sent; over an empty one they scroll:
        that is what a finger's swipe sends on a phone."""
        composer = self._screen.composer
        if key not in ("up", "down"):
            return False
        if composer.is_empty and self._screen.keymap.preset is Preset.PHONE:
            self._screen.mirror.log.scroll_relative(y=-1 if key == "up" else 1, animate=False)
            return True
        return composer.history_back() if key == "up" else composer.history_forward()

    def _calm(self) -> None:
        """Answer the habit of saving, once; afterwards it is known."""
        if not self._calmed:
            self._screen.hint("Everything is already saved.")
        self._calmed = True

    def _hold(self, action: str, argument: str) -> None:
        """Run ``action`` once it is known that its letter was not typed."""
        self._held.append((action, argument))
        if self._timer is None:
            self._timer = self._screen.set_timer(BURST_SECONDS, self._run_held)

    def _drop_held(self) -> None:
        self._held.clear()
        if self._timer is not None:
            self._timer.stop()
            self._timer = None

    async def _run_held(self) -> None:
        held = list(self._held)
        self._drop_held()
        for action, argument in held:
            await run(self._screen, action, argument)
