"""``tavern-tui models``: model files and what they need, what fits this machine, and the starter model."""

from __future__ import annotations

from pathlib import Path
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import click

from tavern_tui.cli.model_habits import remember
from tavern_tui.cli.output import columns, data, line, note, progress_on_one_line, table
from tavern_tui.domain.display import safe_line

if TYPE_CHECKING:
    from collections.abc import Callable

    from tavern_tui.session.workspace import Workspace

_NARROW, _MEDIUM = 60, 100  # columns of a terminal below which a list shows less
_MOST_OTHERS = 12
_OLD_BPE = "an old file that does not say how to cut texts into them: get a newer conversion, it will write better"
_LABEL, _LEAST_TEXT = 14, 20  # columns of a page's labels, and the fewest of its texts
_FOLDER = click.option(
    "--folder",
    "folders",
    multiple=True,
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Look here too; may be given several times.",
)
_CONTEXT = click.option("--context-size", type=click.IntRange(min=256), metavar="N", help="Judge by this context size.")
_KV = click.option("--kv", type=click.Choice(["f16", "q8_0", "q4_0"]), help="Judge by a cache of this type.")
_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")


@click.group(invoke_without_command=True)
@_JSON
@click.pass_context
def models(ctx: click.Context, as_json: bool) -> None:
    """List the model files (GGUF) with size, quantisation, trained context and fit."""
    if ctx.invoked_subcommand is None:
        _list(ctx, (), None, "", everything=False, as_json=as_json)


models.add_command(remember)


@models.command("list")
@_FOLDER
@_CONTEXT
@_KV
@click.option("--all", "everything", is_flag=True, help="With everything that cannot be used.")
@_JSON
@click.pass_context
def list_command(
    ctx: click.Context,
    folders: tuple[Path, ...],
    context_size: int | None,
    kv: str | None,
    everything: bool,
    as_json: bool,
) -> None:
    """List the model files, whether they fit, and what is taken for a model and is none."""
    _list(ctx, folders, context_size, kv or "", everything=everything, as_json=as_json)


@models.command()
@click.argument("model")
@_CONTEXT
@_KV
@_JSON
@click.pass_context
def show(ctx: click.Context, model: str, context_size: int | None, kv: str | None, as_json: bool) -> None:
    """Show what one model is and needs: MODEL is a name, a part of one, a file or a folder."""
    from tavern_tui.session.model_list import model_facts

    workspace = _workspace(ctx)
    facts = model_facts(workspace.directories, workspace.settings, model, context_tokens=context_size, kv_type=kv or "")
    if as_json:
        data(facts)
        return
    for label, text in _page(facts):
        _told(label, text)
    line()
    _needs_table(facts["needs"])


@models.command()
@_JSON
@click.pass_context
def recommend(ctx: click.Context, as_json: bool) -> None:
    """Say which models fit this machine. Nothing is fetched."""
    from dataclasses import asdict

    from tavern_tui.session.model_advice import advice_here, all_advice

    free, best = advice_here()
    rows = all_advice()
    if as_json:
        data({"free_bytes": free, "best": asdict(best) if best else None, "classes": [asdict(row) for row in rows]})
        return
    if best is not None:
        _say(f"{_gb(free)} of memory are free here: {best.size} at {best.quant} fits.")
        _say(f"Look for {best.names[0]} or {best.names[1]} as GGUF, {best.quant}: about {best.file_gb:g} GB.")
        _say(f"Put it into {_workspace(ctx).directories.models}")
    elif free is not None:
        _say(f"{_gb(free)} of memory are free here: only the starter fits, or use a server (tavern-tui connect).")
    else:
        _say("How much memory is free here is not known.")
    line()
    shown = columns()
    wide = not shown or shown >= _NARROW
    table(
        [
            (row.size, row.quant, f"{row.needs_gb:g} GB", *((" · ".join(row.names),) if wide else ()), _mark(row, best))
            for row in rows
        ],
        header=("size", "quant", "needs", *(("such as",) if wide else ()), ""),
        right=(2,),
    )


def _mark(row: Any, best: Any) -> str:
    if best is None or row.needs_gb > best.needs_gb:
        return ""
    return "fits best" if row == best else "fits"


def _workspace(ctx: click.Context) -> Workspace:
    from tavern_tui.session.workspace import Workspace

    return Workspace.open(safe=ctx.obj["safe"])


def _list(
    ctx: click.Context,
    folders: tuple[Path, ...],
    context_tokens: int | None,
    kv_type: str,
    *,
    everything: bool,
    as_json: bool,
) -> None:
    from tavern_tui.session.model_list import model_rows

    workspace = _workspace(ctx)
    rows = model_rows(
        workspace.directories, workspace.settings, folders=folders, context_tokens=context_tokens, kv_type=kv_type
    )
    if as_json:
        data(rows)
        return
    usable = [row for row in rows if not row["problem"]]
    room = columns() or _MEDIUM
    shown = [(title, cell, right) for title, cell, right, least in _COLUMNS if room >= least]
    shown = [one for one in shown if any(one[1](row) for row in usable)]
    if usable:
        table(
            [[cell(row) for _, cell, _ in shown] for row in usable],
            header=[title for title, _, _ in shown],
            right=[place for place, (_, _, right) in enumerate(shown) if right],
        )
    else:
        line("No model yet. tavern-tui models get starter fetches a small one (94 MB).")
        line("tavern-tui models recommend says what fits this machine.")
    _tell_others([row for row in rows if row["problem"]], everything=everything)


def _tell_others(others: list[dict[str, Any]], *, everything: bool) -> None:
    """What cannot be used, and why: broken models all, other formats up to a few."""
    broken, foreign = ([row for row in others if row["gguf"] is gguf] for gguf in (True, False))
    shown = [*broken, *(foreign if everything else foreign[:_MOST_OTHERS])]
    if shown and columns():
        note("")
    for row in shown:
        _note_of(row)
    if len(foreign) > _MOST_OTHERS and not everything:
        note(f"{len(foreign) - _MOST_OTHERS} more that are no GGUF: tavern-tui models list --all")


def _note_of(row: dict[str, Any]) -> None:
    """What is wrong with a file: by its path, and on a terminal by its name, on lines that hang together."""
    room, file = columns(), row["file"]
    text = f"{safe_line(Path(file).name if room else file)}: {row['problem']} {row['hint']}".rstrip()
    for part in wrap(text, room, subsequent_indent="  ") if room else [text]:
        note(part)


def _say(text: str) -> None:
    """A sentence, on several lines where the terminal is narrower."""
    for part in wrap(text, columns() or len(text), break_long_words=False, break_on_hyphens=False):
        line(part)


def _told(label: str, text: str) -> None:
    """A label and what it is about, on several lines where the terminal is narrower."""
    room = columns()
    lines = wrap(text, max(_LEAST_TEXT, room - _LABEL)) if room else [text]
    for place, part in enumerate(lines):
        line(f"{label if not place else '':{_LABEL}}{part}")


def _size(row: dict[str, Any]) -> str:
    return _gb(row["bytes"])


def _trained(row: dict[str, Any]) -> str:
    return f"{row['trained_tokens']:,}" if row["trained_tokens"] else "unknown"


def _needs(row: dict[str, Any]) -> str:
    return f"{_gb(row['needs_bytes'])} at {row['context_tokens']:,}" if row["needs_bytes"] else ""


def _gb(count: int | None) -> str:
    """Bytes as millions or thousands of millions."""
    if count is None:
        return "unknown"
    return f"{count / 1e6:,.0f} MB" if count < 10**9 else f"{count / 1e9:,.1f} GB"


_COLUMNS: tuple[tuple[str, Callable[[dict[str, Any]], str], bool, int], ...] = (
    ("model", lambda row: str(row["name"]), False, 0),
    ("size", _size, True, 0),
    ("quant", lambda row: str(row["quant"]), False, _NARROW),
    ("trained for", _trained, True, _NARROW),
    ("needs", _needs, True, _MEDIUM),
    ("sees", lambda row: "pictures" if row["projector"] else "", False, _MEDIUM),
    ("fit", lambda row: str(row["fit"]), False, 0),
)
"""The columns of the list: title, cell, whether it ends on one line, and from how wide a terminal on it is shown."""


def _page(facts: dict[str, Any]) -> list[tuple[str, str]]:
    """What one model is, as lines of a label and a text."""
    told, need = facts["header"], facts["need"]
    experts = f", {told['experts_used']} of {told['experts']} experts" if told["experts"] else ""
    quality = f" · {facts['quality']}" if facts["quality"] else ""
    rows = [
        ("model", facts["name"]),
        ("calls itself", " · ".join(text for text in (told["name"], told["size_label"], told["license"]) if text)),
        ("file", facts["file"] + (f" and {facts['parts'] - 1} more" if facts["parts"] > 1 else "")),
        ("size", f"{_gb(facts['bytes'])}, {_count(facts['parameters'])} parameters{experts}"),
        ("quant", f"{facts['quant'] or 'unknown'}, {told['bits_per_weight']:g} bits a weight{quality}"),
        ("kind", f"{facts['architecture']}, {told['layers']} layers, {told['vocabulary']:,} tokens known"),
        ("trained for", _trained(facts) + " tokens of context"),
        ("pictures", facts["projector"]),
        ("template", "its own" if told["chat_template"] else "none of its own"),
        ("cache", "" if told["rewinds"] else "cannot be cut back: edits and swipes have the prompt read anew"),
        ("tokens", "" if told["pre_tokenizer"] or told["tokenizer"] != "gpt2" else _OLD_BPE),
        ("author's", ", ".join(f"{name} {value:g}" for name, value in told["sampling"].items())),
        (
            "memory",
            f"weights {_gb(need['weights_bytes'])} + cache {_gb(need['cache_bytes'])} + working "
            f"{_gb(need['overhead_bytes'])} at {need['context_tokens']:,} tokens, {facts['kv_type']}; "
            f"free {_gb(need['free_bytes'])}: {need['fit']}",
        ),
    ]
    return [(label, text) for label, text in rows if text]


def _count(number: int) -> str:
    """Parameters as people say them: 135M, 8.0B."""
    return f"{number / 1e6:.0f}M" if number < 10**9 else f"{number / 1e9:.1f}B"


def _needs_table(needs: list[dict[str, Any]]) -> None:
    """What the model takes: a row for each context, a column for each type of the cache."""
    kinds = list(dict.fromkeys(need["kv_type"] for need in needs))
    by_context: dict[int, list[str]] = {}
    for need in needs:
        total = need["weights_bytes"] + need["cache_bytes"] + need["overhead_bytes"]
        by_context.setdefault(need["context_tokens"], []).append(f"{_gb(total)} {need['fit']}")
    table(
        [(f"{tokens:,}", *cells) for tokens, cells in by_context.items()],
        header=("context", *(f"cache {kind}" for kind in kinds)),
        right=(0,),
    )


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
