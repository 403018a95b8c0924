"""``EngineSettings``: what can be set about the embedded engine. How settings are read and checked is in ``settings``.

The memory that these cost is told by ``tavern-tui models`` and ``tavern-tui engine load``.
"""

from __future__ import annotations

from dataclasses import dataclass

from tavern_tui.config.setting_values import above_zero, one_of, real, setting, text, truth, whole

ALL, AUTO = "all", "auto"
"""Words for a number of GPU layers."""


@dataclass(frozen=True, slots=True)
class EngineSettings:
    """The embedded engine."""

    model: str = setting("", text(), "GGUF file to load; empty: the largest that fits.")
    context_tokens: int | None = setting(None, whole(least=256, empty=True), "Context size; empty: chosen.")
    threads: int | None = setting(None, whole(least=1, most=512, empty=True), "Threads; empty: physical cores - 1.")
    gpu_layers: int | str = setting(
        AUTO,
        whole(least=-1, words=(AUTO, ALL)),
        "Layers on the GPU: auto is as many as its memory has room for, all (or -1), or a number.",
    )
    idle_minutes: float = setting(30.0, above_zero, "Minutes until an unused model is unloaded.")
    llama_server: str = setting("", text(), "llama-server to use where llama-cpp-python is missing.")
    batch_threads: int | None = setting(
        None, whole(least=1, most=512, empty=True), "Threads that read prompts; empty: as many as write."
    )
    batch_tokens: int | None = setting(
        None, whole(least=32, most=16384, empty=True), "Tokens of a prompt that are read in one go; empty: 2048."
    )
    ubatch_tokens: int | None = setting(
        None,
        whole(least=32, most=4096, empty=True),
        "Tokens that are computed at once; empty: 128 on a CPU, 512 on a GPU. More is faster and takes more memory.",
    )
    flash_attention: str = setting(
        "auto", one_of("auto", "on", "off"), "Flash attention: auto, on or off; without it the cache has to be f16."
    )
    kv_type: str = setting(
        "f16",
        one_of("f16", "q8_0", "q4_0"),
        "What the cache is kept in: f16; q8_0 takes half the memory, q4_0 a quarter and writes worse.",
    )
    mmap: bool = setting(True, truth, "Read the model's file as it is needed; off: read all of it at the start.")
    mlock: bool = setting(False, truth, "Forbid the system to swap the model out.")
    swa_full: bool = setting(
        True, truth, "Keep the whole cache of models with a sliding window; off: less memory, edits are read anew."
    )
    rope_base: float = setting(
        0.0, real(least=0), "RoPE base; 0: the model's, raised by rule for contexts beyond the trained one."
    )
    rope_scale: float = setting(
        0.0, real(least=0, most=1), "RoPE frequency scale: 0.5 is twice the context; 0: the model's."
    )
    lora: str = setting("", text(), "LoRA adapter (GGUF) to put on the model; empty: none.")
    lora_strength: float = setting(1.0, real(least=-8, most=8), "Strength of the LoRA adapter.")
    replies: int = setting(
        1, whole(least=1, most=8), "Swipes written side by side for which there is room even when the context is full."
    )
    context_shift: bool = setting(
        True, truth, "Move up what was read where history was cut; off: read it again, which is slower and exact."
    )
    keep_on_disk: bool = setting(
        True, truth, "Keep what was read of chats on disk, on llama-servers too, so that a restart reads nothing again."
    )
