"""``tavern-tui doctor``: what is here and what is wrong; with ``--record`` what a server answers."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from tavern_tui.cli.consent import with_consent
from tavern_tui.cli.main import EXIT_DONE, EXIT_ERROR
from tavern_tui.cli.output import data, line, note

if TYPE_CHECKING:
    from tavern_tui.session.workspace import Workspace

_MARKS = {"good": "ok  ", "note": "note", "bad": "BAD "}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.option("--record", metavar="URL", help="Record what the server at URL answers to fixed questions, into a file.")
@click.option("--out", type=click.Path(path_type=Path), help="The file of --record.", default="server-recording.json")
@click.option("--yes", is_flag=True, help="With --record: send the key even where it goes unencrypted (http).")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool, record: str | None, out: Path, yes: bool) -> int:
    """Check this installation. Changes nothing; the exit code is 1 when something is bad.

    With --record the server at URL is asked for its model and for a few short replies to our own sentences. The file
    holds its answers without keys, addresses and folders: something to attach to a report.
    """
    from tavern_tui.session.doctor import State, examine
    from tavern_tui.session.workspace import Workspace

    workspace = Workspace.open(safe=ctx.obj["safe"])
    if record:
        return _record(workspace, record, out, yes=yes)
    findings = examine(workspace)
    if as_json:
        data([{"what": f.what, "state": f.state.value, "found": f.found, "do": f.do} for f in findings])
    else:
        for finding in findings:
            line(f"{_MARKS[finding.state.value]} {finding.what:11} {finding.found}")
            for step in finding.do.splitlines():
                line(f"{'':16} {step}")
    return EXIT_ERROR if any(finding.state is State.BAD for finding in findings) else EXIT_DONE


def _record(workspace: Workspace, named: str, out: Path, *, yes: bool) -> int:
    from tavern_tui.session.recording import record_server

    count = with_consent(workspace, lambda: record_server(workspace, named, out, told=note), yes=yes)
    line(f"{count} answers are in {out}. Look through it before you give it away: model names are in it.")
    return EXIT_DONE
