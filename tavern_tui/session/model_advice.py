"""Which models to look for on this machine: the table ``models.yaml``, judged by the memory that is free.

Advice and nothing else: nothing is ever fetched. Source: ``docs/ux.md`` §3.
"""

from __future__ import annotations

from dataclasses import dataclass
from importlib import resources

from tavern_tui.domain.memory_fit import COMFORTABLE
from tavern_tui.formats.yaml_text import read_yaml
from tavern_tui.storage.memory import available_memory

TABLE = "models.yaml"
GB = 10**9
_KEYS = ("memory_gb", "size", "quant", "file_gb", "needs_gb", "names")


@dataclass(frozen=True, slots=True)
class Advice:
    """One class of models. ``memory_gb``: from so much free memory on it fits comfortably, in GB (10^9 bytes).

    ``file_gb`` is what there is to download, ``needs_gb`` what it takes with 8,192 tokens of context. ``names`` are two
    well-known models, to search for as GGUF.
    """

    memory_gb: float
    size: str
    quant: str
    file_gb: float
    needs_gb: float
    names: tuple[str, str]


def all_advice() -> tuple[Advice, ...]:
    """The table, smallest first."""
    data = resources.files("tavern_tui.session").joinpath(TABLE).read_bytes()
    rows = read_yaml(data, where=TABLE).value
    return tuple(Advice(**{key: row[key] for key in _KEYS} | {"names": tuple(row["names"])}) for row in rows)


def advice_for(free: int | None) -> Advice | None:
    """The largest class that fits ``free`` bytes comfortably; ``None`` where none does or nothing is known."""
    if free is None:
        return None
    fitting = [row for row in all_advice() if row.needs_gb * GB <= free * COMFORTABLE]
    return fitting[-1] if fitting else None


def free_memory() -> int | None:
    """The free memory of this machine in bytes, within what a container allows; ``None`` where nobody tells."""
    return available_memory()


def advice_here() -> tuple[int | None, Advice | None]:
    """The free memory of this machine in bytes, and what fits it."""
    free = free_memory()
    return free, advice_for(free)
