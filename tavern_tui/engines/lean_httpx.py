"""httpx without its command line, which would load rich and pygments: half the time of importing it.

The other modules of this room take httpx from here. httpx itself does without that part where rich is not installed.
Where sniffio is not installed, httpcore looks for it anew at every request, which takes longer than the rest of one on
a slow disk: it is known to be missing here.
"""

from __future__ import annotations

import sys
from importlib.util import find_spec

_COMMAND_LINE = "httpx._main"

if "sniffio" not in sys.modules and find_spec("sniffio") is None:
    sys.modules["sniffio"] = None  # type: ignore[assignment]  # what Python takes for a module that is not there

_known = sys.modules.get(_COMMAND_LINE)
sys.modules[_COMMAND_LINE] = None  # type: ignore[assignment]
try:
    import httpx as httpx
finally:
    del sys.modules[_COMMAND_LINE]
    if _known is not None:
        sys.modules[_COMMAND_LINE] = _known
