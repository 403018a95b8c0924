"""``Connection``: an engine, what is known about it, and what follows from its model.

The model is looked at again when more than a minute has passed since the last look, and after every fault; a model that
was swapped meanwhile gets its own template and context, and is announced in one line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from tavern_tui.domain import messages
from tavern_tui.domain.errors import SettingsError
from tavern_tui.session.counting import CountCache
from tavern_tui.session.options import UNKNOWN_CONTEXT_TOKENS

if TYPE_CHECKING:
    from tavern_tui.domain.template import ContextTemplate, InstructTemplate
    from tavern_tui.engines.base import Engine, EngineInfo

LOOK_AGAIN_SECONDS = 60.0
EMBEDDED = "embedded"
"""``EngineInfo.engine`` of the embedded engine, whose address is its model's path."""


@dataclass(frozen=True, slots=True)
class TemplateChoice:
    """The templates for a model and, in a few words, why. ``instruct`` of ``None`` is plain text."""

    instruct: InstructTemplate | None
    context: ContextTemplate
    why: str

    @property
    def name(self) -> str:
        """What the choice is called."""
        from tavern_tui.prompt.templates import PLAIN

        return self.instruct.name if self.instruct else PLAIN


def choose_templates(wanted: str, info: EngineInfo) -> TemplateChoice:
    """The templates that were asked for by name, else those for the engine's model.

    Raises ``SettingsError`` for a name that does not exist.
    """
    from tavern_tui.prompt.detect import detect
    from tavern_tui.prompt.templates import context_for

    if not wanted:
        instruct, why = detect(info.chat_template, info.model)
        return TemplateChoice(instruct, context_for(instruct), why)
    template = template_named(wanted)
    return TemplateChoice(template, context_for(template), "chosen")


def template_named(wanted: str) -> InstructTemplate | None:
    """A built-in template by name, ``None`` for plain text. Raises ``SettingsError`` naming those that exist."""
    from tavern_tui.prompt.templates import BUILT_IN, PLAIN, template_name

    name = template_name(wanted)
    if name is None:
        hint = f"There are: {', '.join([*BUILT_IN, PLAIN])}."
        raise SettingsError(f"There is no instruct template “{wanted}”.", hint=hint)
    return BUILT_IN.get(name)


@dataclass(frozen=True, slots=True)
class Ready:
    """A connected engine: its facts, the templates chosen for its model, and what to tell about a change.

    ``starter``: the model is the 135M starter, known by its file's hash.
    """

    info: EngineInfo
    template: TemplateChoice
    context_tokens: int
    changed: str = ""
    starter: bool = False


class Connection:
    """One engine for as long as it is used. ``clock`` gives seconds that only grow."""

    def __init__(self, engine: Engine, *, clock: Callable[[], float], counts: CountCache | None = None) -> None:
        self.engine = engine
        self.counts = counts or CountCache()
        self._clock = clock
        self._info: EngineInfo | None = None
        self._looked = 0.0
        self._doubtful = False
        self._starter = False

    def doubt(self) -> None:
        """Look at the engine anew before the next reply: something went wrong."""
        self._doubtful = True

    async def count(self, text: str) -> int:
        """Tokens of ``text`` as the engine counts them, asked once per text. Raises ``EngineError``."""
        if self._info is None:
            return (await self.engine.count([text]))[0]
        return (await self.counts.count(self.engine, self._info, [text]))[0]

    async def ready(self, *, template: str = "", context_tokens: int | None = None) -> Ready:
        """Connect, or look again when it is time to. ``template`` and ``context_tokens`` are the user's own choice.

        A chosen context is never larger than the loaded one. Raises ``EngineError``, and ``SettingsError`` for a
        template that does not exist.
        """
        before = self._info
        if before is None or self._doubtful or self._clock() - self._looked > LOOK_AGAIN_SECONDS:
            self._info = await self.engine.connect()
            self._looked, self._doubtful = self._clock(), False
            if before is None or before.address != self._info.address:
                self._starter = await asyncio.to_thread(_runs_starter, self._info)
        info = self._info
        assert info is not None
        choice = choose_templates(template, info)
        context = info.context_tokens or UNKNOWN_CONTEXT_TOKENS
        if context_tokens is not None:
            context = min(context, context_tokens)
        changed = ""
        if before is not None and before.model != info.model:
            changed = messages.model_changed(info.model, before.model, choice.name, context).plain
        return Ready(info, choice, context, changed, self._starter)


def _runs_starter(info: EngineInfo) -> bool:
    from tavern_tui.storage.models import is_starter

    return info.engine == EMBEDDED and is_starter(Path(info.address))
