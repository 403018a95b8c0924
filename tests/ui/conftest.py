"""Fixtures of the UI tests: one terminal, no cursor that blinks and no animation: a screen is the same each time."""

from __future__ import annotations

import functools
import time
from collections import defaultdict
from collections.abc import Iterator

import pytest
from textual import constants
from textual.css import stylesheet
from textual.css.model import RuleSet
from textual.css.stylesheet import Stylesheet
from textual.css.tokenize import tokenize_values
from textual.css.tokenizer import Token


@pytest.fixture(autouse=True)
def _still_screen(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8"}.items():
        monkeypatch.setenv(name, value)
    for name in ("NO_COLOR", "TMUX", "SSH_CONNECTION", "TERMUX_VERSION", "TAVERN_SERVER", "LC_ALL", "LC_CTYPE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(constants, "TEXTUAL_ANIMATIONS", "none")


@pytest.fixture(autouse=True)
def _one_zone() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("TZ", "UTC")
        time.tzset()
        yield
    time.tzset()


@pytest.fixture(scope="session", autouse=True)
def _styles_parsed_once() -> Iterator[None]:
    """Each app would parse the same style sheets anew; here it takes what was parsed before for the same theme."""
    parsed: dict[tuple[tuple[str, str], ...], dict[tuple[object, ...], list[RuleSet]]] = defaultdict(dict)
    begin, change = Stylesheet.__init__, Stylesheet.set_variables

    def begun(self: Stylesheet, *, variables: dict[str, str] | None = None) -> None:
        begin(self, variables=variables)
        self._parse_cache = parsed[tuple((variables or {}).items())]  # type: ignore[assignment]

    def changed(self: Stylesheet, variables: dict[str, str]) -> None:
        self._parse_cache = {}  # type: ignore[assignment]  # it is emptied there
        change(self, variables)
        self._parse_cache = parsed[tuple(variables.items())]  # type: ignore[assignment]

    @functools.cache
    def tokens(variables: tuple[tuple[str, str], ...]) -> dict[str, list[Token]]:
        return tokenize_values(dict(variables))

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(stylesheet, "tokenize_values", lambda variables: tokens(tuple(variables.items())))
        patched.setattr(Stylesheet, "__init__", begun)
        patched.setattr(Stylesheet, "set_variables", changed)
        yield
