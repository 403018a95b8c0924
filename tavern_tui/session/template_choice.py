"""Templates in an open chat: which holds and why, what there is, how the prompt would end with another, and choosing.

An instruct template is remembered for the model that writes; a context template and a system prompt are settings.
Counts for a prompt that is only looked at are estimates: they decide how much of the chat is in it, not how it ends.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

from tavern_tui.config.settings import load_settings, remember
from tavern_tui.domain.errors import NotFoundError, SettingsError
from tavern_tui.domain.request import joined
from tavern_tui.engines.counting import CountingEngine, estimate
from tavern_tui.formats.preset_kinds import PresetKind
from tavern_tui.prompt.reasoning import at_level
from tavern_tui.prompt.templates import BUILT_IN, OWN, PLAIN
from tavern_tui.session.chat_completion import sends_messages
from tavern_tui.session.connection import Connection
from tavern_tui.session.model_templates import ModelTemplates, TemplateChoice, own_templates
from tavern_tui.session.prompting import prepared_anyhow
from tavern_tui.session.system_texts import system_texts
from tavern_tui.session.template_files import OURS, ListedTemplate, listed_templates
from tavern_tui.session.whole_prompt import planned

if TYPE_CHECKING:
    from tavern_tui.domain.template import ContextTemplate, InstructTemplate
    from tavern_tui.session.opening import Wishes
    from tavern_tui.session.prepared import Prepared
    from tavern_tui.session.session import ChatSession
    from tavern_tui.session.workspace import Workspace

PREVIEW: Final = 300
"""Characters of the prompt's end that are shown."""

AUTOMATIC: Final = ""
"""The name that lets the program choose."""

KINDS: Final = ("instruct", "context", "sysprompt")
OUR_PROMPT: Final = "Chats"
"""What our own system text is called where there are others to choose."""

_SETTINGS = {"context": "reply.context", "sysprompt": "reply.system_prompt"}


@dataclass(frozen=True, slots=True)
class Offered:
    """A template that can be chosen; ``name`` of ``AUTOMATIC``: whichever fits. ``about`` is safe only where ours."""

    name: str
    title: str
    about: str = ""
    here: bool = False
    listed: ListedTemplate | None = None

    @property
    def ours(self) -> bool:
        """Whether it comes with the program."""
        return self.listed is None or self.listed.source == OURS


class _Estimate:
    """Counts by the length of texts."""

    async def count(self, texts: Sequence[str]) -> list[int]:
        return [estimate(text) for text in texts]

    async def close(self) -> None:
        return None


class TemplateDesk:
    """The templates for the chat of ``session``. Call ``look`` before anything else, and again after a choice."""

    def __init__(self, workspace: Workspace, session: ChatSession, wishes: Wishes) -> None:
        self.workspace = workspace
        self._session = session
        self._wishes = wishes
        self._templates = ModelTemplates(workspace.template_choices, own=own_templates(workspace))
        self._prepared: Prepared | None = None

    async def look(self) -> None:
        """Take up what the next prompt would be made of. Raises as ``prompting.look_at_prompt``."""
        self._templates = ModelTemplates(self.workspace.template_choices, own=own_templates(self.workspace))
        self._prepared = await prepared_anyhow(self._session, self.workspace, self._wishes)

    @property
    def seen(self) -> Prepared:
        """What ``look`` found. Raises ``NotFoundError`` before that."""
        if self._prepared is None:
            raise NotFoundError("Nothing is known of the next prompt yet.", hint="It is being looked at.")
        return self._prepared

    @property
    def in_force(self) -> str:
        """Which instruct template holds and why: ``Template: ChatML (by the model's name)``."""
        choice = self.seen.ready.template
        return f"Template: {choice.name} ({choice.why})"

    @property
    def as_messages(self) -> bool:
        """Whether the server takes messages, and writes the template itself."""
        return sends_messages(self.seen.ready.info, self.seen.options)

    def offered(self, kind: str) -> list[Offered]:
        """What can be chosen of a kind. Blocks. Raises ``StorageError``."""
        listed = listed_templates(self.workspace, kind)
        if kind == "instruct":
            return self._instruct(listed)
        settings = self.workspace.settings.reply
        chosen = settings.context if kind == "context" else settings.system_prompt
        if kind == "context":
            first = Offered(AUTOMATIC, "Automatic", "the one that goes with the instruct template", not chosen)
        else:
            first = Offered(AUTOMATIC, OUR_PROMPT, "our own", not chosen)
            listed = [*listed, *(_our_text(title) for title, _ in system_texts() if title != OUR_PROMPT)]
        return [first, *(_offered(one, here=one.name.casefold() == chosen.casefold()) for one in listed)]

    def _instruct(self, listed: list[ListedTemplate]) -> list[Offered]:
        choice = self.seen.ready.template
        by_itself = not choice.why.startswith("chosen")
        rows = [Offered(AUTOMATIC, "Automatic", "by the model's chat template, else by its name", by_itself)]
        mine_first = sorted(listed, key=lambda one: one.source == OURS)
        rows += [_offered(one, here=not by_itself and one.name == choice.name) for one in mine_first]
        others = {OWN: "the model's own, as it is", PLAIN: "no template: for base models"}
        for name, about in others.items():
            rows.append(Offered(name, name, about, not by_itself and choice.name == name))
        return rows

    async def choice(self, name: str) -> TemplateChoice:
        """The templates that choosing the instruct template ``name`` comes to. Raises ``SettingsError``."""
        info = self.seen.ready.info
        if name == AUTOMATIC:
            return await ModelTemplates(own=own_templates(self.workspace)).choose(info)
        return await self._templates.choose(info, name, asked=True)

    async def preview(self, kind: str, one: Offered) -> str:
        """What of the prompt shows what a template does: its end, its beginning, or a system prompt in full.

        Raises as planning a prompt does.
        """
        if kind == "instruct":
            return await self.ends_with(one.name)
        if kind == "sysprompt":
            return await asyncio.to_thread(self.text_of, one.name)
        automatic = one.name == AUTOMATIC
        context = self.seen.ready.template.context if automatic else template_behind(one, self)
        return await self.begins_with_context(context)

    async def ends_with(self, name: str) -> str:
        """The end of the prompt, written with the instruct template ``name``. Raises as planning a prompt does."""
        return await self._end(await self.choice(name))

    async def ends_with_template(self, kind: str, template: Any) -> str:
        """The end of the prompt, written with a template that may be in no file yet. Raises as planning one does."""
        choice = self.seen.ready.template
        if kind == "instruct":
            return await self._end(replace(choice, instruct=template, whole=None))
        return await self._end(replace(choice, context=template))

    async def begins_with_context(self, template: ContextTemplate) -> str:
        """The beginning of the prompt, whose story string a context template writes. Raises as planning one does."""
        return (await self._text(replace(self.seen.ready.template, context=template)))[: 4 * PREVIEW]

    async def choose(self, kind: str, name: str) -> str:
        """Let a template hold from the next reply on; says so. Raises ``SettingsError``, ``StorageError``."""
        if kind == "instruct":
            return await self._choose_for_model(name)
        wanted = name
        await asyncio.to_thread(remember, self.workspace.directories, _SETTINGS[kind], wanted)
        settings = (await asyncio.to_thread(load_settings, self.workspace.directories)).settings.reply
        if (settings.context if kind == "context" else settings.system_prompt) != wanted:
            raise SettingsError(f"config.yaml sets {_SETTINGS[kind]}: it stands above this choice.")
        return f"{name or 'The one that fits'} holds in every chat from the next reply on."

    async def _choose_for_model(self, name: str) -> str:
        model = self.seen.ready.info.model
        if not model:
            raise NotFoundError("No model is known here for which a template could be kept.", hint="/connect")
        choices = self.workspace.template_choices
        if name == AUTOMATIC:
            await asyncio.to_thread(choices.forget, model)
            told = f"The template for {model} is found by itself again."
        else:
            await self.choice(name)
            await asyncio.to_thread(choices.choose, model, name)
            told = f"{name} holds for {model} from the next reply on."
        if self._session.options.template_asked:
            told += f" This start asked for {self._session.options.template}, which holds until it ends."
        return told

    def text_of(self, name: str) -> str:
        """A system prompt in full: one of the user's, else ours of that name. Blocks. Raises ``StorageError``."""
        for one in listed_templates(self.workspace, "sysprompt"):
            if one.name == name and one.held is not None:
                prompt = one.held.template
                below = f"\n\nBelow the chat:\n{prompt.post_history}" if prompt.post_history else ""
                return f"{prompt.content}{below}"
        return dict(system_texts())[name or OUR_PROMPT]

    async def _end(self, choice: TemplateChoice) -> str:
        return ending(await self._text(choice))

    async def _text(self, choice: TemplateChoice) -> str:
        """The whole prompt with other templates."""
        before = self.seen
        ready = replace(before.ready, template=choice)
        template: InstructTemplate | None = choice.instruct
        given = replace(
            before.given,
            turns=self._session.tree.walk_back(self._session.tree.tip),
            context=choice.context,
            instruct=template and at_level(template, before.options.think),
        )
        counter = Connection(CountingEngine(ready.info, _Estimate()), clock=lambda: 0.0)
        plan, prompt = await planned(given, ready, before.options, counter)
        if plan.chat is not None and not prompt:
            return "\n".join(f"[{message.role.value}]\n{message.content}" for message in plan.messages())
        return joined(prompt or plan.segments())


def _our_text(title: str) -> ListedTemplate:
    """One of our system texts that goes with a mode of play by itself."""
    return ListedTemplate(title, PresetKind.SYSTEM_PROMPT, OURS)


def _offered(one: ListedTemplate, *, here: bool) -> Offered:
    return Offered(one.name, one.name, one.problem or one.source, here, one)


def template_behind(one: Offered, desk: TemplateDesk) -> Any:
    """The template of a row as an object that can be copied and changed; ``None`` for one that is no fields."""
    if one.listed is not None and one.listed.problem == "":
        held = one.listed.held
        return getattr(held, "template", held)
    if one.name == AUTOMATIC:
        choice = desk.seen.ready.template
        return choice.instruct
    return BUILT_IN.get(one.name)


def ending(prompt: str) -> str:
    """The last ``PREVIEW`` characters of a prompt, from a line's or else a word's beginning on, after ``…``."""
    if len(prompt) <= PREVIEW:
        return prompt
    end = prompt[-PREVIEW:]
    whole = prompt[-PREVIEW - 1].isspace()
    begins = (end.find(sign) + 1 for sign in "\n ")
    begin = 0 if whole else next((place for place in begins if 0 < place < PREVIEW // 2), 0)
    return f"…{end[begin:]}"
