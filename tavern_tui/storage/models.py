"""The models on this machine: GGUF files of the models folders, with what their headers say and whether they fit.

Headers are cached by path, size and time of change, so that hundreds of files are listed at once; the cache is
thrown away at will. Parts of a split model are one model; a vision projector belongs to its model; a file that is
damaged or no chat model is listed with the reason, and so are, where asked for, files of other formats. Nothing is
written but the cache. What walks through folders is imported where one is walked through: a model that is named by its
path is loaded without it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from tavern_tui.config.paths import Directories
from tavern_tui.domain.errors import NotFoundError, TavernError
from tavern_tui.domain.memory_fit import Fit as Fit
from tavern_tui.domain.memory_fit import MemoryNeed as MemoryNeed
from tavern_tui.domain.starter import STARTER_MODEL
from tavern_tui.storage.header_cache import HeaderCache
from tavern_tui.storage.memory import available_memory
from tavern_tui.storage.model_file import PART, USUAL_LOADING, Conditions, examined, usable, with_projectors
from tavern_tui.storage.model_file import Loading as Loading
from tavern_tui.storage.model_file import ModelFile as ModelFile
from tavern_tui.storage.reading import open_regular

DEFAULT_CONTEXT = 8192
# Where other programs keep GGUF files, below the home folder.
_OTHER_FOLDERS = (
    "models",
    "koboldcpp",
    ".lmstudio/models",
    ".cache/lm-studio/models",
    ".cache/huggingface/hub",
    ".cache/llama.cpp",
    ".ollama/models",
)


def model_folders(
    directories: Directories,
    extra: Iterable[Path] = (),
    *,
    home: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[Path, ...]:
    """Where models are looked for: the library's own folder, ``extra`` ones, then those of other programs.

    Hugging Face's cache follows ``HF_HUB_CACHE`` and ``HF_HOME``, llama.cpp's ``LLAMA_CACHE``, Ollama's library
    ``OLLAMA_MODELS``.
    """
    env = os.environ if environ is None else environ
    base = Path.home() if home is None else home
    moved = [env.get("HF_HUB_CACHE", ""), env.get("LLAMA_CACHE", ""), env.get("OLLAMA_MODELS", "")]
    if env.get("HF_HOME"):
        moved.append(str(Path(env["HF_HOME"]) / "hub"))
    others = [Path(name).expanduser() for name in moved if name] + [base / name for name in _OTHER_FOLDERS]
    return tuple(dict.fromkeys((directories.models, *extra, *others)))


def list_models(
    directories: Directories,
    *,
    folders: Iterable[Path] | None = None,
    context_tokens: int = DEFAULT_CONTEXT,
    available: int | None = None,
    keep_headers: bool = True,
    loading: Loading = USUAL_LOADING,
    foreign: bool = False,
) -> list[ModelFile]:
    """All models of this user, by name; a file reachable by several ways once.

    ``folders`` default to ``model_folders``. ``context_tokens`` is the context to judge the fit by (less where a model
    was trained for less), ``loading`` how models would be loaded. ``available`` is the free memory in bytes, asked of
    the system by default. ``keep_headers``: remember in the cache folder what was read, for the next time. ``foreign``:
    with what is taken for a model and is none, each with its ``problem``. Raises nothing for what is on the disk:
    folders that cannot be entered are passed over, files that cannot be used have a ``problem``.
    """
    from tavern_tui.storage.model_walk import foreign_in, groups_in

    conditions = Conditions(context_tokens, available_memory() if available is None else available, loading)
    searched = tuple(model_folders(directories) if folders is None else folders)
    cache = HeaderCache(directories.cache)
    found = [examined(group.paths, cache, conditions, group.title) for group in groups_in(searched)]
    projectors = [model for model in found if model.is_projector]
    models = with_projectors([model for model in found if not model.is_projector], projectors)
    if foreign:
        models += foreign_in(searched, cache)
    if keep_headers:
        cache.save(forget=foreign)
    return sorted(models, key=lambda model: (model.name.casefold(), str(model.path)))


def find_model(
    name: str,
    directories: Directories,
    *,
    folders: Iterable[Path] | None = None,
    context_tokens: int = DEFAULT_CONTEXT,
    available: int | None = None,
    loading: Loading = USUAL_LOADING,
) -> ModelFile:
    """The model that a person named: a path, a file's name with or without suffix, or a part of it.

    Case does not count; the whole name wins over a beginning, and that over a part from within; where several fit, a
    usable one wins over damaged ones. Raises ``NotFoundError`` where none fits or several do, ``FormatError`` or
    ``StorageError`` where the one cannot be used, saying why and what to do.
    """
    if os.sep in name or name.startswith("~"):
        return model_at(Path(name).expanduser(), context_tokens=context_tokens, available=available, loading=loading)
    models = list_models(
        directories, folders=folders, context_tokens=context_tokens, available=available, loading=loading
    )
    wanted = name.strip().casefold().removesuffix(".gguf")
    tests: tuple[Callable[[str], bool], ...] = (
        lambda text: text == wanted,
        lambda text: text.startswith(wanted),
        lambda text: wanted in text,
    )
    for test in tests if wanted else ():
        fitting = [model for model in models if test(model.name.casefold())]
        fitting = [model for model in fitting if model.usable] or fitting
        if len(fitting) > 1:
            choices = ", ".join(str(model.path) for model in fitting[:5])
            raise NotFoundError(f"“{name}” fits {len(fitting)} models: {choices}.", hint="Type more, or the path.")
        if fitting:
            return usable(fitting[0])
    if name.lower().endswith(".gguf") and Path(name).exists():
        return model_at(Path(name), context_tokens=context_tokens, available=available, loading=loading)
    from tavern_tui.storage.model_walk import foreign_in

    searched = model_folders(directories) if folders is None else folders
    for other in foreign_in(searched, HeaderCache(directories.cache)) if wanted else ():
        if wanted in other.name.casefold():
            return usable(other)
    raise NotFoundError(f"There is no model “{name}”.", hint="`tavern-tui models` lists what is there.")


def model_at(
    path: Path,
    *,
    context_tokens: int = DEFAULT_CONTEXT,
    available: int | None = None,
    loading: Loading = USUAL_LOADING,
) -> ModelFile:
    """The model in one file, or the whole of which the file is a part; in a folder, the only one in it.

    Raises as ``find_model`` does; of a folder without a model, what it is instead.
    """
    cache = HeaderCache(None)
    conditions = Conditions(context_tokens, available_memory() if available is None else available, loading)
    if path.is_dir():
        return _model_in(path, cache, conditions)
    open_regular(path).close()
    group: tuple[Path, ...] = (path,)
    if PART.match(path.name):
        group = _whole(path)
    return usable(examined(group, cache, conditions))


def _whole(part: Path) -> tuple[Path, ...]:
    """All parts of the model that ``part`` is one of."""
    from tavern_tui.storage.model_walk import grouped, place_at

    place = place_at(part.parent)
    return next((one.paths for one in grouped(place) if part in one.paths), (part,)) if place else (part,)


def _model_in(folder: Path, cache: HeaderCache, conditions: Conditions) -> ModelFile:
    from tavern_tui.storage.model_walk import foreign_at, grouped, place_at

    place = place_at(folder)
    found = [examined(group.paths, cache, conditions) for group in grouped(place)] if place else []
    models = [model for model in found if not model.is_projector]
    good = [model for model in models if model.usable] or models
    if len(good) > 1:
        names = ", ".join(model.path.name for model in good[:5])
        raise NotFoundError(f"{folder} holds {len(good)} models: {names}.", hint="Name one of them.", where=str(folder))
    if good:
        return usable(good[0])
    for other in foreign_at(place, cache) if place else ():
        return usable(other)
    raise NotFoundError(f"There is no model in {folder}.", hint="Models are GGUF files.", where=str(folder))


def is_starter(path: Path) -> bool:
    """Whether ``path`` is the starter model, by size and hash, whatever it is called."""
    try:
        if path.stat().st_size != STARTER_MODEL.size:
            return False
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == STARTER_MODEL.sha256
    except (OSError, TavernError):
        return False
