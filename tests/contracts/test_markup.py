"""What widgets show is never parsed as markup unless it was written here: a name may hold ``[link=…]``.

Textual's widgets take a ``str`` for markup. So what a widget is given is a literal, or something that was made with
``Content`` or ``Text``, which parse nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

UI = Path(__file__).parents[2] / "tavern_tui" / "ui"
TREES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in sorted(UI.rglob("*.py"))}

PARSING = frozenset({"Static", "Label", "Button", "Link", "Checkbox", "RadioButton", "Option", "notify"})
"""Widgets, and a method, that parse a ``str`` that they are given first."""

PLAIN = frozenset({"Content", "Text"})


def _called(call: ast.Call) -> str:
    """The name of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _begins_with(expression: ast.expr) -> str:
    """The name that an expression of attributes and calls begins with."""
    while isinstance(expression, ast.Attribute | ast.Call):
        expression = expression.value if isinstance(expression, ast.Attribute) else expression.func
    return getattr(expression, "id", "")


def _makers() -> frozenset[str]:
    """Functions of this room whose result is content."""
    functions = (node for tree in TREES.values() for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))
    return frozenset(each.name for each in functions if each.returns and ast.unparse(each.returns) in PLAIN)


MAKERS = _makers()


def _is_content(value: ast.expr) -> bool:
    if isinstance(value, ast.Constant):
        return True
    if isinstance(value, ast.IfExp):
        return _is_content(value.body) and _is_content(value.orelse)
    return isinstance(value, ast.Call) and (_begins_with(value) in PLAIN or _called(value) in MAKERS)


def _shows(call: ast.Call, statics: frozenset[str]) -> bool:
    """Whether ``call`` gives a widget something to show that it would parse."""
    if _called(call) in PARSING:
        return True
    if _called(call) != "update" or not isinstance(call.func, ast.Attribute):
        return False
    widget = call.func.value
    named = isinstance(widget, ast.Call) and _called(widget) == "query_one"
    return (named and "Static" in ast.unparse(widget)) or (isinstance(widget, ast.Name) and widget.id in statics)


def _faults(tree: ast.Module) -> Iterator[int]:
    for owner in ast.walk(tree):
        if not isinstance(owner, ast.ClassDef | ast.Module):
            continue
        is_static = isinstance(owner, ast.ClassDef) and any(ast.unparse(base) == "Static" for base in owner.bases)
        statics = frozenset({"self"} if is_static else ())
        for call in (node for node in ast.walk(owner) if isinstance(node, ast.Call) and node.args):
            unparsed = any(key.arg == "markup" and ast.unparse(key.value) == "False" for key in call.keywords)
            if _shows(call, statics) and not unparsed and not _is_content(call.args[0]):
                yield call.lineno


def test_no_widget_is_given_a_text_that_it_would_parse() -> None:
    found = {str(path.relative_to(UI)): sorted(set(_faults(tree))) for path, tree in TREES.items()}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_the_rule_finds_what_it_is_for() -> None:
    found = ast.parse(
        "class Bar(Static):\n"
        "    def show(self, name):\n"
        "        self.update(name)\n"
        "        self.update(Content(name))\n"
        "        self.query_one('#x', Static).update(f'{name}')\n"
        "        self.app.notify(name)\n"
        "        self.app.notify(name, markup=False)\n"
        "        yield Static(name)\n"
        "        yield Static('Characters')\n"
    )
    assert sorted(set(_faults(found))) == [3, 5, 6, 8]
