"""``Entry``: one message in the making, as the parts that it consists of.

A message whose text comes from several places (lore entries, squashed system messages) keeps a part for each, so that
a plan can tell them apart; the joined texts of its parts are the message.
Source of the costs: SillyTavern 1.12.6, ``src/endpoints/tokenizers.js`` and ``public/scripts/tokenizers.js``
(``countTokensOpenAI``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from tavern_tui.domain.request import Role
from tavern_tui.prompt.plan import Part, PartKind

MESSAGE_TOKENS = 3
"""What a message costs beside its role, its text and its name."""

NAME_TOKENS = 1
"""What a name costs beside its own tokens."""

REQUEST_TOKENS = 3
"""What a request costs beside its messages."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One message. ``identifier`` is the preset's word for it; ``parts`` are not empty and have one role and name."""

    identifier: str
    parts: tuple[Part, ...]

    @property
    def role(self) -> Role:
        """Who says it."""
        return self.parts[0].role

    @property
    def name(self) -> str:
        """The name that is sent with it."""
        return self.parts[0].name

    @property
    def content(self) -> str:
        """Its whole text."""
        return "".join(part.text for part in self.parts)

    def countable(self) -> Iterator[str]:
        """Every text whose tokens are to be known before the entry has a cost and its parts have theirs."""
        yield self.role.value
        yield self.name
        yield self.content
        if len(self.parts) > 1:
            yield from (part.text for part in self.parts)

    def cost(self, counts: Mapping[str, int]) -> int:
        """Tokens of the message; an empty one without a name is not sent and costs nothing."""
        if not self.content and not self.name:
            return 0
        return overhead(self.role, self.name, counts) + counts[self.content]

    def counted(self, counts: Mapping[str, int]) -> Entry:
        """The message, its parts with their tokens, which together are the cost: the longest bears the difference."""
        tokens = [counts[part.text] for part in self.parts]
        longest = max(range(len(tokens)), key=tokens.__getitem__)
        tokens[longest] += self.cost(counts) - sum(tokens)
        parts = (replace(part, tokens=tokens[at], joins=at > 0) for at, part in enumerate(self.parts))
        return Entry(self.identifier, tuple(parts))


def entry(
    identifier: str,
    text: str,
    kind: PartKind,
    source: str,
    *,
    role: Role = Role.SYSTEM,
    name: str = "",
    turn_id: str = "",
    reason: str = "",
    tokens: int = 0,
) -> Entry:
    """A message of one part."""
    part = Part(kind, source, text, tokens=tokens, role=role, name=name, turn_id=turn_id, reason=reason)
    return Entry(identifier, (part,))


def overhead(role: Role, name: str, counts: Mapping[str, int]) -> int:
    """Tokens of a message beside its text."""
    return MESSAGE_TOKENS + counts[role.value] + (counts[name] + NAME_TOKENS if name else 0)
