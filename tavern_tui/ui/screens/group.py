"""The group of a chat: who is in it and how it speaks. Everything that is changed holds at once, and is undone as such.

Its result is the member who is to speak now, or what else is to be done; ``None`` for nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType

from tavern_tui.domain.display import safe_line
from tavern_tui.domain.events import Body
from tavern_tui.session.groups import changing
from tavern_tui.session.groups.facts import CARDS, ORDERS, TOLD_CARDS, TOLD_ORDERS, GroupFacts
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.asking import Keys
from tavern_tui.ui.screens.list_page import ListPage
from tavern_tui.ui.widgets.rows import ListRow

if TYPE_CHECKING:
    from tavern_tui.domain.chat import ChatTree
    from tavern_tui.ui.app import TavernApp

_MEMBER = "member "
_SETTINGS = ("order", "cards", "self", "scenario")
_TITLES = {
    "order": "Who speaks",
    "cards": "Cards",
    "self": "Who spoke last",
    "scenario": "Scenario",
}
_HELP = {
    "self": "Whether who spoke last may answer to themselves.",
    "scenario": "In the place of the cards' scenarios. Enter writes it; an empty one lets the cards' hold.",
}
_SHOWN = 60  # characters of a scenario


@dataclass(frozen=True, slots=True)
class GroupNow:
    """The group as it is: what its log says, who is away, who has no card, who speaks next and why."""

    facts: GroupFacts
    away: frozenset[str] = frozenset()
    missing: frozenset[str] = frozenset()
    next: str = ""
    why: str = ""


@dataclass(frozen=True, slots=True)
class GroupTools:
    """What the screen works with. ``now`` tells the group, ``tree`` its chat, ``write`` makes changes of it durable.

    ``add`` lets characters be picked and join.
    """

    now: Callable[[], GroupNow]
    tree: Callable[[], ChatTree]
    write: Callable[[list[Body]], Awaitable[None]]
    add: Callable[[], Awaitable[None]]


def rows_of(now: GroupNow) -> list[ListRow]:
    """The rows: the members in their order, and below them how the group speaks."""
    facts = now.facts
    members = [_row(now, place, name) for place, name in enumerate(facts.members, 1)]
    scenario = safe_line(facts.scenario)
    told = {
        "order": facts.order,
        "cards": facts.cards.replace("_", ", ").replace("join", "joined").replace("swap", "swapped"),
        "self": "may speak again" if facts.self_responses else "waits for another",
        "scenario": (scenario if len(scenario) <= _SHOWN else f"{scenario[:_SHOWN]}…") or "that of the cards",
    }
    settings = [ListRow(one, _TITLES[one], told[one]) for one in _SETTINGS]
    for rows, title in ((members, "Members"), (settings, "How it speaks")):
        rows[0] = replace(rows[0], head=title)
    return [*members, *settings]


def _row(now: GroupNow, place: int, name: str) -> ListRow:
    marks = []
    if name in now.missing:
        marks.append("no card")
    if name in now.facts.muted:
        marks.append("muted")
    if name in now.away:
        marks.append("away")
    if not marks and name == now.next:
        marks.append(f"next · {now.why}")
    return ListRow(
        f"{_MEMBER}{name}", f"{place}  {safe_line(name)}", " · ".join(marks), muted=name != now.next and bool(marks)
    )


class GroupScreen(ListPage[str]):
    """The group that ``tools`` tell of. Its result is the member who is to speak now."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("x", "mute", show=False),
        Binding("p", "away", show=False),
        Binding("a", "add", show=False),
        Binding("d", "remove", show=False),
        Binding("J", "shift(1)", show=False),
        Binding("K", "shift(-1)", show=False),
        Binding("right", "turn(1)", show=False),
        Binding("left", "turn(-1)", show=False),
    ]

    def __init__(self, tools: GroupTools, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__("Group", glyphs=glyphs)
        self._tools = tools
        self._now = tools.now()

    def on_mount(self) -> None:
        """Show it."""
        self.renew()

    def keys(self) -> Keys:
        """The keys for the selected row."""
        if self._member:
            return (
                ("Enter", "lets speak"),
                ("x", "mutes"),
                ("a", "adds"),
                ("d", "takes out"),
                ("J K", "move"),
                ("p", "away or back"),
                ("Esc", "closes"),
            )
        return (("Enter", "chooses"), ("a", "adds a member"), ("Esc", "closes"))

    def selected(self, row: ListRow | None) -> None:
        """Say what the selected row is about."""
        facts = self._now.facts
        help_now = {**_HELP, "order": f"{TOLD_ORDERS[facts.order]}.", "cards": f"{TOLD_CARDS[facts.cards]}."}
        self.say(help_now.get(row.id, "") if row is not None else "")
        self.say_keys()

    async def chosen(self, row: ListRow) -> None:
        """Let a member speak, choose otherwise, or write the scenario."""
        if self._member:
            self.dismiss(self._member)
        elif row.id == "scenario":
            self.ask(self._write_scenario, self._now.facts.scenario, hint="What happens, where and when")
        else:
            await self._turn(row.id, 1)

    def renew(self, select: str = "") -> None:
        """Show the group as it is now."""
        self._now = self._tools.now()
        rows = rows_of(self._now)
        selected = self.rows.selected
        self.show(rows, select or (selected.id if selected else rows[0].id))

    def action_mute(self) -> None:
        """Mute the member, or let it speak again."""
        if name := self._free_member:
            self.do(self._change(lambda tree: changing.muted(tree, name, name not in self._now.facts.muted)))

    def action_away(self) -> None:
        """Let the member leave the scene, or come back."""
        if name := self._free_member:
            self.do(self._change(lambda tree: changing.away(tree, name, name not in self._now.away)))

    def action_remove(self) -> None:
        """Take the member out of the group."""
        if name := self._free_member:
            self.do(self._remove(name))

    def action_shift(self, steps: int) -> None:
        """Move the member in the list."""
        if name := self._free_member:
            self.do(self._change(lambda tree: changing.moved(tree, name, steps)))

    def action_add(self) -> None:
        """Let others join."""
        if not self.entering:
            self.do(self._add())

    def action_turn(self, steps: int) -> None:
        """Choose otherwise."""
        row = self.rows.selected
        if row is not None and not self.entering and row.id in _SETTINGS and row.id != "scenario":
            self.do(self._turn(row.id, steps))

    @property
    def _member(self) -> str:
        row = self.rows.selected
        return row.id.removeprefix(_MEMBER) if row is not None and row.id.startswith(_MEMBER) else ""

    @property
    def _free_member(self) -> str:
        """The selected member, unless something is being typed."""
        return "" if self.entering else self._member

    async def _turn(self, option: str, steps: int) -> None:
        facts = self._now.facts
        if option == "order":
            await self._change(lambda tree: changing.ordered(tree, _next(ORDERS, facts.order, steps)))
        elif option == "cards":
            await self._change(lambda tree: changing.carded(tree, _next(CARDS, facts.cards, steps)))
        else:
            await self._change(lambda tree: changing.answering_themselves(tree, not facts.self_responses))

    async def _write_scenario(self, typed: str) -> None:
        await self._change(lambda tree: changing.staged(tree, typed))

    async def _remove(self, name: str) -> None:
        await self._change(lambda tree: changing.removed(tree, name))
        self.say(f"{safe_line(name)} is out of the group. What was said stays; undo brings {safe_line(name)} back.")

    async def _add(self) -> None:
        await self._tools.add()
        self.renew()

    async def _change(self, make: Callable[[ChatTree], list[Body]]) -> None:
        """Make what is changed durable, and show it. Raises ``TavernError`` for what cannot be."""
        await self._tools.write(make(self._tools.tree()))
        self.renew()


def _next(choices: tuple[str, ...], chosen: str, steps: int) -> str:
    return choices[(choices.index(chosen) + steps) % len(choices)]


async def show_group(app: TavernApp) -> None:
    """Show who is in the chat that is open, and let whoever was chosen there speak."""
    from tavern_tui.session.groups.opening import open_group
    from tavern_tui.ui.chat.group_actions import meet_group
    from tavern_tui.ui.screens.new_group import PickCharacters, names_to_pick

    screen = app.chat
    session = screen.open_session

    def now() -> GroupNow:
        group = session.group
        if group is None:
            return GroupNow(GroupFacts(session.tree.characters))
        coming = group.next_speakers()
        first = (coming[0].name, coming[0].why) if coming else ("", "")
        return GroupNow(group.facts, group.away(), frozenset(group.missing), *first)

    async def write(bodies: list[Body]) -> None:
        if bodies:
            await session.changes.write(*bodies)

    async def add() -> None:
        read = partial(names_to_pick, app.workspace, session.tree.characters)
        picker = PickCharacters("Who joins the group?", "Add", read, least=1, glyphs=app.glyphs)
        for name in await app.push_screen_wait(picker) or ():
            await write(changing.added(session.tree, name))
        if session.group is None and len(session.tree.characters) > 1:
            session.group = await asyncio.to_thread(open_group, app.workspace, session)
        elif session.group is not None:
            await asyncio.to_thread(session.group.read_cards)

    before = session.tree.characters
    chosen = await app.push_screen_wait(
        GroupScreen(GroupTools(now, lambda: session.tree, write, add), glyphs=app.glyphs)
    )
    meet_group(screen)
    if session.tree.characters != before:
        for entry in screen.mirror.log.entries[-_RECOLOURED:]:
            screen.mirror.refresh(session.tree, entry.id)
    if screen.group_view is not None:
        screen.group_view.names()
        if chosen:
            screen.group_view.speak(chosen)


_RECOLOURED = 200  # turns whose names have other colours at once where the members have another order
