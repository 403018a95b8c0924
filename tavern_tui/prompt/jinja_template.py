"""A model's own chat template as what it writes round texts: its markup for an order of roles, texts left out.

``prompt.jinja_rendering`` renders it, in a process of its own; here is what is asked of it and what is made of the
answers: ``Structure.filled`` puts a chat's messages into the markup, ``prompt.jinja_reading`` makes an instruct
template of it. Nothing here imports jinja2.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from tavern_tui.domain.request import Message, Role, Segment
from tavern_tui.prompt.chat_messages import OPENING_TURN

LONGEST_SOURCE = 400_000
"""Characters; the longest published templates have 30,000. A longer one is not rendered."""

_BREAK = "\n\n"


@dataclass(frozen=True, slots=True)
class RoleOrder:
    """Who speaks after whom, and whether a reply's opening ends it. ``variables`` are switches of the template."""

    roles: tuple[Role, ...]
    reply: bool = True
    variables: tuple[tuple[str, bool], ...] = ()


@dataclass(frozen=True, slots=True)
class Refusal:
    """The template does not write this order of roles; ``why`` is its own word or Jinja's."""

    why: str


@dataclass(frozen=True, slots=True)
class Structure:
    """What a template writes: stretches of markup, and numbers where the texts of the messages stand.

    ``trims``: the texts' own blanks at both ends are taken off.
    """

    pieces: tuple[str | int, ...]
    trims: bool = False

    @property
    def texts(self) -> tuple[int, ...]:
        """The numbers of the texts, as they stand."""
        return tuple(piece for piece in self.pieces if isinstance(piece, int))

    @property
    def gaps(self) -> tuple[str, ...]:
        """The markup before, between and after the texts: one stretch more than there are texts, empty ones too."""
        gaps = [""]
        for piece in self.pieces:
            if isinstance(piece, int):
                gaps.append("")
            else:
                gaps[-1] += piece
        return tuple(gaps)

    def whole(self, texts: int) -> bool:
        """Whether each of so many texts stands there once and in order."""
        return self.texts == tuple(range(texts))

    def open(self, after: int) -> Structure:
        """The structure up to the text ``after``, which goes on: nothing is written behind it."""
        end = max((at for at, piece in enumerate(self.pieces) if piece == after), default=len(self.pieces) - 1)
        return replace(self, pieces=self.pieces[: end + 1])

    def filled(self, texts: Sequence[str], tokens: tuple[str, ...] = (), *, bos: str = "") -> tuple[Segment, ...]:
        """The prompt, in segments that end after a newline or one of ``tokens``.

        ``bos`` is left out at its beginning: for an engine that adds the beginning-of-sequence token itself.
        """
        segments: list[Segment] = []
        held = ""
        for at, piece in enumerate(self.pieces):
            if isinstance(piece, int):
                held += self._text(texts[piece], last=at == len(self.pieces) - 1)
                continue
            held += piece.removeprefix(bos) if at == 0 else piece
            if held.endswith(("\n", *tokens)):
                segments.append(Segment(held))
                held = ""
        return (*segments, Segment(held)) if held else tuple(segments)

    def _text(self, text: str, *, last: bool) -> str:
        if not self.trims:
            return text
        return text.lstrip() if last else text.strip()


@dataclass(frozen=True, slots=True)
class Manners:
    """What orders of roles a template takes: a system text at the beginning, system texts in mid-chat (``notes``).

    ``alternates``: user and assistant must take turns. ``greeting``: the assistant may speak first.
    """

    system: bool = True
    notes: bool = True
    alternates: bool = False
    greeting: bool = True


def accepted(messages: Sequence[Message], manners: Manners) -> tuple[Message, ...]:
    """The messages as the template takes them; nothing is left out, neighbours of one role join with a blank line.

    System texts that it does not take are the user's; before a greeting that it does not take stands ``OPENING_TURN``.
    """
    fitted: list[Message] = []
    leading = True
    for message in messages:
        role = message.role
        demoted = role is Role.SYSTEM and not (manners.system if leading else manners.notes)
        role = Role.USER if demoted else role
        if role is Role.ASSISTANT and not manners.greeting and not any(one.role is Role.USER for one in fitted):
            fitted.append(Message(Role.USER, OPENING_TURN))
        head = leading and not manners.system  # the user's first turn begins with it
        if fitted and fitted[-1].role is role and (head or manners.alternates or role is Role.SYSTEM):
            fitted[-1] = replace(fitted[-1], content=fitted[-1].content + _BREAK + message.content)
        else:
            fitted.append(replace(message, role=role))
        leading = leading and message.role is Role.SYSTEM
    return tuple(fitted)
