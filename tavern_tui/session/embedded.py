"""The embedded engine as the user's settings want it: which file, which place, and what the commands do with it."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from pathlib import Path
from typing import Any, cast

from tavern_tui.config.engine_settings import ALL, AUTO
from tavern_tui.config.paths import Directories
from tavern_tui.config.settings import Settings, remember
from tavern_tui.domain import messages
from tavern_tui.domain.errors import EngineError, EngineFault, NotFoundError, TavernError
from tavern_tui.domain.memory_fit import UBATCH, Fit, MemoryNeed
from tavern_tui.engines.base import Event
from tavern_tui.engines.embedded.client import EmbeddedEngine, EmbeddedSettings, host_status, stop_host, tune
from tavern_tui.engines.embedded.link import HostSettings
from tavern_tui.engines.embedded.options import (
    ALL_LAYERS,
    AUTO_LAYERS,
    USUAL,
    FlashAttention,
    KvType,
    LoadOptions,
)
from tavern_tui.engines.embedded.place import HostPlace
from tavern_tui.session.events import EngineWaiting, progress_of
from tavern_tui.session.options import STARTER_CONTEXT_TOKENS
from tavern_tui.storage.memory import available_memory
from tavern_tui.storage.model_file import Conditions
from tavern_tui.storage.models import DEFAULT_CONTEXT, Loading, ModelFile, find_model, is_starter, list_models

CONTEXTS = (8192, 4096, 2048)
"""Context sizes to choose from in tokens, best first (``docs/ux.md`` §4)."""


def engine_kind(settings: Settings) -> str:
    """What the host would run: ``llama-cpp-python``, ``llama-server``, or empty when there is neither."""
    if importlib.util.find_spec("llama_cpp") is not None:
        return "llama-cpp-python"
    configured = settings.engine.llama_server
    if (configured and shutil.which(configured)) or shutil.which("llama-server"):
        return "llama-server"
    return ""


def host_place(dirs: Directories) -> HostPlace:
    """Where this user's engine host lives."""
    return HostPlace(dirs.engine, dirs.cache)


def all_models(dirs: Directories, settings: Settings, *, keep_headers: bool = True) -> list[ModelFile]:
    """Every model file in the models folders, with its fit at the context and by the cache that are set.

    ``keep_headers``: remember what was read in the cache folder, so that the next listing is faster.
    """
    context = settings.engine.context_tokens or DEFAULT_CONTEXT
    return list_models(dirs, context_tokens=context, keep_headers=keep_headers, loading=loading_from(settings))


def model_to_use(dirs: Directories, settings: Settings, typed: str = "") -> ModelFile:
    """The model file to load: as typed, as set, else the largest that fits, else the smallest.

    A setting that names no usable model counts as none (``setting_problems`` tells it). Raises ``NotFoundError`` where
    there is no model, and for a typed one that is not there; ``FormatError`` or ``StorageError`` for a typed one that
    cannot be used.
    """
    if typed:
        return find_model(typed, dirs)
    if settings.engine.model:
        try:
            return find_model(settings.engine.model, dirs)
        except TavernError:
            pass
    usable = [model for model in all_models(dirs, settings) if model.usable]
    if not usable:
        wording = messages.no_model(str(dirs.models))
        raise NotFoundError(wording.title, hint=wording.hint)
    fitting = [model for model in usable if model.fits]
    if not fitting:
        return min(usable, key=lambda model: model.size)
    return max(fitting, key=lambda model: model.size)


def embedded_engine(
    dirs: Directories, settings: Settings, model: ModelFile, watch: Callable[[Event], None] = lambda _event: None
) -> EmbeddedEngine:
    """An engine for ``model``. Raises ``EngineError`` where neither llama-cpp-python nor llama-server is there."""
    if not engine_kind(settings):
        wording = messages.engine_not_built()
        raise EngineError(wording.title, hint=wording.hint, fault=EngineFault.UNAVAILABLE)
    return EmbeddedEngine(host_place(dirs), _embedded_settings(settings, model), watch)


def _embedded_settings(settings: Settings, model: ModelFile) -> EmbeddedSettings:
    host = HostSettings(
        unload_after=settings.engine.idle_minutes * 60,
        leave_after=settings.engine.idle_minutes * 120,
        llama_server=settings.engine.llama_server,
        forget=not settings.engine.keep_on_disk,
    )
    return EmbeddedSettings(
        model=model.path,
        context_tokens=settings.engine.context_tokens or context_for(model, settings),
        threads=settings.engine.threads or 0,
        gpu_layers=_layers(settings.engine.gpu_layers),
        host=host,
        options=load_options(settings),
        shape=model.header.shape if model.header else None,
        context_chosen=settings.engine.context_tokens is not None,
        shift=settings.engine.context_shift,
        title=model.name,
    )


def load_options(settings: Settings) -> LoadOptions:
    """How the settings want models loaded. The length of replies counts only where several are to have room."""
    engine = settings.engine
    return LoadOptions(
        batch_threads=engine.batch_threads or 0,
        batch_tokens=engine.batch_tokens or 0,
        ubatch_tokens=engine.ubatch_tokens or 0,
        flash_attention=cast("FlashAttention", engine.flash_attention),
        kv_type=cast("KvType", engine.kv_type),
        mmap=engine.mmap,
        mlock=engine.mlock,
        swa_full=engine.swa_full,
        rope_base=engine.rope_base,
        rope_scale=engine.rope_scale,
        lora=str(Path(engine.lora).expanduser().absolute()) if engine.lora else "",
        lora_strength=engine.lora_strength,
        replies=engine.replies,
        response_tokens=settings.reply.response_tokens if engine.replies > 1 else USUAL.response_tokens,
    )


def _layers(wanted: int | str) -> int:
    """A number of GPU layers as the host knows it."""
    return {AUTO: AUTO_LAYERS, ALL: ALL_LAYERS}[wanted] if isinstance(wanted, str) else wanted


def loading_from(settings: Settings) -> Loading:
    """How the embedded engine would load a model, as far as it costs memory."""
    engine = settings.engine
    return Loading(
        kv_type=engine.kv_type,
        replies=engine.replies,
        response_tokens=settings.reply.response_tokens,
        flash=engine.flash_attention != "off",
        ubatch=engine.ubatch_tokens or UBATCH,
        swa_full=engine.swa_full,
    )


def context_for(model: ModelFile, settings: Settings | None = None) -> int:
    """The context to load ``model`` with, in tokens: the largest of the usual ones that fits the free memory.

    0 where memory sets no limit: the host then takes its usual one, which is larger on a GPU. ``settings`` say how the
    cache is kept.
    """
    if is_starter(model.path):
        return STARTER_CONTEXT_TOKENS
    trained = (model.header and model.header.trained_tokens) or CONTEXTS[0]
    judged = partial(Conditions, free=available_memory(), loading=loading_from(settings or Settings()))
    for context in CONTEXTS:
        if model.header is None or judged(context).need(model.header).fit is not Fit.SWAPS:
            return 0 if context == CONTEXTS[0] else min(context, trained)
    return CONTEXTS[-1]


async def load_model(
    dirs: Directories,
    settings: Settings,
    model: ModelFile,
    tell: Callable[[EngineWaiting], None] = lambda _waiting: None,
    *,
    replace_other: bool = False,
) -> None:
    """Have the host load ``model`` as the settings say, in place of what it holds; ``tell`` hears how far it is.

    Raises ``EngineError``: ``IN_USE`` where another window uses what is loaded, unless it is to be replaced.
    """

    def hear(event: Event) -> None:
        told = progress_of(event)
        if isinstance(told, EngineWaiting):
            tell(told)

    engine = embedded_engine(dirs, settings, model, hear)
    engine.settings = replace(engine.settings, replace=replace_other)
    try:
        await engine.connect()
    finally:
        await engine.close()


def needs(model: ModelFile, settings: Settings) -> MemoryNeed | None:
    """What loading ``model`` takes by these settings, against what is free now; ``None`` where nobody can tell."""
    trained = (model.header and model.header.trained_tokens) or CONTEXTS[0]
    context = settings.engine.context_tokens or context_for(model, settings) or min(CONTEXTS[0], trained)
    conditions = Conditions(context, available_memory(), loading_from(settings))
    return conditions.need(model.header) if model.header else None


async def status(dirs: Directories) -> dict[str, Any] | None:
    """The running host as plain values; ``None`` when none runs. Starts nothing."""
    found = await host_status(host_place(dirs))
    return None if found is None else asdict(found)


async def stop(dirs: Directories, tell: Callable[[str], None] = lambda _text: None) -> bool:
    """End the running host; ``False`` when none ran. One that does not answer is killed, which ``tell`` hears of.

    Raises ``EngineError`` where it cannot be ended.
    """
    return await stop_host(host_place(dirs), tell=tell)


async def tune_threads(
    dirs: Directories, settings: Settings, model: ModelFile, seconds: float, tell: Callable[[int, float], None]
) -> int:
    """Measure 1 to all cores and remember the best as ``engine.threads``; ``tell`` hears threads and tokens/s."""
    tuned = await tune(
        host_place(dirs),
        _embedded_settings(settings, model),
        seconds,
        lambda speed: tell(speed.threads, speed.tokens_per_second),
    )
    remember(dirs, "engine.threads", tuned.best)
    return tuned.best
