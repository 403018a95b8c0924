"""``$EDITOR``: a text is changed in the user's own editor while the app goes on behind it.

The terminal is handed over and taken back; a reply that streams meanwhile is neither held up nor painted. What is done
with the text is the caller's business. Source of the rules: ``docs/ux.md`` §27.
"""

from __future__ import annotations

import asyncio
import os
import shlex
import shutil
import signal
import tempfile
import threading
import time
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from textual.app import App
from textual.drivers.linux_driver import LinuxDriver

from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import FormatError, SettingsError, TavernError

FALLBACKS: Final = ("nano", "vi")
"""What is looked for where neither ``$VISUAL`` nor ``$EDITOR`` names an editor."""

HURRIED_SECONDS: Final = 0.3
"""An editor that ends unchanged in less has handed the file to a window and not waited for it."""

LEAVE_SECONDS: Final = 2.0
"""How long an editor is waited for that was asked to end because the program ends."""


@dataclass(frozen=True, slots=True)
class Edited:
    """What came back. ``notice`` is a sentence for the user about how the editor ended, or ""."""

    text: str
    changed: bool
    notice: str = ""


Editor = Callable[[str], AbstractAsyncContextManager[Edited]]
"""Opens a text in an editor; what came back is taken up inside of the context."""


def editor_command(environ: Mapping[str, str]) -> list[str]:
    """The user's editor with its arguments: ``$VISUAL``, ``$EDITOR``, nano or vi.

    Raises:
        SettingsError: if none is there, or the one that is named cannot be read or is not found.
    """
    path = environ.get("PATH")
    for name in ("VISUAL", "EDITOR"):
        if not (value := environ.get(name, "").strip()):
            continue
        try:
            command = shlex.split(value)
        except ValueError:
            raise SettingsError(
                f"${name} is not a command: a quotation mark in it has no partner.", hint="Set it anew.", where=value
            ) from None
        if not command or shutil.which(command[0], path=path) is None:
            raise SettingsError(
                f"${name} names {shlex.quote(command[0] if command else '')}, which is not found here.",
                hint="Install it, or set the variable to another editor.",
            )
        return command
    for editor in FALLBACKS:
        if shutil.which(editor, path=path) is not None:
            return [editor]
    raise SettingsError(
        "No editor was found: $VISUAL and $EDITOR are not set, and there is neither nano nor vi.",
        hint="Install nano, or set one: export EDITOR=…",
    )


def strip_editor_changes(before: str, after: str) -> str:
    """``after`` without what editors do by themselves: ``before`` if only line ends and one final newline differ.

    In a text that was changed, ``\\r\\n`` becomes ``\\n``, and a final newline goes that was not in ``before``.
    """
    plain = after.replace("\r\n", "\n")
    if after == before + "\n" and not before.endswith("\n"):
        return before
    if plain.removesuffix("\n") == before.replace("\r\n", "\n").removesuffix("\n"):
        return before
    return plain if before.endswith("\n") else plain.removesuffix("\n")


async def edit_text(app: App[Any], text: str, command: Sequence[str], name: str = "message") -> Edited:
    """What becomes of ``text`` in the editor ``command``, as ``edited_text`` says; nothing of the file is left."""
    async with edited_text(app, text, command, name) as edited:
        return edited


@asynccontextmanager
async def not_edited(text: str) -> AsyncIterator[Edited]:
    """An ``Editor`` where there is none: the text is as it was."""
    yield Edited(text, changed=False)


def editor_for(app: App[Any], name: str) -> Editor:
    """The user's own editor, as ``edited_text`` opens it; entering it also raises what ``editor_command`` does."""

    @asynccontextmanager
    async def opened(text: str) -> AsyncIterator[Edited]:
        async with edited_text(app, text, editor_command(os.environ), name) as edited:
            yield edited

    return opened


@asynccontextmanager
async def edited_text(app: App[Any], text: str, command: Sequence[str], name: str) -> AsyncIterator[Edited]:
    """Let the user change ``text`` in the editor ``command``, in a file ``name``.md; the event loop goes on meanwhile.

    The file lies in a folder that only the user can enter, until what came back is taken up: inside of the context. A
    change that is refused there with a ``TavernError`` stays in the file, and the error says where. It also stays where
    the app ends before the editor does, or the file cannot be read. Cancelling ends the editor.

    Raises:
        SettingsError: if the editor cannot be started.
        StorageError: if the file cannot be written or read.
        FormatError: if what the editor left is not UTF-8; ``where`` is the file, which is kept.
    """
    path = await asyncio.to_thread(_prepared, text, name)
    try:
        async with handed_over(app):
            began = time.monotonic()
            status = await _run([*command, str(path)], app)
            took = time.monotonic() - began
    except SettingsError:
        shutil.rmtree(path.parent, ignore_errors=True)
        raise
    except asyncio.CancelledError:
        if _untouched(path, text):
            shutil.rmtree(path.parent, ignore_errors=True)
        raise
    after = await asyncio.to_thread(_read_back, path, text)
    result = strip_editor_changes(text, after)
    changed = result != text
    hurried = not changed and took < HURRIED_SECONDS
    edited = Edited(result, changed, _notice(Path(command[0]).name, status, changed=changed, hurried=hurried))
    try:
        yield edited
    except TavernError as error:
        error.hint = f"{error.hint} What you wrote is kept in {path}".lstrip()
        raise
    shutil.rmtree(path.parent, ignore_errors=True)


@asynccontextmanager
async def handed_over(app: App[Any]) -> AsyncIterator[None]:
    """The terminal belongs to another program inside; the app's tasks and timers go on, and nothing is painted.

    The keys that end or interrupt a program in a shell's terminal are that program's, not ours. An app without a
    terminal goes on as it was.
    """
    driver = app._driver
    if driver is None or not driver.can_suspend:
        yield
        return
    app.app_suspend_signal.publish(app)
    with app.batch_update(), _deaf_to_keys(), driver.no_automatic_restart():
        driver.suspend_application_mode()
        try:
            yield
        finally:
            # An app that is about to end has no more use for the terminal, and would not give it back again.
            if not app._exit and app.is_running:
                driver.resume_application_mode()
    app.app_resume_signal.publish(app)
    app.refresh(layout=True)


@contextmanager
def _deaf_to_keys() -> Iterator[None]:
    """Ctrl+C and Ctrl+\\ reach every program of a terminal that is not raw; here only the editor ends by them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    # A function and not SIG_IGN, which the editor would inherit.
    before = {number: signal.signal(number, lambda *_: None) for number in (signal.SIGINT, signal.SIGQUIT)}
    try:
        yield
    finally:
        for number, handling in before.items():
            signal.signal(number, handling)


async def _run(command: Sequence[str], app: App[Any]) -> int:
    driver = app._driver
    keyboard, screen = DEVNULL, DEVNULL
    if isinstance(driver, LinuxDriver):
        keyboard = driver.fileno
        screen = driver._file.fileno() if driver._file is not None else keyboard
    try:
        process = await asyncio.create_subprocess_exec(*command, stdin=keyboard, stdout=screen, stderr=screen)
    except OSError as error:
        reason = (error.strerror or "no reason given").lower()
        raise SettingsError(
            f"{Path(command[0]).name} cannot be started ({reason}).",
            hint="Set $VISUAL or $EDITOR to another editor.",
            where=command[0],
        ) from error
    try:
        return await process.wait()
    except asyncio.CancelledError:
        await _end(process)
        raise


async def _end(process: Process) -> None:
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), LEAVE_SECONDS)
    except TimeoutError:
        process.kill()


def _prepared(text: str, name: str) -> Path:
    """A new folder, for the user alone, with the text in it; it ends with a newline, as editors expect."""
    try:
        path = Path(tempfile.mkdtemp(prefix="tavern-tui-")) / f"{name}.md"
    except OSError as error:
        raise storage_error(error, Path(tempfile.gettempdir())) from error
    ended = text if text.endswith("\n") or not text else text + "\n"
    try:
        path.touch(mode=0o600, exist_ok=False)
        path.write_bytes(ended.encode("utf-8", "surrogatepass"))
    except OSError as error:
        shutil.rmtree(path.parent, ignore_errors=True)
        raise storage_error(error, path) from error
    return path


def _read_back(path: Path, before: str) -> str:
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return before
    except OSError as error:
        raise storage_error(error, path, reading=True) from error
    try:
        return data.decode("utf-8", "surrogatepass")
    except UnicodeDecodeError:
        raise FormatError(
            "The editor saved the text in another encoding than UTF-8.",
            hint=f"It is kept in {path}, the text here is as it was.",
            where=str(path),
        ) from None


def _untouched(path: Path, before: str) -> bool:
    """Whether the editor has left nothing of its user's in the folder, such as a swap file with unsaved text."""
    try:
        return (
            list(path.parent.iterdir()) == [path] and strip_editor_changes(before, _read_back(path, before)) == before
        )
    except (OSError, TavernError):
        return False


def _notice(editor: str, status: int, *, changed: bool, hurried: bool) -> str:
    if status:
        how = f"ended with status {status}" if status > 0 else f"was ended by signal {-status}"
        what = "What it had saved is taken over." if changed else "The text is as it was."
        return f"{editor} {how}. {what}"
    if hurried:
        return f"{editor} came back at once. One with a window needs its wait flag, such as EDITOR='code --wait'."
    return ""
