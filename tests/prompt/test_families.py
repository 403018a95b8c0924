"""Every family writes a chat as the table of families says: against texts written down by hand, and llama.cpp's own.

``golden/NAME.txt`` holds what the family's row makes of a system text, six turns, a further one of the user's and the
reply's opening, without the BOS token that the engine adds.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

import pytest

from tavern_tui.domain.events import Speaker
from tavern_tui.domain.template import ContextTemplate, InstructTemplate
from tavern_tui.prompt.inputs import Examples, GenerationKind
from tavern_tui.prompt.templates import BUILT_IN, PYGMALION_CONTEXT, context_for
from tests.prompt.builders import chat, given, plan

GOLDEN = Path(__file__).parent / "golden"
SYSTEM = "You write Mira's part."
TEXTS = (
    "Good evening.",
    '*She nods.* "Come in."',
    "Is the lamp lit?\nIt looks dark.",
    "It is. Wait -\n\nthere.",
    "What was that?",
    "The wind.",
    "And the *other*?",
)
BARE = ContextTemplate(name="bare", story_string="{{system}}{{trim}}")


def written(template: InstructTemplate, *texts: str, **changes: object) -> str:
    turns = chat(*texts, start=Speaker.USER)
    usual = {"context": BARE, "system_text": SYSTEM, "examples": Examples.NEVER} | changes
    return plan(given(turns, template, **usual)).text


def golden(name: str) -> str:
    return (GOLDEN / f"{name}.txt").read_bytes().decode()


def test_every_family_has_its_golden_text() -> None:
    assert {path.stem for path in GOLDEN.glob("*.txt")} == set(BUILT_IN)


@pytest.mark.parametrize("name", sorted(BUILT_IN))
def test_a_chat_is_written_as_the_familys_row_says(name: str) -> None:
    # The system text's own newline belongs to the first Pygmalions' context template.
    system = SYSTEM + "\n" if name == "Pygmalion 6B" else SYSTEM
    story = ContextTemplate(name="bare", story_string="{{system}}\n") if system != SYSTEM else BARE
    assert written(BUILT_IN[name], *TEXTS, context=story) == golden(name)


# llama.cpp's own renderings, by its names for them. Where the two differ on purpose, docs/templates.md says why.
LLAMA_CPP = {
    "bailing": "Bailing",
    "chatglm3": "ChatGLM 3",
    "chatglm4": "GLM-4",
    "chatml": "ChatML",
    "command-r": "Command R",
    "deepseek": "DeepSeek Coder",
    "deepseek2": "DeepSeek V2",
    "exaone3": "EXAONE",
    "exaone4": "EXAONE",
    "falcon3": "Falcon 3",
    "gemma": "Gemma",
    "glmedge": "GLM-Edge",
    "granite": "Granite",
    "hunyuan-moe": "Hunyuan A13B",
    "kimi-k2": "Kimi K2",
    "llama3": "Llama 3",
    "llama4": "Llama 4",
    "megrez": "Megrez",
    "minicpm": "MiniCPM",
    "mistral-v1": "Mistral V1",
    "mistral-v3": "Mistral V2 and V3",
    "mistral-v3-tekken": "Mistral V3-Tekken",
    "mistral-v7": "Mistral V7",
    "mistral-v7-tekken": "Mistral V7-Tekken",
    "monarch": "AlphaMonarch",
    "openchat": "OpenChat",
    "orion": "Orion",
    "phi3": "Phi-3",
    "phi4": "Phi-4",
    "seed_oss": "Seed-OSS",
    "smolvlm": "SmolVLM",
    "solar-open": "Solar Open",
    "vicuna": "Vicuna 1.1",
    "vicuna-orca": "Vicuna Orca",
    "zephyr": "StableLM Zephyr",
}


def by_llama_cpp(name: str) -> str:
    from llama_cpp import llama_cpp as lib

    said = [("system", SYSTEM), *(("assistant" if at % 2 else "user", text) for at, text in enumerate(TEXTS))]
    messages = (lib.llama_chat_message * len(said))(*[lib.llama_chat_message(r.encode(), t.encode()) for r, t in said])
    room = 16_384
    buffer = ctypes.create_string_buffer(room)
    length = lib.llama_chat_apply_template(name.encode(), messages, len(said), True, buffer, room)
    assert 0 < length <= room
    return buffer.raw[:length].decode()


@pytest.mark.model
@pytest.mark.parametrize("name", sorted(LLAMA_CPP))
def test_llama_cpp_writes_the_same(name: str) -> None:
    assert written(BUILT_IN[LLAMA_CPP[name]], *TEXTS) == by_llama_cpp(name)


def test_the_first_pygmalions_get_their_card_in_the_lines_that_they_know() -> None:
    template = BUILT_IN["Pygmalion 6B"]
    assert context_for(template) == PYGMALION_CONTEXT
    text = written(template, "Hello.", context=PYGMALION_CONTEXT, system_text="")
    assert text == (
        "Mira's Persona: Mira keeps the lamp at Cold Point. Mira's personality: patient and dry\n"
        "Tom: Tom carries letters.\nScenario: A storm keeps both indoors.\n<START>\nYou: Hello.\nMira:"
    )


@pytest.mark.parametrize("name", ["Llama 3", "Gemma", "Command R", "GLM-4.5"])
def test_blanks_round_a_text_are_left_out_where_the_family_trims(name: str) -> None:
    assert written(BUILT_IN[name], "  Good evening. \n") == written(BUILT_IN[name], "Good evening.")


def test_a_text_that_goes_on_keeps_its_end() -> None:
    text = written(BUILT_IN["Llama 3"], "Yes?", " Well, ", kind=GenerationKind.CONTINUE)
    assert text.endswith("<|end_header_id|>\n\nWell, ")


def test_a_blank_line_does_not_end_a_turn_of_rwkv() -> None:
    assert "User: One.\nTwo.\n\n" in written(BUILT_IN["RWKV World"], "One.\n\n\nTwo.")


THOUGHTS = {
    "Qwen 3": ("", "<think>\n\n</think>\n\n"),
    "Qwen 3 Thinking": ("<think>\n", "<think>\n\n</think>\n\n"),
    "DeepSeek R1": ("<think>\n", "<think>\n\n</think>\n\n"),
    "DeepSeek V3.1": ("<think>", "</think>"),
    "GLM-4.5": ("", "\n<think></think>\n"),
    "GLM-4.7": ("<think>", "</think>"),
    "gpt-oss": ("", "<|channel|>final<|message|>"),
    "Gemma 4": ("", "<|channel>thought\n<channel|>"),
    "Seed-OSS": ("", "<seed:think></seed:think>"),
    "Magistral": ("", "[THINK][/THINK]"),
    "Command A": ("", "<|START_THINKING|><|END_THINKING|><|START_RESPONSE|>"),
    "Solar Open": ("", "<|content|>"),
}


def test_all_families_that_think_are_known() -> None:
    assert {name for name, template in BUILT_IN.items() if template.reasoning_open} == set(THOUGHTS)


@pytest.mark.parametrize("name", sorted(THOUGHTS))
def test_the_prompt_opens_the_thinking_where_the_family_does_and_closes_it_on_request(name: str) -> None:
    template = BUILT_IN[name]
    reply = template.last_output_sequence or template.output_sequence
    opened, closed = THOUGHTS[name]
    assert written(template, "Hi.").endswith(reply + opened)
    assert written(template, "Hi.", think=False).endswith(reply + closed)


@pytest.mark.parametrize("name", sorted(THOUGHTS))
def test_a_reply_that_goes_on_is_not_thought_about_again(name: str) -> None:
    assert written(BUILT_IN[name], "Hi.", "Well", kind=GenerationKind.CONTINUE).endswith(THOUGHTS[name][1] + "Well")


@pytest.mark.parametrize("name", sorted(THOUGHTS))
def test_the_users_next_turn_is_written_without_thinking(name: str) -> None:
    for think in (True, False):
        text = written(BUILT_IN[name], "Hi.", "Well.", kind=GenerationKind.IMPERSONATE, think=think)
        assert text.endswith(BUILT_IN[name].input_sequence)
