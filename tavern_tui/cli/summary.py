"""``tavern-tui summary``: show, write, edit, compare and restore the summaries of a chat."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from tavern_tui.cli.output import data, line, note, table, write
from tavern_tui.cli.talking import Progress

if TYPE_CHECKING:
    from tavern_tui.domain.chat import ChatTree
    from tavern_tui.session.opening import Wishes
    from tavern_tui.session.summaries.versions import Version
    from tavern_tui.storage.chats import ChatLog

_WHEN = ("always", "never", "ask")


@click.command()
@click.argument("chat_", metavar="CHARACTER|CHAT")
@click.argument("text", required=False)
@click.option("--write", "asks", is_flag=True, help="Let the chat's model write one of what nothing tells of yet.")
@click.option("--until", type=click.IntRange(1), metavar="N", help="With --write or TEXT: of the turns up to N.")
@click.option("--later", is_flag=True, help="Read TEXT from the next cut of the history on.")
@click.option("--versions", "lists", is_flag=True, help="List every version.")
@click.option("--diff", "compared", metavar="ID", help="What the one in force says otherwise than version ID.")
@click.option("--restore", metavar="ID", help="Let version ID count again.")
@click.option("--freeze/--unfreeze", default=None, help="Keep the one in force from being written anew.")
@click.option("--clear", is_flag=True, help="Take the one in force out of prompts; its versions stay.")
@click.option("--when", type=click.Choice(_WHEN), help="Write the next ones by themselves, never, or when asked.")
@click.option("--every", type=click.IntRange(4, 1_000), metavar="N", help="Also by themselves every N turns.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--server", metavar="URL", help="With --write: another server than the chat's.")
@click.option("--model", metavar="NAME", help="With --write: another model.")
@click.pass_context
def summary(ctx: click.Context, /, chat_: str, text: str | None, as_json: bool, **given: Any) -> int | None:
    """Show the summaries of a chat, or of the latest chat with CHARACTER; with TEXT write one by hand.

    They tell of turns that prompts no longer read; the turns stay as they are. TEXT "-" is read from stdin. Nothing is
    overwritten: every version is kept. Exit codes: 3 no such chat or version, 4 no engine.
    """
    from tavern_tui.session.opening import Wishes
    from tavern_tui.session.reading_chats import find_chat
    from tavern_tui.session.summaries.keeping import imported
    from tavern_tui.session.workspace import Workspace

    log = find_chat(Workspace.open(safe=ctx.obj["safe"]), chat_)
    if (found := imported(log.tree)) is not None:
        log.append(found.as_property())
    said = sys.stdin.read() if text == "-" else text
    if given["asks"]:
        wishes = Wishes(
            chat=log.path.stem, server=given["server"] or ctx.obj["server"] or "", model=given["model"] or ""
        )
        return asyncio.run(_written(ctx, wishes, given["until"]))
    _change(log, said, given)
    _show(log.tree, given, as_json=as_json)
    return None


def _change(log: ChatLog, text: str | None, given: dict[str, Any]) -> None:
    """Do to the chat's summaries what was asked for."""
    from tavern_tui.domain.errors import NotFoundError
    from tavern_tui.session.summaries import versions as kept
    from tavern_tui.session.summaries.keeping import When, chosen

    at = time.time()
    if text is not None:
        log.append(_by_hand(log.tree, text, given, at).as_property())
    now = kept.in_force(log.tree)
    if given["restore"]:
        log.append(kept.restored(kept.version(log.tree, given["restore"]), now, at).as_property())
    if given["clear"] or given["freeze"] is not None:
        if not now:
            raise NotFoundError("This chat has no summary.", hint="--write lets its model write one.")
        changed = kept.taken_away(now[-1], at) if given["clear"] else kept.frozen(now[-1], given["freeze"])
        log.append(changed.as_property())
    if given["when"] or given["every"]:
        wanted = "always" if given["every"] else given["when"]
        when = {"always": When.ALWAYS, "never": When.NEVER}.get(wanted, When.OPEN)
        log.append(chosen(log.tree, when, every=given["every"] or 0))


def _by_hand(tree: ChatTree, text: str, given: dict[str, Any], at: float) -> Version:
    """A person's own summary: another text of the one in force, or of the turns up to a number."""
    from tavern_tui.domain.errors import NotFoundError
    from tavern_tui.session.summaries import versions as kept

    now, path, until = kept.in_force(tree), tree.path(), given["until"]
    if until is None and now:
        return kept.edited(now[-1], text, at, later=given["later"])
    if not path or (until or 1) > len(path):
        raise NotFoundError(f"This chat has {len(path):,} turns.", hint="--until N names one of them.")
    last = path[(until or len(path)) - 1].id
    return kept.made(text, now, until=last, by=kept.YOU, at=at, waits=given["later"])


def _show(tree: ChatTree, given: dict[str, Any], *, as_json: bool) -> None:
    """Print what is in force, or what was asked for."""
    from tavern_tui.session.summaries import versions as kept
    from tavern_tui.session.summaries.differences import difference
    from tavern_tui.session.summaries.keeping import told

    path, now = tree.path(), kept.in_force(tree)
    if given["compared"]:
        before = kept.version(tree, given["compared"])
        for told_of in difference(before.text, now[-1].text if now else ""):
            line(f"{told_of.change.value} {told_of.text}")
        return
    counting = {one.id for one in now}
    every = kept.versions(tree) if given["lists"] else now
    rows = [_row(one, kept.covers(one, path), one.id in counting) for one in every]
    if as_json:
        data({"chat": tree.title, "told": told(tree), "summaries": rows})
    elif given["lists"]:
        table([[row["id"], "*" if row["counts"] else "", row["covers"], row["by"], _state(row)] for row in rows])
    else:
        line(told(tree))
        for one in now:
            write(one.text + "\n")


def _row(one: Version, covers: str, counts: bool) -> dict[str, Any]:
    return {
        "id": one.id,
        "counts": counts,
        "covers": covers,
        "by": one.by,
        "at": one.at,
        "frozen": one.frozen,
        "waits": one.waits,
        "read": one.read,
        "text": one.text,
    }


def _state(row: dict[str, Any]) -> str:
    states = {"frozen": row["frozen"], "from the next cut on": row["waits"], "taken away": not row["text"]}
    return " · ".join(state for state, holds in states.items() if holds)


async def _written(ctx: click.Context, wishes: Wishes, until: int | None) -> int | None:
    """Let the chat's model write, and print it."""
    from tavern_tui.session.opening import open_session
    from tavern_tui.session.summaries import jobs
    from tavern_tui.session.summaries.differences import lost
    from tavern_tui.session.summaries.making import write_summary
    from tavern_tui.session.workspace import Workspace

    session = open_session(Workspace.open(safe=ctx.obj["safe"]), wishes, watch=Progress().watch)
    try:
        await session.open()
        found = jobs.all_of(session.tree, until) if until else jobs.untold(session.tree, await session.plan())
        if found is None:
            note("Every turn that is no longer read is told of. --until N writes one of the first N turns.")
            return None
        version = await write_summary(session, found, told=lambda turns: note(f"reading {turns}"))
    finally:
        await session.connection.engine.close()
    line(f"summary of {found.told}")
    write(version.text + "\n")
    for one in lost("\n".join(before.text for before in found.over), version.text):
        note(f"− {one.text}")
    return None
