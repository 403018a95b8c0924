"""``safe``: the one way of untrusted text to a screen or to stdout.

Cards, lorebooks, chats, model output, server answers and file names may hold escape sequences, overrides of the
writing direction and invisible tags. Bytes are kept verbatim in storage; only what is shown passes through here.
"""

from __future__ import annotations

import re

# C0 but tab and newline, DEL, C1, bidirectional controls, tag characters, deprecated format characters, line and
# paragraph separators (terminals disagree on them), the byte order mark, interlinear anchors and lone surrogates.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f"
    "\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e0fff]"
)
_LINE_BREAKS = re.compile("[\t\n]+")


def _mark(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code == 0x0D:
        return ""
    if code < 0x20:
        return chr(0x2400 + code)
    if code == 0x7F:
        return "␡"
    if 0xE0000 <= code <= 0xE0FFF:
        return ""
    return "\ufffd"


def safe(text: str) -> str:
    """``text`` with everything removed that could drive a terminal; newlines and tabs stay.

    C0 controls become their visible pictures (``␛``), carriage returns and tag characters vanish, the rest becomes
    the replacement character. Idempotent; the result can be encoded as UTF-8.
    """
    return _UNSAFE.sub(_mark, text)


def without_controls(text: str) -> str:
    """``text`` without all that ``safe`` would mark, and without newlines and tabs: it is as many cells wide as before.

    For a last look at what is about to be painted, where everything should be safe already.
    """
    return text if text.isprintable() else _LINE_BREAKS.sub("", _UNSAFE.sub("", text))


def safe_line(text: str, limit: int = 0) -> str:
    """``safe`` for one line: runs of newlines and tabs become one space; cut to ``limit`` characters with ``…``."""
    line = _LINE_BREAKS.sub(" ", safe(text)).strip()
    if limit and len(line) > limit:
        return line[: max(0, limit - 1)].rstrip() + "…"
    return line
