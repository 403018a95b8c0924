"""``tavern-tui regex``: which regex scripts run in chats, what is wrong with one, and what it makes of a text."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tavern_tui.cli.output import data, line, note, table, write

if TYPE_CHECKING:
    from tavern_tui.domain.character import Character
    from tavern_tui.session.regex_listing import ListedScript
    from tavern_tui.session.workspace import Workspace

_EMPTY = "No regex scripts yet. Put SillyTavern's exported scripts (JSON) into the folder of: tavern-tui locate regex"


@click.group(invoke_without_command=True)
@click.pass_context
def regex(ctx: click.Context) -> None:
    """Regex scripts: find and replace in what is said, shown and sent. docs/regex.md explains them."""
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_scripts)


@regex.command("list")
@click.argument("character", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def list_scripts(ctx: click.Context, character: str | None = None, as_json: bool = False) -> None:
    """List the scripts in the order in which they run; with CHARACTER, those of its card, too."""
    from tavern_tui.session.regex_listing import listed_scripts

    workspace = _workspace(ctx)
    scripts, problems = listed_scripts(workspace, _card(workspace, character))
    if as_json:
        data({"scripts": [_row(one) for one in scripts], "problems": problems})
        return
    table(
        [(one.script.name, one.state, one.changes, one.places or "nothing", one.source) for one in scripts],
        header=("name", "state", "changes", "in", "from") if scripts else (),
    )
    if not scripts and not problems:
        line(_EMPTY)
    _tell(scripts, problems)
    if character and any(one.state == "not allowed" for one in scripts):
        note(f"To let the card's scripts run: tavern-tui regex allow {character}")


@regex.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def check(file: Path, as_json: bool) -> int:
    """Say what is wrong with the scripts in FILE; exit code 1 if anything is."""
    from tavern_tui.cli.main import EXIT_DONE, EXIT_ERROR
    from tavern_tui.session.regex_listing import checked_file

    scripts, problems = checked_file(file)
    if as_json:
        data({"scripts": [_row(one) for one in scripts], "problems": problems})
    else:
        for one in scripts:
            line(f"{one.script.name}: {one.problem or 'can be used'}")
        for problem in problems:
            line(problem)
        _tell(scripts, [], only_remarks=True)
    return EXIT_ERROR if problems or any(one.problem for one in scripts) else EXIT_DONE


@regex.command("test")
@click.argument("name")
@click.argument("text")
@click.option("--character", metavar="NAME", help="Whose card's scripts count, too, and who {{char}} is.")
@click.pass_context
def test_script(ctx: click.Context, name: str, text: str, character: str | None) -> int:
    """Print what the script NAME (or a file of scripts) makes of TEXT; - reads the text from stdin."""
    from tavern_tui.cli.lines import forgiving
    from tavern_tui.cli.main import EXIT_DONE, EXIT_ERROR
    from tavern_tui.session.regex_listing import try_script

    workspace = _workspace(ctx)
    said = forgiving(sys.stdin).read() if text == "-" else text
    tried = try_script(workspace, name, said, _card(workspace, character))
    write(tried.text if tried.text.endswith("\n") else f"{tried.text}\n")
    for script, reason in tried.left_out:
        note(f"{script} left it as it was: {reason}")
    if tried.left_out:
        return EXIT_ERROR
    if tried.text == said:
        note("Nothing was found to replace.")
    return EXIT_DONE


@regex.command()
@click.argument("character")
@click.pass_context
def allow(ctx: click.Context, character: str) -> None:
    """Let the scripts of a card run, as they are now; another version of them has to be allowed again."""
    from tavern_tui.session.regex_listing import allow_scripts

    workspace = _workspace(ctx)
    card, _ = workspace.character(character)
    scripts = allow_scripts(workspace, card)
    line(f"Allowed: {', '.join(one.script.name for one in scripts)}. It counts from the next opening of a chat on.")
    _tell(scripts, [])


@regex.command()
@click.argument("character")
@click.pass_context
def forbid(ctx: click.Context, character: str) -> None:
    """Keep the scripts of a card from running."""
    from tavern_tui.session.regex_listing import forbid_scripts

    workspace = _workspace(ctx)
    card, _ = workspace.character(character)
    forbid_scripts(workspace, card)
    line(f"The scripts of {card.name}'s card are off from the next opening of a chat on.")


def _workspace(ctx: click.Context) -> Workspace:
    from tavern_tui.session.workspace import Workspace

    return Workspace.open(safe=ctx.obj["safe"])


def _card(workspace: Workspace, name: str | None) -> Character | None:
    return workspace.character(name)[0] if name else None


def _tell(scripts: list[ListedScript], problems: list[str], *, only_remarks: bool = False) -> None:
    """What is wrong, and what is doubtful, to stderr."""
    for one in scripts:
        told = () if only_remarks or not one.problem else (one.problem,)
        for what in (*told, *one.remarks):
            note(f"{one.script.name} ({one.source}): {what}")
    for problem in problems:
        note(problem)


def _row(one: ListedScript) -> dict[str, Any]:
    script = one.script
    return {
        "name": script.name,
        "from": one.source,
        "state": one.state,
        "find": script.find,
        "replace": script.replace,
        "changes": one.changes,
        "in": one.places,
        "on_edit": script.run_on_edit,
        "min_depth": script.min_depth,
        "max_depth": script.max_depth,
        "problem": one.problem,
        "remarks": list(one.remarks),
    }
