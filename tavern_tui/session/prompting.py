"""Looking at the prompt that the next reply would get, without asking for one: ``tavern-tui prompt``, the inspector.

The plan is the session's own, made from the chat as it is on disk, or of a session that is open. Nothing is written, no
engine is started and no model is loaded; who counts instead is ``prompt_readers``'s.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import EngineError, NotFoundError
from tavern_tui.domain.persona import Persona
from tavern_tui.session import prompt_records
from tavern_tui.session.connection import EMBEDDED, Connection
from tavern_tui.session.model_templates import ModelTemplates, own_templates
from tavern_tui.session.opening import Instead, Wishes, open_session, remembered_habit
from tavern_tui.session.personas import persona_for, with_books
from tavern_tui.session.prompt_readers import ESTIMATED, PromptReader, counted_by, prompt_reader
from tavern_tui.session.reading_chats import find_chat
from tavern_tui.session.reading_cost import ReadingCost, has_lost, reading_cost
from tavern_tui.session.session import ChatSession, Prepared
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.chat_store import ChatStore
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.reading import read_bytes

if TYPE_CHECKING:
    from tavern_tui.prompt.plan import PromptPlan
    from tavern_tui.prompt.plan_record import PlanDifference, PromptRecord

_PERSONA_BYTES = 1024 * 1024
_TABLES = (".yaml", ".yml", ".json")
_Card = tuple[Character, Path]  # and its file


@dataclass(frozen=True, slots=True)
class PromptQuestion:
    """Whose prompt is wanted, and what to put in the place of what the library has.

    ``name`` is a chat's or a character's. ``card`` and ``worlds`` are files or names in the library; the books come
    beside the character's own. ``persona`` is a file (YAML or JSON with ``name`` and ``description``, else a text that
    is the description), or a name. ``wishes`` are those of any start.
    """

    name: str
    card: str = ""
    worlds: tuple[str, ...] = ()
    persona: str = ""
    wishes: Wishes = field(default_factory=Wishes)


@dataclass(frozen=True, slots=True)
class LookedAt:
    """The plan of the next reply, and what is known about it.

    ``chat`` is the chat's title, empty where the reply would begin a new one; ``turns`` how many are on its path.
    ``template_why`` says why the template was chosen, ``counting`` who counted and ``exact`` whether as the model
    itself would. ``problem`` is a sentence about an engine that could not be asked. ``last`` is what is kept of the
    chat's last prompt, and ``difference`` how the plan differs from it; ``None`` where nothing is kept.
    ``last_turn`` is the number of the turn that came of it, 0 where that is not in the chat any more. ``cost`` is what
    reading the prompt would take.
    """

    plan: PromptPlan
    character: str
    chat: str
    turns: int
    model: str
    template_why: str
    counting: str
    exact: bool
    problem: str
    last: PromptRecord | None
    difference: PlanDifference | None
    last_turn: int
    cost: ReadingCost | None = None

    @property
    def counted(self) -> str:
        """How tokens were counted, in a few words."""
        return self.counting if self.counting.startswith(ESTIMATED) else f"counted {self.counting}"

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON (``docs/prompt.md``): the plan's, with what stands round it."""
        last = None
        if self.last is not None and self.difference is not None:
            last = {
                "turn": self.last.turn,
                "number": self.last_turn,
                "at": self.last.at,
                "model": self.last.model,
                "template": self.last.template,
                "policy": self.last.policy,
                **self.difference.as_dict(),
            }
        return {
            "character": self.character,
            "chat": self.chat,
            "turns": self.turns,
            "model": self.model,
            "template_from": self.template_why,
            "counting": self.counting,
            "exact": self.exact,
            **self.plan.as_dict(),
            "text": self.plan.text if self.plan.chat is None else None,
            "last": last,
            "cost": self.cost.as_dict() if self.cost is not None else None,
        }


async def look_at_prompt(workspace: Workspace, question: PromptQuestion) -> LookedAt:
    """The prompt that the next reply would get.

    Raises ``NotFoundError`` where the chat, the character or a file is not there, ``FormatError`` or ``StorageError``
    for a file that cannot be read, ``SettingsError`` for a template that does not exist, and ``PromptError`` where
    nothing sensible can be sent.
    """
    return await _look(workspace, question, *_meant(workspace, question.name))


async def look_at_next(session: ChatSession, workspace: Workspace, wishes: Wishes) -> LookedAt:
    """The prompt that the next reply in an open chat would get; where its engine is away, as others would count it.

    Raises as ``look_at_prompt`` does.
    """
    try:
        prepared = await session.prepared()
    except EngineError as away:
        found = await _look(workspace, PromptQuestion("", wishes=wishes), session.log, None)
        return replace(found, problem=found.problem or str(away))
    info = prepared.ready.info
    last = await asyncio.to_thread(prompt_records.last, session.log)
    exact = info.capabilities.exact_count
    return _looked_at(
        session,
        prepared,
        last,
        counting=counted_by(info, "the engine" if info.engine == EMBEDDED else info.engine),
        exact=exact,
    )


async def prepared_anyhow(session: ChatSession, workspace: Workspace, wishes: Wishes) -> Prepared:
    """What the next reply in an open chat would be made with, as others would count it where its engine is away.

    Raises as ``look_at_prompt`` does.
    """
    try:
        return await session.prepared()
    except EngineError:
        log, question = session.log, PromptQuestion("", wishes=wishes)
        reader = await prompt_reader(workspace, wishes, last_model=_last_model(log), properties=log.tree.properties)
        try:
            other = _session(workspace, question, log, None, reader)
            other.take_length()
            return await other.prepared()
        finally:
            await reader.engine.close()


async def _look(workspace: Workspace, question: PromptQuestion, log: ChatLog | None, card: _Card | None) -> LookedAt:
    with TemporaryDirectory(prefix="tavern-tui-") as folder:
        new = log is None
        if log is None:
            log = _passing_chat(Path(folder), card)
        last = prompt_records.last(log)
        properties = log.tree.properties
        reader = await prompt_reader(workspace, question.wishes, last_model=_last_model(log), properties=properties)
        try:
            session = _session(workspace, question, log, card, reader)
            if new:
                await session.open()
            else:
                session.take_length()
            prepared = await session.prepared()
        finally:
            await reader.engine.close()
    found = _looked_at(session, prepared, last, counting=reader.counting, exact=reader.exact)
    return replace(found, chat="" if new else found.chat, problem=reader.problem)


def _looked_at(
    session: ChatSession, prepared: Prepared, last: PromptRecord | None, *, counting: str, exact: bool
) -> LookedAt:
    return LookedAt(
        plan=prepared.plan,
        character=prepared.given.character.name,
        chat=session.tree.title or session.log.path.stem,
        turns=len(session.tree.path()),
        model=prepared.ready.info.model,
        template_why=prepared.ready.template.why,
        counting=counting,
        exact=exact,
        problem="",
        last=last,
        difference=_difference(last, prepared),
        last_turn=session.turn_number(last.turn) if last is not None else 0,
        cost=reading_cost(prepared.plan, last, session.tree, prepared.ready.info, lost=has_lost(session)),
    )


def persona_named(workspace: Workspace, named: str) -> Persona:
    """The persona of that name, or that a file holds, or the usual one under another name.

    Raises as reading a file does.
    """
    path = Path(named).expanduser()
    if "/" not in named and not path.suffix and not path.is_file():
        return persona_for(workspace, named, {}, "")[0]
    data = read_bytes(path, _PERSONA_BYTES)
    if path.suffix.lower() not in _TABLES:
        return Persona(path.stem, data.decode("utf-8", "replace").strip())
    from tavern_tui.formats.personas import read_persona

    return with_books(workspace, read_persona(data, path.stem, where=path.name)[0])


def _meant(workspace: Workspace, name: str) -> tuple[ChatLog | None, _Card | None]:
    """The chat in question; where a character was named, its card, and its latest chat if there is one."""
    try:
        return find_chat(workspace, name), None
    except NotFoundError as missing:
        no_chat = missing
    try:
        card = workspace.character(name)
    except NotFoundError as no_character:
        try:
            return workspace.shipped_chats.find(name), None
        except NotFoundError:
            raise NotFoundError(no_chat.title, hint=f"{no_chat.hint.rstrip('.')}. {no_character}") from None
    chats = workspace.chats_with(card[0].name)
    return (workspace.chats.open(chats[0].name) if chats else None), card


def _passing_chat(folder: Path, card: _Card | None) -> ChatLog:
    """A chat that has not begun, in a folder that is gone afterwards."""
    name = card[0].name if card is not None else ""
    return ChatStore(folder, device="", state=folder / "state").create(name, (name,))


def _session(
    workspace: Workspace, question: PromptQuestion, log: ChatLog, card: _Card | None, reader: PromptReader
) -> ChatSession:
    """The session of the next reply, with what the question puts in the place of what the library has."""
    templates = ModelTemplates(workspace.template_choices, own=own_templates(workspace))
    instead = Instead(
        card=workspace.character(question.card) if question.card else card,
        persona=persona_named(workspace, question.persona) if question.persona else None,
        worlds=tuple(workspace.library.lorebook(world)[0] for world in question.worlds),
    )
    known = partial(remembered_habit, workspace)
    connection = Connection(reader.engine, clock=time.monotonic, templates=templates, habits=known)
    return open_session(workspace, question.wishes, log=log, connection=connection, instead=instead)


def _last_model(log: ChatLog) -> str:
    """The model that wrote the newest reply on the chat's path; empty where nobody knows."""
    replies = (turn.receipt.model for turn in log.tree.walk_back() if turn.receipt is not None)
    return next(replies, "")


def _difference(last: PromptRecord | None, prepared: Prepared) -> PlanDifference | None:
    from tavern_tui.prompt.plan_record import difference

    return difference(last, prepared.plan) if last is not None else None
