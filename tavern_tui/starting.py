"""What makes the program start fast: dataclasses are compiled when they are used, and garbage is looked for less often.

The standard library writes the methods of a dataclass as text and compiles each when the class is made. The program
and Textual together have some hundred such classes when the first line is on screen, most of them frozen, with six
methods each, of which hardly any has been called by then: a third of the start went there. For the process that runs
the program only; whoever imports its modules otherwise gets them as they are written.
"""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import Any

_YOUNG, _ROUNDS, _OLD_ROUNDS = 50_000, 10, 10
"""Objects that are made before garbage is looked for among them; Python's own 700 are for programs of another size."""


def prepare() -> None:
    """Get ready to import the program. Safe to call again."""
    gc.set_threshold(_YOUNG, _ROUNDS, _OLD_ROUNDS)
    compile_late()


def compile_late() -> None:
    """Compile the methods of dataclasses that are made from now on when they are first called.

    Until then ``inspect`` finds no parameters on them; nothing else differs. From Python 3.13 on, which compiles all
    methods of a class at once, it changes nothing.
    """
    import dataclasses

    compiled = vars(dataclasses).get("_create_fn")
    if compiled is not None and not hasattr(compiled, "late"):
        vars(dataclasses)["_create_fn"] = _late(compiled)


def _late(compiled: Callable[..., Callable[..., Any]]) -> Callable[..., Callable[..., Any]]:
    """``compiled``, the maker of a method out of its text, put off to the method's first call."""

    def create(name: str, *text: Any, **where: Any) -> Callable[..., Any]:
        made: Callable[..., Any] | None = None

        def method(self: object, *given: Any, **named: Any) -> Any:
            nonlocal made
            if made is None:
                made = compiled(name, *text, **where)
            for owner in type(self).__mro__:
                if vars(owner).get(name) is method:
                    made.__qualname__ = method.__qualname__
                    setattr(owner, name, made)
            return made(self, *given, **named)

        method.__name__ = name
        return method

    vars(create)["late"] = True
    return create
