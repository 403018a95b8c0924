"""``python -m tavern_tui`` and the two console scripts; imports nothing heavy itself."""

import sys

from tavern_tui import __version__


def main() -> None:
    """Run the command line and leave with its exit code."""
    if sys.argv[1:] == ["--version"]:
        # Asked by scripts and package tests, and not worth loading a command line parser.
        print(f"tavern-tui, version {__version__}")
        return
    from tavern_tui.cli.main import run

    sys.exit(run())


if __name__ == "__main__":
    main()
