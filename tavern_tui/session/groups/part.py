"""``GroupPart``: the group in a ``ChatSession``: whose turn it is, and what a speaker's prompt is made of.

Members are known by their names; one whose card is gone stays a member, is spoken of, and does not speak. What the
chat's log says of the group is read anew each time: another terminal, or an undo, may have changed it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from tavern_tui.domain.character import Character
from tavern_tui.domain.chat import Turn
from tavern_tui.domain.errors import NotFoundError
from tavern_tui.domain.events import Speaker, TurnAdded
from tavern_tui.domain.lorebook import Lorebook
from tavern_tui.domain.regex_script import RegexScript
from tavern_tui.session.author_note import for_prompt, note_of
from tavern_tui.session.groups.cut_lines import CutLine, cut_line, first_line
from tavern_tui.session.groups.facts import GroupFacts, facts_of
from tavern_tui.session.groups.greetings import greet, greet_after
from tavern_tui.session.groups.presence import Presence
from tavern_tui.session.thinking import Making, following

if TYPE_CHECKING:
    from tavern_tui.prompt.inputs import PromptInput
    from tavern_tui.session.groups.choosing import NextSpeaker
    from tavern_tui.session.reply_place import ReplyPlace
    from tavern_tui.session.session import ChatSession


@dataclass(frozen=True, slots=True)
class Player:
    """A member's card, its lorebooks, and the regex scripts for its prompts and replies, ``None`` for the chat's.

    ``problem`` says why a card could not be read, empty where it could.
    """

    character: Character
    books: tuple[Lorebook, ...] = ()
    problem: str = ""
    scripts: tuple[RegexScript, ...] | None = None


class GroupPart:
    """The group of ``session``. ``player`` reads a member's card by its name, once for each."""

    def __init__(self, session: ChatSession, player: Callable[[str], Player]) -> None:
        self._session = session
        self._read = player
        self._players: dict[str, Player] = {}
        session.changes.on_swipe = self._swiped
        self._cut: tuple[str, CutLine | None] = ("", None)

    @property
    def facts(self) -> GroupFacts:
        """The group as it is now."""
        return facts_of(self._session.tree) or GroupFacts(self._session.tree.characters)

    @property
    def players(self) -> Mapping[str, Player]:
        """Every member by name, in the list's order. Reads the cards of those who are new: blocks for these."""
        return {name: self.player(name) for name in self.facts.members}

    @property
    def missing(self) -> tuple[str, ...]:
        """The members without a card that can be read."""
        return tuple(name for name, player in self.players.items() if player.problem)

    def player(self, name: str) -> Player:
        """The member of that name, or whoever it is."""
        if name not in self._players:
            self._players[name] = self._read(name)
        return self._players[name]

    def read_cards(self) -> None:
        """Read the cards of all members anew: they may have been changed. Blocks."""
        self._players = {name: self._read(name) for name in self.facts.members}

    def away(self) -> frozenset[str]:
        """Who is away now."""
        return Presence(self._session.tree).away()

    def next_speakers(self, typed: str = "") -> tuple[NextSpeaker, ...]:
        """Who would answer if the user said ``typed`` now, or nothing, in turn; none where nobody would."""
        return self._choose(typed, self._session.tree.tip)

    def next_name(self) -> str:
        """Who answers where the user says nothing: for prompts that are only looked at, somebody in any case."""
        newest = self._session.tree.turns.get(self._session.tree.tip)
        typed, before = "", self._session.tree.tip
        if newest is not None and newest.speaker is Speaker.USER:
            typed, before = newest.text, newest.parent
        chosen = self._choose(typed, before) or self._choose("", before)
        return chosen[0].name if chosen else self._session.character.name

    def answers(self, text: str, replies: int, by: str) -> Callable[[], Iterator[Making]]:
        """What is made when the user has said ``text``, or nothing: a reply by each who speaks.

        ``by`` is the one who speaks, muted or not, instead of whoever is next. Raises ``NotFoundError`` for one who
        cannot.
        """
        if by:
            self.speaking(by)

        def makings() -> Iterator[Making]:
            tree = self._session.tree
            before = tree.turns[tree.tip].parent if text.strip() else tree.tip
            names = [by] if by else [one.name for one in self._choose(text, before)]
            for place, name in enumerate(names):
                yield following(self._session.tree.tip, name).side_by_side(1 if place else replies)

        return makings

    def speaking(self, name: str) -> Player:
        """The member ``name``, who is to speak. Raises ``NotFoundError`` where it is none, or has no card."""
        if name not in self.facts.members:
            raise NotFoundError(
                f"{name} is not in this group.", hint=f"In it are {', '.join(self.facts.members) or 'nobody'}."
            )
        player = self.player(name)
        if player.problem:
            raise NotFoundError(player.problem, hint="The others of the group can talk.")
        return player

    def told(self, given: PromptInput, place: ReplyPlace, parent: str) -> PromptInput:
        """``given`` as the prompt of whoever speaks at ``place``: with what this one knows.

        Raises ``NotFoundError`` where it is no member any more, or has no card.
        """
        from tavern_tui.prompt.inputs import Group, GroupCards, Member

        facts, speaker = self.facts, self.speaking(place.name)
        quiet, beside = facts.muted | frozenset(self.missing), self._session.options.beside_cards
        return replace(
            given,
            character=speaker.character,
            lorebooks=speaker.books,
            note=for_prompt(note_of(self._session.tree), beside.get(speaker.character.name)),
            turns=Presence(self._session.tree).known_to(place.name, self._session.tree.walk_back(parent)),
            group=Group(
                members=tuple(Member(player.character, name in quiet) for name, player in self.players.items()),
                cards=GroupCards[facts.cards.upper()],
                join_prefix=facts.join_prefix,
                join_suffix=facts.join_suffix,
            ),
            scenario=facts.scenario or given.scenario,
            regex_scripts=given.regex_scripts if speaker.scripts is None else speaker.scripts,
        )

    def heard(self, said: str, name: str) -> None:
        """A reply of the member ``name`` has ended; ``said`` is all that the model wrote."""
        others = {*self.facts.members} - {name}
        line = first_line(said, others, {*others, name, self._session.persona.name})
        self._cut = (self._session.tree.tip, line)

    @property
    def cut_line(self) -> CutLine | None:
        """The line of another member that was cut off the newest reply, be it that nothing else was left of that."""
        session = self._session
        tip, line = self._cut
        if line is not None and tip == session.tree.tip:
            return line
        newest = session.tree.turns.get(session.tree.tip)
        return cut_line(newest, self.facts.members, session.persona.name) if newest is not None else None

    async def keep_cut_line(self) -> Turn:
        """Make that line the next turn, by the member whose it is. Raises ``NotFoundError``, ``StorageError``."""
        session, line = self._session, self.cut_line
        if line is None:
            raise NotFoundError("Nothing of another member's was cut off the last reply.")
        (turn,) = await session.changes.write(TurnAdded(session.tree.tip, Speaker.CHARACTER, line.name, line.text))
        return session.tree.turns[turn]

    async def greet(self) -> None:
        """Let each member greet. Raises ``StorageError``."""
        await greet(self._session, self._cards())

    async def _swiped(self, chosen: Turn) -> bool:
        return await greet_after(self._session, chosen, self._cards())

    def _cards(self) -> list[Character]:
        return [player.character for player in self.players.values()]

    def _choose(self, typed: str, before: str) -> tuple[NextSpeaker, ...]:
        from tavern_tui.session.groups.choosing import next_speakers

        facts, session = self.facts, self._session
        away = facts.muted | Presence(session.tree).away(before)
        able = {
            name: player.character for name, player in self.players.items() if name not in away and not player.problem
        }
        return next_speakers(session.tree, facts, able, typed, before, session.log.key)
