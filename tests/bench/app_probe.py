"""Runs the program on the terminal that it is started in, and tells what it cost up to the first frame of its chat.

Run as ``python -m tests.bench.app_probe RESULT WORD ARGUMENT…`` in a process of its own. The frame is the first that
shows ``WORD``; the process ends there. ``RESULT`` is a JSON file: ``modules`` (imported since the start), ``cpu``
(seconds), ``resident`` (bytes; ``None`` where the system has no ``/proc``). Hardly anything is imported here before
the program is, or it would not be counted.
"""

import os
import sys

AT_START = frozenset(sys.modules)


def tell(path: str) -> None:
    """Write what the process has cost until now."""
    modules = sorted(set(sys.modules) - AT_START)
    import json
    import time

    found = {"modules": modules, "cpu": time.process_time(), "resident": resident()}
    with open(path, "w", encoding="utf-8") as out:  # noqa: PTH123  pathlib would count as one of the imports
        json.dump(found, out)


def resident() -> int | None:
    """Resident bytes of this process, from Linux's ``/proc/self/statm``."""
    try:
        with open("/proc/self/statm", encoding="ascii") as statm:  # noqa: PTH123  as above
            return int(statm.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except OSError:
        return None


def main() -> None:
    """Run the program until its chat is on screen."""
    result, word, *arguments = sys.argv[1:]
    from tavern_tui.ui.terminal.output import Output

    paint = Output.frame

    def frame(self: Output, text: str) -> bool:
        taken = paint(self, text)
        if word in text:
            tell(result)
            os._exit(0)
        return taken

    vars(sys.modules[Output.__module__])["Output"].frame = frame
    from tavern_tui.__main__ import main as program

    sys.argv[1:] = arguments
    program()


if __name__ == "__main__":
    main()
