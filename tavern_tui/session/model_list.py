"""Model files as plain values for lists and for one model's page, and the starter model on its way into the library.

What fits is judged for the context, the cache's type and the replies side by side that are set.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from tavern_tui.config.paths import Directories
from tavern_tui.config.settings import Settings
from tavern_tui.domain.memory_fit import MemoryNeed, bytes_per_token
from tavern_tui.formats.gguf import GgufHeader
from tavern_tui.formats.gguf_tables import QUALITIES
from tavern_tui.session.embedded import all_models, loading_from
from tavern_tui.storage.model_file import Conditions
from tavern_tui.storage.models import DEFAULT_CONTEXT, Loading, ModelFile, find_model, list_models, model_folders

CONTEXTS = (2048, 4096, 8192, 16384, 32768)
"""Contexts that a model's page tells the need of, in tokens."""

KV_TYPES = ("f16", "q8_0", "q4_0")


def model_rows(
    dirs: Directories,
    settings: Settings,
    *,
    folders: Iterable[Path] = (),
    context_tokens: int | None = None,
    kv_type: str = "",
) -> list[dict[str, Any]]:
    """Every model file as plain values, and what is taken for one: ``problem`` and ``hint`` say what is wrong with it.

    ``folders`` are looked through beside the usual ones. ``context_tokens`` and ``kv_type`` are what the fit is judged
    by in place of the settings'.
    """
    models = list_models(
        dirs,
        folders=model_folders(dirs, folders),
        context_tokens=context_tokens or settings.engine.context_tokens or DEFAULT_CONTEXT,
        loading=_loading(settings, kv_type),
        foreign=True,
    )
    return [_row(model) for model in models]


def model_facts(
    dirs: Directories, settings: Settings, name: str, *, context_tokens: int | None = None, kv_type: str = ""
) -> dict[str, Any]:
    """Everything that is known of one model: its row, its header's words, and what it needs at several contexts.

    Raises ``NotFoundError``, ``FormatError`` and ``StorageError`` as ``storage.models.find_model`` does.
    """
    loading = _loading(settings, kv_type)
    context = context_tokens or settings.engine.context_tokens or DEFAULT_CONTEXT
    model = find_model(name, dirs, context_tokens=context, loading=loading)
    assert model.header is not None  # a model without a problem has both
    assert model.need is not None
    header, free = model.header, model.need.available
    trained = header.trained_tokens or max(CONTEXTS)
    contexts = sorted({*(tokens for tokens in CONTEXTS if tokens <= trained), model.need.context_tokens})
    needs = [
        {"kv_type": kind, **_need(Conditions(tokens, free, replace(loading, kv_type=kind)).need(header))}
        for tokens in contexts
        for kind in KV_TYPES
    ]
    row = _row(model) | {"kv_type": loading.kv_type}
    return row | {"files": [str(path) for path in model.parts], "header": _told(header), "needs": needs}


def has_model(dirs: Directories, settings: Settings) -> bool:
    """Whether there is a model that can be used."""
    return any(model.usable for model in all_models(dirs, settings))


def fetch_starter(dirs: Directories, tell: Callable[[str, int, int | None], None]) -> tuple[Path, bool]:
    """Put the starter model into the library; its path, and whether it had to be fetched.

    ``tell`` hears what is being done, bytes done, and of how many. Raises ``EngineError``, ``StorageError``.
    """
    from tavern_tui.engines.starter import get_starter, starter_in

    there = starter_in(dirs.models)
    if there is not None:
        return there, False
    return get_starter(dirs.models, lambda step: tell(step.phase.value, step.done, step.total)), True


def _loading(settings: Settings, kv_type: str) -> Loading:
    loading = loading_from(settings)
    return replace(loading, kv_type=kv_type) if kv_type else loading


def _row(model: ModelFile) -> dict[str, Any]:
    header = model.header
    return {
        "name": model.name,
        "file": str(model.path),
        "bytes": model.size,
        "parts": len(model.parts),
        "quant": header.quant if header else "",
        "quality": QUALITIES.get(header.quant, "") if header else "",
        "architecture": header.architecture if header else "",
        "parameters": header.parameters if header else 0,
        "trained_tokens": header.trained_tokens if header else None,
        "context_tokens": model.need.context_tokens if model.need else None,
        "needs_bytes": model.need.total if model.need else None,
        "need": _need(model.need) if model.need else None,
        "fit": model.fit.value,
        "projector": str(model.projector) if model.projector else "",
        "gguf": not model.foreign,
        "problem": model.problem,
        "hint": model.hint,
    }


def _need(need: MemoryNeed) -> dict[str, Any]:
    return {
        "context_tokens": need.context_tokens,
        "weights_bytes": need.weights,
        "cache_bytes": need.cache,
        "overhead_bytes": need.overhead,
        "free_bytes": need.available,
        "fit": need.fit.value,
    }


def _told(header: GgufHeader) -> dict[str, Any]:
    """What the file says of itself that a person may want to know; the chat template only whether there is one."""
    return {
        "name": header.name,
        "size_label": header.size_label,
        "license": header.license,
        "tokenizer": header.tokenizer,
        "pre_tokenizer": header.pre_tokenizer,
        "vocabulary": header.vocabulary,
        "chat_template": bool(header.chat_template),
        "add_bos": header.add_bos,
        "layers": len(header.blocks),
        "bits_per_weight": round(header.bits_per_weight, 2),
        "cache_bytes_per_token": bytes_per_token(header.layers),
        "experts": header.experts,
        "experts_used": header.experts_used,
        "rewinds": header.rewinds,
        "rope": asdict(header.rope) if header.rope else None,
        "sampling": dict(header.sampling),
    }
