"""The row that says what the model reads of a story: ``synopsis 420 · notes 180 · lore 260 · last 5,900 words``.

Pure. Where the row is too narrow, what is read of the text itself stays, and of the others the first.
"""

from __future__ import annotations

from collections.abc import Sequence

from rich.cells import cell_len


def strip_text(parts: Sequence[str], width: int) -> str:
    """``parts`` in ``width`` cells, divided by dots; the last always, others from the first on as they fit."""
    if not parts:
        return ""
    kept = list(parts)
    while len(kept) > 1 and cell_len(" · ".join(kept)) > width:
        del kept[-2]
    return " · ".join(kept)
