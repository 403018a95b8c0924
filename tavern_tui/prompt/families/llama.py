"""Llama and Mistral: instruction brackets, and the header tags that came after them.

Where a closing bracket ends the user's turn it belongs to the sequence that follows it, as in SillyTavern's templates:
the reply line must end without the blank that some versions put before a reply.
"""

from __future__ import annotations

from dataclasses import replace

from tavern_tui.prompt.families.shape import family, thinking

LLAMA_2 = family(
    "Llama 2",
    head=("<<SYS>>\n", "\n<</SYS>>\n\n"),
    user=("[INST] ", ""),
    assistant=(" [/INST] ", " </s><s>"),
    reply=" [/INST]",
    stop="</s>",
    stops=("[INST]",),
    tokens=("</s>", "<s>"),
    system_in_user=True,
    alternates=True,
    trim_content=True,
)
"""Each exchange begins with a BOS token; the first is the engine's."""

LLAMA_3 = family(
    "Llama 3",
    system=("<|start_header_id|>system<|end_header_id|>\n\n", "<|eot_id|>"),
    user=("<|start_header_id|>user<|end_header_id|>\n\n", "<|eot_id|>"),
    assistant=("<|start_header_id|>assistant<|end_header_id|>\n\n", "<|eot_id|>"),
    stop="<|eot_id|>",
    stops=("<|start_header_id|>", "<|end_of_text|>", "<|eom_id|>"),
    tokens=("<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
    trim_content=True,
)

LLAMA_4 = family(
    "Llama 4",
    system=("<|header_start|>system<|header_end|>\n\n", "<|eot|>"),
    user=("<|header_start|>user<|header_end|>\n\n", "<|eot|>"),
    assistant=("<|header_start|>assistant<|header_end|>\n\n", "<|eot|>"),
    stop="<|eot|>",
    stops=("<|header_start|>", "<|end_of_text|>", "<|eom|>"),
    tokens=("<|header_start|>", "<|header_end|>", "<|eot|>"),
    trim_content=True,
)

MISTRAL_V1 = family(
    "Mistral V1",
    user=(" [INST] ", ""),
    assistant=(" [/INST] ", "</s>"),
    reply=" [/INST]",
    stop="</s>",
    stops=("[INST]",),
    tokens=("</s>",),
    system_in_user=True,
    alternates=True,
)

MISTRAL_V3 = family(
    "Mistral V2 and V3",
    user=("[INST] ", ""),
    assistant=("[/INST] ", "</s>"),
    reply="[/INST]",
    stop="</s>",
    stops=("[INST]",),
    tokens=("[INST]", "[/INST]", "</s>"),
    system_in_user=True,
    alternates=True,
    trim_content=True,
)

MISTRAL_V3_TEKKEN = replace(
    MISTRAL_V3,
    name="Mistral V3-Tekken",
    input_sequence="[INST]",
    output_sequence="[/INST]",
    last_output_sequence="",
    trim_content=False,
)

_SYSTEM_TOKENS = ("[SYSTEM_PROMPT]", "[/SYSTEM_PROMPT]", "[INST]", "[/INST]", "</s>")

MISTRAL_V7 = replace(
    MISTRAL_V3,
    name="Mistral V7",
    system_in_user=False,
    story_string_prefix="[SYSTEM_PROMPT] ",
    story_string_suffix="[/SYSTEM_PROMPT]",
    control_tokens=_SYSTEM_TOKENS,
    trim_content=False,
)

MISTRAL_V7_TEKKEN = replace(
    MISTRAL_V3_TEKKEN,
    name="Mistral V7-Tekken",
    system_in_user=False,
    story_string_prefix="[SYSTEM_PROMPT]",
    story_string_suffix="[/SYSTEM_PROMPT]",
    control_tokens=_SYSTEM_TOKENS,
)

MAGISTRAL = thinking(MISTRAL_V7_TEKKEN, "[THINK]", "[/THINK]", name="Magistral", closed="[THINK][/THINK]")

ROWS = (
    LLAMA_2,
    LLAMA_3,
    LLAMA_4,
    MISTRAL_V1,
    MISTRAL_V3,
    MISTRAL_V3_TEKKEN,
    MISTRAL_V7,
    MISTRAL_V7_TEKKEN,
    MAGISTRAL,
)
