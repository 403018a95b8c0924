"""Templates of the user's own, as they are chosen: by the settings, a start, for a model, for a chat.

One that is called like one of ours takes its place. What reads files is imported where there are some. The files as
things that are listed, put in and deleted: ``session.template_files``.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from tavern_tui.domain.errors import SettingsError, TavernError
from tavern_tui.domain.events import PropertySet
from tavern_tui.session.options import ReplyOptions

if TYPE_CHECKING:
    from tavern_tui.config.paths import Directories
    from tavern_tui.domain.template import ContextTemplate, InstructTemplate
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.workspace import Workspace
    from tavern_tui.storage.templates import StoredTemplate

PROMPTS = "chat_preset"
"""The chat's property that names its chat completion preset."""

USUAL = ("usual", "ours")
"""What goes back to our own prompts."""


@dataclass(frozen=True, slots=True)
class UserTemplates:
    """The templates in a user's library; ``None`` for ``directories`` is a library without any.

    ``context`` names the context template that the settings want.
    """

    directories: Directories | None = None
    context: str = ""

    def instruct(self, name: str) -> tuple[InstructTemplate | None, str] | None:
        """The instruct template of that name, or a chat template in Jinja; ``None`` where there is none.

        Raises ``SettingsError`` for a file that cannot be used.
        """
        found = self._named("instruct", name)
        if found is None:
            return None
        from tavern_tui.formats.webui_templates import WebuiTemplate

        if isinstance(found.held, WebuiTemplate):
            made = replace(found.held.instruct, name=found.name) if found.held.instruct else None
            return made, found.held.jinja
        return replace(found.held.template, name=found.name), ""

    def context_for(self, instruct: InstructTemplate | None) -> ContextTemplate | None:
        """The context template to use: the settings' own, else one that is called as the instruct template.

        Raises ``SettingsError`` where the settings name one that is not there or cannot be used.
        """
        name = self.context or (instruct.name if instruct is not None else "")
        found = self._named("context", name) if name else None
        if found is not None:
            context: ContextTemplate = replace(found.held.template, name=found.name)
            return context
        if self.context:
            raise SettingsError(f"There is no context template “{self.context}”.", hint="reply.context names it.")
        return None

    def thinking_for(self, instruct: InstructTemplate) -> tuple[str, str] | None:
        """What opens and closes thinking, by a reasoning template that is called as the instruct template.

        Raises ``SettingsError`` for a file that cannot be used.
        """
        found = self._named("reasoning", instruct.name)
        return (found.held.template.prefix.strip(), found.held.template.suffix.strip()) if found else None

    def names(self) -> list[str]:
        """The names of instruct templates."""
        if not self._any("instruct"):
            return []
        from tavern_tui.formats.preset_kinds import PresetKind
        from tavern_tui.storage.templates import TemplateStore

        assert self.directories is not None
        return [path.stem for path in TemplateStore(self.directories).shelf(PresetKind.INSTRUCT).paths()]

    def held(self, kind: str, name: str) -> Any:
        """What the file of that kind and name holds. Raises ``SettingsError`` where there is none that can be used."""
        found = self._named(kind, name)
        if found is None:
            raise SettingsError(
                f"There is no template “{name}” of the kind {kind}.", hint=f"tavern-tui presets list --kind {kind}"
            )
        return found.held

    def _named(self, kind: str, name: str) -> StoredTemplate | None:
        if not self._any(kind) or not name.strip():
            return None
        from tavern_tui.formats.preset_kinds import PresetKind
        from tavern_tui.storage.templates import TemplateStore

        assert self.directories is not None
        return TemplateStore(self.directories).named(PresetKind(kind), name)

    def _any(self, kind: str) -> bool:
        return self.directories is not None and (self.directories.templates / kind).is_dir()


NONE = UserTemplates()


def user_templates(workspace: Workspace) -> UserTemplates:
    """The templates of a workspace; none in the safe mode."""
    return NONE if workspace.safe else UserTemplates(workspace.directories, workspace.settings.reply.context)


def unwrapped(instruct: InstructTemplate, context: ContextTemplate) -> InstructTemplate:
    """The instruct template without what it would write round the story, where the context template does so itself.

    SillyTavern 1.12.6 had a model's tokens in the context template (``docs/spec/sillytavern-prompts.md`` §11.3).
    """
    tags = (instruct.story_string_prefix, instruct.system_sequence, instruct.system_sequence_prefix)
    tag = next((text.strip() for text in tags if text.strip()), "")
    if not tag or not context.story_string.lstrip().startswith(tag):
        return instruct
    return replace(
        instruct,
        story_string_prefix="",
        story_string_suffix="",
        system_sequence_prefix="",
        system_sequence_suffix="",
    )


def with_texts(workspace: Workspace, options: ReplyOptions, properties: Mapping[str, Any]) -> tuple[ReplyOptions, str]:
    """``options`` with the system prompt and the chat completion preset that the settings or a chat with these
    properties name, and what to tell where one cannot be used.
    """
    reply = workspace.settings.reply
    notes: list[str] = []
    own = user_templates(workspace)
    if reply.system_prompt:
        try:
            text = own.held("sysprompt", reply.system_prompt).template
            options = replace(options, system_text=text.content, post_history_text=text.post_history)
        except TavernError as error:
            notes.append(f"reply.system_prompt: {error.title}")
    named = properties.get(PROMPTS)
    wanted = named if isinstance(named, str) and named else reply.chat_preset
    if wanted and wanted.casefold() not in USUAL:
        try:
            options = _with_prompts(options, own, wanted)
        except TavernError as error:
            notes.append(f"{error.title} Our own prompts are used.")
    return options, " ".join(notes)


async def choose_prompts(session: ChatSession, workspace: Workspace, name: str) -> str:
    """Give a chat its own chat completion preset, for good; ``USUAL`` goes back to ours. What to say about it.

    Raises ``SettingsError``, ``StorageError``.
    """
    usual = name.strip().casefold() in USUAL
    if usual:
        options = replace(session.options, chat_preset=None)
    else:
        own = user_templates(workspace)
        options = await asyncio.to_thread(_with_prompts, session.options, own, name)
    await session.changes.write(PropertySet(PROMPTS, "usual" if usual else name.strip()))
    session.options = options
    if usual or options.chat_preset is None:
        return "Our own prompts make the messages in this chat from now on"
    return f"{options.chat_preset.name} makes the messages in this chat from now on"


async def told_prompts(session: ChatSession, workspace: Workspace) -> str:
    """What makes the messages of a chat, and what else can be chosen, in a line. Raises ``StorageError``."""
    from tavern_tui.session.template_files import listed_templates

    listed = await asyncio.to_thread(listed_templates, workspace, "chat")
    names = ", ".join(["usual", *(one.name for one in listed if not one.problem)])
    used = session.options.chat_preset.name if session.options.chat_preset else "our own prompts"
    return f"Messages are made by {used} · /prompts {names} chooses another"


def _with_prompts(options: ReplyOptions, own: UserTemplates, name: str) -> ReplyOptions:
    """``options`` with a preset, and with its samplers where nobody has chosen others."""
    held = own.held("chat", name)
    options = replace(options, chat_preset=held.preset)
    if "preset" not in options.chosen and held.sampling.sampling.changed():
        options = replace(options, preset=held.sampling.sampling)
    return options
