"""Another model on a KoboldCpp with an admin folder: what is offered, what is loaded, and what is left alone."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.detect import detect
from tavern_tui.engines.http import Link
from tavern_tui.engines.koboldcpp import KoboldCppEngine
from tavern_tui.engines.koboldcpp_job import Pace
from tavern_tui.engines.offered import LoadsWanted, OffersModels
from tests.engines.kobold_standin import KoboldStandin
from tests.engines.replies import listen, text_request
from tests.engines.standin import Act, Asked, Reply, said

FILES, LOAD, MODEL = "/api/admin/list_options", "/api/admin/reload_config", "/api/v1/model"
QUICK = Pace(look=0.001, loading=60.0, undecided=0.0)
THERE = "tale-1B.Q4_K_M"


class Library(KoboldStandin):
    """KoboldCpp with three models, that is away for two questions while it loads one."""

    def __init__(self, *, refuses: bool = False, hold_after: int | None = None) -> None:
        super().__init__(version="1.102", hold_after=hold_after)
        self._refuses = refuses
        self._away: list[Reply] = []
        files = ["Nemo-12B.gguf", "tale-1B.Q4_K_M.gguf", "Mira.kcpps", "Qwen3-14B.GGUF", 5]
        self.routes |= {FILES: said(files), LOAD: self._load, MODEL: lambda _: self._told()}

    def _load(self, asked: Asked) -> Reply:
        if self._refuses:
            return said({"success": False})
        self._away = [Reply(stream=[Act.RESET]), said({"result": "inactive"})]
        self.model = "koboldcpp/" + str(asked.json["filename"]).rpartition(".")[0]
        return said({"success": True})

    def _told(self) -> Reply:
        return self._away.pop(0) if self._away else said({"result": self.model})


def engine_for(server: KoboldStandin, model: str, pace: Pace = QUICK) -> KoboldCppEngine:
    return KoboldCppEngine(Link(server.base), pace=pace, model=model)


async def test_files_of_weights_are_offered_beside_the_loaded_model() -> None:
    async with Library() as server:
        engine = await detect(server.base)
        assert isinstance(engine, OffersModels)
        offered = await engine.models()
        await engine.close()
    assert [(one.id, one.loaded) for one in offered] == [(THERE, True), ("Nemo-12B", False), ("Qwen3-14B", False)]


async def test_without_an_admin_folder_there_is_the_loaded_model() -> None:
    async with KoboldStandin() as server:
        engine = engine_for(server, "Nemo-12B")
        assert [one.id for one in await engine.models()] == [THERE]
        assert (await engine.connect()).model == THERE
        await engine.close()


@pytest.mark.parametrize("wanted", ["Nemo-12B", "nemo-12b.gguf"])
async def test_the_wanted_model_is_loaded_and_waited_for_once(wanted: str) -> None:
    async with Library() as server:
        engine = engine_for(server, wanted)
        assert [(await engine.connect()).model for _ in range(2)] == ["Nemo-12B"] * 2
        assert (await listen(engine, text_request(response_tokens=2))).text
        await engine.close()
    assert server.bodies(LOAD) == [{"filename": "Nemo-12B.gguf", "baseconfig": ""}]


@pytest.mark.parametrize("wanted", [THERE, THERE.upper(), "Mira.kcpps", "Mira", "no such model", ""])
async def test_what_is_there_or_cannot_be_told_apart_loads_nothing(wanted: str) -> None:
    async with Library() as server:
        engine = engine_for(server, wanted)
        assert (await engine.connect()).model == THERE
        await engine.close()
    assert server.bodies(LOAD) == []


async def test_nothing_is_loaded_while_the_server_writes_for_somebody() -> None:
    async with Library(hold_after=1) as server:
        theirs, ours = engine_for(server, ""), engine_for(server, "Nemo-12B")
        heard = asyncio.create_task(listen(theirs, text_request(response_tokens=3)))
        await server.begun.wait()
        with pytest.raises(EngineError) as caught:
            await ours.connect()
        assert caught.value.fault is EngineFault.BUSY
        server.go_on.set()
        assert (await heard).text
        assert (await ours.connect()).model == "Nemo-12B"
        await theirs.close()
        await ours.close()


async def test_a_server_that_refuses_to_load_says_so_and_goes_on_with_what_it_has() -> None:
    async with Library(refuses=True) as server:
        engine = engine_for(server, "Nemo-12B")
        with pytest.raises(EngineError) as caught:
            await engine.connect()
        assert caught.value.fault is EngineFault.NO_MODEL
        assert (await engine.connect()).model == THERE
        await engine.close()


async def test_a_model_that_does_not_come_is_told_as_loading() -> None:
    async with Library() as server:
        server.routes[LOAD] = said({"success": True})  # and nothing changes
        engine = engine_for(server, "Nemo-12B", replace(QUICK, loading=0.05))
        with pytest.raises(EngineError) as caught:
            await engine.connect()
        await engine.close()
    assert caught.value.fault is EngineFault.LOADING


async def test_who_only_looks_loads_nothing() -> None:
    async with Library() as server:
        engine = await detect(server.base, model="Nemo-12B")
        assert isinstance(engine, LoadsWanted)
        engine.only_look()
        assert (await engine.connect()).model == THERE
        await engine.close()
    assert server.bodies(LOAD) == []
