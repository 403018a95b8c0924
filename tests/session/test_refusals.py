"""What a model was found not to take is kept for the next start, for that model of that server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.domain.preset import BALANCED
from tavern_tui.engines.http import Link
from tavern_tui.engines.openai import OpenAIEngine
from tavern_tui.engines.servers import vllm
from tavern_tui.session.refusals import FILE, remembering
from tavern_tui.session.workspace import Workspace
from tests.engines import server_answers as answers
from tests.engines.replies import DONE, Heard, chat_request, delta, listen
from tests.engines.standin import Asked, Reply, Route, Standin, said, streamed


@pytest.fixture
def workspace(tavern_home: Path) -> Workspace:
    """A workspace in a folder of its own."""
    return Workspace.open()


def picky(asked: Asked) -> Reply:
    """Takes no ``min_p``, and wants one message."""
    if "min_p" in asked.json:
        return said({"error": {"message": "Unknown parameter: 'min_p'", "param": "min_p"}}, 400)
    return streamed(delta("Hello."), delta("", "stop"), DONE)


ROUTES: dict[str, Route] = {**answers.VLLM, "POST /v1/chat/completions": picky}


async def started(workspace: Workspace, server: Standin, version: str = "1") -> Heard:
    """A reply of a program that has just started."""
    engine = OpenAIEngine(Link(server.base), vllm.DIALECT, version=version)
    remembering(workspace, engine)
    heard = await listen(engine, chat_request(sampling=BALANCED))
    await engine.close()
    return heard


async def test_a_refused_parameter_is_not_sent_after_the_next_start_and_not_told_again(workspace: Workspace) -> None:
    async with Standin(ROUTES) as server:
        first, second = await started(workspace, server), await started(workspace, server)
    assert first.text == second.text == "Hello."
    assert any("“min_p”" in notice for notice in first.notices)
    assert not any("“min_p”" in notice for notice in second.notices)
    assert ["min_p" in body for body in server.bodies("/v1/chat/completions")] == [True, False, False]


async def test_another_version_of_the_server_is_asked_anew(workspace: Workspace) -> None:
    async with Standin(ROUTES) as server:
        await started(workspace, server)
        await started(workspace, server, version="2")
    assert sum("min_p" in body for body in server.bodies("/v1/chat/completions")) == 2


async def test_a_file_that_cannot_be_read_costs_one_refusal(workspace: Workspace) -> None:
    path = workspace.directories.state / FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("no table")
    async with Standin(ROUTES) as server:
        assert (await started(workspace, server)).text == "Hello."


async def test_in_safe_mode_nothing_is_kept(workspace: Workspace) -> None:
    async with Standin(ROUTES) as server:
        await started(replace(workspace, safe=True), server)
    assert not (workspace.directories.state / FILE).exists()
