"""What lies over the chat for a moment: the first run, the lists, the palette, help. Each is loaded when it is shown.

Every function here shows one screen, waits for its answer, and does what was answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from tavern_tui.config.settings import remember
from tavern_tui.domain.errors import TavernError
from tavern_tui.session.opening import Wishes, reconnect

if TYPE_CHECKING:
    from textual.content import Content

    from tavern_tui.domain.chat import Turn
    from tavern_tui.session.writers import Writer
    from tavern_tui.ui.app import TavernApp

Popup = Callable[["TavernApp"], Awaitable[None]]
"""One of the functions below."""


async def first_run(app: TavernApp) -> Wishes:
    """Ask what a first start asks; what to open then."""
    from tavern_tui.session.demo import own_demo_chat
    from tavern_tui.session.first_run import StarterFetch, remember_first_run
    from tavern_tui.session.moving_places import likely_folders
    from tavern_tui.session.writers import find_writers, wishes_for, writer_at
    from tavern_tui.ui.screens.first_run import FirstRunScreen, FirstRunTools, What

    tools = FirstRunTools(
        search=partial(find_writers, app.workspace, named=app.wishes.server),
        look=partial(writer_at, app.workspace),
        fetch=lambda: StarterFetch(app.workspace.directories),
        remember=partial(remember_first_run, app.workspace),
    )
    brings = bool(await asyncio.to_thread(likely_folders, Path.home()))
    screen = FirstRunScreen(tools, app.workspace.persona.name, brings=brings, glyphs=app.glyphs)
    result = await app.push_screen_wait(screen)
    app.say_later(result.notes)
    app.reload()
    wishes = wishes_for(result.writer, app.wishes) if result.writer is not None else app.wishes
    match result.what:
        case What.BRING:
            chat = await brought(app)
        case What.WRITE:
            from tavern_tui.ui.screens.new_story import new_story

            chat = await new_story(app)
        case What.ADVENTURE:
            from tavern_tui.ui.screens.new_adventure import new_adventure

            chat = await new_adventure(app)
        case What.DEMO:
            chat = await asyncio.to_thread(own_demo_chat, app.workspace)
        case _:
            chat = ""
    return replace(wishes, character="", chat=chat) if chat else wishes


async def chosen_writer(app: TavernApp, question: str) -> Writer | None:
    """Ask who writes; a starter whose model is not here yet is fetched. ``None`` for nobody."""
    from tavern_tui.session.writers import find_writers, writer_at
    from tavern_tui.ui.screens.writers import WritersScreen

    search = partial(find_writers, app.workspace, named=app.wishes.server)
    screen = WritersScreen(search, partial(writer_at, app.workspace), glyphs=app.glyphs, question=question)
    writer = await app.push_screen_wait(screen)
    if screen.more_wanted:
        from tavern_tui.ui.screens.connections import show_connections

        await show_connections(app)
    return await fetched(app, writer) if writer is not None and writer.must_be_fetched else writer


async def writers(app: TavernApp) -> None:
    """Choose who writes, from the next reply on."""
    from tavern_tui.session.writers import remember_writer

    writer = await chosen_writer(app, "Who writes?")
    if writer is not None:
        for note in await asyncio.to_thread(remember_writer, app.workspace, writer):
            app.chat.mirror.note(note)
        await use_writer(app, writer)


async def fetched(app: TavernApp, writer: Writer) -> Writer | None:
    """The starter with its model, which comes over the net meanwhile; ``None`` where it could not be had."""
    from tavern_tui.session.first_run import StarterFetch

    fetch = StarterFetch(app.workspace.directories)

    def tell() -> None:
        app.chat.progress.waiting("Fetching the starter model", fetch.done / fetch.total if fetch.total else None)

    ticking = app.set_interval(0.5, tell)
    try:
        return replace(writer, model=str(await fetch.run()))
    except TavernError as error:
        app.chat.mirror.note(str(error), problem=True)
        return None
    finally:
        ticking.stop()
        app.chat.progress.idle()


async def use_writer(app: TavernApp, writer: Writer) -> None:
    """Let ``writer`` write in the chat that is open."""
    from tavern_tui.session.writers import wishes_for

    app.reload()
    app.wishes = wishes_for(writer, app.wishes)
    app.chat.own_writer = False
    await connect_anew(app)


async def writers_here(app: TavernApp) -> None:
    """Choose who writes in the chat that is open, and in no other."""
    from tavern_tui.session.engine_choices import choose_here

    writer = await chosen_writer(app, "Who writes in this chat, and only here?")
    if writer is not None:
        named = writer.saved or writer.server or writer.model
        told = await choose_here(app.workspace, app.chat.open_session, named)
        app.chat.own_writer = True
        await connect_anew(app)
        app.chat.mirror.note(str(told))


def wishes_here(app: TavernApp) -> Wishes:
    """What was wished for at the start, as far as it holds for the chat that is open."""
    return replace(app.wishes, server="", model="") if app.chat.own_writer else app.wishes


async def connect_anew(app: TavernApp) -> None:
    """Connect the chat that is open to whoever is chosen now."""
    session = app.chat.session
    if session is None:
        return
    old = reconnect(session, app.workspace, wishes_here(app), watch=app.chat.engine_event)
    app.chat.problems.clear()
    app.chat.look_for_engine()
    await old.engine.close()


async def models(app: TavernApp, *, named: str = "") -> None:
    """Choose another model of the engine that writes, from a list unless one is ``named``."""
    from tavern_tui.session.model_choices import choose_model, model_choices, model_named
    from tavern_tui.ui.screens.row_choice import RowChoice
    from tavern_tui.ui.widgets.rows import ListRow

    session = app.chat.open_session
    wishes = wishes_here(app)
    choices = await model_choices(app.workspace, wishes, session)
    chosen = named
    if not named:
        rows = [ListRow(one.id, f"{one.title} · in use" if one.current else one.title, one.about) for one in choices]
        near = next((one.id for one in choices if one.current), "")
        picked = await app.push_screen_wait(RowChoice("Which model?", rows, near=near, glyphs=app.glyphs))
        chosen = picked or ""
    if chosen:
        changed = await choose_model(app.workspace, wishes, session, model_named(choices, chosen))
        if changed != wishes:
            app.wishes, app.chat.own_writer = changed, False
        await connect_anew(app)


async def trial(app: TavernApp) -> None:
    """Ask who writes for one short reply, and tell how it went."""
    from tavern_tui.session.engine_choices import route_of
    from tavern_tui.session.trying import try_connection
    from tavern_tui.ui.screens.text_page import TextPage
    from tavern_tui.ui.screens.trial import trial_lines

    route = route_of(app.workspace, wishes_here(app), app.chat.open_session)
    app.chat.hint("Asking for one short reply…", lasting=True)
    try:
        found = await try_connection(app.workspace, "", route=route)
    finally:
        app.chat.hint("")
    await app.push_screen_wait(TextPage("Test of the connection", partial(trial_lines, found), glyphs=app.glyphs))


async def key_entry(app: TavernApp, origin: str) -> None:
    """Ask for the key of the server at ``origin``, keep it, and connect with it."""
    from tavern_tui.session.engine_choices import keep_key
    from tavern_tui.ui.screens.key_entry import KeyEntry

    typed = await app.push_screen_wait(KeyEntry(origin, glyphs=app.glyphs))
    if typed.strip():
        told = await keep_key(app.workspace, origin, typed)
        await connect_anew(app)
        app.chat.mirror.note(str(told))


async def bring(app: TavernApp, *, path: str = "") -> None:
    """Take in what another program has, and open what was written there last."""
    chat = await brought(app, path=path)
    if chat:
        app.open_chat(replace(app.wishes, character="", chat=chat, new=False, persona=""))


async def brought(app: TavernApp, *, path: str = "") -> str:
    """Take in what another program has; the chat to open then, "" for none."""
    from tavern_tui.session.moving_places import Import, likely_folders
    from tavern_tui.session.picture_import import PortraitImport
    from tavern_tui.ui.chat.portrait import renew_portrait
    from tavern_tui.ui.screens.importing import ImportScreen
    from tavern_tui.ui.screens.regex_review import review_of

    found = [] if path else await asyncio.to_thread(likely_folders, Path.home())
    review = partial(review_of, app.workspace, app.glyphs)
    session = app.chat.session
    has_card = session is not None and session.no_card is None
    portrait = PortraitImport(app.workspace, session) if session is not None and has_card else None
    begin = partial(Import, app.workspace)
    screen = ImportScreen(begin, found=found, path=path, review=review, portrait=portrait, glyphs=app.glyphs)
    chat = await app.push_screen_wait(screen)
    app.reload()
    if portrait is not None and portrait.taken:
        await renew_portrait(app.chat)
    return chat


async def search(app: TavernApp, *, typed: str = "") -> None:
    """Find words in all chats, and go to the turn that is chosen."""
    from tavern_tui.session.library_index import index_steps, open_index
    from tavern_tui.session.privacy import NOTHING_PRIVATE, private_things
    from tavern_tui.session.searching import search as look
    from tavern_tui.ui.chat.finding import go_to_turn
    from tavern_tui.ui.screens.search import SearchScreen

    index = open_index(app.workspace)
    hidden = NOTHING_PRIVATE if app.shows_private else await asyncio.to_thread(private_things, app.workspace)
    screen = SearchScreen(
        lambda words, after: look(index, words, after=after, hides=hidden),
        partial(index_steps, app.workspace, index),
        typed=typed,
        glyphs=app.glyphs,
    )
    try:
        found = await app.push_screen_wait(screen)
    finally:
        await asyncio.to_thread(index.close)
    if found is None:
        return
    session = app.chat.session
    if session is None or session.log.path.stem != found.chat:
        await app.open_chat(replace(app.wishes, character="", chat=found.chat, new=False, persona="")).wait()
    if app.chat.session is not None and app.chat.session.log.path.stem == found.chat:
        await go_to_turn(app.chat, found.turn)


async def themes(app: TavernApp) -> None:
    """Choose the colours."""
    from tavern_tui.ui.screens.theme_list import ThemeList

    name = await app.push_screen_wait(
        ThemeList(app.workspace.directories, app.theme_name, app.depth, glyphs=app.glyphs)
    )
    if name is not None:
        app.theme_name = name
        await asyncio.to_thread(remember, app.workspace.directories, "ui.theme", name)


async def palette(app: TavernApp) -> None:
    """Find something that can be done or opened, and do it."""
    from tavern_tui.ui.chat.actions import RUNNABLE
    from tavern_tui.ui.screens.palette import ask_palette

    chosen = await ask_palette(app, app.chat.keymap, RUNNABLE)
    if chosen is not None:
        await app.chat.run_typed(*chosen)


async def inspector(app: TavernApp) -> None:
    """Show the prompt of the next reply, part by part."""
    from tavern_tui.session.prompting import look_at_next
    from tavern_tui.ui.screens.inspector import Inspector

    found = await look_at_next(app.chat.open_session, app.workspace, app.wishes)
    closing = frozenset(app.chat.keymap.keys["chat.inspect"])
    await app.push_screen_wait(Inspector(found, closing=closing, glyphs=app.glyphs))


async def token_choices(turn: Turn, app: TavernApp) -> None:
    """Show what else was likely at each token of a reply."""
    from tavern_tui.session.token_choice import listed
    from tavern_tui.ui.screens.inspection import wrapped
    from tavern_tui.ui.screens.text_page import TextPage

    lines = listed(turn) or ["Nothing was kept. Set reply.alternatives to 5: replies from then on keep it."]

    def shown(width: int) -> list[Content]:
        return [piece for line in lines for piece in wrapped(line, width)]

    await app.push_screen_wait(TextPage("What else was likely · /token 12 2 takes it", shown, glyphs=app.glyphs))


async def quick_replies(app: TavernApp) -> None:
    """Choose a quick reply, and send it."""
    from tavern_tui.session.quick_replies import quick_replies as read
    from tavern_tui.ui.screens.quick_replies import QuickReplyList

    found = await read(app.workspace)
    for problem in found.problems:
        app.chat.mirror.note(problem)
    folder = str(app.workspace.directories.quick_replies)
    place = await app.push_screen_wait(QuickReplyList(found.replies, folder=folder, glyphs=app.glyphs))
    if place is not None:
        await app.chat.outbox.say(found.replies[place - 1].message)


async def show_help(app: TavernApp) -> None:
    """Show the keys that hold, and all others."""
    from tavern_tui.ui.chat.actions import RUNNABLE
    from tavern_tui.ui.screens.help import HelpScreen

    screen = HelpScreen(app.chat.keymap, app.chat.keys.holding(), runnable=RUNNABLE, glyphs=app.glyphs)
    await app.push_screen_wait(screen)
