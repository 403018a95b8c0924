"""``python -m tavern_tui`` and the two console scripts; imports nothing heavy itself."""

import sys


def main() -> None:
    """Run the command line and leave with its exit code."""
    from tavern_tui.cli.main import run

    sys.exit(run())


if __name__ == "__main__":
    main()
