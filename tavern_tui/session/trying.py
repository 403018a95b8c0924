"""Trying a connection: one short reply, how fast it came, and whether it looks as if the template were another's.

The chat that is sent is our own and is thrown away. What went wrong is told together with what was found before that.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from tavern_tui.domain import connection_messages as messages
from tavern_tui.domain.character import Character
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import EngineError, EngineFault, TavernError
from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.domain.request import joined
from tavern_tui.domain.thinking import Thinking
from tavern_tui.engines import base
from tavern_tui.session.abilities import abilities
from tavern_tui.session.opening import Instead, Wishes, connection_to, open_session
from tavern_tui.session.routes import route_for, with_route
from tavern_tui.storage.chat_store import ChatStore

if TYPE_CHECKING:
    from tavern_tui.domain.template import InstructTemplate
    from tavern_tui.session.connection import Ready
    from tavern_tui.session.routes import Route
    from tavern_tui.session.session import ChatSession, Prepared
    from tavern_tui.session.workspace import Workspace

REPLY_TOKENS = 60
PROMPT_END = 300
"""Characters of the prompt's end that are told."""

_ASKED = Character(
    name="Mira",
    description="{{char}} keeps the night ferry. She speaks in short sentences.",
    greeting='*Mira lifts a lantern.* "Across?"',
)
_SAID = "Yes, please. Is the water deep here?"
_SHORTEST_TAG = 4  # characters: shorter ones stand in any text
_AGAIN = re.compile(r"(.{1,24}?)\1{7,}.{0,24}", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Trial:
    """What came of a try. ``first_ms`` until the first token, ``per_second`` tokens after it, ``None`` where unknown.

    ``context_told``: the engine says how large its context is. ``doubts`` are sentences about what looks wrong, with
    what helps; ``error`` is what ended it.
    """

    name: str = ""
    address: str = ""
    engine: str = ""
    model: str = ""
    context_tokens: int | None = None
    context_told: bool = False
    template: str = ""
    template_from: str = ""
    can: tuple[str, ...] = ()
    prompt_end: str = ""
    reply: str = ""
    tokens: int = 0
    first_ms: float | None = None
    per_second: float | None = None
    doubts: tuple[str, ...] = ()
    error: TavernError | None = None

    def rows(self) -> Iterator[tuple[str, str]]:
        """What to show: what it is about, and the text."""
        about = "" if self.context_told else "~"
        speed = "" if self.per_second is None else f"{self.per_second:,.1f} tokens/s, "
        yield from (
            (what, text)
            for what, text in (
                ("connection", " · ".join(part for part in (self.name, self.address) if part)),
                ("engine", self.engine),
                ("model", self.model),
                ("context", f"{about}{self.context_tokens:,}" if self.context_tokens else ""),
                ("template", f"{self.template} ({self.template_from})" if self.template else ""),
                ("can", ", ".join(self.can)),
                ("first token", "" if self.first_ms is None else f"{self.first_ms / 1000:.2f} s"),
                ("speed", f"{speed}{self.tokens} tokens" if self.reply else ""),
                ("prompt ends", self.prompt_end),
                ("reply", self.reply),
            )
            if text
        )

    def as_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        values = {name: getattr(self, name) for name in self.__slots__ if name != "error"}
        return {**values, "error": str(self.error) if self.error else None}


async def try_connection(
    workspace: Workspace, named: str, *, route: Route | None = None, clock: Callable[[], float] = time.monotonic
) -> Trial:
    """Ask a saved connection, an address, or, where ``named`` is empty, who writes now, for one short reply.

    ``route`` is asked instead of what ``named`` leads to, where it is given.
    Raises ``EngineError`` only where a key would go unencrypted (``KEY_IN_CLEAR``), so that it can be asked about.
    """
    route = route or route_for(workspace, server=named)
    connection = connection_to(workspace, route)
    trial = Trial(name=route.name, address=route.server or "this machine")
    with TemporaryDirectory(prefix="tavern-tui-") as folder:
        log = ChatStore(Path(folder), device="", state=Path(folder) / "state").create("Test", (_ASKED.name,))
        wishes = Wishes(persona="Alex")
        try:
            session = open_session(
                workspace,
                wishes,
                log=log,
                connection=connection,
                instead=Instead(card=(_ASKED, Path(folder))),
            )
            options = with_route(session.options, workspace, wishes, route)
            session.options = replace(options, think=Thinking.OFF, finish_sentence=False)
            await session.open()
            log.append(TurnAdded(session.tree.tip, Speaker.USER, "Alex", _SAID))
            prepared = await session.prepared()
            trial = _known(trial, prepared)
            trial = await _asked(trial, session, prepared, clock)
            return replace(trial, doubts=(*_context(route, prepared.ready), *_doubts(trial, prepared)))
        except TavernError as error:
            if isinstance(error, EngineError) and error.fault is EngineFault.KEY_IN_CLEAR:
                raise
            return replace(trial, error=error)
        finally:
            await connection.engine.close()


def _known(trial: Trial, prepared: Prepared) -> Trial:
    """With what the engine says of itself, and the end of what it will read."""
    info, plan = prepared.ready.info, prepared.plan
    as_chat = plan.chat is not None and not prepared.prompt
    text = plan.messages()[-1].content if as_chat else joined(prepared.prompt or plan.segments())
    return replace(
        trial,
        address=info.address or trial.address,
        engine=safe_line(f"{info.engine} {info.version}"),
        model=safe_line(info.model),
        context_tokens=prepared.ready.context_tokens,
        context_told=info.context_tokens is not None,
        template=prepared.ready.template.name,
        template_from=prepared.ready.template.why,
        can=tuple(abilities(info.capabilities)),
        prompt_end=text[-PROMPT_END:],
    )


async def _asked(trial: Trial, session: ChatSession, prepared: Prepared, clock: Callable[[], float]) -> Trial:
    """With the reply and its times. Raises ``EngineError``."""
    plan = prepared.plan
    as_chat = plan.chat is not None and not prepared.prompt
    request = base.Request(
        prompt=() if as_chat else prepared.prompt or plan.segments(),
        messages=plan.messages() if as_chat else (),
        response_tokens=REPLY_TOKENS,
        sampling=prepared.options.preset,
        stop=plan.stop,
        prefill=plan.chat.prefill if plan.chat is not None and as_chat else "",
    )
    text, pieces, generated = "", 0, None
    began, first = clock(), None
    last = began
    async with session.connection.engine.generate(request) as events:
        async for event in events:
            if isinstance(event, base.TextArrived | base.ReasoningArrived) and event.text:
                last = clock()
                first = last if first is None else first
                pieces += 1
                text += event.text if isinstance(event, base.TextArrived) else ""
            elif isinstance(event, base.Finished):
                generated = event.usage.generated
    tokens = generated or pieces
    writing = last - first if first is not None else 0.0
    return replace(
        trial,
        reply=text,
        tokens=tokens,
        first_ms=None if first is None else (first - began) * 1000,
        per_second=(tokens - 1) / writing if writing > 0 and tokens > 1 else None,
    )


def _context(route: Route, ready: Ready) -> Iterator[str]:
    loaded, model = ready.info.context_tokens, ready.info.model
    if route.context_tokens and loaded and loaded < route.context_tokens:
        yield str(messages.context_below(loaded, route.context_tokens))
    if route.server and route.model and route.model.casefold() not in model.casefold():
        yield str(messages.other_model(model, route.model))


def _doubts(trial: Trial, prepared: Prepared) -> Iterator[str]:
    """What of the reply looks as if the template were another's."""
    if not trial.reply.strip():
        yield str(messages.ended_at_once(trial.template))
    elif tag := foreign_tag(trial.reply, prepared.ready.template.instruct):
        yield str(messages.foreign_tag(tag, trial.template))
    elif piece := repeated(trial.reply):
        yield str(messages.repeats(piece))


def foreign_tag(reply: str, template: InstructTemplate | None) -> str:
    """The first markup of a family of models in ``reply`` that is not of ``template``; empty where there is none."""
    from tavern_tui.prompt.templates import BUILT_IN

    own = _tags(template) if template is not None else frozenset()
    others = frozenset().union(*(_tags(one) for one in BUILT_IN.values())) - own
    found = [(reply.index(tag), -len(tag), tag) for tag in others if tag in reply]
    return min(found)[2] if found else ""


def _tags(template: InstructTemplate) -> frozenset[str]:
    """The markup of a family, without the blanks round it; what is no markup in its look is left out."""
    sequences = (
        template.input_sequence,
        template.output_sequence,
        template.system_sequence,
        template.input_suffix,
        template.output_suffix,
        template.stop_sequence,
        *template.control_tokens,
    )
    tags = (tag for sequence in sequences for tag in (sequence.strip(), sequence.strip().partition("\n")[0]))
    return frozenset(tag for tag in tags if len(tag) >= _SHORTEST_TAG and tag[0] in "<[#")


def repeated(reply: str) -> str:
    """What ``reply`` consists of, again and again, without its blanks; empty where it says more than one thing."""
    found = _AGAIN.fullmatch(reply.strip())
    return found.group(1).strip() if found else ""
