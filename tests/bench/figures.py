"""What a measurement gives, and the child processes that measurements are taken in.

A figure of processor time or memory is taken in a fresh process, so that nothing an earlier item imported or cached
flatters it. Which items there are: ``__main__``.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tavern_tui.domain.events import Receipt

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(sys.executable).with_name("tavern-tui")


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table. ``measured`` of ``None``: this system does not tell.

    ``target`` is the budget of ``docs/architecture.md`` §8, the most that is allowed (the least for ``at_least``).
    ``command`` measures this line again; empty: the item that it belongs to.
    """

    what: str
    measured: float | None
    unit: str = ""
    digits: int = 0
    target: float | None = None
    at_least: bool = False
    command: str = ""

    @property
    def met(self) -> bool | None:
        """Whether the target is kept; ``None`` where there is none, or nothing was measured."""
        if self.target is None or self.measured is None:
            return None
        return self.measured >= self.target if self.at_least else self.measured <= self.target

    def written(self, value: float | None) -> str:
        """``value`` with this figure's digits and unit."""
        return "not told here" if value is None else f"{value:,.{self.digits}f} {self.unit}".rstrip()


def environment(home: Path) -> dict[str, str]:
    """The variables of a child: ours, on the library in ``home``, without a server that the user has set.

    Python may keep what it compiled, as it does for users; else every start would compile the program anew.
    """
    not_wanted = ("TAVERN_SERVER", "TAVERN_KEY", "PYTHONDONTWRITEBYTECODE")
    kept = {name: value for name, value in os.environ.items() if name not in not_wanted}
    return {**kept, "TAVERN_HOME": str(home), "PYTHONUTF8": "1"}


def run_child(module: str, *arguments: str | Path, home: Path) -> Any:
    """Run ``module`` of the bench in a fresh Python and read the JSON that it prints."""
    command = [sys.executable, "-m", module, *map(str, arguments)]
    done = subprocess.run(
        command, cwd=ROOT, env=environment(home), stdout=subprocess.PIPE, check=True, text=True, timeout=600
    )
    return json.loads(done.stdout)


def processor_seconds(command: Sequence[str | Path], home: Path) -> float:
    """User and system time of one run of ``command``, which must end well; its children are not counted."""
    with subprocess.Popen(command, cwd=home, env=environment(home), stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise subprocess.CalledProcessError(process.returncode, command)
    return used.ru_utime + used.ru_stime


def tokens_read(receipt: Receipt) -> int:
    """Tokens that were read of a reply's prompt; of a server that does not tell, those that were foreseen."""
    return (receipt.predicted if receipt.evaluated is None else receipt.evaluated) or 0
