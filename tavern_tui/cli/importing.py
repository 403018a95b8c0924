"""``tavern-tui import``: take in what somebody has from other programs, and tell what came and what did not."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tavern_tui.cli.output import data, line, note, progress_on_one_line, table

if TYPE_CHECKING:
    from tavern_tui.session.moving_in import MovingWishes
    from tavern_tui.session.moving_report import MovingReport
    from tavern_tui.session.workspace import Workspace

_FIRST_SECONDS, _AGAIN_SECONDS = 0.5, 0.2
_FEW = 10  # lines of a kind on the screen; the rest is in --json
_LONGEST = 300  # characters of one


@click.command("import")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path), metavar="PATH...")
@click.option("--dry-run", is_flag=True, help="Tell what would come; change nothing.")
@click.option("--with-secrets", is_flag=True, help="Take the keys of servers over, each bound to its server.")
@click.option("--with-backups", is_flag=True, help="Take SillyTavern's backups of chats, too.")
@click.option(
    "--repair", is_flag=True, help="Take a sound copy of what cannot be kept as it is, and tell what it cost."
)
@click.option(
    "--policy", type=click.Choice(("economy", "classic")), help="How prompts of the chats are made, where they are new."
)
@click.option("--last", is_flag=True, help="Show the receipt of the last import again.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with every single thing.")
@click.pass_context
def import_(
    ctx: click.Context,
    paths: tuple[Path, ...],
    dry_run: bool,
    with_secrets: bool,
    with_backups: bool,
    repair: bool,
    policy: str | None,
    last: bool,
    as_json: bool,
) -> None:
    """Take files, folders and archives of other programs into the library, told by their content.

    PATH may be a SillyTavern folder or one of its users (data/default-user), a backup of it as .zip or .tar.gz, a card,
    a lorebook, a chat, a preset, or a folder of any of these. It is only read. Importing the same again is an update.
    """
    from tavern_tui.session.moving_in import MovingWishes
    from tavern_tui.session.moving_report import as_plain, keep_report, last_report
    from tavern_tui.session.workspace import Workspace

    workspace = Workspace.open(safe=ctx.obj["safe"])
    if last == bool(paths):
        raise click.UsageError("Say what to import, or --last for the last receipt.")
    if last:
        report = last_report(workspace)
    else:
        wishes = MovingWishes(dry_run, with_secrets, with_backups, policy or "", repair)
        report = _imported(workspace, paths, wishes)
        if not dry_run:
            keep_report(workspace, report)
    if as_json:
        data(as_plain(report))
    else:
        show_report(report)


def _imported(workspace: Workspace, paths: tuple[Path, ...], wishes: MovingWishes) -> MovingReport:
    from tavern_tui.session.moving_in import MovingIn

    progress = _Progress()
    try:
        return MovingIn(workspace, wishes, progress.tell).take(paths)
    finally:
        progress.end()


class _Progress:
    """How far it is, on one line of a terminal; nothing of what is done within a moment."""

    def __init__(self) -> None:
        self._next = time.monotonic() + _FIRST_SECONDS
        self._open = False

    def tell(self, done: int, of: int, name: str) -> None:
        """Tell it, if it is time to."""
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + _AGAIN_SECONDS
        self._open = progress_on_one_line(f"{done:,} of {of:,} · {name[:50]:<50}") or self._open

    def end(self) -> None:
        """Leave the line."""
        if self._open:
            progress_on_one_line("\n")


def show_report(report: MovingReport, *, nothing: str = "There is nothing in it that can be imported.") -> None:
    """Print a receipt: counts to stdout, what was left behind to stderr; ``nothing`` where there are none."""
    from tavern_tui.domain.exchange import Outcome
    from tavern_tui.session.moving_report import told_sections

    counts = report.counts()
    if counts:
        shown = [one for one in Outcome if any(count[one] for count in counts.values())]
        table(
            [(kind, *(f"{count[one]:,}" if count[one] else "" for one in shown)) for kind, count in counts.items()],
            header=("what", *(one.value for one in shown)),
            right=tuple(range(1, len(shown) + 1)),
        )
    else:
        line(nothing)
    if report.rehearsal:
        line("Nothing was changed: this was a dry run.")
    for title, told in told_sections(report):
        _tell(title, told)
    for text in report.notes:
        note(text)
    if report.latest is not None and report.latest.character and not report.rehearsal:
        latest = report.latest
        line(f"Your last chat: {latest.character}, {latest.turns:,} turns. Go on with it:")
        line(f'  tavern-tui chat "{latest.character}" --chat "{latest.name}"')


def _tell(title: str, lines: list[str]) -> None:
    note(f"{title}:")
    for text in lines[:_FEW]:
        note(f"  {text if len(text) <= _LONGEST else text[:_LONGEST] + ' … (--json has all of it)'}")
    if len(lines) > _FEW:
        note(f"  … and {len(lines) - _FEW:,} more (--json lists them all)")
