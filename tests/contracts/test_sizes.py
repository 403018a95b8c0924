"""Small rooms: a file, a class or a function that grows past its size is asking to be two things."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.contracts.sizes import FILES, PACKAGE, Definition, sizes_of


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_files_classes_and_functions_stay_small(path: Path) -> None:
    assert [size for size in sizes_of(path) if size.size > size.most] == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_everything_public_has_a_docstring(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree), "the file's opening paragraph is missing"
    missing = [f"{node.name} (line {node.lineno})" for node in public_definitions(tree) if not ast.get_docstring(node)]
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
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) in {
                "print",
                "click.echo",
                "click.secho",
                "sys.stdout.write",
                "sys.stderr.write",
            }:
                writers.append(f"{path.name}:{node.lineno} {ast.unparse(node.func)}")
    assert writers == []
