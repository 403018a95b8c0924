"""How large files, classes and functions of the package are: for the gate, and as a report (``make sizes``)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[2] / "tavern_tui"
FILES = sorted(PACKAGE.rglob("*.py"))
FILE_LINES, CLASS_LINES, CLASS_METHODS, FUNCTION_LINES = 400, 300, 25, 60

Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True)
class Size:
    """One thing and its ``size``, against the most that it may have."""

    what: str
    name: str
    size: int
    most: int


def sizes_of(path: Path) -> Iterator[Size]:
    """The file, its classes (lines and methods) and its functions."""
    place = str(path.relative_to(PACKAGE))
    yield Size("lines of a file", place, len(path.read_text(encoding="utf-8").splitlines()), FILE_LINES)
    for node in ast.walk(parsed(path)):
        if isinstance(node, ast.ClassDef):
            methods = sum(isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef) for item in node.body)
            yield Size("lines of a class", f"{place} {node.name}", length(node), CLASS_LINES)
            yield Size("methods of a class", f"{place} {node.name}", methods, CLASS_METHODS)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield Size("lines of a function", f"{place} {node.name}", length(node), FUNCTION_LINES)


def parsed(path: Path) -> ast.Module:
    """The file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def length(node: Definition) -> int:
    """Lines from the definition to its end."""
    return (node.end_lineno or node.lineno) - node.lineno + 1


def report(largest: int = 5) -> str:
    """The ``largest`` of each kind, against its bound."""
    kinds: dict[str, list[Size]] = {}
    for path in FILES:
        for size in sizes_of(path):
            kinds.setdefault(size.what, []).append(size)
    lines = [f"{len(FILES)} files, {sum(size.size for size in kinds['lines of a file']):,} lines"]
    for what, found in kinds.items():
        lines.append(f"{what} (at most {found[0].most})")
        lines += [f"  {size.size:4} {size.name}" for size in sorted(found, key=lambda s: -s.size)[:largest]]
    return "\n".join(lines)


if __name__ == "__main__":
    print(report())
