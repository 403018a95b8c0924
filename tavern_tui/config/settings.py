"""Settings: declared once here, with defaults, bounds and help; read from two YAML files of the user.

``config.yaml`` is written by hand and stands above ``settings.yaml``, which the program writes; neither is ever
rewritten over a person's words: only ``settings.yaml`` is written, and only by ``remember``. An entry that makes no
sense falls back to its default and is reported with file, line and the nearest setting; it never stops the start.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tavern_tui.config.paths import HAND_WRITTEN, OVERLAY, Directories
from tavern_tui.domain.disk_errors import storage_error
from tavern_tui.domain.errors import FormatError, SettingsError
from tavern_tui.formats.yaml_text import YamlDocument, read_yaml

FORMAT = 1


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
    preset: Annotated[str, Field(description="Sampler preset.")] = "balanced"
    template: Annotated[str, Field(description="Instruct template; empty: chosen from the model.")] = ""


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
class SettingsProblem:
    """One entry that was not taken: ``where`` is ``file:line``, ``what`` is a sentence with the nearest setting."""

    where: str
    what: str


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """The settings in force and what was wrong with the files."""

    settings: Settings
    problems: tuple[SettingsProblem, ...] = ()


def load_settings(directories: Directories) -> LoadedSettings:
    """Read both files over the defaults; missing files are fine, a broken one is reported and left as it is."""
    values: dict[str, Any] = {}
    problems: list[SettingsProblem] = []
    for name in (OVERLAY, HAND_WRITTEN):
        path = directories.config / name
        if path.exists() and not path.is_file():
            problems.append(SettingsProblem(str(path), "This is no file: defaults are used."))
            continue
        try:
            document = read_yaml(path.read_bytes(), where=str(path))
        except FileNotFoundError:
            continue
        except OSError as error:
            problems.append(SettingsProblem(str(path), f"Cannot be read ({error.strerror}): defaults are used."))
            continue
        except FormatError as error:
            problems.append(SettingsProblem(error.where or str(path), f"{error.title} Defaults are used."))
            continue
        for keys, value in _accepted(document, str(path), problems):
            values[".".join(keys)] = value
    return LoadedSettings(_build(values), tuple(problems))


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
    tree = _remembered(path, group)
    tree["format"] = FORMAT
    tree[group] = {**(tree.get(group) or {}), key: value}
    text = "# Written by tavern-tui. Settings of your own go into config.yaml, which stands above this file.\n"
    text += yaml.safe_dump(tree, allow_unicode=True, sort_keys=True)
    _write_durably(path, text)


def _remembered(path: Path, group: str) -> dict[str, Any]:
    """What the overlay file says, if ``group`` can be added to without losing any of it."""
    try:
        document = read_yaml(path.read_bytes(), where=str(path))
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
        target.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise storage_error(error, target.parent) from error
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(target)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise storage_error(error, path) from error


def _accepted(
    document: YamlDocument, path: str, problems: list[SettingsProblem]
) -> Iterator[tuple[tuple[str, str], Any]]:
    """The entries of one file that make sense; the others go to ``problems``."""
    if document.value is None:
        return
    if not isinstance(document.value, Mapping):
        problems.append(SettingsProblem(f"{path}:1", "Settings are written as “group:” with “name: value” below it."))
        return
    for group, entries in document.value.items():
        if group == "format":
            continue
        if group not in Settings.model_fields:
            problems.append(_unknown(f"{path}:{document.line(group)}", group))
            continue
        if not isinstance(entries, Mapping):
            problems.append(SettingsProblem(f"{path}:{document.line(group)}", f"“{group}” needs names below it."))
            continue
        kind = GROUPS[group]
        for name, value in entries.items():
            place = f"{path}:{document.line(group, name)}"
            if name not in kind.model_fields:
                problems.append(_unknown(place, f"{group}.{name}"))
                continue
            try:
                yield (group, name), getattr(kind.model_validate({name: value}), name)
            except ValidationError as error:
                why = error.errors()[0]["msg"]
                problems.append(SettingsProblem(place, f"{group}.{name}: {why[0].lower()}{why[1:]}. Default is used."))


def _unknown(place: str, name: str) -> SettingsProblem:
    near = difflib.get_close_matches(name, [*setting_names(), *Settings.model_fields], n=1, cutoff=0.4)
    nearest = f" The nearest is “{near[0]}”." if near else ""
    return SettingsProblem(place, f"There is no setting “{name}”.{nearest}")


def _build(values: Mapping[str, Any]) -> Settings:
    groups: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        group, key = name.split(".")
        groups.setdefault(group, {})[key] = value
    return Settings.model_validate(groups)
