"""The built-in instruct templates by name, and the context templates that go with them.

The rows stand in ``prompt.families``, one per family of models; here they are gathered, named and paired.
"""

from __future__ import annotations

from tavern_tui.domain.template import ContextTemplate, InstructTemplate
from tavern_tui.prompt.families import chatml, llama, tagged, worded
from tavern_tui.prompt.families.chatml import CHATML, GEMMA
from tavern_tui.prompt.families.llama import (
    LLAMA_3,
    MISTRAL_V1,
    MISTRAL_V3,
    MISTRAL_V3_TEKKEN,
    MISTRAL_V7,
    MISTRAL_V7_TEKKEN,
)
from tavern_tui.prompt.families.worded import ADVENTURE, ALPACA, NOVEL, PYGMALION

__all__ = [
    "ALPACA",
    "BUILT_IN",
    "CHATML",
    "CHAT_CONTEXT",
    "GEMMA",
    "LLAMA_3",
    "MISTRAL_V1",
    "MISTRAL_V3",
    "MISTRAL_V3_TEKKEN",
    "MISTRAL_V7",
    "MISTRAL_V7_TEKKEN",
    "OWN",
    "PLAIN",
    "PLAIN_CONTEXT",
    "context_for",
    "names",
    "template_name",
]

_STORY = (
    "{{#if system}}{{system}}\n\n{{/if}}"
    "{{#if wiBefore}}{{wiBefore}}\n\n{{/if}}"
    "{{#if description}}{{description}}\n\n{{/if}}"
    "{{#if personality}}{{char}}'s personality: {{personality}}\n\n{{/if}}"
    "{{#if persona}}{{user}}, who is played by the user: {{persona}}\n\n{{/if}}"
    "{{#if scenario}}The scene: {{scenario}}\n\n{{/if}}"
    "{{#if wiAfter}}{{wiAfter}}\n\n{{/if}}{{trim}}"
)

CHAT_CONTEXT = ContextTemplate(
    name="Tavern chat",
    story_string=_STORY,
    example_separator="[An example of how {{char}} writes]",
    chat_start="[The story begins here]",
)
"""The head for models with a template: separators become turns of their own."""

PLAIN_CONTEXT = ContextTemplate(
    name="Tavern plain",
    story_string=_STORY,
    example_separator="***",
    chat_start="***",
    use_stop_strings=True,
)
"""The head for base models: a document with separators."""

PYGMALION_CONTEXT = ContextTemplate(
    name="Pygmalion 6B",
    story_string=(
        "{{#if system}}{{system}}\n{{/if}}"
        "{{#if wiBefore}}{{wiBefore}}\n{{/if}}"
        "{{char}}'s Persona: {{#if description}}{{description}}{{/if}}"
        "{{#if personality}} {{char}}'s personality: {{personality}}{{/if}}\n"
        "{{#if persona}}{{user}}: {{persona}}\n{{/if}}"
        "{{#if scenario}}Scenario: {{scenario}}\n{{/if}}"
        "{{#if wiAfter}}{{wiAfter}}\n{{/if}}"
        "<START>\n"
    ),
    example_separator="",
    chat_start="",
)
"""The card in the lines that the first Pygmalions were trained on."""

BUILT_IN: dict[str, InstructTemplate] = {
    template.name: template for template in (*chatml.ROWS, *llama.ROWS, *tagged.ROWS, *worded.ROWS)
}
"""The instruct templates by name. Plain text is no template: ``PromptInput.instruct`` is ``None``."""

_CONTEXTS = {PYGMALION.name: PYGMALION_CONTEXT, NOVEL.name: PLAIN_CONTEXT, ADVENTURE.name: PLAIN_CONTEXT}

ALSO_CALLED = {
    "qwen": "ChatML",
    "qwen 2": "ChatML",
    "qwen 2.5": "ChatML",
    "yi": "ChatML",
    "hermes": "ChatML",
    "smollm": "ChatML",
    "mpt chat": "ChatML",
    "mpt instruct": "Alpaca",
    "gemma 2": "Gemma",
    "gemma 3": "Gemma",
    "mistral v2": "Mistral V2 and V3",
    "mistral v3": "Mistral V2 and V3",
    "pygmalion 2": "Metharme",
    "mythalion": "Metharme",
    "aya": "Command R",
    "synthia": "Vicuna Orca",
    "tess": "Vicuna Orca",
    "guanaco": "Vicuna 1.0",
    "solar": "Stable Beluga",
    "exaone 4": "EXAONE",
    "phi-3.5": "Phi-3",
    "harmony": "gpt-oss",
    "ling": "Bailing",
    "wayfarer": "ChatML Adventure",
    # SillyTavern's presets and KoboldAI Lite's that say what a row of ours does
    "llama 2 chat": "Llama 2",
    "llama 3 instruct": "Llama 3",
    "llama 3 chat": "Llama 3",
    "llama 4 instruct": "Llama 4",
    "llama 4 chat": "Llama 4",
    "mistral v2 & v3": "Mistral V2 and V3",
    "mistral non-tekken": "Mistral V2 and V3",
    "mistral tekken": "Mistral V7-Tekken",
    "gemma 2 & 3": "Gemma",
    "commandr": "Command R",
    "phi": "Phi-3",
    "phi-3 mini": "Phi-3",
    "openai harmony": "gpt-oss",
    "dots1": "dots.llm1",
    "moonshot ai": "Kimi K2",
    "kimi chatml": "Kimi K2",
    "granite 4": "Granite",
    "seed oss": "Seed-OSS",
    "deepseek-v2.5": "DeepSeek V3",
    "dreamgen role-play v1 chatml": "DreamGen",
    "wizardlm-13b": "Vicuna 1.1",
    "vicuna": "Vicuna 1.1",
    "pygmalion": "Metharme",
}
"""Families that write as another one does, by what they are called, and ours by other programs' names for them."""

PLAIN = "Plain text"
"""What it is called when a prompt has no template."""

OWN = "Chat template"
"""What a template that was read off a model's own chat template is called."""

_MEANT_PLAIN = ("plain", "none")


def template_name(typed: str) -> str | None:
    """The name of the template that was typed, in any case of letters; ``PLAIN`` for none; ``None`` where none is.

    ``OWN`` is no template by itself: which one it is shows when a model is there.
    """
    folded = typed.strip().casefold()
    if folded in _MEANT_PLAIN:
        return PLAIN
    exact = next((name for name in names() if name.casefold() == folded), None)
    return exact or ALSO_CALLED.get(folded)


def names() -> list[str]:
    """Every name that a template can be chosen by."""
    return [*BUILT_IN, OWN, PLAIN]


def context_for(template: InstructTemplate | None) -> ContextTemplate:
    """The built-in context template that goes with an instruct template, or with none."""
    return PLAIN_CONTEXT if template is None else _CONTEXTS.get(template.name, CHAT_CONTEXT)
