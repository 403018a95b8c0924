"""Settings: declared once here, with defaults, bounds and help; read from two YAML files of the user.

``config.yaml`` is written by hand and stands above ``settings.yaml``, which the program writes; neither is ever
rewritten over a person's words: only ``settings.yaml`` is written, and only by ``remember``. An entry that makes no
sense falls back to its default and is reported with file, line and the nearest setting; it never stops the start.
"""

from __future__ import annotations

import errno
import fcntl
import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import Field, dataclass, field, fields
from pathlib import Path
from typing import Any

from tavern_tui.config.adventure_settings import AdventureSettings as AdventureSettings
from tavern_tui.config.adventure_settings import StorySettings as StorySettings
from tavern_tui.config.engine_settings import EngineSettings as EngineSettings
from tavern_tui.config.files import Problem, file_bytes, nearest, quoted, unreadable
from tavern_tui.config.lore_settings import LoreSettings as LoreSettings
from tavern_tui.config.paths import HAND_WRITTEN, OVERLAY, Directories
from tavern_tui.config.setting_values import NotTakenError, one_of, setting, text, texts, truth, whole
from tavern_tui.domain import messages
from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import FormatError, SettingsError, StorageError
from tavern_tui.formats.yaml_text import YamlDocument, read_yaml

FORMAT = 1
LOCK_SECONDS = 10.0
"""How long ``remember`` waits for another program that is writing settings."""
_LOOK_SECONDS = 0.02


def _template(value: object) -> str:
    """A template of ours as it is called; another name may be one of the user's own, which only the library knows."""
    typed = text()(value)
    assert isinstance(typed, str)
    from tavern_tui.prompt.templates import template_name

    return (template_name(typed) if typed.strip() else "") or typed.strip()


@dataclass(frozen=True, slots=True)
class PersonaSettings:
    """Who you are in a story."""

    name: str = setting("Alex", text(shortest=1, longest=100), "What characters call you.")
    description: str = setting("", text(), "A few words about you, read by the model.")
    use: str = setting("", text(), "Persona of your own to be in its place; tavern-tui personas lists them.")


@dataclass(frozen=True, slots=True)
class ReplySettings:
    """How replies are made."""

    response_tokens: int = setting(300, whole(least=16, most=8192), "Length of a reply in tokens.")
    finish_sentence: bool = setting(True, truth, "Never end a reply in the middle of a sentence.")
    preset: str = setting("balanced", text(shortest=1), "Sampler preset; tavern-tui presets lists them.")
    template: str = setting("", _template, "Instruct template; empty: chosen from the model.")
    context: str = setting("", text(), "Context template of your own; empty: the one that goes with the template.")
    system_prompt: str = setting("", text(), "System prompt of your own by name; empty: ours.")
    chat_preset: str = setting("", text(), "Chat completion preset of your own, for servers that take messages.")
    policy: str = setting(
        "economy",
        one_of("economy", "classic"),
        "How prompts use their budget: economy, so that little is read anew, or classic, as SillyTavern does.",
    )
    think: str = setting(
        "on", one_of("on", "low", "off"), "Whether models that think before they answer do so: on, low or off."
    )
    reasoning_tokens: int = setting(
        1024, whole(least=64, most=131072), "The most tokens that a model may think; not counted in the length."
    )
    kept_thoughts: int = setting(
        0, whole(least=0, most=1000), "How many replies, newest first, keep their thinking in the prompt."
    )
    alternatives: int = setting(
        0,
        whole(least=0, most=10),
        "Likely tokens to keep beside each one of a reply, to choose another there; 0: none.",
    )
    imported_policy: str = setting(
        "ask", one_of("ask", "economy", "classic"), "The policy of chats that are imported; ask: at the first import."
    )
    stop_strings: tuple[str, ...] = setting(
        (), texts(spaced=True), "Texts that end a reply, beside those of its template."
    )
    stop_strings_macro: bool = setting(True, truth, "Whether macros in stop_strings are expanded.")


@dataclass(frozen=True, slots=True)
class ConnectionSettings:
    """Servers."""

    server: str = setting(
        "", text(), "Server to use: a saved connection's name, or an address; empty: the embedded engine."
    )
    chat_completion: bool = setting(False, truth, "Prefer chat completion where a server has both.")
    keys_in_clear: str = setting(
        "ask", one_of("ask", "send"), "Whether a key may go unencrypted (http) to another network: ask or send."
    )


@dataclass(frozen=True, slots=True)
class UiSettings:
    """How the app looks."""

    theme: str = setting("lamplight", text(shortest=1), "Theme; /theme shows them all.")
    ascii: str = setting(
        "auto", one_of("auto", "on", "off"), "Plain ASCII signs: on, off, or auto, which looks at the terminal."
    )
    confirm: str = setting(
        "ask", one_of("ask", "never"), "Whether deleting and regenerating a turn take a second press: ask or never."
    )
    start: str = setting("chat", one_of("chat", "home"), "What a start shows: the chat where one left, or home.")
    title: str = setting(
        "name", one_of("name", "full"), "The terminal's title: the program's name, or full: character and chat."
    )
    profile: str = setting(
        "auto",
        one_of("auto", "local", "ssh", "phone"),
        "How often the screen is painted: local, ssh, phone, or auto, which looks at the terminal.",
    )
    portrait: str = setting(
        "auto", one_of("auto", "off"), "The character's picture beside a chat in a wide window: auto or off."
    )
    painter: str = setting(
        "auto",
        one_of("auto", "diff", "plain"),
        "What is sent to the terminal: only the cells that change (diff), all that is painted (plain), or auto.",
    )
    follow: str = setting(
        "auto",
        one_of("auto", "line", "start"),
        "How far the chat follows a reply: line by line, to its start, or auto: to its start where room is scarce.",
    )
    bell: str = setting(
        "away",
        one_of("away", "always", "off"),
        "Whether the bell rings when a reply is there: away, only while you look elsewhere; always; or off.",
    )


@dataclass(frozen=True, slots=True)
class BackupSettings:
    """Backups of the library."""

    daily: bool = setting(True, truth, "Whether the app makes a backup once a day, if anything changed.")
    keep: int = setting(7, whole(least=1, most=365), "How many daily backups are kept; older ones are removed.")


GROUPS: dict[str, type] = {
    "persona": PersonaSettings,
    "reply": ReplySettings,
    "engine": EngineSettings,
    "connection": ConnectionSettings,
    "ui": UiSettings,
    "backup": BackupSettings,
    "lore": LoreSettings,
    "adventure": AdventureSettings,
    "story": StorySettings,
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything that can be set. ``chosen`` are those that a file names, as ``group.name``."""

    persona: PersonaSettings = PersonaSettings()
    reply: ReplySettings = ReplySettings()
    engine: EngineSettings = field(default_factory=EngineSettings)
    connection: ConnectionSettings = ConnectionSettings()
    ui: UiSettings = UiSettings()
    backup: BackupSettings = BackupSettings()
    lore: LoreSettings = field(default_factory=LoreSettings)
    adventure: AdventureSettings = field(default_factory=AdventureSettings)
    story: StorySettings = field(default_factory=StorySettings)
    chosen: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """The settings in force, what was wrong with the files, and where each setting that was taken stands.

    ``places`` has ``group.name`` → ``file:line``; a setting that no file names is not in it.
    """

    settings: Settings
    problems: tuple[Problem, ...] = ()
    places: Mapping[str, str] = field(default_factory=dict)


def load_settings(directories: Directories) -> LoadedSettings:
    """Read both files over the defaults; missing files are fine, a broken one is reported and left as it is."""
    values: dict[str, Any] = {}
    places: dict[str, str] = {}
    problems: list[Problem] = []
    for file_name in (OVERLAY, HAND_WRITTEN):
        path = directories.config / file_name
        try:
            document = read_yaml(file_bytes(path), where=str(path))
        except FileNotFoundError:
            continue
        except NotADirectoryError as error:
            problems.append(unreadable(path, error, "Defaults are used."))
            break  # the other file would stand in the same folder
        except OSError as error:
            problems.append(unreadable(path, error, "Defaults are used."))
            continue
        except FormatError as error:
            problems.append(Problem(error.where or str(path), f"{error.title} Defaults are used."))
            continue
        for name, value, place in _accepted(document, str(path), problems):
            values[name], places[name] = value, place
    return LoadedSettings(_build(values), tuple(problems), places)


def setting_names() -> list[str]:
    """Every setting as ``group.name``."""
    return [f"{group}.{each.name}" for group, kind in GROUPS.items() for each in fields(kind)]


def refused(name: str, value: object) -> str:
    """Why a setting (``group.name``) cannot have that value, in a sentence; empty where it can."""
    try:
        declared(name).metadata["check"](value)
    except NotTakenError as error:
        return str(error)
    return ""


def declared(name: str) -> Field[Any]:
    """How a setting (``group.name``) is declared: its default, and ``check`` and ``title`` in its metadata."""
    group, key = name.split(".")
    return next(each for each in fields(GROUPS[group]) if each.name == key)


def remember(directories: Directories, name: str, value: Any) -> None:
    """Write one setting (``group.name``) to the program's own overlay file, keeping the others.

    Raises ``StorageError`` where it cannot be read or written, ``SettingsError`` for a file that is damaged or of a
    later version, which is then left as it is, and ``KeyError`` for a name that does not exist.
    """
    _write_overlay(directories, name, lambda entries, key: {**entries, key: value})


def forget(directories: Directories, name: str) -> None:
    """Take one setting out of the program's own overlay file: its default holds again. Raises as ``remember``."""
    _write_overlay(directories, name, lambda entries, key: {one: entries[one] for one in entries if one != key})


def _write_overlay(
    directories: Directories, name: str, change: Callable[[dict[str, Any], str], dict[str, Any]]
) -> None:
    import yaml

    if name not in setting_names():
        raise KeyError(name)
    path = directories.config / OVERLAY
    group, key = name.split(".")
    with _writing(path):
        tree = _remembered(path, group)
        tree["format"] = FORMAT
        tree[group] = change(tree.get(group) or {}, key)
        text = "# Written by tavern-tui. Settings of your own go into config.yaml, which stands above this file.\n"
        text += yaml.safe_dump(tree, allow_unicode=True, sort_keys=True)
        _write_durably(path, text)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """While inside, no other program remembers a setting. The lock is the folder's: no file of its own is left.

    A disk without locks goes without. Raises ``StorageError``.
    """
    until = time.monotonic() + LOCK_SECONDS
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path.parent, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise storage_error(error, path.parent) from error
    try:
        while not _locked(descriptor):
            if time.monotonic() >= until:
                wording = messages.held_elsewhere(str(path))
                raise StorageError(wording.title, hint=wording.hint, where=str(path))
            time.sleep(_LOOK_SECONDS)
        yield
    finally:
        os.close(descriptor)


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES)
    return True


def _remembered(path: Path, group: str) -> dict[str, Any]:
    """What the overlay file says, if ``group`` can be added to without losing any of it."""
    try:
        document = read_yaml(file_bytes(path), where=str(path))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise storage_error(error, path, reading=True) from error
    except FormatError as error:
        raise _kept(error.where or str(path), error.title) from error
    tree = {} if document.value is None else document.value
    if not isinstance(tree, Mapping):
        raise _kept(f"{path}:1", "Settings are written as “group:” with “name: value” below it.")
    written_in = tree.get("format", FORMAT)
    if not isinstance(written_in, int):
        raise _kept(f"{path}:{document.line('format')}", "“format” is a number.")
    if written_in > FORMAT:
        title = f"{path.name} was written by a later tavern-tui (format {written_in}; this one writes {FORMAT})."
        raise SettingsError(title, hint="Update.", where=f"{path}:{document.line('format')}")
    if not isinstance(tree.get(group) or {}, Mapping):
        raise _kept(f"{path}:{document.line(group)}", f"“{group}” needs names below it.")
    return dict(tree)


def _kept(place: str, what: str) -> SettingsError:
    hint = "Correct that line, or move the file away: until then nothing can be added to it."
    return SettingsError(what, hint=hint, where=place)


def _write_durably(path: Path, text: str) -> None:
    """Put ``text`` at ``path`` so that a reader or a power cut sees the old text or the new. A link is followed."""
    target = Path(os.path.realpath(path))
    temporary = target.with_name(f".{target.name}.{os.getpid()}")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)  # a link may lead to a folder that is not there yet
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        with suppress(OSError):  # a disk that takes nothing does not let go of anything either
            temporary.unlink()
        raise storage_error(error, path) from error


def _accepted(document: YamlDocument, path: str, problems: list[Problem]) -> Iterator[tuple[str, Any, str]]:
    """The entries of one file that make sense: name, value and ``file:line``; the others go to ``problems``."""
    if document.value is None:
        return
    if not isinstance(document.value, Mapping):
        problems.append(Problem(f"{path}:1", "Settings are written as “group:” with “name: value” below it."))
        return
    for group, entries in document.value.items():
        if group == "format":
            continue
        if group not in GROUPS:
            problems.append(_unknown(f"{path}:{document.line(group)}", group))
            continue
        if not isinstance(entries, Mapping):
            problems.append(Problem(f"{path}:{document.line(group)}", f"“{group}” needs names below it."))
            continue
        known = {each.name: each for each in fields(GROUPS[group])}
        for name, value in entries.items():
            place = f"{path}:{document.line(group, name)}"
            if name not in known:
                problems.append(_unknown(place, f"{group}.{name}"))
                continue
            try:
                yield f"{group}.{name}", known[name].metadata["check"](value), place
            except NotTakenError as error:
                problems.append(not_taken(place, f"{group}.{name}", str(error)))


def not_taken(place: str, name: str, why: str) -> Problem:
    """The setting ``name`` (``group.name``) at ``place`` means nothing, for a reason in a sentence: its default holds.

    For what only a later room can know: whether a file or a server can be what was named.
    """
    return Problem(place, f"{name}: {why[0].lower()}{why[1:].rstrip('.')}. The default is used.")


def _unknown(place: str, name: str) -> Problem:
    known = [*setting_names(), *GROUPS]
    return Problem(place, f"There is no setting {quoted(name)}.{nearest(name, known)}")


def _build(values: Mapping[str, Any]) -> Settings:
    groups: dict[str, dict[str, Any]] = {group: {} for group in GROUPS}
    for name, value in values.items():
        group, key = name.split(".")
        groups[group][key] = value
    found = {group: kind(**groups[group]) for group, kind in GROUPS.items()}
    return Settings(**found, chosen=frozenset(values))
