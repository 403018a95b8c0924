"""How what is said is written down: a template's sequences and suffixes round each item, or plain lines with names.

``InstructFormat`` and ``PlainFormat`` are the two ways. Neither counts, cuts or orders anything. Families that insist
on user and assistant taking turns get neighbours of one role merged into one block. No BOS is ever written.
Source: SillyTavern 1.12.6, ``public/scripts/instruct-mode.js``; ``docs/prompt.md`` names what is our own.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from tavern_tui.domain.events import Speaker
from tavern_tui.domain.request import Role
from tavern_tui.domain.template import InstructTemplate, NamesBehavior
from tavern_tui.prompt.items import ROLE_OF, Item, Written
from tavern_tui.prompt.reasoning import thoughts_written

MERGED = "\n\n"
"""What stands between two texts of one role in a family that insists on alternation."""

_BLANK_LINES = re.compile("\n{2,}")
_NAME = re.compile(r"\{\{name\}\}", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an item stands: the roles of its neighbours (``None`` for what is no turn), and the ends it is at."""

    older: Role | None = None
    newer: Role | None = None
    first: bool = False
    last_input: bool = False


class TurnFormat(Protocol):
    """A way to write items down."""

    @property
    def alternates(self) -> bool:
        """Whether neighbours of one role are merged."""
        ...

    @property
    def own_line(self) -> bool:
        """Whether the reply line begins on a line of its own."""
        ...

    def role(self, item: Item) -> Role | None:
        """The role whose markup the item gets; ``None`` for text outside of any markup."""
        ...

    def write(self, item: Item, place: Place) -> Written:
        """The item with its markup."""
        ...

    def reply_line(self, item: Item, older: Role | None) -> Written:
        """What the prompt ends with: the opening of ``item``'s turn, its text as the reply's beginning."""
        ...


@dataclass(frozen=True, slots=True)
class PlainFormat:
    """No template: ``Name: text`` and a newline. ``reply_name`` writes the speaker's name at the end of the prompt."""

    reply_name: bool = True
    alternates: bool = False
    own_line: bool = True

    def role(self, item: Item) -> Role | None:
        """Every line is its speaker's."""
        return ROLE_OF[item.speaker]

    def write(self, item: Item, place: Place) -> Written:
        """``Name: text``; narration and nameless text without a name."""
        name = "" if item.bare or item.speaker is Speaker.NARRATOR else item.name
        body = f"{name}: {item.text}" if name else item.text
        return Written(item, "", body, "" if item.continued else "\n")

    def reply_line(self, item: Item, older: Role | None) -> Written:
        """``Name:`` and the reply's beginning after a space; nothing where the answer is nobody's."""
        begun = item.text.lstrip() if item.text.strip() else ""
        if not self.reply_name or not item.name or item.quiet:
            return Written(item, "", begun, "")
        return Written(item, "", f"{item.name}:" + (f" {begun}" if begun else ""), "")


@dataclass(frozen=True, slots=True)
class InstructFormat:
    """A family's template. ``user`` and ``char`` are the names; ``expand`` runs the macros of sequences.

    ``exact`` writes what SillyTavern 1.12.6 writes where that is an oversight of its own: names in the user's lines of
    examples under ``force``, a missing newline after examples while ``macro`` is off, no blank before a prefill but a
    newline after it, the character's name for nameless injections, no first sequence for what is the last of its kind.
    """

    template: InstructTemplate
    user: str
    char: str
    expand: Callable[[str], str]
    group: bool = False
    exact: bool = False

    @property
    def alternates(self) -> bool:
        """As the family insists."""
        return self.template.alternates

    @property
    def own_line(self) -> bool:
        """Where sequences stand on lines of their own."""
        return self.template.wrap

    def role(self, item: Item) -> Role | None:
        """The user's for narration too in families without turns of the system's own."""
        if item.bare:
            return None
        role = ROLE_OF[item.speaker]
        as_user = self.template.system_same_as_user or self.template.alternates
        return Role.USER if role is Role.SYSTEM and as_user else role

    def write(self, item: Item, place: Place) -> Written:
        """Sequence, text and suffix; less of them where a neighbour of the same role is merged with."""
        if item.bare:
            return Written(item, "", item.text, "" if item.continued else "\n")
        template, role = self.template, self.role(item)
        merges = template.alternates
        thinks = bool(item.thoughts and template.reasoning_open) and role is Role.ASSISTANT
        opening = self._filled(self._reply_sequence if thinks else self._sequence(item, place), item)
        if template.wrap and opening:
            opening += "\n"
        if thinks:
            opening += thoughts_written(template, item.thoughts)
        closing = self._suffix(item, role)
        if merges and role is place.newer:
            closing = MERGED
        if item.continued:
            closing = ""
        if merges and role is place.older:
            opening = ""
        text = self._text(item)
        body = f"{item.name}: {text}" if self._names(item) else text
        return Written(item, opening, body, closing)

    def reply_line(self, item: Item, older: Role | None) -> Written:
        """The opening of a turn, left open after its name or its sequence."""
        template = self.template
        if item.speaker is Speaker.USER:
            sequence = template.input_sequence
        elif item.quiet:
            sequence = template.last_system_sequence or template.output_sequence
        else:
            sequence = self._reply_sequence
        opening = self._filled(sequence, item)
        newline = "\n" if template.wrap else ""
        if template.alternates and older is self.role(item):
            opening = newline = ""
        if not self._named_reply(item):
            begins = self.exact and bool(item.text.strip())
            opening = opening.rstrip() if template.wrap and not begins else opening
            opening += newline if opening or begins else ""
            return Written(item, opening, self._begun(item.text.lstrip()), newline if begins else "")
        filler = "" if item.speaker is Speaker.USER else self._name_filler()
        between = "" if self.exact or not item.text else " "
        begun = self._begun(item.text if self.exact else item.text.lstrip())
        return Written(item, opening + newline + filler, f"{item.name}:{between}{begun}", "")

    def _begun(self, text: str) -> str:
        """The reply's beginning; SillyTavern takes off the blanks at its end where sequences stand on their own."""
        return text.rstrip() if self.exact and self.template.wrap else text

    def _text(self, item: Item) -> str:
        """The text as the family writes it; the end of one that goes on stays as it is."""
        text = item.text
        if self.template.trim_content:
            text = text.lstrip() if item.continued else text.strip()
        return _BLANK_LINES.sub("\n", text) if self.template.blank_lines_end_turns else text

    @property
    def _reply_sequence(self) -> str:
        """What a reply begins with before its thinking."""
        return self.template.last_output_sequence or self.template.output_sequence

    def _sequence(self, item: Item, place: Place) -> str:
        template = self.template
        if item.speaker is Speaker.NARRATOR:
            return template.input_sequence if self.role(item) is Role.USER else template.system_sequence
        if item.speaker is Speaker.USER:
            first = template.first_input_sequence if place.first and not (self.exact and place.last_input) else ""
            last = template.last_input_sequence if place.last_input else ""
            return last or first or template.input_sequence
        first = template.first_output_sequence if place.first and not (self.exact and item.continued) else ""
        last = template.last_output_sequence if item.continued else ""
        return last or first or template.output_sequence

    def _suffix(self, item: Item, role: Role | None) -> str:
        template = self.template
        suffixes = {
            Role.USER: template.input_suffix,
            Role.ASSISTANT: template.output_suffix,
            Role.SYSTEM: template.system_suffix,
        }
        suffix = suffixes[role or Role.SYSTEM]
        if template.macro:
            suffix = self._filled(suffix, item)
        if not suffix and template.wrap and (template.macro or not (self.exact and item.example)):
            return "\n"
        return suffix

    def _names(self, item: Item) -> bool:
        if item.speaker is Speaker.NARRATOR or not item.name:
            return False
        if self._behavior is not NamesBehavior.FORCE:
            return self._behavior is NamesBehavior.ALWAYS
        if item.example:
            return self.group or (self.exact and item.speaker is Speaker.USER)
        return item.name != self.user and (self.group or item.named)

    def _named_reply(self, item: Item) -> bool:
        named = self._behavior is NamesBehavior.ALWAYS or (self.group and self._behavior is NamesBehavior.FORCE)
        return named and bool(item.name) and not item.quiet

    @property
    def _behavior(self) -> NamesBehavior:
        """When names are shown: in a group always somehow, but for SillyTavern's templates without any."""
        behavior = self.template.names_behavior
        unnamed = self.group and not self.exact and behavior is NamesBehavior.NONE
        return NamesBehavior.FORCE if unnamed else behavior

    def _name_filler(self) -> str:
        """The blank before a name that a template's last output sequence lacks but its other ones have."""
        output, last = self.template.output_sequence, self.template.last_output_sequence
        return output[-1] if last and output[-1:].isspace() and not last[-1].isspace() else ""

    def _filled(self, sequence: str, item: Item) -> str:
        if not self.template.macro or "{{" not in sequence:
            return sequence
        nameless = self.char if self.exact and item.speaker is not Speaker.USER else "System"
        return with_name(self.expand(sequence), item.name or nameless)


def with_name(sequence: str, name: str) -> str:
    """A sequence with ``name`` where it says ``{{name}}``."""
    return _NAME.sub(lambda _: name, sequence)


@dataclass(frozen=True, slots=True)
class Ends:
    """The items that take a template's first and last sequences, where that does not follow from what is in.

    A ``filler`` is written as a first turn, whatever else is one.
    """

    first: Item | None = None
    last_input: Item | None = None
    filler: Item | None = None


def write_all(
    items: Sequence[Item],
    form: TurnFormat,
    before: Role | None,
    after: Role | None,
    *,
    opens: bool,
    ends: Ends | None = None,
) -> list[Written]:
    """The items in order, each aware of its neighbours. ``before`` and ``after`` are the roles beyond the ends.

    ``opens`` says that the history among them begins with the chat's first turn. Examples and separators do not count
    as first or last. ``ends`` takes the place of both rules.
    """
    roles = [before, *(form.role(item) for item in items), after]
    if ends is None:
        spoken = [item for item in items if not item.example and not item.bare]
        first = spoken[0] if spoken and opens else None
        ends = Ends(first, next((item for item in reversed(spoken) if item.speaker is Speaker.USER), None))
    firsts = [item for item in (ends.first, ends.filler) if item is not None]
    return [
        form.write(
            item,
            Place(roles[at], roles[at + 2], any(item is one for one in firsts), item is ends.last_input),
        )
        for at, item in enumerate(items)
    ]
