"""What is said about presets and samplers: the fixed texts of this matter, in the manner of ``messages``.

Names from files and servers are cut and made safe here.
"""

from __future__ import annotations

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.wording import Wording

_NAME = 40
_SHOWN = 3
"""Names that are told in a message; of more, how many there are."""


def _name(text: str) -> str:
    return safe_line(text, _NAME)


def _names(texts: tuple[str, ...]) -> str:
    shown = ", ".join(f"“{_name(text)}”" for text in texts[:_SHOWN])
    return shown if len(texts) <= _SHOWN else f"{shown} and {len(texts) - _SHOWN} more"


def not_followed(engine: str, what: str) -> Wording:
    """An engine has no way to follow a part of a request; ``what`` is a noun in the singular."""
    return Wording(f"{_name(engine)} takes no {what}: the reply is written without.")


def banned_unfollowed(engine: str, texts: tuple[str, ...]) -> Wording:
    """An engine cannot keep texts out of a reply."""
    return Wording(f"{_name(engine)} cannot keep texts out of a reply: {_names(texts)} may come.")


def limited(engine: str, what: str, most: int, given: int) -> Wording:
    """More of something was asked for than an engine takes; ``what`` is a noun in the plural."""
    return Wording(f"{_name(engine)} takes {most} {what}; the last {given - most} of {given} are left out.")


def bias_unknown(engine: str, texts: tuple[str, ...]) -> Wording:
    """An engine takes biases by token number only, and the numbers of these texts are not known."""
    return Wording(f"{_name(engine)} takes a bias by token number only: {_names(texts)} left out.")


def grammar_line(line: int, why: str) -> Wording:
    """A grammar cannot be read; ``line`` counts from 1, ``why`` is a sentence without its full stop."""
    return Wording(f"The grammar cannot be read at line {line}: {why}.", advice="Mend that line, or leave it out.")


def grammar_refused() -> Wording:
    """llama.cpp does not take a grammar in which every line can be read."""
    return Wording(
        "The grammar cannot be used: a rule begins with itself or repeats too often, or a token is not this model's."
    )


def schema_unread(why: str) -> Wording:
    """A JSON Schema cannot be read; ``why`` is a sentence without its full stop."""
    return Wording(f"The JSON Schema cannot be used: {why}.", advice="Mend it, or leave it out.")
