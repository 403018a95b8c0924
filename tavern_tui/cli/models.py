"""``tavern-tui models``: model files, and the starter model."""

from __future__ import annotations

from typing import Any

import click

from tavern_tui.cli.output import data, line, note, progress_on_one_line, table


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def models(ctx: click.Context, as_json: bool) -> None:
    """List the model files (GGUF) with size, quantisation, trained context and fit."""
    if ctx.invoked_subcommand is not None:
        return
    from tavern_tui.session.model_list import model_rows
    from tavern_tui.session.workspace import Workspace

    workspace = Workspace.open(safe=ctx.obj["safe"])
    rows = model_rows(workspace.directories, workspace.settings)
    if as_json:
        data(rows)
        return
    usable = [row for row in rows if not row["problem"]]
    table([_cells(row) for row in usable], header=("model", "size", "quant", "trained for", "fit") if usable else ())
    if not usable:
        line("No model yet. tavern-tui models get starter fetches a small one (94 MB).")
    for row in rows:
        if row["problem"]:
            note(f"{row['file']}: {row['problem']} {row['hint']}".rstrip())


def _cells(row: dict[str, Any]) -> tuple[str, ...]:
    needs = f" ({row['needs_bytes'] / 1e9:.1f} GB)" if row["needs_bytes"] else ""
    trained = f"{row['trained_tokens']:,}" if row["trained_tokens"] else "unknown"
    return row["name"], f"{row['bytes'] / 1e6:,.0f} MB", row["quant"], trained, f"{row['fit']}{needs}"


@models.command()
@click.argument("name")
@click.option("--if-none", is_flag=True, help="Only when there is no model yet.")
@click.pass_context
def get(ctx: click.Context, name: str, if_none: bool) -> None:
    """Fetch a model: "starter" is the one that there is."""
    if name != "starter":
        raise click.BadParameter('only "starter" can be fetched', param_hint="NAME")
    from tavern_tui.session.model_list import fetch_starter, has_model
    from tavern_tui.session.workspace import Workspace

    workspace = Workspace.open(safe=ctx.obj["safe"])
    if if_none and has_model(workspace.directories, workspace.settings):
        return
    bar = _Bar()
    try:
        path, fetched = fetch_starter(workspace.directories, bar.tell)
    finally:
        bar.end()
    line(f"{'Fetched' if fetched else 'Already there'}: {path}")


@models.command()
@click.argument("model")
@click.argument("name", required=False)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def template(ctx: click.Context, model: str, name: str | None, as_json: bool) -> None:
    """Show which instruct template MODEL is written to with, and why; with NAME, choose it for that model.

    MODEL is a model file, or what a server calls its model. NAME "auto" forgets a choice, "plain" is none.
    """
    import asyncio

    from tavern_tui.session import template_of_model
    from tavern_tui.session.workspace import Workspace

    workspace = Workspace.open(safe=ctx.obj["safe"])
    if name:
        found = asyncio.run(template_of_model.choose_template(workspace, model, name))
    else:
        found = asyncio.run(template_of_model.template_of(workspace, model))
    if as_json:
        data(found.as_dict())
        return
    line(f"{found.model}: {found.template} ({found.why})")
    if found.note:
        note(found.note)


class _Bar:
    """A progress bar on a terminal; elsewhere one line for each thing that is done."""

    def __init__(self) -> None:
        self._shown: tuple[str, int] = ("", -1)

    def tell(self, what: str, done: int, total: int | None) -> None:
        """``done`` of ``total`` bytes of ``what``."""
        if not progress_on_one_line(""):
            if what != self._shown[0]:
                note(what)
            self._shown = (what, 0)
            return
        percent = 100 * done // total if total else 0
        if self._shown == (what, percent):
            return
        if self._shown[0] not in ("", what):
            note("")
        self._shown = (what, percent)
        filled = percent * 30 // 100
        bar = f"{'█' * filled}{'·' * (30 - filled)} {percent:3}%" if total else ""
        progress_on_one_line(f"{what:28} {bar} {done / 1e6:,.0f} MB")

    def end(self) -> None:
        """Leave the bar's line."""
        if self._shown[0] and progress_on_one_line(""):
            note("")
