"""Walking through models folders: GGUF files, parts together; and what is taken for models and is none.

Bounded in depth and number; folders that cannot be entered are passed over. Links are followed, to a folder on another
disk too, each folder once. Ollama's blobs are found by its manifests.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from tavern_tui.domain.errors import TavernError
from tavern_tui.formats import model_folder, weights
from tavern_tui.formats.weights import Explanation
from tavern_tui.storage.header_cache import HeaderCache
from tavern_tui.storage.model_file import PART, ModelFile, size_of
from tavern_tui.storage.reading import open_regular, read_bytes

MAX_DEPTH = 8
MAX_FILES = 50_000
_MAX_CONFIG = 4 * 1024 * 1024
_MAX_MANIFEST = 256 * 1024
_MODEL_LAYER = "application/vnd.ollama.image.model"
_OWN_FILES = (*model_folder.CONFIGS, "model.safetensors.index.json", "pytorch_model.bin.index.json", "modules.json")


@dataclass(frozen=True, slots=True)
class Group:
    """The files of one model, in their order. ``title`` is its name where the file's says nothing."""

    paths: tuple[Path, ...]
    title: str = ""


@dataclass(frozen=True, slots=True)
class Place:
    """A folder that was walked through: its files and the folders in it, by name."""

    path: Path
    files: tuple[str, ...]
    folders: tuple[str, ...]


def places(folder: Path, depth: int = MAX_DEPTH) -> Iterator[Place]:
    """``folder`` and ``depth`` levels of folders in it, up to ``MAX_FILES`` files."""
    count = 0
    seen = {os.path.realpath(folder)}
    for place, folders, names in os.walk(folder, followlinks=True):
        level = len(Path(place).relative_to(folder).parts)
        folders[:] = sorted(folders) if level < depth else []
        folders[:] = [name for name in folders if _is_new(Path(place, name), seen)]
        left = MAX_FILES - count
        count += len(names)
        yield Place(Path(place), tuple(sorted(names)[:left]), tuple(folders))
        if count >= MAX_FILES:
            return


def _is_new(folder: Path, seen: set[str]) -> bool:
    """Whether to walk into a folder: a link only where it leads outside of all that is ``seen`` (real paths), and not
    round it, which would be a circle."""
    if not folder.is_symlink():
        return True
    real = os.path.realpath(folder).rstrip(os.sep) + os.sep
    if any(real.startswith(one + os.sep) or (one + os.sep).startswith(real) for one in seen):
        return False
    seen.add(real.rstrip(os.sep))
    return True


def groups_in(folders: Iterable[Path]) -> Iterator[Group]:
    """Every GGUF of ``folders`` once, however many ways lead to it; the parts of a split model together."""
    seen: set[str] = set()
    for folder in folders:
        for place in places(folder):
            for group in (*grouped(place), *_ollama(place)):
                real = os.path.realpath(group.paths[0])
                if real not in seen:
                    seen.add(real)
                    yield group


def grouped(place: Place) -> Iterator[Group]:
    """The GGUF files of one folder: single ones, and the parts of split models together in their order."""
    splits: dict[tuple[str, str], list[Path]] = {}
    for name in place.files:
        if not name.lower().endswith(".gguf"):
            continue
        if part := PART.match(name):
            splits.setdefault((part["stem"], part["count"]), []).append(place.path / name)
        else:
            yield Group((place.path / name,))
    yield from (Group(tuple(sorted(parts))) for parts in splits.values())


def foreign_in(folders: Iterable[Path], cache: HeaderCache) -> Iterator[ModelFile]:
    """What in ``folders`` is taken for models and is no GGUF: each file, or each repository as one."""
    seen: set[str] = set()
    for folder in folders:
        for place in places(folder):
            real = os.path.realpath(place.path)
            if real not in seen:
                seen.add(real)
                yield from foreign_at(place, cache)


def foreign_at(place: Place, cache: HeaderCache) -> Iterator[ModelFile]:
    """The same of one folder."""
    found = [place.path / name for name in model_folder.weights_among(place.files)]
    if found and model_folder.is_repository(place.files):
        yield _repository(place, found, cache)
        return
    for path in found:
        try:
            size = size_of(path)
            told = cache.explained(path, _sniffed)
        except TavernError as error:
            yield ModelFile(path, 0, (path,), problem=error.title, hint=error.hint, foreign=True)
        else:
            yield _foreign(path, size, (path,), told)


def place_at(folder: Path) -> Place | None:
    """One folder alone; ``None`` where it cannot be entered."""
    return next(places(folder, 0), None)


def _repository(place: Place, found: list[Path], cache: HeaderCache) -> ModelFile:
    """A repository of files that are one model. Judged anew only when the file that tells of it changes."""
    telling = next((place.path / name for name in _OWN_FILES if name in place.files), found[0])
    size = sum(_size(path) for path in found)
    try:
        told = cache.explained(telling, lambda *_: _judged(place, found))
    except TavernError as error:
        return ModelFile(place.path, size, tuple(found), problem=error.title, hint=error.hint, foreign=True)
    return _foreign(place.path, size, tuple(found), told, _repository_name(place.path))


def _judged(place: Place, found: list[Path]) -> Explanation:
    configs = {name: _json_in(place.path / name) for name in model_folder.CONFIGS if name in place.files}
    head = next((_head(path) for path in found if path.suffix == ".safetensors"), b"")
    facts = model_folder.FolderFacts(_repository_name(place.path), place.files, place.folders, configs, head)
    return model_folder.what_is_folder(facts)


def _repository_name(path: Path) -> str:
    """The folder's name; of Hugging Face's cache that of the repository, which is two levels up."""
    if path.parent.name == "snapshots" and path.parent.parent.name.startswith("models--"):
        return path.parent.parent.name.removeprefix("models--").rpartition("--")[2]
    return path.name


def _foreign(path: Path, size: int, parts: tuple[Path, ...], told: Explanation, title: str = "") -> ModelFile:
    return ModelFile(path, size, parts, problem=f"This is {told.what}.", hint=told.advice, title=title, foreign=True)


def _sniffed(file: BinaryIO, size: int, name: str = "") -> Explanation:
    first = file.read(weights.FIRST_BYTES)
    if weights.is_safetensors(first, size):
        first += file.read(weights.HEAD_BYTES - len(first))
    return weights.what_is_this(first, size, name)


def _head(path: Path) -> bytes:
    try:
        with open_regular(path) as file:
            return file.read(weights.HEAD_BYTES)
    except (TavernError, OSError):
        return b""


def _size(path: Path) -> int:
    try:
        return size_of(path)
    except TavernError:
        return 0


def _json_in(path: Path, limit: int = _MAX_CONFIG) -> Mapping[str, Any]:
    """The object in a JSON file; an empty one where there is none."""
    try:
        value = json.loads(read_bytes(path, limit))
    except (TavernError, ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _ollama(place: Place) -> Iterator[Group]:
    """The models of an Ollama library, where ``place`` is one of its folders of manifests."""
    parents = place.path.parts
    if "manifests" not in parents:
        return
    root = Path(*parents[: len(parents) - 1 - parents[::-1].index("manifests")])
    for name in place.files:
        layers = _json_in(place.path / name, _MAX_MANIFEST).get("layers")
        for layer in layers if isinstance(layers, list) else ():
            digest = layer.get("digest") if isinstance(layer, dict) and layer.get("mediaType") == _MODEL_LAYER else None
            if isinstance(digest, str) and digest.startswith("sha256:") and digest[7:].isalnum():
                yield Group((root / "blobs" / digest.replace(":", "-"),), f"{place.path.name}:{name}")
