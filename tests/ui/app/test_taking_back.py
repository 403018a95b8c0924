"""Undo and redo of what is set in a chat: it holds as it was, and is called by its name."""

from __future__ import annotations

from pathlib import Path

from tavern_tui.domain.thinking import Thinking
from tavern_tui.ui.app import TavernApp
from tests.ui.app.evening import Evening, hint, typed


def held(app: TavernApp) -> tuple[int, str, Thinking, str]:
    """What holds now: the length of replies, the preset, how much is thought, and what the chat is called above."""
    session = app.chat.open_session
    return (
        session.options.response_tokens,
        session.options.preset.name,
        session.options.think,
        app.chat.progress.status.chat,
    )


async def test_what_was_set_in_a_chat_holds_as_it_was_after_undo_and_again_after_redo(tmp_path: Path) -> None:
    async with Evening(tmp_path, "She nods.").begun() as (app, pilot):
        await typed(pilot, "Hello", "enter")
        await typed(pilot, "/rename Before", "enter")
        commands = {
            "/length 60": "the length of replies",
            "/preset creative": "the sampler preset",
            "/think off": "how much is thought",
            "/rename By the sea": "the title",
        }
        stages = [held(app)]
        for command in commands:
            await typed(pilot, command, "enter")
            stages.append(held(app))
        assert stages[-1] == (60, "creative", Thinking.OFF, "By the sea")
        for what, stage in zip(reversed(commands.values()), reversed(stages[:-1]), strict=True):
            await typed(pilot, "/undo", "enter")
            assert (hint(app), held(app)) == (f"Undone: {what} · /redo brings it back", stage)
        for what, stage in zip(commands.values(), stages[1:], strict=True):
            await typed(pilot, "/redo", "enter")
            assert (hint(app), held(app)) == (f"Back again: {what}", stage)
