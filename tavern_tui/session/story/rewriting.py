"""Rewriting a stretch of a story: the model proposes another wording, a person takes it, parts of it, or drops it.

A proposal is no turn and changes nothing; what is taken is an edit like any other, so the words that stood there stay
in the chat. The differences of a proposal are ``difference.changes``.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection
from contextlib import aclosing
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from tavern_tui.domain.comments import comments, sent
from tavern_tui.domain.errors import EngineError, EngineFault, SettingsError
from tavern_tui.session.story.difference import Change, changes

if TYPE_CHECKING:
    from tavern_tui.session.story.story import StorySession

WAYS: Final = {
    "rewrite": "Say the same in other words, in the style of the story.",
    "shorter": "Say the same in about half as many words.",
    "longer": "Say the same at twice the length, with more of what is seen, heard and felt.",
    "describe": "Describe more closely what is seen, heard, smelled and felt here.",
    "fix": "Mend spelling, grammar and punctuation. Change nothing else.",
}
"""What can be asked for by one word; anything else is an instruction of one's own."""

MOST_CHARACTERS: Final = 12_000
"""The longest stretch that is rewritten at once: some pages."""

_BEFORE_CHARACTERS, _AFTER_CHARACTERS = 1_500, 500
_ASKED = (
    "Here is a passage of a story.\n\n{before}<passage>\n{passage}\n</passage>\n\n{after}{wanted} Write the new passage"
    " and nothing else: no comment, no tags, no quotation marks round it."
)
_BEFORE, _AFTER = "What stands before it: {}\n\n", "What follows it: {}\n\n"
_TOKENS_PER_CHARACTER = 0.45
_LEAST_TOKENS = 80


@dataclass(frozen=True, slots=True)
class Proposal:
    """Another wording ``new`` for the characters from ``start`` to ``end``, which read ``old``."""

    start: int
    end: int
    old: str
    new: str
    asked: str

    @property
    def changes(self) -> list[Change]:
        """Both as stretches that are the same and stretches that differ, word by word."""
        return changes(self.old, self.new)

    def text(self, taken: Collection[int] | None = None) -> str:
        """The passage with all differences, or those of these numbers (counted among the differences from 0)."""
        parts, number = [], 0
        for change in self.changes:
            wanted = taken is None or number in taken
            parts.append(change.new if wanted or change.same else change.old)
            number += not change.same
        return "".join(parts)


async def propose(story: StorySession, start: int, end: int, asked: str) -> AsyncGenerator[Proposal, None]:
    """The proposal as it grows; the last one is complete. ``asked``: one of ``WAYS``, or an instruction.

    Raises ``SettingsError`` for nothing selected or too much of it, ``EngineError``.
    """
    old = story.document.text(start, end)
    wanted = WAYS.get(asked.strip().casefold(), asked.strip())
    text = story.document.text()
    if not sent(text, start, end).strip() or not wanted:
        raise SettingsError("There is nothing to rewrite.", hint="Select a passage, and say what is to become of it.")
    if len(old) > MOST_CHARACTERS:
        raise SettingsError(
            f"That are {len(old):,} characters; at once {MOST_CHARACTERS:,} can be rewritten.",
            hint="Select less.",
        )
    if story.chat.busy:
        raise EngineError("A passage is already being written.", fault=EngineFault.BUSY, hint="Stop it first.")
    new = ""
    async with aclosing(_answer(story, _question(text, start, end, wanted), len(old))) as texts:
        async for new in texts:
            yield Proposal(start, end, old, _framed(old, new), asked)
    if not new.strip():
        raise EngineError("The model wrote nothing.", hint="The passage is as it was.", fault=EngineFault.REJECTED)


async def accept(story: StorySession, proposal: Proposal, taken: Collection[int] | None = None) -> None:
    """Put a proposal in the place of what it is for, all of it or the differences ``taken``, and save that.

    Raises ``SettingsError`` where that text has changed meanwhile, ``StorageError``.
    """
    if story.document.text(proposal.start, proposal.end) != proposal.old:
        raise SettingsError("The passage has changed since it was asked for.", hint="Ask again.")
    await story.save()
    story.edit(proposal.start, proposal.end, proposal.text(taken))
    await story.save()


def _question(text: str, start: int, end: int, wanted: str) -> str:
    before = " ".join(sent(text, max(0, start - _BEFORE_CHARACTERS), start).split())
    after = " ".join(sent(text, end, end + _AFTER_CHARACTERS).split())
    wanted = wanted if wanted[-1] in ".!?" else f"{wanted}."
    return _ASKED.format(
        before=_BEFORE.format(before) if before else "",
        after=_AFTER.format(after) if after else "",
        passage=sent(text, start, end).strip(),
        wanted=wanted,
    )


def _framed(old: str, new: str) -> str:
    """``new`` without tags that the model added, between the blanks that ``old`` has round it; with its comments."""
    kept = [old[start:end] for start, end in comments(old)]
    new = " ".join([new.replace("<passage>", "").replace("</passage>", "").strip(), *kept])
    lead = old[: len(old) - len(old.lstrip())]
    return lead + new + old[len(old.rstrip()) :]


async def _answer(story: StorySession, question: str, characters: int) -> AsyncGenerator[str, None]:
    """What the model says, as it grows, thinking left out; nothing of it is kept.

    The question is asked alone, and in a cache of its own: what was read of the story stays.
    """
    from tavern_tui.engines import base
    from tavern_tui.prompt.inputs import GenerationKind, Quiet
    from tavern_tui.prompt.reasoning import splitter_for
    from tavern_tui.session.asking import request_for
    from tavern_tui.session.whole_prompt import planned

    chat = story.chat
    prepared = await chat.prepared()
    room = max(_LEAST_TOKENS, min(prepared.plan.response_tokens * 4, round(characters * _TOKENS_PER_CHARACTER * 2)))
    given = replace(
        prepared.given,
        turns=(),
        kind=GenerationKind.QUIET,
        quiet=Quiet(text=question),
        response_tokens=room,
        prefill="",
        think=False,
        injections=(),
        note=None,
    )
    plan, prompt = await planned(given, prepared.ready, prepared.options, chat.connection)
    request = replace(request_for(chat, prepared, plan, prompt, room), chat=chat.log.key + " rewrite", head=0)
    splitter = splitter_for(plan.reasoning_open, plan.reasoning_close)
    said = ""
    async with chat.connection.engine.generate(request) as source:
        async for event in source:
            if isinstance(event, base.TextArrived) and (more := splitter.feed(event.text).reply):
                said += more
                yield said
    if more := splitter.finish().reply:
        yield said + more
