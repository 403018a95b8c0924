"""The command line's entry: which commands exist, and what an error or a crash looks like.

Commands are imported only when they run; ``--version`` and ``--help`` not even click (``help``).

Exit codes: 0 done · 1 could not be done (the message says why) · 2 the command line makes no sense · 3 what was named
is not there · 4 the engine or server could not be used · 5 the reply broke off, its text is kept · 70 a bug · 130
interrupted.
"""

from __future__ import annotations

import importlib
import os
import sys
from typing import TYPE_CHECKING

import click

from tavern_tui import __version__
from tavern_tui.cli.help import ABOUT, COMMANDS, INCOGNITO, SAFE, SERVER

if TYPE_CHECKING:
    from tavern_tui.domain.errors import TavernError

PROGRAM = "tavern-tui"
_COMPLETION = "_TAVERN_TUI_COMPLETE"  # what click's completion scripts set
EXIT_DONE, EXIT_ERROR, EXIT_USAGE, EXIT_NOT_FOUND, EXIT_ENGINE, EXIT_BROKEN = range(6)
EXIT_BUG, EXIT_INTERRUPTED = 70, 130


class LazyGroup(click.Group):
    """A group that knows its commands by name and imports one only to run it."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Every command, in alphabetical order."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the module of ``cmd_name`` and hand out its command."""
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _ = COMMANDS[cmd_name]
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing them."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][2]) for name in self.list_commands(ctx)])


@click.group(
    cls=LazyGroup,
    help=ABOUT,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, prog_name=PROGRAM)
@click.option("--server", metavar="URL", help=SERVER)
@click.option("--safe", is_flag=True, help=SAFE)
@click.option("--incognito", is_flag=True, help=INCOGNITO)
@click.pass_context
def cli(ctx: click.Context, server: str | None, safe: bool, incognito: bool) -> object:
    """Keep what stands before the command, and run the chat where there is none."""
    ctx.obj = {"server": server, "safe": safe, "incognito": incognito}
    if ctx.invoked_subcommand is not None:
        return None
    command = ctx.command
    assert isinstance(command, LazyGroup)
    chat = command.get_command(ctx, "chat")
    assert chat is not None
    return ctx.invoke(chat)


def run(arguments: list[str] | None = None) -> int:
    """Run the command line; returns the exit code and lets no exception out."""
    from tavern_tui.domain.errors import TavernError

    _open_closed_streams()
    try:
        if _COMPLETION in os.environ:
            cli.main(prog_name=PROGRAM, complete_var=_COMPLETION)
        # Not click's ``main``: it takes a reader that has gone for a fault.
        with cli.make_context(PROGRAM, sys.argv[1:] if arguments is None else list(arguments)) as ctx:
            result = cli.invoke(ctx)
        return result if isinstance(result, int) else EXIT_DONE
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as wrong:
        return _explain(wrong)
    except (click.Abort, KeyboardInterrupt):
        return EXIT_INTERRUPTED
    except SystemExit as leaving:  # the end of a completion
        return leaving.code if isinstance(leaving.code, int) else EXIT_DONE
    except TavernError as error:
        return report(error)
    except OSError as error:
        return stdout_refused(error) if _of_stdout(error) else _report_bug(error)
    except Exception as bug:  # noqa: BLE001  the last boundary: a person gets one line, the log gets the rest
        return _report_bug(bug)


def report(error: TavernError) -> int:
    """Print ``error`` to stderr; returns the exit code that belongs to it."""
    from tavern_tui.cli.output import note
    from tavern_tui.cli.telling import told
    from tavern_tui.domain.errors import ContradictionError, EngineError, NotFoundError

    note(told(error))
    if isinstance(error, EngineError):
        return EXIT_ENGINE
    if isinstance(error, ContradictionError):
        return EXIT_USAGE
    return EXIT_NOT_FOUND if isinstance(error, NotFoundError) else EXIT_ERROR


def stdout_refused(error: OSError) -> int:
    """The end of a command whose output is not taken: a reader that has gone is no fault, anything else is told."""
    from tavern_tui.cli.output import is_gone, silence, unwritten

    silence(sys.stdout)
    return EXIT_DONE if is_gone(error) else report(unwritten(error))


def _of_stdout(error: OSError) -> bool:
    """Whether what was refused is our output: a reader that has gone, or click's printing of a help text."""
    from tavern_tui.cli.output import ReaderGoneError

    last = error.__traceback__
    while last is not None and last.tb_next is not None:
        last = last.tb_next
    return isinstance(error, ReaderGoneError) or (last is not None and last.tb_frame.f_code is click.echo.__code__)


def _open_closed_streams() -> None:
    """Put nothing in the place of streams that were closed before the start (``>&-``): Python has ``None`` there."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode, encoding="utf-8"))


def _explain(wrong: click.ClickException) -> int:
    """Say what of the command line makes no sense, and how the command is written; the exit code."""
    from tavern_tui.cli.output import note

    if isinstance(wrong, click.UsageError) and wrong.ctx is not None:
        note(wrong.ctx.get_usage())
        note(f"{wrong.ctx.command_path} --help explains it.")
    if isinstance(wrong, click.BadParameter) and not isinstance(wrong, click.MissingParameter):
        hint = wrong.param_hint or (wrong.param.get_error_hint(wrong.ctx) if wrong.param and wrong.ctx else "")
        named = hint if isinstance(hint, str) else ", ".join(hint)
        note(f"{named}: {wrong.message}" if named else wrong.message)
    else:
        note(wrong.format_message())
    return wrong.exit_code


def _report_bug(bug: Exception) -> int:
    from tavern_tui.cli.output import note
    from tavern_tui.domain.messages import stopped_at_start
    from tavern_tui.session.crash import write_crash_log

    log = write_crash_log(bug)
    told = stopped_at_start("a fault of its own", str(log or ""))
    note(told.plain if log else f"{told.title} {told.safe} Try: tavern-tui --safe")
    return EXIT_BUG
