"""Names of files made from titles and names that anybody may have written: safe on every system, and free.

Which of them are taken is the caller's to know.
"""

from __future__ import annotations

import itertools
import re
import unicodedata
from collections.abc import Iterator

_NAME_BYTES = 120  # of 255: room for a number, the suffix and what sync tools add
# Separators, what Windows and Android refuse, controls, and characters that change how a name is shown.
_UNSAFE = re.compile(r'[/\\:*?"<>|\x00-\x1f\x7f-\x9f\ud800-\udfff\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]+')
_RESERVED = re.compile(r"(?i)(con|prn|aux|nul|com\d|lpt\d)(\.|$)")


def stems(title: str, fallback: str) -> Iterator[str]:
    """File names without a suffix for what is called ``title``: its safe characters, then the same with a number,
    without end. ``fallback`` is the name where nothing safe is left.
    """
    safe = " ".join(_UNSAFE.sub("-", unicodedata.normalize("NFC", title)).split())
    safe = safe.strip(" .-") or fallback
    if _RESERVED.match(safe):
        safe = f"{fallback} {safe}"
    stem = safe.encode("utf-8")[:_NAME_BYTES].decode("utf-8", "ignore").rstrip(" .")
    yield stem
    for number in itertools.count(2):
        yield f"{stem} {number}"
