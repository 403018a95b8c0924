"""httpx without its command line, which would load rich and pygments: half the time of importing it.

The other modules of this room take httpx from here. httpx itself does without that part where rich is not installed.
"""

from __future__ import annotations

import sys

_COMMAND_LINE = "httpx._main"

_known = sys.modules.get(_COMMAND_LINE)
sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment]  # what Python takes for a module that is not there
try:
    import httpx as httpx
finally:
    del sys.modules[_COMMAND_LINE]
    if _known is not None:
        sys.modules[_COMMAND_LINE] = _known
