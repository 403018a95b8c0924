"""Asking before a key goes unencrypted: the command line's part of ``session.keys``."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from tavern_tui.domain.errors import EngineError
    from tavern_tui.session.workspace import Workspace

T = TypeVar("T")


def with_consent(workspace: Workspace, ask: Callable[[], Coroutine[Any, Any, T]], *, yes: bool = False) -> T:
    """What ``ask`` gives. Where a key would go unencrypted, the person at the terminal is asked first, or said ``yes``.

    The answer is remembered for that origin. Raises as ``ask`` does, also where the answer is no.
    """
    from tavern_tui.domain.errors import EngineError, EngineFault
    from tavern_tui.session.secret_list import allow_in_clear

    try:
        return asyncio.run(ask())
    except EngineError as error:
        if error.fault is not EngineFault.KEY_IN_CLEAR or not (yes or _confirmed(error)):
            raise
        allow_in_clear(workspace, error.where)
    return asyncio.run(ask())


def _confirmed(error: EngineError) -> bool:
    """Whether the person says yes; nobody does where there is no terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        return False
    return click.confirm(f"{error.title} Whoever is on the way can read it. Send it", err=True)
