"""A walk over a text from left to right: macros inside one another, variables where they stand, ``{{if}}`` blocks.

This is what SillyTavern 1.12.6 cannot do and later versions can; what the walk leaves (every macro that stands in no
other) is for the passes of the table. A branch that is not taken changes nothing.
Source: SillyTavern's second macro engine (``docs/spec/sillytavern-prompts.md`` §3.6).
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from enum import Enum

from tavern_tui.prompt.macro_context import MacroContext
from tavern_tui.prompt.macro_passes import COMMENT, LARGEST, Pass, Source
from tavern_tui.prompt.macro_variables import SAYS_VARIABLE, performed
from tavern_tui.prompt.variables import Scope

_DEEPEST = 20
_NESTED = re.compile(r"\{\{[^{}]*\{\{")
_BRACES = re.compile(r"\{\{(?!\{)|\}\}")
_IF = re.compile(r"\{\{(#?)if(?:\s+|::?)(.*)\}\}", re.IGNORECASE | re.ASCII | re.DOTALL)
_ENDS = "{{/if}}"
_ELSE = "{{else}}"
_NAME = re.compile(r"[A-Za-z_]+")
_VARIABLE = re.compile(r"([.$])([^\s{}:]+)")
_NO = frozenset({"", "false", "off", "0"})


class _Mark(Enum):
    """What a macro is to a block."""

    IF = "if"
    ELSE = "else"
    END = "end"


@dataclass(slots=True)
class _Block:
    """A block that is open: where in the pieces its branch began, whether that is taken, whether blanks are kept.

    ``waits``: its condition is not known here, so it stays for a later walk.
    """

    at: int
    taken: bool = True
    keeps_blanks: bool = False
    waits: bool = False


def in_order(text: str, context: MacroContext, source: Source, resolve: Pass, known: Collection[str]) -> str:
    """``text`` after the walk; ``resolve`` gives what stands in other macros, ``known`` are the keys of all of them.

    What is nested more than twenty deep, and blocks that are not closed, stay as they are.
    """
    if not (SAYS_VARIABLE.search(text) or _NESTED.search(text) or _ENDS in text.lower()):
        return text
    walk = _Walk(context, source, resolve, known, LARGEST - len(text), _blocks(text))
    done = 0
    for brace in _BRACES.finditer(text):
        walk.pieces.append(text[done : brace.start()])
        done = brace.end()
        if brace.group() == "{{":
            walk.open(brace.start(), comment=text.startswith(COMMENT, done))
        else:
            walk.close()
    return walk.text(text[done:])


def _blocks(text: str) -> dict[int, _Mark]:
    """What the macros that begin and end a block are, by their place; only of blocks that are closed where they began.

    Blocks are told apart before the walk, so that none is begun that never ends.
    """
    if _ENDS not in text.lower():
        return {}
    marks: dict[int, _Mark] = {}
    starts: list[int] = []
    waiting: dict[int, list[list[int]]] = {}  # by depth: the blocks that are open, each the places of its if and else
    for brace in _BRACES.finditer(text):
        if brace.group() == "{{" and len(starts) < _DEEPEST:
            starts.append(brace.start())
        elif brace.group() == "}}" and starts:
            start = starts.pop()
            here = waiting.setdefault(len(starts), [])
            macro = text[start : brace.end()] if brace.end() - start < len(_ELSE) + 1 else ""
            if macro.lower() == _ENDS and here:
                places = here.pop()
                if len(here) < _DEEPEST:
                    marks |= {places[0]: _Mark.IF, start: _Mark.END}
                    marks |= dict.fromkeys(places[1:], _Mark.ELSE)
            elif macro.lower() == _ELSE and here and len(here[-1]) == 1:
                here[-1].append(start)
            elif _begins_block(text, start):
                here.append([start])
            waiting.pop(len(starts) + 1, None)
    return marks


def _begins_block(text: str, start: int) -> bool:
    word = text[start + 2 : start + 6].lower().removeprefix("#")
    return word.startswith("if") and word[2:3] in (" ", ":", "\n", "\t")


class _Walk:
    """A walk over the braces of a text. ``pieces`` are those of the innermost macro that is open."""

    def __init__(
        self,
        context: MacroContext,
        source: Source,
        resolve: Pass,
        known: Collection[str],
        room: int,
        marks: dict[int, _Mark],
    ) -> None:
        self.pieces: list[str] = []
        self._outer: list[tuple[list[str], int, bool]] = []
        self._blocks: list[_Block] = []
        self._silent = 0  # comments and branches not taken that are open
        self._context = context
        self._source = source
        self._resolve = resolve
        self._known = known
        self._room = max(0, room)
        self._marks = marks

    def open(self, start: int, *, comment: bool) -> None:
        """A macro begins at ``start``."""
        if len(self._outer) >= _DEEPEST:
            self.pieces.append("{{")
            return
        self._outer.append((self.pieces, start, comment))
        self._silent += comment
        self.pieces = ["{{"]

    def close(self) -> None:
        """The innermost macro ends."""
        if not self._outer:
            self.pieces.append("}}")
            return
        macro = "".join((*self.pieces, "}}"))
        self.pieces, start, comment = self._outer.pop()
        self._silent -= comment
        mark = self._marks.get(start)
        if mark is None:
            became = self._became(macro, start, comment)
            if len(became) - len(macro) > self._room:
                became = macro
            self._room -= max(0, len(became) - len(macro))
            self.pieces.append(became)
        elif mark is _Mark.IF:
            self._begin(macro)
        else:
            self._go_on(macro, mark)

    def text(self, rest: str) -> str:
        """The whole, with ``rest`` behind it; macros that were never closed stay as they are."""
        outer = (piece for pieces, _, _ in self._outer for piece in pieces)
        return "".join((*outer, *self.pieces, rest))

    def _begin(self, macro: str) -> None:
        found = _IF.fullmatch(macro)
        block = _Block(len(self.pieces), keeps_blanks=found is not None and found[1] == "#")
        self._blocks.append(block)
        taken = True if self._silent or found is None else self._true(found[2])
        if taken is None:
            block.waits = True
            self.pieces.append(macro)
        self._turn_to(block, taken=bool(taken))

    def _go_on(self, macro: str, mark: _Mark) -> None:
        """The other branch of the innermost block begins, or the block ends."""
        block = self._blocks[-1]
        if block.waits:
            self.pieces.append(macro)
        else:
            self._end_branch(block)
        if mark is _Mark.END:
            self._blocks.pop()
            self._silent -= not block.taken
        elif not block.waits:
            self._turn_to(block, taken=not block.taken)

    def _turn_to(self, block: _Block, *, taken: bool) -> None:
        self._silent += block.taken - taken
        block.taken, block.at = taken, len(self.pieces)

    def _end_branch(self, block: _Block) -> None:
        branch = "".join(self.pieces[block.at :])
        del self.pieces[block.at :]
        if block.taken:
            self.pieces.append(branch if block.keeps_blanks else branch.strip())

    def _true(self, condition: str) -> bool | None:
        """Whether a condition holds: a text, a macro's name, or a variable behind ``.`` (the chat's) or ``$``.

        ``None`` for a macro that has no value here.
        """
        condition = condition.strip()
        wanted = True
        while condition.startswith("!"):
            condition, wanted = condition[1:].lstrip(), not wanted
        variable = _VARIABLE.fullmatch(condition)
        if variable is not None and self._context.variables is not None:
            scope = Scope.CHAT if variable[1] == "." else Scope.EVERYWHERE
            condition = self._context.variables.get(scope, variable[2])
        elif _NAME.fullmatch(condition):
            macro = f"{{{{{condition}}}}}"
            became = self._resolve(macro, self._context, self._source)
            if became == macro and condition.lower() in self._known:
                return None
            condition = condition if became == macro else became
        return (condition.strip().lower() not in _NO) is wanted

    def _became(self, macro: str, start: int, comment: bool) -> str:
        if self._silent:
            return macro
        if comment:
            return ""
        became = performed(macro, self._context)
        if became is not None:
            return became
        if not self._outer:
            return macro
        return self._resolve(macro, self._context, Source(self._source.raw, self._source.start + start))
