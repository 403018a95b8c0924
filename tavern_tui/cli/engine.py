"""``tavern-tui engine``: the embedded engine's host, and loading a model with options."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import click

from tavern_tui.cli.output import data, line, note
from tavern_tui.cli.talking import Progress, tell_problems
from tavern_tui.config.engine_settings import EngineSettings
from tavern_tui.config.setting_values import NotTakenError
from tavern_tui.domain.memory_fit import MemoryNeed
from tavern_tui.domain.messages import megabytes

_USUAL = {"flash_attention": "auto", "kv_type": "f16", "mmap": True, "mlock": False, "swa_full": True}
_NO_OPTION = ("model", "idle_minutes", "llama_server", "context_shift", "keep_on_disk")


@click.group()
def engine() -> None:
    """The embedded engine: status, load, stop, tune."""


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
    lines += _model_lines(found["model"]) if found["model"] else ["No model is loaded."]
    lines.append(f"{'Writing a reply' if found['busy'] else 'Idle'} · {found['waiting']} waiting")
    if found["unload_in"] is not None:
        lines.append(f"The model is unloaded in {found['unload_in'] / 60:.0f} min without a request.")
    lines.append(f"Log: {found['log']}")
    return lines


def _model_lines(model: dict[str, Any]) -> list[str]:
    lines = [
        f"Model {model['name']} · context {_context(model)} · {_count(model['threads'], 'thread')}",
        f"Runs on {model['worker']} {model['worker_version']} · {model['device']}",
    ]
    if model["gpu_layers"]:
        of = f" of {model['layers']}" if model["layers"] else ""
        lines.append(f"GPU layers: {'all' if model['gpu_layers'] < 0 else model['gpu_layers']}{of}")
    options = model["options"]
    unusual = [f"{name} {_word(options[name])}" for name, usual in _USUAL.items() if options[name] != usual]
    if options["lora"]:
        unusual.append(f"LoRA {options['lora']} at {options['lora_strength']:g}")
    if unusual:
        lines.append("Loaded with " + " · ".join(unusual))
    return [*lines, *model["notes"]]


def _context(model: dict[str, Any]) -> str:
    """The context in tokens, and where it could be larger, up to how large and by what."""
    told, trained = f"{model['context_tokens']:,}", model["trained_tokens"]
    if trained <= model["context_tokens"]:
        return told
    return f"{told} (trained for {trained:,}: engine.context_tokens raises it)"


def _word(value: object) -> str:
    return {True: "on", False: "off"}[value] if isinstance(value, bool) else str(value)


def _options_of_loading(command: Callable[..., None]) -> Callable[..., None]:
    """An option for each setting of the engine that says how a model is loaded."""
    for each in reversed(fields(EngineSettings)):
        if each.name not in _NO_OPTION:
            flag = f"--{each.name.replace('_', '-')}"
            command = click.option(flag, each.name, metavar="VALUE", help=each.metadata["title"], callback=_checked)(
                command
            )
    return command


def _checked(_ctx: click.Context, option: click.Parameter, value: str | None) -> object:
    """What was typed, as the setting of that name has it."""
    if value is None:
        return None
    check = next(each for each in fields(EngineSettings) if each.name == option.name).metadata["check"]
    try:
        return check(value)
    except NotTakenError as error:
        raise click.BadParameter(str(error)) from error


@engine.command()
@click.argument("model", default="")
@_options_of_loading
@click.option("--replace", "replace_other", is_flag=True, help="Also when another window uses what is loaded.")
@click.option("--remember", "keep", is_flag=True, help="Load models like this from now on.")
@click.pass_context
def load(ctx: click.Context, /, model: str, replace_other: bool, keep: bool, **options: Any) -> None:
    """Load MODEL (default: the one that replies use), with options in place of the settings.

    Without --remember the options hold until a reply is asked for, which loads by the settings again.
    """
    from dataclasses import replace

    from tavern_tui.config.settings import remember
    from tavern_tui.session import embedded
    from tavern_tui.session.model_habits import with_context
    from tavern_tui.session.workspace import Workspace

    workspace = Workspace.open(safe=ctx.obj["safe"])
    tell_problems(workspace)
    given = {name: value for name, value in options.items() if value is not None}
    settings = replace(workspace.settings, engine=replace(workspace.settings.engine, **given))
    chosen = embedded.model_to_use(workspace.directories, settings, model)
    if "context_tokens" not in given:
        settings = with_context(workspace, settings, chosen.name)
    need = embedded.needs(chosen, settings)
    if need is not None:
        note(_need_line(need))
    loading = embedded.load_model(
        workspace.directories, settings, chosen, Progress().watch, replace_other=replace_other
    )
    asyncio.run(loading)
    for name, value in given.items() if keep else ():
        remember(workspace.directories, f"engine.{name}", value)
    found = asyncio.run(embedded.status(workspace.directories))
    for text in _model_lines(found["model"]) if found and found["model"] else ():
        line(text)


def _need_line(need: MemoryNeed) -> str:
    parts = (("weights", need.weights), ("cache", need.cache), ("working memory", need.overhead))
    told = " + ".join(f"{what} {megabytes(size)}" for what, size in parts)
    free = "" if need.available is None else f"; {megabytes(need.available)} are free: {need.fit.value}"
    return f"At a context of {need.context_tokens:,}: {told} = {megabytes(need.total)}{free}"


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
