"""The llama.cpp binding: imported once and only where it is used, its log, its devices, and the flag that stops it.

The only module that imports ``llama_cpp``. Loading a model is in ``loading``, writing replies in ``llama``.
"""

from __future__ import annotations

import ctypes
import importlib
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from tavern_tui.domain.errors import EngineError, EngineFault

_INFO, _WARN, _CONTINUED = 2, 3, 5
_GPUS = (1, 2)  # ggml_backend_dev_type: of its own memory, of the machine's
_EMPTY_FLAG, _RAISED_FLAG = b"\0", b"\1"


class Flag:
    """A byte that stops llama.cpp from any thread: ``strlen`` of it is 0 until it is raised."""

    def __init__(self) -> None:
        self._bytes = ctypes.create_string_buffer(2)
        self._lock = Lock()
        self._is_held = False
        self._put_up_later = False

    @property
    def address(self) -> int:
        """Where C finds it."""
        return ctypes.addressof(self._bytes)

    @property
    def raised(self) -> bool:
        """Whether the work in progress is to end."""
        return self._bytes.raw[:1] != _EMPTY_FLAG

    def put_up(self) -> None:
        """End the work in progress."""
        with self._lock:
            if self._is_held:
                self._put_up_later = True
            else:
                self._bytes[0] = _RAISED_FLAG

    def put_down(self) -> None:
        """Begin new work."""
        with self._lock:
            self._put_up_later = False
            self._bytes[0] = _EMPTY_FLAG

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, the flag stays as it is down: what must not be cut short is done there, and it goes up afterwards."""
        with self._lock:
            self._is_held, self._put_up_later = True, self.raised
            self._bytes[0] = _EMPTY_FLAG
        try:
            yield
        finally:
            with self._lock:
                self._is_held = False
                if self._put_up_later:
                    self._bytes[0] = _RAISED_FLAG


class Log:
    """llama.cpp's log lines: warnings always, everything while loading, and the latest for an error's wording."""

    def __init__(self) -> None:
        self.loading = False
        self.latest: deque[str] = deque(maxlen=400)
        self.callback: Any = None  # kept here, because llama.cpp keeps only the pointer
        self._level = _INFO

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While inside, everything is taken, and ``said`` begins anew."""
        self.loading = True
        self.latest.clear()
        try:
            yield
        finally:
            self.loading = False

    @property
    def said(self) -> str:
        """The latest lines."""
        return "".join(self.latest)

    def take(self, level: int, text: bytes | None, _data: object) -> None:
        """llama.cpp's callback."""
        self._level = self._level if level == _CONTINUED else level
        if self._level < (_INFO if self.loading else _WARN):
            return
        line = (text or b"").decode("utf-8", "replace")
        self.latest.append(line)
        sys.stderr.write(line)


LOG = Log()
"""llama.cpp's log in this process."""


@cache
def library() -> Any:
    """The llama.cpp binding, imported once. Raises ``EngineError`` where it is not installed or does not load."""
    try:
        lib: Any = importlib.import_module("llama_cpp.llama_cpp")
    except (ImportError, OSError, RuntimeError) as error:
        raise EngineError(
            "The embedded engine is not built for this Python.",
            fault=EngineFault.UNAVAILABLE,
            hint="The embedded engine must be rebuilt: `make engine`.",
        ) from error
    LOG.callback = lib.llama_log_callback(LOG.take)
    lib.llama_log_set(LOG.callback, None)
    lib.llama_backend_init()
    return lib


@dataclass(frozen=True, slots=True)
class Device:
    """What llama.cpp can compute on. ``name`` is its own word; ``free`` are the bytes of memory that nobody uses."""

    name: str
    is_gpu: bool
    free: int


def devices() -> tuple[str, ...]:
    """What llama.cpp can compute on here, in its own words."""
    return tuple(device.name for device in found_devices())


def found_devices() -> tuple[Device, ...]:
    """What llama.cpp can compute on here, as it lists it; the CPU is the last one."""
    library()
    ggml = importlib.import_module("llama_cpp._ggml").libggml
    pointer, sizes = ctypes.c_void_p, ctypes.POINTER(ctypes.c_size_t)
    count = _declared(ggml.ggml_backend_dev_count, ctypes.c_size_t)
    get = _declared(ggml.ggml_backend_dev_get, pointer, ctypes.c_size_t)
    describe = _declared(ggml.ggml_backend_dev_description, ctypes.c_char_p, pointer)
    kind = _declared(ggml.ggml_backend_dev_type, ctypes.c_int, pointer)
    memory = _declared(ggml.ggml_backend_dev_memory, None, pointer, sizes, sizes)
    found = []
    for index in range(count()):
        device, free, total = get(index), ctypes.c_size_t(), ctypes.c_size_t()
        memory(device, ctypes.byref(free), ctypes.byref(total))
        name = (describe(device) or b"").decode("utf-8", "replace")
        found.append(Device(name, kind(device) in _GPUS, free.value))
    return tuple(found)


def _declared(function: Any, result: Any, *arguments: Any) -> Any:
    function.restype, function.argtypes = result, list(arguments)
    return function


def library_bytes() -> int:
    """The size of llama.cpp's library in bytes, which tells builds of one version apart; 0 where it is not a file."""
    path = Path(str(library()._lib._name))
    return path.stat().st_size if path.is_file() else 0


def binding_version() -> str:
    """The version of llama-cpp-python."""
    library()
    return str(importlib.import_module("llama_cpp").__version__)
