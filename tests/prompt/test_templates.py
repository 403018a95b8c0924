"""The built-in templates against chat templates of their families, rendered with Jinja's sandbox.

The Jinja texts here are the shortest that render as the published ones of each family do; the starter model's own is
read from its file.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tavern_tui.domain.events import Speaker
from tavern_tui.domain.template import ContextTemplate, InstructTemplate
from tavern_tui.formats.gguf import read_header
from tavern_tui.prompt import templates
from tavern_tui.prompt.detect import detect
from tavern_tui.prompt.inputs import Examples
from tests.prompt.builders import SIX_TURNS, chat, given, plan

SYSTEM_FIRST = ContextTemplate(name="bare", story_string="{{system}}{{trim}}")

_ROLES = "{% set role = 'model' if m.role == 'assistant' else m.role %}"
# Families without a system turn: the system text and a blank line stand before the first user text.
_FOLD = (
    "{% if messages[0].role == 'system' %}{% set head = messages[0].content ~ '\n\n' %}{% set rest = messages[1:] %}"
    "{% else %}{% set head = '' %}{% set rest = messages %}{% endif %}"
)
_TEKKEN = (
    "{% for m in rest %}{% if m.role == 'user' %}[INST]{{ head if loop.first else '' }}{{ m.content }}[/INST]"
    "{% else %}{{ m.content }}</s>{% endif %}{% endfor %}"
)
_SPACED = _TEKKEN.replace("[INST]{{", "[INST] {{").replace("else %}{{ m.content }}</s>", "else %} {{ m.content }}</s>")
_V1 = _SPACED.replace("[INST] {{", " [INST] {{").replace("[/INST]", " [/INST]")
_SYSTEM_PROMPT = (
    "[SYSTEM_PROMPT]{{ messages[0].content }}[/SYSTEM_PROMPT]{% set rest = messages[1:] %}{% set head = '' %}"
)

JINJA: dict[str, str] = {
    "ChatML": (
        "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
    ),
    "Llama 3": (
        "{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n{{ m.content | trim }}<|eot_id|>"
        "{% endfor %}{% if add_generation_prompt %}<|start_header_id|>assistant<|end_header_id|>\n\n{% endif %}"
    ),
    "Mistral V1": _FOLD + _V1,
    "Mistral V2 and V3": _FOLD + _SPACED,
    "Mistral V3-Tekken": _FOLD + _TEKKEN,
    "Mistral V7": _SYSTEM_PROMPT.replace("PROMPT]{{", "PROMPT] {{") + _SPACED,
    "Mistral V7-Tekken": _SYSTEM_PROMPT + _TEKKEN,
    "Gemma": (
        _FOLD + "{% for m in rest %}" + _ROLES + "<start_of_turn>{{ role }}\n{{ head if loop.first else '' }}"
        "{{ m.content }}<end_of_turn>\n{% endfor %}{% if add_generation_prompt %}<start_of_turn>model\n{% endif %}"
    ),
    "Alpaca": (
        "{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}\n\n{% elif m.role == 'user' %}"
        "### Instruction:\n{{ m.content }}\n\n{% else %}### Response:\n{{ m.content }}\n\n{% endif %}{% endfor %}"
        "{% if add_generation_prompt %}### Response:\n{% endif %}"
    ),
}


def rendered(jinja: str, texts: tuple[str, ...], **variables: Any) -> str:
    messages = [{"role": "system", "content": "Write Mira's side."}]
    messages += [{"role": "assistant" if at % 2 else "user", "content": text} for at, text in enumerate(texts)]
    environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
    template = environment.from_string(jinja)
    return template.render(messages=messages, add_generation_prompt=True, bos_token="", eos_token="</s>", **variables)


def ours(template: InstructTemplate, texts: tuple[str, ...]) -> str:
    turns = chat(*texts, start=Speaker.USER)
    return plan(given(turns, template, context=SYSTEM_FIRST, examples=Examples.NEVER)).text


@pytest.mark.parametrize("name", sorted(JINJA))
def test_a_chat_of_seven_turns_is_written_as_the_familys_chat_template_writes_it(name: str) -> None:
    texts = (*SIX_TURNS, "And the *other*?")
    assert ours(templates.BUILT_IN[name], texts) == rendered(JINJA[name], texts)


@pytest.mark.parametrize("name", sorted(JINJA))
def test_the_first_message_is_written_as_the_familys_chat_template_writes_it(name: str) -> None:
    assert ours(templates.BUILT_IN[name], ("Good evening.",)) == rendered(JINJA[name], ("Good evening.",))


@pytest.mark.model
def test_the_starter_models_own_chat_template_renders_the_same(starter_model: Path) -> None:
    with starter_model.open("rb") as file:
        own = read_header(file, starter_model.stat().st_size).chat_template
    found, _ = detect(own)
    assert found == templates.CHATML
    texts = (*SIX_TURNS, "And the other?")
    # The template puts a system text of its own in front only where a chat brings none; ours always does.
    assert ours(templates.CHATML, texts) == rendered(own, texts)


GREETED = {
    "ChatML": "<|im_start|>system\nS<|im_end|>\n<|im_start|>assistant\nHi.<|im_end|>\n<|im_start|>user\nYo.<|im_end|>\n"
    "<|im_start|>assistant\n",
    "Mistral V3-Tekken": "[INST]S[/INST]Hi.</s>[INST]Yo.[/INST]",
    "Mistral V7-Tekken": "[SYSTEM_PROMPT]S[/SYSTEM_PROMPT][INST][Start][/INST]Hi.</s>[INST]Yo.[/INST]",
    "Gemma": "<start_of_turn>user\nS<end_of_turn>\n<start_of_turn>model\nHi.<end_of_turn>\n"
    "<start_of_turn>user\nYo.<end_of_turn>\n<start_of_turn>model\n",
    "Alpaca": "S\n\n### Response:\nHi.\n\n### Instruction:\nYo.\n\n### Response:\n",
}


@pytest.mark.parametrize("name", sorted(GREETED))
def test_a_greeting_stands_behind_a_user_turn_where_the_family_insists_on_one(name: str) -> None:
    one = given(
        chat("Hi.", "Yo."), templates.BUILT_IN[name], context=SYSTEM_FIRST, examples=Examples.NEVER, system_text="S"
    )
    assert plan(one).text == GREETED[name]


@pytest.mark.parametrize("name", ["Gemma", "Mistral V3-Tekken", "Mistral V7", "Mistral V1"])
def test_turns_of_one_speaker_merge_where_the_family_insists_on_alternation(name: str) -> None:
    turns = chat("Hi.", "One.", start=Speaker.CHARACTER)
    turns += chat("Two.", start=Speaker.USER)
    template = templates.BUILT_IN[name]
    text = plan(given(turns, template, context=SYSTEM_FIRST, examples=Examples.NEVER)).text
    assert f"One.\n\nTwo.{template.input_suffix}" in text


BOS = ("<s>", "<bos>", "<|begin_of_text|>", "<BOS_TOKEN>", "<|startoftext|>", "<｜begin▁of▁sentence｜>")
REPEATED = {"Llama 2", "AlphaMonarch", "Hunyuan A13B"}  # families that begin their turns with it


@pytest.mark.parametrize("name", sorted(set(templates.BUILT_IN) - REPEATED))
def test_the_beginning_of_sequence_token_is_left_to_the_engine(name: str) -> None:
    text = plan(given(chat(*SIX_TURNS), templates.BUILT_IN[name])).text
    assert not any(token in text for token in BOS)


@pytest.mark.parametrize("name", ["Llama 2", "AlphaMonarch"])
def test_a_family_that_repeats_its_beginning_of_sequence_token_leaves_the_first_to_the_engine(name: str) -> None:
    text = plan(given(chat(*SIX_TURNS), templates.BUILT_IN[name])).text
    assert not text.startswith("<s>")
    assert "</s><s>[INST]" in text or "</s>\n<s>user\n" in text


@pytest.mark.parametrize("name", sorted(templates.BUILT_IN))
def test_a_reply_line_ends_in_no_blank_but_for_the_family_that_was_trained_with_one(name: str) -> None:
    text = plan(given(chat(*SIX_TURNS), templates.BUILT_IN[name])).text
    assert text.endswith(" ") is (name == "Airoboros")


def test_a_family_is_found_by_its_other_names_too() -> None:
    assert templates.template_name(" qwen 2.5 ") == "ChatML"
    assert templates.template_name("mythalion") == "Metharme"
    assert templates.template_name("none") == templates.PLAIN
    assert templates.template_name("quux") is None
    assert set(templates.ALSO_CALLED.values()) <= set(templates.BUILT_IN)


def test_plain_text_is_lines_with_names() -> None:
    one = given(chat("Hi.", "Yo."), None, context=SYSTEM_FIRST, examples=Examples.NEVER, system_text="S")
    assert plan(one).text == "S\nMira: Hi.\nTom: Yo.\nMira:"
