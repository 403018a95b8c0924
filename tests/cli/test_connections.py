"""``connections``, ``secrets`` and ``connect`` as a person types them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Ran, ScriptedServer, Tavern
from tests.engines.standin import free_port, said

KEY = "sk-or-v1-0123456789abcdef"


@pytest.fixture(autouse=True)
def _counts(server: ScriptedServer) -> None:
    server._standin.routes["/extras/tokenize/count"] = said({"count": 3})  # no child has to be started to count


def ran(done: Ran, code: int = 0) -> str:
    """What a command said, once it ended as it should."""
    assert done.code == code, done.notes
    return f"{done.text}{done.notes}"


def test_a_connection_is_saved_listed_used_changed_and_removed(tavern: Tavern, server: ScriptedServer) -> None:
    ran(tavern("connections", "add", "box", server.address, "--template", "ChatML", "--use"))
    assert "box *" in ran(tavern("connections"))
    server.says("Deep enough.")
    assert "Deep enough." in ran(tavern("say", "mira", "Is it deep?"))
    assert server.prompts[-1].endswith("<|im_start|>assistant\n")
    ran(tavern("connections", "edit", "box", "--template", "", "--context-size", "4096"))
    (saved,) = json.loads(ran(tavern("connections", "list", "--json")))
    assert (saved["template"], saved["context_tokens"], saved["in_use"]) == ("", 4096, True)
    assert "context tokens  4,096" in ran(tavern("connections", "show", "box"))
    assert "still names box" in ran(tavern("connections", "remove", "box"))
    assert ran(tavern("connections", "show", "box"), 3)


def test_connect_shows_what_a_server_can_do_and_saves_it_under_a_name(tavern: Tavern, server: ScriptedServer) -> None:
    told = ran(tavern("connect", server.address, "--save", "box"))
    for line in ("model     mistral-nemo", "samplers  temperature", "can       text completion", "Saved as “box”"):
        assert line in told
    assert "name      box" in ran(tavern("connect", "BOX"))


def test_a_test_tells_what_came_and_fails_where_there_is_doubt(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("Deep", " enough.")
    told = ran(tavern("connections", "test", server.address))
    assert "reply         Deep enough." in told
    assert "context       ~8,192" in told
    server.says("<|im_end|> Yes.")
    assert "The reply holds <|im_end|>" in ran(tavern("connections", "test", server.address), 1)
    told = ran(tavern("connections", "test", f"127.0.0.1:{free_port()}"), 4)
    assert "does not answer (connection refused)" in told


def test_a_chat_alone_has_another_writer(tavern: Tavern, server: ScriptedServer) -> None:
    server.says("Deep enough.")
    ran(tavern("say", "mira", "Hello", "--server", server.address))
    ran(tavern("connections", "add", "gone", f"127.0.0.1:{free_port()}"))
    assert "gone writes in this chat, and only here." in ran(tavern("connections", "use", "gone", "--chat", "Mira"))
    assert "does not answer" in ran(tavern("say", "mira", "And now?", TAVERN_SERVER=server.address), 4)
    ran(tavern("connections", "use", "usual", "--chat", "Mira"))
    assert "Deep enough." in ran(tavern("say", "mira", "And now?", TAVERN_SERVER=server.address))


def test_a_key_is_read_from_stdin_and_never_taken_from_the_command_line(tavern: Tavern, tavern_home: Path) -> None:
    told = ran(tavern("secrets", "set", "openrouter.ai", KEY), 2)
    assert "asked for, or read from stdin" in told
    assert KEY not in told
    told = ran(tavern("secrets", "set", "openrouter.ai", "--name", "or", stdin=f"{KEY}\n"))
    assert "sent to https://openrouter.ai:443, and nowhere else." in told
    ran(tavern("secrets", "set", "rig:5001", "--env", "RIG_KEY"))
    ran(tavern("secrets", "set", "box:5001", "--command", "pass show box"))
    listed = ran(tavern("secrets"))
    for place in ("file", "variable RIG_KEY", "command pass"):
        assert place in listed
    assert KEY not in listed
    assert "Forgotten: “or”" in ran(tavern("secrets", "forget", "or"))
    assert KEY not in (tavern_home / "state" / "secrets" / "secrets.json").read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "why"),
    [
        (("secrets", "set", "rig"), 1, "its port is open"),
        (("secrets", "set", "rig:5001", "--env", "A", "--command", "b"), 2, "Either --env or --command"),
        (("secrets", "allow", "https://openrouter.ai"), 1, "is encrypted (https)"),
        (("connections", "edit", "nobody"), 2, "Say what to change"),
        (("connections", "use", "gone", "--chat", "nowhere"), 3, "nowhere"),
    ],
    ids=["port", "both", "allow", "nothing", "chat"],
)
def test_what_makes_no_sense_is_told(tavern: Tavern, arguments: tuple[str, ...], code: int, why: str) -> None:
    assert why in ran(tavern(*arguments), code)


def test_a_key_in_clear_is_asked_about_and_the_yes_is_remembered(tavern: Tavern) -> None:
    there = "http://api.example.invalid:80"
    ran(tavern("secrets", "set", there, "--env", "RIG_KEY"))
    told = ran(tavern("connect", there, RIG_KEY=KEY), 4)
    assert f"The key for {there} would go unencrypted." in told
    assert f"tavern-tui secrets allow {there}" in told
    assert "does not answer (no such host)" in ran(tavern("connect", there, "--yes", RIG_KEY=KEY), 4)
    assert "does not answer (no such host)" in ran(tavern("connect", there, RIG_KEY=KEY), 4)
    ran(tavern("secrets", "allow", there, "--no"))
    assert "would go unencrypted" in ran(tavern("connect", there, RIG_KEY=KEY), 4)


def test_a_server_that_wants_a_key_is_answered_with_how_to_keep_one(tavern: Tavern, server: ScriptedServer) -> None:
    server._standin.routes["/v1/models"] = said({"error": {"message": "no"}}, 401)
    told = ran(tavern("connect", server.address), 4)
    assert f"tavern-tui secrets set {server.address.removeprefix('http://')}" in told
