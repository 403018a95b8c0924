"""The published chat templates of the families, as what they write: ``chat_templates/NAME.jinja``.

The texts are ours, the shortest that refuse, trim, alternate and write what the published ones do; vendors' own system
texts are a stand-in sentence. ``FAMILIES`` says which of our templates each belongs to.
"""

from __future__ import annotations

from pathlib import Path

FOLDER = Path(__file__).parent / "chat_templates"

FAMILIES = {
    "bailing": "Bailing",
    "chatglm-3": "ChatGLM 3",
    "chatml": "ChatML",
    "command-r": "Command R",
    "deepseek-coder": "DeepSeek Coder",
    "deepseek-r1": "DeepSeek R1",
    "deepseek-v2": "DeepSeek V2",
    "deepseek-v3": "DeepSeek V3",
    "deepseek-v3.1": "DeepSeek V3.1",
    "dots": "dots.llm1",
    "exaone-3": "EXAONE",
    "falcon-3": "Falcon 3",
    "gemma-2": "Gemma",
    "gemma-3": "Gemma",
    "gemma-4": "Gemma 4",
    "gigachat": "GigaChat",
    "glm-4": "GLM-4",
    "glm-4.5": "GLM-4.5",
    "glm-edge": "GLM-Edge",
    "gpt-oss": "gpt-oss",
    "granite-3": "Granite",
    "hunyuan-a13b": "Hunyuan A13B",
    "jamba": "Jamba",
    "kimi-k2": "Kimi K2",
    "llama-2": "Llama 2",
    "llama-3": "Llama 3",
    "llama-3.1": "Llama 3",
    "llama-4": "Llama 4",
    "magistral": "Magistral",
    "megrez": "Megrez",
    "minicpm": "MiniCPM",
    "mistral-first": "Mistral V1",
    "mistral-v1": "Mistral V1",
    "mistral-v3": "Mistral V2 and V3",
    "mistral-v3-tekken": "Mistral V3-Tekken",
    "mistral-v7": "Mistral V7",
    "mistral-v7-tekken": "Mistral V7-Tekken",
    "monarch": "AlphaMonarch",
    "openchat": "OpenChat",
    "orion": "Orion",
    "phi-3": "Phi-3",
    "phi-3-small": "Phi-3",
    "phi-4": "Phi-4",
    "phi-4-mini": "Phi-4 Mini",
    "qwen-2.5": "ChatML",
    "qwen-3": "Qwen 3",
    "qwen-3-thinking": "Qwen 3 Thinking",
    "rwkv-world": "RWKV World",
    "seed-oss": "Seed-OSS",
    "smolvlm": "SmolVLM",
    "stablelm-zephyr": "StableLM Zephyr",
    "tulu-3": "Tulu",
    "yandex": "YandexGPT",
    "zephyr": "Zephyr",
}
BOS = {"seed-oss": "<seed:bos>"}
EOS = {"seed-oss": "<seed:eos>", "falcon-3": "<|endoftext|>", "openchat": "<|end_of_turn|>"}


def source(name: str) -> str:
    """The Jinja text."""
    return (FOLDER / f"{name}.jinja").read_text(encoding="utf-8")


def bos_of(name: str) -> str:
    """The model's beginning-of-sequence token."""
    return BOS.get(name, "<s>")


def eos_of(name: str) -> str:
    """The model's end-of-sequence token."""
    return EOS.get(name, "<｜end▁of▁sentence｜>" if name.startswith("deepseek-") else "</s>")
