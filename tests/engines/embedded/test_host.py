"""The host as a process: one of it, replaced, killed, idle, shared, and closed to strangers."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.preset import NEUTRAL
from tavern_tui.domain.request import Segment
from tavern_tui.engines.base import LoadProgress, Request, TextArrived, Waiting
from tavern_tui.engines.embedded.client import EmbeddedEngine, host_status, stop_host, tune
from tavern_tui.engines.embedded.link import HostSettings, connect, connect_or_start
from tavern_tui.engines.embedded.place import HostPlace, try_lock
from tavern_tui.engines.embedded.process import MODULE
from tavern_tui.engines.embedded.protocol import PROTOCOL, Hello, Speed, decode_answer, encode_hello
from tests.engines.embedded.running import embedded_engine, end_host, has_left, is_free, settings_for, unload, until

pytestmark = pytest.mark.model

STORY = Request((Segment("Once upon a time"),), response_tokens=200, sampling=NEUTRAL, seed=3)
OLD_HOST = Path(__file__).parent / "old_host.py"


def nobody(event: object) -> None:
    """Hears and says nothing."""


async def say_hello(place: HostPlace) -> int:
    """The process id of the host at ``place``, started if there is none."""
    link = await connect_or_start(place, HostSettings(), nobody)
    await link.close()
    return link.hello.pid


async def test_twenty_simultaneous_starts_make_one_host(place: HostPlace) -> None:
    pids = await asyncio.gather(*(say_hello(place) for _ in range(20)))
    assert len(set(pids)) == 1


async def test_starts_from_several_processes_make_one_host(place: HostPlace) -> None:
    script = (
        "import asyncio, sys; from pathlib import Path\n"
        "from tavern_tui.engines.embedded.link import *\n"
        "place = HostPlace(Path(sys.argv[1]), Path(sys.argv[2]))\n"
        "print(asyncio.run(connect_or_start(place, HostSettings(), print)).hello.pid)"
    )
    command = [sys.executable, "-c", script, str(place.folder), str(place.cache)]
    started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    assert len({process.communicate(timeout=60)[0] for process in started}) == 1


async def test_modules_in_the_users_folder_are_not_taken_for_ours(
    place: HostPlace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "json.py").write_text("raise SystemExit('not this one')\n")
    monkeypatch.chdir(tmp_path)
    assert await say_hello(place) > 0


async def test_the_host_outlives_its_client_and_the_next_one_finds_the_model_loaded(
    place: HostPlace, starter_model: Path
) -> None:
    for _ in range(2):
        heard: list[object] = []
        engine = EmbeddedEngine(place, settings_for(starter_model), heard.append)
        await engine.connect()
        await engine.close()
    assert not any(isinstance(event, LoadProgress) for event in heard)


async def test_loading_tells_its_progress(place: HostPlace, starter_model: Path) -> None:
    heard: list[object] = []
    engine = EmbeddedEngine(place, settings_for(starter_model), heard.append)
    await engine.connect()
    await engine.close()
    fractions = [event.fraction for event in heard if isinstance(event, LoadProgress)]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1.0


async def test_a_host_of_another_version_finishes_and_is_replaced(place: HostPlace, starter_model: Path) -> None:
    place.make()
    old = subprocess.Popen([sys.executable, str(OLD_HOST), str(place.socket)], stdout=subprocess.PIPE, text=True)
    assert old.stdout is not None
    assert old.stdout.readline() == "ready\n"
    heard: list[object] = []
    engine = EmbeddedEngine(place, settings_for(starter_model), heard.append)
    info = await engine.connect()
    await engine.close()
    status = await host_status(place)
    assert info.model == starter_model.stem
    assert status is not None
    assert (status.protocol, status.pid != old.pid) == (PROTOCOL, True)
    assert old.wait(timeout=30) == 0
    assert "finished its reply" in old.stdout.read()
    assert any(isinstance(event, Waiting) for event in heard)


async def test_a_killed_host_ends_the_reply_clearly_and_the_next_request_has_a_new_one(
    place: HostPlace, starter_model: Path
) -> None:
    engine = EmbeddedEngine(place, settings_for(starter_model))
    await engine.connect()
    before = await host_status(place)
    assert before is not None
    text = ""
    async with engine.generate(STORY) as stream:
        while not text:
            event = await anext(stream)
            text = event.text if isinstance(event, TextArrived) else ""
        os.kill(before.pid, signal.SIGKILL)
        with pytest.raises(EngineError) as broken:
            assert not [event async for event in stream], "the reply did not break"
    assert broken.value.fault is EngineFault.CRASHED
    assert str(place.log) in broken.value.hint
    async with engine.generate(replace(STORY, response_tokens=2)) as stream:
        again = [event async for event in stream if isinstance(event, TextArrived)]
    after = await host_status(place)
    await engine.close()
    assert again
    assert after is not None
    assert after.pid != before.pid


async def test_a_host_that_hangs_is_ended_by_stopping_it(place: HostPlace) -> None:
    pid = await say_hello(place)
    os.kill(pid, signal.SIGSTOP)
    told: list[str] = []
    assert await stop_host(place, patience=0.5, tell=told.append)
    assert is_free(place)
    assert str(pid) in told[0]
    assert await say_hello(place) != pid


async def test_a_host_that_hangs_without_its_socket_is_ended_too(place: HostPlace) -> None:
    pid = await say_hello(place)
    os.kill(pid, signal.SIGSTOP)
    place.socket.unlink()
    assert await stop_host(place, patience=0.5)
    assert is_free(place)
    assert not await stop_host(place)


async def test_a_host_that_says_hello_and_does_not_go_is_ended(place: HostPlace) -> None:
    place.make()
    script = (
        "import asyncio, os, sys; from pathlib import Path\n"
        "from tavern_tui.engines.embedded.place import *; from tavern_tui.engines.embedded.protocol import *\n"
        "place = HostPlace(Path(sys.argv[2]), Path(sys.argv[3]))\n"
        "os.write(try_lock(place.life_lock), str(os.getpid()).encode())\n"
        "def greet(reader, writer): writer.write(encode_hello(Hello(pid=os.getpid())))\n"
        "async def serve():\n"
        "    async with await asyncio.start_unix_server(greet, place.socket): print(); await asyncio.sleep(100)\n"
        "asyncio.run(serve())"
    )
    deaf = subprocess.Popen(
        [sys.executable, "-u", "-c", script, MODULE, str(place.folder), str(place.cache)], stdout=subprocess.PIPE
    )
    assert deaf.stdout is not None
    deaf.stdout.readline()
    assert await stop_host(place, patience=0.5)
    assert deaf.wait(30) == -signal.SIGKILL


async def test_a_process_that_is_no_host_of_ours_is_never_ended(place: HostPlace) -> None:
    place.make()
    stranger = subprocess.Popen(["sleep", "60"])
    lock = try_lock(place.life_lock)
    assert lock is not None
    os.write(lock, str(stranger.pid).encode())
    try:
        with pytest.raises(EngineError) as refused:
            await stop_host(place, patience=0.1)
        assert "process" in refused.value.title
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()
        os.close(lock)


async def test_a_host_that_left_is_started_anew_without_a_word(place: HostPlace, starter_model: Path) -> None:
    engine = EmbeddedEngine(place, settings_for(starter_model))
    assert await engine.count(["hello"]) == [1]
    assert await stop_host(place)
    assert await engine.count(["hello"]) == [1]
    await engine.close()


async def test_a_call_that_meets_a_leaving_host_is_asked_again_of_a_new_one(
    place: HostPlace, starter_model: Path
) -> None:
    place.make()
    met: list[bytes] = []

    async def leave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(encode_hello(Hello()))
        met.append(await reader.readline())
        place.socket.unlink()
        writer.close()

    leaving = await asyncio.start_unix_server(leave, place.socket)
    engine = EmbeddedEngine(place, settings_for(starter_model))
    assert await engine.count(["hello"]) == [1]
    await engine.close()
    leaving.close()
    assert len(met) == 1


async def test_a_home_of_two_hundred_bytes_works(tmp_path: Path, starter_model: Path) -> None:
    home = tmp_path / ("x" * 100) / ("y" * 100)
    async with embedded_engine(starter_model, home) as engine:
        assert await engine.count(["hello world"]) == [2]


async def test_an_idle_model_is_unloaded_and_an_idle_host_leaves(place: HostPlace, starter_model: Path) -> None:
    impatient = HostSettings(unload_after=0.2, leave_after=2.0)
    engine = EmbeddedEngine(place, settings_for(starter_model, impatient))
    await engine.connect()

    async def unloaded() -> bool:
        status = await host_status(place)
        assert status is not None, "the host left before its model was unloaded"
        return status.model is None

    await until(unloaded, "the model is unloaded")
    await until(lambda: has_left(place), "the host has left")
    assert await host_status(place) is None
    await engine.close()


async def test_a_model_that_was_unloaded_is_loaded_again_when_it_is_needed(
    shared_place: HostPlace, engine: EmbeddedEngine
) -> None:
    await unload(shared_place)
    status = await host_status(shared_place)
    assert status is not None
    assert status.model is None
    assert await engine.count(["hello world"]) == [2]


async def test_stopping_says_whether_there_was_a_host(place: HostPlace) -> None:
    await say_hello(place)
    assert await stop_host(place)
    assert not await stop_host(place)
    assert await host_status(place) is None


async def test_stopping_when_idle_lets_the_reply_finish(place: HostPlace, starter_model: Path) -> None:
    engine = EmbeddedEngine(place, settings_for(starter_model))
    texts: list[str] = []
    async with engine.generate(replace(STORY, response_tokens=20)) as stream:
        async for event in stream:
            if isinstance(event, TextArrived):
                if not texts:
                    stopping = asyncio.ensure_future(stop_host(place, now=False))
                texts.append(event.text)
    assert len(texts) >= 15
    assert await stopping
    await engine.close()


async def test_a_model_that_is_not_there_is_said_with_its_path(shared_place: HostPlace, tmp_path: Path) -> None:
    engine = EmbeddedEngine(shared_place, replace(settings_for(tmp_path / "none.gguf"), replace=True))
    with pytest.raises(EngineError) as refusal:
        await engine.connect()
    await engine.close()
    assert refusal.value.fault is EngineFault.NO_MODEL
    assert refusal.value.where == str(tmp_path / "none.gguf")


@pytest.mark.parametrize(("keep", "said"), [(5_000_000, "cut short or damaged"), (3, "cannot load|not a GGUF")])
async def test_a_damaged_model_is_said_in_words_and_the_host_lives_on(
    shared_place: HostPlace, starter_model: Path, tmp_path: Path, keep: int, said: str
) -> None:
    damaged = tmp_path / "damaged.gguf"
    with starter_model.open("rb") as whole:
        damaged.write_bytes(whole.read(keep))
    engine = EmbeddedEngine(shared_place, replace(settings_for(damaged), replace=True))
    with pytest.raises(EngineError, match=said) as refusal:
        await engine.connect()
    await engine.close()
    assert refusal.value.fault is EngineFault.NO_MODEL
    assert await host_status(shared_place) is not None


async def test_rubbish_on_the_socket_is_refused_and_others_are_served_on(
    engine: EmbeddedEngine, shared_place: HostPlace
) -> None:
    for rubbish in (b"GET / HTTP/1.1\r\n\r\n", b"\x00" * 4096 + b"\n", b'{"id":1,"kind":"load"}\n'):
        reader, writer = await asyncio.open_unix_connection(shared_place.socket)
        await reader.readline()
        writer.write(rubbish)
        _, answer = decode_answer(await reader.readline())
        assert "cannot be read" in answer.title  # type: ignore[union-attr]
        assert await reader.read() == b""
        writer.close()
    assert await engine.count(["hello"]) == [1]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become another user")
async def test_another_user_is_sent_away_even_where_the_folder_lets_them_in(
    shared_place: HostPlace, engine: EmbeddedEngine
) -> None:
    script = (
        "import os, socket, sys\n"
        "s = socket.socket(socket.AF_UNIX); folder = os.open(sys.argv[1], os.O_PATH); os.setuid(65534)\n"
        "s.connect(f'/proc/self/fd/{folder}/host.sock'); print(len(s.recv(100)))"
    )
    shared_place.folder.chmod(0o755)
    shared_place.socket.chmod(0o777)
    try:
        command = [sys.executable, "-c", script, str(shared_place.folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    finally:
        shared_place.folder.chmod(0o700)
        shared_place.socket.chmod(0o700)
    assert done.stdout == "0\n", done.stderr


async def test_log_and_socket_are_for_their_user_only_and_the_log_holds_no_prompt(
    engine: EmbeddedEngine, shared_place: HostPlace
) -> None:
    secret = "Xyzzy the unspeakable"
    async with engine.generate(Request((Segment(secret),), response_tokens=2)) as stream:
        assert [event async for event in stream]
    with pytest.raises(EngineError):
        async with engine.generate(Request((Segment(secret * 600),), response_tokens=2)) as stream:
            assert [event async for event in stream]
    assert shared_place.log.stat().st_mode & 0o077 == 0
    assert shared_place.socket.stat().st_mode & 0o077 == 0
    assert "Xyzzy" not in shared_place.log.read_text()


async def test_the_status_names_worker_devices_and_threads(engine: EmbeddedEngine, shared_place: HostPlace) -> None:
    status = await host_status(shared_place)
    assert status is not None
    assert status.worker == "llama.cpp in the host"
    assert status.devices
    assert status.model is not None
    assert (status.model.threads, status.clients, status.busy) == (1, 1, False)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="cores cannot be taken away here")
async def test_tuning_measures_up_to_the_cores_that_the_host_may_use(place: HostPlace, starter_model: Path) -> None:
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        await say_hello(place)
    finally:
        os.sched_setaffinity(0, allowed)
    heard: list[Speed] = []
    tuned = await tune(place, settings_for(starter_model), 0.3, heard.append)
    status = await host_status(place)
    assert tuned.speeds == tuple(heard)
    assert [speed.threads for speed in heard] == [1]
    assert heard[0].tokens_per_second > 0
    assert tuned.best == 1
    assert status is not None
    assert status.model is not None
    assert status.model.threads == 1


async def test_a_stranger_on_the_socket_is_not_taken_for_a_host(place: HostPlace) -> None:
    place.make()
    with socket.socket(socket.AF_UNIX) as stranger:
        stranger.bind(str(place.socket))
        stranger.listen()
        loop = asyncio.get_running_loop()
        connecting = asyncio.ensure_future(connect(place))
        other, _ = await loop.run_in_executor(None, stranger.accept)
        other.sendall(b"220 mail.example ESMTP\r\n")
        with pytest.raises(EngineError, match="cannot be read"):
            await connecting
        other.close()
    place.socket.unlink()
    await end_host(place)
