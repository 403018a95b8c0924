"""``Adventure``: the user plays one person, the model tells what comes of it and plays everyone else.

What is typed is of a kind (``kinds``) and may be rolled for (``rolls``). The roll stands under the action in every
prompt of the chat, so that what was read of it stays as it was. Source: ``docs/ux.md`` §12.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from tavern_tui.domain.dice import read_dice
from tavern_tui.domain.errors import ContradictionError
from tavern_tui.domain.preset import STARTER
from tavern_tui.prompt.defaults import ADVENTURE
from tavern_tui.prompt.inputs import Injection, InjectionPosition, Policy, Prose
from tavern_tui.prompt.plan import PartKind
from tavern_tui.session.modes.kinds import Kind, kind_of, typed, written
from tavern_tui.session.modes.mode import Mode, Said
from tavern_tui.session.modes.rolls import Thrown, for_narrator

if TYPE_CHECKING:
    from tavern_tui.domain.chat import ChatTree
    from tavern_tui.prompt.cleanup import ReplyRules
    from tavern_tui.prompt.inputs import PromptInput
    from tavern_tui.session.options import ReplyOptions

MEMORY: Final = "memory"
"""The chat's property that holds what the narrator must never forget: the plot's essentials."""

STOPS: Final = ("\n>", "\nYou:", "\n[Roll ")
"""Where the narrator would begin to decide for the player. Source: ``docs/spec/kobold-lite.md`` §2.2."""

_STARTER = replace(STARTER, repetition_penalty=1.15, dry_multiplier=0.8, penalize_prompt=True)
_STARTER_TOKENS = 60
_STARTER_TEXT = (
    'Tell what happens next in the adventure in two or three short sentences. Write "you" for the player. Bring in'
    " something new each time. Stop before the player acts."
)
"""For the 135M starter, of which transcripts of all scenarios have been read: with more it speaks as the player."""

LONGEST_LINE: Final = 2_000
"""Characters of a reply's line that make sense; a line that goes on longer is cut at its last sentence."""

_PLAYERS = re.compile(r"(?:\A|\n)[^\S\n]*(?:>|You:|Player:|\[Roll ).*", re.DOTALL)
_RUN = re.compile(r"(\S)\1{31,}")
_RUN_KEPT = 8
_SENTENCE = re.compile(r"[.!?…][\"”')]*")
_LAST_WORDS = 160  # characters in which that question stands
_QUESTION = re.compile(
    r"(?:\A|(?<=[.!?…\"”')\]*\n]))\s*[\"*_(]*(?:so,?\s+|now,?\s+|and\s+)?(?:what\s+(?:do|will|would|are)\s+you\s+"
    r"(?:do|going\s+to\s+do|say|like\s+to\s+do)(?:\s+(?:now|next|then|about\s+it|first))?|what(?:['’]s|\s+is)\s+your\s+"
    r"(?:next\s+)?(?:move|action|plan))\s*[?.!…]*[\"*_)]*\s*\Z",
    re.IGNORECASE,
)


class Adventure(Mode):
    """An adventure: what the player does stands behind an angle bracket, and nobody is named."""

    name = "adventure"
    title = "Adventure"
    response_tokens = 200
    system_text = ADVENTURE

    def for_starter(self, options: ReplyOptions) -> ReplyOptions:
        """A few words of instruction, replies that begin with the player, and no going round in circles."""
        own = options.chosen
        return replace(
            options,
            preset=options.preset if "preset" in own else _STARTER,
            response_tokens=options.response_tokens if "response_tokens" in own else _STARTER_TOKENS,
            system_text=_STARTER_TEXT if options.system_text is None else options.system_text,
            prefill=options.prefill or "You",
        )

    def said(self, typed_text: str, tree: ChatTree, options: ReplyOptions, dice: Callable[[], float]) -> Said:
        """The line as its kind has it, and its roll.

        Raises ``ContradictionError`` for a kind without a text, ``SettingsError`` for what nobody can throw.
        """
        line = typed(typed_text, kind_of(tree.properties))
        if not line.text:
            shown = f"{line.dice} ".lstrip() if line.total is None else f"{line.total} "
            raise ContradictionError(
                f"There is nothing to {_verb(line.kind)} yet.", hint=f"Write it behind: /{line.kind} {shown}…"
            )
        text = written(line.kind, line.text, options.adventure)
        if line.kind is not Kind.ROLL:
            return Said(text)
        thrown = Thrown(tree.properties, options.adventure)
        if line.dice:
            return Said(text, thrown.throw(read_dice(line.dice), dice))
        return Said(text, thrown.roll(dice, line.total))

    def shaped(self, given: PromptInput, tree: ChatTree) -> PromptInput:
        """Turns without names, in a template as turns of user and assistant; memory at the end of the head."""
        return replace(
            given,
            rolls=for_narrator,
            policy=Policy.ECONOMY,
            prose=Prose(),
            stop_strings=(*given.stop_strings, *STOPS),
            injections=(*given.injections, *_memory(tree.properties)),
        )

    def cleaned(self, rules: ReplyRules, given: PromptInput, options: ReplyOptions) -> ReplyRules:
        """The player's lines are cut, and a last question what the player does, where that is wanted."""
        question = options.adventure.strip_question

        def of_mode(text: str) -> str:
            return without_players_lines(text, question=question)

        return replace(rules, classic=None, of_mode=of_mode, plays_the_other=_plays_the_player)


def memory_of(properties: Mapping[str, Any]) -> str:
    """The memory of a chat with these properties, "" for none."""
    memory = properties.get(MEMORY)
    return memory.strip() if isinstance(memory, str) else ""


def without_players_lines(text: str, *, question: bool) -> str:
    """A reply up to where it begins to play the player. ``question``: a last "What do you do?" goes as well.

    Endless runs of one sign are shortened, and a line that does not end is cut at its last sentence.
    """
    text = _PLAYERS.sub("", text)
    text = _RUN.sub(lambda run: run[1] * _RUN_KEPT, text)
    text = "\n".join(_within(line) for line in text.split("\n"))
    text = text.rstrip()
    if question:
        text = text[:-_LAST_WORDS] + _QUESTION.sub("", text[-_LAST_WORDS:])
    return text.rstrip()


def _plays_the_player(text: str) -> bool:
    return _PLAYERS.match(text) is not None


def _within(line: str) -> str:
    if len(line) <= LONGEST_LINE:
        return line
    ends = [found.end() for found in _SENTENCE.finditer(line, 0, LONGEST_LINE)]
    return line[: ends[-1]] if ends else line[:LONGEST_LINE] + "…"


def _memory(properties: Mapping[str, Any]) -> Iterator[Injection]:
    if memory := memory_of(properties):
        place = InjectionPosition.AFTER_SCENARIO
        yield Injection(memory, kind=PartKind.SCENARIO, source="memory", key="0_memory", position=place)


def _verb(kind: Kind) -> str:
    return {Kind.SAY: "say", Kind.STORY: "tell", Kind.OOC: "say"}.get(kind, "do")
