"""A real HTTP server on loopback that answers as a recording does, its streams cut and reshaped as a test wants.

Recordings are the files of ``tavern-tui doctor --record``; ``recorded`` in them says whether a real server gave the
answers.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from tests.engines.standin import Asked, Reply, Standin

FOLDER = Path(__file__).parent / "recordings"
FILES = sorted(path.stem for path in FOLDER.glob("*.json"))

_EDGE = 120

Shape = Callable[[bytes], Sequence[bytes]]


@dataclass(frozen=True)
class Exchange:
    """A recorded request, and the answer to it."""

    name: str
    method: str
    path: str
    asked: object
    status: int
    kind: str
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def json(self) -> object:
        return json.loads(self.body)

    @property
    def streams(self) -> bool:
        """Whether the answer is a stream of server-sent events."""
        return self.kind.startswith("text/event-stream")


@dataclass(frozen=True)
class Played:
    """A recording: whose, whether a real server's, and what was asked, by name."""

    server: str
    recorded: bool
    exchanges: Mapping[str, Exchange]


@cache
def recording(stem: str) -> Played:
    """The recording in the file of that name."""
    whole = json.loads((FOLDER / f"{stem}.json").read_text())
    assert whole["format"] == 1
    return Played(whole["server"], whole["recorded"], {one["name"]: _exchange(one) for one in whole["exchanges"]})


def _exchange(one: dict[str, dict[str, object]]) -> Exchange:
    request, response = one["request"], one["response"]
    headers, packed = response["headers"], response.get("body_base64")
    assert isinstance(headers, dict)
    body = base64.b64decode(str(packed)) if packed else str(response["body"]).encode()
    status = response["status"]
    assert isinstance(status, int)
    kind = str(headers.get("content-type", ""))
    return Exchange(str(one["name"]), str(request["method"]), str(request["path"]), request["body"], status, kind, body)


# How a stream may arrive.


def in_one_lump(body: bytes) -> Sequence[bytes]:
    return [body]


def byte_by_byte(body: bytes) -> Sequence[bytes]:
    """The first events and the last ones; all between them are of a kind and come in one lump."""
    begin, end = min(_EDGE, len(body)), max(_EDGE, len(body) - _EDGE)
    edges = [body[at : at + 1] for at in range(len(body)) if at < begin or at >= end]
    return [*edges[:begin], *([body[begin:end]] if end > begin and end < len(body) else []), *edges[begin:]]


def with_crlf(body: bytes) -> Sequence[bytes]:
    return [body.replace(b"\n", b"\r\n")]


def byte_by_byte_with_crlf(body: bytes) -> Sequence[bytes]:
    return byte_by_byte(body.replace(b"\n", b"\r\n"))


def with_comments(body: bytes) -> Sequence[bytes]:
    """Signs of life between all events, as gateways send them."""
    return [b": PROCESSING\n\n" + re.sub(rb"\n\n", b"\n\n: ping\n\n", body)]


def without_the_last_blank_line(body: bytes) -> Sequence[bytes]:
    return [body.rstrip(b"\r\n")]


SHAPES: tuple[Shape, ...] = (
    in_one_lump,
    byte_by_byte,
    with_crlf,
    byte_by_byte_with_crlf,
    with_comments,
    without_the_last_blank_line,
)


class Replay(Standin):
    """The server. Where a path was asked several times, ``playing`` names the exchange; else equal bodies, else the
    first. ``shape`` is how its streams arrive.
    """

    def __init__(self, stem: str, *, playing: Sequence[str] = (), shape: Shape = in_one_lump) -> None:
        super().__init__({})
        found = list(recording(stem).exchanges.values())
        self._shape = shape
        for exchange in found:
            route = f"{exchange.method} {exchange.path}"
            same = [one for one in found if (one.method, one.path) == (exchange.method, exchange.path)]
            self.routes.setdefault(route, self._answering(same, playing))

    def _answering(self, known: list[Exchange], playing: Sequence[str]) -> Callable[[Asked], Reply]:
        named = [one for one in known if one.name in playing]

        def answer(asked: Asked) -> Reply:
            equal = [one for one in known if asked.body and one.asked == json.loads(asked.body)]
            return self._reply((named or equal or known)[0])

        return answer

    def _reply(self, one: Exchange) -> Reply:
        if one.streams:
            return Reply(one.status, kind=one.kind, stream=self._shape(one.body))
        return Reply(one.status, one.body, one.kind)
