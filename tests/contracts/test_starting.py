"""What makes the start fast changes nothing that a dataclass does."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import FrozenInstanceError, asdict, dataclass, field, replace
from typing import Any

import pytest

from tavern_tui.starting import compile_late

COMPILED = "_create_fn"
pytestmark = pytest.mark.skipif(not hasattr(dataclasses, COMPILED), reason="Python compiles all methods at once")


@pytest.fixture(name="compiled")
def compiled_names(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the methods that were compiled, while methods are compiled late."""
    names: list[str] = []
    usual = vars(dataclasses)[COMPILED]

    def watched(name: str, *text: Any, **where: Any) -> Callable[..., Any]:
        names.append(name)
        made: Callable[..., Any] = usual(name, *text, **where)
        return made

    monkeypatch.setitem(vars(dataclasses), COMPILED, watched)
    compile_late()
    return names


def turn_class(**options: Any) -> Any:
    """A dataclass made now, with every kind of field."""

    @dataclass(**options)
    class Turn:
        name: str
        marks: list[str] = field(default_factory=list, hash=False)
        tokens: int = field(default=7, kw_only=True)
        words: int = field(init=False, compare=False, default=0)

        def __post_init__(self) -> None:
            object.__setattr__(self, "words", len(self.name.split()))

    return Turn


def behaviour(kind: Any) -> list[object]:
    """All that can be asked of two turns."""
    one, other = kind("Wren of the ferry", ["new"], tokens=3), kind("Wren of the ferry")
    return [repr(one), one == other, one == replace(other, marks=["new"], tokens=3), asdict(one), one.words, one != 5]


OPTIONS: list[dict[str, bool]] = [{}, {"frozen": True}, {"slots": True}, {"frozen": True, "slots": True}]


@pytest.mark.parametrize("options", OPTIONS, ids=" ".join)
def test_a_dataclass_that_is_compiled_late_does_what_it_always_does(
    compiled: list[str], monkeypatch: pytest.MonkeyPatch, options: dict[str, bool]
) -> None:
    late = behaviour(turn_class(**options))
    monkeypatch.undo()
    assert late == behaviour(turn_class(**options))
    assert {"__init__", "__repr__", "__eq__"} <= set(compiled)


def test_nothing_is_compiled_before_it_is_called_and_nothing_twice(compiled: list[str]) -> None:
    kind = turn_class(frozen=True, slots=True)
    assert compiled == []
    for _ in range(3):
        assert kind("Wren") == kind("Wren")
    assert compiled == ["__init__", "__eq__"]


def test_what_is_frozen_stays_frozen(compiled: list[str]) -> None:
    turn = turn_class(frozen=True)("Wren")
    with pytest.raises(FrozenInstanceError):
        turn.name = "Alex"
    with pytest.raises(FrozenInstanceError):
        del turn.name
    assert turn.name == "Wren"


def test_hashes_and_order_follow_the_fields(compiled: list[str]) -> None:
    kind = turn_class(frozen=True, order=True)
    assert {kind("b"), kind("a"), kind("b")} == {kind("a"), kind("b")}
    assert kind("a") < kind("b") <= kind("b") < kind("c") > kind("a")


def test_wrong_arguments_are_refused_as_ever(compiled: list[str]) -> None:
    kind = turn_class()
    with pytest.raises(TypeError, match=r"Turn\.__init__\(\) missing 1 required positional argument: 'name'"):
        kind()
    with pytest.raises(TypeError, match="unexpected keyword argument 'length'"):
        kind("Wren", length=1)


def test_a_class_that_inherits_a_method_takes_the_same_one(compiled: list[str]) -> None:
    kind = turn_class()

    longer = type("Longer", (kind,), {})
    assert longer("Wren").name == kind("Alex").name.replace("Alex", "Wren")
    assert compiled == ["__init__"]
