"""What is known about keys: how they are spelt, which arrive on every terminal, which do not, and why.

Names are those that Textual gives to key events, so that a keymap can be bound as it is. Which action has which key is
said in ``actions.py`` and decided in ``keymap.py``. Sources: ``docs/ux.md`` §1, measured in tmux, over OpenSSH and in
Termux; the control codes of ECMA-48 §5.2, of which Ctrl+H, I, J, M and [ are Backspace, Tab, line feed, Enter and Esc.
"""

from __future__ import annotations

import functools
import unicodedata
from collections.abc import Sequence

_MODIFIERS = ("alt", "ctrl", "hyper", "meta", "shift", "super")
_ARROWS = ("up", "down", "left", "right")
_FUNCTION = tuple(f"f{number}" for number in range(1, 25))
_NAMED = (
    *("enter", "tab", "escape", "backspace", "delete", "insert"),
    *(*_ARROWS, "home", "end", "pageup", "pagedown", *_FUNCTION),
)
_BY_HAND = (  # what people write → Textual's name
    {"esc": "escape", "return": "enter", "del": "delete", "ins": "insert", "control": "ctrl", "option": "alt"}
    | {"pgup": "pageup", "page_up": "pageup", "pgdn": "pagedown", "page_down": "pagedown", "bksp": "backspace"}
    | {"←": "left", "→": "right", "↑": "up", "↓": "down"}
)
_SHORT_NAMES = (  # Unicode's name → Textual's
    {"solidus": "slash", "reverse_solidus": "backslash", "commercial_at": "at"}
    | {"hyphen_minus": "minus", "plus_sign": "plus", "low_line": "underscore"}
)
_UNICODE_NAMES = {short: long for long, short in _SHORT_NAMES.items()}
_SHOWN = (
    {"up": "↑", "down": "↓", "left": "←", "right": "→", "pageup": "PgUp", "pagedown": "PgDn", "space": "Space"}
    | {"enter": "Enter", "tab": "Tab", "escape": "Esc", "backspace": "Backspace", "home": "Home", "end": "End"}
    | {"delete": "Del", "insert": "Ins"}
)

SURE_CONTROLS = "fgjlnoprtyz"
"""The letters that arrive with Ctrl on every terminal and are not wanted by a line editor, a shell or tmux."""

_SURE = frozenset(
    (
        *("enter", "tab", "escape", "backspace", *_ARROWS, "pageup", "pagedown", "home", "end"),
        *(f"ctrl+{letter}" for letter in SURE_CONTROLS),
    )
)

_ARRIVES_AS = "arrives as {}, and no program can tell the two apart"
REFUSED: dict[str, str] = {
    "ctrl+h": _ARRIVES_AS.format("Backspace"),
    "ctrl+i": _ARRIVES_AS.format("Tab"),
    "ctrl+m": _ARRIVES_AS.format("Enter"),
    "ctrl+left_square_bracket": _ARRIVES_AS.format("Esc"),
    "ctrl+slash": _ARRIVES_AS.format("ctrl+_"),
    "alt+enter": _ARRIVES_AS.format("Enter in tmux"),
    "ctrl+space": "is eaten by input methods, and arrives under another name",
    "ctrl+at": "is what ctrl+space sends, and input methods eat that",
    "ctrl+@": "is what ctrl+space sends, and input methods eat that",
    "ctrl+s": "is pressed out of habit, to save, and answers that everything is saved",
    "ctrl+q": "is pressed out of habit, after ctrl+s, and must not do anything",
}
"""Keys that no action may have, in any place, with the reason as the end of a sentence about the key."""

DOUBTED: dict[str, str] = {
    "ctrl+a": "is the prefix of GNU screen",
    "ctrl+b": "is the prefix of tmux",
    "ctrl+circumflex_accent": "is the escape key of mosh",
    "ctrl+right_square_bracket": "is the escape key of telnet",
    "ctrl+backslash": "ends programs, and some terminals keep it",
    "shift+enter": "is plain Enter to most terminals",
    "ctrl+enter": "is plain Enter to most terminals",
    "delete": "is missing on phones",
    "insert": "is missing on phones",
    "shift+tab": "is missing on phones",
}
"""Keys that an action may have but that do not arrive everywhere; the reason as in ``REFUSED``."""

EDITING = frozenset(
    (
        *(*_ARROWS, "home", "end", "backspace", "delete"),
        *(f"ctrl+{letter}" for letter in "adekuvwx"),
        *("ctrl+backspace", "alt+backspace", "alt+delete", "ctrl+shift+k"),
        *(f"{modifier}+{arrow}" for modifier in ("ctrl", "ctrl+shift") for arrow in ("left", "right")),
        *(f"shift+{key}" for key in (*_ARROWS, "home", "end")),
    )
)
"""Keys that move in or change the text of the composer, cut and paste: they are left to it."""


_HYPHENS_UNTIL = 0x3000


def spelt(text: str) -> str:
    """Textual's name of the key that a person wrote as ``text``; "" where no key is called so.

    ``?`` and ``question_mark``, ``Esc`` and ``escape``, ``shift+g`` and ``G``, ``Ctrl+P`` and ``ctrl+p`` are the same.
    """
    if len(text) == 1:
        return _BY_HAND.get(text) or _named(text)
    written = text.strip()
    *modifiers, base = [part.strip() for part in written.split("+")] if not written.endswith("++") else _plus(written)
    held = {_BY_HAND.get(modifier.lower(), modifier.lower()) for modifier in modifiers}
    if not held <= set(_MODIFIERS):
        return ""
    name = _base(base)
    if not name:
        return ""
    if len(name) == 1 and name.isalpha():
        if held == {"shift"}:
            return name.upper()
        name = name.lower() if held else name
    return "+".join((*sorted(held), name))


def _plus(written: str) -> list[str]:
    """The parts of a chord with the plus sign itself: ``ctrl++``."""
    return [*(part.strip() for part in written[:-2].split("+")), "plus"]


def _base(text: str) -> str:
    """The name of a key without modifiers."""
    if len(text) == 1:
        return spelt(text)
    lower = text.lower()
    lower = _BY_HAND.get(lower, lower)
    return lower if lower in _NAMED or character(lower) else ""


def _named(char: str) -> str:
    """The name of the key that types ``char``."""
    if char.isalnum():
        return char
    called = unicodedata.name(char, "")
    if "-" in called and ord(char) >= _HYPHENS_UNTIL:
        return ""  # which underscores were hyphens could not be told again
    name = called.lower().replace("-", "_").replace(" ", "_")
    return _SHORT_NAMES.get(name, name) if char.isprintable() else ""


def character(key: str) -> str:
    """What ``key`` types, "" for a key that types nothing."""
    if len(key) == 1:
        return key
    if "+" in key or key in _NAMED:
        return ""
    try:
        found = unicodedata.lookup(_UNICODE_NAMES.get(key, key).replace("_", " "))
    except KeyError:
        return _with_hyphens().get(key, "") if "_" in key or key in _UNICODE_NAMES else ""
    return found if found.isprintable() and _named(found) == key else ""


@functools.cache
def _with_hyphens() -> dict[str, str]:
    """The signs whose Unicode names have hyphens, by key: which underscores were hyphens cannot be told from a key."""
    signs = (chr(code) for code in range(0x20, _HYPHENS_UNTIL))
    return {_named(sign): sign for sign in signs if not sign.isalnum() and "-" in unicodedata.name(sign, "")}


def shown(key: str) -> str:
    """``key`` as people read it: ``Esc``, ``↑``, ``ctrl+p``, ``?``, ``F1``."""
    *modifiers, base = key.split("+")
    typed = base if base in _SHOWN else character(base)
    end = _SHOWN.get(base) or typed or (base.upper() if base in _FUNCTION else base)
    return "+".join((*modifiers, end))


def shown_together(keys: Sequence[str]) -> str:
    """Several keys as people read them; a row of digits as ``1–9``."""
    digits = "".join(key for key in keys if len(key) == 1 and key.isdecimal())
    if len(digits) > 2 and digits == "".join(keys) and digits in "0123456789":
        return f"{digits[0]}–{digits[-1]}"
    return ", ".join(map(shown, keys))


def is_sure(key: str) -> bool:
    """Whether ``key`` may be the only way to an action: it arrives on every terminal, in tmux, and from a phone."""
    return key in _SURE or bool(character(key))


def refusal(key: str) -> str:
    """Why no action may have ``key``, as the end of a sentence about it; "" where one may."""
    *modifiers, base = key.split("+")
    if modifiers == ["alt"] and character(base):
        return f"is also what Esc and then {shown(base)} arrive as when typed fast"
    return REFUSED.get(key, "")


def doubt(key: str) -> str:
    """Why ``key`` may not arrive, as the end of a sentence about it; "" where nothing is known against it."""
    if key in DOUBTED:
        return DOUBTED[key]
    *modifiers, base = key.split("+")
    if base in _FUNCTION:
        return "is missing on phones, and some terminals keep it for themselves"
    if modifiers and modifiers != ["ctrl"]:
        return f"holds {' and '.join(modifiers)}, which many terminals do not report"
    if modifiers and not base.isalpha():
        return "is not reported by many terminals"
    if modifiers and len(base) > 1:
        return "is the plain key, or nothing, to many terminals"
    return ""


def nearest_key(text: str) -> str:
    """The name of a key that looks like ``text``, "" where none does."""
    *modifiers, base = text[:60].lower().split("+")
    from difflib import get_close_matches

    found = get_close_matches(base, [*_NAMED, *_BY_HAND, "space"], n=1, cutoff=0.6)
    return spelt("+".join((*modifiers, found[0]))) if found else ""
