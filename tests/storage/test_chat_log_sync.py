"""A sync tool replaces, cuts and rewrites files behind our back; nothing that was read or promised is lost."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tavern_tui.formats.chatlog import encode
from tavern_tui.storage.chats import ChatLog
from tests.domain.chat_events import turn
from tests.storage.disk import Disk, said


def texts(log: ChatLog) -> set[str]:
    """Every turn's text, in any branch."""
    return {found.text for found in log.tree.turns.values()}


def put_in_place(path: Path, data: bytes) -> None:
    """What a sync tool does: a new file under the old name."""
    other = path.with_name("incoming")
    other.write_bytes(data)
    other.replace(path)


def test_a_longer_copy_in_the_files_place_is_read_whole(disk: Disk) -> None:
    log = disk.create()
    log.append(said("here"))
    head, tail = disk.path.read_bytes().split(b"\n", 1)
    put_in_place(disk.path, head + b"\n" + encode(turn("x", 2, "", "there")) + b"\n" + tail)
    assert log.refresh()
    assert texts(log) == {"here", "there"}
    assert log.problems == ()


def test_what_a_replaced_file_lacks_is_written_back_with_the_next_event(disk: Disk) -> None:
    log = disk.create()
    before = disk.path.read_bytes()
    (mine,) = log.append(said("mine"))
    put_in_place(disk.path, before + encode(turn("x", 2, "", "theirs")) + b"\n")
    log.refresh()
    assert texts(log) == {"mine", "theirs"}
    log.append(said("next"))
    assert texts(disk.open("rig")) == {"mine", "theirs", "next"}
    assert disk.path.read_bytes().count(mine.id.encode()) >= 1
    assert log.events == disk.open().events


def test_what_was_lost_is_written_back_once_only(disk: Disk) -> None:
    log = disk.create()
    before = disk.path.read_bytes()
    log.append(said("mine"))
    put_in_place(disk.path, before)
    log.append(said("next"))
    log.append(said("and next"))
    assert disk.path.read_bytes().count(b'"x":"mine"') == 1


def test_what_comes_back_by_itself_is_not_written_again(disk: Disk) -> None:
    log = disk.create()
    before = disk.path.read_bytes()
    log.append(said("mine"))
    whole = disk.path.read_bytes()
    put_in_place(disk.path, before)
    log.refresh()
    put_in_place(disk.path, whole)
    log.append(said("next"))
    assert disk.path.read_bytes().count(b'"x":"mine"') == 1


@pytest.mark.parametrize("keep", [0, 1, 0.5, 0.9])
def test_a_file_that_was_cut_in_place_loses_nothing_that_was_read(disk: Disk, keep: float) -> None:
    log = disk.create()
    log.append(said("one"), said("two"))
    size = disk.path.stat().st_size
    os.truncate(disk.path, int(keep * size) if keep < 1 else 1)
    log.refresh()
    assert texts(log) == {"one", "two"}
    log.append(said("three"))
    assert texts(disk.open("rig")) == {"one", "two", "three"}


def test_a_file_that_was_rewritten_in_place_with_the_same_name_and_more_bytes_is_noticed(disk: Disk) -> None:
    log = disk.create()
    log.append(said("mine"))
    with disk.path.open("r+b") as file:
        head = file.readline()
        file.seek(0)
        file.write(head + encode(turn("x", 2, "", "theirs, and quite a long one, longer than mine")) + b"\n")
    log.refresh()
    assert texts(log) == {"mine", "theirs, and quite a long one, longer than mine"}
    assert log.problems == disk.open().problems


def test_a_file_that_was_removed_comes_back_whole_with_the_next_event(disk: Disk) -> None:
    log = disk.create()
    log.append(said("one"))
    disk.path.unlink()
    assert not log.refresh()
    log.append(said("two"))
    assert texts(disk.open("rig")) == {"one", "two"}
    assert disk.open().tree.title == "A night"


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_after_any_mischief_the_next_append_makes_a_log_with_everything(disk: Disk, data: st.DataObject) -> None:
    disk.path.unlink(missing_ok=True)
    log = disk.create()
    known = {found.id for found in log.append(said("one"), said("two"), said("three"))}
    for _ in range(data.draw(st.integers(1, 3))):
        content = disk.path.read_bytes()
        start = data.draw(st.integers(0, len(content)))
        length = data.draw(st.integers(0, len(content)))
        damaged = content[:start] + data.draw(st.binary(max_size=12))
        if data.draw(st.booleans()):
            put_in_place(disk.path, damaged + content[start + length :])
        else:
            # Bytes changed in place, far before the end, would be seen only by reading the whole file at each append.
            disk.path.write_bytes(damaged)
        if data.draw(st.booleans()):
            log.refresh()
        known |= {found.id for found in log.append(said("more"))}
    assert known <= {found.id for found in disk.open("rig").events}
    assert known <= {found.id for found in log.events}
