"""ChatML and its relatives: a role line inside the opening tag, one closing tag for every turn."""

from __future__ import annotations

from dataclasses import replace

from tavern_tui.prompt.families.shape import family, thinking

CHATML = family(
    "ChatML",
    system=("<|im_start|>system\n", "<|im_end|>\n"),
    user=("<|im_start|>user\n", "<|im_end|>\n"),
    assistant=("<|im_start|>assistant\n", "<|im_end|>\n"),
    stop="<|im_end|>",
    stops=("<|im_start|>", "<|endoftext|>"),
    tokens=("<|im_start|>", "<|im_end|>"),
)

CHATML_NAMES = replace(
    CHATML,
    name="ChatML-Names",
    macro=True,
    input_sequence="<|im_start|>user name={{name}}\n",
    output_sequence="<|im_start|>assistant name={{name}}\n",
)

DREAMGEN = replace(
    CHATML,
    name="DreamGen",
    macro=True,
    input_sequence="<|im_start|>text names= {{name}}\n",
    output_sequence="<|im_start|>text names= {{name}}\n",
)

WAYFARER = replace(CHATML, name="ChatML Adventure", input_sequence="<|im_start|>user\n> You ")
"""Adventure models on ChatML (Wayfarer, Muse, Harbinger): what the user does stands behind an angle bracket."""

QWEN_3 = thinking(CHATML, name="Qwen 3")
"""The hybrid: it thinks unless the prompt closes its thinking; the thoughts of past turns are not in the prompt."""

QWEN_3_THINKING = thinking(CHATML, name="Qwen 3 Thinking", begun="<think>\n")
"""Models that always think and whose template opens the tag: Qwen3-2507-Thinking, QwQ."""

PHI_4 = family(
    "Phi-4",
    system=("<|im_start|>system<|im_sep|>", "<|im_end|>"),
    user=("<|im_start|>user<|im_sep|>", "<|im_end|>"),
    assistant=("<|im_start|>assistant<|im_sep|>", "<|im_end|>"),
    stop="<|im_end|>",
    stops=("<|im_start|>", "<|endoftext|>"),
    tokens=("<|im_start|>", "<|im_sep|>", "<|im_end|>"),
)

KIMI_K2 = family(
    "Kimi K2",
    system=("<|im_system|>system<|im_middle|>", "<|im_end|>"),
    user=("<|im_user|>user<|im_middle|>", "<|im_end|>"),
    assistant=("<|im_assistant|>assistant<|im_middle|>", "<|im_end|>"),
    stop="<|im_end|>",
    stops=("<|im_user|>", "<|im_system|>"),
    tokens=("<|im_system|>", "<|im_user|>", "<|im_assistant|>", "<|im_middle|>", "<|im_end|>"),
)

GRANITE = family(
    "Granite",
    system=("<|start_of_role|>system<|end_of_role|>", "<|end_of_text|>\n"),
    user=("<|start_of_role|>user<|end_of_role|>", "<|end_of_text|>\n"),
    assistant=("<|start_of_role|>assistant<|end_of_role|>", "<|end_of_text|>\n"),
    stop="<|end_of_text|>",
    stops=("<|start_of_role|>",),
    tokens=("<|start_of_role|>", "<|end_of_role|>", "<|end_of_text|>"),
)

MEGREZ = family(
    "Megrez",
    system=("<|role_start|>system<|role_end|>", "<|turn_end|>"),
    user=("<|role_start|>user<|role_end|>", "<|turn_end|>"),
    assistant=("<|role_start|>assistant<|role_end|>", "<|turn_end|>"),
    stop="<|turn_end|>",
    stops=("<|role_start|>",),
    tokens=("<|role_start|>", "<|role_end|>", "<|turn_end|>"),
)

SEED_OSS = thinking(
    family(
        "Seed-OSS",
        system=("<seed:bos>system\n", "<seed:eos>"),
        user=("<seed:bos>user\n", "<seed:eos>"),
        assistant=("<seed:bos>assistant\n", "<seed:eos>"),
        stop="<seed:eos>",
        stops=("<seed:bos>",),
        tokens=("<seed:bos>", "<seed:eos>"),
    ),
    "<seed:think>",
    "</seed:think>",
    closed="<seed:think></seed:think>",
)

GEMMA = family(
    "Gemma",
    user=("<start_of_turn>user\n", "<end_of_turn>\n"),
    assistant=("<start_of_turn>model\n", "<end_of_turn>\n"),
    stop="<end_of_turn>",
    stops=("<start_of_turn>", "<eos>"),
    tokens=("<start_of_turn>", "<end_of_turn>"),
    system_in_user=True,
    alternates=True,
    trim_content=True,
)

GEMMA_4 = thinking(
    family(
        "Gemma 4",
        system=("<|turn>system\n", "<turn|>\n"),
        user=("<|turn>user\n", "<turn|>\n"),
        assistant=("<|turn>model\n", "<turn|>\n"),
        stop="<turn|>",
        stops=("<|turn>", "<eos>"),
        tokens=("<|turn>", "<turn|>"),
        trim_content=True,
    ),
    "<|channel>thought",
    "<channel|>",
    closed="<|channel>thought\n<channel|>",
)

ALPHA_MONARCH = family(
    "AlphaMonarch",
    head=("system\n", "</s>\n"),
    system=("<s>system\n", "</s>\n"),
    user=("<s>user\n", "</s>\n"),
    assistant=("<s>assistant\n", "</s>\n"),
    stop="</s>",
    tokens=("<s>", "</s>"),
)
"""Every turn begins with a BOS token; the first is the engine's."""

ROWS = (
    CHATML,
    CHATML_NAMES,
    DREAMGEN,
    WAYFARER,
    QWEN_3,
    QWEN_3_THINKING,
    PHI_4,
    KIMI_K2,
    GRANITE,
    MEGREZ,
    SEED_OSS,
    GEMMA,
    GEMMA_4,
    ALPHA_MONARCH,
)
