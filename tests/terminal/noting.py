"""The program, which notes what it shows: ``noting.py NOTES COMMAND …``.

``COMMAND`` is what would run it without notes: ``python -m tavern_tui``. A line of the notes is the class of a screen,
``file:function`` of the call of ``notify`` that made a toast, or ``UNSAFE`` and a line that was about to be painted.
"""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from typing import Any

from rich.segment import Segment
from textual.app import App
from textual.color import Color
from textual.events import ScreenResume
from textual.screen import Screen

import tavern_tui
from tavern_tui.ui.last_look import LastLook

UNSAFE = "unsafe: "
_PACKAGE = str(Path(tavern_tui.__file__).parent)


def take_notes(path: Path) -> None:
    """Write into ``path`` from now on."""
    notes = path.open("a", buffering=1, encoding="utf-8")
    resumed, notified, looked_over = Screen._on_screen_resume, App.notify, LastLook.apply

    def on_resume(screen: Screen[Any], event: ScreenResume) -> None:
        notes.write(f"{type(screen).__name__}\n")
        resumed(screen, event)

    def notify(app: App[Any], *arguments: Any, **named: Any) -> None:
        caller = sys._getframe(1)
        while not caller.f_code.co_filename.startswith(_PACKAGE) and caller.f_back is not None:
            caller = caller.f_back
        notes.write(f"{Path(caller.f_code.co_filename).stem}:{caller.f_code.co_name}\n")
        notified(app, *arguments, **named)

    def apply(net: LastLook, segments: list[Segment], background: Color) -> list[Segment]:
        kept = looked_over(net, segments, background)
        before, after = ("".join(segment.text for segment in some) for some in (segments, kept))
        if before != after:
            notes.write(f"{UNSAFE}{before!a}\n")
        return kept

    LastLook.apply = apply  # type: ignore[method-assign, assignment]
    Screen._on_screen_resume = on_resume  # type: ignore[method-assign, assignment]
    App.notify = notify  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    take_notes(Path(sys.argv[1]))
    module = sys.argv[sys.argv.index("-m") + 1]
    sys.argv = ["tavern-tui", *sys.argv[sys.argv.index("-m") + 2 :]]
    runpy.run_module(module, run_name="__main__")
