"""Who answers at an address: identity before protocol, and one message where nobody does."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines import servers
from tavern_tui.engines.address import Address
from tavern_tui.engines.base import EngineInfo
from tavern_tui.engines.detect import Found, detect, find_local
from tavern_tui.engines.llama_server import LlamaServerEngine
from tavern_tui.engines.server_kind import kinds
from tests.engines.llama_standin import LlamaStandin
from tests.engines.replies import MODELS
from tests.engines.server_answers import SERVERS, VLLM, koboldcpp, models
from tests.engines.standin import Asked, Reply, Route, Standin, free_port, page, said

KEY = "sk-test-0123456789"
PATIENT = 60.0
_LOCAL = ("TabbyAPI", "KoboldCpp", "llama-server", "Ollama", "vLLM", "LM Studio", "llama-cpp-python")


async def connected(address: str, key: str | None = None) -> EngineInfo:
    engine = await detect(address, key)
    try:
        return await engine.connect()
    finally:
        await engine.close()


async def refused(address: str, key: str | None = None) -> EngineError:
    with pytest.raises(EngineError) as caught:
        await detect(address, key)
    return caught.value


@pytest.mark.parametrize(("name", "routes"), SERVERS.values(), ids=SERVERS)
async def test_a_server_is_recognised_whatever_else_it_answers_to(name: str, routes: dict[str, Route]) -> None:
    async with Standin(routes) as server:
        assert (await connected(server.base)).engine == name


async def test_llama_server_with_the_routes_of_ollama_is_still_itself() -> None:
    async with LlamaStandin() as server:
        server.routes |= {"/api/tags": said({"models": []}), "/api/version": said({"version": "0.0.0"})}
        assert isinstance(await detect(server.base), LlamaServerEngine)


def test_every_file_of_the_servers_folder_is_a_kind_and_who_impersonates_is_asked_first() -> None:
    names = [kind.name for kind in kinds()]
    assert len(names) == len(list(Path(servers.__file__).parent.glob("[!_]*.py")))
    for impersonator, original in (
        ("TabbyAPI", "KoboldCpp"), ("KoboldCpp", "llama-server"), ("KoboldCpp", "Ollama"), ("llama-server", "Ollama"),
    ):  # fmt: skip
        assert names.index(impersonator) < names.index(original)
    assert names.index("OpenAI-compatible server") > max(names.index(name) for name in names if name in _LOCAL)


async def test_koboldcpp_is_named_with_version_and_true_context() -> None:
    async with Standin(koboldcpp()) as server:
        info = await connected(f"127.0.0.1:{server.port}/api")
    assert (info.engine, info.version, info.context_tokens) == ("KoboldCpp", "1.76", 2048)
    assert info.capabilities.text_completion
    assert info.capabilities.exact_count


async def test_llama_server_is_spoken_to_natively() -> None:
    async with LlamaStandin() as server:
        assert isinstance(await detect(server.base), LlamaServerEngine)


async def test_llama_server_is_known_while_it_loads() -> None:
    async with LlamaStandin(loading=99) as server:
        assert isinstance(await detect(server.base), LlamaServerEngine)


async def test_llama_server_behind_a_key_asks_for_it() -> None:
    locked = said({"error": {"code": 401, "message": "Invalid API Key"}}, 401)
    async with Standin({"/v1/models": models("llamacpp"), "/props": locked}) as server:
        engine = await detect(server.base)
        with pytest.raises(EngineError) as caught:
            await engine.connect()
    assert caught.value.fault is EngineFault.KEY_REFUSED


async def test_a_prefix_in_the_path_is_kept() -> None:
    routes: dict[str, Route] = {f"/tunnel{path}": route for path, route in VLLM.items()}
    async with Standin(routes) as server:
        info = await connected(f"{server.base}/tunnel/v1/chat/completions")
    assert info.address.endswith("/tunnel")


async def test_an_api_below_api_v1_is_found_there() -> None:
    async with Standin({"/api/v1/models": models("somebody")}) as server:
        assert (await connected(f"{server.base}/api/v1")).address == f"{server.base}/api"


async def test_an_api_without_v1_is_found_too() -> None:
    async with Standin({"/paas/v4/models": models("somebody")}) as server:
        assert (await connected(f"{server.base}/paas/v4")).model == "m"


async def test_a_web_page_is_named_as_one() -> None:
    async with Standin({path: page() for path in ("/v1/models", "/models", "/props", "/health")}) as server:
        error = await refused(server.base)
    assert error.fault is EngineFault.NOT_AN_API
    assert str(error) == (
        f"127.0.0.1:{server.port} is a web page, not an engine API (HTML). "
        "KoboldCpp's address is usually http://host:5001"
    )


async def test_something_that_is_no_engine_is_said_not_to_be_one() -> None:
    async with Standin({}) as server:
        assert "answers, but not as an engine" in (await refused(server.base)).title


async def test_a_locked_server_asks_for_a_key() -> None:
    locked = said({"error": "Unauthorized"}, 401)
    async with Standin({"/v1/models": locked, "/models": locked}) as server:
        error = await refused(server.base, KEY)
    assert error.fault is EngineFault.KEY_REFUSED
    assert KEY not in str(error)


async def test_a_server_that_is_down_is_named_with_its_port() -> None:
    port = free_port()
    error = await refused(f"127.0.0.1:{port}")
    assert error.fault is EngineFault.UNREACHABLE
    assert error.title == f"127.0.0.1:{port} does not answer (connection refused)."


async def test_a_host_without_a_port_that_answers_nowhere_asks_for_the_port() -> None:
    error = await refused("no-such-host.invalid")
    assert error.fault is EngineFault.UNREACHABLE


async def test_the_key_goes_along_where_the_address_names_one_place() -> None:
    def guarded(asked: Asked) -> Reply:
        return models("somebody") if asked.headers.get("authorization") == f"Bearer {KEY}" else said({}, 401)

    async with Standin({"/v1/models": guarded}) as server:
        assert (await connected(server.base + "/v1", KEY)).model == "m"


async def test_the_key_stays_at_home_while_ports_are_tried(monkeypatch: pytest.MonkeyPatch) -> None:
    async with Standin({"/v1/models": said(MODELS)}) as server:
        monkeypatch.setattr("tavern_tui.engines.address.DEFAULT_PORTS", (server.port,))
        engine = await detect(Address("http", "127.0.0.1"), KEY)
        await engine.close()
    assert server.asked
    assert not any("authorization" in asked.headers for asked in server.asked)


async def test_hosted_services_are_known_by_name_and_not_probed() -> None:
    for typed in ("openrouter.ai", "https://openrouter.ai/api/v1", "https://openrouter.ai/api/v1/chat/completions"):
        engine = await detect(typed, KEY, model="mistralai/mistral-nemo")
        assert "https://openrouter.ai/api)" in repr(engine.__dict__["_link"])
        await engine.close()


async def test_engines_on_this_machine_are_found_side_by_side() -> None:
    async with Standin(koboldcpp()) as one, LlamaStandin() as two, Standin({"/": page()}) as three:
        found = await find_local((one.port, free_port(), two.port, three.port), seconds=PATIENT)
    assert [str(f) for f in found] == [
        "KoboldCpp 1.76 · SmolLM2-135M-Instruct.Q4_1 · 2,048",
        "llama-server b6500-0123abc · tale-1B.Q4_K_M · 1,024",
    ]
    assert found[0].address == one.base


async def test_an_engine_that_is_loading_is_found_as_such() -> None:
    async with LlamaStandin(loading=99) as server:
        found = await find_local((server.port,), seconds=PATIENT)
    assert found == [Found(server.base, "llama-server", loading=True)]
    assert str(found[0]) == "llama-server · loading its model"


async def test_nothing_on_this_machine_is_an_empty_list() -> None:
    assert await find_local((free_port(), free_port())) == []


async def test_a_server_that_wants_a_key_is_found_and_said_to_want_one() -> None:
    locked = said({"error": {"code": 401, "message": "Invalid API Key"}}, 401)
    async with Standin({"/v1/models": models("llamacpp"), "/props": locked}) as server:
        found = await find_local((server.port,), seconds=PATIENT)
    assert [str(one) for one in found] == ["llama-server · wants a key"]


async def test_a_server_that_is_slow_to_tell_more_is_found_by_its_name() -> None:
    async def never(_: Asked) -> Reply:
        await asyncio.Event().wait()
        return said({})

    async with LlamaStandin() as server:
        server.routes["/tokenize"] = never
        found = await find_local((server.port,), seconds=2.0)
    assert found == [Found(server.base, "llama-server", "b6500-0123abc")]
