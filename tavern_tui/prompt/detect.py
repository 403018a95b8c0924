"""Which template a model wants: by the text of its own chat template, else by its name.

Specific before generic, the first row that matches wins; every one of a row's strings must be there, and none of its
exceptions. Source of the order: llama.cpp ``src/llama-chat.cpp`` and KoboldCpp's ``AutoGuess.json``, as written down in
``docs/spec/instruct-formats.md`` §3. What the template really renders is looked at in ``prompt.jinja_template``.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from tavern_tui.domain.template import InstructTemplate
from tavern_tui.prompt.families import chatml, llama, tagged, worded
from tavern_tui.prompt.families.shape import thinking
from tavern_tui.prompt.jinja_reading import Reading, agrees, same_head
from tavern_tui.prompt.templates import BUILT_IN

_BY_TEMPLATE = "from the model's chat template"
_BY_NAME = "from the model's name"


@dataclass(frozen=True, slots=True)
class _Row:
    template: InstructTemplate
    has: tuple[str, ...]
    lacks: tuple[str, ...] = ()


_ROWS = (
    _Row(chatml.PHI_4, ("<|im_start|>", "<|im_sep|>")),
    _Row(worded.SMOLVLM, ("<|im_start|>", "<end_of_utterance>")),
    _Row(chatml.KIMI_K2, ("<|im_middle|>",)),
    _Row(chatml.DREAMGEN, ("<|im_start|>", "names=")),
    _Row(chatml.CHATML, ("<|im_start|>",)),
    _Row(chatml.GEMMA_4, ("<|turn>", "<turn|>")),
    _Row(llama.MAGISTRAL, ("[SYSTEM_PROMPT]", "[INST]", "[THINK]")),
    _Row(llama.MISTRAL_V7, ("[SYSTEM_PROMPT] ", "[INST]")),
    _Row(llama.MISTRAL_V7, ("[SYSTEM_PROMPT]", '"[INST] "')),
    _Row(llama.MISTRAL_V7_TEKKEN, ("[SYSTEM_PROMPT]", "[INST]")),
    _Row(llama.MISTRAL_V1, ("' [INST] ' + system_message",)),
    _Row(llama.MISTRAL_V1, ("[AVAILABLE_TOOLS]", " [INST]")),
    _Row(llama.MISTRAL_V3_TEKKEN, ("[AVAILABLE_TOOLS]", '"[INST]"')),
    _Row(llama.MISTRAL_V3, ("[AVAILABLE_TOOLS]", "[INST]")),
    _Row(llama.LLAMA_2, ("[INST]", "<<SYS>>")),
    _Row(llama.MISTRAL_V1, ("[INST]",)),
    _Row(tagged.JAMBA, ("<|bom|>",)),
    _Row(tagged.DOTS, ("<|endofuserprompt|>",)),
    _Row(tagged.SOLAR_OPEN, ("<|begin|>", "<|content|>")),
    _Row(tagged.PHI_4_MINI, ("<|end|>", "'|>' + message['content']")),
    _Row(tagged.PHI_3, ("<|assistant|>", "<|end|>")),
    _Row(tagged.PHI_3, ("<|end|>", "'<|' + message['role'] + '|>'")),
    _Row(tagged.GLM_4_7, ("[gMASK]<sop>", "else '<think>'")),
    _Row(tagged.GLM_4_5, ("[gMASK]<sop>", "<think>")),
    _Row(tagged.GLM_4, ("[gMASK]<sop>",)),
    _Row(tagged.CHATGLM_3, ("[gMASK]sop",)),
    _Row(tagged.TULU, ("'<|user|>\\n' + message['content'] + '\\n'", "eos_token")),
    _Row(tagged.ZEPHYR, ("<|user|>", "<|assistant|>", "message['content'] + eos_token")),
    _Row(tagged.FALCON_3, ("<|user|>", "<|assistant|>", "</s>")),
    _Row(tagged.STABLELM_ZEPHYR, ("<|user|>", "<|endoftext|>")),
    _Row(tagged.GLM_EDGE, ("<|user|>", "<|assistant|>")),
    _Row(tagged.METHARME, ("<|user|>", "<|model|>")),
    _Row(tagged.OPEN_ASSISTANT, ("<|prompter|>",)),
    _Row(chatml.ALPHA_MONARCH, ("bos_token + message['role']",)),
    _Row(chatml.GEMMA, ("<start_of_turn>",)),
    _Row(worded.ORION, ("'\\n\\nAssistant: ' + eos_token",)),
    _Row(worded.OPENCHAT, ("GPT4 Correct ",)),
    _Row(worded.VICUNA_ORCA, ("USER: ", "ASSISTANT: ", "SYSTEM: ")),
    _Row(worded.VICUNA_1_1, ("USER: ", "ASSISTANT: ")),
    _Row(worded.VICUNA_1_0, ("### Human:", "### Assistant:")),
    _Row(worded.DEEPSEEK_CODER, ("### Instruction:", "<|EOT|>")),
    _Row(worded.ALPACA, ("### Instruction:", "### Response:")),
    _Row(worded.STABLE_BELUGA, ("### User:", "### Assistant:")),
    _Row(tagged.COMMAND_A, ("<|START_OF_TURN_TOKEN|>", "<|USER_TOKEN|>", "<|START_RESPONSE|>")),
    _Row(tagged.COMMAND_R, ("<|START_OF_TURN_TOKEN|>", "<|USER_TOKEN|>")),
    _Row(llama.LLAMA_3, ("<|start_header_id|>", "<|end_header_id|>")),
    _Row(tagged.MINICPM, ("<用户>",)),
    _Row(worded.DEEPSEEK_V2, ("'Assistant: ' + message['content'] + eos_token",)),
    _Row(tagged.DEEPSEEK_V3_1, ("<｜Assistant｜>", "<｜User｜>", "</think>", "thinking")),
    _Row(tagged.DEEPSEEK_V3, ("<｜Assistant｜>", "<｜User｜>")),
    _Row(tagged.EXAONE, ("[|system|]", "[|assistant|]", "[|endofturn|]")),
    _Row(chatml.GRANITE, ("<|start_of_role|>",)),
    _Row(chatml.MEGREZ, ("<|role_start|>",)),
    _Row(llama.LLAMA_4, ("<|header_start|>",)),
    _Row(tagged.HUNYUAN, ("<|extra_0|>", "<|extra_4|>")),
    _Row(chatml.SEED_OSS, ("<seed:bos>",)),
    _Row(tagged.BAILING, ("<role>ASSISTANT</role>",)),
    _Row(tagged.GIGACHAT, ("additional_special_tokens[0]",)),
    _Row(tagged.GIGACHAT, ("<|role_sep|>", "<|message_sep|>")),
    _Row(worded.YANDEX, ("' Ассистент:'",)),
    _Row(tagged.HARMONY, ("<|start|>", "<|channel|>", "<|end|>")),
    _Row(worded.FALCON_180B, ("Falcon:", "User: ")),
    _Row(worded.RWKV_WORLD, ("'User: ' + ", "|trim + '\\n\\n'")),
)

# Only for models that come without a chat template, or as a hint beside it: a name is no proof.
_NAMES: tuple[tuple[str, InstructTemplate], ...] = (
    (r"limarp", worded.LIMARP),
    (r"lightning-?1\.1", worded.LIGHTNING),
    (r"mytho(?:max|mix|logic)|chronos|airochronos|tiefighter|psyfighter|alpaca|noromaid|huginn|holomax", worded.ALPACA),
    (r"pygmalion-?2|mythalion|metharme", tagged.METHARME),
    (r"pygmalion", worded.PYGMALION),
    (r"airoboros", worded.AIROBOROS),
    (r"koala", worded.KOALA),
    (r"openorca.*openchat", worded.OPENORCA_OPENCHAT),
    (r"openchat|starling", worded.OPENCHAT),
    (r"beluga|solar-?10", worded.STABLE_BELUGA),
    (r"orca[-_]?mini", worded.ORCA_MINI),
    (r"synthia|tess-", worded.VICUNA_ORCA),
    (r"wizard-?lm-?7b", worded.WIZARD_LM),
    (r"vicuna-?(?:7b|13b)?-?v?(?:0|1\.0)\b|guanaco", worded.VICUNA_1_0),
    (r"vicuna|wizard|samantha", worded.VICUNA_1_1),
    (r"dreamgen|opus-v", chatml.DREAMGEN),
    (r"wayfarer|muse-|harbinger", chatml.WAYFARER),
    (r"skein|adventure", worded.ADVENTURE),
    (r"stheno|lunaris|euryale|llama-?3(?!\d)", llama.LLAMA_3),
    (r"llama-?4|scout-17b|maverick", llama.LLAMA_4),
    (r"llama-?2.*chat|codellama.*instruct", llama.LLAMA_2),
    (r"qwq|qwen3.*thinking", chatml.QWEN_3_THINKING),
    (r"qwen3(?!.*instruct)", chatml.QWEN_3),
    (r"magnum|dolphin|hermes|chatml|smollm|qwen|internlm|openhermes|yi-.*chat|orca-2|mpt-.*chat", chatml.CHATML),
    (r"gemma-?4", chatml.GEMMA_4),
    (r"gemma", chatml.GEMMA),
    (r"magistral", llama.MAGISTRAL),
    (r"nemo|pixtral|ministral|rocinante", llama.MISTRAL_V3_TEKKEN),
    (r"mistral-small-?(?:24b|3|.*250[1-9])|devstral|cydonia", llama.MISTRAL_V7_TEKKEN),
    (r"mistral-large.*2411", llama.MISTRAL_V7),
    (r"mixtral|miqu|mistral-7b-instruct-v0[.-]?[12]", llama.MISTRAL_V1),
    (r"mistral|codestral", llama.MISTRAL_V3),
    (r"phi-?4-?mini", tagged.PHI_4_MINI),
    (r"phi-?4", chatml.PHI_4),
    (r"phi-?3", tagged.PHI_3),
    (r"command-?a", tagged.COMMAND_A),
    (r"command-?r|c4ai|aya-", tagged.COMMAND_R),
    (r"deepseek-?coder(?!-v2)", worded.DEEPSEEK_CODER),
    (r"deepseek-?r1(?!.*distill)", tagged.DEEPSEEK_R1),
    (r"deepseek-?v3\.[1-9]", tagged.DEEPSEEK_V3_1),
    (r"deepseek-?(?:v3|v2\.5)", tagged.DEEPSEEK_V3),
    (r"deepseek", worded.DEEPSEEK_V2),
    (r"glm-?4\.7", tagged.GLM_4_7),
    (r"glm-?4\.[56]", tagged.GLM_4_5),
    (r"glm-?edge", tagged.GLM_EDGE),
    (r"chatglm-?3", tagged.CHATGLM_3),
    (r"glm", tagged.GLM_4),
    (r"stablelm.*zephyr", tagged.STABLELM_ZEPHYR),
    (r"zephyr|tinyllama", tagged.ZEPHYR),
    (r"tulu", tagged.TULU),
    (r"oasst|openassistant", tagged.OPEN_ASSISTANT),
    (r"gpt-?oss", tagged.HARMONY),
    (r"granite", chatml.GRANITE),
    (r"kimi", chatml.KIMI_K2),
    (r"seed-?oss", chatml.SEED_OSS),
    (r"exaone", tagged.EXAONE),
    (r"hunyuan", tagged.HUNYUAN),
    (r"dots[.-]llm", tagged.DOTS),
    (r"jamba", tagged.JAMBA),
    (r"megrez", chatml.MEGREZ),
    (r"bailing|ling-", tagged.BAILING),
    (r"gigachat", tagged.GIGACHAT),
    (r"minicpm", tagged.MINICPM),
    (r"orion", worded.ORION),
    (r"monarch", chatml.ALPHA_MONARCH),
    (r"smolvlm", worded.SMOLVLM),
    (r"yandexgpt", worded.YANDEX),
    (r"falcon-?3", tagged.FALCON_3),
    (r"falcon-?180", worded.FALCON_180B),
    (r"falcon", worded.FALCON),
    (r"rwkv", worded.RWKV_WORLD),
    (r"mpt-.*instruct", worded.ALPACA),
)
_BASE = re.compile(
    r"(?:^|[-_. ])(?:base|pretrained|foundation|story|storywriter|novel|erebus|nerys|shinen|janeway|pt)(?:[-_. ]|$)",
    re.IGNORECASE,
)
# Finetunes for roleplay and merges often carry the chat template of another model than they were trained after.
_OFTEN_MISLABELLED = re.compile(
    r"mytho|chronos|airoboros|erebus|nerys|tiefighter|psyfighter|hermes|dolphin|wayfarer|magnum|rocinante|cydonia"
    r"|stheno|lunaris|euryale|noromaid|pygmalion|mythalion|metharme",
    re.IGNORECASE,
)
_OPENED = re.compile(r"assistant(?:\\n|\n|[｜|]>)?<think>(?:\\n|\n)?\s*(?=['\"{])", re.IGNORECASE)


def detect(chat_template: str, model_name: str = "") -> tuple[InstructTemplate | None, str]:
    """The template for a model and, in a few words, why. ``None`` is plain text.

    ``chat_template`` is the model's own Jinja text, empty where it has none. The last resort is Alpaca, which models
    of unknown training follow best; a model whose name says that it is a base model is written to in plain text.
    """
    found = by_chat_template(chat_template)
    if found is not None:
        return found, _BY_TEMPLATE + _doubt(found, model_name)
    if _BASE.search(model_name):
        return None, f"{_BY_NAME}: a base model, written to in plain text"
    named = by_name(model_name)
    if named is not None:
        return named, _BY_NAME
    if chat_template.strip():
        return worded.ALPACA, "the model's chat template is of an unknown family"
    return worded.ALPACA, "the model has no chat template"


def settled(chat_template: str, model_name: str, reading: Reading | None) -> tuple[InstructTemplate | None, str]:
    """The template for a model whose chat template has been rendered, and why.

    The family that its text shows, where that writes turns as the rendering has them; else the family that does; else
    the template that was read off the rendering. Without a reading, what ``detect`` finds.
    """
    detected, why = detect(chat_template, model_name)
    own = reading.template if reading is not None else None
    if own is None:
        return detected, why
    shown = by_chat_template(chat_template)
    if shown is not None and agrees(shown, own):
        return detected, why
    alike = next((one for one in BUILT_IN.values() if agrees(one, own) and same_head(one, own)), None)
    if alike is not None:
        found = _thinking(alike, chat_template)
        return found, _BY_TEMPLATE + _doubt(found, model_name)
    found = _thinking(own, chat_template)
    return found, "read off the model's chat template" + _doubt(found, model_name)


def by_chat_template(chat_template: str) -> InstructTemplate | None:
    """The family whose marks stand in a chat template, with the tags of its thinking; ``None`` for an unknown one."""
    for row in _ROWS:
        if all(text in chat_template for text in row.has) and not any(text in chat_template for text in row.lacks):
            return _thinking(row.template, chat_template)
    return None


def by_name(model_name: str) -> InstructTemplate | None:
    """The template that models of this name usually want."""
    return next((template for pattern, template in _NAMES if re.search(pattern, model_name, re.IGNORECASE)), None)


def _doubt(found: InstructTemplate, model_name: str) -> str:
    """What a name that is often seen with a chat template of another model suggests instead."""
    if not _OFTEN_MISLABELLED.search(model_name):
        return ""
    suggested = by_name(model_name)
    if suggested is None or suggested.name == found.name:
        return ""
    return f"; its name suggests {suggested.name}"


def _thinking(template: InstructTemplate, chat_template: str) -> InstructTemplate:
    """The template with the tags of a model that thinks before it answers."""
    if "</think>" not in chat_template and "enable_thinking" not in chat_template:
        return template
    opened = _OPENED.search(chat_template) is not None
    if template is chatml.CHATML:
        return chatml.QWEN_3_THINKING if opened else chatml.QWEN_3
    if template is tagged.DEEPSEEK_V3 and opened:
        return tagged.DEEPSEEK_R1
    if template.reasoning_open:
        return template
    return replace(thinking(template), reasoning_prefill="<think>\n" if opened else "")
