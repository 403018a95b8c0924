"""Families with one tag for each role: ``<|user|>``, ``[|user|]``, ``<role>HUMAN</role>``."""

from __future__ import annotations

from dataclasses import replace

from tavern_tui.prompt.families.shape import family, thinking

METHARME = family(
    "Metharme",
    head=("<|system|>", ""),
    system=("<|system|>", ""),
    user=("<|user|>", ""),
    assistant=("<|model|>", ""),
    stop="</s>",
    stops=("<|user|>", "<|system|>", "<|model|>"),
)

PHI_3 = family(
    "Phi-3",
    system=("<|system|>\n", "<|end|>\n"),
    user=("<|user|>\n", "<|end|>\n"),
    assistant=("<|assistant|>\n", "<|end|>\n"),
    stop="<|end|>",
    stops=("<|user|>", "<|endoftext|>"),
    tokens=("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
)

PHI_4_MINI = family(
    "Phi-4 Mini",
    system=("<|system|>", "<|end|>"),
    user=("<|user|>", "<|end|>"),
    assistant=("<|assistant|>", "<|end|>"),
    stop="<|end|>",
    stops=("<|user|>", "<|endoftext|>"),
    tokens=("<|system|>", "<|user|>", "<|assistant|>", "<|end|>"),
)

ZEPHYR = family(
    "Zephyr",
    system=("<|system|>\n", "</s>\n"),
    user=("<|user|>\n", "</s>\n"),
    assistant=("<|assistant|>\n", "</s>\n"),
    stop="</s>",
    stops=("<|user|>", "<|system|>"),
    tokens=("</s>",),
)

STABLELM_ZEPHYR = family(
    "StableLM Zephyr",
    system=("<|system|>\n", "<|endoftext|>\n"),
    user=("<|user|>\n", "<|endoftext|>\n"),
    assistant=("<|assistant|>\n", "<|endoftext|>\n"),
    stop="<|endoftext|>",
    stops=("<|user|>", "<|system|>"),
    tokens=("<|endoftext|>",),
)

TULU = family(
    "Tulu",
    system=("<|system|>\n", "\n"),
    user=("<|user|>\n", "\n"),
    assistant=("<|assistant|>\n", "</s>\n"),
    stop="</s>",
    stops=("<|user|>", "<|endoftext|>"),
)

OPEN_ASSISTANT = family(
    "OpenAssistant",
    system=("<|system|>", "<|endoftext|>"),
    user=("<|prompter|>", "<|endoftext|>"),
    assistant=("<|assistant|>", "<|endoftext|>"),
    stop="<|endoftext|>",
    stops=("<|prompter|>",),
    tokens=("<|endoftext|>",),
)

FALCON_3 = family(
    "Falcon 3",
    system=("<|system|>\n", "\n"),
    user=("<|user|>\n", "\n"),
    assistant=("<|assistant|>\n", "\n"),
    stop="<|endoftext|>",
    stops=("<|user|>", "<|system|>"),
)

COMMAND_R = family(
    "Command R",
    system=("<|START_OF_TURN_TOKEN|><|SYSTEM_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
    user=("<|START_OF_TURN_TOKEN|><|USER_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
    assistant=("<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>", "<|END_OF_TURN_TOKEN|>"),
    stop="<|END_OF_TURN_TOKEN|>",
    stops=("<|START_OF_TURN_TOKEN|>",),
    tokens=(
        "<|START_OF_TURN_TOKEN|>",
        "<|SYSTEM_TOKEN|>",
        "<|USER_TOKEN|>",
        "<|CHATBOT_TOKEN|>",
        "<|END_OF_TURN_TOKEN|>",
    ),
    trim_content=True,
)

COMMAND_A = thinking(
    replace(
        COMMAND_R,
        name="Command A",
        output_sequence="<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|><|START_RESPONSE|>",
        output_suffix="<|END_RESPONSE|><|END_OF_TURN_TOKEN|>",
        last_output_sequence="<|START_OF_TURN_TOKEN|><|CHATBOT_TOKEN|>",
        stop_strings=("<|START_OF_TURN_TOKEN|>", "<|END_RESPONSE|>"),
        control_tokens=(*COMMAND_R.control_tokens, "<|START_RESPONSE|>", "<|END_RESPONSE|>"),
    ),
    "<|START_THINKING|>",
    "<|END_THINKING|>",
    closed="<|START_THINKING|><|END_THINKING|><|START_RESPONSE|>",
)

GLM_4 = family(
    "GLM-4",
    head=("[gMASK]<sop><|system|>\n", ""),
    system=("<|system|>\n", ""),
    user=("<|user|>\n", ""),
    assistant=("<|assistant|>\n", ""),
    stop="<|user|>",
    stops=("<|endoftext|>", "<|observation|>"),
    tokens=("[gMASK]", "<sop>", "<|system|>", "<|user|>", "<|assistant|>"),
)

GLM_4_5 = thinking(
    replace(
        GLM_4,
        name="GLM-4.5",
        output_sequence="<|assistant|>\n<think></think>\n",
        last_output_sequence="<|assistant|>",
        trim_content=True,
    ),
    closed="\n<think></think>\n",
)

GLM_4_7 = thinking(
    replace(GLM_4_5, name="GLM-4.7", output_sequence="<|assistant|></think>", last_output_sequence="<|assistant|>"),
    begun="<think>",
    closed="</think>",
)

GLM_EDGE = replace(
    GLM_4,
    name="GLM-Edge",
    story_string_prefix="<|system|>\n",
    last_output_sequence="<|assistant|>",
    control_tokens=("<|system|>", "<|user|>", "<|assistant|>"),
)

CHATGLM_3 = family(
    "ChatGLM 3",
    head=("[gMASK]sop<|system|>\n ", ""),
    system=("<|system|>\n ", ""),
    user=("<|user|>\n ", ""),
    assistant=("<|assistant|>\n ", ""),
    reply="<|assistant|>",
    stop="<|user|>",
    stops=("<|observation|>", "</s>"),
    tokens=("<|system|>", "<|user|>", "<|assistant|>"),
)

EXAONE = family(
    "EXAONE",
    system=("[|system|]", "[|endofturn|]\n"),
    user=("[|user|]", "\n"),
    assistant=("[|assistant|]", "[|endofturn|]\n"),
    stop="[|endofturn|]",
    stops=("[|user|]",),
    tokens=("[|system|]", "[|user|]", "[|assistant|]", "[|endofturn|]"),
    trim_content=True,
)

HUNYUAN = family(
    "Hunyuan A13B",
    system=("<|startoftext|>", "<|extra_4|>"),
    user=("<|startoftext|>", "<|extra_0|>"),
    assistant=("", "<|eos|>"),
    stop="<|eos|>",
    stops=("<|startoftext|>",),
    tokens=("<|startoftext|>", "<|extra_4|>", "<|extra_0|>", "<|eos|>"),
)

DOTS = family(
    "dots.llm1",
    system=("<|system|>", "<|endofsystem|>"),
    user=("<|userprompt|>", "<|endofuserprompt|>"),
    assistant=("<|response|>", "<|endofresponse|>"),
    stop="<|endofresponse|>",
    stops=("<|userprompt|>",),
    tokens=(
        "<|system|>",
        "<|endofsystem|>",
        "<|userprompt|>",
        "<|endofuserprompt|>",
        "<|response|>",
        "<|endofresponse|>",
    ),
)

JAMBA = family(
    "Jamba",
    system=("<|bom|><|system|> ", "<|eom|>"),
    user=("<|bom|><|user|> ", "<|eom|>"),
    assistant=("<|bom|><|assistant|> ", "<|eom|>"),
    reply="<|bom|><|assistant|>",
    stop="<|eom|>",
    stops=("<|bom|>",),
    tokens=("<|bom|>", "<|system|>", "<|user|>", "<|assistant|>", "<|eom|>"),
)

BAILING = family(
    "Bailing",
    system=("<role>SYSTEM</role>", ""),
    user=("<role>HUMAN</role>", ""),
    assistant=("<role>ASSISTANT</role>", ""),
    stop="<role>",
    stops=("<|endoftext|>",),
)

GIGACHAT = family(
    "GigaChat",
    head=("", "<|message_sep|>"),
    user=("user<|role_sep|>", "<|message_sep|>available functions<|role_sep|>[]<|message_sep|>"),
    assistant=("assistant<|role_sep|>", "<|message_sep|>"),
    stop="<|message_sep|>",
    tokens=("<|role_sep|>", "<|message_sep|>"),
)

MINICPM = family(
    "MiniCPM",
    user=("<用户>", "<AI>"),
    stop="</s>",
    stops=("<用户>",),
    alternates=True,
    trim_content=True,
)

SOLAR_OPEN = thinking(
    family(
        "Solar Open",
        system=("<|begin|>system<|content|>", "<|end|>"),
        user=("<|begin|>user<|content|>", "<|end|>"),
        assistant=("<|begin|>assistant<|content|>", "<|end|>"),
        reply="<|begin|>assistant",
        stops=("<|begin|>user",),
        tokens=("<|begin|>", "<|content|>", "<|end|>"),
    ),
    "<|think|>",
    "<|content|>",
    closed="<|content|>",
)

DEEPSEEK_V3 = family(
    "DeepSeek V3",
    user=("<｜User｜>", ""),
    assistant=("<｜Assistant｜>", "<｜end▁of▁sentence｜>"),
    stop="<｜end▁of▁sentence｜>",
    stops=("<｜User｜>",),
    tokens=("<｜User｜>", "<｜Assistant｜>", "<｜end▁of▁sentence｜>"),
)

DEEPSEEK_R1 = thinking(DEEPSEEK_V3, name="DeepSeek R1", begun="<think>\n")

DEEPSEEK_V3_1 = thinking(
    replace(
        DEEPSEEK_V3,
        name="DeepSeek V3.1",
        output_sequence="<｜Assistant｜></think>",
        last_output_sequence="<｜Assistant｜>",
    ),
    begun="<think>",
    closed="</think>",
)

_CHANNELS = "# Valid channels: analysis, commentary, final. Channel must be included for every message."

HARMONY = thinking(
    family(
        "gpt-oss",
        head=(
            f"<|start|>system<|message|>Reasoning: medium\n\n{_CHANNELS}<|end|>"
            "<|start|>developer<|message|># Instructions\n\n",
            "<|end|>",
        ),
        system=("<|start|>developer<|message|>", "<|end|>"),
        user=("<|start|>user<|message|>", "<|end|>"),
        assistant=("<|start|>assistant<|channel|>final<|message|>", "<|end|>"),
        reply="<|start|>assistant",
        stop="<|return|>",
        stops=("<|call|>", "<|start|>user"),
        tokens=("<|start|>", "<|channel|>", "<|message|>", "<|end|>"),
    ),
    "<|channel|>analysis<|message|>",
    "<|channel|>final<|message|>",
    closed="<|channel|>final<|message|>",
)
"""``<|end|>`` is no stop: it ends the thinking, too. The vendor's lines and the date are left out."""

ROWS = (
    METHARME,
    PHI_3,
    PHI_4_MINI,
    ZEPHYR,
    STABLELM_ZEPHYR,
    TULU,
    OPEN_ASSISTANT,
    FALCON_3,
    COMMAND_R,
    COMMAND_A,
    GLM_4,
    GLM_4_5,
    GLM_4_7,
    GLM_EDGE,
    CHATGLM_3,
    EXAONE,
    HUNYUAN,
    DOTS,
    JAMBA,
    BAILING,
    GIGACHAT,
    MINICPM,
    SOLAR_OPEN,
    DEEPSEEK_V3,
    DEEPSEEK_R1,
    DEEPSEEK_V3_1,
    HARMONY,
)
