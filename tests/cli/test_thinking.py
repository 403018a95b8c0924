"""Thinking at the line-based terminal: how much, going on with it, and answering without it."""

from __future__ import annotations

from tests.cli.conftest import ScriptedServer, Tavern


def test_a_model_that_only_thought_goes_on_or_answers_at_once(tavern: Tavern, server: ScriptedServer) -> None:
    server.named("Qwen3-8B")
    server.says("<think>", *["She waits. "] * 40, finish="length")
    server.says("He is cold.", "</think>", "Come in.")
    server.says("Sit down.")
    ran = tavern("chat", "mira", "--server", server.address, stdin="Hello\n/continue\n/answer\n")
    assert "The model only thought: 41 tokens." in ran.notes
    assert "/continue lets it think on, /answer answers without thinking." in ran.notes
    assert "Mira: Come in." in ran.text
    first, second, third = server.prompts
    assert first.endswith("<|im_start|>assistant\n")
    assert second.endswith(f"<|im_start|>assistant\n<think>{'She waits. ' * 40}")
    assert third.endswith("<think>\n\n</think>\n\n")
    log = tavern("log", "mira").text
    assert "Sit down." in log
    assert "She waits" not in log


def test_how_much_is_thought_is_told_and_set_for_the_chat(tavern: Tavern, server: ScriptedServer) -> None:
    server.named("Qwen3-8B")
    server.says("Yes.")
    told = tavern("chat", "mira", "--server", server.address, stdin="/think\n/think soon\n/think OFF\nHello\n")
    assert told.notes.count("Thinking is on in this chat. /think on, low, off sets it.") == 2
    assert "Thinking is off in this chat from now on." in told.notes
    assert server.prompts[0].endswith("<think>\n\n</think>\n\n")
