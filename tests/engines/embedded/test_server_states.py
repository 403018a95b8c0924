"""What a llama-server of ours had read is written by it into the states folder, and found again after a restart."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.request import Segment
from tavern_tui.engines.embedded import server_states
from tavern_tui.engines.embedded.parking import WORTH_PARKING
from tavern_tui.engines.embedded.parking_disk import KEPT_DAYS, StateKey
from tavern_tui.engines.embedded.protocol import Generate, ModelSpec
from tavern_tui.engines.embedded.server_states import ServerStates
from tavern_tui.engines.embedded.server_worker import ServerWorker
from tests.engines.embedded.test_server_worker import program

__all__ = ["program"]

KEY = StateKey("/models/mira.gguf", 1, 2, "head", "settings", "build")
MUCH = 4 * WORTH_PARKING


class Server:
    """Does with files what llama-server does; ``done`` is what it was asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.slot = ""
        self.done: list[str] = []
        self.refuses = False

    async def post(self, path: str, body: object) -> None:
        assert isinstance(body, dict)
        action, file = path.removeprefix("/slots/0?action="), body["filename"]
        self.done.append(action)
        if self.refuses:
            raise EngineError("llama-server refused the request (400).", fault=EngineFault.REJECTED)
        if action == "save":
            (self.folder / file).write_text(self.slot)
        else:
            self.slot = (self.folder / file).read_text()

    async def talk(self, states: ServerStates, chat: str, tokens: int = MUCH) -> str:
        """Write a reply in a chat; what the slot held before it."""
        await states.turn_to(chat)
        held, self.slot = self.slot, f"{chat}'s"
        states.read(tokens)
        return held


@pytest.fixture
def server(tmp_path: Path) -> Server:
    """A server whose folder is empty."""
    return Server(tmp_path)


async def test_another_chat_and_back_and_a_new_start_bring_back_what_was_read(server: Server, tmp_path: Path) -> None:
    states = ServerStates(tmp_path, KEY, server.post)
    assert [await server.talk(states, chat) for chat in ("a", "b", "a")] == ["", "a's", "a's"]
    await states.keep()
    server.slot = ""
    assert await server.talk(ServerStates(tmp_path, KEY, server.post), "a") == "a's"


async def test_what_the_file_has_already_little_and_what_is_no_chats_is_not_written(
    server: Server, tmp_path: Path
) -> None:
    states = ServerStates(tmp_path, KEY, server.post)
    await server.talk(states, "")
    await server.talk(states, "a", WORTH_PARKING - 1)
    await states.keep()
    await server.talk(states, "a")
    await states.keep()
    await states.keep()
    assert server.done == ["save"]


async def test_a_state_of_another_setting_is_not_found(server: Server, tmp_path: Path) -> None:
    states = ServerStates(tmp_path, KEY, server.post)
    await server.talk(states, "a")
    await states.keep()
    await server.talk(ServerStates(tmp_path, replace(KEY, settings="other"), server.post), "a")
    assert server.done == ["save"]


async def test_a_file_that_was_not_read_to_its_end_is_not_met_again(server: Server, tmp_path: Path) -> None:
    states = ServerStates(tmp_path, KEY, server.post)
    await server.talk(states, "a")
    await states.keep()
    server.refuses = True
    for _ in range(2):
        await server.talk(ServerStates(tmp_path, KEY, server.post), "a", 0)
    assert server.done == ["save", "restore"]
    ServerStates(tmp_path, KEY, server.post)
    assert list(tmp_path.iterdir()) == []


async def test_old_files_and_the_oldest_beyond_the_budget_go(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = ServerStates(tmp_path, KEY, server.post)
    for chat, days in (("a", KEPT_DAYS + 1), ("b", 2), ("c", 1)):
        await server.talk(states, chat)
        await states.keep()
        (written,) = [path for path in tmp_path.iterdir() if path.read_text() == f"{chat}'s"]
        os.utime(written, (0, written.stat().st_mtime - days * 86_400))
    assert len(list(tmp_path.iterdir())) == 2
    monkeypatch.setattr(server_states, "BUDGET", 2 * len("b's"))
    await server.talk(states, "d")
    await states.keep()
    assert {path.read_text() for path in tmp_path.iterdir()} == {"c's", "d's"}


async def test_the_child_is_started_with_the_folder_and_saves_before_it_ends(program: Path, tmp_path: Path) -> None:
    model, folder = tmp_path / "Mira-7B.gguf", tmp_path / "cache" / "states"
    model.write_bytes(b"GGUF")
    spec = ModelSpec(str(model), 2_048, 1, 0)
    work = Generate(spec, (Segment("abc " * WORTH_PARKING),), response_tokens=2, chat="a")
    worker = ServerWorker(program, folder)
    for _ in range(2):
        await worker.load(spec, lambda _event: None)
        await worker.generate(work, lambda _event: None)
    await worker.close()
    seen = [json.loads(line) for line in Path(f"{model}.seen").read_text().splitlines()]
    assert [(one["slot"], one["found"]) for one in seen if "slot" in one] == [
        ("save", False),
        ("restore", True),
        ("save", False),  # under another name until it is whole
    ]
    assert folder.stat().st_mode & 0o777 == 0o700
