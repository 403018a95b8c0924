"""What a folder of model files is that holds no GGUF: a repository of Hugging Face, Meta's original, an image model …

Told by the names in it, its ``config.json`` and its like, and the beginning of one weights file. Nothing is loaded; who
reads the folder is the storage room. Source: ``docs/spec/gguf.md`` §6.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from tavern_tui.formats.weights import LOADING_SERVER, Explanation, quantisation_in

CONFIGS = ("config.json", "quantize_config.json", "adapter_config.json", "params.json", "model_index.json")
"""The files that tell what a folder is, to be read whole where they are there."""

WEIGHTS = re.compile(
    r"\.(?:safetensors|bin|pth|pt|ckpt|h5|msgpack|ggml|onnx|ot|engine|plan|mlmodel)\Z"
    r"|\.gguf\.(?:part|crdownload|aria2|incomplete|download|tmp)\Z"
    r"|\.gguf(?:[-.]split[-.]?[a-z]{1,2}|\.part\d+(?:of\d+)?)\Z",
    re.IGNORECASE,
)
"""Names of files that may be a model's weights, GGUF aside."""

_NO_WEIGHTS = re.compile(
    r"(?:training_args|optimizer|scheduler|rng_state.*|random_states.*|tokenizer|sentencepiece.*|scaler|vocab)\."
    r"(?:bin|pt|pth)\Z",
    re.IGNORECASE,
)
_METHODS = {
    "gptq": "GPTQ",
    "awq": "AWQ",
    "exl2": "EXL2",
    "exl3": "EXL3",
    "bitsandbytes": "bitsandbytes",
    "fp8": "FP8",
    "fbgemm_fp8": "FP8",
    "compressed-tensors": "compressed-tensors",
    "hqq": "HQQ",
    "mxfp4": "MXFP4",
    "quanto": "quanto",
    "aqlm": "AQLM",
}
_QUANT_SUFFIX = re.compile(
    r"[-_.]?(?:gptq|awq|exl[23]|hqq|mlx|fp8|bnb|\d(?:\.\d+)?[-_]?bpw|[2348][-_]?bit|int[48]|h\d|128g|32g|no-act-order)"
    r"(?=[-_.]|\Z)",
    re.IGNORECASE,
)
_EMBEDDERS = ("BertModel", "RobertaModel", "MPNetModel", "NomicBert", "XLMRoberta", "ForMaskedLM", "NewModel")
_AUDIO = ("Whisper", "Wav2Vec", "Bark", "Speech", "MusicGen", "Encodec")
_CONVERT = "or convert this with llama.cpp's convert_hf_to_gguf.py and quantise it"


@dataclass(frozen=True, slots=True)
class FolderFacts:
    """What is known of a folder: its ``name``, the names of its files and folders, the configs that could be read.

    ``configs`` are JSON objects by file name, untrusted; ``head`` is the beginning of one safetensors file.
    """

    name: str
    files: Sequence[str]
    folders: Sequence[str] = ()
    configs: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    head: bytes = b""


def weights_among(files: Sequence[str]) -> list[str]:
    """The names that are weights by their looks, GGUF aside."""
    return [name for name in files if WEIGHTS.search(name) and not _NO_WEIGHTS.fullmatch(name)]


def is_repository(files: Sequence[str]) -> bool:
    """Whether a folder's weights are one model in several files, and not files that happen to lie together."""
    told = {name.lower() for name in files}
    whole = any(name in told for name in (*CONFIGS, "model.safetensors.index.json", "pytorch_model.bin.index.json"))
    return (
        whole or sum(bool(re.search(r"-\d{5}-of-\d{5}\.|^consolidated\.", name)) for name in weights_among(files)) > 1
    )


def what_is_folder(facts: FolderFacts) -> Explanation:
    """What a repository's folder is and what to do instead."""
    config = facts.configs.get("config.json", {})
    instead = _gguf_of(facts.name, config)
    kind = _kind(facts, config)
    if kind is not None:
        return kind
    quantised = _quantised(facts, config)
    if quantised:
        return Explanation(f"{_article(quantised)} {quantised} model for GPU loaders", f"{instead}, {LOADING_SERVER}")
    told = _told_of(config)
    if any(name.lower().endswith(".pth") for name in facts.files) and "config.json" not in facts.configs:
        return Explanation("a folder of Meta's original weights (PyTorch)", f"{instead}, {_CONVERT}.")
    if not any(name.endswith(".safetensors") for name in facts.files):
        return Explanation(f"a Hugging Face model, original weights (PyTorch{told})", f"{instead}, {_CONVERT}.")
    return Explanation(f"a Hugging Face model, original weights (safetensors{told})", f"{instead}, {_CONVERT}.")


def _kind(facts: FolderFacts, config: Mapping[str, Any]) -> Explanation | None:
    """What is no model of text; ``None`` for what is one."""
    told = {name.lower() for name in facts.files}
    folders = {name.lower() for name in facts.folders}
    if "adapter_config.json" in told or any(name.startswith("adapter_model.") for name in told):
        base = _text(facts.configs.get("adapter_config.json", {}).get("base_model_name_or_path"))
        of = f" for {base}" if base else ""
        return Explanation(
            f"a LoRA adapter{of}", "Convert it with llama.cpp's convert_lora_to_gguf.py, or look for it as GGUF."
        )
    if "model_index.json" in told or "unet" in folders:
        return Explanation("an image model (diffusers)", "It paints pictures and cannot chat.")
    architectures = config.get("architectures")
    named = " ".join(_text(one) for one in architectures) if isinstance(architectures, list) else ""
    if "modules.json" in told or any(one in named for one in _EMBEDDERS):
        return Explanation(
            "an embedding model", "It turns texts into numbers for search and cannot chat: choose a chat model."
        )
    if any(one in named for one in _AUDIO):
        return Explanation("an audio model", "It listens or speaks and cannot chat.")
    if "ForSequenceClassification" in named or "ForTokenClassification" in named:
        return Explanation("a model that sorts texts", "It cannot write: choose a chat model.")
    return None


def _quantised(facts: FolderFacts, config: Mapping[str, Any]) -> str:
    """The quantisation and its bits, where there is one."""
    own = facts.configs.get("quantize_config.json", {})
    told = config.get("quantization_config")
    told = told if isinstance(told, Mapping) else {}
    method = _METHODS.get(_text(told.get("quant_method") or own.get("quant_method")).lower(), "")
    if not method and own:
        method = "GPTQ"
    if not method and isinstance(config.get("quantization"), Mapping):
        method, told = "MLX", config["quantization"]
    method = method or quantisation_in(facts.head)
    bits = _number(told.get("bits") or own.get("bits") or told.get("w_bit"))
    group = _number(told.get("group_size") or own.get("group_size") or told.get("q_group_size"))
    size = f" {bits}-bit" if bits else ""
    return f"{method}{size}{f' ({group}g)' if group else ''}" if method else ""


def _told_of(config: Mapping[str, Any]) -> str:
    """The type of the numbers and of the model, as far as a config tells."""
    words = [_text(config.get("torch_dtype") or config.get("dtype")), _text(config.get("model_type"))]
    return "".join(f", {word}" for word in words if word)


def _gguf_of(folder: str, config: Mapping[str, Any]) -> str:
    """What to look for, by the folder's name or the one that the config gives."""
    cached = re.fullmatch(r"models--(.+?)--(.+)", folder)
    name = cached[2] if cached else folder
    if not re.search(r"[a-zA-Z]", name) or re.fullmatch(r"[0-9a-f]{40}|snapshots|main|model|models", name):
        name = _text(config.get("_name_or_path")).rpartition("/")[2]
    plain = _QUANT_SUFFIX.sub("", name).strip("-_. ")
    return f"Look for {plain}-GGUF" if plain else "Look for the same model as GGUF"


def _article(word: str) -> str:
    """The article before an abbreviation as it is said letter by letter."""
    return "an" if word[:1] in "AEFHM" else "a"


def _text(value: object) -> str:
    return value[:100] if isinstance(value, str) else ""


def _number(value: object) -> str:
    return f"{value:g}" if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 10_000 else ""
