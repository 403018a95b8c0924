"""``assemble_chat``: from a ``PromptInput`` and a preset to a ``PromptPlan`` whose messages are exactly what is sent.

Order: cleaned texts and lore as for text completion, the preset's slots (``slots``), examples (``example_blocks``), the
history with what is injected into it (``history``, ``in_chat``); then the budget, and the parts. ``classic`` spends as
SillyTavern 1.12.6 does (``populateChatCompletion``); ``economy`` keeps the beginning of the prompt as it was.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain

from tavern_tui.domain.chat_completion import ChatCompletionPreset, Marker, NamesIn
from tavern_tui.domain.errors import PromptError
from tavern_tui.domain.request import Role
from tavern_tui.prompt import notes
from tavern_tui.prompt.assemble import planned
from tavern_tui.prompt.chat_completion.ending import Ending, ending
from tavern_tui.prompt.chat_completion.entries import REQUEST_TOKENS, Entry
from tavern_tui.prompt.chat_completion.example_blocks import Block, example_blocks, that_fit
from tavern_tui.prompt.chat_completion.history import Frame, MessageFormat, frame, one_text
from tavern_tui.prompt.chat_completion.in_chat import combined, interleaved
from tavern_tui.prompt.chat_completion.post_process import Speakers
from tavern_tui.prompt.chat_completion.slots import CHARACTERS_PER_TOKEN, Slots, fill
from tavern_tui.prompt.chat_completion.squash import squashed
from tavern_tui.prompt.chat_completion.stop import chat_stop_strings
from tavern_tui.prompt.chat_messages import ChatForm
from tavern_tui.prompt.counting import Counting, Counts
from tavern_tui.prompt.economy_fill import EconomyFill
from tavern_tui.prompt.group import all_names, other_names
from tavern_tui.prompt.history import HistoryWalk, Kept, continued_item, turn_items
from tavern_tui.prompt.injections import Injected, injected
from tavern_tui.prompt.inputs import Examples, GenerationKind, Policy, PromptInput
from tavern_tui.prompt.instruct import Place
from tavern_tui.prompt.items import Item, Written
from tavern_tui.prompt.plan import Part, PartKind, PartState, PromptPlan
from tavern_tui.prompt.prose import ProseFormat
from tavern_tui.prompt.refusals import card_too_long, nothing_to_continue, turn_too_long
from tavern_tui.prompt.standing import Standing
from tavern_tui.prompt.stop import stop_strings
from tavern_tui.prompt.story import Story

TEMPLATE = "chat completion"
"""What a plan for chat completion says in place of an instruct template's name."""

LORE_TOKENS = 6
"""What SillyTavern's count of a text of lore comes to beside the text, in a chat completion."""


def assemble_chat(given: PromptInput, preset: ChatCompletionPreset) -> Counting[PromptPlan]:
    """Plan the messages of a chat completion. Yields batches of texts to be counted, as ``assemble`` does.

    A message costs 3 tokens beside its role and its text, a name one more than its own. Raises ``PromptError`` where
    what must be in or the newest turn alone is too long, and where there is nothing to continue.
    """
    if given.policy is Policy.CLASSIC:
        given = replace(given, lore=replace(given.lore, text_tokens=LORE_TOKENS))
    return (yield from planned(given, partial(_ChatAssembly, preset)))


@dataclass(frozen=True, slots=True)
class _Contents:
    """What the budget let in. ``history`` is written, oldest first; ``last`` is the turn to be gone on with."""

    history: tuple[Entry, ...]
    examples: tuple[Entry, ...]
    empty: Entry | None = None
    last: Entry | None = None
    cut: tuple[Part, ...] = ()


class _ChatAssembly:
    """One prompt in the making."""

    def __init__(self, preset: ChatCompletionPreset, given: PromptInput, story: Story, counts: Counts) -> None:
        self.given = given
        self.story = story
        self.counts = counts
        prose = given.prose
        self.preset = preset = preset if prose is None else _without_names(preset)
        self.exact = given.policy is Policy.CLASSIC
        self.running = ProseFormat(prose.joint) if prose is not None and prose.open else None
        self.text = ""  # of an open turn that the engine is given as the beginning of what it writes
        self.form = MessageFormat(
            preset.names_behavior,
            story.user,
            bool(all_names(given)),
            self.exact,
            preset.wrap_in_quotes,
            story.expand,
            self.running,
        )
        self.slots: Slots = fill(given, story.of_head, preset)
        self.blocks: list[Block] = self._blocks()
        self.injections: list[Injected] = self._injections()
        self.continued: Item | None = None
        turns = iter(given.turns)
        continues = given.kind is GenerationKind.CONTINUE
        if continues and not self.exact and preset.continue_prefill and self.running is None:
            turn = next((turn for turn in turns if not turn.hidden), None)
            if turn is None:
                raise nothing_to_continue()
            self.continued = continued_item(turn, given, story)
        items = turn_items(turns, given, story)
        newest = [item for item in (next(items, None),) if item is not None]
        if continues and not newest and self.continued is None:
            raise nothing_to_continue()
        self.goes_on = newest[0] if continues and self.continued is None else None
        self.moves = continues and self.exact and preset.continue_prefill
        last = next(interleaved(newest, self.injections), None)
        to_go_on = last if self.running is not None and not self._asks else self.goes_on
        nudged = None if preset.continue_prefill else to_go_on
        self.frame: Frame = frame(given, story, preset, newest=last, continued=nudged)
        self.ending: Ending = ending(given, story, preset, continued=self.continued, newest=self.goes_on)
        history = chain(newest, items) if Marker.HISTORY in self.slots.order else iter(())
        standing = story.standing or Standing(given)
        history = history if self.exact else standing.woven(history, self.continued)
        self.walk = HistoryWalk(
            interleaved(history, self.injections) if self.exact else history,
            self.form,
            counts,
            lambda item: self.form.beside(item, counts),
        )
        self.fill = EconomyFill(given, self.walk, standing, lambda item: self._kept(item).tokens, self.continued)
        self._first_batch: list[str] = []

    def first_batch(self) -> list[str]:
        """The texts to be counted first: all but the history, and of it what will fit by estimate."""
        if self._first_batch:
            return self._first_batch
        known = [text for one in self._fixed() for text in one.countable()]
        known += [text for block in self.blocks for one in block.entries() for text in one.countable()]
        known += [self._written(item).text for item in (*(one.item for one in self.injections), *self.fill.wanted)]
        known += [role.value for role in Role]
        self._assume_lengths(known)
        guess = self._limit() - sum(self.counts.estimate(text, 0.25) for text in dict.fromkeys(known))
        ahead = self.walk.look_ahead(guess, self.given.first_turn)
        self._assume_lengths(ahead)
        self._first_batch = [*known, *ahead]
        return self._first_batch

    def plan(self) -> Counting[PromptPlan]:
        """Fit everything into the budget and write it down."""
        yield from self.counts.ask(self.first_batch())
        contents = yield from (self._spend_exactly() if self.exact else self._spend_economically())
        if self.running is not None:
            contents = replace(contents, history=one_text(contents.history))
            if self.preset.continue_prefill and not self._asks:
                self.text = "".join(one.content for one in contents.history)
        entries = list(self._in_order(contents))
        if self.preset.squash_system_messages:
            entries = squashed(entries, self.counts)
        parts = [part for one in entries if one.content for part in one.parts]
        request = Part(PartKind.MARKUP, "what the request itself costs", "", tokens=REQUEST_TOKENS)
        return self._planned((request, *parts, *contents.cut, *self.slots.left_out, *notes.left_out(self.given)))

    # The two policies.

    def _spend_exactly(self) -> Counting[_Contents]:
        """What must be in; then turns newest first and examples with what they leave, or the other way round."""
        fixed = REQUEST_TOKENS + sum(one.cost(self.counts) for one in self.slots.entries())
        room = self._limit() - fixed
        if room < 0:
            raise self._too_long(fixed)
        pinned = self.given.examples is Examples.ALWAYS
        examples: list[Entry] = []
        if pinned:
            examples, room = that_fit(self.blocks, room, self.counts)
        empty = None
        if Marker.HISTORY in self.slots.order:
            room -= sum(one.cost(self.counts) for one in self.frame.entries())
            if room < 0:
                raise self._too_long(self._limit() - room)
            empty = self.frame.empty
            empty = empty if empty is not None and empty.cost(self.counts) <= room else None
            room -= empty.cost(self.counts) if empty is not None else 0
            yield from self.walk.take(room)
            room -= self.walk.total
        if not pinned:
            examples, room = that_fit(self.blocks, room, self.counts)
        kept = list(self.walk.kept)
        last = next((one for one in kept if self.moves and not one.item.bare), None)
        history = [self.form.entry(one) for one in reversed(kept) if one is not last]
        cut = (*self._cut_injections(kept), *self._older(), *self._cut_examples(examples))
        return _Contents(tuple(history), tuple(examples), empty, self.form.entry(last) if last else None, cut)

    def _spend_economically(self) -> Counting[_Contents]:
        """Everything while it fits; then without examples; then without the oldest quarter of the history."""
        injections = [self._kept(one.item) for one in self.injections]
        fixed = REQUEST_TOKENS + sum(one.cost(self.counts) for one in self._fixed())
        fixed += sum(one.tokens for one in injections)
        sizes = [block.cost(self.counts) for block in self.blocks]
        pinned = self.given.examples is Examples.ALWAYS
        fixed += sum(sizes) if pinned else 0
        room = self._limit() - fixed
        if room < 0:
            raise self._too_long(fixed)
        yield from self.fill.take(room)
        if not self.walk.kept and self.walk.has_older():
            item = self.walk.next_item
            raise turn_too_long(item, self._kept(item).tokens if item else 0, room)
        if self.fill.tokens > room:
            raise self._too_long(fixed + self.fill.tokens)
        used = len(sizes) if pinned else 0
        if sizes and not pinned:
            used = self.fill.blocks(sizes, room)
        added = map(self._kept, self.fill.wanted)
        kept = {id(one.item): one for one in (*self.walk.kept, *injections, *added)}
        newest_first = self.fill.newest_first(self.injections)
        history = tuple(self.form.entry(kept[id(item)]) for item in reversed(newest_first))
        examples = tuple(one for block in self.blocks[:used] for one in block.entries())
        cut = (*self._older(), *self._cut_examples(examples))
        return _Contents(history, examples, self.frame.empty, cut=cut)

    # What a prompt is made of.

    def _blocks(self) -> list[Block]:
        if self.given.examples is Examples.NEVER or Marker.EXAMPLES not in self.slots.order:
            return []
        return example_blocks(self.given, self.story.of_head, self.preset)

    def _injections(self) -> list[Injected]:
        """What stands in the chat. SillyTavern does not move it up where the last turn is gone on with."""
        given = replace(self.given, kind=GenerationKind.NORMAL) if self.exact else self.given
        floor = 1 if given.kind is GenerationKind.CONTINUE else 0
        return combined(injected(given, self.story), self.slots.in_chat, ordered=not self.exact, floor=floor)

    def _fixed(self) -> Iterator[Entry]:
        """What must be in, beside what is injected into the history."""
        yield from self.slots.entries()
        if Marker.HISTORY in self.slots.order:
            yield from self.frame.entries()
            yield from (self.frame.empty,) if self.frame.empty is not None else ()
        yield from (self.ending.prefill,) if self.ending.prefill is not None else ()

    def _in_order(self, contents: _Contents) -> Iterator[Entry]:
        """Every message with its tokens; the history's have theirs already."""
        order = self.slots.order
        if self.running is not None and Marker.HISTORY in order:  # nothing stands between a text and what goes on
            order = [*(one for one in order if one != Marker.HISTORY), Marker.HISTORY]
        for identifier in order:
            if identifier == Marker.EXAMPLES:
                yield from self._counted(*contents.examples)
            elif identifier == Marker.HISTORY:
                yield from self._counted(self.frame.heading)
                yield from contents.history
                yield from self._counted(contents.empty, *self.frame.nudges)
            else:
                yield from self._counted(*self.slots.filled.get(identifier, ()))
        yield from (contents.last,) if contents.last is not None else ()
        yield from self._counted(*self.slots.control, self.ending.prefill)

    def _counted(self, *entries: Entry | None) -> Iterator[Entry]:
        yield from (one.counted(self.counts) for one in entries if one is not None)

    def _cut_injections(self, kept: Sequence[Kept]) -> Iterator[Part]:
        """What stands in the chat above the oldest turn that is in, under ``classic``."""
        placed = {id(one.item) for one in kept}
        for one in self.injections:
            if id(one.item) not in placed and one.item is not self.walk.next_item:
                item, tokens = one.item, self._kept(one.item).tokens
                reason = "it stands above the turns that there is room for"
                yield Part(item.kind, item.source, item.text, "", "", tokens, PartState.CUT, reason)

    def _older(self) -> Iterator[Part]:
        """What of the history is not in, as far as it is known."""
        item = self.walk.next_item
        if item is not None:
            reason = "no room for this turn and those before it"
            tokens = self.counts.get(self._written(item).text, 0)
            role = self.form.role(item)
            yield Part(item.kind, item.source, item.text, "", "", tokens, PartState.CUT, reason, item.turn_id, role)

    def _cut_examples(self, used: Sequence[Entry]) -> Iterator[Part]:
        placed = {id(one) for one in used}
        for block in self.blocks:
            for one in block.turns:
                if id(one) not in placed and one.content:
                    part = replace(one.parts[0], tokens=one.cost(self.counts), state=PartState.CUT)
                    yield replace(part, reason="made room for the history")
        if self.given.examples is Examples.NEVER:
            for block in example_blocks(self.given, self.story, self.preset):
                text = "\n".join(one.content for one in block.turns)
                part = Part(PartKind.EXAMPLE, "the card's example dialogue", text, state=PartState.OUT)
                yield replace(part, reason="example dialogue is switched off")

    @property
    def _asks(self) -> bool:
        """Whether a question stands at the end, which ends any text above it."""
        return self.given.kind in (GenerationKind.QUIET, GenerationKind.IMPERSONATE)

    # Sizes.

    def _limit(self) -> int:
        limit = self.given.context_tokens - self.given.response_tokens
        return limit if self.exact else limit - self.given.reserve_tokens

    def _assume_lengths(self, texts: Sequence[str]) -> None:
        """Texts that are longer than any context are not sent to be counted."""
        for text in texts:
            if len(text) > CHARACTERS_PER_TOKEN * self.given.context_tokens:
                self.counts.setdefault(text, max(self.given.context_tokens + 1, len(text) // 4))

    def _written(self, item: Item) -> Written:
        return self.form.write(item, Place())

    def _kept(self, item: Item) -> Kept:
        written = self._written(item)
        return Kept(item, written, self.counts[written.text] + self.form.beside(item, self.counts))

    def _too_long(self, tokens: int) -> PromptError:
        longest = max(self._fixed(), key=lambda one: one.cost(self.counts), default=None)
        return card_too_long(self.given, tokens, longest.parts[0].source if longest else "")

    def _planned(self, parts: tuple[Part, ...]) -> PromptPlan:
        given, template = self.given, self.given.instruct
        turns = (part for part in parts if part.state is PartState.IN and part.turn_id)
        first = next(turns, None)
        return PromptPlan(
            parts=parts,
            stop=chat_stop_strings(given, self.story),
            context_tokens=given.context_tokens,
            response_tokens=given.response_tokens,
            template=TEMPLATE,
            context_template=self.preset.name,
            policy=given.policy.value,
            first_turn=first.turn_id if first else "",
            prefill=self.ending.begun,
            reasoning_open=template.reasoning_open if template else "",
            reasoning_close=template.reasoning_close if template else "",
            control_tokens=template.control_tokens if template else (),
            padding=0 if self.exact else given.reserve_tokens,
            kept=None if self.exact else self.fill.kept(self.story.head),
            step=self.fill.step,
            chat=ChatForm(
                self.preset.custom_prompt_post_processing,
                Speakers(self.story.user, self.story.char, other_names(given)),
                prefill=self.text + self.ending.sent,
                joint=self.ending.joint,
                cut=stop_strings(given, self.story, self.goes_on) if self.exact else (),
                open=bool(self.text),
            ),
        )


def _without_names(preset: ChatCompletionPreset) -> ChatCompletionPreset:
    """The preset for running text: no names, no quotes, nothing between a turn and what it goes on with."""
    return replace(
        preset,
        names_behavior=NamesIn.NONE,
        wrap_in_quotes=False,
        send_if_empty="",
        continue_postfix="",
    )
