"""``Writing``: shows a passage in its place in the story while the model writes it, and the story as it is then.

A passage is no edit: the story puts it in itself when it is there, and tells so. What is shown meanwhile changes at the
passage's end alone, so that a token costs the same in any story.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import TYPE_CHECKING

from tavern_tui.domain.errors import TavernError
from tavern_tui.domain.events import TurnHidden
from tavern_tui.session import events as out
from tavern_tui.session.story.difference import Edit
from tavern_tui.session.story.origins import Origin
from tavern_tui.ui.story.editing import Put
from tavern_tui.ui.story.history import Exchange, Step
from tavern_tui.ui.story.text import Run, merged

if TYPE_CHECKING:
    from tavern_tui.ui.screens.story import StoryScreen

Stream = AsyncGenerator[out.SessionEvent, None]


class Writing:
    """What is written in the story of ``screen``, one passage at a time."""

    def __init__(self, screen: StoryScreen) -> None:
        self._screen = screen
        self.running = False
        self._at = 0
        self._shown = ""
        self._taken: tuple[Run, ...] = ()
        self._instead = ""
        self._exchanging = False

    def start(self, stream: Stream, at: int, *, instead_of: str = "") -> None:
        """Show what ``stream`` writes at offset ``at``, in the place of the passage ``instead_of`` if that is given."""
        screen = self._screen
        if screen.chat.busy or self.running:
            screen.say("A passage is being written · Esc stops it")
            return
        self.running = screen.chat.replying = True
        self._at, self._shown, self._taken, self._instead = at, "", (), instead_of
        screen.view.editor.unselect()
        screen.tavern.reply_begins()
        # Of the app, not of the screen: leaving the story does not stop what is being written.
        screen.app.run_worker(self._run(stream), group="reply")
        screen.show_state()

    def stop(self) -> None:
        """Stop what is being written, and keep its text."""
        self._screen.story.passages.stop()

    def changed(self, edits: Sequence[Edit]) -> None:
        """The story tells that it reads otherwise now, and not because somebody typed: show it so."""
        editor, story = self._screen.view.editor, self._screen.story
        cursor = editor.text.offset(editor.cursor) if self._shown else None
        self._take_back()
        puts: list[Put] = []
        grown = 0
        for edit in edits:
            # Where a passage repeats what stands beside it, it may have been put in a little before the difference.
            start = max(edit.start - len(edit.text), puts[-1][0] + puts[-1][1] if puts else 0)
            runs = merged(story.runs(start + grown, edit.start + grown + len(edit.text)))
            puts.append((start, edit.end - start, runs))
            grown += len(edit.text) - (edit.end - edit.start)
        editor.put(puts)
        if cursor is not None:
            editor.go(editor.text.place(cursor))  # what was shown is there now
        if not (self.running or self._exchanging):
            editor.history.clear()  # what could be taken back counted characters of another text
        if self._screen.is_attached:
            self._screen.view.after(changed=True)

    def changed_elsewhere(self) -> None:
        """Another terminal wrote on the story: show it, or leave that to the end of a passage that is being written."""
        if not self.running:
            self._screen.run_worker(self._look_again, group="reload", exclusive=True)  # type: ignore[arg-type]

    async def _look_again(self) -> None:
        try:
            await self._screen.story.reload()
        except TavernError as error:
            self._screen.refuse(error)

    async def exchange(self, step: Step, *, back: bool) -> None:
        """Take a passage out again, or bring it back, with what it took the place of. Raises ``TavernError``."""
        exchange, story = step.exchange, self._screen.story
        if exchange is None:
            return
        self._exchanging = True
        try:
            if exchange.before:
                await story.passages.take(exchange.before if back else exchange.after)
            else:
                await story.do(lambda _tree: [TurnHidden(exchange.after, back)])
        finally:
            self._exchanging = False

    async def take(self, shown: str, version: str, characters: int | None = None) -> None:
        """Put ``version`` in the place of the passage ``shown``, as a step. Raises ``TavernError``."""
        screen, editor = self._screen, self._screen.view.editor
        place = screen.story.document.place_of(shown)
        cursor = editor.text.offset(editor.cursor)
        self._exchanging = True
        try:
            await screen.story.passages.take(version, characters=characters)
        finally:
            self._exchanging = False
        found = screen.story.document.turn_at(place[0]) if place else None
        if found is not None and found[0] != shown:
            editor.history.add(Step((), cursor, exchange=Exchange(shown, found[0])))

    async def _run(self, stream: Stream) -> None:
        screen, editor = self._screen, self._screen.view.editor
        cursor, new = editor.text.offset(editor.cursor), ""
        try:
            async with aclosing(stream) as events:
                async for event in events:
                    if isinstance(event, out.TurnSaved):
                        new = event.turn.id
                    elif isinstance(event, out.TurnFailed):
                        new = event.turn_id
                        screen.refuse(event.error)
                    else:
                        self._take(event)
        except TavernError as error:
            screen.refuse(error)
        self._take_back()
        if new and screen.story.document.place_of(new) is not None:
            editor.history.add(Step((), cursor, exchange=Exchange(self._instead, new)))
        self.running = screen.chat.replying = False
        screen.chat.progress.idle()
        if screen.is_attached:
            screen.view.after(changed=True)
            screen.show_state()
            screen.reading.look(anew=True)
        await screen.tavern.reply_ended()

    def _take(self, event: out.SessionEvent) -> None:
        progress = self._screen.chat.progress
        match event:
            case out.PromptBuilt(plan=plan) as built:
                progress.planned(plan.tokens, plan.context_tokens)
                self._screen.reading.take(built)
            case out.EngineWaiting(why=why, fraction=fraction):
                progress.waiting(why, fraction)
            case out.Retrying():
                progress.waiting(str(event), None)
            case out.PrefillProgress(done=done, total=total):
                progress.reading(done, total)
            case out.ReasoningArrived(tokens=tokens):
                progress.thinking(tokens)
            case out.TextArrived(text=text, tokens=tokens):
                self._show(text)
                progress.writing(tokens, None)
            case out.Notice(text=text):
                self._screen.tell(text)
            case _:
                pass

    def _show(self, text: str) -> None:
        """Show ``text`` as the whole passage: its end is put in anew from where it differs."""
        view = self._screen.view
        taken = self._taken
        if not self._shown and text and self._instead:
            self._put_aside()
        kept = _same_start(self._shown, text)
        seen = view.sees_cursor or bool(self._taken and not taken)
        view.editor.put([(self._at + kept, len(self._shown) - kept, merged([(text[kept:], Origin.GENERATED)]))])
        self._shown = text
        if seen and self._screen.is_attached:
            view.reveal()

    def _put_aside(self) -> None:
        """The passage in whose place another comes is no longer shown; the cursor goes where the other comes."""
        editor, place = self._screen.view.editor, self._screen.story.document.place_of(self._instead)
        if place is not None:
            start, end = map(editor.text.place, place)
            self._at, self._taken = place[0], editor.text.slice(start, end)
            editor.put([(place[0], place[1] - place[0], ())])
            editor.go(start)

    def _take_back(self) -> None:
        """What was shown meanwhile is no longer shown: the text is what the story was when the passage was begun."""
        if self._shown or self._taken:
            self._screen.view.editor.put([(self._at, len(self._shown), self._taken)])
            self._shown, self._taken = "", ()


def _same_start(one: str, other: str) -> int:
    """How many characters at the beginning are the same."""
    if other.startswith(one):
        return len(one)
    pairs = zip(one, other, strict=False)
    return next((at for at, (a, b) in enumerate(pairs) if a != b), min(len(one), len(other)))
