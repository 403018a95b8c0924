"""How a child process of this program is started: with the same Python, and so that it finds this very package."""

from __future__ import annotations

import os
import sys
import sysconfig
from pathlib import Path

import tavern_tui


def child_command(module: str, *arguments: str) -> list[str]:
    """The command line that runs ``module`` of this package."""
    # -P: the folder that the user happens to be in is not searched for modules.
    return [sys.executable, "-P", "-m", module, *arguments]


def child_environment() -> dict[str, str]:
    """This environment; a package that is not installed (a checkout) is found by the child too."""
    environment = dict(os.environ)
    root = str(Path(tavern_tui.__file__).resolve().parent.parent)
    if root != sysconfig.get_path("purelib"):
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, (root, environment.get("PYTHONPATH"))))
    return environment
