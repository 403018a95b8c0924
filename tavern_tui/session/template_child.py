"""The child process that renders a model's chat template: within limits, and without anything of the user's.

Run as ``python -m tavern_tui.session.template_child``. It reads one JSON object, renders, and writes one JSON list.
What a template can do inside Jinja's sandbox is to compute and to grow, so the process may use ``CPU_SECONDS`` of
processor time and ``GROWTH_BYTES`` of memory more than it had before it saw the template; beyond them it dies.
``session.own_template`` is the other end.
"""

from __future__ import annotations

import json
import os
import resource
import signal
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

from tavern_tui.domain.request import Role
from tavern_tui.prompt.jinja_rendering import structures
from tavern_tui.prompt.jinja_template import Refusal, RoleOrder, Structure

CPU_SECONDS = 1.0
GROWTH_BYTES = 64 * 1024 * 1024
TOO_MUCH_MEMORY = 3
"""The exit status where the memory did not suffice."""


def limit_this_process() -> None:
    """Let this process use only a little more from here on; what a system does not offer is left out.

    Linux and Android count the address space; where there is no ``/proc``, the other end's wall clock is the limit.
    """
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    used = resource.getrusage(resource.RUSAGE_SELF)
    seconds = int(used.ru_utime + used.ru_stime + CPU_SECONDS) + 2
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    signal.signal(signal.SIGPROF, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)  # finer than RLIMIT_CPU, which counts whole seconds
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    except (OSError, ValueError):
        return
    most = pages * os.sysconf("SC_PAGE_SIZE") + GROWTH_BYTES
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _order(asked: dict[str, Any]) -> RoleOrder:
    roles = tuple(Role(role) for role in asked["roles"])
    return RoleOrder(roles, asked["reply"], tuple((name, value) for name, value in asked["variables"]))


def _answer(found: Structure | Refusal) -> dict[str, Any]:
    if isinstance(found, Refusal):
        return {"refused": found.why}
    return {"pieces": found.pieces, "trims": found.trims}


def main() -> int:
    """Render what standard input asks for."""
    asked = json.loads(sys.stdin.buffer.read())
    orders = [_order(order) for order in asked["orders"]]
    now = datetime.fromisoformat(asked["now"])
    limit_this_process()
    try:
        found = structures(asked["source"], orders, bos=asked["bos"], eos=asked["eos"], now=now)
        answer = json.dumps([_answer(one) for one in found]).encode("ascii")
    except MemoryError:
        return TOO_MUCH_MEMORY
    sys.stdout.buffer.write(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
