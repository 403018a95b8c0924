"""Pictures of screens: SVGs that a person looked at before they were kept beside the tests that draw them anew.

``TAVERN_SNAPSHOTS=write`` writes them; look at every one that changed.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

SIZES = [(45, 30), (45, 13), (80, 24), (120, 40)]
"""A phone, a phone with its keyboard up, a classic terminal, a wide one: columns and rows."""


def comparable(svg: str) -> str:
    """The picture without what differs from run to run (ids) or comes from the net (fonts)."""
    svg = re.sub(r"@font-face \{.*?\}\s*", "", svg, flags=re.S)
    ids = re.search(r"terminal-(\w+?)-matrix", svg)
    assert ids, "the picture has no screen"
    return svg.replace(ids.group(1), "log")


def assert_looks_as_kept(svg: str, path: Path) -> None:
    """Compare ``svg`` with the picture kept at ``path``, or keep it there where that was asked for."""
    picture = comparable(svg)
    if os.environ.get("TAVERN_SNAPSHOTS") == "write":
        path.parent.mkdir(exist_ok=True)
        path.write_text(picture, encoding="utf-8")
    assert picture == path.read_text(encoding="utf-8")
