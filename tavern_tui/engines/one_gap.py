"""``OneGap``: when a server that closes one gap (KoboldCpp's context shift) moves what stands behind it.

It looks for the longest run that the old and the new prompt share behind their common beginning. Where the new prompt
goes on with it there, and it is long enough, what stood before it is cut out and the run moves up; otherwise everything
behind the beginning is read again. Source: ``PurgeMissingTokens`` in KoboldCpp's ``gpttype_adapter.cpp``
(``docs/spec/backends.md`` §2.6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tavern_tui.engines.embedded.reuse import Stretch


@dataclass(frozen=True, slots=True)
class OneGap:
    """The rule for a context and a response of so many tokens."""

    context_tokens: int
    response_tokens: int

    def closed(self, found: Sequence[Stretch], wanted: int) -> list[Stretch]:
        """Which of the stretches ``found`` in what was read serve a prompt of ``wanted`` tokens."""
        beginning, *behind = found
        rest = wanted - beginning.length
        return [beginning, *(run for run in behind[:1] if run.length > self._least(rest))]

    def _least(self, rest: int) -> int:
        """The run that moves is longer than that, where ``rest`` tokens follow the common beginning."""
        shortfall = 200 + min(self.context_tokens // 30, 140)
        if rest < shortfall:
            return rest
        slack = 60 + min(self.context_tokens // 60, 70)
        usual = min(rest - (self.response_tokens + slack), int(self.context_tokens * 0.45))
        return max(usual, shortfall - slack)
