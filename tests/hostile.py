"""Thirty texts that try to drive a terminal, and the check that none of them got through."""

from __future__ import annotations

import re

HOSTILE: dict[str, str] = {
    "clear screen": "\x1b[2J\x1b[H",
    "window title": "\x1b]0;owned\x07",
    "window title, string terminator": "\x1b]2;owned\x1b\\",
    "clipboard write": "\x1b]52;c;cm0gLXJmIC8=\x07",
    "clipboard write in tmux": "\x1bPtmux;\x1b\x1b]52;c;cm0=\x07\x1b\\",
    "hyperlink": "\x1b]8;;http://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "alternate screen": "\x1b[?1049h",
    "bracketed paste off": "\x1b[?2004l",
    "mouse tracking on": "\x1b[?1003h",
    "device status": "\x1b[6n",
    "answerback": "\x05",
    "terminal reset": "\x1bc",
    "colours": "\x1b[31;47;5m",
    "cursor up and overwrite": "\x1b[1A\x1b[2Kgone",
    "scroll region": "\x1b[1;2r",
    "C1 CSI": "\x9b2J",
    "C1 OSC": "\x9d0;owned\x9c",
    "C1 DCS": "\x90q\x9c",
    "device control string": "\x1bP1$qm\x1b\\",
    "application program command": "\x1b_Gf=100;\x1b\\",
    "bell": "ding\x07",
    "backspaces": "good\x08\x08\x08\x08evil",
    "carriage return": "good\revil",
    "null": "a\x00b",
    "delete": "a\x7fb",
    "form feed and vertical tab": "a\x0c\x0bb",
    "right-to-left override": "\u202egnp.exe",
    "isolates and marks": "\u2066a\u2069\u200eb\u200fc\u061c",
    "tag characters": "hi\U000e0068\U000e0069",
    "lone surrogate and line separators": "a\ud800b\u2028c\u2029d\ufeff",
}
assert len(HOSTILE) == 30

_DRIVING = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u206f\ufeff\U000e0000-\U000e0fff]"
)


def driving_characters(output: bytes) -> list[str]:
    """Every character in raw terminal output that could drive a terminal; must be empty. Undecodable bytes count."""
    return [repr(match) for match in _DRIVING.findall(output.decode("utf-8"))]
