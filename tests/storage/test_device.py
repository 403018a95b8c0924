"""A device has one id, whoever asks first, and none before it writes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tavern_tui.domain.errors import StorageError
from tavern_tui.domain.events import PropertySet, TipMoved
from tavern_tui.storage.chats import ChatLog
from tavern_tui.storage.device import Device, device_id, new_event_id
from tavern_tui.storage.recovery import Recovery, recover
from tests.storage.disk import Disk, said

ASK = "import sys; from pathlib import Path; from tavern_tui.storage.device import device_id; "
ASK += "sys.stdin.read(1); print(device_id(Path(sys.argv[1])))"


def test_the_id_is_made_once_and_stays(tmp_path: Path) -> None:
    first = device_id(tmp_path / "state")
    assert first.isalnum()
    assert len(first) == 6
    assert device_id(tmp_path / "state") == first


def test_devices_differ(tmp_path: Path) -> None:
    assert device_id(tmp_path / "one") != device_id(tmp_path / "other")


def test_a_damaged_id_is_replaced(tmp_path: Path) -> None:
    for content in (b"", b"\0" * 8, b"../x\n", b"\xff\xfe"):
        (tmp_path / "device").write_bytes(content)
        assert device_id(tmp_path) == device_id(tmp_path)
        assert device_id(tmp_path).isalnum()


def test_first_starts_at_the_same_moment_get_the_same_id(tmp_path: Path) -> None:
    starts = [
        subprocess.Popen(
            [sys.executable, "-c", ASK, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(4)
    ]
    for start in starts:
        assert start.stdin is not None
        start.stdin.write("g")
        start.stdin.flush()
    ids = {start.communicate(timeout=60)[0].strip() for start in starts}
    assert ids == {device_id(tmp_path)}


def test_asking_for_a_known_id_makes_none(tmp_path: Path) -> None:
    device = Device(tmp_path / "state")
    assert device.known == ""
    assert not device.state.exists()
    assert device.own == device.known != ""


def test_a_file_in_place_of_the_state_folder_is_no_known_id_and_refuses_a_new_one(tmp_path: Path) -> None:
    (tmp_path / "state").write_text("mine")
    device = Device(tmp_path / "state")
    assert device.known == ""
    with pytest.raises(StorageError):
        print(device.own)
    assert (tmp_path / "state").read_text() == "mine"


def test_event_ids_are_short_and_do_not_repeat() -> None:
    ids = {new_event_id() for _ in range(10_000)}
    assert len(ids) == 10_000
    assert {len(identity) for identity in ids} == {8}


def test_a_chat_read_before_there_is_an_id_stands_where_anybody_left_it(disk: Disk) -> None:
    written = disk.create("rig")
    one, _ = written.append(said("one"), said("another"))
    written.append(TipMoved(one.id))
    log = ChatLog.open(disk.path, device=Device(disk.root / "state"), state=disk.root / "state" / "journals")
    assert (log.device, log.tree.tip) == ("", one.id)
    assert not (disk.root / "state").exists()


def test_the_first_write_to_a_chat_makes_the_id_and_signs_with_it(disk: Disk) -> None:
    disk.create("rig")
    log = ChatLog.open(disk.path, device=Device(disk.root / "state"), state=disk.root / "state" / "journals")
    (event,) = log.append(said("one"))
    assert event.writer == log.device == log.tree.device == device_id(disk.root / "state")


def test_a_chat_read_before_another_program_made_the_id_knows_what_that_wrote_as_its_own(disk: Disk) -> None:
    state = disk.root / "state"
    one, _ = disk.create("rig").append(said("one"), said("another"))
    early, other = (ChatLog.open(disk.path, device=Device(state), state=state / "journals") for _ in range(2))
    other.append(TipMoved(one.id))
    early.refresh()
    disk.open("rig").append(said("elsewhere", one.id))
    early.append(PropertySet("note", "rain"))
    assert early.device == other.device
    assert early.tree.tip == one.id


def test_without_a_usable_state_folder_a_chat_is_read_and_not_written(disk: Disk) -> None:
    disk.create("rig").append(said("one"))
    before = disk.path.read_bytes()
    (disk.root / "state").write_text("mine")
    log = ChatLog.open(disk.path, device=Device(disk.root / "state"), state=disk.root / "state" / "journals")
    assert recover(log) == Recovery()
    assert [turn.text for turn in log.tree.path()] == ["one"]
    with pytest.raises(StorageError):
        log.append(said("two"))
    assert disk.path.read_bytes() == before
