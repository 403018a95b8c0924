"""Chats for measuring: as long as is asked for, written to disk by the program itself."""

from __future__ import annotations

from pathlib import Path
from random import Random

from tavern_tui.domain.events import ChatEvent, ChatStarted, Receipt, Speaker, TurnAdded
from tavern_tui.storage.chat_store import ChatStore
from tavern_tui.storage.chats import ChatLog

CHARACTER, PERSONA, DEVICE = "Wren", "Alex", "bench"
TURNS = 10_000
TEXT_CHARACTERS = 520
STARTED = 1_760_000_000
PROSE = (
    "the lamp rain door quiet road counter listens answers never always river ferry morning glass coat stairs letter "
    "winter until again something nobody before Wren Alex; and, but\nthen"
)
MARKED = ("“Not yet,” she says.", "*She looks up.*")
"""What is never cut in the middle: marks come in pairs, as models and people write them."""
PHRASES = (*PROSE.split(" "), *MARKED)


def turn_text(dice: Random) -> str:
    """About ``TEXT_CHARACTERS`` characters of words, marks and a few line breaks."""
    said = " ".join(dice.choices(PHRASES, k=120))[:TEXT_CHARACTERS]
    return said[: said.rindex("*")] if said.count("*") % 2 else said


def turn(number: int, parent: str, dice: Random) -> TurnAdded:
    """User and character by turns; a reply has the receipt of a local engine, as it is saved by a session."""
    if number % 2:
        return TurnAdded(parent, Speaker.USER, PERSONA, turn_text(dice))
    receipt = Receipt(
        engine="embedded",
        model="Mistral-Nemo-Instruct-2407-Q4_K_M",
        stop="end",
        seed=dice.getrandbits(31),
        evaluated=dice.randrange(900),
        reused=dice.randrange(8000),
        generated=130,
        prompt_ms=dice.random() * 5000,
        generation_ms=dice.random() * 20000,
    )
    return TurnAdded(parent, Speaker.CHARACTER, CHARACTER, turn_text(dice), receipt=receipt)


def fill(log: ChatLog, turns: int, seed: int) -> int:
    """Give ``log`` that many turns, one below the other; how many bytes of text they have."""
    dice = Random(seed)
    events: list[ChatEvent] = []
    parent, above, said = "", log.chat_id, 0
    for number in range(turns):
        body = turn(number, parent, dice)
        events.append(ChatEvent(log.new_id(), log.device, number + 2, body, (above,), STARTED + 60.0 * number))
        parent = above = events[-1].id
        said += len(body.text.encode())
    log.take_in(events)
    return said


def long_chat(folder: Path, turns: int = TURNS) -> tuple[ChatLog, int]:
    """A chat of that many turns in ``folder``, and how many bytes of text it has."""
    started = ChatStarted("A long night", (CHARACTER,), PERSONA)
    log = ChatLog.create(folder / "long.jsonl", started, device=DEVICE, state=folder / "state")
    return log, fill(log, turns, seed=7)


def store_in(folder: Path) -> ChatStore:
    """The chats below ``folder``, as a program that starts now sees them."""
    return ChatStore(folder / "chats", device=DEVICE, state=folder / "state")


def many_chats(folder: Path, chats: int, turns: int) -> None:
    """That many chats below ``folder``, of that many turns each."""
    store = store_in(folder)
    for number in range(chats):
        fill(store.create(f"Night {number}", (CHARACTER,), PERSONA), turns, seed=number)
