"""``Shelf``: the models that a KoboldCpp with an admin folder can load, and loading another than it has.

Only files of weights are offered: of a preset (``.kcpps``) the server does not tell whether it is the loaded one, and
it would be loaded anew at every start. Nothing is loaded while the server writes for anybody. Sources:
``docs/spec/backends.md`` §2.1, KoboldCpp's API description; tested against a stand-in that answers as described.
"""

from __future__ import annotations

import asyncio

from tavern_tui.domain import messages
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.dialects import model_name
from tavern_tui.engines.faults import raised
from tavern_tui.engines.http import Link
from tavern_tui.engines.json_shape import at, int_at, list_at, text_at
from tavern_tui.engines.koboldcpp_job import PERF, Pace
from tavern_tui.engines.koboldcpp_stream import NAME
from tavern_tui.engines.offered import OfferedModel

MODEL = "/api/v1/model"
FILES = "/api/admin/list_options"
LOAD = "/api/admin/reload_config"

NOTHING = "inactive"
"""What KoboldCpp says of its model where none is loaded."""

_ENDING = ".gguf"


class Shelf:
    """The models of one server. ``wanted`` is the one to have, by its name, empty for whichever is there."""

    def __init__(self, link: Link, wanted: str, pace: Pace) -> None:
        self._link = link
        self._wanted = model_name(wanted).casefold()
        self._pace = pace

    async def others(self, *loaded: str) -> list[OfferedModel]:
        """Every model that can be asked for beside those that are ``loaded``. Raises ``EngineError``."""
        there = {name.casefold() for name in loaded}
        names = [model_name(file) for file in await self._files()]
        return [OfferedModel(name, loaded=False) for name in names if name.casefold() not in there]

    async def with_wanted(self, now: str) -> str:
        """What KoboldCpp says of its model, once the wanted one is in memory, where it has it; ``now``: what it says
        now. It is asked for once, and nothing is asked for that is there.

        Raises ``EngineError``: ``BUSY`` while it writes, ``NO_MODEL`` where it refuses, ``LOADING`` where it takes
        longer than is waited for.
        """
        wanted = self._wanted
        if not wanted or model_name(now).casefold() == wanted:
            return now
        file = next((file for file in await self._files() if model_name(file).casefold() == wanted), "")
        if not file:
            return now
        if int_at((await self._link.get(PERF)).json, "idle") == 0:
            raise raised(messages.busy(NAME), EngineFault.BUSY, self._link.server)
        self._wanted = ""
        answer = await self._link.post(LOAD, {"filename": file, "baseconfig": ""})
        if answer.status >= 300 or at(answer.json, "success") not in (True, "true"):
            wording = messages.no_such_model(self._link.server, file)
            raise raised(wording, EngineFault.NO_MODEL, self._link.server)
        return await self._there_again(now)

    async def _there_again(self, before: str) -> str:
        """What is loaded after the server was away: it ends and starts anew."""
        loop = asyncio.get_running_loop()
        until = loop.time() + self._pace.loading
        while loop.time() < until:
            await asyncio.sleep(self._pace.look)
            try:
                answer = await self._link.get(MODEL)
            except EngineError:
                continue
            model = text_at(answer.json, "result") if answer.status < 300 else ""
            if model not in ("", NOTHING, before):
                return model
        raise raised(messages.still_loading(NAME), EngineFault.LOADING, self._link.server)

    async def _files(self) -> list[str]:
        """The files of weights in its admin folder; none where it has no such folder, or keeps it to itself."""
        answer = await self._link.get(FILES)
        found = list_at(answer.json) if answer.status < 300 else []
        return [file for file in found if isinstance(file, str) and file.lower().endswith(_ENDING)]
