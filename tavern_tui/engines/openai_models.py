"""The models of an OpenAI-compatible server: its list read, whatever each kind calls the numbers in it."""

from __future__ import annotations

from tavern_tui.engines.dialects import Asking, Dialect
from tavern_tui.engines.faults import Answer, complaint
from tavern_tui.engines.json_shape import at, int_at, list_at, text_at
from tavern_tui.engines.offered import OfferedModel

# Where an item tells the loaded context: vLLM, OpenRouter, Groq, text-generation-webui, llama-server.
_CONTEXT_KEYS = (
    ("max_model_len",),
    ("context_length",),
    ("context_window",),
    ("max_context_length",),
    ("meta", "n_ctx"),
)
# The most tokens of a reply: OpenRouter, Groq.
_REPLY_KEYS = (("top_provider", "max_completion_tokens"), ("max_completion_tokens",))


async def offered(server: Asking, dialect: Dialect) -> list[OfferedModel] | Answer:
    """The models that a server has; where it refuses to tell them, its answer."""
    if dialect.survey is not None and (found := await dialect.survey(server)) is not None:
        return found
    answer = await server.get(dialect.root + "/models")
    items = list_at(answer.json, "data") or list_at(answer.json)
    if answer.status >= 300 or answer.is_page or (complaint(answer.json) and not items):
        return answer
    return [read_model(item) for item in items if text_at(item, "id")]


def read_model(item: object) -> OfferedModel:
    """One item of the common list."""
    accepted = list_at(item, "supported_parameters")
    status = text_at(item, "status", "value")
    return OfferedModel(
        id=text_at(item, "id"),
        context_tokens=next((found for keys in _CONTEXT_KEYS if (found := int_at(item, *keys))), None),
        trained_tokens=int_at(item, "meta", "n_ctx_train"),
        reply_tokens=next((found for keys in _REPLY_KEYS if (found := int_at(item, *keys))), None),
        loaded=status == "loaded" if status else None,
        accepts=frozenset(name for name in accepted if isinstance(name, str)) if accepted else None,
    )


async def looked_at(server: Asking, dialect: Dialect, model: OfferedModel) -> OfferedModel:
    """``model`` with what the server tells of it elsewhere than in its list."""
    if dialect.look is not None:
        model = await dialect.look(server, model)
    context = int_at(await told(server, dialect.context.path, *dialect.context.keys)) if dialect.context else None
    template = await told(server, dialect.template.path, *dialect.template.keys) if dialect.template else None
    return OfferedModel(
        id=model.id,
        context_tokens=context or model.context_tokens,
        trained_tokens=model.trained_tokens,
        reply_tokens=model.reply_tokens,
        loaded=model.loaded,
        chat_template=template if isinstance(template, str) else model.chat_template,
        accepts=model.accepts,
    )


async def told(server: Asking, path: str, *keys: str | int) -> object:
    """What a server tells at a path, ``None`` where it does not."""
    answer = await server.get(path)
    return at(answer.json, *keys) if answer.status < 300 else None
