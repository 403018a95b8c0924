"""``python -m tavern_tui`` and the two console scripts; imports nothing heavy itself."""

import sys

from tavern_tui import __version__


def main() -> None:
    """Run the command line and leave with its exit code."""
    answer = _at_once(sys.argv[1:])
    if answer:
        try:
            print(answer, flush=True)
        except OSError as error:
            from tavern_tui.cli.main import stdout_refused

            sys.exit(stdout_refused(error))
        return
    from tavern_tui.starting import prepare

    prepare()
    from tavern_tui.cli.main import run

    sys.exit(run())


def _at_once(arguments: list[str]) -> str:
    """The answer to what scripts and newcomers ask, which is not worth loading a command line parser; else nothing."""
    if arguments == ["--version"]:
        return f"tavern-tui, version {__version__}"
    if arguments in (["--help"], ["-h"]):
        from tavern_tui.cli import help

        return help.page(help.terminal_columns())
    return ""


if __name__ == "__main__":
    main()
