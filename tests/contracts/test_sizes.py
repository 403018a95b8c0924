"""Small rooms: a file, a class or a function that grows past its size is asking to be two things."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.contracts.sizes import FILES, PACKAGE, Definition, parsed, sizes_of


def test_files_classes_and_functions_stay_small() -> None:
    assert [size for path in FILES for size in sizes_of(path) if size.size > size.most] == []


def test_everything_public_has_a_docstring() -> None:
    missing = []
    for path in FILES:
        tree = parsed(path)
        place = path.relative_to(PACKAGE)
        if not ast.get_docstring(tree):
            missing.append(f"{place}: the file's opening paragraph")
        undescribed = (node for node in public_definitions(tree) if not ast.get_docstring(node))
        missing += [f"{place}:{node.lineno} {node.name}" for node in undescribed]
    assert missing == []


def public_definitions(
    tree: ast.Module | ast.ClassDef,
) -> Iterator[Definition]:
    """Public classes and functions, and the public methods of public classes."""
    for node in tree.body:
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and not node.name.startswith("_"):
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public_definitions(node)


def test_only_one_module_of_the_command_line_writes_to_the_terminal() -> None:
    writers = []
    for path in sorted((PACKAGE / "cli").glob("*.py")):
        if path.name == "output.py":
            continue
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {
                "print",
                "click.echo",
                "click.secho",
                "sys.stdout.write",
                "sys.stderr.write",
            }:
                writers.append(f"{path.name}:{node.lineno} {ast.unparse(node.func)}")
    assert writers == []
