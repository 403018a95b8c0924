"""What each kind of server is sent so that its model thinks less, or not at all."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tavern_tui.domain.request import Message, Role, Segment
from tavern_tui.domain.thinking import Thinking
from tavern_tui.engines.base import Capabilities, EngineInfo, Request
from tavern_tui.engines.dialects import Dialect
from tavern_tui.engines.http import Link
from tavern_tui.engines.koboldcpp import STREAM, KoboldCppEngine
from tavern_tui.engines.llama_server import LlamaServerEngine
from tavern_tui.engines.offered import OfferedModel
from tavern_tui.engines.openai_body import Learned, body_for
from tavern_tui.engines.servers import generic, hosted, lm_studio, openrouter, tabbyapi, textgen, vllm
from tavern_tui.engines.thinking_switch import think_field
from tests.engines.kobold_standin import KoboldStandin
from tests.engines.llama_standin import LlamaStandin
from tests.engines.replies import listen

HELLO = (Message(Role.USER, "Hello."),)
ABLE = EngineInfo("x", "m", capabilities=Capabilities(text_completion=True, chat_completion=True))
VARIABLES = {"enable_thinking": False, "thinking": False}

# Server, how little is to be thought, what is sent beside the usual.
SENT: dict[str, tuple[Dialect, Thinking, dict[str, Any]]] = {
    "vllm-off": (vllm.DIALECT, Thinking.OFF, {"chat_template_kwargs": VARIABLES}),
    "vllm-low": (vllm.DIALECT, Thinking.LOW, {"chat_template_kwargs": {"reasoning_effort": "low"}}),
    "tabby-off": (tabbyapi.DIALECT, Thinking.OFF, {"chat_template_kwargs": VARIABLES}),
    "textgen-off": (textgen.DIALECT, Thinking.OFF, {"enable_thinking": False}),
    "textgen-low": (textgen.DIALECT, Thinking.LOW, {"reasoning_effort": "low"}),
    "openrouter-off": (openrouter.DIALECT, Thinking.OFF, {"reasoning": {"enabled": False}}),
    "openrouter-low": (openrouter.DIALECT, Thinking.LOW, {"reasoning": {"effort": "low"}}),
    "deepseek-off": (hosted.DEEPSEEK, Thinking.OFF, {"thinking": {"type": "disabled"}}),
    "deepseek-low": (hosted.DEEPSEEK, Thinking.LOW, {}),
    "lm-studio-off": (lm_studio.DIALECT, Thinking.OFF, {}),
    "generic-off": (generic.DIALECT, Thinking.OFF, {}),
}


def sent(dialect: Dialect, request: Request) -> dict[str, object]:
    """The body of a request."""
    return body_for(request, dialect, OfferedModel("m"), ABLE, Learned(), {}).value


@pytest.mark.parametrize("case", SENT)
def test_a_server_is_told_in_its_own_way(case: str) -> None:
    dialect, think, extra = SENT[case]
    usual = sent(dialect, Request(messages=HELLO))
    assert sent(dialect, Request(messages=HELLO, think=think)) == usual | extra
    assert sent(dialect, Request(messages=HELLO, think=Thinking.ON)) == usual


@pytest.mark.parametrize("case", SENT)
def test_a_finished_prompt_says_it_itself(case: str) -> None:
    dialect, think, _ = SENT[case]
    if dialect.text_completion is False:
        return
    assert sent(dialect, Request(prompt=(Segment("Hello."),), think=think)) == sent(
        dialect, Request(prompt=(Segment("Hello."),))
    )


def test_ollama_is_told_to_leave_it_and_never_how_much() -> None:
    assert think_field(Thinking.OFF) == {"think": False}
    assert think_field(Thinking.LOW) == think_field(Thinking.ON) == {}


async def test_llama_server_hands_it_on_to_the_models_template() -> None:
    async with LlamaStandin() as server:
        for think in (None, Thinking.OFF):
            engine = LlamaServerEngine(Link(server.base))
            await listen(engine, Request(messages=HELLO, response_tokens=2, think=think))
    first, second = server.bodies("/apply-template")
    assert "chat_template_kwargs" not in first
    assert second["chat_template_kwargs"] == VARIABLES


TAGGED = Request(prompt=(Segment("Hello."),), response_tokens=2, tags=("<|channel|>", "<|end|>"))


@pytest.mark.parametrize(("dialect", "told"), [(vllm.DIALECT, True), (textgen.DIALECT, True), (generic.DIALECT, False)])
def test_tags_that_have_to_arrive_are_asked_for(dialect: Dialect, told: bool) -> None:
    assert ("skip_special_tokens" in sent(dialect, TAGGED)) is told
    assert "skip_special_tokens" not in sent(dialect, replace(TAGGED, tags=()))


async def test_llama_server_and_koboldcpp_are_asked_for_the_tags_too() -> None:
    async with LlamaStandin() as server:
        await listen(LlamaServerEngine(Link(server.base)), TAGGED)
        await listen(LlamaServerEngine(Link(server.base)), replace(TAGGED, tags=()))
    async with KoboldStandin() as kobold:
        await listen(KoboldCppEngine(Link(kobold.base)), TAGGED)
    assert kobold.bodies(STREAM)[0]["render_special"] is True
    first, second = server.bodies("/completion")
    assert first["preserved_tokens"] == ["<|channel|>", "<|end|>"]
    assert "preserved_tokens" not in second
