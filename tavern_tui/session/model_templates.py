"""``ModelTemplates``: which templates a model is written to with, and why.

The order is: as asked at this start, as remembered for the model, as the settings say, as the model's own chat template
shows once it is rendered, by the model's name, and at last Alpaca. ``docs/templates.md`` explains it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from tavern_tui.config.files import nearest
from tavern_tui.domain.errors import SettingsError, StorageError
from tavern_tui.storage.template_choices import TemplateChoices

if TYPE_CHECKING:
    from tavern_tui.domain.template import ContextTemplate, InstructTemplate
    from tavern_tui.engines.base import EngineInfo
    from tavern_tui.prompt.jinja_reading import Reading
    from tavern_tui.session.own_template import OwnTemplate, TemplateRenderer, WholeTemplate
    from tavern_tui.session.user_templates import UserTemplates
    from tavern_tui.session.workspace import Workspace


@dataclass(frozen=True, slots=True)
class TemplateChoice:
    """The templates for a model and, in a few words, why. ``instruct`` of ``None`` is plain text.

    ``note`` is a sentence that should be told once: why something else was taken than one would expect. ``whole``:
    prompts are rendered with the model's chat template, and ``instruct`` is only the nearest family.
    """

    instruct: InstructTemplate | None
    context: ContextTemplate
    why: str
    note: str = ""
    whole: WholeTemplate | None = None

    @property
    def name(self) -> str:
        """What the choice is called."""
        from tavern_tui.prompt.templates import OWN, PLAIN

        if self.whole is not None:
            return OWN
        return self.instruct.name if self.instruct else PLAIN


class ModelTemplates:
    """Chooses templates. ``choices`` are those that somebody made for single models; ``today`` gives the time.

    Chat templates are rendered once, in a child process, and what was found is kept.
    """

    def __init__(
        self,
        choices: TemplateChoices | None = None,
        *,
        today: Callable[[], datetime] = datetime.now,
        renderer: TemplateRenderer | None = None,
        own: UserTemplates | None = None,
    ) -> None:
        self._own = own
        self._choices = choices
        self._today = today
        self._renderer = renderer
        self._read: dict[str, Reading] = {}

    async def choose(self, info: EngineInfo, wanted: str = "", *, asked: bool = False) -> TemplateChoice:
        """The templates for the engine's model.

        ``wanted`` names one that was asked for at this start (``asked``), or that the settings have. Raises
        ``SettingsError`` for a name that was asked for and does not exist. What else cannot be followed (the settings,
        a file of choices that cannot be read) is told in ``note``.
        """
        choice = await self._chosen(info, wanted, asked=asked)
        if self._own is None:
            return choice
        from tavern_tui.session.user_templates import unwrapped

        try:
            context = await asyncio.to_thread(self._own.context_for, choice.instruct)
        except SettingsError as error:
            return _with_note(choice, f"{error.title} {choice.context.name} is used.")
        if context is None:
            return choice
        instruct = unwrapped(choice.instruct, context) if choice.instruct is not None else None
        return replace(choice, instruct=instruct, context=context)

    async def _chosen(self, info: EngineInfo, wanted: str, *, asked: bool) -> TemplateChoice:
        """The instruct template, with the context template of ours that goes with it."""
        if wanted and asked:
            return await self._named(wanted, info, "chosen")
        remembered, note = await asyncio.to_thread(self._remembered, info.model)
        if remembered:
            try:
                return await self._named(remembered, info, "chosen for this model")
            except SettingsError as error:
                note = f"{error.title} It was chosen for this model, and is passed over."
        if wanted:
            try:
                return _with_note(await self._named(wanted, info, "chosen"), note)
            except SettingsError as error:
                note = f"{note} {error.title} It is passed over.".strip()
        return _with_note(await self._found(info), note)

    def _remembered(self, model: str) -> tuple[str, str]:
        """The choice for a model, and why it could not be read."""
        if self._choices is None:
            return "", ""
        try:
            return self._choices.of(model), ""
        except StorageError as error:
            return "", f"What was chosen for this model cannot be read: {error}"

    async def _named(self, name: str, info: EngineInfo, why: str) -> TemplateChoice:
        from tavern_tui.prompt.templates import OWN

        mine = await asyncio.to_thread(self._own.instruct, name) if self._own is not None else None
        if mine is not None:
            template, jinja = mine
            if not jinja:
                return _choice(await self._thinking(template, info), why)
            return await self._named(OWN, replace(info, chat_template=jinja), why)
        template = template_named(name, self._own)
        if template is None or template.name != OWN:
            return _choice(template, why)
        reading = await self._reading(info)
        if reading is not None and reading.template is not None:
            return _choice(reading.template, why)
        found = await self._found(info)
        if reading is not None and reading.renders:
            return replace(found, why=why, note="", whole=self._whole(info, reading))
        told = reading.problem if reading is not None else "It has none."
        return _with_note(found, f"The model's chat template has no form to write with: {told} {found.name} is used.")

    async def _thinking(self, template: InstructTemplate | None, info: EngineInfo) -> InstructTemplate | None:
        """A template of the user's, with how thinking is marked: by a reasoning template of its name, else as the
        model's family does, for SillyTavern's templates do not say.
        """
        if self._own is None or template is None or template.reasoning_open:
            return template
        tags = await asyncio.to_thread(self._own.thinking_for, template)
        if tags is not None:
            return replace(template, reasoning_open=tags[0], reasoning_close=tags[1])
        family = (await self._found(info)).instruct
        if family is None:
            return template
        return replace(
            template,
            reasoning_open=family.reasoning_open,
            reasoning_close=family.reasoning_close,
            reasoning_closed=family.reasoning_closed,
        )

    async def _found(self, info: EngineInfo) -> TemplateChoice:
        """The template that the model's chat template or name shows."""
        from tavern_tui.prompt.detect import by_chat_template, settled

        reading = await self._reading(info)
        instruct, why = settled(info.chat_template, info.model, reading)
        if reading is not None and reading.begins and info.bos_token and not info.add_bos:
            instruct = _beginning_with(instruct, info.bos_token)
        choice = _choice(instruct, why)
        if reading is None or reading.template is not None or by_chat_template(info.chat_template) is not None:
            return choice
        return _with_note(choice, f"The model's chat template cannot be used: {reading.problem} {choice.name} is used.")

    async def _reading(self, info: EngineInfo) -> Reading | None:
        """What rendering the model's chat template shows; ``None`` where it has none."""
        if not info.chat_template.strip():
            return None
        own = own_template_of(info)
        if own.key not in self._read:
            self._read = {own.key: await self._rendering().reading(own, self._today())}
        return self._read[own.key]

    def _whole(self, info: EngineInfo, reading: Reading) -> WholeTemplate:
        from tavern_tui.session.own_template import WholeTemplate

        return WholeTemplate(own_template_of(info), reading, self._rendering())

    def _rendering(self) -> TemplateRenderer:
        if self._renderer is None:
            from tavern_tui.session.own_template import TemplateRenderer

            self._renderer = TemplateRenderer()
        return self._renderer


def own_template_of(info: EngineInfo) -> OwnTemplate:
    """The model's chat template with the tokens that it writes; unknown ones are those of the family that it shows."""
    from tavern_tui.prompt.detect import by_chat_template
    from tavern_tui.session.own_template import OwnTemplate

    family = by_chat_template(info.chat_template)
    usual = family.stop_sequence if family is not None and family.stop_sequence else "</s>"
    return OwnTemplate(info.chat_template, info.bos_token or "<s>", info.eos_token or usual, info.add_bos)


def template_named(wanted: str, own: UserTemplates | None = None) -> InstructTemplate | None:
    """A template by name, ``None`` for plain text. Raises ``SettingsError`` naming those that exist.

    The model's own, and one of the user's in Jinja, is only a name here: a template called so, with nothing in it.
    """
    from tavern_tui.domain.template import InstructTemplate
    from tavern_tui.prompt.templates import BUILT_IN, OWN, names, template_name

    mine = own.instruct(wanted) if own is not None else None
    if mine is not None:
        return mine[0] or InstructTemplate(wanted.strip())
    name = template_name(wanted)
    if name is None:
        known = [*(own.names() if own is not None else ()), *names()]
        hint = f"{nearest(wanted, known).strip()} There are: {', '.join(known)}.".lstrip()
        raise SettingsError(f"There is no instruct template “{wanted}”.", hint=hint)
    return InstructTemplate(OWN) if name == OWN else BUILT_IN.get(name)


def own_templates(workspace: Workspace) -> UserTemplates | None:
    """The user's own templates; ``None`` where there is no folder of them and the settings name none."""
    if workspace.safe or not (workspace.directories.templates.is_dir() or workspace.settings.reply.context):
        return None
    from tavern_tui.session.user_templates import user_templates

    return user_templates(workspace)


def _beginning_with(template: InstructTemplate | None, bos: str) -> InstructTemplate | None:
    """The template with the BOS token that its model reads and its engine does not add.

    Where the BOS token is the tag that opens every turn, it is there already.
    """
    if template is None:
        return None
    if template.system_in_user:
        first = template.first_input_sequence or template.input_sequence
        return template if first.startswith(bos) else replace(template, first_input_sequence=bos + first)
    head = template.story_string_prefix
    return template if head.startswith(bos) else replace(template, story_string_prefix=bos + head)


def _choice(instruct: InstructTemplate | None, why: str) -> TemplateChoice:
    from tavern_tui.prompt.templates import context_for

    return TemplateChoice(instruct, context_for(instruct), why)


def _with_note(choice: TemplateChoice, note: str) -> TemplateChoice:
    told = " ".join(part for part in (choice.note, note) if part)
    return replace(choice, note=told)
