"""The figures of a reply that ended before the engine told its own."""

from __future__ import annotations

from tavern_tui.engines.base import PrefillProgress, Usage
from tavern_tui.session.meter import Meter


def test_the_first_progress_of_the_prompt_tells_what_was_reused() -> None:
    seconds = iter([0.0, 2.0, 2.5, 4.0])
    meter = Meter(lambda: next(seconds))
    meter.heard(PrefillProgress(400, 416))
    meter.heard(PrefillProgress(416, 416))
    for _ in range(3):
        meter.text_arrived()
    assert meter.usage(30) == Usage(16, 400, 30, 2000.0, 2000.0)


def test_what_was_not_told_stays_unknown() -> None:
    assert Meter(lambda: 0.0).usage(0) == Usage(None, None, 0, None, None)
