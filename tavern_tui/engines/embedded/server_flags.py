"""A ``llama-server``'s command line for a ``ModelSpec``, and its list of devices read.

Only what differs from llama-server's own defaults is said, so that older ones understand it. Names: llama.cpp's
``tools/server/README.md``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from tavern_tui.domain import loading_messages as say
from tavern_tui.domain.memory_fit import cells
from tavern_tui.domain.rope import Rope, RopeChange, RopeFacts, rope_for
from tavern_tui.engines.embedded.options import ALL_LAYERS, AUTO_LAYERS, LoadOptions, ModelSpec, layer_attempts
from tavern_tui.engines.embedded.worker import DEFAULT_CONTEXT

_EVERYTHING = 999
_FREE = re.compile(r"\((\d+) MiB, (\d+) MiB free\)")
_USUAL = LoadOptions()


def context_of(spec: ModelSpec) -> int:
    """The context to start it with, in tokens; it does not choose one by itself as the binding does."""
    trained = spec.shape.trained_tokens if spec.shape else None
    return spec.context_tokens or min(DEFAULT_CONTEXT, trained or DEFAULT_CONTEXT)


def free_on_gpus(devices: Sequence[str]) -> int | None:
    """Free bytes of all devices that ``--list-devices`` printed; ``None`` where it printed none."""
    found = [int(match[2]) * 2**20 for line in devices if (match := _FREE.search(line))]
    return sum(found) if found else None


def attempts(spec: ModelSpec, devices: Sequence[str]) -> tuple[int, ...]:
    """Numbers of GPU layers to start it with, one after the other until one succeeds.

    Where it tells no device's memory, the automatic number is everything: without a GPU that is the same as nothing.
    """
    free = free_on_gpus(devices)
    if free is None and spec.gpu_layers == AUTO_LAYERS:
        return (ALL_LAYERS,)
    return layer_attempts(spec.gpu_layers, spec.shape, [context_of(spec)], spec.options, free)


def rope_of(spec: ModelSpec) -> tuple[Rope, str]:
    """What positions need, and what the user should know of it; empty where there is nothing to know."""
    facts = (spec.shape and spec.shape.rope) or RopeFacts()
    context, trained = context_of(spec), facts.trained_tokens or 0
    rope = rope_for(facts, context, base=spec.options.rope_base, scale=spec.options.rope_scale)
    told = {
        RopeChange.RAISED: lambda: say.rope_raised(context, trained, rope.base, facts.base),
        RopeChange.OWN: lambda: say.rope_left_alone(context, trained),
        RopeChange.MANUAL: lambda: say.rope_as_set(rope.base, rope.scale),
    }.get(rope.change)
    return rope, told().plain if told else ""


def server_flags(spec: ModelSpec, layers: int, threads: int, slots: int = 1) -> list[str]:
    """The arguments that load ``spec`` with so many GPU layers and threads. A LoRA's strength has none: see its API.

    ``slots`` write replies side by side in one cache, which has room for them beyond the context.
    """
    options, rope = spec.options, rope_of(spec)[0]
    flags = ["-m", spec.path, "-np", str(slots), "-ngl", str(_EVERYTHING if layers < 0 else layers)]
    flags += ["-c", str(cells(context_of(spec), slots, options.response_tokens)), "-t", str(threads)]
    flags += ["--kv-unified"] if slots > 1 else []
    said: tuple[tuple[bool, tuple[str, ...]], ...] = (
        (options.batch_threads > 0, ("-tb", str(options.batch_threads))),
        (options.batch_tokens > 0, ("-b", str(options.batch_tokens))),
        (options.ubatch_tokens > 0, ("-ub", str(options.ubatch_tokens))),
        (options.flash_attention != _USUAL.flash_attention, ("-fa", options.flash_attention)),
        (options.kv_type != _USUAL.kv_type, ("-ctk", options.kv_type, "-ctv", options.kv_type)),
        (not options.mmap, ("--no-mmap",)),
        (options.mlock, ("--mlock",)),
        (options.swa_full and _has_windows(spec), ("--swa-full",)),
        (rope.base > 0, ("--rope-freq-base", f"{rope.base:.10g}")),
        (rope.scale > 0, ("--rope-freq-scale", f"{rope.scale:.10g}")),
        (bool(options.lora), ("--lora", options.lora)),
    )
    return flags + [word for wanted, words in said if wanted for word in words]


def _has_windows(spec: ModelSpec) -> bool:
    return spec.shape is not None and any(layer.window for layer in spec.shape.layers)
