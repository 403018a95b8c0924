"""``Retreat``: a reply that has written a banned text goes back to where that began and writes on otherwise.

The token that the text began with may not come at that place again. Where that does not help, or goes on and on, the
token that would complete the text is kept from coming instead (``rules.Banned``), and what begins like it stays. Nobody
sees what was taken back: ``reply.SampledText`` holds it until it is known.
"""

from __future__ import annotations

from dataclasses import replace

from tavern_tui.engines.embedded.rules import Rules

MOST_AT_A_PLACE = 10
"""Beginnings that are tried at one place of a reply."""
MOST_IN_A_REPLY = 100
"""Times that one reply goes back."""


class Retreat:
    """The way back of one reply under ``rules``; ``possible``: what was read can be cut off again."""

    def __init__(self, rules: Rules, *, possible: bool) -> None:
        self._rules = rules
        self._forbidden: dict[int, tuple[int, ...]] = {}
        self.watches = possible and any(rules.banned)
        self.count = 0

    @property
    def rules(self) -> Rules:
        """What the sampler chain has to see to; not the banned texts, as long as there is a way back from them."""
        return replace(self._rules, banned=()) if self.watches else self._rules

    def slipped(self, place: int, token: int) -> Rules:
        """A banned text began with ``token`` at ``place`` (the tokens of the reply before it); the rules from there."""
        self.count += 1
        self._forbidden = {at: tokens for at, tokens in self._forbidden.items() if at <= place}
        tried = (*self._forbidden.get(place, ()), token)
        self._forbidden[place] = tried
        if len(tried) > MOST_AT_A_PLACE or self.count >= MOST_IN_A_REPLY:
            self.watches = False
            return self.rules
        return replace(self.rules, forbidden=tried)
