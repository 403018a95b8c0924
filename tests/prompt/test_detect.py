"""Which template a model is given: by its chat template, by its name, and as a last resort."""

from __future__ import annotations

import pytest

from tavern_tui.domain.template import InstructTemplate
from tavern_tui.prompt import templates
from tavern_tui.prompt.detect import detect

# Fragments with the marks by which families are told apart, not whole templates.
MARKS = [
    ("{{'<|im_start|>' + message['role'] + '\\n'}}<|im_end|>", templates.CHATML),
    ("<|start_header_id|>{{ role }}<|end_header_id|>\n\n", templates.LLAMA_3),
    ("<start_of_turn>{{ role }}", templates.GEMMA),
    ("[AVAILABLE_TOOLS] {{ ' [INST] ' + m }}", templates.MISTRAL_V1),
    ('[AVAILABLE_TOOLS]{{ "[INST] " + m + "[/INST]" }}', templates.MISTRAL_V3),
    ('[AVAILABLE_TOOLS]{{ "[INST]" + m + "[/INST]" }}', templates.MISTRAL_V3_TEKKEN),
    ("{{ '[SYSTEM_PROMPT] ' + s }}{{ '[INST] ' + m }}", templates.MISTRAL_V7),
    ("{{ '[SYSTEM_PROMPT]' + s }}{{ '[INST]' + m }}", templates.MISTRAL_V7_TEKKEN),
    ("{{ bos_token + '[INST] ' + m + ' [/INST]' }}", templates.MISTRAL_V1),
    ("### Instruction:\n{{ m }}\n### Response:\n", templates.ALPACA),
]
# The same for the other families, as their published templates have them.
MORE_MARKS = {
    "{{ '<|im_start|>' + role + '<|im_sep|>' }}": "Phi-4",
    "<|im_start|>{{ role }}: {{ m }}<end_of_utterance>\n": "SmolVLM",
    "<|im_assistant|>assistant<|im_middle|>": "Kimi K2",
    "<|im_start|>text names= {{ m.name }}\n": "DreamGen",
    "<|turn>{{ role }}\n<turn|>": "Gemma 4",
    "[SYSTEM_PROMPT]{{ s }}[INST]{{ m }}[THINK]": "Magistral",
    "[INST] <<SYS>>\n{{ s }}\n<</SYS>>": "Llama 2",
    "<|bom|><|system|> {{ s }}<|user|><|assistant|>": "Jamba",
    "<|system|><|userprompt|>{{ m }}<|endofuserprompt|><|response|>": "dots.llm1",
    "<|begin|>{{ role }}<|content|>{{ m }}<|end|>": "Solar Open",
    "{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}<|assistant|>": "Phi-4 Mini",
    "<|user|>\n{{ m }}<|end|>\n<|assistant|>\n": "Phi-3",
    "{{ '<|' + message['role'] + '|>' + '\n' + message['content'] + '<|end|>\n' }}": "Phi-3",
    "[gMASK]<sop><|{{ role }}|>\n{{ m }}": "GLM-4",
    "[gMASK]<sop><|assistant|>{{ '\n<think></think>' }}": "GLM-4.5",
    "[gMASK]<sop><|assistant|>{{ '</think>' if off else '<think>' }}": "GLM-4.7",
    "[gMASK]sop<|{{ role }}|>\n {{ m }}": "ChatGLM 3",
    "{{ '<|user|>\\n' + message['content'] + '\\n' }}<|assistant|>{{ eos_token }}": "Tulu",
    "{{ '<|user|>\\n' + message['content'] + eos_token }}<|assistant|>": "Zephyr",
    "<|system|>\n<|user|>\n<|assistant|>\n{{ m }}</s>": "Falcon 3",
    "{{ '<|user|>\\n' + message['content'] + '<|endoftext|>\\n' }}": "StableLM Zephyr",
    "<|system|>\n{{ s }}<|user|>\n{{ m }}<|assistant|>": "GLM-Edge",
    "<|system|>{{ s }}<|user|>{{ m }}<|model|>": "Metharme",
    "<|prompter|>{{ m }}<|endoftext|><|assistant|>": "OpenAssistant",
    "{{ bos_token + message['role'] + '\\n' }}": "AlphaMonarch",
    "{{ 'Human: ' + m + '\\n\\nAssistant: ' + eos_token }}": "Orion",
    "{{ 'GPT4 Correct ' + role }}": "OpenChat",
    "USER: {{ m }} ASSISTANT: ": "Vicuna 1.1",
    "SYSTEM: {{ s }}\nUSER: {{ m }}\nASSISTANT: ": "Vicuna Orca",
    "### Human: {{ m }}\n### Assistant: ": "Vicuna 1.0",
    "### Instruction:\n{{ m }}\n### Response:\n<|EOT|>": "DeepSeek Coder",
    "### System:\n### User:\n{{ m }}\n\n### Assistant:\n": "Stable Beluga",
    "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>{{ m }}": "Command R",
    "<|START_OF_TURN_TOKEN|><|USER_TOKEN|>{{ m }}<|START_RESPONSE|>": "Command A",
    "<用户>{{ m }}<AI>": "MiniCPM",
    "{{ 'Assistant: ' + message['content'] + eos_token }}": "DeepSeek V2",
    "<｜User｜>{{ m }}<｜Assistant｜>": "DeepSeek V3",
    "<｜User｜>{{ m.split('</think>')[-1] }}{{ '<｜Assistant｜><think>\\n' }}": "DeepSeek R1",
    "<｜User｜>{{ m }}{{ '<｜Assistant｜>' }}{% if not thinking %}</think>{% endif %}": "DeepSeek V3.1",
    "[|system|]{{ s }}[|endofturn|][|user|][|assistant|]": "EXAONE",
    "<|start_of_role|>{{ role }}<|end_of_role|>": "Granite",
    "<|role_start|>{{ role }}<|role_end|>": "Megrez",
    "<|header_start|>{{ role }}<|header_end|>": "Llama 4",
    "<|startoftext|>{{ s }}<|extra_4|>{{ m }}<|extra_0|>": "Hunyuan A13B",
    "{# <seed:bos> #}{{ bos_token + message.role }}": "Seed-OSS",
    "{{ '<role>ASSISTANT</role>' }}": "Bailing",
    "{{ role + additional_special_tokens[0] + m }}": "GigaChat",
    "{{ names.user }}{{ ' Ассистент:' }}": "YandexGPT",
    "<|start|>{{ role }}<|channel|>final<|message|>{{ m }}<|end|>": "gpt-oss",
    "System: {{ s }}\nUser: {{ m }}\nFalcon:": "Falcon 180B",
    "{{ 'User: ' + m|trim + '\\n\\n' }}": "RWKV World",
}


@pytest.mark.parametrize("chat_template", sorted(MORE_MARKS))
def test_the_other_families_are_known_by_their_marks_too(chat_template: str) -> None:
    found, _ = detect(chat_template, "some-model")
    assert found is not None
    assert found.name == MORE_MARKS[chat_template]


@pytest.mark.parametrize(("chat_template", "expected"), MARKS, ids=[template.name for _, template in MARKS])
def test_a_chat_template_is_known_by_its_marks(chat_template: str, expected: InstructTemplate) -> None:
    found, why = detect(chat_template, "some-base-model")
    assert found == expected
    assert why == "from the model's chat template"


@pytest.mark.parametrize(
    ("chat_template", "expected"),
    [
        ("<|im_start|>{% if enable_thinking %}<think></think>{% endif %}", "Qwen 3"),
        ("<|im_start|>{{ m.split('</think>')[-1] }}{{ '<|im_start|>assistant\\n<think>\\n' }}", "Qwen 3 Thinking"),
        ("<|im_start|>{{ m.split('<think>')[0] }}{{ '</think>' }}", "Qwen 3"),
    ],
)
def test_a_thinking_model_gets_its_tags(chat_template: str, expected: str) -> None:
    found, _ = detect(chat_template)
    assert found is not None
    assert (found.name, found.reasoning_open, found.reasoning_close) == (expected, "<think>", "</think>")


def test_a_family_that_does_not_think_gets_the_tags_of_a_finetune_that_does() -> None:
    found, _ = detect("<|start_header_id|>assistant<|end_header_id|>{{ m.split('</think>')[-1] }}")
    assert found is not None
    assert (found.name, found.reasoning_open, found.reasoning_prefill) == ("Llama 3", "<think>", "")


def test_an_unknown_template_falls_back_to_alpaca_and_says_so() -> None:
    found, why = detect("{{ '<|quux|>' }}", "new-model-7b")
    assert found == templates.ALPACA
    assert "unknown" in why


@pytest.mark.parametrize(
    "name", ["Mistral-Nemo-Base-2407", "gpt-j-6b-erebus", "MPT-7B-StoryWriter", "gemma-2-9b-pt.Q4_K_M.gguf"]
)
def test_a_base_model_is_written_to_in_plain_text(name: str) -> None:
    found, why = detect("", name)
    assert found is None
    assert "plain text" in why


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("MythoMax-L2-13B", templates.ALPACA),
        ("L3-8B-Stheno-v3.2", templates.LLAMA_3),
        ("Meta-Llama-3-8B-Instruct", templates.LLAMA_3),
        ("Mistral-Nemo-Instruct-2407", templates.MISTRAL_V3_TEKKEN),
        ("Mistral-Small-24B-Instruct-2501", templates.MISTRAL_V7_TEKKEN),
        ("Mixtral-8x7B-Instruct", templates.MISTRAL_V1),
        ("magnum-v2-12b", templates.CHATML),
        ("gemma-3-12b-it", templates.GEMMA),
        ("Qwen2.5-7B-Instruct", templates.CHATML),
        ("", templates.ALPACA),
    ],
)
def test_without_a_chat_template_the_name_is_a_hint(name: str, expected: InstructTemplate) -> None:
    assert detect("", name)[0] == expected


def test_the_chat_template_counts_for_more_than_the_name() -> None:
    assert detect("<|im_start|>", "Mistral-7B-base")[0] == templates.CHATML


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Pygmalion-2-13B", "Metharme"),
        ("pygmalion-6b", "Pygmalion 6B"),
        ("vicuna-13b-v1.5", "Vicuna 1.1"),
        ("wizardLM-7B-HF", "WizardLM"),
        ("WizardLM-13B-V1.2", "Vicuna 1.1"),
        ("Llama-2-7B-Chat", "Llama 2"),
        ("Qwen3-8B", "Qwen 3"),
        ("Qwen3-30B-A3B-Thinking-2507", "Qwen 3 Thinking"),
        ("Qwen3-30B-A3B-Instruct-2507", "ChatML"),
        ("QwQ-32B", "Qwen 3 Thinking"),
        ("phi-4-mini-instruct", "Phi-4 Mini"),
        ("phi-4", "Phi-4"),
        ("gpt-oss-20b", "gpt-oss"),
        ("DeepSeek-R1-0528", "DeepSeek R1"),
        ("deepseek-coder-6.7b-instruct", "DeepSeek Coder"),
        ("DeepSeek-V3.1-Terminus", "DeepSeek V3.1"),
        ("GLM-4.6-Air", "GLM-4.5"),
        ("Wayfarer-12B", "ChatML Adventure"),
        ("fairseq-skein-6b", "Adventure"),
    ],
)
def test_names_tell_families_apart(name: str, expected: str) -> None:
    found, _ = detect("", name)
    assert found is not None
    assert found.name == expected


def test_a_finetune_that_often_carries_a_foreign_template_is_told_with_what_its_name_suggests() -> None:
    found, why = detect("[INST] <<SYS>>", "MythoMax-L2-13B")
    assert found is not None
    assert found.name == "Llama 2"
    assert why == "from the model's chat template; its name suggests Alpaca"
    assert detect("<|im_start|>", "magnum-v2-12b")[1] == "from the model's chat template"
