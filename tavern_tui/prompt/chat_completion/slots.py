"""``Slots``: every message of a preset but the history and the examples, filled, and the order that all stand in.

Markers get a card's fields, lore and the persona; a card's system prompt and post-history instructions take the place
of the preset's own where they may; texts round the scenario go beside the main prompt. A prompt that is switched off,
unknown or there twice is told as left out.
Source: SillyTavern 1.12.6, ``public/scripts/openai.js`` (``preparePromptsForChatCompletion``,
``populateChatCompletion``) and ``public/scripts/PromptManager.js`` (``getPromptCollection``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from tavern_tui.domain.chat_completion import ChatCompletionPreset, Marker, OrderEntry, Placement, PromptEntry
from tavern_tui.domain.lorebook import InjectionRole
from tavern_tui.domain.request import Role
from tavern_tui.prompt.bias import newest_bias
from tavern_tui.prompt.chat_completion.entries import Entry, entry
from tavern_tui.prompt.inputs import GenerationKind, InjectionPosition, PersonaPosition, Policy, PromptInput
from tavern_tui.prompt.macros import expand
from tavern_tui.prompt.plan import Part, PartKind, PartState
from tavern_tui.prompt.story import FIELDS, Story, untrusted
from tavern_tui.prompt.story_string import Piece

BIAS = "bias"
"""The identifier of the reply's given beginning as a message of its own."""

_ROLES = {
    InjectionRole.SYSTEM: Role.SYSTEM,
    InjectionRole.USER: Role.USER,
    InjectionRole.ASSISTANT: Role.ASSISTANT,
}
_PLACES = (Marker.EXAMPLES, Marker.HISTORY)
_FIELD_OF: dict[str, str] = {
    Marker.LORE_BEFORE: "wiBefore",
    Marker.LORE_AFTER: "wiAfter",
    Marker.DESCRIPTION: "description",
    Marker.PERSONALITY: "personality",
    Marker.SCENARIO: "scenario",
    Marker.PERSONA: "persona",
}
_KINDS: dict[str, PartKind] = {
    Marker.MAIN: PartKind.SYSTEM_PROMPT,
    Marker.POST_HISTORY: PartKind.POST_HISTORY,
}
_OURS = frozenset(Marker)
_TOO_LONG = "longer than the whole prompt may be"

CHARACTERS_PER_TOKEN = 64
"""No text has so many: one that is longer than that times the context is not worth counting."""


@dataclass(frozen=True, slots=True)
class InChat:
    """A preset's prompt that stands in the history, ``depth`` turns above the end."""

    depth: int
    order: int
    part: Part


@dataclass(slots=True)
class Slots:
    """``order`` are identifiers, the places of the examples and of the history among them; ``filled`` is what is there.

    ``control`` comes after everything else.
    """

    order: list[str] = field(default_factory=list)
    filled: dict[str, list[Entry]] = field(default_factory=dict)
    in_chat: list[InChat] = field(default_factory=list)
    control: list[Entry] = field(default_factory=list)
    left_out: list[Part] = field(default_factory=list)

    def entries(self) -> Iterator[Entry]:
        """Every message, the control ones last."""
        for identifier in self.order:
            yield from self.filled.get(identifier, ())
        yield from self.control


def fill(given: PromptInput, story: Story, preset: ChatCompletionPreset) -> Slots:
    """The slots of one prompt."""
    return _Filling(given, story, preset).slots()


class _Filling:
    """The slots in the making."""

    def __init__(self, given: PromptInput, story: Story, preset: ChatCompletionPreset) -> None:
        self.given = given
        self.story = story
        self.preset = preset
        self.exact = given.policy is Policy.CLASSIC
        self.made = Slots()
        self.named: set[str] = set()

    def slots(self) -> Slots:
        made = self.made
        for place in self.preset.order_for():
            prompt = self.preset.prompt(place.identifier)
            again = place.identifier in self.named
            self.named.add(place.identifier)
            reason = "the preset's order names it twice" if again else self._refused(place, prompt)
            if reason:
                cut = reason == _TOO_LONG
                text = "" if cut or prompt is None else prompt.content
                self._leave_out(place.identifier, reason, text, PartState.CUT if cut else PartState.OUT)
                if again or prompt is None or place.identifier != Marker.MAIN:
                    continue
                prompt = replace(prompt, content="")  # its place stays: notes go there, and a card's text
            if prompt is not None:
                made.order.append(place.identifier)
                self._place(prompt)
        self._add_missing()
        self._put_notes()
        made.control += self._control()
        return made

    def _refused(self, place: OrderEntry, prompt: PromptEntry | None) -> str:
        """Why a prompt is not in; empty where it is."""
        if prompt is None:
            return "the preset has no prompt of that name"
        if not place.enabled:
            return "switched off in the preset"
        if not self._triggered(prompt):
            return "not for this kind of reply"
        return _TOO_LONG if len(prompt.content) > CHARACTERS_PER_TOKEN * self.given.context_tokens else ""

    def _triggered(self, prompt: PromptEntry) -> bool:
        return self.exact or not prompt.injection_trigger or self.given.kind.value in prompt.injection_trigger

    def _add_missing(self) -> None:
        """Markers that an older preset's order does not know: at the end, or where the head ends under ``economy``."""
        missing = [marker for marker in _FIELD_OF if marker not in self.named]
        persona = [marker for marker in missing if marker == Marker.PERSONA]
        others = [marker for marker in missing if marker != Marker.PERSONA]
        bias = [BIAS] if self.exact and self._bias() else []
        for marker in missing:
            self._place(PromptEntry(marker, system_prompt=True, marker=True))
        if self.exact:
            self.made.order += [*others, *bias, *persona]
            return
        order = self.made.order
        at = next((at for at, identifier in enumerate(order) if identifier in _PLACES), len(order))
        order[at:at] = [*persona, *others]

    def _place(self, prompt: PromptEntry) -> None:
        if prompt.identifier in _PLACES:
            return
        if self._passed_over(prompt):
            self._leave_out(prompt.identifier, "a system prompt of a name that is not known", prompt.content)
            return
        parts = tuple(part for part in self._parts(prompt) if part.text)
        if prompt.injection_position is Placement.IN_CHAT:
            self.made.in_chat += [
                InChat(prompt.injection_depth, prompt.injection_order, part) for part in self._as_one(parts)
            ]
        elif parts or self.exact:  # SillyTavern's empty ones, which are not sent, keep neighbours from being squashed
            empty = Part(PartKind.MARKUP, prompt.identifier, "", role=prompt.role)
            self.made.filled[prompt.identifier] = [Entry(prompt.identifier, parts or (empty,))]

    def _as_one(self, parts: tuple[Part, ...]) -> Iterator[Part]:
        if parts:
            yield replace(parts[0], body="".join(part.text for part in parts), opening="", closing="")

    def _parts(self, prompt: PromptEntry) -> Iterator[Part]:
        if prompt.identifier in (Marker.LORE_BEFORE, Marker.LORE_AFTER):
            yield from self._lore(prompt)
        elif prompt.identifier in _FIELD_OF:
            kind, source = FIELDS[_FIELD_OF[prompt.identifier]]
            yield Part(kind, source, self._field(prompt.identifier), role=prompt.role)
        else:
            text, source = self._own_text(prompt)
            yield Part(_KINDS.get(prompt.identifier, PartKind.INSTRUCTION), source, text, role=prompt.role)

    def _passed_over(self, prompt: PromptEntry) -> bool:
        """Whether SillyTavern knows no place for it in the order: it is not a person's, and not one of the usual."""
        relative = prompt.injection_position is Placement.RELATIVE
        return self.exact and relative and prompt.system_prompt and prompt.identifier not in _OURS

    def _lore(self, prompt: PromptEntry) -> Iterator[Part]:
        """A part for each entry, the preset's format round them."""
        name = _FIELD_OF[prompt.identifier]
        text = self.story.lore_before if name == "wiBefore" else self.story.lore_after
        if not text:
            return
        kind, source = FIELDS[name]
        pieces = [piece for piece in self.story.lore_pieces if piece.field == name]
        if "".join(piece.text for piece in pieces) != text:
            pieces = [Piece(name, text)]
        opening, *rest = (self.preset.wi_format if self.preset.wi_format.strip() else "{0}").split("{0}")
        if len(rest) != 1:
            whole = self.preset.wi_format.replace("{0}", text)
            yield Part(kind, source, self._again(self._expand(whole)), role=prompt.role)
            return
        last = len(pieces) - 1
        for at, piece in enumerate(pieces):
            yield Part(
                kind,
                piece.source or source,
                self._again(piece.text),
                self._expand(opening) if at == 0 else "",
                self._expand(rest[0]) if at == last else "",
                reason=piece.reason,
                role=prompt.role,
            )

    def _field(self, marker: str) -> str:
        """A card's field or the persona as a marker shows it."""
        macros = self.story.macros
        if marker == Marker.DESCRIPTION:
            return self._again(macros.description or "")
        if marker == Marker.PERSONA:
            if self.given.persona_position is not PersonaPosition.IN_PROMPT:
                return ""
            return self._expand(self.given.persona.description) if self.exact else macros.persona or ""
        text = (macros.personality if marker == Marker.PERSONALITY else macros.scenario) or ""
        form = self.preset.personality_format if marker == Marker.PERSONALITY else self.preset.scenario_format
        if text and form and (self.exact or form.strip()):
            return self._again(self._expand(form))
        return "" if self.exact else text

    def _own_text(self, prompt: PromptEntry) -> tuple[str, str]:
        """A prompt's own text, or a card's in its place, and where it comes from."""
        own = self._expand(prompt.content)
        source = f"the preset's prompt {prompt.name or prompt.identifier}"
        if prompt.identifier == Marker.MAIN:
            source, card, wanted = "system prompt", self.story.macros.char_prompt, self.given.prefer_card_prompts
        elif prompt.identifier == Marker.POST_HISTORY:
            source, card = "post-history instructions", self.story.macros.char_post_history
            wanted = self.given.prefer_card_post_history
        else:
            return own, source
        if not (card and wanted) or prompt.forbid_overrides:
            return own, source
        text = expand(card, replace(self.story.macros, original=own))
        return (text if self.exact else untrusted(text, self.given)), f"the card's {source}"

    def _put_notes(self) -> None:
        """Texts before and after the scenario: messages of their own, before and after the main prompt."""
        above: list[Entry] = []
        below: list[Entry] = []
        round_it = (InjectionPosition.BEFORE_SCENARIO, InjectionPosition.AFTER_SCENARIO)
        notes = [one for one in self.given.injections if one.position in round_it and one.text]
        for one in sorted(notes, key=lambda one: one.key):
            text = self._expand(one.text)
            made = entry(one.key, text, one.kind, one.source, role=_ROLES[one.role], reason=one.reason)
            if one.position is InjectionPosition.BEFORE_SCENARIO:
                above.insert(0, made)
            else:
                below.append(made)
        if (above or below) and Marker.MAIN not in self.made.order:
            self.made.order.insert(0, Marker.MAIN)
        if above or below:
            self.made.filled[Marker.MAIN] = [*above, *self.made.filled.get(Marker.MAIN, ()), *below]

    def _bias(self) -> bool:
        """The reply's given beginning as a message; whether there is one."""
        given = self.given
        if given.kind in (GenerationKind.IMPERSONATE, GenerationKind.CONTINUE):
            return False
        begun = newest_bias(given.turns) or given.prefill
        if not begun.strip():
            return False
        text = self._again(self._expand(begun))
        self.made.filled[BIAS] = [entry(BIAS, text, PartKind.INSTRUCTION, "the reply's given beginning")]
        return True

    def _control(self) -> Iterator[Entry]:
        """What is asked for at the very end."""
        given = self.given
        if given.kind is GenerationKind.IMPERSONATE:
            text, source = self._expand(self.preset.impersonation_prompt), "the preset's impersonation prompt"
            yield entry("impersonate", text, PartKind.INSTRUCTION, source)
        if given.quiet is not None:
            text = self._again(self._expand(given.quiet.text))
            yield entry("quietPrompt", text, PartKind.QUIET, "quiet prompt")

    def _expand(self, text: str) -> str:
        expanded = self.story.expand(text)
        return expanded if self.exact else untrusted(expanded, self.given)

    def _again(self, text: str) -> str:
        """The text after the pass of macros that SillyTavern runs over what has had one."""
        return self.story.expand(text) if self.exact else text

    def _leave_out(self, identifier: str, reason: str, text: str = "", state: PartState = PartState.OUT) -> None:
        source = f"the preset's prompt {identifier}"
        self.made.left_out.append(Part(PartKind.INSTRUCTION, source, text, state=state, reason=reason))
