"""A ``llama-server``'s answers read: what it has loaded, how a reply ended, and what it refuses.

Wire names: llama-server's ``/props``, ``/v1/models`` and ``/completion``.
"""

from __future__ import annotations

import json
from typing import Any

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.loading_messages import partly_on_gpu
from tavern_tui.engines.base import Finished, StopReason, Usage
from tavern_tui.engines.embedded.options import AUTO_LAYERS
from tavern_tui.engines.embedded.protocol import ModelFacts, ModelSpec
from tavern_tui.engines.embedded.server_flags import context_of, free_on_gpus, rope_of

_STOPS = {"eos": StopReason.END, "word": StopReason.STOP_STRING, "limit": StopReason.LENGTH}


def read_json(text: str) -> dict[str, Any]:
    """An object of JSON; empty for another value. Raises ``EngineError`` (``BROKEN_STREAM``) for what is no JSON."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise EngineError("llama-server's answer cannot be read.", fault=EngineFault.BROKEN_STREAM) from error
    return value if isinstance(value, dict) else {}


def refusal(status: int, body: bytes) -> EngineError:
    """The error for an answer of another status than 200."""
    detail = read_json(body.decode("utf-8", "replace")).get("error", {}) if body.startswith(b"{") else {}
    said = str(detail.get("message", "")) if isinstance(detail, dict) else ""
    return EngineError(f"llama-server refused the request ({status}). {said}".strip(), fault=EngineFault.REJECTED)


def facts_of(
    spec: ModelSpec, layers: int, threads: int, props: dict[str, Any], models: dict[str, Any], devices: tuple[str, ...]
) -> ModelFacts:
    """What is loaded, from the answers of ``/props`` and ``/v1/models``."""
    listed = models.get("data")
    first = listed[0] if isinstance(listed, list) and listed and isinstance(listed[0], dict) else {}
    meta = first.get("meta") if isinstance(first.get("meta"), dict) else {}
    settings = props.get("default_generation_settings")
    context = settings.get("n_ctx", 0) if isinstance(settings, dict) else 0
    rope, told = rope_of(spec)
    everything = len(spec.shape.blocks) + 1 if spec.shape else 0
    notes = [told] if told else []
    if spec.gpu_layers == AUTO_LAYERS and 0 <= layers < everything and free_on_gpus(devices):
        notes.append(partly_on_gpu(layers, everything).plain)
    return ModelFacts(
        path=spec.path,
        name=spec.name,
        context_tokens=int(context) or context_of(spec),
        trained_tokens=int((meta or {}).get("n_ctx_train", 0)),
        chat_template=str(props.get("chat_template", "")),
        device=", ".join(devices) or "CPU",
        worker="llama-server",
        worker_version=str(props.get("build_info", "")),
        threads=threads,
        token_ids=False,
        bos_token=str(props.get("bos_token", "")),
        eos_token=str(props.get("eos_token", "")),
        options=spec.options,
        gpu_layers=layers,
        layers=everything,
        rope_base=rope.base,
        rope_scale=rope.scale,
        notes=tuple(notes),
    )


def finished_of(event: dict[str, Any], prompt_tokens: int) -> Finished:
    """The end of a reply to a prompt of ``prompt_tokens``, from the stream's last event."""
    timings = event.get("timings")
    timings = timings if isinstance(timings, dict) else {}
    evaluated = int(timings.get("prompt_n", prompt_tokens))
    usage = Usage(
        evaluated,
        int(timings.get("cache_n", prompt_tokens - evaluated)),
        int(timings.get("predicted_n", event.get("tokens_predicted", 0))),
        float(timings.get("prompt_ms", 0.0)),
        float(timings.get("predicted_ms", 0.0)),
    )
    return Finished(_STOPS.get(str(event.get("stop_type")), StopReason.END), usage)
