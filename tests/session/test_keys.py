"""Which key goes to which server: bound to scheme, host and port, and never unencrypted to another network unasked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.config.settings import ConnectionSettings, LoadedSettings, Settings
from tavern_tui.domain.errors import EngineError, EngineFault, SettingsError
from tavern_tui.engines.address import parse_address
from tavern_tui.session.connections import add
from tavern_tui.session.keys import VARIABLE, door_to, origins_of
from tavern_tui.session.routes import Route
from tavern_tui.session.secret_list import allow_in_clear, keep_secret, one_origin, secret_rows
from tavern_tui.session.servers import engine_behind, look_at
from tavern_tui.session.workspace import Workspace
from tests.engines.standin import Asked, Reply, Standin, free_port, said

KEY = "sk-or-v1-0123456789abcdef"
MODELS = said({"object": "list", "data": [{"id": "mistral-nemo", "owned_by": "me"}]})


@pytest.fixture
def workspace(tavern_home: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """An empty workspace, without a keyring and without anything in the environment."""
    for name in (VARIABLE, "TAVERN_SERVER"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    monkeypatch.setenv("HOME", str(tavern_home))
    return Workspace.open()


def using(workspace: Workspace, *, server: str = "", keys_in_clear: str = "ask") -> Workspace:
    connection = ConnectionSettings(server=server, keys_in_clear=keys_in_clear)
    return replace(workspace, loaded=LoadedSettings(Settings(connection=connection)))


def refer(workspace: Workspace, server: str, monkeypatch: pytest.MonkeyPatch, **more: str) -> None:
    """Keep that the key for ``server`` is in a variable: no child process is asked about keyrings."""
    monkeypatch.setenv("RIG_KEY", KEY)
    keep_secret(workspace, server, variable="RIG_KEY", **more)


async def sent(workspace: Workspace, address: str, *, secret: str = "", typed: bool = False) -> str:
    return (await door_to(workspace, address, secret=secret, typed=typed)).key.reveal()


async def test_a_kept_key_goes_to_its_origin_and_to_no_other(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    refer(workspace, "https://openrouter.ai/api/v1", monkeypatch)
    assert await sent(workspace, "openrouter.ai") == KEY
    for other in (
        "http://openrouter.ai",
        "https://openrouter.ai:8443",
        "https://openrouter.ai.example.org",
        "rig:5001",
    ):
        assert await sent(workspace, other) == ""


async def test_a_connection_that_names_another_servers_key_is_refused(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    refer(workspace, "openrouter.ai", monkeypatch)
    with pytest.raises(EngineError) as refused:
        await door_to(workspace, "evil.example.org", secret="openrouter.ai")
    assert refused.value.fault is EngineFault.KEY_REFUSED
    assert "is not sent to https://evil.example.org:443" in str(refused.value)
    with pytest.raises(SettingsError, match=r"is for https://openrouter.ai:443"):
        add(workspace, "evil", "evil.example.org", key="openrouter.ai")


async def test_an_address_that_leaves_the_port_open_means_the_one_that_the_key_is_for(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    refer(workspace, "rig:8080", monkeypatch)
    door = await door_to(workspace, "rig")
    assert (door.address.port, door.key.reveal()) == (8080, KEY)
    assert len(origins_of("rig")) > 1
    with pytest.raises(SettingsError, match="its port is open"):
        one_origin(workspace, "rig")


@pytest.mark.parametrize(
    ("server_variable", "setting", "typed", "asked", "goes"),
    [
        ("rig:5001", "", False, "http://rig:5001/api", True),
        ("rig:5001", "", True, "other:5001", False),
        ("rig:5001", "other:5001", False, "other:5001", False),
        ("", "rig:5001", False, "rig:5001", True),
        ("", "rig:5001", False, "other:5001", False),
        ("", "rig:5001", True, "other:5001", True),
        ("", "", False, "found:5001", False),
    ],
    ids=["variable", "typed-other", "setting-other", "setting", "other", "typed", "unnamed"],
)
async def test_the_key_of_the_environment_is_bound_to_the_address_that_is_named_with_it(
    workspace: Workspace,
    monkeypatch: pytest.MonkeyPatch,
    server_variable: str,
    setting: str,
    typed: bool,
    asked: str,
    goes: bool,
) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    monkeypatch.setenv("TAVERN_SERVER", server_variable)
    assert await sent(using(workspace, server=setting), asked, typed=typed) == (KEY if goes else "")


async def test_the_key_of_the_environment_follows_a_setting_that_names_a_saved_connection(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    add(workspace, "big", "rig:5001")
    assert await sent(using(workspace, server="big"), "rig:5001") == KEY


@pytest.mark.parametrize("host", ["api.example.org", "93.184.216.34", "[2606:2800:220:1::1]"], ids=["name", "v4", "v6"])
async def test_a_key_does_not_go_unencrypted_to_another_network_before_somebody_says_yes(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    refer(workspace, f"http://{host}:80", monkeypatch)
    refer(workspace, f"http://{host}:8080", monkeypatch, name="other")
    with pytest.raises(EngineError) as held:
        await door_to(workspace, f"http://{host}")
    assert held.value.fault is EngineFault.KEY_IN_CLEAR
    assert KEY not in f"{held.value} {held.value!r}"
    allow_in_clear(workspace, held.value.where)
    door = await door_to(workspace, f"http://{host}/v1")
    assert (door.key.reveal(), door.address.port) == (KEY, 80)
    with pytest.raises(EngineError):  # the yes was for that port
        await door_to(workspace, f"http://{host}:8080")
    allow_in_clear(workspace, held.value.where, False)
    assert await sent(using(workspace, keys_in_clear="send"), f"http://{host}") == KEY


@pytest.mark.parametrize(
    "address", ["localhost:5001", "rig:5001", "192.168.1.7:5001", "https://api.example.org"], ids=str
)
async def test_nobody_is_asked_on_the_own_network_or_where_it_is_encrypted(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    refer(workspace, address, monkeypatch)
    assert await sent(workspace, address) == KEY
    with pytest.raises(SettingsError):
        allow_in_clear(workspace, address)


async def test_without_a_key_plain_http_needs_no_yes(workspace: Workspace) -> None:
    assert await sent(workspace, "http://api.example.org") == ""


async def test_a_key_that_cannot_be_had_is_told_before_anything_is_sent(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    refer(workspace, "openrouter.ai", monkeypatch)
    monkeypatch.delenv("RIG_KEY")
    with pytest.raises(EngineError, match="RIG_KEY is not set") as refused:
        await door_to(workspace, "openrouter.ai")
    assert refused.value.fault is EngineFault.KEY_REFUSED
    with pytest.raises(EngineError, match="There is no key"):
        await door_to(workspace, "openrouter.ai", secret="nowhere")


def row(name: str, origin: str, place: str, *used_by: str) -> dict[str, object]:
    return {"name": name, "for": origin, "kept_in": place, "used_by": [*used_by], "may_go_in_clear": False}


def test_the_list_says_where_a_key_is_and_who_names_it_and_not_what_it_is(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep_secret(workspace, "openrouter.ai", KEY, name="or")
    add(workspace, "big", "openrouter.ai", key="or")
    refer(workspace, "rig:5001", monkeypatch)
    assert secret_rows(workspace) == [
        row("or", "https://openrouter.ai:443", "file", "big"),
        row("rig:5001", "http://rig:5001", "variable RIG_KEY"),
    ]
    with pytest.raises(SettingsError, match=r"is the key for https://openrouter.ai:443"):
        keep_secret(workspace, "rig:5001", KEY, name="or")


def guarded(asked: Asked) -> Reply:
    """A server that wants the key, and repeats in its refusal whatever it was sent."""
    given = asked.headers.get("authorization", "")
    return MODELS if given == f"Bearer {KEY}" else said({"error": {"message": f"no access with {given}"}}, 401)


async def test_a_server_is_asked_with_its_key_and_a_redirect_elsewhere_gets_nothing(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with Standin({}) as elsewhere:
        moved = said({}, 307, Location=f"{elsewhere.base}/v1/models")
        async with Standin({"/v1/models": guarded}) as server:
            refer(workspace, server.base, monkeypatch)
            assert (await look_at(workspace, server.base))["model"] == "mistral-nemo"
            server.routes["/v1/models"] = moved
            with pytest.raises(EngineError):
                await look_at(workspace, server.base)
        assert elsewhere.asked == []


async def test_what_a_server_says_of_a_key_is_told_without_the_key(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    for status in (400, 401, 500, 502):
        refused = said({"error": {"message": f"bad key {KEY} ({KEY[:8]}...)"}}, status)
        async with Standin({"/v1/models": refused, "/models": refused}) as server:
            refer(workspace, server.base, monkeypatch, name=f"at {status}")
            with pytest.raises(EngineError) as told:
                await look_at(workspace, server.base)
        assert KEY not in f"{told.value} {told.value!r} {told.value.__dict__}"


async def test_a_server_that_wants_a_key_is_told_whose_the_one_of_the_environment_is(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, KEY)
    monkeypatch.setenv("TAVERN_SERVER", "rig:5001")
    async with Standin({"/v1/models": guarded}) as server:
        with pytest.raises(EngineError) as refused:
            await look_at(workspace, server.base)
        assert all(KEY not in str(asked.headers) for asked in server.asked)
    assert refused.value.hint.startswith("TAVERN_KEY is for rig:5001, and was not sent to 127.0.0.1:")


async def test_where_nobody_is_at_the_keys_port_another_port_is_looked_at_without_it(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tavern_tui.engines import address

    async with Standin({"/v1/models": MODELS}) as server:
        gone = free_port()
        monkeypatch.setattr(address, "DEFAULT_PORTS", (gone, server.port))
        assert len(parse_address("localhost").bases) == 3
        refer(workspace, f"localhost:{gone}", monkeypatch)
        engine = await engine_behind(workspace, Route(server="localhost"))
        await engine.close()
        assert all("authorization" not in asked.headers for asked in server.asked)
