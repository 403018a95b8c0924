"""``Guest``: one client's connection to the host. Frames in, answers out, and what happens when it drops.

Knows nothing of models: what a call does is the ``perform`` that the host hands in.
"""

from __future__ import annotations

import asyncio
import sys
import traceback
from collections.abc import Awaitable, Callable

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.embedded.protocol import Abort, Answer, Call, Final, Generate, Refused, decode_call, encode
from tavern_tui.engines.embedded.worker import Emit

_NEVER = float("-inf")


class Guest:
    """A connection. ``model`` is the path of the model that it last used, ``used_at`` when (the loop's clock)."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer
        self.calls: dict[int, tuple[Call, asyncio.Task[None]]] = {}
        self.model = ""
        self.used_at = _NEVER

    def send(self, call_id: int, answer: Answer) -> None:
        """Put an answer on its way; nothing happens when the client has gone. Never waits for a slow client."""
        if not self._writer.is_closing():
            self._writer.write(encode(call_id, answer))

    async def serve(
        self,
        perform: Callable[[Guest, int, Call, Emit], Awaitable[Final]],
        abort: Callable[[Guest, int, int | None], None],
    ) -> None:
        """Answer calls until the client goes or sends something that is not a call."""
        try:
            while line := await self._reader.readline():
                call_id, call = decode_call(line)
                if isinstance(call, Abort):
                    abort(self, call.call, call.reply)
                elif call_id in self.calls:
                    raise EngineError(f"Call {call_id} is still running.", fault=EngineFault.REJECTED)
                else:
                    task = asyncio.ensure_future(self._answer(call_id, call, perform))
                    self.calls[call_id] = (call, task)
        except ValueError:
            self.send(0, Refused("A message to the engine host is longer than it takes."))
        except EngineError as error:
            self.send(0, Refused.of(error))
        except OSError:
            pass  # the client's side vanished: the same as its end
        finally:
            for call_id, (call, _) in list(self.calls.items()):
                if not (isinstance(call, Generate) and call.keep):
                    abort(self, call_id, None)
            self.close()

    async def _answer(
        self, call_id: int, call: Call, perform: Callable[[Guest, int, Call, Emit], Awaitable[Final]]
    ) -> None:
        try:
            answer: Final = await perform(self, call_id, call, lambda event: self.send(call_id, event))
        except EngineError as error:
            answer = Refused.of(error)
        except asyncio.CancelledError:
            answer = Refused("The request was withdrawn.")
        except Exception as error:  # noqa: BLE001 (the boundary of a call: one call's fault must not end the host)
            # The place only: the message of an exception may hold a prompt, and the log never does.
            sys.stderr.write("".join(traceback.format_tb(error.__traceback__)) + f"{type(error).__name__}\n")
            answer = Refused(
                "The engine host met a fault of its own.",
                EngineFault.CRASHED,
                "Its log has the place: `tavern-tui engine status` names it.",
            )
        del self.calls[call_id]
        self.send(call_id, answer)

    def close(self) -> None:
        """End the connection after what was sent."""
        self._writer.close()
