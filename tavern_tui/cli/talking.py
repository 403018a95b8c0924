"""What ``say`` and ``chat`` have in common: their options, and how a stream of events is printed.

Only whole lines (or, if asked, words) are printed, and only text that later clean-up will not take back.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeVar

import click

from tavern_tui.cli.output import Printer, note

if TYPE_CHECKING:
    from tavern_tui.session.events import SessionEvent
    from tavern_tui.session.opening import Wishes
    from tavern_tui.session.workspace import Workspace

F = TypeVar("F", bound=Callable[..., Any])

_PATIENCE_SECONDS = 2.0
_PROGRESS_SECONDS = 10.0
_LAST_SPACE = re.compile(r"\s(?=\S*\Z)")

_OPTIONS = (
    click.option("--server", metavar="URL", help="Use this server (also TAVERN_SERVER)."),
    click.option("--model", metavar="NAME", help="Use this GGUF, or this model of the server."),
    click.option("--chat", "chat_name", metavar="NAME", help="Go on with this chat."),
    click.option("--new", is_flag=True, help="Begin a new chat."),
    click.option("--persona", metavar="NAME", help="What the character calls you."),
    click.option("--preset", metavar="NAME", help="Sampler preset."),
    click.option("--template", metavar="NAME", help="Instruct template."),
    click.option("--length", type=click.IntRange(min=1), metavar="N", help="Length of a reply in tokens."),
    click.option("--context-size", type=click.IntRange(min=256), metavar="N", help="Context size in tokens."),
    click.option("--seed", type=int, metavar="N", help="Seed of the randomness."),
)


def talking_options(command: F) -> F:
    """Add the options that ``say`` and ``chat`` share."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def wishes_from(ctx: click.Context, character: str, given: dict[str, Any]) -> Wishes:
    """The shared options as ``Wishes``."""
    from tavern_tui.domain.errors import ContradictionError
    from tavern_tui.session.opening import Wishes

    if ctx.obj["incognito"] and given["chat_name"]:
        title = "--incognito begins a chat that is not kept; --chat goes on with one that is."
        raise ContradictionError(title, hint="Leave out one of them.")
    return Wishes(
        character=character,
        chat=given["chat_name"] or "",
        new=given["new"],
        server=given["server"] or ctx.obj["server"] or "",
        model=given["model"] or "",
        persona=given["persona"] or "",
        preset=given["preset"] or "",
        template=given["template"] or "",
        response_tokens=given["length"],
        context_tokens=given["context_size"],
        seed=given["seed"],
        incognito=ctx.obj["incognito"],
    )


def tell_problems(workspace: Workspace) -> None:
    """Say on stderr which settings were not taken, and why."""
    from tavern_tui.session.setting_problems import setting_problems

    for problem in setting_problems(workspace):
        note(str(problem))


class Progress:
    """Says on stderr what is being waited for: once it has taken 2 seconds, then every 10."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._next = clock() + _PATIENCE_SECONDS

    def watch(self, event: SessionEvent) -> None:
        """Say what an event means that is not text."""
        from tavern_tui.session import events

        match event:
            case events.TurnStarted():
                self._next = self._clock() + _PATIENCE_SECONDS
            case events.EngineWaiting(why=why, fraction=fraction):
                self._tell(why if fraction is None else f"{why} {fraction:.0%}")
            case events.Retrying():
                note(str(event))
            case events.PrefillProgress(done=done, total=total) if done < total:
                self._tell(f"Reading the prompt {done:,}/{total:,}")
            case events.Notice(text=text):
                note(text)
            case _:
                pass

    def _tell(self, what: str) -> None:
        now = self._clock()
        if now >= self._next:
            self._next = now + _PROGRESS_SECONDS
            note(what)


class Unit(Enum):
    """How much of a reply is printed at once: as it settles, by whole words, by whole lines."""

    TEXT = "text"
    WORD = "word"
    LINE = "line"


class ReplyPrinter:
    """Prints one reply as it comes, never more than is settled, and the rest at the end."""

    def __init__(self, printer: Printer, unit: Unit) -> None:
        self._printer = printer
        self._unit = unit
        self._printed = ""
        self._lead = ""

    def begin(self, lead: str, printed: str = "") -> None:
        """``lead`` (the speaker's name) goes before the first words; ``printed`` was printed before."""
        self._lead, self._printed = lead, printed

    def grow(self, text: str, settled: int) -> None:
        """``text`` is the reply so far, of which the first ``settled`` characters will stay."""
        firm = text[:settled]
        if self._unit is Unit.LINE:
            firm = firm[: firm.rfind("\n") + 1]
        elif self._unit is Unit.WORD:
            last = _LAST_SPACE.search(firm)
            firm = firm[: last.end()] if last else ""
        self._print_up_to(firm)

    def end(self, text: str) -> None:
        """The reply is done and reads ``text``."""
        if not text.startswith(self._printed) and text.startswith(firm := self._printed.rstrip()):
            self._printed = firm  # the blanks behind it were those of a sentence that was cut off
        if not text.startswith(self._printed):
            note("Clean-up changed what is printed above. The reply reads:")
            self._printed = ""
        self._print_up_to(text)
        self._printer.write("\n")

    def _print_up_to(self, text: str) -> None:
        if len(text) > len(self._printed) and text.startswith(self._printed):
            self._printer.write(self._lead + text[len(self._printed) :])
            self._printed, self._lead = text, ""
