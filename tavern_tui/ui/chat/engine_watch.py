"""``EngineWatch``: connects to the engine while the chat is read, and again when a server comes back."""

from __future__ import annotations

import asyncio

from tavern_tui.config.paths import Directories
from tavern_tui.domain.connection_messages import keeps_template
from tavern_tui.domain.errors import EngineError, EngineFault, NotFoundError, TavernError
from tavern_tui.session.connection import Ready
from tavern_tui.session.session import ChatSession
from tavern_tui.ui.chat.mirror import Mirror
from tavern_tui.ui.chat.problems import KEEP_TEMPLATE, Problems, engine_offers
from tavern_tui.ui.chat.progress import Progress
from tavern_tui.ui.widgets.status import Away, Connecting, Idle, Waiting

EVERY_SECONDS = 10.0
"""How long until a server that did not answer is asked again."""

_COMES_BACK = frozenset({EngineFault.UNREACHABLE, EngineFault.LOADING, EngineFault.CRASHED})


class EngineWatch:
    """Looks for the engine of one session, and says what it found."""

    def __init__(
        self,
        session: ChatSession,
        directories: Directories,
        *,
        mirror: Mirror,
        progress: Progress,
        problems: Problems,
    ) -> None:
        self._session = session
        self._directories = directories
        self._mirror = mirror
        self._progress = progress
        self._problems = problems
        self._offered = ""

    async def run(self, *, every: float = EVERY_SECONDS) -> None:
        """Connect; where the server may come back, try until it does. The first refusal is told."""
        self._progress.of_engine(Connecting())
        self._progress.tell(engine=self._session.connection.label, model="")
        told: TavernError | None = None
        while True:
            try:
                ready = await self.look()
            except TavernError as error:
                again = isinstance(error, EngineError) and error.fault in _COMES_BACK
                if told is None:
                    self._away(error, again)
                    told = error
                if not again:
                    return
                await asyncio.sleep(every)
            else:
                if told is not None and self._problems.shown is told:
                    self._problems.clear()
                if not self._session.busy:
                    self._progress.of_engine(Idle())
                self.show(ready)
                return

    async def renew(self) -> None:
        """Show the model that wrote last; where it cannot be asked now, nothing changes.

        What the starter model is, is said once, after some replies of it.
        """
        try:
            ready = await self.look()
        except TavernError:
            return  # the reply that failed for it has said so
        finally:
            # A host that had ended was started for the question, and told of its loading.
            if isinstance(self._progress.status.phase, Waiting) and not self._session.busy:
                self._progress.of_engine(Idle())
        self.show(ready)
        if ready.starter:
            from tavern_tui.session.starter_note import count_starter_reply

            if note := await asyncio.to_thread(count_starter_reply, self._directories):
                self._mirror.note(str(note))

    async def look(self) -> Ready:
        """What is known of the engine; asks it only where that is old. Raises ``EngineError``, ``SettingsError``."""
        options = self._session.options
        return await self._session.connection.ready(
            template=options.template, asked=options.template_asked, context_tokens=options.context_tokens
        )

    def show(self, ready: Ready) -> None:
        """Say which model writes."""
        from tavern_tui.session.starter_note import starter_status

        advice = starter_status(ready)
        connection = self._session.connection
        self._progress.tell(
            engine=connection.label or ("" if advice else ready.info.engine),
            model="" if advice else ready.info.model,
            context_size=ready.context_tokens,
            context_guessed=ready.guessed,
            advice=advice,
        )
        if ready.changed:
            self._mirror.note(ready.changed)
        if connection.replaced and connection.replaced != self._offered and self._problems.shown is None:
            self._offered = connection.replaced
            told = keeps_template(connection.replaced)
            self._problems.show(NotFoundError(told.title), (KEEP_TEMPLATE,))

    def _away(self, error: TavernError, again: bool) -> None:
        if isinstance(error, EngineError) and error.fault is EngineFault.LOADING:
            self._progress.of_engine(Waiting("the server is loading its model"))
        elif again:
            self._progress.of_engine(Away())
        else:
            self._progress.of_engine(Idle())
        if self._problems.shown is not None:
            return  # of a reply that was asked for meanwhile: what became of it matters more
        trying = " Reading and editing work; trying again every 10 s." if again else ""
        self._problems.show(error, engine_offers(error), trying)
