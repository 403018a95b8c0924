"""What is said in a chat without a model: the greetings of a new one, and the user's own turns.

Their macros are replaced when they are stored (``docs/spec/sillytavern-prompts.md`` §3.5), and what these do to
variables is kept with them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING

from tavern_tui.domain.character import Character
from tavern_tui.domain.chat import ROOT, ChatTree, Turn
from tavern_tui.domain.events import Body, Speaker, TipMoved, TurnAdded
from tavern_tui.domain.persona import Persona
from tavern_tui.domain.regex_script import Placement
from tavern_tui.session.chat_variables import ChatVariables, swipes_of
from tavern_tui.session.modes.choosing import mode_of
from tavern_tui.session.regex_scripts import ChatScripts
from tavern_tui.session.turn_numbers import TurnNumbers
from tavern_tui.storage.chats import ChatLog

if TYPE_CHECKING:
    from tavern_tui.prompt.macros import NewestTurns, Variables
    from tavern_tui.session.options import ReplyOptions

_TURNS_BACK = 1_000


class Speech:
    """Says things in ``log``'s chat. ``clock`` gives Unix seconds, ``dice`` numbers from 0 up to 1.

    ``persona`` tells who the user is by then, ``options`` how replies are made. Under the policy ``classic`` macros are
    SillyTavern 1.12.6's alone.
    """

    def __init__(
        self,
        log: ChatLog,
        character: Character,
        persona: Callable[[], Persona],
        variables: ChatVariables,
        clock: Callable[[], float],
        dice: Callable[[], float],
        scripts: ChatScripts,
        options: Callable[[], ReplyOptions],
    ) -> None:
        self._log = log
        self._character = character
        self._persona = persona
        self._variables = variables
        self._clock = clock
        self._dice = dice
        self._scripts = scripts
        self._options = options

    async def greet(self) -> None:
        """Store the card's greetings as swipes of the chat's first turn, the first one shown.

        Nothing where another terminal was faster. Of all greetings only the one that is shown changes variables. Raises
        ``StorageError``.
        """
        shown = self._variables.begin()
        texts = self.greetings(self._character, self._character.greetings, shown)

        def turns(tree: ChatTree) -> list[Body]:
            if tree.turns:
                return []
            return [TurnAdded(ROOT, Speaker.CHARACTER, self._character.name, text) for text in texts]

        written = await asyncio.to_thread(self._log.append_from, turns) if texts else ()
        if len(written) > 1:
            await asyncio.to_thread(self._log.append, TipMoved(written[0].id))
        if written:
            await self._variables.keep_changed(shown)

    def greetings(self, character: Character, texts: Sequence[str], shown: Variables) -> list[str]:
        """``texts`` as they are stored for greetings of ``character``; the first of them, which is shown, changes
        ``shown``.
        """
        return [
            self._stored(text, Placement.AI_OUTPUT, self._variables.begin() if at else shown, character)
            for at, text in enumerate(texts)
        ]

    async def say(self, text: str) -> str:
        """Store the user's turn; its id. It goes under what is the tip by then: another terminal may have written.

        Raises ``StorageError``, and what the chat's mode refuses to say.
        """
        variables = self._variables.begin()
        meant = mode_of(self._log.tree.properties).said(text, self._log.tree, self._options(), self._dice)
        said = self._stored(meant.text, Placement.USER_INPUT, variables)

        def turn(tree: ChatTree) -> list[Body]:
            return [TurnAdded(tree.tip, Speaker.USER, self._persona().name, said, roll=meant.roll)]

        (event,) = await asyncio.to_thread(self._log.append_from, turn)
        await self._variables.keep_changed(variables)
        return event.id

    async def put(self, text: str, speaker: Speaker, name: str, *, hidden: bool = False) -> str:
        """Store a turn of whoever it is, as it is written but for its macros; its id. ``hidden``: no model reads it.

        Raises ``StorageError``.
        """
        variables = self._variables.begin()
        placement = Placement.AI_OUTPUT if speaker is Speaker.CHARACTER else Placement.USER_INPUT
        said = (
            self._expanded(text, variables) if speaker is Speaker.NARRATOR else self._stored(text, placement, variables)
        )

        def turn(tree: ChatTree) -> list[Body]:
            return [TurnAdded(tree.tip, speaker, name, said, hidden=hidden)]

        (event,) = await asyncio.to_thread(self._log.append_from, turn)
        await self._variables.keep_changed(variables)
        return event.id

    def edited(self, turn: Turn, text: str) -> str:
        """What is stored of ``text`` as the new text of ``turn``: as scripts for edits leave it."""
        return self._scripts.edited(turn, text, self.expand)

    def expand(self, text: str) -> str:
        """``text`` with its macros replaced; what it would do to variables is not kept."""
        return self._expanded(text, self._variables.begin())

    def _stored(self, text: str, placement: Placement, variables: Variables, character: Character | None = None) -> str:
        """``text`` as it is stored: scripts read it before its macros are replaced, as in SillyTavern."""

        def expand(part: str) -> str:
            of_user = placement is Placement.USER_INPUT
            return self._expanded(part, variables, of_user=of_user, character=character)

        return expand(self._scripts.stored(text, placement, expand))

    def _expanded(
        self, text: str, variables: Variables, *, of_user: bool = False, character: Character | None = None
    ) -> str:
        """``text`` as it is stored; a text of the user's may ask for the chat's newest turns."""
        if "{{" not in text and "<" not in text:
            return text
        from tavern_tui.prompt.macros import MacroContext, expand

        card = character or self._character
        context = MacroContext(
            user=self._persona().name,
            char=card.nickname or card.name,
            now=datetime.fromtimestamp(self._clock()),
            random=self._dice,
            description=card.description,
            personality=card.personality,
            scenario=card.scenario,
            persona=self._persona().description,
            mes_examples=card.example_dialogue,
            char_version=card.version,
            creator_notes=card.creator_notes,
            char_note=card.note.text,
            greetings=card.greetings,
            chat_id=self._log.key,
            exact=self._options().policy == "classic",
            variables=variables,
            turns=self._newest() if of_user else None,
        )
        return expand(text, context)

    def _newest(self) -> NewestTurns:
        from tavern_tui.prompt.macros import NewestTurns

        tree = self._log.tree
        turns = list(islice(tree.walk_back(), _TURNS_BACK))
        return NewestTurns(turns, number=TurnNumbers(lambda: tree), swipes=swipes_of(tree, tree.tip, another=False))
