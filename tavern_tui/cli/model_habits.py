"""``tavern-tui models remember``: what is wanted with one model, and comes back whenever it writes."""

from __future__ import annotations

import click

from tavern_tui.cli.output import data, line


@click.command()
@click.argument("model")
@click.option("--preset", metavar="NAME", help="Its sampler preset.")
@click.option("--length", type=click.IntRange(16, 8192), metavar="N", help="Tokens of a reply.")
@click.option("--context-size", type=click.IntRange(min=256), metavar="N", help="Its context, in tokens.")
@click.option("--forget", is_flag=True, help="Let go of what is remembered.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def remember(
    ctx: click.Context,
    model: str,
    preset: str | None,
    length: int | None,
    context_size: int | None,
    forget: bool,
    as_json: bool,
) -> None:
    """Remember how replies of MODEL are made, in whatever chat; without options, say what is remembered.

    MODEL is a model file, or what a server calls its model. What is set for a chat or at a start counts for more. Its
    template is remembered by: models template MODEL NAME.
    """
    from dataclasses import asdict

    from tavern_tui.session import model_habits
    from tavern_tui.session.workspace import Workspace

    workspace = Workspace.open(safe=ctx.obj["safe"])
    given = {"preset": preset, "response_tokens": length, "context_tokens": context_size}
    changes = {field: value for field, value in given.items() if forget or value is not None}
    name, kept = model_habits.remember(workspace, model, changes)
    if as_json:
        data({"model": name, **asdict(kept)})
        return
    told = (
        (kept.preset, f"preset {kept.preset}"),
        (kept.response_tokens, f"replies of {kept.response_tokens} tokens"),
        (kept.context_tokens, f"a context of {kept.context_tokens or 0:,} tokens"),
    )
    line(f"{name}: {', '.join(text for value, text in told if value) or 'nothing is remembered'}")
