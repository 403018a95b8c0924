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
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError

from tavern_tui.config.files import Problem, file_bytes, nearest, quoted, unreadable
from tavern_tui.config.paths import HAND_WRITTEN, OVERLAY, Directories
from tavern_tui.domain import messages
from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import FormatError, SettingsError, StorageError
from tavern_tui.domain.preset import BUILT_IN as PRESETS
from tavern_tui.formats.yaml_text import YamlDocument, read_yaml
from tavern_tui.prompt.templates import BUILT_IN as TEMPLATES
from tavern_tui.prompt.templates import PLAIN, template_name

FORMAT = 1
LOCK_SECONDS = 10.0
"""How long ``remember`` waits for another program that is writing settings."""
_LOOK_SECONDS = 0.02


def _preset(name: str) -> str:
    found = next((preset for preset in PRESETS if preset.casefold() == name.strip().casefold()), None)
    if found is None:
        raise _nothing_called("sampler preset", name, PRESETS)
    return found


def _template(name: str) -> str:
    found = template_name(name) if name.strip() else ""
    if found is None:
        raise _nothing_called("instruct template", name, (*TEMPLATES, PLAIN))
    return found


def _nothing_called(kind: str, name: str, names: Iterable[str]) -> PydanticCustomError:
    near = nearest(name, names) or f" There are: {', '.join(names)}."
    return PydanticCustomError("unknown_name", "{why}", {"why": f"There is no {kind} {quoted(name)}.{near}"})


class _Group(BaseModel):
    model_config = ConfigDict(frozen=True)


class PersonaSettings(_Group):
    """Who you are in a story."""

    name: Annotated[str, Field(min_length=1, max_length=100, description="What characters call you.")] = "Alex"
    description: Annotated[str, Field(description="A few words about you, read by the model.")] = ""


class ReplySettings(_Group):
    """How replies are made."""

    response_tokens: Annotated[int, Field(ge=16, le=8192, description="Length of a reply in tokens.")] = 300
    finish_sentence: Annotated[bool, Field(description="Never end a reply in the middle of a sentence.")] = True
    preset: Annotated[str, AfterValidator(_preset), Field(description="Sampler preset.")] = "balanced"
    template: Annotated[
        str, AfterValidator(_template), Field(description="Instruct template; empty: chosen from the model.")
    ] = ""


class EngineSettings(_Group):
    """The embedded engine."""

    model: Annotated[str, Field(description="GGUF file to load; empty: the largest that fits.")] = ""
    context_tokens: Annotated[int | None, Field(ge=256, description="Context size; empty: chosen.")] = None
    threads: Annotated[int | None, Field(ge=1, le=512, description="Threads; empty: physical cores - 1.")] = None
    gpu_layers: Annotated[int, Field(ge=-1, description="Layers on the GPU; -1 is all of them.")] = -1
    idle_minutes: Annotated[float, Field(gt=0, description="Minutes until an unused model is unloaded.")] = 30.0
    llama_server: Annotated[str, Field(description="llama-server to use where llama-cpp-python is missing.")] = ""


class ConnectionSettings(_Group):
    """Servers."""

    server: Annotated[str, Field(description="Address of the server to use; empty: the embedded engine.")] = ""
    chat_completion: Annotated[bool, Field(description="Prefer chat completion where a server has both.")] = False


class UiSettings(_Group):
    """How the app looks."""

    theme: Annotated[str, Field(min_length=1, description="Theme; /theme shows them all.")] = "lamplight"
    ascii: Annotated[
        Literal["auto", "on", "off"],
        Field(description="Plain ASCII signs: on, off, or auto, which looks at the terminal."),
    ] = "auto"


class Settings(_Group):
    """Everything that can be set."""

    persona: PersonaSettings = PersonaSettings()
    reply: ReplySettings = ReplySettings()
    engine: EngineSettings = EngineSettings()
    connection: ConnectionSettings = ConnectionSettings()
    ui: UiSettings = UiSettings()


GROUPS: dict[str, type[_Group]] = {
    "persona": PersonaSettings,
    "reply": ReplySettings,
    "engine": EngineSettings,
    "connection": ConnectionSettings,
    "ui": UiSettings,
}


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
    for name in (OVERLAY, HAND_WRITTEN):
        path = directories.config / name
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
        for setting, value, place in _accepted(document, str(path), problems):
            values[setting], places[setting] = value, place
    return LoadedSettings(_build(values), tuple(problems), places)


def setting_names() -> list[str]:
    """Every setting as ``group.name``."""
    return [f"{group}.{name}" for group, kind in GROUPS.items() for name in kind.model_fields]


def remember(directories: Directories, name: str, value: Any) -> None:
    """Write one setting (``group.name``) to the program's own overlay file, keeping the others.

    Raises ``StorageError`` where it cannot be read or written, ``SettingsError`` for a file that is damaged or of a
    later version, which is then left as it is, and ``KeyError`` for a name that does not exist.
    """
    import yaml

    if name not in setting_names():
        raise KeyError(name)
    path = directories.config / OVERLAY
    group, key = name.split(".")
    with _writing(path):
        tree = _remembered(path, group)
        tree["format"] = FORMAT
        tree[group] = {**(tree.get(group) or {}), key: value}
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
        temporary.unlink(missing_ok=True)
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
        if group not in Settings.model_fields:
            problems.append(_unknown(f"{path}:{document.line(group)}", group))
            continue
        if not isinstance(entries, Mapping):
            problems.append(Problem(f"{path}:{document.line(group)}", f"“{group}” needs names below it."))
            continue
        kind = GROUPS[group]
        for name, value in entries.items():
            place = f"{path}:{document.line(group, name)}"
            if name not in kind.model_fields:
                problems.append(_unknown(place, f"{group}.{name}"))
                continue
            try:
                yield f"{group}.{name}", getattr(kind.model_validate({name: value}), name), place
            except ValidationError as error:
                problems.append(not_taken(place, f"{group}.{name}", str(error.errors()[0]["msg"])))


def not_taken(place: str, name: str, why: str) -> Problem:
    """The setting ``name`` (``group.name``) at ``place`` means nothing, for a reason in a sentence: its default holds.

    For what only a later room can know: whether a file or a server can be what was named.
    """
    return Problem(place, f"{name}: {why[0].lower()}{why[1:].rstrip('.')}. The default is used.")


def _unknown(place: str, name: str) -> Problem:
    known = [*setting_names(), *Settings.model_fields]
    return Problem(place, f"There is no setting {quoted(name)}.{nearest(name, known)}")


def _build(values: Mapping[str, Any]) -> Settings:
    groups: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        group, key = name.split(".")
        groups.setdefault(group, {})[key] = value
    return Settings.model_validate(groups)
