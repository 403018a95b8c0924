"""A model's own chat template: rendered in a child process, kept, and turned into what the prompt room needs.

``TemplateRenderer`` starts the child and keeps its answers, by template and order of roles: no text of a chat is among
what it is asked, so the same order costs nothing again. What the answers mean is ``prompt.jinja_reading``'s.
"""

from __future__ import annotations

import asyncio
import hashlib
import json
import signal
import subprocess
import threading
from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from tavern_tui.domain.errors import PromptError
from tavern_tui.domain.request import Message, Role, Segment
from tavern_tui.engines.python_child import child_command, child_environment
from tavern_tui.prompt.jinja_reading import PROBES, QUIET, Reading, read
from tavern_tui.prompt.jinja_template import LONGEST_SOURCE, Refusal, RoleOrder, Structure, accepted
from tavern_tui.session import template_child

WALL_SECONDS = 20.0
"""How long a child may take on a busy machine; its own limit is processor time."""
_ANSWER_BYTES = 16_000_000
_KEPT = 256


@dataclass(frozen=True, slots=True)
class OwnTemplate:
    """The Jinja text of a model, and the tokens that it may name; empty ones where the engine does not tell.

    ``adds_bos``: the engine puts the beginning-of-sequence token in front of a prompt itself.
    """

    source: str
    bos: str = ""
    eos: str = ""
    adds_bos: bool = True

    @property
    def key(self) -> str:
        """Equal for equal templates."""
        return hashlib.sha256("\0".join((self.bos, self.eos, self.source)).encode("utf-8", "replace")).hexdigest()


class TemplateRenderer:
    """Renders chat templates for orders of roles. One for a process; its answers are kept, the oldest let go."""

    def __init__(self, *, wall_seconds: float = WALL_SECONDS) -> None:
        self._wall_seconds = wall_seconds
        self._known: OrderedDict[tuple[str, str, RoleOrder], Structure | Refusal] = OrderedDict()
        self.started = 0
        """How many children were started."""

    async def reading(self, template: OwnTemplate, now: datetime) -> Reading:
        """What ``template`` does, as an instruct template where it has that form."""
        answers = await self.structures(template, list(PROBES.values()), now)
        return read(dict(zip(PROBES, answers, strict=True)), bos=template.bos, eos=template.eos)

    async def structures(
        self, template: OwnTemplate, orders: Sequence[RoleOrder], now: datetime
    ) -> list[Structure | Refusal]:
        """What ``template`` writes for each order of roles. A template that breaks a limit refuses all of them."""
        day = f"{now:%Y-%m-%d}"
        keys = [(template.key, day, order) for order in orders]
        missing = list(dict.fromkeys(order for order, key in zip(orders, keys, strict=True) if key not in self._known))
        if missing:
            self.started += 1
            found = await asyncio.to_thread(rendered, template, missing, now, wall_seconds=self._wall_seconds)
            for order, answer in zip(missing, found, strict=True):
                self._known[template.key, day, order] = answer
        answers = [self._known[key] for key in keys]
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return answers

    async def prompt(
        self,
        template: OwnTemplate,
        reading: Reading,
        messages: Sequence[Message],
        now: datetime,
        *,
        prefill: str = "",
        think: bool = True,
    ) -> tuple[Segment, ...]:
        """Messages as the template writes them, up to where the reply goes on; ``prefill`` is its given beginning.

        ``think=False`` sets the template's own switch, where it has one.

        Where the last message is the assistant's, the reply goes on from it. Raises ``PromptError`` where the template
        refuses them.
        """
        said = list(accepted([*messages, *([Message(Role.ASSISTANT, prefill)] if prefill else [])], reading.manners))
        if not said:
            raise PromptError("There is nothing to write a prompt of.", hint="Write the first message.")
        goes_on = said[-1].role is Role.ASSISTANT
        switches = () if think else QUIET
        order = RoleOrder(tuple(message.role for message in said), reply=not goes_on, variables=switches)
        (found,) = await self.structures(template, [order], now)
        if isinstance(found, Refusal):
            raise PromptError(
                f"The model's chat template does not take this chat: {found.why}",
                hint="Choose another template for this model: tavern-tui models template MODEL NAME",
            )
        if goes_on:
            found = found.open(len(said) - 1)
        tokens = reading.template.control_tokens if reading.template else ()
        left_out = template.bos if template.adds_bos else ""
        return found.filled([message.content for message in said], tokens, bos=left_out)


@dataclass(frozen=True, slots=True)
class WholeTemplate:
    """A chat template that every prompt is rendered with as a whole, because it has no form as an instruct template."""

    template: OwnTemplate
    reading: Reading
    renderer: TemplateRenderer

    async def prompt(
        self, messages: Sequence[Message], now: datetime, *, prefill: str = "", think: bool = True
    ) -> tuple[Segment, ...]:
        """As ``TemplateRenderer.prompt``."""
        return await self.renderer.prompt(self.template, self.reading, messages, now, prefill=prefill, think=think)


def rendered(
    template: OwnTemplate, orders: Sequence[RoleOrder], now: datetime, *, wall_seconds: float = WALL_SECONDS
) -> list[Structure | Refusal]:
    """Render in a child, one after the other. Blocks. Never raises what a template can cause."""

    def refused(why: str) -> list[Structure | Refusal]:
        return [Refusal(why)] * len(orders)

    if len(template.source) > LONGEST_SOURCE:
        return refused(f"It has {len(template.source):,} characters; at most {LONGEST_SOURCE:,} are read.")
    asked = {
        "source": template.source,
        "bos": template.bos,
        "eos": template.eos,
        "now": now.isoformat(),
        "orders": [
            {"roles": [role.value for role in order.roles], "reply": order.reply, "variables": order.variables}
            for order in orders
        ],
    }
    try:
        status, answer = _answer_of_child(json.dumps(asked).encode("ascii"), wall_seconds)
    except OSError as error:
        return refused(f"No process could be started for it ({error.strerror or error}).")
    if status != 0:
        return refused(_why_it_died(status))
    try:
        return [_understood(one, order) for one, order in zip(json.loads(answer), orders, strict=True)]
    except (ValueError, TypeError, KeyError):
        return refused("Its process answered with something else.")


def _answer_of_child(asked: bytes, wall_seconds: float) -> tuple[int, bytes]:
    """The child's exit status and what it wrote. Raises ``OSError`` where it cannot be started."""
    child = subprocess.Popen(
        child_command(template_child.__name__),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env=_bare_environment(),
    )
    assert child.stdin is not None
    assert child.stdout is not None
    timer = threading.Timer(wall_seconds, child.kill)
    timer.start()
    try:
        with child.stdin as pipe:
            pipe.write(asked)
        answer = child.stdout.read(_ANSWER_BYTES)
    except BrokenPipeError:
        answer = b""
    finally:
        if child.stdout.read(1):
            child.kill()
        status = child.wait()
        timer.cancel()
        child.stdout.close()
    return status, answer


def _bare_environment() -> dict[str, str]:
    """What Python needs, and nothing else: no key of a server reaches the process that runs a stranger's template."""
    wanted = ("PATH", "PYTHONPATH", "PYTHONHOME", "PREFIX", "LD_LIBRARY_PATH", "HOME", "TMPDIR", "VIRTUAL_ENV")
    environment = child_environment()
    return {name: environment[name] for name in wanted if name in environment}


def _why_it_died(status: int) -> str:
    if status in (-signal.SIGPROF, -signal.SIGXCPU):
        return f"It takes more than {template_child.CPU_SECONDS:g} s to write a few turns."
    if status == template_child.TOO_MUCH_MEMORY:
        return f"It takes more than {template_child.GROWTH_BYTES // (1024 * 1024)} MB to write a few turns."
    if status == -signal.SIGKILL:
        return "It takes too long to write a few turns."
    return "It breaks the process that renders it."


def _understood(one: dict[str, Any], order: RoleOrder) -> Structure | Refusal:
    if "refused" in one:
        return Refusal(str(one["refused"]))
    pieces = tuple(piece if isinstance(piece, int) else str(piece) for piece in one["pieces"])
    if any(isinstance(piece, int) and not 0 <= piece < len(order.roles) for piece in pieces):
        raise ValueError("a text that was not given")
    return Structure(pieces, bool(one["trims"]))
