"""A link to KoboldCpp that breaks in mid-reply: the rest is not lost, nothing is written twice (``docs/ux.md`` §5)."""

from __future__ import annotations

from tavern_tui.domain.events import Speaker
from tavern_tui.engines.http import Link
from tavern_tui.engines.koboldcpp import KoboldCppEngine
from tavern_tui.engines.koboldcpp_job import Pace
from tavern_tui.session import events as out
from tavern_tui.session.connection import Connection
from tavern_tui.session.session import ChatSession
from tests.engines.kobold_standin import KoboldStandin
from tests.engines.standin import Act, Reply
from tests.session.conftest import Opener, collect

QUICK = Pace(look=0.001)
SOON_LEFT = Pace(look=0.001, rest=0.05)
STREAM = "/api/extra/generate/stream"


async def chat_with(server: KoboldStandin, begin: Opener, pace: Pace = QUICK) -> ChatSession:
    """A new chat, written in by the KoboldCpp there."""
    session = begin()
    session.connection = Connection(KoboldCppEngine(Link(server.base), pace=pace), clock=lambda: 0.0)
    await session.open()
    return session


async def test_a_reply_is_whole_and_there_once_although_the_link_broke(begin: Opener) -> None:
    async with KoboldStandin(context=4096, cut_after=3) as server:
        session = await chat_with(server, begin)
        events = await collect(session.reply("Across?"))
        await session.connection.engine.close()
    assert isinstance(events[-1], out.TurnSaved)
    reply = events[-1].turn
    assert not reply.interrupted
    assert (reply.raw or reply.text).strip().startswith(server.jobs[0].text.strip()[:40])
    assert len(server.bodies(STREAM)) == 1
    turns = session.tree.path()
    assert [turn.speaker for turn in turns] == [Speaker.CHARACTER, Speaker.USER, Speaker.CHARACTER]
    assert len(session.tree.children[turns[1].id]) == 1


async def test_a_server_that_stays_away_leaves_what_came_and_its_job_is_stopped_before_another_try(
    begin: Opener,
) -> None:
    async with KoboldStandin(context=4096, cut_after=3, hold_after=5) as server:
        away = {path: server.routes[path] for path in ("/api/extra/generate/check", "/api/extra/abort")}
        server.routes |= dict.fromkeys(away, Reply(stream=[Act.RESET]))
        session = await chat_with(server, begin, SOON_LEFT)
        events = await collect(session.reply("Across?"))
        failed = events[-1]
        assert isinstance(failed, out.TurnFailed)
        assert failed.kept_text
        assert session.tree.turns[failed.turn_id].interrupted
        server.routes |= away
        again = await collect(session.swipe())
        await session.connection.engine.close()
    assert isinstance(again[-1], out.TurnSaved)
    assert server.jobs[0].aborted
    asked = [one.path for one in server.asked if one.path in (STREAM, "/api/extra/abort")]
    assert asked[:4] == [STREAM, "/api/extra/abort", "/api/extra/abort", STREAM]  # the second went through
    assert server.aborted_keys[0] == server.jobs[0].key
