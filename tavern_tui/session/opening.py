"""Opening a chat for talking: which character, which chat, which engine, with which options."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tavern_tui.config.settings import LoreSettings
from tavern_tui.domain.character import Character
from tavern_tui.domain.chat import ChatTree
from tavern_tui.domain.errors import ContradictionError, EngineError, EngineFault, NotFoundError, TavernError
from tavern_tui.domain.groups import is_group
from tavern_tui.domain.lorebook import Lorebook
from tavern_tui.domain.persona import Persona
from tavern_tui.session import events as out
from tavern_tui.session.connection import Connection
from tavern_tui.session.late_engine import LateEngine
from tavern_tui.session.lore import books_of
from tavern_tui.session.model_templates import ModelTemplates, own_templates, template_named
from tavern_tui.session.modes.choosing import CHAT, name_of
from tavern_tui.session.options import ReplyOptions, options_from
from tavern_tui.session.presets import as_in_settings, of_chat, preset_named, with_preset
from tavern_tui.session.reading_chats import find_chat
from tavern_tui.session.regex_scripts import chat_scripts
from tavern_tui.session.routes import Route, route_for, with_route
from tavern_tui.session.session import ChatSession
from tavern_tui.session.thinking import ChatThinking
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.chats import ChatLog

if TYPE_CHECKING:
    from tavern_tui.engines.base import Engine, Event
    from tavern_tui.session.model_habits import Habit
    from tavern_tui.storage.chat_store import ChatSummary
    from tavern_tui.storage.global_variables import GlobalVariables

Watch = Callable[[out.SessionEvent], None]
"""Hears what an engine does while it connects."""


NARRATOR = "Narrator"
"""Who writes the replies of a story or an adventure in which no character is named."""

USUAL_LORE = LoreSettings()


@dataclass(frozen=True, slots=True)
class Wishes:
    """What was asked for at this start; empty and ``None`` mean: as the settings say.

    ``chat`` names a chat to go on with; ``new`` begins another one, ``incognito`` one that is never written to the
    disk. ``policy`` is ``economy`` or ``classic``.
    """

    character: str = ""
    chat: str = ""
    new: bool = False
    server: str = ""
    model: str = ""
    persona: str = ""
    preset: str = ""
    template: str = ""
    response_tokens: int | None = None
    context_tokens: int | None = None
    seed: int | None = None
    policy: str = ""
    incognito: bool = False


@dataclass(frozen=True, slots=True)
class Instead:
    """What to use in the place of what the library has: a card and its file, a persona; ``worlds`` are read beside."""

    card: tuple[Character, Path] | None = None
    persona: Persona | None = None
    worlds: tuple[Lorebook, ...] = ()


def choose_engine(workspace: Workspace, route: Route, *, watch: Watch = lambda _event: None) -> LateEngine:
    """The engine that ``route`` leads to: a server, else the embedded one. It is looked for when it is first needed."""

    async def find() -> Engine:
        if workspace.safe:
            title = "No engine is used in safe mode."
            raise EngineError(title, fault=EngineFault.UNAVAILABLE, hint="Start without --safe.")
        if route.server:
            return await engine_at(workspace, route)
        return await asyncio.to_thread(_embedded, workspace, route, watch)

    return LateEngine(find)


async def engine_at(workspace: Workspace, route: Route) -> Engine:
    """The engine at a route's server, with the key that is for it. Raises ``EngineError``."""
    from tavern_tui.session.servers import engine_behind

    return await engine_behind(workspace, route)


def _embedded(workspace: Workspace, route: Route, watch: Watch) -> Engine:
    from tavern_tui.session.embedded import embedded_engine, model_to_use

    def tell(event: Event) -> None:
        told = out.progress_of(event)
        if told is not None:
            watch(told)

    settings = workspace.settings
    if route.context_tokens is not None:
        settings = replace(settings, engine=replace(settings.engine, context_tokens=route.context_tokens))
    chosen = model_to_use(workspace.directories, settings, route.model)
    if workspace.directories.model_habits.exists():
        from tavern_tui.session.model_habits import with_context

        settings = with_context(workspace, settings, chosen.name)
    return embedded_engine(workspace.directories, settings, chosen, tell)


def connection_to(workspace: Workspace, route: Route, *, watch: Watch = lambda _event: None) -> Connection:
    """A connection to the engine that ``route`` leads to, which is looked for when it is first needed."""
    engine = choose_engine(workspace, route, watch=watch)
    templates = ModelTemplates(workspace.template_choices, own=own_templates(workspace))
    return Connection(
        engine,
        clock=time.monotonic,
        templates=templates,
        label=route.label,
        note=route.note,
        habits=partial(remembered_habit, workspace),
    )


def remembered_habit(workspace: Workspace, model: str) -> Habit | None:
    """What is remembered for ``model``; ``None`` where nothing is remembered for any. Blocks."""
    if workspace.safe or not workspace.directories.model_habits.exists():
        return None
    from tavern_tui.session.model_habits import habit_for

    return habit_for(workspace, model)


def reconnect(session: ChatSession, workspace: Workspace, wishes: Wishes, *, watch: Watch) -> Connection:
    """Let whoever is chosen now write in ``session``, with the template, preset and context size that come with it.

    The connection before, to be closed. Raises ``SettingsError``.
    """
    route = route_for(workspace, server=wishes.server, model=wishes.model, properties=session.tree.properties)
    options = with_route(session.options, workspace, wishes, route)
    options = _set_for(workspace, options, session.log, watch)
    session.options = options if session.log.kept else _as_changed_here(options, session.options)
    before, session.connection = session.connection, connection_to(workspace, route, watch=watch)
    return before


def take_settings(session: ChatSession, workspace: Workspace, wishes: Wishes, *, watch: Watch) -> None:
    """Let the settings as they are now hold in an open chat, wherever this start or the chat has nothing of its own.

    Who writes stays (``reconnect``), and so does what of the preset was changed here. Raises ``SettingsError``.
    """
    tree, before = session.tree, session.options
    route = route_for(workspace, server=wishes.server, model=wishes.model, properties=tree.properties)
    options = with_route(wished_options(workspace, wishes), workspace, wishes, route)
    options = replace(_set_for(workspace, options, session.log, watch), updates_per_second=before.updates_per_second)
    session.options = ChatThinking().of_chat(tree, _as_changed_here(options, before))
    session.take_length()
    session.connection.use_templates(ModelTemplates(workspace.template_choices, own=own_templates(workspace)))
    session.persona = _persona(workspace, wishes, tree, watch)


def open_session(
    workspace: Workspace,
    wishes: Wishes,
    *,
    watch: Watch = lambda _event: None,
    log: ChatLog | None = None,
    connection: Connection | None = None,
    instead: Instead | None = None,
) -> ChatSession:
    """A session on the chat that was wished for, ready for ``open``. The engine is chosen, not yet looked for.

    A chat whose character has no card any more opens for reading (``ChatSession.no_card``). ``log`` is a chat to open
    without looking for one, ``connection`` one to use without choosing, ``instead`` what takes the place of the
    library's. Raises ``NotFoundError``, ``FormatError``, ``SettingsError``, ``StorageError``.
    """
    options = wished_options(workspace, wishes)
    if log is None and wishes.chat:
        log = find_chat(workspace, wishes.chat)
    instead = instead or Instead()
    part = _Part(*instead.card) if instead.card else _part_of(workspace, wishes, log, watch)
    new = wishes.new or wishes.incognito
    present = [] if new or log is not None else _alone_with(workspace, part.character.name)
    if log is None and present:
        log = workspace.chats.open(present[0].name)
    own = log.tree if log is not None else ChatTree()
    persona = _persona(workspace, wishes, own, watch)
    if log is None:
        persona = _bound_persona(workspace, wishes, part.character) or persona
        log = _new_log(workspace, wishes, part.character, persona)
    route = route_for(workspace, server=wishes.server, model=wishes.model, properties=log.tree.properties)
    options = _set_for(workspace, with_route(options, workspace, wishes, route), log, watch)
    session = ChatSession(
        log=log,
        character=part.character,
        persona=instead.persona or persona,
        connection=connection or connection_to(workspace, route, watch=watch),
        options=options,
        lorebooks=(*books_of(part.character, workspace.library), *instead.worlds),
        sample=part.path is not None and workspace.is_sample(part.path),
        no_card=part.no_card,
        global_variables=_variables_for(workspace, log),
        scripts=chat_scripts(workspace, part.character),
    )
    if is_group(log.tree):
        from tavern_tui.session.groups.opening import open_group

        session.group = open_group(workspace, session)
    return session


def _alone_with(workspace: Workspace, character: str) -> list[ChatSummary]:
    """The chats with a character and nobody else: a group is opened by its own name."""
    return [chat for chat in workspace.chats_with(character) if len(chat.characters) == 1]


def _new_log(workspace: Workspace, wishes: Wishes, character: Character, persona: Persona) -> ChatLog:
    """A chat without any turn. Raises ``StorageError``."""
    if not wishes.incognito:
        return workspace.new_chat(character, persona)
    from tavern_tui.session.privacy import incognito_log

    return incognito_log(character, persona)


def _variables_for(workspace: Workspace, log: ChatLog) -> GlobalVariables:
    """The variables of all chats; a chat that is not kept only reads them."""
    if log.kept:
        return workspace.global_variables
    from tavern_tui.session.privacy import variables_to_read

    return variables_to_read(workspace)


def _persona(workspace: Workspace, wishes: Wishes, tree: ChatTree, watch: Watch) -> Persona:
    """Who the user is in a chat; what reads personas is imported where somebody has chosen one."""
    usual = workspace.persona
    chosen = wishes.persona or workspace.settings.persona.use or "persona" in tree.properties
    if not chosen and tree.persona in ("", usual.name):
        return usual
    from tavern_tui.session.personas import persona_for

    persona, note = persona_for(workspace, wishes.persona, tree.properties, tree.persona)
    if note:
        watch(out.Notice(note))
    return persona


def _bound_persona(workspace: Workspace, wishes: Wishes, character: Character) -> Persona | None:
    """The persona that is bound to the character of a new chat, where this start names no other."""
    if wishes.persona or not workspace.directories.personas.is_dir():
        return None
    from tavern_tui.session.personas import persona_with

    return persona_with(workspace, character.name)


def _as_changed_here(options: ReplyOptions, before: ReplyOptions) -> ReplyOptions:
    """``options`` with what of the same preset was changed ``before`` in an open chat."""
    if options.preset.name != before.preset.name:
        return options
    return replace(options, preset=before.preset, rules=before.rules, seed=before.seed)


def _set_for(workspace: Workspace, options: ReplyOptions, log: ChatLog, watch: Watch) -> ReplyOptions:
    """``options`` with what is set for the chat of ``log``: its sampler preset, its prompts."""
    properties = log.tree.properties
    options, note = of_chat(workspace, options, log)
    reply, more = workspace.settings.reply, ""
    if reply.system_prompt or reply.chat_preset or "chat_preset" in properties:
        from tavern_tui.session.user_templates import with_texts

        options, more = with_texts(workspace, options, properties)
    if workspace.library.has_beside_cards:
        options = replace(options, beside_cards=workspace.library.beside_cards.all())
    notes = [note, more]
    if workspace.settings.lore != USUAL_LORE or "worlds" in properties:
        from tavern_tui.session.lore_books import with_lore

        options, missing = with_lore(workspace, options, properties)
        notes += missing
    for told in filter(None, notes):
        watch(out.Notice(told))
    return options


@dataclass(frozen=True, slots=True)
class _Part:
    """Who answers; without a card only a name, and why it has none."""

    character: Character
    path: Path | None = None
    no_card: NotFoundError | None = None


def _part_of(workspace: Workspace, wishes: Wishes, log: ChatLog | None, watch: Watch) -> _Part:
    """The character that was named, else the chat's, else the one last talked to."""
    present = log.tree.characters if log is not None else ()
    if wishes.character:
        return _Part(*_named(workspace, wishes.character, present))
    if not present and log is not None and name_of(log.tree.properties) != CHAT.name:
        return _Part(Character(name=NARRATOR))
    if not present:
        name = workspace.latest_character()
        _tell_who_was_passed(workspace, name, watch)
        return _Part(*workspace.character(name))
    able = next((name for name in present if _has_card(workspace, name)), present[0])
    try:
        return _Part(*workspace.card_of(able))
    except TavernError as error:
        hint = f"{error.hint} The chat can be read; to talk, put the card back or name another character.".lstrip()
        return _Part(Character(name=present[0]), no_card=NotFoundError(error.title, hint=hint, where=error.where))


def _named(workspace: Workspace, name: str, present: tuple[str, ...]) -> tuple[Character, Path]:
    """The character that was named for a chat with ``present``; another than these only where their card is gone.

    Raises ``ContradictionError`` where the chat is somebody else's.
    """
    try:
        character, path = workspace.character(name)
    except NotFoundError as missing:
        if workspace.chats_with(name):
            missing.hint = f"{missing.hint} A chat with {name} is there to be read: tavern-tui log {name}".lstrip()
        raise
    if present and character.name not in present and _has_card(workspace, present[0]):
        raise ContradictionError(
            f"That chat is with {present[0]}, not with {character.name}.",
            hint=f"Leave out the chat to talk with {character.name}, or name {present[0]}.",
        )
    return character, path


def _has_card(workspace: Workspace, name: str) -> bool:
    try:
        workspace.card_of(name)
    except TavernError:
        return False
    return True


def _tell_who_was_passed(workspace: Workspace, chosen: str, watch: Watch) -> None:
    """Say that the chat written last is not the one that opens, because its character's card cannot be read."""
    last = next((chat for chat in workspace.chats.list() if chat.characters), None)
    if last is not None and last.characters[0] != chosen:
        who = last.characters[0]
        watch(out.Notice(f"The last chat, {last.title}, is not opened: there is no card of {who} that can be read."))


_ASKED = ("preset", "response_tokens", "seed", "context_tokens", "policy")


def wished_options(workspace: Workspace, wishes: Wishes) -> ReplyOptions:
    """The settings' options with this start's wishes over them. Raises ``SettingsError``."""
    options = options_from(workspace.settings)
    if wishes.template:
        template_named(wishes.template, own_templates(workspace))
    asked = frozenset(name for name in _ASKED if getattr(wishes, name) not in (None, ""))
    options = as_in_settings(replace(options, seed=wishes.seed, asked=asked), workspace)
    if wishes.preset:
        options = with_preset(options, preset_named(workspace, wishes.preset).preset)
    return replace(
        options,
        template=wishes.template or options.template,
        template_asked=bool(wishes.template),
        response_tokens=wishes.response_tokens or options.response_tokens,
        context_tokens=wishes.context_tokens or options.context_tokens,
        policy=wishes.policy or options.policy,
        chosen=options.chosen | asked,
    )
