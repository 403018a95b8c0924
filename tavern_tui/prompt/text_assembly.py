"""``TextAssembly``: one prompt for text completion in the making, its lore decided.

The head, example dialogue (``examples``), injections at their depth (``injections``), the history (``history``, and
``classic_fill`` for ``classic``), what the prompt ends with (``ending``): the budget decides what of them is in, and
``layout`` writes it down with its true neighbours. ``docs/prompt.md`` explains the budget.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import islice

from tavern_tui.domain.chat import ROOT, Turn
from tavern_tui.domain.events import Speaker
from tavern_tui.domain.request import Role
from tavern_tui.prompt import notes, refusals
from tavern_tui.prompt.borders import Borders, borders
from tavern_tui.prompt.chat_messages import OPENING_TURN
from tavern_tui.prompt.classic_fill import ClassicFill, Filled
from tavern_tui.prompt.counting import Counting, Counts
from tavern_tui.prompt.economy_fill import EconomyFill
from tavern_tui.prompt.ending import Ending, continued_in_plain, continued_in_template, ending
from tavern_tui.prompt.examples import Dialogue, example_dialogue, separator_item
from tavern_tui.prompt.head import Head, head
from tavern_tui.prompt.history import HistoryWalk, continued_item, turn_items
from tavern_tui.prompt.injections import Injected, injected
from tavern_tui.prompt.inputs import Examples, GenerationKind, Policy, PromptInput
from tavern_tui.prompt.instruct import Ends, Place, PlainFormat, TurnFormat
from tavern_tui.prompt.items import Item
from tavern_tui.prompt.layout import Layout, write_parts
from tavern_tui.prompt.plan import Part, PartKind, PartState, PromptPlan
from tavern_tui.prompt.prose import ProseFormat, is_open, opening, runs_on
from tavern_tui.prompt.reasoning import thoughts_begun, thoughts_closed
from tavern_tui.prompt.standing import Standing
from tavern_tui.prompt.stop import stop_strings, users_turn_goes_on
from tavern_tui.prompt.story import Story

_OTHER_PARTS = 5  # at most: separator, filler, post-history instructions, reply line, prefill


class TextAssembly:
    """One prompt in the making."""

    def __init__(self, given: PromptInput, story: Story, counts: Counts) -> None:
        self.given = given
        self.counts = counts
        self.story = story
        self.exact = given.policy is Policy.CLASSIC
        self.turns: Iterator[Turn] = iter(given.turns)
        turn = self._turn_to_continue() if given.kind is GenerationKind.CONTINUE else None
        self.continued = None if turn is None else continued_item(turn, given, story)
        self.greeting_alone = turn is not None and self._opens_the_chat(turn)
        self.of_user = turn is not None and users_turn_goes_on(given, turn.speaker)
        self.ending: Ending = ending(given, story)
        self.form: TurnFormat = self.ending.form
        self.above = opening(given, story)
        self.thoughts = "" if runs_on(given) else _thoughts(given, self.ending, goes_on=turn is not None)
        self.dialogue: Dialogue = example_dialogue(given, story.of_head, self.form)
        self.head: Head = head(given, story, self.dialogue.text, self.dialogue.raw)
        self.elements = () if given.examples is Examples.NEVER else self.dialogue.elements
        self.borders = _borders(given, self.form)
        items = turn_items(self.turns, given, story)
        standing = story.standing or Standing(given)
        items = items if self.exact else standing.woven(items, self.continued)
        self.walk = HistoryWalk(items, self.form, counts, lambda item: self.borders.beside(item.text))
        self.fill = EconomyFill(
            given, self.walk, standing, lambda item: self._cost(item) + self._beside(item), self.continued
        )
        self.injections: list[Injected] = injected(given, story)
        self.post_history = _post_history(given, story)
        self.start = _chat_start(given, story)
        self.filler = _filler(given, story)
        self._first_batch: list[str] = []

    def first_batch(self) -> list[str]:
        """The texts to be counted first: all but the history, and of it what will fit by estimate."""
        if self._first_batch:
            return self._first_batch
        beside = [*self._texts(self.start, self.filler, self.post_history, *(one.item for one in self.injections))]
        beside += self._fixed()
        examples = [text for element in self.elements for text in self._texts(*element)]
        known = [*self.head.countable(), *beside, *examples]
        self.counts.assume_lengths(known, self.given.context_tokens)
        pinned = examples if self.given.examples is Examples.ALWAYS else []
        taken = dict.fromkeys((self.head.text(Role.ASSISTANT), *beside, *pinned))
        guess = self._limit() - sum(self.counts.estimate(text, 0.25) for text in taken)
        ahead = self.walk.look_ahead(guess, self.given.first_turn)
        ahead += self.fill.countable(self.form)
        self.counts.assume_lengths(ahead, self.given.context_tokens)
        self._first_batch = [*known, *ahead]
        return self._first_batch

    def plan(self) -> Counting[PromptPlan]:
        """Fit everything into the budget and write it down."""
        yield from self.counts.ask(self.first_batch())
        heads = [self.counts[self.head.text(role)] for role in (Role.USER, Role.ASSISTANT)]
        base = max(heads) + sum(self.counts[text] for text in self._fixed())
        if self.exact:
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
        spent = base + self._cost(self.start) + self._cost(self.filler)
        if always:
            spent += sum(self._cost(*element) for element in self.elements)
        if spent >= self.given.context_tokens:
            raise refusals.card_too_long(self.given, base, self._longest())
        spent += self.given.token_padding
        choice = ClassicFill(
            self.walk,
            self.form,
            self.counts,
            injections=self.injections,
            post_history=self.post_history,
            continued=self.continued,
        )
        filled = yield from choice.fill(limit - spent)
        alone_too_long = filled.alone and spent >= limit
        spent += filled.tokens
        used = len(self.elements) if always else 0
        while used < len(self.elements):
            spent += self._cost(*self.elements[used])
            if spent >= limit:
                break
            used += 1
        return self._classic_layout(filled, used, None if alone_too_long else self.continued)

    def _classic_layout(self, filled: Filled, used: int, continued: Item | None) -> Layout:
        filler = self.filler if filled.wants_filler else None
        there = bool(filled.history) or filler is not None or filled.empty
        if continued is not None:
            continued = self._alone(continued) if filled.alone else self._going_on(continued, there=there)
        of_user = continued is not None and continued.speaker is Speaker.USER
        included = {id(item) for item in filled.history}
        out = [one for one in self.injections if id(one.item) not in included]
        return Layout(
            head=self.head,
            examples=tuple(item for element in self.elements[:used] for item in element),
            start=self.start,
            filler=filler,
            ends=Ends(filled.first, continued if of_user else filled.last_input, filler),
            history=(*filled.history, *([continued] if continued else ()), *(self.ending.asked if there else ())),
            opens=filled.first is not None,
            reply=self.ending.reply if there else None,
            reply_on_new_line=self.given.kind is not GenerationKind.QUIET or self.ending.loud_in_plain,
            blank_line=filled.empty,
            exact=True,
            closed_thoughts=self.thoughts,
            left_out=tuple(self._left_out(out, used, filled.cut)),
        )

    def _alone(self, continued: Item) -> Item:
        """The only turn of the prompt as SillyTavern writes it: hidden ones beside it bring a line below it."""
        form = self.form
        if not isinstance(form, PlainFormat) or not form.reply_name or self.greeting_alone:
            return continued
        newline = "" if continued.text.endswith("\n") else "\n"
        name = "" if self.of_user else f"{self.story.char}:"
        return replace(continued, text=f"{continued.text}{newline}{name}", token_ids=None)

    def _going_on(self, continued: Item, *, there: bool) -> Item:
        """The turn to continue as SillyTavern writes it below others; ``there``: some of them are in."""
        form, char = self.form, self.story.char
        if not isinstance(form, PlainFormat):
            return continued_in_template(continued, form, char)
        line = form.reply_name and there and not self.greeting_alone and not self.of_user
        return continued_in_plain(continued, char, line=line)

    def _economy(self, base: int) -> Counting[Layout]:
        """Everything while it fits; then without examples; then without the oldest quarter of the history."""
        start = self._cost(self.start)
        sizes = [self._cost(*element) + self._beside(*element) for element in self.elements]
        pinned = start + sum(sizes) if self.given.examples is Examples.ALWAYS and sizes else 0
        base += self._cost(*(one.item for one in self.injections)) + self._cost(self.filler) + pinned
        base += self._beside(*(one.item for one in self.injections), *self.ending.asked)
        base += 0 if self.borders.apart else _OTHER_PARTS
        room = self._limit() - base
        if room < 0:
            raise refusals.card_too_long(self.given, base, self._longest())
        yield from self.fill.take(room)
        if not self.walk.kept and self.walk.has_older():
            item = self.walk.next_item
            raise refusals.turn_too_long(item, self._cost(item), room)
        if self.fill.tokens > room:
            raise refusals.card_too_long(self.given, base + self.fill.tokens, self._longest())
        used = len(self.elements) if pinned else 0
        if sizes and not pinned:
            used = self.fill.blocks([start + sizes[0], *sizes[1:]], room)
        return self._economy_layout(used)

    def _economy_layout(self, used: int) -> Layout:
        newest_first = self.fill.newest_first(self.injections)
        last = (item for item in (self.post_history, self.continued) if item)
        answered = bool(self.walk.kept) or self.walk.complete or bool(self.injections)
        return Layout(
            head=self.head,
            examples=tuple(item for element in self.elements[:used] for item in element),
            start=self.start if used else None,
            filler=self.filler,
            history=(*reversed(newest_first), *last, *self.ending.asked),
            opens=self.walk.complete,
            reply=self.ending.reply if answered else None,
            closed_thoughts=self.thoughts,
            left_out=tuple(self._left_out((), used, self.walk.next_item)),
            above=self.above,
        )

    # What a prompt is made of.

    def _turn_to_continue(self) -> Turn:
        turn = next((turn for turn in self.turns if not turn.hidden), None)
        if turn is None:
            raise refusals.nothing_to_continue()
        return turn

    def _opens_the_chat(self, turn: Turn) -> bool:
        """Whether the turn to continue is the chat's first; SillyTavern asks whether the chat has one turn alone."""
        if self.exact:
            return len(list(islice(self.given.turns, 2))) == 1
        return turn.parent == ROOT

    def _left_out(self, injections: Sequence[Injected], used: int, older: Item | None) -> Iterator[Part]:
        """Parts for what is not in: the texts ``injections``, and of the history ``older`` and what is above it."""
        yield from self.head.unused
        yield from notes.left_out(self.given)
        switched_off = self.given.examples is Examples.NEVER
        for element in self.dialogue.elements[used:]:
            text = "".join(self.form.write(item, Place()).text for item in element)
            reason = "example dialogue is switched off" if switched_off else "made room for the history"
            state = PartState.OUT if switched_off else PartState.CUT
            yield Part(PartKind.EXAMPLE, element[0].source, text, tokens=self._known(text), state=state, reason=reason)
        for one in injections:
            tokens = self._cost(one.item)
            yield Part(one.item.kind, one.item.source, one.item.text, "", "", tokens, PartState.CUT, "no room")
        if older is not None and older.turn_id:
            reason = "no room for this turn and those before it"
            tokens = self._known(self.form.write(older, Place()).text)
            yield Part(PartKind.TURN, older.source, older.text, "", "", tokens, PartState.CUT, reason, older.turn_id)

    # Sizes.

    def _limit(self) -> int:
        limit = self.given.context_tokens - self.given.response_tokens
        return limit if self.exact else limit - self.given.reserve_tokens

    def _fixed(self) -> list[str]:
        """The texts that are in, whatever else is. ``classic`` counts the name before a continued text twice."""
        form, continued, reply = self.form, self.continued, self.ending.reply
        added = self.ending.uncounted
        asked = [replace(item, text=item.text.removesuffix(added)) for item in self.ending.asked]
        if not self.exact and self.thoughts:
            return [
                *self._texts(self.post_history, *self.above, *asked),
                *_with_thoughts(self.thoughts, form, continued, reply),
            ]
        fixed = [*self._texts(continued, *asked, reply), *((self.given.thoughts,) if self.given.thoughts else ())]
        if not self.exact:
            return [*self._texts(self.post_history, *self.above), *fixed]
        named = continued is not None and not self.of_user and not self.greeting_alone
        if isinstance(form, PlainFormat) and form.reply_name and named:
            fixed.append(f"{self.story.char}:")
        return fixed

    def _texts(self, *items: Item | None) -> Iterator[str]:
        for item in items:
            if item is not None and item.kind is PartKind.REPLY_LINE:
                uncounted = self.exact and isinstance(self.form, PlainFormat)
                yield self.form.reply_line(replace(item, text="") if uncounted else item, None).text
            elif item is not None:
                yield self.form.write(item, Place(first=self.exact and item is self.filler)).text

    def _cost(self, *items: Item | None) -> int:
        return sum(self.counts[text] for text in self._texts(*items))

    def _known(self, text: str) -> int:
        return self.counts.get(text, 0)

    def _beside(self, *items: Item) -> int:
        """Tokens kept free beside those of the items."""
        return sum(self.borders.beside(item.text) for item in items)

    def _longest(self) -> str:
        """What most of that is which has to be in."""
        texts = {part.source: len(part.body) for part in self.head.uncounted(None)}
        pinned = self.elements if self.given.examples is Examples.ALWAYS else ()
        injections = (one.item for one in self.injections)
        for item in (*injections, self.post_history, *self.ending.asked, *(item for one in pinned for item in one)):
            if item is not None:
                texts[item.source] = texts.get(item.source, 0) + len(item.text)
        return max(texts, key=lambda source: texts[source], default="")

    def _planned(self, parts: tuple[Part, ...]) -> PromptPlan:
        given, template = self.given, self.given.instruct
        prefill = self.ending.kept
        if self.continued is not None and self.continued.speaker is not Speaker.USER:
            prefill = self.continued.text
        turns = (part for part in parts if part.state is PartState.IN and part.turn_id)
        first = next(turns, None)
        free = self.borders.within(parts, len(self.head.uncounted(None)))
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
            padding=given.token_padding if self.exact else given.reserve_tokens + free,
            thoughts=given.thoughts if self.thoughts.endswith(given.thoughts) else "",
            kept=None if self.exact else self.fill.kept(self.story.head),
            step=self.fill.step,
        )


def _borders(given: PromptInput, form: TurnFormat) -> Borders:
    if given.policy is Policy.CLASSIC:
        return Borders(blank=False, apart=True)
    return Borders(blank=True, apart=False) if isinstance(form, ProseFormat) else borders(given.instruct)


def _post_history(given: PromptInput, story: Story) -> Item | None:
    if not story.post_history or is_open(given):
        return None
    speaker = Speaker.USER if given.policy is Policy.CLASSIC else Speaker.NARRATOR
    return Item(speaker, "", story.post_history, PartKind.POST_HISTORY, "post-history instructions")


def _chat_start(given: PromptInput, story: Story) -> Item | None:
    text = story.expand(given.context.chat_start)
    in_prose = given.prose is not None and given.instruct is None  # it stands above every text then
    bare = given.policy is Policy.CLASSIC or given.instruct is None
    return separator_item(text, PartKind.CHAT_START, bare=bare) if text and not in_prose else None


def _filler(given: PromptInput, story: Story) -> Item | None:
    """The user's turn that stands before a history which the character opens, where the template wants one."""
    template = given.instruct
    if template is None or is_open(given) or not (template.user_alignment_message or template.alternates):
        return None
    text = template.user_alignment_message or OPENING_TURN
    return Item(Speaker.USER, story.user, text, PartKind.MARKUP, "the instruct template's user filler")


def _thoughts(given: PromptInput, ending: Ending, *, goes_on: bool) -> str:
    """The beginning of the thinking, or an empty one where the reply goes on from a text or must not think."""
    template = given.instruct
    if template is None or not template.reasoning_open or given.kind is GenerationKind.IMPERSONATE:
        return ""
    begun = goes_on or (ending.reply is not None and bool(ending.reply.text))
    if given.think and not begun:
        return thoughts_begun(template, given.thoughts) if given.thoughts else template.reasoning_prefill
    return thoughts_closed(template)


def _with_thoughts(thoughts: str, form: TurnFormat, continued: Item | None, reply: Item | None) -> Iterator[str]:
    """The end of the prompt with ``thoughts`` in it, before the text that the reply goes on from."""
    if continued is not None:
        written = form.write(continued, Place())
        yield f"{written.opening}{thoughts}{written.body}{written.closing}"
    elif reply is not None:
        line, whole = form.reply_line(replace(reply, text=""), None), form.reply_line(reply, None)
        yield f"{whole.opening}{thoughts}{line.body}"
        yield whole.body.removeprefix(line.body) + whole.closing
