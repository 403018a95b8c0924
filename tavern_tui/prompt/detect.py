"""Which template a model wants: by the text of its own chat template, else by its name.

Specific before generic, the first row that matches wins; every one of a row's strings must be there, and none of its
exceptions. Source of the order: llama.cpp ``src/llama-chat.cpp`` and KoboldCpp's ``AutoGuess.json``, as written down in
``docs/spec/instruct-formats.md`` §3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tavern_tui.domain.template import InstructTemplate
from tavern_tui.prompt.templates import (
    ALPACA,
    CHATML,
    GEMMA,
    LLAMA_3,
    MISTRAL_V1,
    MISTRAL_V3,
    MISTRAL_V3_TEKKEN,
    MISTRAL_V7,
    MISTRAL_V7_TEKKEN,
)

_BY_TEMPLATE = "from the model's chat template"
_BY_NAME = "from the model's name"


@dataclass(frozen=True, slots=True)
class _Row:
    template: InstructTemplate
    has: tuple[str, ...]
    lacks: tuple[str, ...] = ()


_ROWS = (
    _Row(CHATML, ("<|im_start|>",), ("<|im_sep|>", "<end_of_utterance>")),
    _Row(MISTRAL_V7, ("[SYSTEM_PROMPT] ", "[INST]")),
    _Row(MISTRAL_V7, ("[SYSTEM_PROMPT]", '"[INST] "')),
    _Row(MISTRAL_V7_TEKKEN, ("[SYSTEM_PROMPT]", "[INST]")),
    _Row(MISTRAL_V1, ("' [INST] ' + system_message",)),
    _Row(MISTRAL_V1, ("[AVAILABLE_TOOLS]", " [INST]")),
    _Row(MISTRAL_V3_TEKKEN, ("[AVAILABLE_TOOLS]", '"[INST]"')),
    _Row(MISTRAL_V3, ("[AVAILABLE_TOOLS]", "[INST]")),
    _Row(MISTRAL_V1, ("[INST]",)),
    _Row(GEMMA, ("<start_of_turn>",)),
    _Row(ALPACA, ("### Instruction:", "### Response:"), ("<|EOT|>",)),
    _Row(LLAMA_3, ("<|start_header_id|>", "<|end_header_id|>")),
)

# Only for models that come without a chat template: a name is a hint, no proof.
_NAMES: tuple[tuple[str, InstructTemplate], ...] = (
    (r"mytho|chronos|airochronos|tiefighter|psyfighter|alpaca|noromaid|huginn", ALPACA),
    (r"magnum|dolphin|hermes|wayfarer|chatml|smollm|qwen|internlm", CHATML),
    (r"stheno|lunaris|euryale|llama-?3(?!\d)", LLAMA_3),
    (r"gemma-?[123]", GEMMA),
    (r"nemo|pixtral|ministral|rocinante", MISTRAL_V3_TEKKEN),
    (r"mistral-small-?(?:24b|3|.*250[1-9])|magistral|devstral|cydonia", MISTRAL_V7_TEKKEN),
    (r"mistral-large.*2411", MISTRAL_V7),
    (r"mixtral|miqu|mistral-7b-instruct-v0[.-]?[12]", MISTRAL_V1),
    (r"mistral|codestral", MISTRAL_V3),
)
_BASE = re.compile(
    r"(?:^|[-_. ])(?:base|pretrained|foundation|story|storywriter|novel|erebus|nerys|pt)(?:[-_. ]|$)", re.IGNORECASE
)


def detect(chat_template: str, model_name: str = "") -> tuple[InstructTemplate | None, str]:
    """The template for a model and, in a few words, why. ``None`` is plain text.

    ``chat_template`` is the model's own Jinja text, empty where it has none. The last resort is Alpaca, which models
    of unknown training follow best; a model whose name says that it is a base model is written to in plain text.
    """
    for row in _ROWS:
        if all(text in chat_template for text in row.has) and not any(text in chat_template for text in row.lacks):
            return _thinking(row.template, chat_template), _BY_TEMPLATE
    if _BASE.search(model_name):
        return None, f"{_BY_NAME}: a base model, written to in plain text"
    for pattern, template in _NAMES:
        if re.search(pattern, model_name, re.IGNORECASE):
            return template, _BY_NAME
    if chat_template.strip():
        return ALPACA, "the model's chat template is of an unknown family"
    return ALPACA, "the model has no chat template"


def _thinking(template: InstructTemplate, chat_template: str) -> InstructTemplate:
    """The template with the tags of a model that thinks before it answers."""
    if "</think>" not in chat_template and "enable_thinking" not in chat_template:
        return template
    return replace(template, reasoning_open="<think>", reasoning_close="</think>")
