"""Who writes, in the line mode: /here, /model, /key, /test and /stopother, as the app has them, and undo of that.

What they do is ``session.engine_choices``', ``session.model_choices``' and ``session.trying``'s; here it is told.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from tavern_tui.cli.output import note
from tavern_tui.cli.telling import told
from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import EngineError

if TYPE_CHECKING:
    from tavern_tui.cli.lines import LineReader
    from tavern_tui.cli.plain import PlainChat
    from tavern_tui.session.opening import Wishes


async def here(chat: PlainChat, argument: str) -> None:
    """Choose who writes in this chat alone, or tell who does."""
    from tavern_tui.session.connections import USUAL
    from tavern_tui.session.engine_choices import choose_here

    if not argument:
        await _tell_who_writes(chat)
        return
    said = await choose_here(chat.workspace, chat.session, argument)
    chat.own_writer = argument.strip().casefold() not in USUAL
    note(str(said))
    await _connect_anew(chat)


async def model(chat: PlainChat, argument: str) -> None:
    """List the models of the engine that writes, or take another."""
    from tavern_tui.session.model_choices import choose_model, model_choices, model_named

    wishes = _wishes(chat)
    choices = await model_choices(chat.workspace, wishes, chat.session)
    if not argument:
        for one in choices:
            about = " · ".join(part for part in (one.title, one.about, "in use" if one.current else "") if part)
            chat.printer.write(f"{about}\n")
        note("/model NAME takes another." if choices else "There is no model. tavern-tui models get starter")
        return
    changed = await choose_model(chat.workspace, wishes, chat.session, model_named(choices, argument))
    if changed != wishes:
        chat.wishes, chat.own_writer = changed, False
    await _connect_anew(chat)


async def key(chat: PlainChat, argument: str, lines: LineReader) -> None:
    """Ask for the key of the server that writes, without showing it, and keep it for that server alone."""
    from tavern_tui.session.engine_choices import keep_key, server_of

    if argument:
        # What was typed may be the key: it is neither kept nor shown.
        note("/key asks for the key without showing it: type nothing behind it.")
        return
    origin = server_of(chat.workspace, _wishes(chat), chat.session)
    with _unseen():
        note(f"The key for {origin} (it is not shown; an empty line leaves it as it is):")
        typed = await lines.next()
    if not (typed or "").strip():
        note("Nothing was changed.")
        return
    note(str(await keep_key(chat.workspace, origin, typed or "")))
    await _connect_anew(chat)


async def test(chat: PlainChat, _argument: str) -> None:
    """Ask who writes for one short reply outside of the chat, and tell how it went."""
    from tavern_tui.session.engine_choices import route_of
    from tavern_tui.session.trying import try_connection

    found = await try_connection(chat.workspace, "", route=route_of(chat.workspace, _wishes(chat), chat.session))
    for what, text in found.rows():
        chat.printer.write(f"{what:13} {text}\n")
    for doubt in found.doubts:
        note(doubt)
    if found.error is not None:
        note(told(found.error))


async def walked(chat: PlainChat, *, back: bool) -> str:
    """Take back the last action, or bring it again; what it was, "" for nothing. Whoever writes then is connected."""
    from tavern_tui.session import routes, taking_back

    walk = taking_back.undo if back else taking_back.redo
    done = await walk(chat.session, chat.workspace, _wishes(chat), watch=chat.watch)
    if done.writer:
        chat.own_writer = routes.PROPERTY in chat.session.tree.properties
        await _connect_anew(chat)
    return done.what


async def stop_other(chat: PlainChat, _argument: str) -> None:
    """Have the server stop what it writes for another client."""
    from tavern_tui.session.engine_choices import stop_other

    note(str(await stop_other(chat.session)))


def _wishes(chat: PlainChat) -> Wishes:
    """What was wished for at the start, as far as it holds for this chat."""
    return replace(chat.wishes, server="", model="") if chat.own_writer else chat.wishes


async def _connect_anew(chat: PlainChat) -> None:
    """Let whoever is chosen now write, and say who is there."""
    from tavern_tui.session.opening import reconnect

    before = reconnect(chat.session, chat.workspace, _wishes(chat), watch=chat.watch)
    await before.engine.close()
    await _tell_who_writes(chat)


async def _tell_who_writes(chat: PlainChat) -> None:
    """Who writes here: the engine and its model, or why it cannot be asked."""
    connection = chat.session.connection
    try:
        info = connection.known or await connection.engine.connect()
    except EngineError as error:
        note(told(error))
        return
    label = f"{connection.label}: " if connection.label else ""
    note(safe_line(f"{label}{info.engine} {info.version}".rstrip() + (f" · {info.model}" if info.model else "")))


@contextmanager
def _unseen() -> Iterator[None]:
    """What is typed meanwhile is not shown, where a terminal shows it."""
    import termios

    try:
        place = sys.stdin.fileno()
        before = termios.tcgetattr(place)
    except (OSError, ValueError, termios.error):  # a pipe
        yield
        return
    hidden = [*before]
    hidden[3] &= ~termios.ECHO
    termios.tcsetattr(place, termios.TCSADRAIN, hidden)
    try:
        yield
    finally:
        termios.tcsetattr(place, termios.TCSADRAIN, before)
