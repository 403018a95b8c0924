"""Esc and the next key pressed at once are two keys, not an Alt chord.

tmux holds Esc back for half a second and slow links deliver it together with the key that follows, so that ``Esc j``
arrives as one chord. Pure functions on key names; ``input`` gives every such chord the name that they read.
"""

from __future__ import annotations

import string
from dataclasses import dataclass
from typing import Final

from textual.keys import _character_to_key

_CHARACTERS: Final = {_character_to_key(character): character for character in string.punctuation + " "}
_CHARACTERS["enter"] = "\r"

_READLINE: Final = {"alt+b": "ctrl+left", "alt+f": "ctrl+right"}
"""What readline users and terminals that send ``Esc b`` for Option+Left mean by these while they are typing."""


@dataclass(frozen=True)
class Press:
    """One key as the app sees it: its name, and the character it types, if any."""

    key: str
    character: str | None


def escaped_name(character: str) -> str:
    """The name of Esc (or Alt) with ``character``: ``alt+j``, ``alt+shift+j``, ``alt+1``, ``alt+question_mark``."""
    if character == "\r":
        return "alt+enter"
    small = character.lower()
    if character.isalnum():
        # A capital that its small letter does not lead back to (İ, ǅ) keeps its own name.
        return f"alt+shift+{small}" if small != character == small.upper() and len(small) == 1 else f"alt+{character}"
    return f"alt+{_character_to_key(character)}"


def keys_meant(key: str, *, composer_empty: bool, text_selected: bool) -> tuple[Press, ...]:
    """The presses that the key event named ``key`` stands for, in order; none if it means only itself.

    In an empty composer with no text selected a chord is Esc and then its key. Otherwise ``alt+b`` and ``alt+f`` are
    the word movements of readline, and any other chord is left to the bindings: it types nothing.
    """
    if not composer_empty or text_selected:
        return (Press(_READLINE[key], None),) if key in _READLINE else ()
    alt, _, name = key.partition("+")
    shift, _, letter = name.partition("+")
    if alt != "alt" or not name:
        return ()
    if shift == "shift" and len(letter) == 1:
        name = letter.upper()
    character = name if len(name) == 1 else _CHARACTERS.get(name)
    return () if character is None else (Press("escape", "\x1b"), Press(name, character))
