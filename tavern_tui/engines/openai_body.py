"""The body of an OpenAI-style request, and what a refusal of one teaches about the model. No network here.

Sampling is ``wire_samplers.to_wire``, the order of roles ``roles.arranged``. Source: ``docs/spec/backends.md`` §4, §14.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from tavern_tui.domain import messages
from tavern_tui.domain.errors import EngineFault
from tavern_tui.domain.request import joined
from tavern_tui.engines.base import EngineInfo, Request
from tavern_tui.engines.dialects import Dialect, Prefill, Roles
from tavern_tui.engines.faults import Answer, complaint, overflows, raised
from tavern_tui.engines.json_shape import list_at
from tavern_tui.engines.offered import OfferedModel
from tavern_tui.engines.roles import arranged
from tavern_tui.engines.wire_samplers import Wire, to_wire

UNTOLD = frozenset({"stream_options"})
"""Parameters that are left out without a word: the user loses nothing."""

_IN_TURN = "@in-turn"
_ESSENTIAL = frozenset({"model", "messages", "prompt", "stream"})
_ABOUT_ROLES = re.compile(
    r"roles? must alternate|alternat\w+ (?:user|roles)|system (?:role|message)s? (?:is |are )?not supported"
    r"|(?:first|last) (?:non-system )?message must|only user and assistant roles|must start with a? ?user"
    r"|system message must be at the beginning",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Learned:
    """What a model was found not to take: parameters by name; the order of roles that it insists on."""

    dropped: set[str] = field(default_factory=set)
    roles: Roles | None = None

    @classmethod
    def read(cls, text: str) -> Learned:
        """What ``text`` says, as ``str`` writes it; words that mean nothing are taken for parameters."""
        words = set(text.split())
        return cls(words - {_IN_TURN}, Roles.ALTERNATING if _IN_TURN in words else None)

    def __str__(self) -> str:
        """As one line of words."""
        return " ".join(sorted(self.dropped) + ([_IN_TURN] if self.roles is Roles.ALTERNATING else []))


@dataclass(frozen=True, slots=True)
class Body:
    """A request as it is sent: the path below the API's root, the JSON, and what the user should be told."""

    path: str
    value: dict[str, object]
    notices: tuple[str, ...] = ()


def wire_for(dialect: Dialect, model: OfferedModel) -> Wire:
    """How a model is told of sampling: as its kind of server, less what the model itself does not take."""
    return dialect.wire if model.accepts is None else dialect.wire.only(model.accepts)


def body_for(
    request: Request,
    dialect: Dialect,
    model: OfferedModel,
    info: EngineInfo,
    learned: Learned,
    bias_ids: Mapping[str, tuple[int, ...]],
) -> Body:
    """The request to a server of that kind. Raises ``EngineError`` for one that it cannot take at all."""
    allowed = replace(request, response_tokens=min(request.response_tokens, model.reply_tokens or 1 << 40))
    wire = wire_for(dialect, model)
    sampling = to_wire(allowed, wire, engine=info.engine, context_tokens=info.context_tokens, bias_ids=bias_ids)
    value: dict[str, object] = {"model": model.id, "stream": True, **sampling.fields, **dialect.extra}
    if dialect.true_usage:
        value["stream_options"] = {"include_usage": True}
    notices = list(sampling.notices)
    if request.messages:
        if not info.capabilities.chat_completion:
            raise raised(messages.takes_text_only(info.engine), EngineFault.REJECTED, info.address)
        turns = arranged(request.messages, learned.roles or dialect.roles, names=dialect.names)
        value["messages"] = [one.as_dict() for one in turns]
        if request.think is not None and dialect.thinking is not None:
            value |= dialect.thinking(request.think)
        notices += _add_prefill(value, request.prefill, dialect.prefill, info.engine)
    else:
        if not info.capabilities.text_completion:
            raise raised(messages.takes_messages_only(info.engine), EngineFault.REJECTED, info.address)
        value["prompt"] = joined(request.prompt)
        value |= dialect.tags if request.tags else {}
        value |= {"suffix": request.suffix} if request.suffix else {}
    if told := min(request.alternatives, info.capabilities.alternatives):
        value |= {"logprobs": True, "top_logprobs": told} if request.messages else {"logprobs": told}
    if (several := min(request.replies, info.capabilities.parallel)) > 1:
        value["n"] = several
    for name in learned.dropped:
        value = without(value, name, learned)
    path = "/chat/completions" if request.messages else "/completions"
    return Body(dialect.root + path, value, tuple(notices))


def unwanted(answer: Answer, value: Mapping[str, object]) -> str:
    """The name of the parameter that a refusal is about, empty where it names none that can be left out."""
    said = complaint(answer.json)
    if said is None or answer.status not in (400, 422) or overflows(said):
        return ""
    candidates = sorted(set(value) - _ESSENTIAL, key=len, reverse=True)
    if said.parameter in candidates:
        return said.parameter
    for name in candidates:
        if re.search(rf"(?:['\"`“]|(?:parameter|field|argument)s?:? ){re.escape(name)}(?!\w)", said.message):
            return name
    return ""


def wants_turns(answer: Answer) -> bool:
    """Whether a refusal is about the order of roles, as that of a model's chat template may be."""
    said = complaint(answer.json)
    return said is not None and answer.status in (400, 422, 500) and bool(_ABOUT_ROLES.search(said.message))


def without(value: Mapping[str, object], name: str, learned: Learned) -> dict[str, object]:
    """A body without a parameter, from now on; a length that is only called otherwise is kept."""
    learned.dropped.add(name)
    rest = {key: found for key, found in value.items() if key != name}
    if name == "max_tokens" and "max_completion_tokens" not in learned.dropped and name in value:
        rest["max_completion_tokens"] = value[name]
    return rest


def _add_prefill(value: dict[str, object], prefill: str, way: Prefill, engine: str) -> list[str]:
    if not prefill:
        return []
    last: dict[str, object] = {"role": "assistant", "content": prefill}
    match way:
        case Prefill.NONE:
            return [messages.prefill_left_out(engine).plain]
        case Prefill.RESPONSE_PREFIX:
            value["response_prefix"] = prefill
            return []
        case Prefill.CONTINUE_FINAL:
            value |= {"add_generation_prompt": False, "continue_final_message": True}
        case Prefill.CONTINUE_FLAG:
            value["continue_"] = True
        case Prefill.PREFIX_FLAG:
            last["prefix"] = True
        case Prefill.PARTIAL_FLAG:
            last["partial"] = True
        case Prefill.LAST_MESSAGE:
            pass
    value["messages"] = [*list_at(value, "messages"), last]
    return []
