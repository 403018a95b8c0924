"""``tavern-tui group``: chats with several characters: new, listed, changed, taken in and written for SillyTavern."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tavern_tui.cli.output import data, line, note, table

if TYPE_CHECKING:
    from tavern_tui.domain.chat import ChatTree
    from tavern_tui.domain.events import Body
    from tavern_tui.session.workspace import Workspace

_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")
_CHAT = click.argument("chat")
_MEMBER = click.argument("member")


@click.group(invoke_without_command=True)
@click.pass_context
def group(ctx: click.Context) -> None:
    """Groups: chats with several characters. docs/groups.md tells how they speak.

    CHAT is a chat's title or file, MEMBER a name, how one begins, or its number in the list. A group is talked with by
    chat --chat CHAT, and by say MEMBER TEXT --chat CHAT.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_groups)


@group.command()
@click.argument("characters", nargs=-1, required=True)
@click.option("--title", default="", help="What the chat is called.")
@click.pass_context
def new(ctx: click.Context, characters: tuple[str, ...], title: str) -> None:
    """Begin a chat with CHARACTERS, in this order."""
    from tavern_tui.session.groups.creating import new_group

    log = new_group(_workspace(ctx), characters, title=title)
    line(log.path.stem)
    note(f"tavern-tui chat --chat “{log.path.stem}” talks with {', '.join(log.tree.characters)}.")


@group.command("list")
@_JSON
@click.pass_context
def list_groups(ctx: click.Context, as_json: bool = False) -> None:
    """List the groups, the last written first."""
    chats = [chat for chat in _workspace(ctx).chats.list() if len(chat.characters) > 1]
    if as_json:
        data([{"name": chat.name, "title": chat.title, "members": list(chat.characters)} for chat in chats])
    else:
        table(
            [(chat.title, ", ".join(chat.characters), f"{chat.turns:,}") for chat in chats],
            header=("title", "members", "turns"),
        )


@group.command()
@_CHAT
@_JSON
@click.pass_context
def show(ctx: click.Context, chat: str, as_json: bool) -> None:
    """Show who is in CHAT and how they speak."""
    from tavern_tui.session.groups.changing import group_in
    from tavern_tui.session.groups.describing import described
    from tavern_tui.session.reading_chats import find_chat

    workspace = _workspace(ctx)
    tree = find_chat(workspace, chat).tree
    group_in(tree)
    found = described(workspace, tree)
    if as_json:
        data(found)
        return
    table([(str(one["number"]), one["name"], ", ".join(one["state"])) for one in found["members"]])
    for key in ("order", "cards", "self_responses", "scenario"):
        if found[key] not in ("", False):
            line(f"{key.replace('_', ' ')}: {found[key] if found[key] is not True else 'yes'}")


@group.command()
@_CHAT
@click.argument("character")
@click.pass_context
def add(ctx: click.Context, chat: str, character: str) -> None:
    """Let CHARACTER join CHAT."""
    from tavern_tui.session.groups import changing

    name = _workspace(ctx).character(character)[0].name
    _change(ctx, chat, lambda tree: changing.added(tree, name), f"{name} is in the group.")


@group.command()
@_CHAT
@_MEMBER
@click.pass_context
def remove(ctx: click.Context, chat: str, member: str) -> None:
    """Take MEMBER out of CHAT; what it said stays."""
    from tavern_tui.session.groups import changing

    _change(
        ctx, chat, lambda tree: changing.removed(tree, changing.member_called(tree, member)), "Taken out of the group."
    )


@group.command()
@_CHAT
@_MEMBER
@click.argument("place", type=click.IntRange(min=1))
@click.pass_context
def move(ctx: click.Context, chat: str, member: str, place: int) -> None:
    """Put MEMBER at PLACE in the list."""
    from tavern_tui.session.groups import changing

    def bodies(tree: ChatTree) -> list[Body]:
        name = changing.member_called(tree, member)
        return changing.moved(tree, name, place - 1 - tree.characters.index(name))

    _change(ctx, chat, bodies, "Moved.")


def _state_command(name: str, help_text: str, change: str, on: bool, told: str) -> click.Command:
    @_CHAT
    @_MEMBER
    @click.pass_context
    def run(ctx: click.Context, chat: str, member: str) -> None:
        from tavern_tui.session.groups import changing

        make: Callable[[ChatTree, str, bool], list[Body]] = getattr(changing, change)
        _change(ctx, chat, lambda tree: make(tree, changing.member_called(tree, member), on), told)

    run.__doc__ = help_text
    return click.command(name)(run)


for _row in (
    ("mute", "Let MEMBER speak only when it is asked to.", "muted", True, "Muted."),
    ("unmute", "Let MEMBER speak again.", "muted", False, "It may speak again."),
    ("away", "Let MEMBER leave the scene: it knows nothing of what is said meanwhile.", "away", True, "Away."),
    ("back", "Let MEMBER come back to the scene.", "away", False, "Back."),
):
    group.add_command(_state_command(*_row))


@group.command()
@_CHAT
@click.argument("kind")
@click.pass_context
def order(ctx: click.Context, chat: str, kind: str) -> None:
    """Set who speaks: natural, list, pooled or manual."""
    from tavern_tui.session.groups import changing

    _change(ctx, chat, lambda tree: changing.ordered(tree, kind), f"The order is {kind}.")


@group.command()
@_CHAT
@click.argument("kind")
@click.pass_context
def cards(ctx: click.Context, chat: str, kind: str) -> None:
    """Set whose cards prompts tell: join, swap or join-muted."""
    from tavern_tui.session.groups import changing

    _change(ctx, chat, lambda tree: changing.carded(tree, kind), f"The way with cards is {kind}.")


@group.command()
@_CHAT
@click.argument("text")
@click.pass_context
def scenario(ctx: click.Context, chat: str, text: str) -> None:
    """Give CHAT the scenario TEXT, in the place of the cards'; an empty TEXT lets theirs hold."""
    from tavern_tui.session.groups import changing

    told = "The group has that scenario." if text.strip() else "The cards' scenarios hold."
    _change(ctx, chat, lambda tree: changing.staged(tree, text), told)


@group.command("import")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--chats", type=click.Path(path_type=Path), help="The folder of its chats (group chats beside groups).")
@click.pass_context
def import_(ctx: click.Context, path: Path, chats: Path | None) -> None:
    """Take in a group of SillyTavern's: PATH is its file in the folder groups."""
    from tavern_tui.session.groups.files import import_group

    for one in import_group(_workspace(ctx), path, chats):
        line(f"{'New' if one.new else 'Updated' if one.added else 'Already there'}: {one.name} ({one.turns} turns)")
        for remark in one.remarks:
            note(f"{remark.place}: {remark.text}")


@group.command()
@_CHAT
@click.option("--to", required=True, type=click.Path(path_type=Path), help="The folder to write into.")
@click.pass_context
def export(ctx: click.Context, chat: str, to: Path) -> None:
    """Write CHAT as SillyTavern's two files: groups/… and group chats/…, copied into its folder of the user."""
    from tavern_tui.session.groups.files import export_group

    written = export_group(_workspace(ctx), chat, to)
    line(f"Written: {written.definition}")
    line(f"Written: {written.chat}")
    for remark in written.remarks:
        note(f"{remark.place}: {remark.text}")


def _change(ctx: click.Context, chat: str, make: Callable[[ChatTree], list[Body]], told: str) -> None:
    from tavern_tui.session.groups.changing import group_in
    from tavern_tui.session.reading_chats import find_chat

    log = find_chat(_workspace(ctx), chat)
    bodies: Any = make(log.tree)
    if bodies:
        log.append(*bodies)
    group_in(log.tree)
    line(told if bodies else "That is so already.")


def _workspace(ctx: click.Context) -> Workspace:
    from tavern_tui.session.workspace import Workspace

    return Workspace.open(safe=ctx.obj["safe"])
