"""A device has one id, whoever asks first."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tavern_tui.storage.device import device_id, new_event_id

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


def test_event_ids_are_short_and_do_not_repeat() -> None:
    ids = {new_event_id() for _ in range(10_000)}
    assert len(ids) == 10_000
    assert {len(identity) for identity in ids} == {8}
