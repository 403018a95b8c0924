"""``PlainChat``: the loop of the line mode: a line in, a reply out, and a handful of slash commands."""

from __future__ import annotations

import sys
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import dataclass

from tavern_tui.cli import plain_adventure, plain_group, plain_memory, plain_writers
from tavern_tui.cli.hangup import signals_kept
from tavern_tui.cli.lines import LineReader
from tavern_tui.cli.main import EXIT_DONE, EXIT_INTERRUPTED
from tavern_tui.cli.output import Printer, note
from tavern_tui.cli.talking import Progress, ReplyPrinter, Unit
from tavern_tui.cli.telling import told
from tavern_tui.domain.errors import EngineError, EngineFault, TavernError
from tavern_tui.domain.request import MOST_REPLIES
from tavern_tui.domain.thinking import Thinking
from tavern_tui.session import events, presets
from tavern_tui.session.opening import Wishes
from tavern_tui.session.reading_chats import problems_of
from tavern_tui.session.session import ChatSession
from tavern_tui.session.transcript import path_lines
from tavern_tui.session.workspace import Workspace

_TWICE_SECONDS = 2.0
_LIST_TURNS, _MOST_DIGITS = 10, 9
_ROWS = plain_group.COMMANDS | plain_adventure.COMMANDS | plain_memory.COMMANDS


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """One command: how it is written, what it does, and the doing."""

    written: str
    does: str
    run: Callable[[PlainChat, str], Awaitable[None]]


class PlainChat:
    """A session at a line-based terminal or a pipe. ``run`` it once. ``progress`` hears what its engine does."""

    def __init__(
        self,
        session: ChatSession,
        unit: Unit,
        progress: Progress,
        *,
        workspace: Workspace,
        wishes: Wishes,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.session = session
        self.workspace = workspace
        self.wishes = wishes
        self.own_writer = False
        """Whether somebody else was chosen for this chat alone since the start."""
        self.watch = progress.watch
        self._unit = unit
        self.printer = Printer()
        self._progress = progress
        self._clock = clock
        self._leaving = False
        self._interrupted_at = float("-inf")
        self._exit_code = EXIT_DONE
        self._lines: LineReader | None = None

    async def run(self) -> int:
        """Talk until the input ends or the user quits; returns the exit code."""
        self._lines = LineReader()
        with signals_kept(self.session, hung_up=self.leave, terminated=self.leave, interrupted=self._interrupt):
            await self._begin()
            while not self._leaving and (line := await self._lines.next()) is not None:
                try:
                    await self._take(line)
                except TavernError as error:
                    note(told(error))
        return self._exit_code

    def leave(self) -> None:
        """End the loop once the running reply is saved."""
        self._leaving = True
        if self._lines is not None:
            self._lines.end()

    async def say(self, text: str) -> None:
        """Store ``text`` and print the answer."""
        await self.print_reply(self.session.reply(text))

    async def swipe(self, argument: str) -> None:
        """The next swipe, a new one after the last, ``back``, or one by its number."""
        newest = self.session.tree.turns.get(self.session.tree.tip)
        siblings = self.session.tree.siblings(newest.id) if newest else []
        place = siblings.index(newest.id) if newest else 0
        wanted = _number(argument)
        if wanted is not None:
            step = wanted - 1 - place
        elif argument in ("", "back"):
            step = -1 if argument else 1
        else:
            note("/swipe writes or shows the next one, /swipe back shows the one before, /swipe 2 the second.")
            return
        if step == 1 and not argument and place + 1 >= len(siblings):
            await self.print_reply(self.session.swipe())
            return
        await self.session.changes.select_swipe(step)
        self.show(1)

    async def go_on(self, _argument: str) -> None:
        """Let the last reply go on."""
        await self.print_reply(self.session.continue_reply())

    async def retry(self, _argument: str) -> None:
        """Another reply beside the last one."""
        await self.print_reply(self.session.swipe())

    async def swipes(self, argument: str) -> None:
        """Several replies beside the last one, side by side where the engine can."""
        wanted = _number(argument)
        if wanted is None or not 1 <= wanted <= MOST_REPLIES:
            note(f"/swipes 3 writes three more replies beside the last one, up to {MOST_REPLIES}.")
            return
        texts: dict[int, str] = {}
        async for event in self.session.swipe(replies=wanted):
            reply, told_of = (event.reply, event.event) if isinstance(event, events.OneOf) else (0, event)
            self._progress.watch(told_of)
            if isinstance(told_of, events.TurnSaved):
                texts[reply] = told_of.turn.text
            elif isinstance(told_of, events.TurnFailed):
                note(told(told_of.error))
        for number, reply in enumerate(sorted(texts), 1):
            note(f"{number} of {len(texts)}:")
            ReplyPrinter(self.printer, self._unit).end(texts[reply])

    async def undo(self, _argument: str) -> None:
        """Take back the last action."""
        what = await plain_writers.walked(self, back=True)
        note(f"Undone: {what}. /redo brings it back." if what else "There is nothing to undo.")

    async def redo(self, _argument: str) -> None:
        """Bring back what was undone."""
        what = await plain_writers.walked(self, back=False)
        note(f"Back again: {what}." if what else "There is nothing to redo.")

    async def edit(self, argument: str) -> None:
        """Give the last turn another text."""
        tip = self.session.tree.tip
        if not tip:
            note("There is no turn yet.")
            return
        text = argument or await self._several_lines("Type the new text; a line with only a dot ends it.")
        if not text:
            note("Nothing was changed: no text came, or no dot after it.")
            return
        await self.session.changes.edit(tip, text)
        note("Changed. /undo brings the old text back.")

    async def list_turns(self, argument: str) -> None:
        """Print the last turns again."""
        turns = _number(argument) if argument else _LIST_TURNS
        if not turns:
            note(f"/list prints the last {_LIST_TURNS} turns, /list 3 the last three.")
            return
        self.show(turns)

    async def long(self, _argument: str) -> None:
        """A message of several lines."""
        text = await self._several_lines("Type your message; a line with only a dot ends it.")
        if not text:
            note("Nothing was sent: no text came, or no dot after it.")
            return
        await self.say(text)

    async def length(self, argument: str) -> None:
        """Set the length of replies in this chat."""
        tokens = _number(argument)
        if tokens is None or not 16 <= tokens <= 8192:
            note(f"Replies have up to {self.session.options.response_tokens} tokens. /length 16 … /length 8192")
            return
        await self.session.set_response_tokens(tokens)
        note(f"Replies have up to {tokens} tokens from now on.")

    async def think(self, argument: str) -> None:
        """Set or tell how much is thought in this chat."""
        levels = {level.value: level for level in Thinking}
        if argument.lower() in levels:
            await self.session.set_thinking(levels[argument.lower()])
            note(f"Thinking is {argument.lower()} in this chat from now on.")
        else:
            note(f"Thinking is {self.session.options.think.value} in this chat. /think {', '.join(levels)} sets it.")

    async def answer(self, _argument: str) -> None:
        """A reply without thinking, this once."""
        await self.print_reply(self.session.answer())

    async def quit(self, _argument: str) -> None:
        """End the chat."""
        self.leave()

    async def help(self, _argument: str) -> None:
        """List the commands."""
        wide = max(len(command.written) for command in COMMANDS.values()) + 2
        for command in COMMANDS.values():
            note(f"{command.written:{wide}}{command.does}")
        note("Ctrl+C stops a reply and keeps its text. An empty line lets the character speak.")

    def show(self, turns: int) -> None:
        """Print the last ``turns`` turns."""
        tree = self.session.tree
        for line in path_lines(tree, tree.path()[-turns:]):
            self.printer.write(line + "\n")

    async def _several_lines(self, invitation: str) -> str | None:
        """What is typed up to a lone dot; ``None`` where the input ends before it."""
        assert self._lines is not None
        note(invitation)
        return await self._lines.until_dot()

    async def _begin(self) -> None:
        log = self.session.log
        recovery = await self.session.open()
        note(f"{log.tree.title} · /help lists the commands")
        for problem in problems_of(log):
            note(problem)
        if self.session.scripts.waiting:
            note(self.session.scripts.waiting)
        if recovery.recovered:
            note("A reply was cut off when the program ended; what had come is kept.")
        if self.session.no_card is not None:
            note(told(self.session.no_card))
        if recovery.running:
            note("A reply is being written to this chat in another terminal.")
        self.show(2 if len(self.session.tree.path()) > 1 else 1)

    async def _take(self, line: str) -> None:
        """One line of input: a command, or a message."""
        if not line.startswith("/") or line.startswith("//"):
            await self.say(line.removeprefix("/") if line.startswith("//") else line)
            return
        name, _, argument = line[1:].partition(" ")
        command = COMMANDS.get(name.lower())
        if command is None:
            note(f"There is no command /{name}. /help lists them; //{name} says it.")
            return
        await command.run(self, argument.strip())

    async def print_reply(self, stream: AsyncGenerator[events.SessionEvent, None]) -> None:
        """Print one reply as it comes, and what went wrong with it."""
        printed: ReplyPrinter | None = None
        async for event in stream:
            self._progress.watch(event)
            match event:
                case events.TurnStarted(kind=kind, name=name, user_turn=said):
                    plain_adventure.tell_roll(self, said)
                    printed = ReplyPrinter(self.printer, self._unit)
                    continued = self.session.tree.turns.get(self.session.tree.tip)
                    if kind is events.ReplyKind.CONTINUE and continued:
                        printed.begin("", continued.text)
                    else:
                        printed.begin(f"{name}: ")
                case events.TextArrived(text=text, settled=settled) if printed:
                    printed.grow(text, settled)
                case events.TurnSaved(turn=turn) if printed:
                    printed.end(turn.text)
                case events.TurnFailed(error=error, kept_text=kept) if printed:
                    if kept:
                        printed.end(kept)
                    note(told(error))
                    if isinstance(error, EngineError) and error.fault is EngineFault.ONLY_THOUGHT:
                        note("/continue lets it think on, /answer answers without thinking.")
                case events.OnlySaid():
                    note("Said. Nobody answers by itself: /next NAME lets one speak.")
        plain_group.after_reply(self)

    def _interrupt(self) -> None:
        """Ctrl+C: stop the reply, else leave when pressed twice."""
        if self.session.busy:
            self.session.stop()
            note("Stopped. What came is kept.")
        elif self._clock() - self._interrupted_at < _TWICE_SECONDS or not sys.stdin.isatty():
            self._exit_code = EXIT_INTERRUPTED
            self.leave()
        else:
            self._interrupted_at = self._clock()
            note("Press ctrl+c again to quit.")


async def _preset(chat: PlainChat, argument: str) -> None:
    """Choose, or tell, how this chat's replies are sampled."""
    if argument:
        chosen = await presets.choose_in_chat(chat.session, chat.workspace, argument)
        note(f"The preset is {chosen.name} in this chat from now on: {chosen.summary}.")
    else:
        names = ", ".join(await presets.names_for(chat.workspace))
        note(f"The preset is {chat.session.options.preset.name}. /preset NAME chooses another: {names}.")


async def _world(chat: PlainChat, argument: str) -> None:
    """Let the chat read a lorebook, or no longer; without a name, say which there are."""
    from tavern_tui.session import lore_books

    switch = lore_books.switch_in_chat(chat.session, chat.workspace, argument) if argument else None
    note(f"{await (switch or lore_books.told_in_chat(chat.session, chat.workspace))}.")


async def _persona(chat: PlainChat, argument: str) -> None:
    """Choose, or tell, who the user is in this chat."""
    from tavern_tui.session import personas

    if argument:
        chosen = await personas.choose_in_chat(chat.session, chat.workspace, argument)
        note(f"You are {chosen.persona.name} in this chat from now on.")
    else:
        note(f"{await personas.told_in_chat(chat.session, chat.workspace)}.")


async def _prompts(chat: PlainChat, argument: str) -> None:
    """Choose, or tell, what makes the messages of this chat for servers that take them."""
    from tavern_tui.session import user_templates

    tell = user_templates.choose_prompts(chat.session, chat.workspace, argument) if argument else None
    note(f"{await (tell or user_templates.told_prompts(chat.session, chat.workspace))}.")


def _number(argument: str) -> int | None:
    """``argument`` as a number that a person may mean."""
    return int(argument) if argument.isdecimal() and len(argument) <= _MOST_DIGITS else None


async def _key(chat: PlainChat, argument: str) -> None:
    """Keep a key for the server that writes."""
    assert chat._lines is not None
    await plain_writers.key(chat, argument, chat._lines)


async def _policy(chat: PlainChat, argument: str) -> None:
    """Choose, or tell, how this chat's prompts are put together."""
    from tavern_tui.session import economy_choices

    note(f"{await economy_choices.choose_policy(chat.session, argument)}.")


async def _notes(chat: PlainChat, argument: str) -> None:
    """Choose, or tell, how long notes stay where they are in this chat."""
    from tavern_tui.session import economy_choices

    note(f"{await economy_choices.choose_notes(chat.session, argument)}.")


async def _rebuild(chat: PlainChat, _argument: str) -> None:
    """Make the beginning of the next prompt anew."""
    from tavern_tui.session import economy_choices

    note(f"{await economy_choices.rebuild_head(chat.session)}.")


async def choose_token(chat: PlainChat, argument: str) -> None:
    """The tokens of the last reply and what else was likely; with two numbers, go on from another one there."""
    from tavern_tui.session.token_choice import chosen_otherwise, listed

    newest = chat.session.changes.newest()
    if argument:
        await chat.print_reply(chosen_otherwise(chat.session, newest, argument))
        return
    for line in listed(newest):
        chat.printer.write(line + "\n")
    note("/token 12 2 goes on from the second choice at token 12; /token lists them (reply.alternatives).")


COMMANDS: dict[str, SlashCommand] = {
    "help": SlashCommand("/help", "this list", PlainChat.help),
    "swipe": SlashCommand("/swipe [back|N]", "another reply; look at the one before, or at number N", PlainChat.swipe),
    "swipes": SlashCommand("/swipes N", "write N more replies beside the last one", PlainChat.swipes),
    "token": SlashCommand("/token [N M]", "what else was likely; go on from choice M at token N", choose_token),
    "retry": SlashCommand("/retry", "write another reply beside the last one", PlainChat.retry),
    "continue": SlashCommand("/continue", "let the last reply go on", PlainChat.go_on),
    "undo": SlashCommand("/undo", "take back the last action", PlainChat.undo),
    "redo": SlashCommand("/redo", "bring it back", PlainChat.redo),
    "edit": SlashCommand("/edit [TEXT]", "give the last turn another text", PlainChat.edit),
    "list": SlashCommand("/list [N]", "print the last N turns (10)", PlainChat.list_turns),
    "long": SlashCommand("/long", "a message of several lines, ended by a lone dot", PlainChat.long),
    "length": SlashCommand("/length [N]", "length of replies in tokens", PlainChat.length),
    "preset": SlashCommand("/preset [NAME]", "how replies are sampled", _preset),
    "prompts": SlashCommand("/prompts [NAME]", "what makes messages for servers that take them", _prompts),
    "policy": SlashCommand("/policy [economy|classic]", "how prompts are put together", _policy),
    "notes": SlashCommand("/notes [move|stay N|restate N]", "how long notes stay", _notes),
    "rebuild": SlashCommand("/rebuild", "the prompt's beginning anew, with the lore of now", _rebuild),
    "world": SlashCommand("/world [NAME]", "lorebooks of this chat", _world),
    "persona": SlashCommand("/persona [NAME]", "who you are", _persona),
    "think": SlashCommand("/think [on|low|off]", "whether the model thinks first", PlainChat.think),
    "answer": SlashCommand("/answer", "a reply without thinking, this once", PlainChat.answer),
    "here": SlashCommand("/here [NAME|usual]", "who writes in this chat, and only here", plain_writers.here),
    "model": SlashCommand("/model [NAME]", "list the models; take another", plain_writers.model),
    "key": SlashCommand("/key", "the key of the server that writes, without showing it", _key),
    "test": SlashCommand("/test", "ask who writes for one short reply, outside of the chat", plain_writers.test),
    "stopother": SlashCommand("/stopother", "stop another client's reply (KoboldCpp)", plain_writers.stop_other),
    **{name: SlashCommand(*row) for name, row in _ROWS.items()},
    "quit": SlashCommand("/quit", "end", PlainChat.quit),
}
