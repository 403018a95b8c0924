"""What the keys of a terminal arrive as, one line for each as it is pressed: for phones and far-away terminals.

The terminal is set up and read as the app does it (``driver``, ``input``), so that what is told here is what the app
gets. Nothing is drawn: lines are given to whoever asked.
"""

from __future__ import annotations

import os
import select
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Final

from textual import events
from textual.drivers import linux_driver
from textual.message import Message

from tavern_tui.config.actions import ACTIONS
from tavern_tui.config.keymap import Keymap
from tavern_tui.config.keys import refusal, shown
from tavern_tui.domain.display import safe_line
from tavern_tui.ui.terminal.driver import POLL_SECONDS
from tavern_tui.ui.terminal.gestures import keys_meant
from tavern_tui.ui.terminal.input import TerminalInput

ENDS: Final = "ctrl+c"
"""The key that ends listening, once it is told."""

_KITTY: Final = (
    linux_driver.KITTY_DISAMBIGUATE_ESCAPE_CODES
    | linux_driver.KITTY_REPORT_ALL_KEYS
    | linux_driver.KITTY_REPORT_ASSOCIATED_TEXT
)
_ASKED: Final = f"\x1b[>{_KITTY}u\x1b[?2004h"  # kitty's keyboard protocol and marked pastes, as the app asks for them
_TAKEN_BACK: Final = "\x1b[<u\x1b[?2004l"
_MOST_BYTES = 24  # of one reading that are shown


def listen(keymap: Keymap, terminal: int, say: Callable[[str], None]) -> None:
    """Say what every key that is pressed at the file descriptor ``terminal`` is, until ``ENDS`` or a hang-up."""
    with _raw(terminal):
        source, read = TerminalInput(), b""
        while True:
            messages: Iterator[Message]
            if select.select([terminal], [], [], source.wait(time.monotonic(), POLL_SECONDS))[0]:
                try:
                    data = os.read(terminal, 4096)
                except OSError:  # it hung up
                    return
                if not data:
                    return
                read += data
                messages = source.feed(data, time.monotonic())
            else:
                messages = source.tick(time.monotonic())
            for message in messages:
                if isinstance(message, events.Key | events.Paste):
                    for line in told(message, read, keymap):
                        say(line)
                    read = b""
                if isinstance(message, events.Key) and message.key == ENDS:
                    return


def told(message: events.Key | events.Paste, read: bytes, keymap: Keymap) -> list[str]:
    """The lines about a key or a paste that was ``read`` as these bytes; none of them where others came with it."""
    with_bytes = f"  {_bytes(read)}" if read else "  (with the key before)"
    if isinstance(message, events.Paste):
        return [f"a paste of {len(message.text):,} characters{with_bytes}"]
    lines = [f"{safe_line(shown(message.key))}{with_bytes}"]
    uses = [f"  {action.title}: {action.where.value}" for action in ACTIONS if message.key in keymap.keys[action.id]]
    gesture = keys_meant(message.key, composer_empty=True, text_selected=False)
    if gesture:
        lines.append(f"  {' and then '.join(safe_line(shown(press.key)) for press in gesture)}, pressed at once")
    elif why := refusal(message.key):
        lines.append(f"  cannot be given to an action: it {why}")
    elif not uses:
        lines.append("  types itself" if message.is_printable else "  does nothing by itself")
    return lines + uses


def _bytes(read: bytes) -> str:
    """Bytes as hexadecimal numbers, as many as are of use."""
    return read[:_MOST_BYTES].hex(" ") + (" …" if len(read) > _MOST_BYTES else "")


@contextmanager
def _raw(terminal: int) -> Iterator[None]:
    """The terminal as the app has it while it reads keys; as it was afterwards."""
    before = termios.tcgetattr(terminal)
    changed = termios.tcgetattr(terminal)
    changed[0] = linux_driver.LinuxDriver._patch_iflag(changed[0])
    changed[3] = linux_driver.LinuxDriver._patch_lflag(changed[3])
    termios.tcsetattr(terminal, termios.TCSANOW, changed)
    try:
        os.write(terminal, _ASKED.encode())
        yield
    finally:
        with suppress(OSError, termios.error):  # of a terminal that hung up
            os.write(terminal, _TAKEN_BACK.encode())
            termios.tcsetattr(terminal, termios.TCSANOW, before)
