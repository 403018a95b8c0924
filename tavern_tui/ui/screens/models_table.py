"""Which models fit this machine, as rows of a list: memory, size class, quantisation, two well-known names. Pure.

The table is ``session.model_advice``'s. It is advice: nothing of it is ever fetched.
"""

from __future__ import annotations

from tavern_tui.session.model_advice import GB, Advice, advice_for, all_advice
from tavern_tui.ui.chatlog.lines import Glyphs
from tavern_tui.ui.widgets.rows import ListRow, plain

TABLE = "/table "
"""How the ids of the rows begin."""


def table_heading(free: int | None) -> str:
    """What stands above the rows, ``free`` bytes of memory given."""
    return f"What to look for · {free / GB:.1f} GB are free" if free is not None else "What to look for"


def table_rows(free: int | None, glyphs: Glyphs) -> list[ListRow]:
    """A row for each class of models; those beyond what is free are dimmed, the largest that fits is marked."""
    best = advice_for(free)
    rows = []
    for one in all_advice():
        beyond = free is not None and one.needs_gb * GB > free
        right = f"{'best · ' if one == best else ''}from {one.memory_gb:g} GB"
        rows.append(
            ListRow(
                f"{TABLE}{one.size}",
                plain(f"{one.size} · {one.quant}", glyphs),
                plain(right, glyphs),
                plain(", ".join(one.names), glyphs),
                muted=beyond,
            )
        )
    return rows


def about_row(row: ListRow, folder: str) -> str:
    """What is to be said of a row: what it takes, and how one comes by such a model. ``folder`` is where files go."""
    one = advice_of(row)
    return (
        f"About {one.file_gb:g} GB to download, {one.needs_gb:g} GB in memory with 8,192 tokens of context. Search for"
        f" its name with “GGUF” and put the file into {folder}: nothing is fetched from here."
    )


def advice_of(row: ListRow) -> Advice:
    """The class of models that a row shows. Raises ``StopIteration`` for another row."""
    return next(one for one in all_advice() if row.id == f"{TABLE}{one.size}")
