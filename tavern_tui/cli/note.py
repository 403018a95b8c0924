"""``tavern-tui note``: show, write or take away the author's note of a chat."""

from __future__ import annotations

from dataclasses import replace

import click

from tavern_tui.cli.output import data, line, write
from tavern_tui.domain.beside_card import READ_WITH
from tavern_tui.domain.note import MOST_DEPTH, MOST_INTERVAL, NotePlace, NoteRole

_PLACES = {"chat": NotePlace.CHAT, "before": NotePlace.BEFORE, "after": NotePlace.AFTER}


@click.command()
@click.argument("chat", metavar="CHARACTER|CHAT")
@click.argument("text", required=False)
@click.option("--place", type=click.Choice(list(_PLACES)), help="Among the turns, or before or after the scenario.")
@click.option("--depth", type=click.IntRange(0, MOST_DEPTH), metavar="N", help="Turns below it (4).")
@click.option("--role", type=click.Choice([role.value for role in NoteRole]), help="Who says it (system).")
@click.option("--every", "interval", type=click.IntRange(0, MOST_INTERVAL), metavar="N", help="Once in N turns (1).")
@click.option("--scan/--no-scan", default=None, help="Look for lore keys in it.")
@click.option("--clear", is_flag=True, help="Take the note away.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def note(
    ctx: click.Context,
    chat: str,
    text: str | None,
    place: str | None,
    depth: int | None,
    role: str | None,
    interval: int | None,
    scan: bool | None,
    clear: bool,
    as_json: bool,
) -> None:
    """Show the author's note of a chat, or of the latest chat with CHARACTER; with TEXT or options change it.

    The model reads it near the end of the prompt. Exit code 3: no such chat.
    """
    from tavern_tui.session.author_note import note_of, note_set, told
    from tavern_tui.session.reading_chats import find_chat
    from tavern_tui.session.workspace import Workspace

    if clear and text is not None:
        raise click.UsageError("--clear takes the note away: it goes without a text.")
    workspace = Workspace.open(safe=ctx.obj["safe"])
    log = find_chat(workspace, chat)
    found = note_of(log.tree)
    changed = replace(
        found,
        text="" if clear else found.text if text is None else text,
        place=found.place if place is None else _PLACES[place],
        depth=found.depth if depth is None else depth,
        role=found.role if role is None else NoteRole(role),
        interval=found.interval if interval is None else interval,
        scan=found.scan if scan is None else scan,
    )
    if (event := note_set(log.tree, changed)) is not None:
        log.append(event)
    now = note_of(log.tree)
    if as_json:
        data({**now.as_dict(), "chat": log.tree.title or log.path.stem})
        return
    line(told(now))
    for name in log.tree.characters:
        if (beside := workspace.library.beside_cards.of(name)).note:
            line(f"{name} has a note of its own, which is read {READ_WITH[beside.use]}: {beside.note}")
    if now.text:
        write(now.text + "\n")
