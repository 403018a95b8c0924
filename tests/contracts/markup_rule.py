"""The rule of ``test_markup``: where a file gives a text of unknown making to something that parses markup.

Textual 8 parses a ``str`` almost everywhere: in what a widget shows, in its border's titles and its tooltip, in toasts,
in what ``render`` returns. Safe is a literal, or what was made with ``Content`` or ``Text``, which parse nothing, or by
a function whose result is one. A widget of Textual's that this rule does not know is refused until it does.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

KNOWN = frozenset({"Static", "Input", "TextArea"})
"""The widgets that the app uses. An ``Input`` parses nothing; the others are looked after below."""

SHOWING = {"Static": "content", "notify": "message", "TextArea": "placeholder"}
"""What parses what it is given: a widget or a method, and the name of that argument, the first but for the last."""

SET = frozenset({"tooltip", "border_title", "border_subtitle", "BORDER_TITLE", "BORDER_SUBTITLE", "content"})
"""Attributes of any widget that parse what they are set to."""

READERS = frozenset({"from_markup", "from_rich_text", "from_ansi", "visualize", "with_tooltip"})
"""Functions whose work it is to parse, whatever they are given."""

PRINTERS = frozenset({"print", "print_json", "inspect"})
PLAIN = frozenset({"Content", "Text"})
STRICT = PLAIN | {"Strip"}


def faults(tree: ast.Module, makers: frozenset[str]) -> list[int]:
    """The lines of ``tree`` at fault; ``makers`` are functions whose result is content."""
    return sorted({node.lineno for node in _Rule(tree, makers).found()})


def makers_in(trees: Iterable[ast.Module]) -> frozenset[str]:
    """Functions whose result is content."""
    functions = (node for tree in trees for node in _made_in(tree) if isinstance(node, ast.FunctionDef))
    return frozenset(each.name for each in functions if each.returns and ast.unparse(each.returns) in PLAIN)


def _made_in(owner: ast.Module | ast.ClassDef) -> Iterator[ast.stmt]:
    """The statements of a file and of its classes; not those inside functions, of which there are many."""
    for node in owner.body:
        yield node
        if isinstance(node, ast.ClassDef):
            yield from _made_in(node)


def _called(call: ast.Call) -> str:
    """The name of what is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")


def _begins_with(expression: ast.expr) -> str:
    """The name that an expression of attributes and calls begins with."""
    while isinstance(expression, ast.Attribute | ast.Call):
        expression = expression.value if isinstance(expression, ast.Attribute) else expression.func
    return getattr(expression, "id", "")


def _keyword(call: ast.Call, name: str) -> ast.expr | None:
    return next((key.value for key in call.keywords if key.arg == name), None)


def _says_no(value: ast.expr | None) -> bool:
    return isinstance(value, ast.Constant) and value.value is False


class _Rule:
    """One file looked over."""

    def __init__(self, tree: ast.Module, makers: frozenset[str]) -> None:
        self._tree = tree
        self._makers = makers
        self._classes = {node.name: node for node in _made_in(tree) if isinstance(node, ast.ClassDef)}
        self._statics, self._areas = ({base, *self._made_of(base)} for base in ("Static", "TextArea"))

    def found(self) -> Iterator[ast.stmt | ast.expr]:
        """Everything at fault."""
        updates = False
        for node in ast.walk(self._tree):
            if isinstance(node, ast.ImportFrom):
                yield from [node] if self._unknown(node) else []
            elif isinstance(node, ast.Call):
                updates = updates or _called(node) == "update"
                yield from [node] if self._parses(node) else []
            elif isinstance(node, ast.Assign | ast.AnnAssign):
                yield from [node] if self._sets(node) else []
            elif isinstance(node, ast.ClassDef):
                yield from self._renders(node)
                begun = (
                    inner for one in node.body if getattr(one, "name", "") == "__init__" for inner in ast.walk(one)
                )
                calls = (inner for inner in begun if isinstance(inner, ast.Call) and _called(inner) == "__init__")
                yield from (call for call in calls if self._parses(call, node.name))
        if updates:
            yield from self._updates()

    def _made_of(self, base: str) -> Iterator[str]:
        """The classes of the file that are made of ``base``."""
        return (name for name, node in self._classes.items() if any(_begins_with(one) == base for one in node.bases))

    def _kind(self, call: ast.Call, owner: str) -> str:
        """Which of ``SHOWING`` is called, "" for none. A class with a beginning of its own hands on what it likes."""
        name = _called(call)
        if name == "__init__" and _begins_with(call) == "super":
            name = owner
        elif any(getattr(one, "name", "") == "__init__" for one in getattr(self._classes.get(name), "body", ())):
            return ""
        return "Static" if name in self._statics else "TextArea" if name in self._areas else name

    def _unknown(self, node: ast.ImportFrom) -> bool:
        names, module = {name.name for name in node.names}, node.module or ""
        if module.startswith(("textual.widgets", "textual.command", "rich.markup", "rich.prompt")):
            return not names <= KNOWN
        return module == "rich" and bool(names & PRINTERS)

    def _is_content(self, value: ast.expr) -> bool:
        if isinstance(value, ast.Constant):
            return True
        if isinstance(value, ast.IfExp):
            return self._is_content(value.body) and self._is_content(value.orelse)
        return isinstance(value, ast.Call) and (_begins_with(value) in PLAIN or _called(value) in self._makers)

    def _parses(self, call: ast.Call, owner: str = "") -> bool:
        name = _called(call)
        if name in READERS or (name == "from_text" and not _says_no(_keyword(call, "markup"))):
            return True
        if _begins_with(call) in ("console", "Console") or (name == "print" and isinstance(call.func, ast.Attribute)):
            return name in ("print", "log", "rule", "input") and not _says_no(_keyword(call, "markup"))
        kind = self._kind(call, owner)
        if kind not in SHOWING or _says_no(_keyword(call, "markup")):
            return False
        given = [_keyword(call, SHOWING[kind]), *(call.args[:1] if kind != "TextArea" else ())]
        given += [_keyword(call, "title")] if kind == "notify" else []
        return any(value is not None and not self._is_content(value) for value in given)

    def _sets(self, node: ast.Assign | ast.AnnAssign) -> bool:
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = {target.attr if isinstance(target, ast.Attribute) else getattr(target, "id", "") for target in targets}
        # ``content`` is a name like any other unless it is a widget's.
        plain = names == {"content"} and not any(isinstance(target, ast.Attribute) for target in targets)
        parsing = bool(names & SET) and not plain
        return parsing and node.value is not None and not self._is_content(node.value)

    def _renders(self, owner: ast.ClassDef) -> Iterator[ast.stmt]:
        """Methods ``render`` whose result may be a ``str``."""
        methods = (node for node in owner.body if isinstance(node, ast.FunctionDef) and node.name == "render")
        yield from (one for one in methods if one.returns is None or ast.unparse(one.returns) not in STRICT)

    def _updates(self) -> Iterator[ast.Call]:
        """What a ``Static`` is told to show later on."""
        for owner in self._tree.body:
            receivers = set(self._named_statics(owner))
            for call in ast.walk(owner):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute) and call.func.attr == "update":
                    given = [*call.args[:1], *filter(None, [_keyword(call, "content")])]
                    ours = ast.unparse(call.func.value) in receivers or self._is_static(call.func.value)
                    if ours and not all(map(self._is_content, given)):
                        yield call

    def _named_statics(self, owner: ast.AST) -> Iterator[str]:
        """How a ``Static`` is called inside ``owner``."""
        if isinstance(owner, ast.ClassDef) and owner.name in self._statics:
            yield "self"
        for node in ast.walk(owner):
            match node:
                case ast.arg(annotation=kind) if kind is not None and self._names_static(kind):
                    yield node.arg
                case ast.AnnAssign() if self._names_static(node.annotation):
                    yield ast.unparse(node.target)
                case ast.Assign() if self._is_static(node.value):
                    yield from map(ast.unparse, node.targets)
                case ast.For() | ast.comprehension() if self._is_static(node.iter):
                    yield ast.unparse(node.target)
                case ast.NamedExpr() if self._is_static(node.value):
                    yield ast.unparse(node.target)
                case ast.withitem(optional_vars=target) if target is not None and self._is_static(node.context_expr):
                    yield ast.unparse(target)

    def _is_static(self, value: ast.expr) -> bool:
        """Whether ``value`` makes a ``Static`` or asks for one."""
        if not isinstance(value, ast.Call):
            return False
        asked = _called(value) in ("query_one", "query", "query_exactly_one", "get_child_by_id", "get_widget_by_id")
        return _called(value) in self._statics or (asked and any(map(self._names_static, value.args)))

    def _names_static(self, value: ast.expr) -> bool:
        return any(getattr(node, "id", "") in self._statics for node in ast.walk(value))
