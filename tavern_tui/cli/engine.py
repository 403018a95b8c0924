"""``tavern-tui engine``: the embedded engine's host."""

from __future__ import annotations

import asyncio
from typing import Any

import click

from tavern_tui.cli.output import data, line, note
from tavern_tui.cli.talking import tell_problems


@click.group()
def engine() -> None:
    """The embedded engine: status, stop, tune."""


@engine.command()
@click.option("--json", "as_json", is_flag=True, help="As JSON; null when no engine runs.")
def status(as_json: bool) -> None:
    """Say what runs, with which model and device, and until when."""
    from tavern_tui.config.paths import directories
    from tavern_tui.session import embedded

    found = asyncio.run(embedded.status(directories()))
    if as_json:
        data(found)
    elif found is None:
        line("No engine runs. It starts with the first reply.")
        if (log := embedded.host_place(directories()).log).exists():
            line(f"The log of the last one: {log}")
    else:
        for text in _status_lines(found):
            line(text)


def _status_lines(found: dict[str, Any]) -> list[str]:
    lines = [f"Engine host {found['version']} · process {found['pid']} · up {found['up_seconds'] / 60:.0f} min"]
    model = found["model"]
    if model:
        lines.append(
            f"Model {model['name']} · context {model['context_tokens']:,} · {_count(model['threads'], 'thread')}"
        )
        lines.append(f"Runs on {model['worker']} {model['worker_version']} · {model['device']}")
    else:
        lines.append("No model is loaded.")
    lines.append(f"{'Writing a reply' if found['busy'] else 'Idle'} · {found['waiting']} waiting")
    if found["unload_in"] is not None:
        lines.append(f"The model is unloaded in {found['unload_in'] / 60:.0f} min without a request.")
    lines.append(f"Log: {found['log']}")
    return lines


@engine.command()
def stop() -> None:
    """End the engine's process and free its memory."""
    from tavern_tui.config.paths import directories
    from tavern_tui.session import embedded

    stopped = asyncio.run(embedded.stop(directories(), note))
    line("The engine was stopped." if stopped else "No engine ran.")


@engine.command()
@click.option("--model", default="", help="Model to measure with; default: the one that replies use.")
@click.option("--seconds", default=20.0, type=click.FloatRange(min=1), show_default=True, help="How long to measure.")
@click.pass_context
def tune(ctx: click.Context, model: str, seconds: float) -> None:
    """Measure 1 to all cores and remember the fastest number of threads."""
    from tavern_tui.session import embedded
    from tavern_tui.session.workspace import Workspace

    workspace = Workspace.open(safe=ctx.obj["safe"])
    tell_problems(workspace)
    chosen = embedded.model_to_use(workspace.directories, workspace.settings, model)
    note(f"Measuring with {chosen.name} for about {seconds:.0f} s")

    def tell(threads: int, speed: float) -> None:
        line(f"{_count(threads, 'thread')}: {speed:.1f} tokens/s")

    best = asyncio.run(embedded.tune_threads(workspace.directories, workspace.settings, chosen, seconds, tell))
    line(f"From now on: {_count(best, 'thread')} (setting engine.threads).")


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
