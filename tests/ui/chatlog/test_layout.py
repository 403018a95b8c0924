"""The layout of a whole log: any line of it, changes of entries, and what a marked stretch copies."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.ui.chatlog.entries import ChatEntry, EntryKind
from tavern_tui.ui.chatlog.layout import KEPT_ENTRIES, Change, LogLayout
from tests.ui.chatlog.roleplay import ROLEPLAY


def entries(count: int, first: int = 0) -> list[ChatEntry]:
    return [
        ChatEntry(str(number), EntryKind.CHARACTER, "Bess", f'*Turn {number}.* "And so on, and on."')
        for number in range(first, first + count)
    ]


def laid_out(shown: list[ChatEntry], width: int = 40) -> LogLayout:
    layout = LogLayout()
    layout.splice(0, 0, shown)
    layout.set_width(width)
    return layout


def lines(layout: LogLayout) -> list[str]:
    return [layout.line(number)[2].text for number in range(layout.height)]


def test_lines_are_those_of_the_entries_in_order() -> None:
    layout = laid_out(entries(2))
    assert lines(layout) == [
        "Bess", 'Turn 0. "And so on, and on."', "", "Bess", 'Turn 1. "And so on, and on."', "",
    ]  # fmt: skip


def test_nothing_is_wrapped_before_the_width_is_known() -> None:
    layout = LogLayout()
    layout.splice(0, 0, entries(3))
    assert layout.height == 0
    layout.set_width(40)
    assert layout.height == 9


def test_another_width_is_as_if_it_had_always_been() -> None:
    layout = laid_out(entries(5), 40)
    layout.set_width(12)
    assert lines(layout) == lines(laid_out(entries(5), 12))


@given(st.text(alphabet="ab *`\t\n\\\u0007あ", max_size=80), st.integers(10, 30))
def test_another_width_is_as_if_it_had_always_been_whatever_marks_a_text_has(text: str, width: int) -> None:
    shown = [ChatEntry("1", EntryKind.CHARACTER, "Bess", text), *entries(1, first=2)]
    layout = laid_out(shown)
    for other in (width, 40, width):
        layout.set_width(other)
        assert layout.height == laid_out(shown, other).height == sum(len(layout.lines(entry.id)) for entry in shown)


@given(st.data())
@settings(max_examples=50)
def test_entries_come_and_go_as_in_a_list(data: st.DataObject) -> None:
    shown = entries(6)
    layout = laid_out(shown)
    for step in range(3):
        start = data.draw(st.integers(0, len(shown)))
        stop = data.draw(st.integers(start, len(shown)))
        fresh = entries(data.draw(st.integers(0, 3)), 100 * (step + 1))
        before = layout.height
        shown[start:stop] = fresh
        assert layout.splice(start, stop, fresh) == layout.height - before
        assert lines(layout) == lines(laid_out(shown))
        assert all(layout.entry(entry.id) is entry for entry in shown)


def test_an_entry_cannot_be_there_twice() -> None:
    layout = laid_out(entries(3))
    with pytest.raises(ValueError, match="already"):
        layout.splice(3, 3, entries(1))
    assert layout.height == 9


def test_removed_entries_leave_no_lines() -> None:
    layout = laid_out(entries(4))
    layout.remove(["1", "3"])
    assert lines(layout) == lines(laid_out([*entries(1), *entries(1, 2)]))
    with pytest.raises(KeyError):
        layout.remove(["1"])
    layout.remove(["2", "0", "0"])
    assert layout.height == 0


def test_a_changed_line_is_told_with_its_place_in_the_log() -> None:
    layout = laid_out(entries(3))
    changed = replace(layout.entry("1"), text='*Turn 1.* "And so on, and up."')
    assert layout.replace(changed) == Change(top=4, count=1, grown=0)


def test_a_grown_entry_is_told_with_its_new_lines() -> None:
    layout = laid_out(entries(3))
    grown = replace(layout.entry("1"), text=layout.entry("1").text + "\n\nMore.")
    assert layout.replace(grown) == Change(top=5, count=3, grown=2)
    assert layout.height == 11


def test_selecting_changes_all_lines_of_an_entry() -> None:
    layout = laid_out(entries(3))
    assert layout.replace(replace(layout.entry("2"), selected=True)) == Change(top=6, count=3, grown=0)


def test_lines_are_kept_for_the_entries_seen_lately_only() -> None:
    layout = laid_out(entries(KEPT_ENTRIES * 3))
    for number in range(layout.height):
        layout.line(number)
    assert len(layout._lines) == KEPT_ENTRIES


def test_what_is_marked_in_one_line_is_copied_from_the_source() -> None:
    layout = laid_out(entries(2))
    assert layout.copy((1, 0), (1, 7)) == "*Turn 0.*"
    assert layout.copy((1, 2), (1, 6)) == "rn 0"


def test_what_is_marked_over_entries_is_copied_with_names() -> None:
    layout = laid_out(entries(3))
    assert layout.copy((1, 8), (4, 6)) == '"And so on, and on."\n\nBess\n*Turn 1'


def test_wrapped_lines_are_copied_as_one() -> None:
    layout = laid_out(entries(1), 10)
    assert layout.height > 4
    assert layout.copy((1, 0), None) == entries(1)[0].text


def test_all_of_a_log_is_copied_without_laying_it_out() -> None:
    layout = laid_out(entries(500))
    assert layout.copy(None, None) == "\n\n".join(f"Bess\n{entry.text}" for entry in entries(500))
    assert len(layout._lines) == 0


@given(ROLEPLAY, st.integers(6, 40))
def test_all_shown_lines_together_copy_the_source(middle: str, width: int) -> None:
    text = f"Start {middle} end"
    layout = laid_out([ChatEntry("1", EntryKind.USER, text=text)], width)
    copied = layout.copy((0, 0), (layout.height - 1, -1))
    assert copied == text


def test_points_outside_of_the_text_are_its_ends() -> None:
    layout = laid_out(entries(2))
    assert layout.copy((-5, -3), (99, 99)) == layout.copy(None, None)
    assert layout.copy((1, -4), (1, 99)) == entries(1)[0].text
    assert laid_out([]).copy(None, None) == ""


def test_what_stands_between_and_beside_turns_is_not_copied() -> None:
    marked = ChatEntry("1", EntryKind.USER, "Alex", "*Yes.*", day="Sunday", new=True, stamp=("1", "11:42"))
    layout = laid_out([*entries(1), marked])
    assert layout.copy(None, None).endswith("Alex\n*Yes.*")
    top, count = layout.rows("1")
    assert layout.copy((top, 0), (top + count - 2, -1)) == layout.copy((top + 2, 0), (top + count - 2, -1))
    assert layout.copy((top, 3), (top + 3, 4)) == "Alex\n*Yes.*"
