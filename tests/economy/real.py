"""Session A on the real engine with the starter model, in a small context, for as long as there is time.

Its replies are the model's own. What is read is told by the engine, and by a ``CacheModel`` beside it; time is what a
user would wait for the prompt.
"""

from __future__ import annotations

import asyncio
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from tavern_tui.domain.preset import SamplerPreset
from tavern_tui.engines.cache_model import CacheModel
from tavern_tui.engines.embedded.client import EmbeddedEngine, EmbeddedSettings
from tavern_tui.session.connection import Connection
from tavern_tui.session.events import TurnFailed
from tavern_tui.session.options import ReplyOptions
from tavern_tui.session.session import ChatSession
from tavern_tui.storage.chat_store import ChatStore
from tests.economy.beside import Beside, Compared
from tests.economy.sessions import Session, read_session
from tests.economy.vocabulary import prompt_tokens
from tests.engines.embedded.running import end_host, place_in

CONTEXT, RESPONSE = 1_024, 50
DESCRIPTION = 400
"""Characters of the card's description: in so small a context a head of a thousand tokens would leave no history."""
_LEAST = 3  # prompts that are made however slow the machine is
WAYS: dict[str, tuple[str, bool, Callable[[], CacheModel]]] = {
    "classic, prefix only": ("classic", False, lambda: CacheModel(gaps=0)),
    "classic, shifting": ("classic", True, CacheModel),
    "economy, prefix only": ("economy", False, lambda: CacheModel(gaps=0)),
    "economy, embedded": ("economy", True, CacheModel),
}


@dataclass(frozen=True, slots=True)
class Course:
    """What one policy did: each prompt's counts, and the milliseconds that each was read in."""

    compared: tuple[Compared, ...]
    prompt_ms: tuple[float, ...]

    @property
    def agreed(self) -> int:
        """Prompts of which engine and model told the same."""
        return sum(one.modelled == one.told for one in self.compared)

    @property
    def read(self) -> float:
        """Tokens read for a prompt in the mean, the first left out."""
        return statistics.fmean(one.told.evaluated for one in self.compared[1:])

    @property
    def seconds(self) -> float:
        """Seconds until the first word in the mean, the first prompt left out."""
        return statistics.fmean(self.prompt_ms[1:]) / 1000


def on_the_real_engine(model: Path, seconds: float) -> dict[str, Course]:
    """Every policy, each for a quarter of the time or for the whole session."""
    return {name: asyncio.run(_course(model, name, seconds / len(WAYS))) for name in WAYS}


async def _course(model: Path, name: str, seconds: float) -> Course:
    policy, shift, cache = WAYS[name]
    session = read_session("A")
    with tempfile.TemporaryDirectory(prefix="tavern-economy-") as folder:
        place = place_in(Path(folder))
        settings = EmbeddedSettings(model, context_tokens=CONTEXT, threads=1, gpu_layers=0, shift=shift)
        beside = Beside(EmbeddedEngine(place, settings), prompt_tokens(model).whole, cache())
        chat = _chat(session, beside, Path(folder), policy)
        spent: list[float] = []
        try:
            await chat.open()
            deadline = time.monotonic() + seconds
            for step in session.steps:
                if len(spent) >= _LEAST and time.monotonic() > deadline:
                    break
                async for event in chat.reply(step.say):
                    if isinstance(event, TurnFailed):
                        raise event.error
                receipt = chat.tree.turns[chat.tree.tip].receipt
                spent.append(receipt.prompt_ms or 0.0 if receipt is not None else 0.0)
        finally:
            await beside.close()
            await end_host(place)
    return Course(tuple(beside.compared), tuple(spent))


def _chat(session: Session, engine: Beside, folder: Path, policy: str) -> ChatSession:
    character = session.characters[0]
    return ChatSession(
        log=ChatStore(folder / "chats", device="device1", state=folder / "state").create("A", ("Maren",), "Robin"),
        character=replace(character, description=character.description[:DESCRIPTION]),
        persona=session.persona,
        connection=Connection(engine, clock=lambda: 0.0),
        options=ReplyOptions(
            preset=SamplerPreset(temperature=0.8),
            response_tokens=RESPONSE,
            finish_sentence=False,
            template="ChatML",
            policy=policy,
            seed=11,
            system_text="",
        ),
        lorebooks=(session.lore,),
        clock=lambda: 1_700_000_000.0,
        dice=lambda: 0.5,
    )
