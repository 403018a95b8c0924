"""``assemble``: from a ``PromptInput`` to a ``PromptPlan``.

Order: cleaned texts (``story``), the lore that fires (``lore``), the head, example dialogue (``examples``), injections
at their depth (``injections``), the walk over the history (``history``); then everything is written with its true
neighbours and becomes parts. No I/O: the generator yields batches of texts and is sent their token counts. Lore, head
and the first block of the history are one batch; further ones follow where lore costs more than was expected, and
while counts of older turns are unknown.
``docs/prompt.md`` explains the budget.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from tavern_tui.domain.chat import Turn
from tavern_tui.domain.errors import PromptError
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.messages import card_does_not_fit, number
from tavern_tui.domain.request import Role
from tavern_tui.prompt.chat_messages import OPENING_TURN
from tavern_tui.prompt.counting import Counting, Counts, drive
from tavern_tui.prompt.examples import Dialogue, example_dialogue, separator_item
from tavern_tui.prompt.history import STEP, HistoryWalk, continued_item, turn_items
from tavern_tui.prompt.injections import Injected, injected, spliced
from tavern_tui.prompt.inputs import Examples, GenerationKind, Policy, PromptInput
from tavern_tui.prompt.instruct import InstructFormat, Place, PlainFormat, TurnFormat
from tavern_tui.prompt.items import Item
from tavern_tui.prompt.layout import Layout, write_parts
from tavern_tui.prompt.lore import LoreScan
from tavern_tui.prompt.lore_places import left_out, placed, titles
from tavern_tui.prompt.lore_text import Recalled
from tavern_tui.prompt.plan import Part, PartKind, PartState, PromptPlan
from tavern_tui.prompt.stop import stop_strings
from tavern_tui.prompt.story import Head, Story, head, tell, untrusted
from tavern_tui.prompt.variables import Mark, Scope

__all__ = ["assemble", "drive"]

CLASSIC_PADDING = 64
"""Tokens that SillyTavern adds once to the count of a prompt."""

_LORE_SHARES = (1.0, 0.5, 0.0)  # of its budget that economy tries, where the rest does not fit beside it


def assemble(given: PromptInput) -> Generator[tuple[str, ...], Sequence[int], PromptPlan]:
    """Plan a prompt. Yields batches of texts whose tokens are to be counted, special tokens parsed, no BOS added.

    Equal texts come again in the next prompt of a chat, so a cache of counts is worth having; no text is asked for
    twice in one plan. Raises ``PromptError`` where the card or the newest turn alone is too long, where there is
    nothing to continue, or where the story string is broken.
    """
    return (yield from planned(given, _Assembly))


class Assembly(Protocol):
    """A prompt in the making, its lore decided."""

    def first_batch(self) -> list[str]:
        """The texts to be counted first."""
        ...

    def plan(self) -> Counting[PromptPlan]:
        """Fit everything into the budget and write it down."""
        ...


Maker = Callable[[PromptInput, Story, Counts], Assembly]


def planned(given: PromptInput, make: Maker) -> Counting[PromptPlan]:
    """The plan that ``make``'s assembly comes to, lore scanned and paid for: what both pipelines share."""
    given = replace(given, turns=Recalled(given.turns))
    story = tell(given)
    plan = yield from _fitted(given, story, make)
    variables = story.variables
    return replace(
        plan,
        variables=variables.values(Scope.CHAT),
        global_variables=variables.values(Scope.EVERYWHERE),
        banned=variables.banned,
    )


def _fitted(given: PromptInput, story: Story, make: Maker) -> Counting[PromptPlan]:
    """The plan with as much lore as fits."""
    counts = Counts()
    scan = LoreScan(given, story)
    before = story.variables.mark()
    if not scan.entries:
        return (yield from make(given, story, counts).plan())
    yield from counts.ask(scan.index.priced)
    for share in _LORE_SHARES[:-1] if given.policy is Policy.ECONOMY else ():
        try:
            return (yield from _with_lore(scan, share, given, story, counts, make, before))
        except PromptError:  # it may fit with less lore
            continue
    share = _LORE_SHARES[0] if given.policy is Policy.CLASSIC else _LORE_SHARES[-1]
    return (yield from _with_lore(scan, share, given, story, counts, make, before))


def _with_lore(
    scan: LoreScan, share: float, given: PromptInput, story: Story, counts: Counts, make: Maker, before: Mark
) -> Counting[PromptPlan]:
    """The plan with what fires of the lore. What it costs is counted together with the rest, as it is expected.

    Macros change variables as they stood ``before``, in each attempt anew.
    """
    story.variables.go_back(before)
    lore = scan.run(counts, share)
    expected = [one.one for one in lore.fired]
    assembly = make(*placed(given, story, lore), counts)
    unknown = lore.unknown
    batch = [*unknown, *assembly.first_batch()]
    as_expected = story.variables.mark()
    yield from counts.ask(batch)
    while unknown and not scan.stands(lore, counts):
        story.variables.go_back(before)
        lore = scan.run(counts, share)
        unknown = lore.unknown
        yield from counts.ask(unknown)
    if [one.one for one in lore.fired] != expected:
        assembly = make(*placed(given, story, lore), counts)
    else:
        story.variables.go_back(as_expected)
    plan = yield from assembly.plan()
    told = left_out(lore, scan.patterns.switched_off.items())
    return replace(plan, parts=(*plan.parts, *told), fired=titles(lore), lore_state=lore.state)


class _Assembly:
    """One prompt in the making."""

    def __init__(self, given: PromptInput, story: Story, counts: Counts) -> None:
        self.given = given
        self.counts = counts
        self.story = story
        self.form: TurnFormat = _format(given, self.story)
        self.dialogue: Dialogue = example_dialogue(given, self.story, self.form)
        self.head: Head = head(given, self.story, self.dialogue.text, self.dialogue.raw)
        self.elements = () if given.examples is Examples.NEVER else self.dialogue.elements
        self.turns: Iterator[Turn] = iter(given.turns)
        self.continued = self._to_continue() if given.kind is GenerationKind.CONTINUE else None
        self.walk = HistoryWalk(turn_items(self.turns, given, self.story), self.form, self.counts)
        self.injections: list[Injected] = injected(given, self.story)
        self.post_history = self._post_history()
        self.start = self._chat_start()
        self.filler = self._filler()
        self.reply = self._reply()
        self._first_batch: list[str] = []

    def first_batch(self) -> list[str]:
        """The texts to be counted first: all but the history, and of it what will fit by estimate."""
        if self._first_batch:
            return self._first_batch
        fixed = [*self._texts(self.post_history, self.continued, self.reply)]
        optional = [*self._texts(self.start, self.filler, *(one.item for one in self.injections))]
        optional += [text for element in self.elements for text in self._texts(*element)]
        known = [*self.head.countable(), *fixed, *optional]
        guess = self._limit() - sum(self.counts.estimate(text, 0.25) for text in dict.fromkeys(known))
        self._first_batch = [*known, *self.walk.look_ahead(guess, self.given.first_turn)]
        return self._first_batch

    def plan(self) -> Counting[PromptPlan]:
        """Fit everything into the budget and write it down."""
        yield from self.counts.ask(self.first_batch())
        fixed = [*self._texts(self.post_history, self.continued, self.reply)]
        heads = [self.counts[self.head.text(role)] for role in (Role.USER, Role.ASSISTANT)]
        base = max(heads) + sum(self.counts[text] for text in fixed)
        if self.given.policy is Policy.CLASSIC:
            layout = yield from self._classic(base)
        else:
            layout = yield from self._economy(base)
        parts = yield from write_parts(layout, self.form, self.counts, collapse=self.given.collapse_newlines)
        return self._planned(parts)

    # The two policies.

    def _classic(self, base: int) -> Counting[Layout]:
        """Injections, then turns newest first, then examples, each while the sum stays below the limit."""
        limit = self._limit()
        always = self.given.examples is Examples.ALWAYS
        spent = base + CLASSIC_PADDING + self._cost(self.start) + self._cost(self.filler)
        if always:
            spent += sum(self._cost(*element) for element in self.elements)
        if spent >= limit:
            raise self._card_too_long(base)
        injections: list[Injected] = []
        for one in self.injections:
            spent += self._cost(one.item)
            if spent >= limit:
                break
            injections.append(one)
        yield from self.walk.take(limit - 1 - spent)
        spent += self.walk.total
        used = len(self.elements) if always else 0
        while used < len(self.elements):
            spent += self._cost(*self.elements[used])
            if spent >= limit:
                break
            used += 1
        return self._layout(injections, used, start=self.start)

    def _economy(self, base: int) -> Counting[Layout]:
        """Everything while it fits; then without examples; then without the oldest quarter of the history."""
        start = self._cost(self.start)
        sizes = [self._cost(*element) for element in self.elements]
        pinned = start + sum(sizes) if self.given.examples is Examples.ALWAYS and sizes else 0
        base += self._cost(*(one.item for one in self.injections)) + self._cost(self.filler) + pinned
        room = self._limit() - base
        if room < 0:
            raise self._card_too_long(base)
        whole = yield from self.walk.take_in_steps(room, self.given.first_turn)
        if not self.walk.kept and self.walk.has_older():
            raise self._turn_too_long(room)
        used = len(self.elements) if pinned else 0
        if whole and not pinned:
            step = max(1, room // STEP)
            left = room - -(-self.walk.total // step) * step - start
            while used < len(sizes) and sizes[used] <= left:
                left -= sizes[used]
                used += 1
        return self._layout(self.injections, used, start=self.start if used else None)

    # What a prompt is made of.

    def _to_continue(self) -> Item:
        turn = next((turn for turn in self.turns if not turn.hidden), None)
        if turn is None:
            raise PromptError("There is no turn to continue.", hint="Write the first message, or let the character.")
        return continued_item(turn, self.given, self.story)

    def _post_history(self) -> Item | None:
        if not self.story.post_history:
            return None
        speaker = Speaker.USER if self.given.policy is Policy.CLASSIC else Speaker.NARRATOR
        return Item(speaker, "", self.story.post_history, PartKind.POST_HISTORY, "post-history instructions")

    def _chat_start(self) -> Item | None:
        text = self.story.expand(self.given.context.chat_start)
        bare = self.given.policy is Policy.CLASSIC or self.given.instruct is None
        return separator_item(text, PartKind.CHAT_START, bare=bare) if text else None

    def _filler(self) -> Item | None:
        """The user's turn that stands before a history which the character opens, where the template wants one."""
        template = self.given.instruct
        if template is None or not (template.user_alignment_message or template.alternates):
            return None
        text = template.user_alignment_message or OPENING_TURN
        return Item(Speaker.USER, self.story.user, text, PartKind.MARKUP, "the instruct template's user filler")

    def _reply(self) -> Item | None:
        if self.continued is not None:
            return None
        if self.given.kind is GenerationKind.IMPERSONATE:
            return Item(Speaker.USER, self.story.user, "", PartKind.REPLY_LINE, "the user's next turn")
        prefill = untrusted(self.story.expand(self.given.prefill), self.given)
        template = self.given.instruct
        thinks = template is not None and bool(template.reasoning_open) and self.given.think and not prefill
        name = "" if thinks else self.story.char
        return Item(Speaker.CHARACTER, name, prefill, PartKind.REPLY_LINE, "the reply's opening")

    def _layout(self, injections: Sequence[Injected], used: int, *, start: Item | None) -> Layout:
        below = 1 if self.continued is not None else 0
        newest_first = spliced([kept.item for kept in self.walk.kept], injections, below)
        history = [*reversed(newest_first), *(item for item in (self.post_history, self.continued) if item)]
        answered = bool(self.walk.kept) or self.walk.complete or bool(injections)
        return Layout(
            head=self.head,
            examples=tuple(item for element in self.elements[:used] for item in element),
            start=start,
            filler=self.filler,
            history=tuple(history),
            opens=self.walk.complete,
            reply=self.reply if answered else None,
            closed_thoughts=self._closed_thoughts(),
            left_out=tuple(self._left_out(injections, used)),
        )

    def _closed_thoughts(self) -> str:
        """The beginning of the thinking, or an empty one where the reply goes on from a text or must not think."""
        template = self.given.instruct
        if template is None or not template.reasoning_open or self.given.kind is GenerationKind.IMPERSONATE:
            return ""
        goes_on = self.continued is not None or (self.reply is not None and bool(self.reply.text))
        if self.given.think and not goes_on:
            return template.reasoning_prefill
        return template.reasoning_closed or f"{template.reasoning_open}\n\n{template.reasoning_close}\n\n"

    def _left_out(self, injections: Sequence[Injected], used: int) -> Iterator[Part]:
        yield from self.head.unused
        switched_off = self.given.examples is Examples.NEVER
        for element in self.dialogue.elements[used:]:
            text = "".join(self.form.write(item, Place()).text for item in element)
            reason = "example dialogue is switched off" if switched_off else "made room for the history"
            state = PartState.OUT if switched_off else PartState.CUT
            yield Part(PartKind.EXAMPLE, element[0].source, text, tokens=self._known(text), state=state, reason=reason)
        for one in self.injections[len(injections) :]:
            tokens = self._cost(one.item)
            reason = "no room"
            yield Part(one.item.kind, one.item.source, one.item.text, "", "", tokens, PartState.CUT, reason)
        older = self.walk.next_item
        if older is not None:
            reason = "no room for this turn and those before it"
            tokens = self._known(self.form.write(older, Place()).text)
            yield Part(PartKind.TURN, older.source, older.text, "", "", tokens, PartState.CUT, reason, older.turn_id)

    # Sizes.

    def _limit(self) -> int:
        limit = self.given.context_tokens - self.given.response_tokens
        return limit if self.given.policy is Policy.CLASSIC else limit - self.given.reserve_tokens

    def _texts(self, *items: Item | None) -> Iterator[str]:
        for item in items:
            if item is not None and item.kind is PartKind.REPLY_LINE:
                yield self.form.reply_line(item, None).text
            elif item is not None:
                yield self.form.write(item, Place()).text

    def _cost(self, *items: Item | None) -> int:
        return sum(self.counts[text] for text in self._texts(*items))

    def _known(self, text: str) -> int:
        return self.counts.get(text, 0)

    def _card_too_long(self, tokens: int) -> PromptError:
        given = self.given
        wording = card_does_not_fit(given.character.name, tokens, given.response_tokens, given.context_tokens)
        return PromptError(wording.title, hint="Raise the context size, or shorten the card or the reply.")

    def _turn_too_long(self, room: int) -> PromptError:
        item = self.walk.next_item
        tokens = self._cost(item)
        source = item.source if item else "The newest turn"
        return PromptError(
            f"{source} ({number(tokens)} tokens) does not fit: beside the card and the reply there is room for "
            f"{number(room)}.",
            hint="Raise the context size, or shorten that turn.",
        )

    def _planned(self, parts: tuple[Part, ...]) -> PromptPlan:
        given, template = self.given, self.given.instruct
        prefill = self.reply.text if self.reply is not None else ""
        if self.continued is not None and self.continued.speaker is not Speaker.USER:
            prefill = self.continued.text
        turns = (part for part in parts if part.state is PartState.IN and part.turn_id)
        first = next(turns, None)
        return PromptPlan(
            parts=parts,
            stop=stop_strings(given, self.story, self.continued),
            context_tokens=given.context_tokens,
            response_tokens=given.response_tokens,
            template=template.name if template else "plain text",
            context_template=given.context.name,
            policy=given.policy.value,
            first_turn=first.turn_id if first else "",
            prefill=prefill,
            reasoning_open=template.reasoning_open if template else "",
            reasoning_close=template.reasoning_close if template else "",
            control_tokens=template.control_tokens if template else (),
            padding=CLASSIC_PADDING if given.policy is Policy.CLASSIC else given.reserve_tokens,
        )


def _format(given: PromptInput, story: Story) -> TurnFormat:
    exact = given.policy is Policy.CLASSIC
    if given.instruct is None:
        named = given.always_add_name or given.kind is GenerationKind.IMPERSONATE
        return PlainFormat(reply_name=named, exact=exact)
    return InstructFormat(given.instruct, story.user, story.char, story.expand, group=bool(given.others), exact=exact)
