"""What is said about loading a model: the fixed texts of this matter, in the manner of ``messages``.

Names of files are cut and made safe here.
"""

from __future__ import annotations

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.wording import Wording

_NAME = 40


def _name(text: str) -> str:
    return safe_line(text, _NAME)


def cut_short(model: str) -> Wording:
    """A model's file ends before its weights do."""
    return Wording(
        f"{_name(model)} is cut short or damaged.",
        advice="Download it again, or choose another model.",
        keys="m models",
    )


def no_gguf(model: str) -> Wording:
    """A file that is no model of the one kind that can be loaded."""
    return Wording(f"{_name(model)} is not a GGUF model.", advice="Choose a file that ends in .gguf.")


def engine_too_old(model: str, architecture: str, build: str) -> Wording:
    """llama.cpp does not know a model's architecture; ``build`` is the version of its binding."""
    return Wording(
        f"This llama.cpp ({_name(build)}) is too old for {_name(model)} ({_name(architecture)}).",
        advice="Choose another model, or update it: `make engine`.",
    )


def no_memory_for_model(model: str, *, gpu: bool) -> Wording:
    """There is no room for the weights; ``gpu``: some of them were to go to one."""
    less = "Set engine.gpu_layers to auto, or use a smaller model." if gpu else "Use a smaller model."
    return Wording(f"{_name(model)} does not fit into memory.", advice=less)


def no_memory_for_context(model: str, tokens: int, kv_type: str) -> Wording:
    """There is room for the weights, and none for the context."""
    smaller = {"f16": "set engine.kv_type to q8_0", "q8_0": "set engine.kv_type to q4_0"}.get(kv_type)
    return Wording(
        f"{_name(model)} has no room for a context of {tokens:,}.",
        advice=f"Lower engine.context_tokens, or {smaller or 'use a smaller model'}.",
    )


def cache_type_refused(model: str, kv_type: str) -> Wording:
    """A model's heads cannot be kept in a quantised cache."""
    return Wording(f"The cache of {_name(model)} cannot be kept in {kv_type}.", advice="Set engine.kv_type to f16.")


def cache_needs_flash(kv_type: str) -> Wording:
    """Options that exclude each other: a quantised cache without flash attention."""
    return Wording(
        f"A cache in {kv_type} needs flash attention, which is off.",
        advice="Set engine.flash_attention to auto, or engine.kv_type to f16.",
    )


def not_loaded(model: str) -> Wording:
    """llama.cpp refused a file, and its log has no word that is known here."""
    return Wording(
        f"llama.cpp cannot load {_name(model)}.",
        advice="`tavern-tui engine status` names the log, which has its reason.",
    )


def load_stopped(model: str) -> Wording:
    """Somebody ended the loading."""
    return Wording(f"Loading {_name(model)} was stopped.")


def no_adapter(lora: str) -> Wording:
    """The LoRA's file is not there."""
    return Wording(f"There is no LoRA at {safe_line(lora, 120)}.", advice="Correct engine.lora, or leave it empty.")


def adapter_misfit(lora: str, model: str) -> Wording:
    """A LoRA was made for another model."""
    return Wording(
        f"{_name(lora)} was made for another model than {_name(model)}.",
        advice="Correct engine.lora, or leave it empty.",
    )


def adapter_unreadable(lora: str) -> Wording:
    """A file is no LoRA that llama.cpp can read."""
    return Wording(
        f"{_name(lora)} is not a LoRA in GGUF.", advice="Convert it with llama.cpp, or leave engine.lora empty."
    )


def another_in_use(model: str, wanted: str) -> Wording:
    """Another window uses a model, and a different one is wanted here."""
    return Wording(f"Another window is using {_name(model)}.", advice=f"Load {_name(wanted)} in its place?")


def settings_in_use(model: str) -> Wording:
    """Another window uses the model, loaded otherwise than is wanted here."""
    return Wording(f"Another window is using {_name(model)} with other engine settings.", advice="Load it anew?")


def not_locked() -> Wording:
    """The system refused to lock the weights in memory."""
    return Wording("The system does not let the model be locked in memory.", advice="See `ulimit -l`.")


def partly_on_gpu(layers: int, of: int) -> Wording:
    """The automatic number of GPU layers is not all of them."""
    return Wording(f"{layers} of {of} layers are on the GPU: more have no room in its memory.")


def fewer_on_gpu(layers: int, of: int) -> Wording:
    """The estimate was too high: it was loaded with fewer layers on the GPU."""
    return Wording(f"{layers} of {of} layers are on the GPU: with more of them it did not load.")


def rope_raised(context: int, trained: int, base: float, model_base: float) -> Wording:
    """The context is longer than the trained one, and positions are stretched for it."""
    return Wording(
        f"A context of {context:,} is beyond the trained {trained:,}: "
        f"the RoPE base is raised from {model_base:,.0f} to {base:,.0f}."
    )


def rope_left_alone(context: int, trained: int) -> Wording:
    """The context is longer than the trained one, and there is no rule for this model."""
    return Wording(
        f"A context of {context:,} is beyond the trained {trained:,}, and "
        "this model's RoPE is not changed: it may write nonsense there."
    )


def rope_as_set(base: float, scale: float) -> Wording:
    """Positions are computed as the user has set it."""
    parts = [f"base {base:,.0f}"] if base else []
    parts += [f"scale {scale:g}"] if scale else []
    return Wording(f"RoPE is as set: {', '.join(parts)}.")
