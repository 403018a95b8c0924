"""Runs a command of the program and tells what it cost up to its end, or up to the point where it asks an engine.

Run as ``python -m tests.bench.startup_probe RESULT ARGUMENT…`` in a process of its own. Asking an engine is the first
connection that is made, or the first other process that is started; the process ends there, so no engine starts.
``RESULT`` is a JSON file: ``asked`` (whether an engine was), ``modules`` (imported since the start), ``cpu`` (seconds).
Nothing is imported here before the command is, or it would not be counted.
"""

import sys

AT_START = frozenset(sys.modules)
ENGINE_ASKED = ("socket.connect", "subprocess.Popen")


def tell(path: str, *, asked: bool) -> None:
    """Write what the process has cost until now."""
    modules = sorted(set(sys.modules) - AT_START)
    import json
    import time

    with open(path, "w", encoding="utf-8") as out:  # noqa: PTH123  pathlib would count as one of the imports
        json.dump({"asked": asked, "modules": modules, "cpu": time.process_time()}, out)


def main() -> None:
    """Run the command that was named."""
    result, *arguments = sys.argv[1:]

    def watch(event: str, _details: object) -> None:
        if event in ENGINE_ASKED:
            import os

            tell(result, asked=True)
            os._exit(0)

    sys.addaudithook(watch)
    from tavern_tui.__main__ import main as program

    sys.argv[1:] = arguments
    try:
        program()
    finally:  # most commands end by leaving
        tell(result, asked=False)


if __name__ == "__main__":
    main()
