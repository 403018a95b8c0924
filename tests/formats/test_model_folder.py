"""What a folder of model files is, told by its names, its configs and the beginning of its weights."""

from __future__ import annotations

from typing import Any

import pytest

from tavern_tui.formats.model_folder import FolderFacts, is_repository, weights_among, what_is_folder

SHARDS = ("model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors", "model.safetensors.index.json")
META = ("consolidated.00.pth", "params.json", "tokenizer.model")


def facts(name: str, *files: str, head: bytes = b"", folders: tuple[str, ...] = (), **configs: Any) -> FolderFacts:
    """A folder with these files and ``name.json`` configs."""
    named = {f"{key}.json": value for key, value in configs.items()}
    return FolderFacts(name, (*files, *named), folders, named, head)


def quantised(method: str, **more: Any) -> dict[str, Any]:
    return {"quantization_config": {"quant_method": method, **more}}


FOLDERS: dict[str, tuple[FolderFacts, str, str]] = {
    "meta": (facts("llama-2-7b", *META), "Meta's original weights", "llama-2-7b-GGUF"),
    "hf-bin": (
        facts("Pygmalion-6B", "pytorch_model-00001-of-00002.bin", config={"model_type": "gptj"}),
        "original weights (PyTorch, gptj)",
        "Pygmalion-6B-GGUF",
    ),
    "hf": (facts("Nemo", *SHARDS, config={"torch_dtype": "bfloat16"}), "(safetensors, bfloat16)", "convert_hf_to_gguf"),
    "gptq": (
        facts("MythoMax-L2-13B-GPTQ", "model.safetensors", quantize_config={"bits": 4, "group_size": 128}),
        "GPTQ 4-bit (128g)",
        "MythoMax-L2-13B-GGUF",
    ),
    "gptq-new": (facts("x-4bit-128g", "m.safetensors", config=quantised("gptq", bits=4)), "GPTQ 4-bit", "x-GGUF"),
    "awq": (facts("Nice-AWQ", "m.safetensors", config=quantised("awq", w_bit=4)), "AWQ 4-bit", "Nice-GGUF"),
    "exl2": (
        facts("Nice-70B-4.65bpw-h6-exl2", "output.safetensors", config=quantised("exl2", bits=4.65)),
        "EXL2 4.65-bit",
        "Nice-70B-GGUF",
    ),
    "exl2-by-names": (
        facts("Nice", "output.safetensors", head=b'{"a.q_weight":{}}', config={}),
        "EXL2",
        "Nice-GGUF",
    ),
    "exl3": (facts("N-exl3", "m.safetensors", config=quantised("exl3", bits=3)), "EXL3 3-bit", "N-GGUF"),
    "bnb": (facts("N-bnb-4bit", "m.safetensors", config=quantised("bitsandbytes")), "bitsandbytes", "N-GGUF"),
    "fp8": (facts("N-FP8", "m.safetensors", config=quantised("fp8")), "FP8", "N-GGUF"),
    "ct": (facts("N", "m.safetensors", config=quantised("compressed-tensors")), "compressed-tensors", "N-GGUF"),
    "mlx": (
        facts("N-4bit", "m.safetensors", config={"quantization": {"bits": 4, "group_size": 64}}),
        "MLX 4-bit (64g)",
        "N-GGUF",
    ),
    "lora": (
        facts("adapter", "adapter_model.safetensors", adapter_config={"base_model_name_or_path": "a/Base-7B"}),
        "a LoRA adapter for a/Base-7B",
        "convert_lora_to_gguf",
    ),
    "diffusers": (facts("sdxl", "model_index.json", folders=("unet", "vae")), "an image model", "pictures"),
    "sentence": (facts("MiniLM", "model.safetensors", "modules.json", config={}), "an embedding model", "search"),
    "bert": (facts("b", "model.safetensors", config={"architectures": ["BertModel"]}), "an embedding model", "search"),
    "whisper": (
        facts("w", "model.safetensors", config={"architectures": ["WhisperForConditionalGeneration"]}),
        "an audio model",
        "speaks",
    ),
    "nameless": (
        facts("main", "model.safetensors", config={"_name_or_path": "org/True-Name"}),
        "original weights",
        "True-Name-GGUF",
    ),
}


@pytest.mark.parametrize("kind", FOLDERS)
def test_a_folder_says_what_it_is_and_what_to_get_instead(kind: str) -> None:
    folder, what, advice = FOLDERS[kind]
    found = what_is_folder(folder)
    assert what in found.what
    assert advice in found.advice
    assert found.advice.endswith(".")


def test_the_servers_that_load_a_quantised_model_are_named() -> None:
    assert "TabbyAPI" in what_is_folder(FOLDERS["exl2"][0]).advice


@pytest.mark.parametrize(
    ("files", "one"),
    [
        (("config.json", "model.safetensors"), True),
        (SHARDS, True),
        (META, True),
        (("a-00001-of-00002.bin", "a-00002-of-00002.bin"), True),
        (("a.safetensors", "b.safetensors"), False),
        (("notes.txt",), False),
    ],
    ids=["config", "index", "meta", "shards", "loose", "none"],
)
def test_files_that_belong_together_are_one_model(files: tuple[str, ...], one: bool) -> None:
    assert is_repository(files) is one


def test_what_lies_beside_weights_is_none() -> None:
    beside = ("optimizer.pt", "training_args.bin", "rng_state_0.pth", "tokenizer.json", "README.md", "m.gguf")
    assert weights_among((*beside, "m.safetensors", "m.gguf.part1of2")) == ["m.safetensors", "m.gguf.part1of2"]
