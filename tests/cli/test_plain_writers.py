"""Who writes, in ``chat --plain``: a server of the chat's own, another model, a key that is not shown."""

from __future__ import annotations

import asyncio
import os
import pty
import termios
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tavern_tui.cli import plain_writers
from tavern_tui.cli.lines import LineReader
from tests.cli.conftest import ScriptedServer, Tavern

KEY = "sk-plain-0123456789abcdef"


def test_another_server_writes_in_this_chat_alone_and_the_usual_one_comes_back(
    tavern: Tavern, server: ScriptedServer
) -> None:
    server.says("One.")
    script = f"/here {server.address}\nHello\n/here usual\n/here\n"
    ran = tavern("chat", "mira", "--plain", "--server", "http://127.0.0.1:1", stdin=script)
    assert ran.code == 0
    assert "Mira: One." in ran.text
    assert "this chat: llama-cpp-python · mistral-nemo" in ran.notes
    assert "127.0.0.1:1 does not answer (connection refused)" in ran.notes


def test_models_are_listed_and_one_is_taken_by_its_name(tavern: Tavern, server: ScriptedServer) -> None:
    script = "/model\n/model mistral-nemo\n/model other\n"
    ran = tavern("chat", "mira", "--plain", "--server", server.address, stdin=script)
    assert "mistral-nemo" in ran.text
    assert "There is no model “other” there." in ran.notes


def test_a_key_is_asked_for_and_kept_for_the_server_that_writes_and_is_never_shown(
    tavern: Tavern, server: ScriptedServer, tavern_home: Path
) -> None:
    script = f"/key\n{KEY}\n/key {KEY}\n/key\n\n"
    ran = tavern("chat", "mira", "--plain", "--server", server.address, stdin=script)
    assert "is kept" in ran.notes
    assert "Nothing was changed." in ran.notes
    assert KEY not in ran.text + ran.notes
    assert [path.name for path in tavern_home.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()] == [
        "secrets.json"
    ]


def test_a_server_is_tried_outside_of_the_chat_and_no_other_clients_reply_is_there_to_stop(
    tavern: Tavern, server: ScriptedServer
) -> None:
    server.says("Aye, deep enough.")
    ran = tavern("chat", "mira", "--plain", "--server", server.address, stdin="/test\n/stopother\n/list\n")
    assert "reply         Aye, deep enough." in ran.text
    assert "There is no reply of another client to stop." in ran.notes
    assert "Mira: Aye" not in ran.text


async def test_a_terminal_does_not_show_a_key_while_it_is_typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "r") as terminal:
        monkeypatch.setattr("sys.stdin", terminal)
        monkeypatch.setattr("tavern_tui.session.engine_choices.server_of", lambda *_: "http://rig:5001")
        echoes: list[int] = []

        class Typing(LineReader):
            """Whoever types an empty line."""

            def __init__(self) -> None:
                """Nothing is read."""

            async def next(self) -> str:
                echoes.append(termios.tcgetattr(theirs)[3] & termios.ECHO)
                return ""

        chat = cast(Any, SimpleNamespace(workspace=None, session=None, own_writer=False, wishes=None))
        await asyncio.wait_for(plain_writers.key(chat, "", Typing()), 60)
        echoes.append(termios.tcgetattr(theirs)[3] & termios.ECHO)
    os.close(ours)
    assert (echoes[0], bool(echoes[1])) == (0, True)
    assert "it is not shown" in capsys.readouterr().err
