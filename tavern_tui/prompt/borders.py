"""What a prompt may have more tokens than its parts have one by one, and where it cannot.

Where a part ends in a control token, or the next begins with one, the two are tokenised apart and the sum is exact.
Elsewhere blank lines at a border are tokenised together with what stands beyond it: up to one token more for each turn
(0.9 measured under Alpaca). SillyTavern adds 64 to the whole instead.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from tavern_tui.domain.template import InstructTemplate
from tavern_tui.prompt.plan import Part, PartState


@dataclass(frozen=True, slots=True)
class Borders:
    """How one template's borders count. ``blank``: with blank lines; ``apart``: with control tokens."""

    blank: bool
    apart: bool

    def beside(self, text: str) -> int:
        """Tokens to be kept free for a part with this body."""
        return 0 if self.apart else int(self.blank or text != text.strip())

    def within(self, parts: Iterable[Part], head: int) -> int:
        """Tokens kept free in a plan whose first ``head`` parts are its head."""
        inside = (part for place, part in enumerate(parts) if place >= head and part.state is PartState.IN)
        return sum(self.beside(part.body) for part in inside)


def borders(template: InstructTemplate | None) -> Borders:
    """The borders of a template; plain text has lines."""
    if template is None:
        return Borders(blank=False, apart=False)
    ends = ((template.input_suffix, template.output_sequence), (template.output_suffix, template.input_sequence))
    tokens = template.control_tokens
    apart = bool(tokens) and all(
        closing.rstrip("\n").endswith(tokens) or opening.startswith(tokens) for closing, opening in ends
    )
    return Borders(blank=any("\n\n" in closing + opening for closing, opening in ends), apart=apart)
