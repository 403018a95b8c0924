"""Beginning an adventure: which scenario, then its questions one after the other, each with answers that have digits.

Its result is the scenario and what was answered.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import BindingType

from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.screens.list_page import ListPage
from tavern_tui.ui.widgets.rows import ListRow

if TYPE_CHECKING:
    from tavern_tui.session.modes.scenarios import Question, Scenario
    from tavern_tui.ui.app import TavernApp

OWN: Final = "/own"
"""The row for an answer of one's own."""


@dataclass(frozen=True, slots=True)
class AdventureChoice:
    """A scenario, and the answers to its questions by their names."""

    scenario: Scenario
    answers: dict[str, str] = field(default_factory=dict)


class NewAdventurePage(ListPage[AdventureChoice | None]):
    """The ``scenarios``, or the questions of ``chosen``. ``problems`` tell of files that are passed over."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *((str(digit), f"digit({digit})", f"Answer {digit}") for digit in range(1, 10)),
        ("left", "back", "Back"),
    ]

    def __init__(
        self,
        scenarios: Sequence[Scenario],
        problems: Sequence[str] = (),
        *,
        chosen: Scenario | None = None,
        glyphs: Glyphs = UNICODE_GLYPHS,
    ) -> None:
        super().__init__("Which adventure?", glyphs=glyphs)
        self._scenarios = scenarios
        self._problems = problems
        self._only = chosen is not None
        self._scenario = chosen
        self._answers: dict[str, str] = {}

    def on_mount(self) -> None:
        """Show what can be played, or what is asked first."""
        self._go_on()

    def keys(self) -> Sequence[tuple[str, str]]:
        """The keys."""
        question = self._question
        if question is None:
            return (("↑↓", "choose"), ("Enter", "goes on"), ("Esc", "close"))
        digits = (("1" if len(question.answers) < 2 else f"1–{len(question.answers)}", "answer"),)
        back = () if self._only and not self._answers else (("←", "back"),)
        return (*(digits if question.answers else ()), ("Enter", "goes on"), *back, ("Esc", "close"))

    async def chosen(self, row: ListRow) -> None:
        """Take the scenario or the answer."""
        question = self._question
        if question is None:
            self._scenario, self._answers = self._scenarios[int(row.id)], {}
        elif row.id == OWN:
            self.ask(self._own, hint=f"your own answer · none: {question.answers[0]}", replaced=False)
            return
        else:
            self._answers[question.name] = question.answers[int(row.id)]
        self._go_on()

    def action_digit(self, digit: int) -> None:
        """Take the row with this digit."""
        rows = self._rows()
        if not self.entering and digit <= len(rows):
            self.do(self.chosen(rows[digit - 1]))

    def action_back(self) -> None:
        """The question before, else the scenarios."""
        if self.entering or self._scenario is None:
            return
        if self._answers:
            self._answers.popitem()
        elif not self._only:
            self._scenario = None
        self._go_on()

    async def _own(self, typed: str) -> None:
        question = self._question
        assert question is not None
        self._answers[question.name] = question.answered(f" {typed}".strip())
        self.stop_asking()
        self._go_on()

    @property
    def _question(self) -> Question | None:
        """The first question that has no answer yet; ``None`` while there is no scenario, and after the last."""
        if self._scenario is None:
            return None
        return next((one for one in self._scenario.asked if one.name not in self._answers), None)

    def _go_on(self) -> None:
        """Show the next question, or be done."""
        scenario, question = self._scenario, self._question
        if scenario is not None and question is None:
            self.dismiss(AdventureChoice(scenario, self._answers))
            return
        if scenario is not None and question is not None:
            place = len(self._answers) + 1
            self.retitle(f"{scenario.title} · {place} of {len(scenario.asked)}\n\n{question.ask}")
        else:
            self.retitle("Which adventure?")
        self.say("\n".join(self._problems) if scenario is None else "", problem=True)
        self.show(self._rows())
        if question is not None and not question.answers:
            self.ask(self._own, hint="your answer", replaced=False)

    def _rows(self) -> list[ListRow]:
        question = self._question
        if question is None:
            return [
                ListRow(str(at), one.title, detail=one.about, right="" if one.shipped else "yours", wraps=True)
                for at, one in enumerate(self._scenarios)
            ]
        rows = [ListRow(str(at), f"{at + 1}  {answer}", wraps=True) for at, answer in enumerate(question.answers)]
        own = f"{len(rows) + 1}  " if len(rows) < 9 else ""
        return [*rows, ListRow(OWN, f"{own}Something else…", wraps=True)]


async def show_new_adventure(app: TavernApp, *, title: str = "") -> None:
    """Ask what to play, and open the adventure. Raises ``TavernError``."""
    chat = await new_adventure(app, title=title)
    if chat:
        app.open_chat(replace(app.wishes, character="", chat=chat, new=False, persona=""))


async def new_adventure(app: TavernApp, *, title: str = "") -> str:
    """Ask what to play, and make its chat; the chat's name, "" for none. Raises ``TavernError``."""
    from tavern_tui.session.modes.scenarios import begin, scenario_named, scenarios

    found, problems = await asyncio.to_thread(scenarios, app.workspace)
    chosen = scenario_named(app.workspace, title) if title else None
    page = NewAdventurePage(found, problems, chosen=chosen, glyphs=app.glyphs)
    choice = await app.push_screen_wait(page)
    if choice is None:
        return ""
    log = await asyncio.to_thread(begin, app.workspace, choice.scenario, choice.answers)
    return log.path.stem
