"""``Connection``: an engine, what is known about it, and what follows from its model.

The model is looked at again when more than a minute has passed since the last look, and after every fault; a model that
was swapped meanwhile gets its own template and context, and is announced in one line.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from tavern_tui.domain import messages
from tavern_tui.session.counting import CountCache
from tavern_tui.session.model_templates import ModelTemplates, TemplateChoice
from tavern_tui.session.options import UNKNOWN_CONTEXT_TOKENS

if TYPE_CHECKING:
    from tavern_tui.engines.base import Engine, EngineInfo
    from tavern_tui.session.model_habits import Habit

LOOK_AGAIN_SECONDS = 60.0
EMBEDDED = "embedded"
"""``EngineInfo.engine`` of the embedded engine, whose address is its model's path."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A connected engine: its facts, the templates chosen for its model, and what to tell about a change or a choice.

    ``starter``: the model is the 135M starter, known by its file's hash. ``habit`` is what is remembered for the model.
    """

    info: EngineInfo
    template: TemplateChoice
    context_tokens: int
    changed: str = ""
    starter: bool = False
    habit: Habit | None = None

    @property
    def guessed(self) -> bool:
        """Whether the context is our guess: the engine does not tell its own, and nobody chose one."""
        return not self.info.context_tokens and self.context_tokens == UNKNOWN_CONTEXT_TOKENS


class Connection:
    """One engine for as long as it is used. ``clock`` gives seconds that only grow.

    ``label`` is what the user calls it, empty where the engine's own name says enough. ``note`` is a sentence about how
    it was chosen, to be told once. ``replaced`` names the template of the model before, where another model took its
    place and has another; whoever answers that empties it. ``habits`` tells what is remembered for a model by its name.
    """

    def __init__(
        self,
        engine: Engine,
        *,
        clock: Callable[[], float],
        counts: CountCache | None = None,
        templates: ModelTemplates | None = None,
        label: str = "",
        note: str = "",
        habits: Callable[[str], Habit | None] = lambda _model: None,
    ) -> None:
        self.engine = engine
        self._habits = habits
        self._habit: Habit | None = None
        self.label = label
        self.counts = counts or CountCache()
        self._templates = templates or ModelTemplates()
        self._told = ""
        self._note = note
        self._template = ""
        self.replaced = ""
        self._clock = clock
        self._info: EngineInfo | None = None
        self._looked = 0.0
        self._doubtful = False
        self._starter = False
        self._settled = False

    def use_templates(self, templates: ModelTemplates) -> None:
        """Choose templates with ``templates`` from now on: files or settings of theirs are others."""
        self._templates = templates

    @contextmanager
    def as_known(self) -> Iterator[None]:
        """Within, ``ready`` takes the engine as it was last known, once it was reached, however long ago that was."""
        before, self._settled = self._settled, True
        try:
            yield
        finally:
            self._settled = before

    @property
    def known(self) -> EngineInfo | None:
        """What the engine said of itself last; ``None`` before it was reached."""
        return self._info

    def doubt(self) -> None:
        """Look at the engine anew before the next reply: something went wrong."""
        self._doubtful = True

    async def count(self, text: str) -> int:
        """Tokens of ``text`` as the engine counts them, asked once per text. Raises ``EngineError``."""
        if self._info is None:
            return (await self.engine.count([text]))[0]
        return (await self.counts.count(self.engine, self._info, [text]))[0]

    async def ready(
        self, *, template: str = "", asked: bool = False, context_tokens: int | None = None, sized: bool = False
    ) -> Ready:
        """Connect, or look again when it is time to. ``template`` and ``context_tokens`` are the user's own choice.

        ``asked``: the template was named at this start, so that it counts for more than what is remembered for the
        model; ``sized``: so was the context. A chosen context is never larger than the loaded one. Raises
        ``EngineError``, and ``SettingsError`` for a template that does not exist.
        """
        before = self._info
        due = self._doubtful or self._clock() - self._looked > LOOK_AGAIN_SECONDS
        if before is None or (due and not self._settled):
            self._info = await self.engine.connect()
            self._looked, self._doubtful = self._clock(), False
            self._habit = await asyncio.to_thread(self._habits, self._info.model)
            if before is None or before.address != self._info.address:
                self._starter = await asyncio.to_thread(_runs_starter, self._info)
        info = self._info
        assert info is not None
        choice = await self._with_real_tokens(await self._templates.choose(info, template, asked=asked), info)
        context = info.context_tokens or UNKNOWN_CONTEXT_TOKENS
        if self._habit is not None and self._habit.context_tokens is not None and not sized:
            context_tokens = self._habit.context_tokens
        if context_tokens is not None:
            context = min(context, context_tokens)
        changed = ""
        if before is not None and before.model != info.model:
            self.replaced = "" if choice.name == self._template else self._template
            changed = messages.model_changed(info.model, before.model, choice.name, context).plain
        self._template = choice.name if choice.whole is None else ""
        notes = f"{choice.note} {self._habit.note if self._habit is not None else ''}".strip()
        if notes != self._told:
            self._told = notes
            changed = f"{changed} {notes}".strip()
        if self._note:
            changed, self._note = f"{self._note} {changed}".strip(), ""
        return Ready(info, choice, context, changed, self._starter, self._habit)

    async def _with_real_tokens(self, choice: TemplateChoice, info: EngineInfo) -> TemplateChoice:
        """The choice with those tags as control tokens that are single tokens of the model, where it is its own.

        Some finetunes write tags that their vocabulary does not have; behind these a prompt may not be cut.
        """
        from tavern_tui.prompt.templates import OWN

        template = choice.instruct
        if template is None or template.name != OWN or not template.control_tokens:
            return choice
        single: tuple[str, ...] = ()
        if info.capabilities.exact_count:
            counts = await self.counts.count(self.engine, info, template.control_tokens)
            single = tuple(tag for tag, count in zip(template.control_tokens, counts, strict=True) if count == 1)
        return replace(choice, instruct=replace(template, control_tokens=single))


def _runs_starter(info: EngineInfo) -> bool:
    from tavern_tui.storage.models import is_starter

    return info.engine == EMBEDDED and is_starter(Path(info.address))
