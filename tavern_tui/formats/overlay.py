"""Writing a file back with everything that was in it: what nobody changed stands as it was found.

A codec says of a value which fields it has in the file's words. A field is written anew only where the value says
something else than the file did; so unknown fields, odd ways of writing and their order survive.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def overlaid(source: Mapping[str, Any], before: Mapping[str, Any], after: Mapping[str, Any]) -> dict[str, Any]:
    """``source`` with those fields of ``after`` that differ from ``before``, which is what reading ``source`` gave.

    A field that ``after`` lacks and ``before`` has is taken out.
    """
    changed = {key: value for key, value in after.items() if key not in before or not alike(before[key], value)}
    gone = before.keys() - after.keys()
    return {key: value for key, value in {**source, **changed}.items() if key not in gone}


def alike(first: Any, second: Any) -> bool:
    """Whether two values are the same to JSON: true is not 1, but 1.0 is."""
    if isinstance(first, bool) is not isinstance(second, bool):
        return False
    return bool(first == second)
