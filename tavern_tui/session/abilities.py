"""What an engine can do, in words: for ``connect``, the test of a connection, and the writers' list."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import fields

from tavern_tui.domain.messages import number
from tavern_tui.domain.preset import SamplerPreset
from tavern_tui.engines.base import Capabilities

_WORDS: tuple[tuple[Callable[[Capabilities], object], str], ...] = (
    (lambda can: can.text_completion, "text completion"),
    (lambda can: can.chat_completion, "chat completion"),
    (lambda can: can.exact_count, "exact token counts"),
    (lambda can: can.token_ids, "token ids"),
    (lambda can: can.prefill, "a given beginning of the reply"),
    (lambda can: can.seed, "seed"),
    (lambda can: can.grammar, "grammar (GBNF)"),
    (lambda can: can.json_schema, "JSON schema"),
    (lambda can: can.logit_bias, "logit bias"),
    (lambda can: can.banned, "banned strings"),
    (lambda can: can.recovers, "the rest of a reply after a broken link"),
)


def abilities(can: Capabilities) -> list[str]:
    """Everything that it can do, each in a few words."""
    return [*(words for has, words in _WORDS if has(can)), *_counted(can)]


def _counted(can: Capabilities) -> Iterator[str]:
    if can.alternatives:
        yield f"{number(can.alternatives)} alternatives for each token"
    if can.parallel > 1:
        yield f"{number(can.parallel)} replies at once"
    if can.stop_limit:
        yield f"{number(can.stop_limit)} stop strings at most"


def samplers_in_words(can: Capabilities) -> str:
    """Which samplers have an effect: ``temperature, min-p, DRY …``; in the order of the preset."""
    order = [each.name for each in fields(SamplerPreset)]
    known = [name for name in order if name in can.samplers]
    others = sorted(can.samplers - set(order))
    return ", ".join(name.replace("_", " ") for name in (*known, *others)) or "none"
