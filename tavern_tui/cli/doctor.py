"""``tavern-tui doctor``: what is here and what is wrong."""

from __future__ import annotations

import click

from tavern_tui.cli.main import EXIT_DONE, EXIT_ERROR
from tavern_tui.cli.output import data, line

_MARKS = {"good": "ok  ", "note": "note", "bad": "BAD "}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def doctor(ctx: click.Context, as_json: bool) -> int:
    """Check this installation. Changes nothing; the exit code is 1 when something is bad."""
    from tavern_tui.session.doctor import State, examine
    from tavern_tui.session.workspace import Workspace

    findings = examine(Workspace.open(safe=ctx.obj["safe"]))
    if as_json:
        data([{"what": f.what, "state": f.state.value, "found": f.found, "do": f.do} for f in findings])
    else:
        for finding in findings:
            line(f"{_MARKS[finding.state.value]} {finding.what:11} {finding.found}")
            for step in finding.do.splitlines():
                line(f"{'':16} {step}")
    return EXIT_ERROR if any(finding.state is State.BAD for finding in findings) else EXIT_DONE
