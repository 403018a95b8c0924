"""Room for replies side by side: which contexts to try, and whether there is the memory for them.

A context that is full of prompt needs a response's length of its own for each reply but the first
(``memory_fit.cells``). Contexts grow when that is first asked for, so that nobody pays for it who never does.
"""

from __future__ import annotations

from collections.abc import Iterator

from tavern_tui.domain.memory_fit import COMFORTABLE, ELEMENT_BYTES, cells
from tavern_tui.engines.embedded.loading import Loaded
from tavern_tui.engines.embedded.longrope import short_context
from tavern_tui.engines.embedded.machine import free_bytes


def contexts_for(
    loaded: Loaded, tokens: int, sequences: int, replies: int, response_tokens: int, prompt_tokens: int
) -> Iterator[int]:
    """The contexts to try for ``replies`` side by side, in tokens, the roomiest first; none where they fit already.

    ``tokens`` and ``sequences`` are what the present context has room for, ``prompt_tokens`` what they share.
    """
    if sequences >= replies and tokens >= prompt_tokens + replies * response_tokens:
        return
    most = _most_tokens(loaded, tokens)
    for at_once in range(replies, 0, -1):
        wanted = cells(loaded.facts.context_tokens, at_once, response_tokens)
        if wanted <= tokens:
            if sequences < replies:
                yield tokens
            return
        if wanted <= most:
            yield wanted


def _most_tokens(loaded: Loaded, tokens: int) -> int:
    """How large a context may grow from ``tokens``, by free memory and without changing what positions mean."""
    lib, model = loaded.lib, loaded.model
    heads = max(1, lib.llama_model_n_head(model))
    element = ELEMENT_BYTES[loaded.facts.options.kv_type]
    per_token = 2 * element * lib.llama_model_n_layer(model) * lib.llama_model_n_head_kv(model)
    per_token *= lib.llama_model_n_embd(model) / heads
    free = free_bytes()
    most = tokens if free is None else tokens + int(free * COMFORTABLE / max(1.0, per_token))
    short = short_context(lib, model)
    return min(most, short) if short and loaded.facts.context_tokens <= short else most
