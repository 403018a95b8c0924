"""Which macros there are, for whoever completes or lists them."""

from __future__ import annotations

from tavern_tui.prompt.macros import MACROS


def macro_names() -> list[tuple[str, str]]:
    """How each macro is written, with its braces, and what it becomes; by name, those in angle brackets left out."""
    return sorted({macro.written: macro.becomes for macro in MACROS if macro.written.startswith("{{")}.items())
