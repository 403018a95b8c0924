"""Fixtures of the UI tests: no cursor that blinks and no animation, so that a screen is the same each time."""

from __future__ import annotations

import pytest
from textual import constants


@pytest.fixture(autouse=True)
def _still_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(constants, "TEXTUAL_ANIMATIONS", "none")
