"""Families whose turns begin with a word: ``### Instruction:``, ``USER:``, a name; and stories without any markup."""

from __future__ import annotations

from dataclasses import replace

from tavern_tui.domain.template import NamesBehavior
from tavern_tui.prompt.families.shape import family

ALPACA = family(
    "Alpaca",
    head=("", "\n\n"),
    system=("### Input:\n", "\n\n"),
    user=("### Instruction:\n", "\n\n"),
    assistant=("### Response:\n", "\n\n"),
    stops=("### Instruction:", "### Input:", "\n### ", "</s>"),
)

LIMARP = replace(ALPACA, name="LimaRP", last_output_sequence="### Response: (length = medium)\n")
"""LimaRP v3 and its merges: a hint of the length at the reply."""

LIGHTNING = replace(ALPACA, name="Lightning 1.1", last_output_sequence="### Response: (length = unlimited)\n")
"""Lightning 1.1 and its merges were trained with the same hint, set to no bound."""

VICUNA_1_0 = family(
    "Vicuna 1.0",
    head=("", "\n"),
    user=("### Human: ", "\n"),
    assistant=("### Assistant: ", "\n"),
    reply="### Assistant:",
    stops=("### Human:", "###", "</s>"),
)
"""Its end token was not trained on: the stop strings end a reply."""

VICUNA_1_1 = family(
    "Vicuna 1.1",
    head=("", "\n\n"),
    user=("USER: ", "\n"),
    assistant=("ASSISTANT: ", "</s>\n"),
    reply="ASSISTANT:",
    stop="</s>",
    stops=("USER:",),
)

VICUNA_ORCA = family(
    "Vicuna Orca",
    system=("SYSTEM: ", "\n"),
    user=("USER: ", "\n"),
    assistant=("ASSISTANT: ", "</s>\n"),
    reply="ASSISTANT:",
    stop="</s>",
    stops=("USER:",),
)

KOALA = family(
    "Koala",
    head=("BEGINNING OF CONVERSATION: ", " "),
    user=("USER: ", " "),
    assistant=("GPT: ", "</s>"),
    reply="GPT:",
    stop="</s>",
    stops=("USER:",),
)

AIROBOROS = family(
    "Airoboros",
    head=("", "\n"),
    user=("USER: ", "\n"),
    assistant=("ASSISTANT: ", "</s>\n"),
    stop="</s>",
    stops=("USER:",),
)
"""The one family that was trained with a blank at the end of the reply line (2.1)."""

WIZARD_LM = family(
    "WizardLM",
    user=("", "\n\n"),
    assistant=("### Response:", "</s>"),
    stop="</s>",
    stops=("### ",),
    system_in_user=True,
)

STABLE_BELUGA = family(
    "Stable Beluga",
    system=("### System:\n", "\n\n"),
    user=("### User:\n", "\n\n"),
    assistant=("### Assistant:\n", "\n\n"),
    stops=("### User:", "### System:", "</s>"),
)

ORCA_MINI = replace(
    STABLE_BELUGA,
    name="Orca Mini",
    output_sequence="### Response:\n",
    stop_strings=("### User:", "### Input:", "### System:", "</s>"),
)

PYGMALION = family(
    "Pygmalion 6B",
    user=("You: ", "\n"),
    assistant=("{{char}}: ", "\n"),
    reply="{{char}}:",
    stops=("\nYou:", "<START>", "<|endoftext|>"),
    macro=True,
)
"""The first Pygmalions (1.3B to 6B), whose card stands in lines of its own: see their context template."""

FALCON = family(
    "Falcon",
    head=("", "\n"),
    user=("User: ", "\n"),
    assistant=("Assistant: ", "\n"),
    reply="Assistant:",
    stop="<|endoftext|>",
    stops=("\nUser",),
)

FALCON_180B = family(
    "Falcon 180B",
    system=("System: ", "\n"),
    user=("User: ", "\n"),
    assistant=("Falcon: ", "\n"),
    reply="Falcon:",
    stop="<|endoftext|>",
    stops=("\nUser:",),
)

DEEPSEEK_CODER = family(
    "DeepSeek Coder",
    user=("### Instruction:\n", "\n"),
    assistant=("### Response:\n", "\n<|EOT|>\n"),
    stop="<|EOT|>",
    stops=("### Instruction:",),
    tokens=("<|EOT|>",),
)

DEEPSEEK_V2 = family(
    "DeepSeek V2",
    head=("", "\n\n"),
    user=("User: ", "\n\n"),
    assistant=("Assistant: ", "<｜end▁of▁sentence｜>"),
    reply="Assistant:",
    stop="<｜end▁of▁sentence｜>",
    stops=("\nUser:",),
    tokens=("<｜end▁of▁sentence｜>",),
)

OPENCHAT = family(
    "OpenChat",
    head=("", "<|end_of_turn|>"),
    user=("GPT4 Correct User: ", "<|end_of_turn|>"),
    assistant=("GPT4 Correct Assistant: ", "<|end_of_turn|>"),
    reply="GPT4 Correct Assistant:",
    stop="<|end_of_turn|>",
    stops=("GPT4 Correct User:",),
    tokens=("<|end_of_turn|>",),
)

OPENORCA_OPENCHAT = replace(
    OPENCHAT,
    name="OpenOrca-OpenChat",
    input_sequence="User: ",
    output_sequence="Assistant: ",
    last_output_sequence="Assistant:",
    stop_strings=("\nUser:",),
)

RWKV_WORLD = family(
    "RWKV World",
    system=("System: ", "\n\n"),
    user=("User: ", "\n\n"),
    assistant=("Assistant: ", "\n\n"),
    reply="Assistant:",
    stops=("\n\n", "\nUser:"),
    trim_content=True,
    blank_lines_end_turns=True,
)

ORION = family(
    "Orion",
    user=("Human: ", "\n\nAssistant: </s>"),
    assistant=("", "</s>"),
    stop="</s>",
    stops=("Human:",),
    tokens=("</s>",),
    system_in_user=True,
    alternates=True,
)

SMOLVLM = family(
    "SmolVLM",
    head=("<|im_start|>", "\n\n"),
    user=("User: ", "<end_of_utterance>\n"),
    assistant=("Assistant: ", "<end_of_utterance>\n"),
    reply="Assistant:",
    stop="<end_of_utterance>",
    stops=("\nUser:",),
    tokens=("<|im_start|>", "<end_of_utterance>"),
)

YANDEX = family(
    "YandexGPT",
    head=("", "\n\n"),
    user=(" Пользователь: ", "\n\n"),
    assistant=(" Ассистент: ", "\n\n"),
    reply=" Ассистент:[SEP]",
    stop="</s>",
    stops=("Пользователь:",),
)

NOVEL = family(
    "Novel",
    head=("", "\n"),
    user=("", "\n"),
    assistant=("", "\n"),
    stops=("</s>", "<|endoftext|>"),
    names_behavior=NamesBehavior.NONE,
)
"""Models of stories (Erebus, Nerys, Janeway, OPT, NeoX): one text, in which nobody is named who does not speak."""

ADVENTURE = replace(NOVEL, name="Adventure", input_sequence="\n> You ")
"""Models of text adventures (Skein, Adventure 2.7B): what the user does stands behind an angle bracket."""

ROWS = (
    ALPACA,
    LIMARP,
    LIGHTNING,
    VICUNA_1_0,
    VICUNA_1_1,
    VICUNA_ORCA,
    KOALA,
    AIROBOROS,
    WIZARD_LM,
    STABLE_BELUGA,
    ORCA_MINI,
    PYGMALION,
    FALCON,
    FALCON_180B,
    DEEPSEEK_CODER,
    DEEPSEEK_V2,
    OPENCHAT,
    OPENORCA_OPENCHAT,
    RWKV_WORLD,
    ORION,
    SMOLVLM,
    YANDEX,
    NOVEL,
    ADVENTURE,
)
