"""The llama.cpp binding: imported once and only where it is used, its log, its devices, and the flag that stops it.

The only module that imports ``llama_cpp``. Loading a model is in ``loading``, writing replies in ``llama``.
"""

from __future__ import annotations

import ctypes
import importlib
import sys
from collections import deque
from functools import cache
from typing import Any

from tavern_tui.domain.errors import EngineError, EngineFault

_INFO, _WARN, _CONTINUED = 2, 3, 5
_EMPTY_FLAG, _RAISED_FLAG = b"\0", b"\1"


class Flag:
    """A byte that stops llama.cpp from any thread: ``strlen`` of it is 0 until it is raised."""

    def __init__(self) -> None:
        self._bytes = ctypes.create_string_buffer(2)

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
        self._bytes[0] = _RAISED_FLAG

    def put_down(self) -> None:
        """Begin new work."""
        self._bytes[0] = _EMPTY_FLAG


class Log:
    """llama.cpp's log lines: warnings always, everything while loading, and the latest for an error's wording."""

    def __init__(self) -> None:
        self.loading = False
        self.latest: deque[str] = deque(maxlen=40)
        self.callback: Any = None  # kept here, because llama.cpp keeps only the pointer
        self._level = _INFO

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


def devices() -> tuple[str, ...]:
    """What llama.cpp can compute on here, in its own words."""
    library()
    ggml = importlib.import_module("llama_cpp._ggml").libggml
    ggml.ggml_backend_dev_count.restype = ctypes.c_size_t
    ggml.ggml_backend_dev_get.argtypes, ggml.ggml_backend_dev_get.restype = [ctypes.c_size_t], ctypes.c_void_p
    describe = ggml.ggml_backend_dev_description
    describe.argtypes, describe.restype = [ctypes.c_void_p], ctypes.c_char_p
    found = (describe(ggml.ggml_backend_dev_get(index)) for index in range(ggml.ggml_backend_dev_count()))
    return tuple((name or b"").decode("utf-8", "replace") for name in found)


def binding_version() -> str:
    """The version of llama-cpp-python."""
    library()
    return str(importlib.import_module("llama_cpp").__version__)
