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


@pytest.mark.parametrize(("chat_template", "expected"), MARKS, ids=[template.name for _, template in MARKS])
def test_a_chat_template_is_known_by_its_marks(chat_template: str, expected: InstructTemplate) -> None:
    found, why = detect(chat_template, "some-base-model")
    assert found == expected
    assert why == "from the model's chat template"


def test_a_thinking_model_gets_its_tags() -> None:
    found, _ = detect("<|im_start|>{% if enable_thinking %}<think></think>{% endif %}")
    assert found is not None
    assert (found.name, found.reasoning_open, found.reasoning_close) == ("ChatML", "<think>", "</think>")


@pytest.mark.parametrize("mark", ["<|im_start|><|im_sep|>", "<|im_start|><end_of_utterance>", "{{ '<|quux|>' }}"])
def test_an_unknown_template_falls_back_to_alpaca_and_says_so(mark: str) -> None:
    found, why = detect(mark, "new-model-7b")
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
        ("", templates.ALPACA),
    ],
)
def test_without_a_chat_template_the_name_is_a_hint(name: str, expected: InstructTemplate) -> None:
    assert detect("", name)[0] == expected


def test_the_chat_template_counts_for_more_than_the_name() -> None:
    assert detect("<|im_start|>", "Mistral-7B-base")[0] == templates.CHATML
