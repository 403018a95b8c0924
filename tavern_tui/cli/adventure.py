"""``tavern-tui adventure``: scenarios listed, and an adventure begun."""

from __future__ import annotations

import click

from tavern_tui.cli.output import data, line, note, table


@click.command()
@click.argument("scenario", default="")
@click.argument("answers", nargs=-1)
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def adventure(ctx: click.Context, scenario: str, answers: tuple[str, ...], as_json: bool) -> None:
    """Begin SCENARIO, a title or a word of one, with ANSWERS to its questions; without one, list what there is.

    An answer is a number of those that are offered or a text; questions left open take their first. docs/adventure.md
    tells how an adventure is played.
    """
    from tavern_tui.session.modes.scenarios import begin, scenario_named, scenarios
    from tavern_tui.session.workspace import Workspace

    workspace = Workspace.open(safe=ctx.obj["safe"])
    if not scenario:
        found, problems = scenarios(workspace)
        for problem in problems:
            note(problem)
        if as_json:
            data([{"title": one.title, "about": one.about, "questions": [q.ask for q in one.asked]} for one in found])
        else:
            table([(one.title, one.about) for one in found], header=("scenario", "about"))
        return
    chosen = scenario_named(workspace, scenario)
    if len(answers) > len(chosen.asked):
        raise click.UsageError(f"{chosen.title} asks {len(chosen.asked)} questions.")
    given = dict(zip((question.name for question in chosen.asked), answers, strict=False))
    log = begin(workspace, chosen, given)
    if as_json:
        data({"chat": log.path.stem})
    else:
        line(log.path.stem)
        note(f"tavern-tui chat --chat “{log.path.stem}” plays it.")
