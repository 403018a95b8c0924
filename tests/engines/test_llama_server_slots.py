"""Slots of a llama-server: each chat has its own, and what was read of it outlives program and server."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tavern_tui.engines import slot_record
from tavern_tui.engines.base import Request
from tavern_tui.engines.http import Link
from tavern_tui.engines.llama_server import LlamaServerEngine
from tavern_tui.engines.slot_record import WORTH_SAVING, SlotNotes, SlotRecord
from tests.engines.llama_standin import PROPS, LlamaStandin
from tests.engines.replies import listen, text_request
from tests.engines.standin import Act, Reply, said

TALK = " ".join(f"word{number}" for number in range(WORTH_SAVING))  # twice as many tokens: blanks count
NEW = " and a little more"


@pytest.fixture
def notes() -> SlotNotes:
    """What is known of servers, beyond one engine."""
    return SlotNotes()


@asynccontextmanager
async def at(server: LlamaStandin, notes: SlotNotes) -> AsyncIterator[LlamaServerEngine]:
    """An engine as one opening of a chat has it."""
    engine = LlamaServerEngine(Link(server.base))
    engine.keep_slots_in(notes)
    yield engine
    await engine.close()


async def visit(server: LlamaStandin, notes: SlotNotes, chat: str, more: str = "") -> tuple[int, int]:
    """Open a chat, have a reply to its talk and ``more``, leave it; tokens that were read, and its slot."""
    async with at(server, notes) as engine:
        heard = await listen(engine, asking(chat, more))
    return heard.finished.usage.evaluated or 0, slots_asked(server)[-1]


def asking(chat: str, more: str = "") -> Request:
    """A prompt of a chat: its name, much talk, and what is new."""
    return text_request(f"{chat} {TALK}{more}", chat=chat, response_tokens=2, seed=0)


def slots_asked(server: LlamaStandin) -> list[int]:
    """The slot that each reply was asked of; −1 for whichever."""
    found = [body.get("id_slot", -1) for body in server.bodies("/completion")]
    return [one for one in found if isinstance(one, int)]


async def test_chats_have_a_slot_each_and_go_back_to_it(notes: SlotNotes) -> None:
    async with LlamaStandin(slots=2) as server:
        came = [await visit(server, notes, chat) for chat in ("a", "b", "a", "b")]
    assert [slot for _, slot in came] == [0, 1, 0, 1]
    assert [read for read, _ in came][2:] == [1, 1]


async def test_a_chat_without_a_slot_gets_the_one_that_did_nothing_for_longest(notes: SlotNotes) -> None:
    async with LlamaStandin(slots=3) as server:
        came = [await visit(server, notes, chat) for chat in ("a", "b", "c", "a", "d", "b")]
    assert [slot for _, slot in came] == [0, 1, 2, 0, 1, 2]


async def test_a_slot_that_somebody_else_used_is_no_longer_the_chats(notes: SlotNotes) -> None:
    async with LlamaStandin(slots=2) as server:
        await visit(server, notes, "a")
        await visit(server, notes, "b")
        for chat in ("x", "y", "x"):
            await visit(server, SlotNotes(), chat)
        assert await visit(server, notes, "a") == (1 + 2 * WORTH_SAVING, 1)  # the slot that was used before the other


async def test_a_slot_that_works_for_somebody_else_is_not_waited_for(notes: SlotNotes) -> None:
    async with LlamaStandin(slots=2) as server:
        await visit(server, notes, "a")
        server.slots[0].busy = True
        assert (await visit(server, notes, "a"))[1] == 1


async def test_a_reply_that_is_stopped_leaves_the_chat_in_its_slot(notes: SlotNotes) -> None:
    async with LlamaStandin(slots=2, files={}) as server:
        async with at(server, notes) as engine:
            for _ in range(2):
                async with engine.generate(asking("a")) as events:
                    await anext(events)
        assert server.actions() == ["/slots/0?action=save"]
        await visit(server, notes, "a")
    assert slots_asked(server) == [0, 0, 0]


async def test_what_belongs_to_no_chat_is_put_where_the_server_likes_and_saved_nowhere(notes: SlotNotes) -> None:
    async with LlamaStandin(slots=2, files={}) as server:
        assert (await visit(server, notes, ""))[1] == -1
    assert server.files == {}


async def test_a_chat_goes_on_after_a_new_start_of_program_and_server(notes: SlotNotes) -> None:
    async with LlamaStandin(files={}) as server:
        await visit(server, notes, "a")
        server.start_anew()
        async with at(server, notes) as engine:
            await engine.connect()
            assert not engine.lost("a")
            heard = await listen(engine, asking("a", NEW))
    assert heard.finished.usage.evaluated == len(server.ids(NEW))
    assert server.actions() == ["/slots/0?action=save", "/slots/0?action=restore", "/slots/0?action=save"]


async def test_what_is_still_in_its_slot_is_not_brought_back_and_not_saved_again(notes: SlotNotes) -> None:
    async with LlamaStandin(files={}) as server:
        await visit(server, notes, "a")
        async with at(server, notes) as engine:
            await engine.connect()
        await visit(server, notes, "a")
    assert server.actions() == ["/slots/0?action=save"] * 2  # once for each reply


async def test_a_chat_whose_slot_another_needs_is_saved_before(notes: SlotNotes) -> None:
    async with LlamaStandin(files={}) as server, at(server, notes) as engine:
        await listen(engine, asking("a"))
        await listen(engine, asking("b"))
        back = await listen(engine, asking("a", NEW))
    assert back.finished.usage.evaluated == len(server.ids(NEW))


async def test_a_server_without_a_folder_is_asked_once_and_says_what_it_lost(notes: SlotNotes) -> None:
    async with LlamaStandin() as server:
        await visit(server, notes, "a")
        await visit(server, notes, "b")
        server.start_anew()
        async with at(server, notes) as engine:
            await engine.connect()
            assert engine.lost("b")
            assert not engine.lost("never talked with")
            heard = await listen(engine, asking("b", NEW))
            assert not engine.lost("b")
    assert heard.text
    assert server.actions() == ["/slots/0?action=save"]


async def test_that_a_server_has_its_folder_no_longer_is_known_before_it_is_needed(notes: SlotNotes) -> None:
    async with LlamaStandin(files={}) as server:
        await visit(server, notes, "a")
        server.start_anew()
        server.files = None
        async with at(server, notes) as engine:
            await engine.connect()
            assert engine.lost("a")


async def test_a_file_that_is_gone_costs_the_reading_and_nothing_else(notes: SlotNotes) -> None:
    async with LlamaStandin(files={}) as server:
        whole, _ = await visit(server, notes, "a")
        assert server.files is not None
        server.files.clear()
        server.start_anew()
        again, _ = await visit(server, notes, "a")
    assert again == whole


async def test_a_state_of_another_model_is_not_brought_back(notes: SlotNotes) -> None:
    async with LlamaStandin(files={}) as server:
        await visit(server, notes, "a")
        server.start_anew()
        server.routes["/props"] = said(PROPS | {"model_path": "/models/other-1B.gguf"})
        await visit(server, notes, "a")
    assert "/slots/0?action=restore" not in server.actions()


async def test_a_state_that_saves_no_reading_is_not_kept_again_for_that_model(notes: SlotNotes) -> None:
    async with LlamaStandin(files={}) as server:
        await visit(server, notes, "a")
        server.start_anew()

        def in_vain(asked: object) -> Reply:
            server.slots[0].holds = []
            return said({"id_slot": 0, "filename": "any", "n_restored": 1000})

        server.routes["/slots/0?action=restore"] = in_vain
        for _ in range(3):
            await visit(server, notes, "a")
            server.start_anew()
        async with at(server, notes) as engine:
            await engine.connect()
            assert engine.lost("a")
    assert server.actions() == ["/slots/0?action=save", "/slots/0?action=restore"]


async def test_nothing_is_saved_where_nothing_may_be_kept_on_disks() -> None:
    async with LlamaStandin(files={}) as server:
        await visit(server, SlotNotes(on_disk=False), "a")
    assert server.actions() == []


async def test_files_are_emptied_where_nothing_may_be_kept_any_more(notes: SlotNotes) -> None:
    async with LlamaStandin(slots=2, files={}) as server:
        await visit(server, notes, "a")
        notes.on_disk = False
        await visit(server, notes, "a", NEW)
    assert server.files is not None
    assert list(server.files.values()) == [[]]


async def test_little_is_not_worth_a_file(notes: SlotNotes) -> None:
    async with LlamaStandin(files={}) as server, at(server, notes) as engine:
        await listen(engine, text_request("Few words.", chat="a", response_tokens=2))
    assert server.actions() == []


async def test_leaving_does_not_wait_for_a_server_that_takes_long(notes: SlotNotes) -> None:
    async with LlamaStandin(files={}) as server:
        server.routes["/slots/0?action=save"] = Reply(stream=[Act.HANG])
        await visit(server, notes, "a")
        assert server.actions() == ["/slots/0?action=save"]


async def test_files_that_nobody_needs_are_emptied(notes: SlotNotes) -> None:
    async with LlamaStandin(files={}) as server:
        await visit(server, notes, "a")
        record = await notes.read(server.base)
        record.drop("a")
        await notes.keep(server.base, record)
        server.start_anew()
        await visit(server, notes, "b")
        await visit(server, notes, "b", NEW)
        assert server.files is not None
        sizes = sorted(len(held) > 0 for held in server.files.values())
        record = await notes.read(server.base)
    assert sizes in ([True], [False, True])
    assert record.unneeded == set()
    assert sum(one.file >= 0 for one in record.chats.values()) == 1


async def test_names_of_files_are_few_and_tell_nothing(notes: SlotNotes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slot_record, "MOST_FILES", 2)
    async with LlamaStandin(files={}) as server, at(server, notes) as engine:
        for number in range(4):
            await listen(engine, asking(f"secret chat {number}"))
    assert server.files is not None
    tag = (await notes.read(server.base)).tag
    assert set(server.files) == {SlotRecord(tag).file_name(number) for number in range(2)}
    assert all(name.isascii() and "secret" not in name and len(name) < 40 for name in server.files)


async def test_a_server_that_tells_no_slots_is_asked_for_them_once(notes: SlotNotes) -> None:
    async with LlamaStandin(files={}) as server:
        server.routes["/slots"] = said({"error": {"code": 501, "message": "no slots", "type": "not_supported"}}, 501)
        async with at(server, notes) as engine:
            for _ in range(2):
                assert (await listen(engine, asking("a"))).text
    assert [asked.path for asked in server.asked].count("/slots") == 1
    assert slots_asked(server) == [-1, -1]
    assert server.actions() == []
