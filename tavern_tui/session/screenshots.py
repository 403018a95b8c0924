"""A picture of the screen in a file of the user's own."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import Final

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.errors import ContradictionError
from tavern_tui.session.moving_places import typed_path
from tavern_tui.storage.atomic import write_atomic

SUFFIX: Final = ".svg"
_FONTS: Final = re.compile(r"@font-face \{.*?\}\s*", re.S)


def keep_screenshot(typed: str, svg: str) -> Path:
    """Write the picture to the file that ``typed`` names, or by the time into that folder, or into the home; the path.

    What would make a viewer fetch fonts from the net is left out. Only its user reads the file. Blocks. Raises
    ``ContradictionError`` where a file is there, ``StorageError``.
    """
    path = typed_path(typed or "~")
    path = path / time.strftime(f"tavern-tui-%Y%m%d-%H%M%S{SUFFIX}") if path.is_dir() else path
    path = path if path.suffix else path.with_name(path.name + SUFFIX)
    if path.exists():
        raise ContradictionError(f"{safe_line(path.name)} is there already.", hint="Name another file.")
    write_atomic(path, _FONTS.sub("", svg).encode("utf-8", "replace"), mode=0o600)
    return path
