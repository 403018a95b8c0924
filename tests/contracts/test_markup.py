"""What widgets show is never parsed as markup unless it was written here: a name may hold ``[link=…]``.

The rule is ``markup_rule``; that it sees every way to a parser which Textual and Rich have is shown case by case.
"""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.contracts.markup_rule import faults, makers_in

PACKAGE = Path(__file__).parents[2] / "tavern_tui"
TREES = {
    path: ast.parse(path.read_text(encoding="utf-8"))
    for room in ("ui", "cli")
    for path in sorted((PACKAGE / room).rglob("*.py"))
}
MAKERS = makers_in(TREES.values())

PARSED = (
    "Static(name)",
    "Static(f'{name}')",
    "Static('Name: ' + name)",
    "Static(content=name)",
    "Static(Content(name) if name else name)",
    "Static(Content.from_markup(name))",
    "Static(Content.from_text(name))",
    "Content.from_rich_text(name)",
    "Text.from_markup(name)",
    "Text.from_ansi(name)",
    "visualize(self, name)",
    "self.query_one('#x', Static).update(name)",
    "self.query_one('#x', Static).update(content=name)",
    "note = self.query_one('#x', Static); note.update(name)",
    "for note in self.query(Static): note.update(name)",
    "self.query_one(Static).content = name",
    "if note := self.query_one(Static): note.update(name)",
    "self.app.notify(name)",
    "self.notify(message=name)",
    "self.notify('Saved', title=name)",
    "self.tooltip = name",
    "self.with_tooltip(name)",
    "self.border_title = name",
    "self.border_subtitle = f'{name} turns'",
    "TextArea(placeholder=name)",
    "console.print(name)",
    "self.app.console.print(name)",
    "from rich import print",
    "from rich.markup import render",
    "from rich.prompt import Prompt",
    "from textual.command import Hit",
)
"""Each is at fault."""

WIDGETS = (
    "Button Checkbox Collapsible DataTable DirectoryTree Footer Header Label Link ListItem Log Markdown OptionList"
    " Placeholder Pretty RadioButton RadioSet RichLog Select SelectionList Switch Tab TabbedContent TabPane Tabs"
    " ToggleButton Tree"
)
"""Widgets of Textual's, most of which parse labels, prompts, cells or titles: none may be used before the rule knows
it."""

UNPARSED = (
    "Static('Characters')",
    "Static(Content(name))",
    "Static(Content.assemble(name, (name, 'bold')).append(name))",
    "Static(made(name))",
    "Static(name, markup=False)",
    "Static(Content(name) if name else 'Nobody')",
    "Static(Content.from_text(name, markup=False))",
    "self.query_one(Static).update(Text(name))",
    "note = self.query_one('#x', Static); note.update(made(name))",
    "self.names.update(name)",
    "self.app.notify(name, markup=False)",
    "self.border_title = Content(name)",
    "self.tooltip = 'Closes it'",
    "Input(name, placeholder=name)",
    "TextArea(name)",
    "print(name)",
    "console.print(name, markup=False)",
    "from textual.widgets import Input, Static, TextArea",
    "from rich.text import Text",
)
"""None is."""


def lines(source: str) -> list[int]:
    return faults(ast.parse(source), frozenset({"made"}))


def test_no_widget_is_given_a_text_that_it_would_parse() -> None:
    found = {str(path.relative_to(PACKAGE)): faults(tree, MAKERS) for path, tree in TREES.items()}
    assert {path: lines for path, lines in found.items() if lines} == {}


@pytest.mark.parametrize("source", PARSED)
def test_the_rule_sees_what_is_parsed(source: str) -> None:
    assert lines(f"def show(self, name):\n    {source}\n") == [2]


def test_the_rule_lets_no_widget_pass_that_it_does_not_know() -> None:
    for widget in WIDGETS.split():
        assert lines(f"from textual.widgets import {widget}") == [1], widget
    assert lines("from textual.widgets.option_list import Option") == [1]


@pytest.mark.parametrize("source", UNPARSED)
def test_the_rule_lets_pass_what_is_not_parsed(source: str) -> None:
    assert lines(f"def show(self, name):\n    {source}\n") == []


def test_the_rule_knows_widgets_made_of_others_and_what_they_keep() -> None:
    source = (
        "class Bar(Static):\n"
        "    BORDER_TITLE = NAME\n"
        "    def show(self, name, note: Static):\n"
        "        self.update(name)\n"
        "        note.update(name)\n"
        "        self.note = Static('')\n"
        "        self.note.update(name)\n"
        "        self.update(Content(name))\n"
        "        yield Bar(name)\n"
        "    def render(self) -> str:\n"
        "        return self.name\n"
        "class Area(TextArea):\n"
        "    def __init__(self, name):\n"
        "        super().__init__(placeholder=name)\n"
    )
    assert lines(source) == [2, 4, 5, 7, 9, 10, 14]
