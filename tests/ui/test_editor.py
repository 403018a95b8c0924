"""The user's own editor: which one, what of its work counts, and the terminal it is given while the app goes on."""

from __future__ import annotations

import asyncio
import fcntl
import os
import re
import signal
import struct
import sys
import tempfile
import termios
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App

from tavern_tui.domain.errors import FormatError, SettingsError, StorageError
from tavern_tui.ui.editor import edit_text, edited_text, editor_command, strip_editor_changes
from tests.terminal.ptys import Terminal

SHELLS_OWN = {7, 25}
"""The private modes of a terminal in the hands of a shell: lines wrap, the cursor is shown."""


def program(path: Path, script: str) -> Path:
    """An executable shell script."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


# Which editor


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder with a few programs in it that stands for PATH."""
    for name in ("vi", "nano", "emacs", "code"):
        program(tmp_path / "bin" / name, "exit 0")
    return tmp_path / "bin"


@pytest.mark.parametrize(
    ("variables", "command"),
    [
        ({"VISUAL": "code --wait", "EDITOR": "emacs"}, ["code", "--wait"]),
        ({"EDITOR": "emacs -nw"}, ["emacs", "-nw"]),
        ({"VISUAL": " ", "EDITOR": "emacs"}, ["emacs"]),
        ({"EDITOR": "emacs --title 'my words'"}, ["emacs", "--title", "my words"]),
        ({}, ["nano"]),
    ],
)
def test_the_editor_is_the_visual_one_then_the_other_then_nano(
    tools: Path, variables: dict[str, str], command: list[str]
) -> None:
    assert editor_command({"PATH": str(tools), **variables}) == command


def test_where_there_is_no_nano_it_is_vi(tools: Path) -> None:
    (tools / "nano").unlink()
    assert editor_command({"PATH": str(tools)}) == ["vi"]


def test_an_editor_may_be_named_by_its_whole_path(tools: Path) -> None:
    assert editor_command({"PATH": "", "EDITOR": str(tools / "emacs")}) == [str(tools / "emacs")]


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "No editor was found: $VISUAL and $EDITOR are not set"),
        ({"EDITOR": "ed"}, "$EDITOR names ed, which is not found here."),
        ({"VISUAL": "code 'wait", "EDITOR": "emacs"}, "$VISUAL is not a command"),
        ({"VISUAL": "''"}, "$VISUAL names '', which is not found here."),
    ],
)
def test_without_an_editor_it_is_said_what_is_missing(tmp_path: Path, variables: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as refused:
        editor_command({"PATH": str(tmp_path), **variables})
    assert refused.value.title.startswith(said)
    assert refused.value.hint


# What counts as a change


@pytest.mark.parametrize(
    ("before", "after"),
    [("a", "a\n"), ("a\nb", "a\r\nb\r\n"), ("a\n", "a\n"), ("a\n", "a"), ("", "\n"), ("", ""), ("a\r\nb", "a\nb\n")],
)
def test_line_ends_and_a_final_newline_are_no_change(before: str, after: str) -> None:
    assert strip_editor_changes(before, after) == before


@pytest.mark.parametrize(
    ("before", "after", "kept"),
    [
        ("a", "b\n", "b"),
        ("a", "a\n\n", "a\n"),
        ("a\n", "a\n\n", "a\n\n"),
        ("a\n", "b\n", "b\n"),
        ("a\r\nb", "a\r\nc\r\n", "a\nc"),
        ("a", "", ""),
        ("a", "a\rb", "a\rb"),
    ],
)
def test_what_the_user_changed_is_kept_with_plain_line_ends(before: str, after: str, kept: str) -> None:
    assert strip_editor_changes(before, after) == kept


@given(st.text(st.sampled_from("ab \r\n")))
def test_an_editor_that_changes_nothing_changes_nothing(text: str) -> None:
    assert strip_editor_changes(text, text) == text
    if not text.endswith("\n"):
        assert strip_editor_changes(text, text + "\n") == text


# The file


@pytest.fixture
def temp(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files."""
    folder = tmp_path / "temp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


async def test_the_file_is_the_users_alone_ends_in_md_and_is_gone_afterwards(tmp_path: Path, temp: Path) -> None:
    seen = tmp_path / "seen"
    editor = program(tmp_path / "ed", f'stat -c "%a %n" "$(dirname "$1")" "$1" > {seen}; printf "b\\n" > "$1"')
    async with App[None]().run_test() as pilot:
        edited = await edit_text(pilot.app, "a", [str(editor)], "turn")
    assert (edited.text, edited.changed, edited.notice) == ("b", True, "")
    folder, file = seen.read_text(encoding="utf-8").splitlines()
    assert folder.startswith("700 ")
    assert re.fullmatch(r"600 .*/turn\.md", file)
    assert list(temp.iterdir()) == []


async def test_the_text_comes_to_the_editor_as_lines(tmp_path: Path, temp: Path) -> None:
    seen = tmp_path / "seen"
    editor = program(tmp_path / "ed", f'cp "$1" {seen}')
    async with App[None]().run_test() as pilot:
        for text, bytes_ in [("ä\nb", "ä\nb\n"), ("ends so\n", "ends so\n"), ("", ""), ("odd \udc80", "odd \udc80\n")]:
            edited = await edit_text(pilot.app, text, [str(editor)])
            assert seen.read_bytes() == bytes_.encode("utf-8", "surrogatepass")
            assert (edited.text, edited.changed) == (text, False)


async def test_an_editor_that_is_back_at_once_is_told_of_the_wait_flag(tmp_path: Path, temp: Path) -> None:
    async with App[None]().run_test() as pilot:
        edited = await edit_text(pilot.app, "a", [str(program(tmp_path / "code", "exit 0"))])
    assert not edited.changed
    assert edited.notice.startswith("code came back at once.")
    assert "wait flag" in edited.notice


async def test_an_editor_that_took_its_time_over_nothing_is_told_nothing(tmp_path: Path, temp: Path) -> None:
    async with App[None]().run_test() as pilot:
        edited = await edit_text(pilot.app, "a", [str(program(tmp_path / "ed", "sleep 0.4"))])
    assert (edited.changed, edited.notice) == (False, "")


@pytest.mark.parametrize(
    ("script", "text", "notice"),
    [
        ("exit 3", "a", "ed ended with status 3. The text is as it was."),
        ('printf b > "$1"; exit 1', "b", "ed ended with status 1. What it had saved is taken over."),
        ('printf b > "$1"; kill -9 $$', "b", "ed was ended by signal 9. What it had saved is taken over."),
        ('rm "$1"; exit 1', "a", "ed ended with status 1. The text is as it was."),
    ],
)
async def test_what_an_editor_saved_before_it_broke_is_not_lost(
    tmp_path: Path, temp: Path, script: str, text: str, notice: str
) -> None:
    async with App[None]().run_test() as pilot:
        edited = await edit_text(pilot.app, "a", [str(program(tmp_path / "ed", script))])
    assert (edited.text, edited.notice) == (text, notice)
    assert list(temp.iterdir()) == []


async def test_an_editor_that_cannot_be_started_is_named_and_nothing_is_left(tmp_path: Path, temp: Path) -> None:
    locked = program(tmp_path / "locked", "exit 0")
    locked.chmod(0o600)
    async with App[None]().run_test() as pilot:
        for command, why in [(tmp_path / "no-such", "no such file or directory"), (locked, "permission denied")]:
            with pytest.raises(SettingsError, match=re.escape(f"{command.name} cannot be started ({why}).")):
                await edit_text(pilot.app, "a", [str(command)])
    assert list(temp.iterdir()) == []


async def test_a_file_that_is_no_utf_8_is_kept_and_named(tmp_path: Path, temp: Path) -> None:
    editor = program(tmp_path / "ed", "printf 'gr\\374n' > \"$1\"")
    async with App[None]().run_test() as pilot:
        with pytest.raises(FormatError) as refused:
            await edit_text(pilot.app, "a", [str(editor)])
    assert Path(refused.value.where).read_bytes() == b"gr\xfcn"
    assert refused.value.where in refused.value.hint


async def test_what_is_refused_is_kept_and_the_refusal_says_where(tmp_path: Path, temp: Path) -> None:
    editor = program(tmp_path / "ed", 'printf b > "$1"')
    async with App[None]().run_test() as pilot:
        with pytest.raises(StorageError) as refused:
            async with edited_text(pilot.app, "a", [str(editor)], "lore"):
                raise StorageError("Disk full: /home/a.", hint="Make room and try again.", full=True)
    [kept] = temp.glob("*/lore.md")
    assert kept.read_text() == "b"
    assert str(refused.value).endswith(f"Make room and try again. What you wrote is kept in {kept}")


@pytest.mark.parametrize(("saves", "left"), [("", []), ('printf b > "$1"', ["message.md"]), ('> "$1.swp"', None)])
async def test_an_editor_that_is_cut_off_leaves_only_what_its_user_wrote(
    tmp_path: Path, temp: Path, saves: str, left: list[str] | None
) -> None:
    begun = tmp_path / "begun"
    editor = program(tmp_path / "ed", f"{saves}\n> {begun}\nexec sleep 60")
    async with App[None]().run_test() as pilot:
        editing = asyncio.create_task(edit_text(pilot.app, "a", [str(editor)]))
        while not begun.exists():  # noqa: ASYNC110 - another process makes it
            await asyncio.sleep(0.01)
        editing.cancel()
        with pytest.raises(asyncio.CancelledError):
            await editing
    names = sorted(path.name for folder in temp.iterdir() for path in folder.iterdir())
    assert names == (["message.md", "message.md.swp"] if left is None else left)


# The terminal


class EditorTerminal(Terminal):
    """The app of ``editor_app.py`` in a terminal, and the folder that it and its editor write to."""

    def __init__(self, folder: Path, script: str) -> None:
        self.folder = folder
        editor = program(folder / "ed", f"cd {folder}\necho $$ > pid\nprintf 'in the editor\\n'\n{script}")
        app, root = Path(__file__).with_name("editor_app.py"), Path(__file__).parents[2]
        variables = {"PYTHONPATH": str(root), "TMPDIR": str(folder)}
        super().__init__([sys.executable, str(app), str(folder / "journal"), str(editor)], variables=variables)

    def notes(self, word: str) -> list[str]:
        """What the app noted that begins with ``word``."""
        path = self.folder / "journal"
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        return [line for line in lines if line.startswith(word)]

    def open_editor(self) -> int:
        """Open it; how many bytes the terminal had been sent when it had begun."""
        self.read_until(lambda: self.notes("ready"))
        self.type("\x0f")
        self.read_until(lambda: b"in the editor" in self.seen)
        return self.seen.index(b"in the editor")

    def resize(self, rows: int, columns: int) -> None:
        """Make the terminal larger or smaller."""
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self._rows, self._columns = rows, columns

    def let_go(self) -> None:
        """Let the editor end that waits for it."""
        (self.folder / "go").touch()
        self.read_until(lambda: self.notes("edited"))


WAIT = "while [ ! -e go ]; do sleep 0.05; done"
Open = Callable[[str], EditorTerminal]


@pytest.fixture
def open_app(tmp_path: Path) -> Iterator[Open]:
    """The app with the script for its editor, which runs after it has said ``in the editor``."""
    with ExitStack() as running:
        yield lambda script: running.enter_context(EditorTerminal(tmp_path, script))


def test_a_reply_goes_on_while_the_editor_has_the_terminal_and_is_there_on_return(open_app: Open) -> None:
    terminal = open_app(f"{WAIT}\nprintf 'from the editor\\r\\n' > \"$1\"")
    lent = terminal.open_editor()
    assert terminal.switched_on(lent) == SHELLS_OWN
    assert terminal.modes() == terminal.modes_before
    ticks = len(terminal.notes("tick"))
    terminal.read_until(lambda: len(terminal.notes("tick")) >= ticks + 20)
    assert bytes(terminal.seen[lent:]) == b"in the editor\r\n", "nothing may be painted over the editor"
    terminal.let_go()
    [edited] = terminal.notes("edited")
    assert "text='from the editor', changed=True" in edited
    terminal.read_until(lambda: {1049, 1000, 2004} <= terminal.switched_on())
    after = len(terminal.notes("tick"))
    terminal.read_until(lambda: "from the editor" in terminal.screen()[23])
    terminal.read_until(lambda: int(terminal.screen()[0].split()[1]) >= after)
    terminal.type("!")
    terminal.read_until(lambda: "from the editor!" in terminal.screen()[23])
    assert [*terminal.notes("suspended"), *terminal.notes("resumed")] == ["suspended", "resumed"]


def test_keys_typed_into_the_editor_are_the_editors(open_app: Open) -> None:
    terminal = open_app('read line\nprintf "$line" > "$1"')
    terminal.open_editor()
    terminal.type("for the editor\r")
    terminal.read_until(lambda: terminal.notes("edited"))
    assert "text='for the editor'" in terminal.notes("edited")[0]
    assert terminal.notes("key") == ["key ctrl+o"]


def test_ctrl_c_in_the_editor_ends_the_editor_alone(open_app: Open) -> None:
    terminal = open_app(WAIT)
    terminal.open_editor()
    terminal.type("\x03")
    terminal.read_until(lambda: terminal.notes("edited"))
    assert "ed was ended by signal 2. The text is as it was." in terminal.notes("edited")[0]
    terminal.type("k")
    terminal.read_until(lambda: terminal.screen()[23].strip() == "k")


def test_an_editor_that_fails_to_start_gives_the_terminal_back(open_app: Open) -> None:
    terminal = open_app(WAIT)
    (terminal.folder / "ed").chmod(0o600)
    terminal.read_until(lambda: terminal.notes("ready"))
    terminal.type("\x0f")
    terminal.read_until(lambda: terminal.notes("refused"))
    assert "ed cannot be started (permission denied)." in terminal.notes("refused")[0]
    terminal.type("k")
    terminal.read_until(lambda: terminal.screen()[23].strip() == "k")
    terminal.read_until(lambda: 1049 in terminal.switched_on())


def test_a_terminal_that_changed_its_size_meanwhile_is_painted_at_the_new_one(open_app: Open) -> None:
    terminal = open_app(WAIT)
    terminal.open_editor()
    terminal.resize(12, 60)
    terminal.let_go()
    terminal.read_until(lambda: "Message Wren…" in terminal.screen()[11])


@pytest.mark.parametrize("hang_up", [False, True], ids=["SIGTERM", "hang-up"])
def test_when_the_app_has_to_end_the_editor_ends_with_it(open_app: Open, hang_up: bool) -> None:
    terminal = open_app("trap '' HUP\nwhile :; do sleep 0.05; done")
    terminal.open_editor()
    editor = int((terminal.folder / "pid").read_text(encoding="utf-8"))
    if hang_up:
        terminal.close()
    else:
        terminal.signal(signal.SIGTERM)
    assert terminal.exit_status() == 0
    terminal.read_until(lambda: not running(editor))
    if not hang_up:
        assert terminal.switched_on() == SHELLS_OWN
        assert terminal.modes() == terminal.modes_before


def running(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except (ProcessLookupError, FileNotFoundError):
        return False
