"""``ReplyText``: a reply's text while it comes: raw, as it will read, and as far as it will not change any more.

Thinking is split off, the text is cleaned as it grows, and a reply that reaches its length ends with its sentence.
"""

from __future__ import annotations

from collections.abc import Iterable

from tavern_tui.domain.chat import Turn
from tavern_tui.engines.base import TextArrived
from tavern_tui.prompt.cleanup import ReplyRules, clean_reply
from tavern_tui.prompt.plan import PromptPlan
from tavern_tui.prompt.reasoning import splitter_for
from tavern_tui.prompt.scripted_prompt import ReplyEdit
from tavern_tui.prompt.sentences import SentenceFinisher, finish_sentence, sentence_ends
from tavern_tui.session.options import ReplyOptions


class ReplyText:
    """Feed it what arrives; ``close`` it once. ``raw`` includes the text that the reply was begun with.

    ``prefill`` is the given beginning of a new reply; ``continued`` is the turn that goes on. ``before`` is what stands
    before the model's own words where nothing more is known of them, as after a crash. What a person has edited is
    never cleaned again, but under ``classic``. ``sent`` is the prompt where it is another than the plan's own.
    ``tokens`` are the reply's, ``thought_tokens`` those of the thinking, which has a budget of its own. ``taken_back``:
    with the last ``feed`` all text before it turned out to be thinking, and was given out again as such.
    """

    def __init__(
        self,
        *,
        plan: PromptPlan,
        rules: ReplyRules,
        options: ReplyOptions,
        prefill: str = "",
        continued: Turn | None = None,
        sent: str = "",
    ) -> None:
        self._rules = rules
        self._options = options
        opened = bool(plan.reasoning_open) and (sent or plan.text).rstrip().endswith(plan.reasoning_open)
        self._splitter = splitter_for(
            plan.reasoning_open, plan.reasoning_close, thinking=opened or bool(plan.thoughts), thoughts=plan.thoughts
        )
        self._finisher = SentenceFinisher(options.response_tokens)
        self._room = plan.response_tokens
        self._length = _length(options)
        self._may_think = options.thinking_tokens or options.reasoning_tokens
        before = prefill if continued is None else continued.source_text
        self._exact = plan.policy == "classic"
        untouched = continued is None or (continued.raw is not None and not continued.edited) or self._exact
        self._fixed, self._begun = ("", before) if untouched else (before, "")
        self._joint = plan.chat.joint if plan.chat is not None and continued is not None else ""
        self._foreign = ""
        self._ids: list[int] = []
        self._all_ids = True
        self._settled = 0
        self._final: str | None = None
        self.before = before + self._joint
        self.tokens = 0
        self.thought_tokens = 0
        self.shown = ""
        self.complete = False
        self.taken_back = False

    @staticmethod
    def room_for(options: ReplyOptions, *, thinks: bool) -> int:
        """Tokens to keep free for a reply: its length, the run to the sentence's end, and what it may think."""
        return _length(options) + (options.thinking_tokens if thinks else 0)

    @property
    def most_tokens(self) -> int:
        """The most tokens to ask the engine for."""
        return self._room

    @property
    def raw(self) -> str:
        """Everything that the reply's turn is made from, before any clean-up."""
        return self._fixed + self._begun + self._joined(self._splitter.reply)

    @property
    def said(self) -> str:
        """What the model itself wrote of the reply, before any clean-up; thinking and given beginnings left out."""
        return self._splitter.reply

    @property
    def spoken_for(self) -> str:
        """The name of whom the reply was written for instead of its own speaker; empty where it was not."""
        whole = (self._begun + self.said).lstrip()
        if self._rules.plays_the_other is not None and self._rules.plays_the_other(whole):
            return self._rules.other
        return self._rules.other if self._rules.other and whole.startswith(f"{self._rules.other}:") else ""

    @property
    def reasoning(self) -> str:
        """The model's thinking so far."""
        return self._foreign + self._splitter.reasoning

    @property
    def settled(self) -> int:
        """Length in characters of the beginning of ``shown`` that will stay as it is."""
        return self._settled

    @property
    def final(self) -> str:
        """The reply as it is saved; empty where nothing was said. Only after ``close``."""
        assert self._final is not None
        return self._final

    @property
    def ids(self) -> tuple[int, ...]:
        """The sampled ids of ``raw``; meaningful where ``ids_fit``."""
        return tuple(self._ids)

    @property
    def ids_fit(self) -> bool:
        """Whether the ids are those of the saved text: nothing was given before it, thought, cut or cleaned."""
        given = self._fixed or self._begun or self.reasoning
        return bool(self._ids) and self._all_ids and not given and self.final == self.raw

    @property
    def only_thought(self) -> bool:
        """Whether there is thinking and nothing was said."""
        return bool(self.reasoning.strip()) and not self._splitter.reply.strip()

    def feed(self, pieces: Iterable[TextArrived]) -> tuple[str, str]:
        """Take in what arrived, up to where the reply is ``complete``; what of it was reply and what was thinking."""
        said, thought, self.taken_back = "", "", False
        for piece in pieces:
            split = self._splitter.feed(piece.text)
            self._ids += piece.token_ids
            self._all_ids = self._all_ids and bool(piece.token_ids)
            if split.reclaimed:
                self._finisher = SentenceFinisher(self._options.response_tokens)
                self._settled = 0
                self.thought_tokens += self.tokens
                self.tokens = 0
                said, self.taken_back = "", True
            said += split.reply
            thought += split.reasoning
            tokens = max(1, len(piece.token_ids))
            if split.reply:
                self._count(split.reply, tokens)
            else:
                self._count_thought(tokens)
            if self.complete:
                break
        if said or self.shown:
            self._show()
        return said, thought

    def feed_reasoning(self, text: str) -> None:
        """Take in a piece of thinking that the engine told apart itself: about a token."""
        self._foreign += text
        self._count_thought(1)

    def close(self, *, stopped: bool, at_length: bool = False) -> None:
        """Nothing more comes. ``stopped``: cut off from outside, so nothing is cut back further."""
        if self._final is not None:
            return
        self._count(self._splitter.finish().reply, 0)
        if isinstance(self._rules.edit, ReplyEdit):
            self._rules.edit.finish()
        said = self._splitter.reply
        cut = self.complete or (at_length and not stopped)
        if cut and self._options.finish_sentence:
            said = self._finisher.text(ended=False) if self._begun == "" else self._finished(said)
        self._final = self._cleaned(said) if self._splitter.reply.strip() else ""
        self.shown = self._final

    def _finished(self, said: str) -> str:
        """``said`` up to its last sentence end, seen together with what the reply was begun with."""
        whole = finish_sentence(self._begun + (self._finisher.text(ended=False) if self.complete else said))
        return whole[len(self._begun) :] if len(whole) > len(self._begun) else said

    def _count(self, reply: str, tokens: int) -> None:
        if reply:
            self.tokens += tokens
            done = self._finisher.feed(reply, tokens)
            # Servers have been seen to ignore the length that they were asked for.
            too_long = self.tokens >= self._length
            enough = self._rules.enough is not None and self._rules.enough(self._splitter.reply)
            self.complete = self.complete or too_long or enough or (done and self._options.finish_sentence)

    def _count_thought(self, tokens: int) -> None:
        self.thought_tokens += tokens
        self.complete = self.complete or (self.thought_tokens >= self._may_think and self.only_thought)

    def _show(self) -> None:
        self.shown = self._cleaned(self._splitter.reply)
        self._settle()

    def _settle(self) -> None:
        if self._rules.edit is not None:
            return  # a script may change any of it once more has come
        end = len(self.shown)
        ends = [place for place in sentence_ends(self.shown, self._settled) if place < end]
        settled = ends[-1] if ends else min(self._settled, end)
        # Blanks after a sentence stay as well: they are there only because something follows.
        self._settled = end - len(self.shown[settled:].lstrip())

    def _cleaned(self, said: str) -> str:
        return self._fixed + clean_reply(self._begun + self._joined(said), self._rules)

    def _joined(self, said: str) -> str:
        """``said`` with what stands between it and a turn that goes on; under ``economy`` its own blank is enough."""
        enough = not said or (said[0].isspace() and not self._exact)
        return said if enough else self._joint + said


def _length(options: ReplyOptions) -> int:
    """The most tokens of a reply, thinking aside: its length, and where it may, the run to the sentence's end."""
    run = SentenceFinisher(options.response_tokens).most_tokens if options.finish_sentence else 0
    return max(run, options.response_tokens)
