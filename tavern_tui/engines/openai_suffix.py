"""Whether a server of OpenAI's kind reads ``suffix``, the text behind a gap in a prompt: tried, since it is not told.

Servers that do not know the field refuse it or pass over it. Who reads it counts it: the same prompt is sent with it,
and without, for one token, and what the server says that it has read is compared. Source: OpenAI's API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tavern_tui.engines.dialects import Asking
from tavern_tui.engines.faults import complaint
from tavern_tui.engines.json_shape import int_at

_BEFORE: Final = "The fog came in from the sea, and"
_AFTER: Final = " Nobody in the harbour saw it, for they were all asleep in their beds by then."
_LEAST_TOKENS: Final = len(_AFTER.split())


async def reads_suffix(asking: Asking, path: str, fields: Mapping[str, object], length: str) -> bool:
    """Whether the completions at ``path`` do. ``fields`` go with every request, ``length`` names a reply's tokens.

    Raises ``EngineError`` where the server cannot be reached.
    """
    body = {**fields, "prompt": _BEFORE, "stream": False, length: 1}
    read = []
    for one in (body, {**body, "suffix": _AFTER}):
        answer = await asking.post(path, one)
        tokens = int_at(answer.json, "usage", "prompt_tokens")
        if answer.status >= 300 or complaint(answer.json) or tokens is None:
            return False
        read.append(tokens)
    return read[1] - read[0] >= _LEAST_TOKENS
