"""Every screen and toast over a library, a server and replies that are made of texts which try to drive a terminal.

What the program sends is looked at as bytes. Which screen is shown it notes itself (``noting.py``), so that a screen
that nobody opens here is found missing.
"""

from __future__ import annotations

import ast
import re
import sys
from codecs import getincrementaldecoder
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

from tavern_tui.config.page_actions import PAGES
from tavern_tui.config.writer_actions import WRITER
from tests.hostile import driving_characters
from tests.terminal.hostile_library import (
    FILE,
    GROUP,
    MARKUP,
    STORY,
    Hostile,
    begin_chats,
    lay_files,
    write_library,
)
from tests.terminal.noting import UNSAFE
from tests.terminal.tavern import Home, TavernTerminal
from tests.terminal.walking import Walk

UI = Path(__file__).parents[2] / "tavern_tui" / "ui"
EVIL = "[red]x["
"""How every hostile text begins, a file's name too: seen as it is, it was not taken for markup."""

OWN = re.compile(
    rb"\x1b\[[0-9;]*m|\x1b\[\d+;\d+H|\x1b\[\?(?:7|25|1000|1003|1004|1006|1015|1049|2004|2026)[hl]|\x1b\[[<>=][0-9;]*u"
    rb"|\x1b\[\?\d+\$p|\x1b\]2;[^\x00-\x1f\x7f]*\x07|\x1b\]22;default\x07|\r?\n"
)
"""What the program itself sends, painted plainly: looks, places, modes, a title, the pointer's shape."""

NEVER = (b"\x1b[31;47;5m", b"\x1b]2;owned", b"\x1b[2J")
"""What would be taken for that, and is a hostile text's; a screen is never cleared once it is open."""


class Way(NamedTuple):
    """``keys`` open the screen ``shows``, on which ``told`` is read then."""

    shows: str
    keys: str
    told: str = EVIL


DOWN, UP, ESCAPE = "\x1b[B", "\x1b[A", "\x1b"
CHAT, GROUPED, PLAYING, WRITING = "Message ", "Message the group", "What do you do?", "g Write"
"""What is on screen in each place while nothing lies over it."""

IN_A_CHAT: tuple[tuple[Way, ...], ...] = (
    (Way("AuthorNoteScreen", "/note\r", "Author's note"),),
    (Way("Inspector", "/inspect\r"),),
    (Way("HelpScreen", "/help\r", "Help"),),
    (Way("QuickReplyList", "/quick\r"),),
    (Way("BookmarkList", "/bookmarks\r"),),
    (Way("SearchScreen", "/search evil\r"),),
    (Way("Palette", "\x10", "What do you want"), Way("Palette", "evil")),
    (
        Way("TextPage", "/presets\r", "What we tell"),
        Way("PresetsScreen", ESCAPE),
        Way("SamplerScreen", "e", "emperature"),
    ),
    (Way("TemplatesScreen", "/templates\r"), Way("TemplateEditor", "e", "input sequence")),
    (
        Way("ConnectionsScreen", "/connections\r", "that were found"),
        Way("ConnectionScreen", "\r"),
        Way("KeyEntry", "k", "Key for"),
    ),
    (Way("PersonasScreen", "/personas\r"), Way("PersonaScreen", f"{DOWN}\r", "Description")),
    (Way("LorebooksScreen", "/lorebooks\r"), Way("RowChoice", "m", "What to do")),
    (Way("LorebookScreen", "/lore\r"), Way("LoreTrialScreen", "t", "Tab")),
    (Way("LorebookScreen", "/lore\r"), Way("LorebookScreen", "\r", "when it fires"), Way("EntryText", f"{DOWN}\r")),
    (Way("CharacterScreen", "/character\r"), Way("TextPage", "p")),
    (Way("CharacterScreen", "/character\r"), Way("AskLine", "P", "picture")),
    (Way("BranchesScreen", "/branches\r"), Way("TextPage", f"{UP}c", "Two branches")),
    (
        Way("SummaryScreen", "/summary\r"),
        Way("SummaryScreen", f"\t{DOWN}{DOWN}{DOWN}", "Versions"),
        Way("RowChoice", "\r"),
        Way("VersionScreen", f"{DOWN}\r"),
    ),
    (Way("NotebookScreen", "/notebook\r", "no model"),),
    (Way("CoverScreen", "/cover\r", "Nothing to see"), Way("ChatScreen", f"{DOWN}\r")),
    (Way("Links", "/links\r", "evil.example"),),
    (Way("ReceiptScreen", "\x1bi"),),
    (Way("RestoreScreen", "/restore\r", "Restore"), Way("RestoreScreen", "\r"), Way("TextPage", f"{DOWN}\r")),
    (Way("ImportScreen", "/import\r"),),
    (Way("RowChoice", "/undelete\r", f"Deleted {EVIL}"),),
    (Way("HomeScreen", "/home\r"), Way("NewChoice", "\x0e")),
    (Way("NewStoryPage", "/story\r", "What do you want"),),
    (Way("ManuscriptPage", "/story ~/evil.md\r"),),
    (Way("PickCharacters", "/newgroup\r"), Way("PickCharacters", "evil")),
)
"""Ways from the chat, each from nothing over it."""

HINTS = tuple(f"/{command}" for command in ("persona", "world", "preset", "prompts", "next", "model evil"))
REFUSED = ("/nonsense", "/theme", "/world", "/preset", "/persona", "/character", "/lore", "/adventure")
SAID = ("Hello", "Hello", "/find http", *HINTS, *(f"{command} {MARKUP}" for command in REFUSED))
"""What is typed beside: two messages, one of which the server refuses, and what is answered with names, or with what
was typed."""

ELSEWHERE = frozenset({"app.hide", "app.incognito", "chat.copy", "chat.delete", "writer.take_over"})
"""Actions that go to another chat, hide everything, or load a model."""

IN_OTHER_MODES: tuple[tuple[str, tuple[Way, ...]], ...] = (
    (CHAT, (Way("HomeScreen", "/home\r"), Way("HomeScreen", GROUP), Way("ChatScreen", "\r", GROUPED))),
    (GROUPED, (Way("ChatScreen", "@", "2 Second [red]x"),)),
    (GROUPED, (Way("GroupScreen", "/group\r"), Way("PickCharacters", "a", "Who joins"))),
    (GROUPED, (Way("ChatScreen", "/auto 2\r", "Reply [red]x"),)),
    (
        GROUPED,
        (
            Way("NewAdventurePage", "/adventure\r"),
            Way("NewAdventurePage", "\r", "1 of 2"),
            Way("NewAdventurePage", "1", "2 of 2"),
            Way("ChatScreen", "Home\r", PLAYING),
        ),
    ),
    (PLAYING, (Way("ChatScreen", "/roll go\r", "1d20"),)),
    (PLAYING, (Way("HomeScreen", "/home\r"), Way("HomeScreen", STORY), Way("StoryScreen", "\r", WRITING))),
    (WRITING, (Way("OutlinePage", "\x1bOQ"),)),
    (
        WRITING,
        (Way("Palette", "\x10", "What do you want"), Way("Palette", "named", "Named versions"), Way("NamedPage", "\r")),
    ),
)
"""Ways through a group, an adventure and a story, and what is on screen where each begins."""

FIRST_RUN = (Way("FirstRunScreen", "\r"), Way("FirstRunScreen", "\r", "What first?"), Way("ChatScreen", "\r", CHAT))
SEEN_IN_OTHER_MODES = {"FirstRunScreen", "GroupScreen", "NewAdventurePage", "StoryScreen", "OutlinePage", "NamedPage"}


def screens() -> set[str]:
    """The classes of screens that can be shown: those that no other is made of, or of which the program makes one."""
    source = "\n".join(path.read_text(encoding="utf-8") for path in sorted(UI.rglob("*.py")))
    bases = {name: re.findall(r"\w+", of) for name, of in re.findall(r"^class (\w+)\((.*?)\):$", source, flags=re.M)}

    def is_screen(name: str) -> bool:
        return name in ("Screen", "ModalScreen") or any(map(is_screen, bases.get(name, ())))

    others = {base for of in bases.values() for base in of}
    made = set(re.findall(r"(?<!class )\b(\w+)(?:\[[^\]]*\])?\(", source))
    return {name for name in bases if is_screen(name) and (name not in others or name in made)}


def toasts() -> set[str]:
    """Where toasts come from, as the program notes it."""
    found = set()
    for path in UI.rglob("*.py"):
        if ".notify(" in (source := path.read_text(encoding="utf-8")):
            for node in ast.walk(ast.parse(source)):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and ".notify(" in ast.unparse(node):
                    found.add(f"{path.stem}:{node.name}")
    return found


def driving(output: bytes) -> list[str | bytes]:
    """What in the output is no text and was not sent by the program itself."""
    rest = OWN.sub(b"", output)
    return [*driving_characters(rest), *re.findall(rb"\x1b.{,20}", rest), *(one for one in NEVER if one in output)]


def whole(output: bytes) -> bytes:
    """``output`` as far as it has come in full: its last sequence or character may still be on its way."""
    begun = output.rfind(b"\x1b")
    if begun >= 0 and OWN.match(output, begun) is None:
        output = output[:begun]
    decoder = getincrementaldecoder("utf-8")()
    decoder.decode(output)
    waiting, _ = decoder.getstate()
    return output.removesuffix(waiting)


def test_what_is_still_on_its_way_is_looked_at_with_what_follows() -> None:
    assert whole(b"a\x1b[1mb") == b"a\x1b[1mb"
    assert whole(b"a\x1b[1mb\x1b[38;2;1") == b"a\x1b[1mb"
    assert whole("aü".encode()[:-1]) == b"a"
    assert driving(whole(b"a\x1b[2J\x1b[1mb")) != []


class Sitting:
    """The program in that library; what it shows and sends is looked at after all that is typed."""

    def __init__(self, terminal: TavernTerminal, home: Home, notes: Path) -> None:
        self.terminal = terminal
        self.home = home
        self._notes = notes
        self._walk = Walk(terminal, CHAT, None)
        self._looked = 0

    def noted(self) -> list[str]:
        """What the program noted."""
        return self._notes.read_text(encoding="utf-8").splitlines()

    def shown(self) -> str:
        """The screen that it shows."""
        return next((line for line in reversed(self.noted()) if ":" not in line), "")

    def rest(self, idle: str = "") -> None:
        """Close whatever lies over the place, which is known by ``idle``."""
        self._walk.idle = idle or self._walk.idle
        self._walk.rest()
        self.look("what lay over it was closed")

    def go(self, *ways: Way) -> None:
        """Type the keys of each, and see what they were to open."""
        for way in ways:
            self.terminal.type(way.keys)
            self.terminal.read_until(lambda: self._is_there(way))  # noqa: B023
            self.ask("")

    def _is_there(self, way: Way) -> bool:
        covered = way.shows in ("ChatScreen", "StoryScreen") or not self.terminal.shows(self._walk.idle)
        return covered and self.shown() == way.shows and way.told.casefold() in self.terminal.text().casefold()

    def ask(self, keys: str) -> None:
        """Type ``keys``, and look at what comes of them."""
        self._walk.ask(keys)
        self.look(keys)

    def toast(self, keys: str, source: str, told: str = EVIL) -> None:
        """Type ``keys``, and see the toast that the function ``source`` makes."""
        self.terminal.type(keys)
        self.terminal.read_until(lambda: any(line.endswith(f":{source}") for line in self.noted()))
        self.terminal.until_shown(told)
        self.ask("")

    def look(self, after: str) -> None:
        """See that nothing came since the last look that drives a terminal, and that nobody had to keep it back."""
        output = whole(bytes(self.terminal.seen[self._looked :]))
        assert driving(output) == [], after
        assert [line for line in self.noted() if line.startswith(UNSAFE)] == [], after
        self._looked += len(output)


@contextmanager
def sitting(folder: Path, *arguments: str, settings: str = "") -> Iterator[Sitting]:
    """The program begun with ``arguments``."""
    server = Hostile()
    home = Home(folder, server=server.address)
    write_library(home)
    begin_chats(home)
    lay_files(folder / "user")
    with (home.directories.config / "config.yaml").open("a", encoding="utf-8") as config:
        config.write(settings)
    notes = folder / "notes"
    notes.touch()
    noting = (sys.executable, str(Path(__file__).with_name("noting.py")), str(notes))
    variables = {"BROWSER": str(folder / "no-browser")}
    try:
        with TavernTerminal(home, *arguments, inside=noting, variables=variables) as terminal:
            terminal.read_until(lambda: b"\x1b[?1049h" in terminal.seen)
            yield Sitting(terminal, home, notes)
    finally:
        server.close()


@pytest.mark.timeout(240)
def test_nothing_over_a_chat_passes_on_what_drives_a_terminal_or_takes_it_for_markup(tmp_path: Path) -> None:
    with sitting(tmp_path, "chat", "evil", settings="ui:\n  theme: evil\n") as here:
        here.terminal.until_shown(CHAT, "model ")
        for ways in IN_A_CHAT:
            here.rest()
            here.go(*ways)
        begun = {ways[0].keys for ways in IN_A_CHAT}
        actions = (action for action in (*PAGES, *WRITER) if action.slash and action.id not in ELSEWHERE)
        for typed in (*(f"/{action.slash}" for action in actions), *SAID):
            if f"{typed}\r" not in begun:
                here.rest()
                here.ask(f"{typed}\r")
        show_toasts(here)
        assert toasts() - set(here.noted()) == set()
        assert screens() - set(here.noted()) <= SEEN_IN_OTHER_MODES
        assert not here.terminal.ended()


def show_toasts(here: Sitting) -> None:
    """Do what is told in a toast; every place that makes one is among them."""
    data = here.home.directories.data
    here.rest()
    here.go(Way("HelpScreen", "/help\r", "Help"))
    here.toast("\x03", "quit_on_second_press", "again to quit")
    here.rest()
    here.go(Way("ConnectionsScreen", "/connections\r", "that were found"), Way("ConnectionScreen", "\r", "remove"))
    here.toast("rr", "_remove")
    here.rest()
    here.go(Way("CharacterScreen", "/character Second\r"), Way("RowChoice", "D"))
    here.toast(f"{DOWN}\r", "delete")
    here.rest()
    persona = data / "personas" / f"{FILE}.yaml"
    sound = persona.read_bytes()
    here.go(Way("PersonasScreen", "/personas\r"))
    persona.write_bytes(b"{")
    here.toast(f"{DOWN}\r", "show_personas")
    persona.write_bytes(sound)
    here.rest()
    here.go(Way("PersonasScreen", "/personas\r"), Way("PersonaScreen", f"{DOWN}\r"))
    here.toast(DOWN * 20 + "\r", "_deed")
    here.rest()
    (data / "themes" / "evil.yaml").write_text(yaml.safe_dump({MARKUP: 1}), encoding="utf-8")
    here.toast("", "keep_theme", "evil.yaml:1")
    assert here.terminal.shows(CHAT)  # a toast stands on nothing that is typed


@pytest.mark.timeout(240)
def test_nothing_in_other_modes_passes_it_on(tmp_path: Path) -> None:
    with sitting(tmp_path, "setup", settings="ui:\n  title: full\n") as here:
        here.terminal.until_shown("What should characters call you")
        for way in (
            Way("FirstRunScreen", "\r", EVIL),
            Way("FirstRunScreen", "\r", "What first?"),
            Way("ChatScreen", "\r", CHAT),
        ):
            here.go(way)
        for idle, ways in IN_OTHER_MODES:
            here.rest(idle)
            here.go(*ways)
        print(screens() - set(here.noted()), toasts() - set(here.noted()))
