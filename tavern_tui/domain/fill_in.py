"""Which models fill in: write what goes between a text before and a text behind a gap.

It is a question of training, not of vocabulary: many carry such tokens without having learned what they are for. So
tokens alone prove nothing; a model's file that names them, or a family that is known for it, does.
"""

from __future__ import annotations

import re
from typing import Final

from tavern_tui.domain.request import FillIn

BY_SUFFIX: Final = FillIn()
"""The server is given the text behind the gap beside the prompt."""

KNOWN: Final = (
    FillIn("<|fim_prefix|>", "<|fim_suffix|>", "<|fim_middle|>"),
    FillIn("<fim_prefix>", "<fim_suffix>", "<fim_middle>"),
    FillIn("<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>"),
    FillIn("<PRE>", "<SUF>", "<MID>"),
    FillIn("▁<PRE>", "▁<SUF>", "▁<MID>"),
)
"""The tokens of Qwen-Coder and CodeGemma, StarCoder and Granite Code, DeepSeek-Coder, CodeLlama in two spellings."""

_TRAINED: Final = re.compile(
    r"(?<![a-z])(?:qwen[\d.]*-?coder|starcoder|santacoder|deepseek-?coder|codegemma|codellama(?!.*(?:34b|70b|instruct|python))|granite-[\w.-]*code"
    r"|stable-?code|refact|seed-?coder|mellum)",
    re.IGNORECASE,
)


def trained_for_it(model: str) -> bool:
    """Whether a model of this name is of a family that was trained to fill in, as their authors say; CodeLlama's larger
    models and its finetunes were not.
    """
    return _TRAINED.search(model.replace("_", "-").replace(" ", "-")) is not None
