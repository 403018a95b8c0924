"""Looking at regex scripts without a chat: which there are and where from, what is wrong with them, trying one out."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from tavern_tui.domain.character import Character
from tavern_tui.domain.errors import FormatError, NotFoundError
from tavern_tui.domain.persona import Persona
from tavern_tui.domain.regex_script import Placement, RegexScript, SubstituteRegex
from tavern_tui.formats.regex_scripts import card_scripts
from tavern_tui.session.regex_scripts import Expand
from tavern_tui.session.workspace import Workspace
from tavern_tui.storage.regex_scripts import ScriptStore, script_file

PLACES = {
    Placement.USER_INPUT: "your turns",
    Placement.AI_OUTPUT: "replies",
    Placement.SLASH_COMMAND: "commands",
    Placement.WORLD_INFO: "lore",
    Placement.REASONING: "thinking",
}
"""The placements in words, in the order of a list."""

_WITHOUT_USE = frozenset({Placement.SLASH_COMMAND})
_NOBODY = Character(name="the character")


@dataclass(frozen=True, slots=True)
class ListedScript:
    """One script: where it is from, whether it runs, and what is to be said of it.

    ``state`` is ``on``, ``disabled``, ``not allowed`` or ``broken``. ``problem`` says why it cannot be used,
    ``remarks`` what is doubtful about it.
    """

    script: RegexScript
    source: str
    state: str
    problem: str = ""
    remarks: tuple[str, ...] = ()

    @property
    def places(self) -> str:
        """Whose texts it is for."""
        return ", ".join(words for placement, words in PLACES.items() if placement in self.script.placement)

    @property
    def changes(self) -> str:
        """What it changes: what is stored, what is shown, what is sent."""
        script = self.script
        ways = (("shown", script.markdown_only), ("sent", script.prompt_only))
        found = [way for way, wanted in ways if wanted] or ["stored"]
        return " and ".join(found)


@dataclass(frozen=True, slots=True)
class Tried:
    """What scripts made of a text, and which of them, by name, left it as it was because of what."""

    text: str
    left_out: tuple[tuple[str, str], ...] = ()


def listed_scripts(workspace: Workspace, character: Character | None = None) -> tuple[list[ListedScript], list[str]]:
    """The user's own scripts and those of ``character``'s card, in the order in which they run; and what is unreadable.

    Raises ``StorageError`` where the folder of scripts cannot be read.
    """
    store = ScriptStore(workspace.directories)
    found: list[ListedScript] = []
    problems: list[str] = []
    for file in store.files():
        found += (listed(script, file.path.name) for script in file.scripts)
        problems += (_placed(problem, file.path.name) for problem in file.problems)
    if character is not None:
        brought, source = card_scripts(character), f"{character.name}'s card"
        allowed = store.is_allowed(character)
        found += (listed(script, source, allowed=allowed) for script in brought.scripts)
        problems += (f"{source}: {problem}" for problem in brought.problems)
    return found, problems


def listed(script: RegexScript, source: str, *, allowed: bool = True) -> ListedScript:
    """A script with what is to be said of it."""
    problem = _problem(script)
    state = "broken" if problem else "disabled" if script.disabled else "on" if allowed else "not allowed"
    return ListedScript(script, source, state, problem, tuple(_remarks(script)))


def checked_file(path: Path) -> tuple[list[ListedScript], list[str]]:
    """The scripts of a file with what is wrong with each, and what cannot be read of it."""
    file = script_file(path)
    return [listed(script, path.name) for script in file.scripts], [_placed(one, path.name) for one in file.problems]


def allow_scripts(workspace: Workspace, character: Character) -> list[ListedScript]:
    """Let the scripts of a card run from now on; which these are. Raises ``NotFoundError`` where it brings none."""
    scripts = _brought(character)
    ScriptStore(workspace.directories).allow(character, [one.name for one in scripts])
    return [listed(script, f"{character.name}'s card") for script in scripts]


def forbid_scripts(workspace: Workspace, character: Character) -> None:
    """Keep the scripts of a card from running. Raises ``NotFoundError`` where it brings none."""
    _brought(character)
    ScriptStore(workspace.directories).forbid(character)


def try_script(workspace: Workspace, named: str, text: str, character: Character | None = None) -> Tried:
    """What the script called ``named`` makes of ``text``, whatever it is for and whether or not it runs in chats.

    ``named`` is a name, without regard to case, or a file whose scripts are tried one after the other. Raises
    ``NotFoundError`` where there is no such script, ``FormatError`` where the file holds none.
    """
    from tavern_tui.prompt.pattern_runs import Allowance
    from tavern_tui.prompt.regex_scripts import replaced

    scripts = _called(workspace, named, character)
    made = replaced(scripts, text, _expand(workspace.persona, character or _NOBODY), Allowance())
    return Tried(made.text, made.left_out)


def _called(workspace: Workspace, named: str, character: Character | None) -> list[RegexScript]:
    path = Path(named).expanduser()
    if path.suffix.lower() == ".json" and path.is_file():
        file = script_file(path)
        if not file.scripts:
            raise FormatError(file.problems[0])
        return list(file.scripts)
    known = [one.script for one in listed_scripts(workspace, character)[0]]
    found = [script for script in known if script.name.casefold() == named.strip().casefold()]
    if not found:
        names = ", ".join(dict.fromkeys(script.name for script in known))
        hint = f"There are: {names}." if names else "Put scripts into the folder of: tavern-tui locate regex"
        raise NotFoundError(f"There is no regex script “{named}”.", hint=hint)
    return found[:1]


def _brought(character: Character) -> tuple[RegexScript, ...]:
    scripts = card_scripts(character).scripts
    if not scripts:
        raise NotFoundError(f"{character.name}'s card brings no regex scripts.")
    return scripts


def _expand(persona: Persona, character: Character) -> Expand:
    """Macros as they stand outside of any chat."""
    from tavern_tui.prompt.macros import MacroContext, expand

    context = MacroContext(
        user=persona.name,
        char=character.nickname or character.name,
        now=datetime.fromtimestamp(time.time()),
        random=lambda: 0.0,
    )
    return lambda text: expand(text, context)


def _problem(script: RegexScript) -> str:
    """Why the script cannot be used; empty where it can."""
    from tavern_tui.prompt.pattern_runs import pattern_of

    if not script.find:
        return "It has nothing to find (findRegex is empty)."
    find = script.find
    if script.substitute is not SubstituteRegex.NONE:
        find = _expand(Persona("x"), Character(name="x"))(find)
    try:
        runs = pattern_of(find).runs
    except FormatError as error:
        return f"{error.title} {error.hint}".strip()
    return (
        "" if runs else "It may take too long: it runs only where the package regex is installed (pip install regex)."
    )


def _remarks(script: RegexScript) -> Iterator[str]:
    """What is doubtful about a script that can be used."""
    if not script.placement:
        yield "It is for nothing: no placement is set, so it never runs."
    elif script.placement <= _WITHOUT_USE:
        yield f"It is for {_words(script.placement)} alone, which scripts do not change here."
    elif script.placement <= {*_WITHOUT_USE, Placement.REASONING} and not script.prompt_only:
        yield "Thinking is changed in prompts alone, and it is not for prompts."
    if script.placement == {Placement.WORLD_INFO} and script.markdown_only and not script.prompt_only:
        yield "It is for lore on the screen, where lore is never shown."
    low, high = script.min_depth, script.max_depth
    if low is not None and high is not None and low > high:
        yield f"It runs at no depth: the least, {low}, is above the greatest, {high}."
    if not script.find.startswith("/"):
        yield "Its pattern stands without slashes: it is for one match in a text, and minds upper and lower case."


def _words(placements: Iterable[Placement]) -> str:
    return " and ".join(PLACES[one] for one in PLACES if one in placements)


def _placed(problem: str, source: str) -> str:
    return problem if source in problem else f"{source}: {problem}"
