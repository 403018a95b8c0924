"""The models on this machine: GGUF files of the models folders, with what their headers say and whether they fit.

Headers are cached by path, size and time of change, so that hundreds of files are listed at once; the cache is
thrown away at will. Parts of a split model are one model; vision projectors are left out; a file that is damaged or no
chat model is listed with the reason. Nothing is written but the cache.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tavern_tui.config.paths import Directories
from tavern_tui.domain import messages
from tavern_tui.domain.errors import FormatError, NotFoundError, TavernError
from tavern_tui.domain.memory_fit import Fit as Fit
from tavern_tui.domain.memory_fit import MemoryNeed as MemoryNeed
from tavern_tui.domain.memory_fit import cache_bytes, compute_bytes
from tavern_tui.domain.starter import STARTER_MODEL
from tavern_tui.formats.gguf import GgufHeader
from tavern_tui.storage.header_cache import HeaderCache
from tavern_tui.storage.memory import available_memory
from tavern_tui.storage.reading import open_regular, refusal

DEFAULT_CONTEXT = 8192
MAX_FOLDER_DEPTH = 8
MAX_FILES = 50_000

# Where other programs keep GGUF files, below the home folder.
_OTHER_FOLDERS = (
    "models",
    "koboldcpp",
    ".lmstudio/models",
    ".cache/lm-studio/models",
    ".cache/huggingface/hub",
    ".cache/llama.cpp",
)
_PART = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf\Z", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model. ``path`` is what an engine opens: the file, or the first part of a split one (all in ``parts``).

    ``size`` sums the parts, in bytes. ``header`` is ``None`` where it cannot be read. ``problem`` says why the model
    cannot be used, ``hint`` what to do. ``need`` is there for models without a problem.
    """

    path: Path
    size: int
    parts: tuple[Path, ...]
    header: GgufHeader | None = None
    need: MemoryNeed | None = None
    problem: str = ""
    hint: str = ""

    @property
    def name(self) -> str:
        """The file's name without suffix and part number: what people know a model by."""
        part = _PART.match(self.path.name)
        return part["stem"] if part else self.path.stem

    @property
    def fit(self) -> Fit:
        """Whether its weights, cache and working memory have room here."""
        return self.need.fit if self.need else Fit.UNKNOWN

    @property
    def fits(self) -> bool:
        """Whether it can be loaded without swapping, as far as one can tell."""
        return self.usable and self.fit is not Fit.SWAPS

    @property
    def usable(self) -> bool:
        """Whether nothing is wrong with it."""
        return not self.problem


def model_folders(
    directories: Directories,
    extra: Iterable[Path] = (),
    *,
    home: Path | None = None,
    environ: Mapping[str, str] | None = None,
) -> tuple[Path, ...]:
    """Where models are looked for: the library's own folder, ``extra`` ones, then those of other programs.

    Hugging Face's cache follows ``HF_HUB_CACHE`` and ``HF_HOME``, llama.cpp's ``LLAMA_CACHE``.
    """
    env = os.environ if environ is None else environ
    base = Path.home() if home is None else home
    moved = [env.get("HF_HUB_CACHE", ""), env.get("LLAMA_CACHE", "")]
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
) -> list[ModelFile]:
    """All models of this user, by name; a file reachable by several ways once.

    ``folders`` default to ``model_folders``. ``context_tokens`` is the context to judge the fit by (less where a model
    was trained for less). ``available`` is the free memory in bytes, asked of the system by default.
    ``keep_headers``: remember in the cache folder what was read, for the next time. Raises nothing for what is on the
    disk: folders that cannot be entered are passed over, files that cannot be used have a ``problem``.
    """
    free = available_memory() if available is None else available
    cache = HeaderCache(directories.cache)
    models = []
    for group in _models_in(model_folders(directories) if folders is None else folders):
        model = _examined(group, cache, context_tokens, free)
        if not _is_projector(model.path, model.header):
            models.append(model)
    if keep_headers:
        cache.save()
    return sorted(models, key=lambda model: (model.name.casefold(), str(model.path)))


def find_model(
    name: str,
    directories: Directories,
    *,
    folders: Iterable[Path] | None = None,
    context_tokens: int = DEFAULT_CONTEXT,
    available: int | None = None,
) -> ModelFile:
    """The model that a person named: a path, a file's name with or without suffix, or a part of it.

    Case does not count; the whole name wins over a beginning, and that over a part from within; where several fit, a
    usable one wins over damaged ones. Raises ``NotFoundError`` where none fits or several do, ``FormatError`` or
    ``StorageError`` where the one cannot be used, saying why and what to do.
    """
    if os.sep in name or name.startswith("~"):
        return model_at(Path(name).expanduser(), context_tokens=context_tokens, available=available)
    models = list_models(directories, folders=folders, context_tokens=context_tokens, available=available)
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
            return _usable(fitting[0])
    if name.lower().endswith(".gguf") and Path(name).exists():
        return model_at(Path(name), context_tokens=context_tokens, available=available)
    raise NotFoundError(f"There is no model “{name}”.", hint="`tavern-tui models` lists what is there.")


def model_at(path: Path, *, context_tokens: int = DEFAULT_CONTEXT, available: int | None = None) -> ModelFile:
    """The model in one file, or the whole of which the file is a part. Raises as ``find_model`` does."""
    open_regular(path).close()
    group: tuple[Path, ...] = (path,)
    if _PART.match(path.name):
        group = next((group for group in _grouped(_below(path.parent, 0)) if path in group), group)
    free = available_memory() if available is None else available
    return _usable(_examined(group, HeaderCache(None), context_tokens, free))


def is_starter(path: Path) -> bool:
    """Whether ``path`` is the starter model, by size and hash, whatever it is called."""
    try:
        if path.stat().st_size != STARTER_MODEL.size:
            return False
        with open_regular(path) as file:
            return hashlib.file_digest(file, "sha256").hexdigest() == STARTER_MODEL.sha256
    except (OSError, TavernError):
        return False


def _usable(model: ModelFile) -> ModelFile:
    if model.problem:
        raise FormatError(model.problem, hint=model.hint, where=str(model.path))
    return model


def _models_in(folders: Iterable[Path]) -> Iterator[tuple[Path, ...]]:
    seen: set[str] = set()
    for folder in folders:
        for group in _grouped(_below(folder, MAX_FOLDER_DEPTH)):
            real = os.path.realpath(group[0])
            if real not in seen:
                seen.add(real)
                yield group


def _below(folder: Path, depth: int) -> Iterator[Path]:
    """GGUF files by name, in ``folder`` and ``depth`` levels of folders in it; what cannot be entered is left out."""
    count = 0
    for place, folders, names in os.walk(folder):
        level = len(Path(place).relative_to(folder).parts)
        folders[:] = sorted(name for name in folders if level < depth)
        for name in sorted(names):
            count += 1
            if count > MAX_FILES:
                return
            if name.lower().endswith(".gguf"):
                yield Path(place, name)


def _grouped(paths: Iterable[Path]) -> Iterator[tuple[Path, ...]]:
    """Single files, and the parts of split models together in their order."""
    splits: dict[tuple[Path, str, str], list[Path]] = {}
    for path in paths:
        if part := _PART.match(path.name):
            splits.setdefault((path.parent, part["stem"], part["count"]), []).append(path)
        else:
            yield (path,)
    for parts in splits.values():
        yield tuple(sorted(parts))


def _is_projector(path: Path, header: GgufHeader | None) -> bool:
    if header is None:
        return path.name.lower().startswith("mmproj")
    return header.kind == "mmproj" or header.architecture == "clip"


def _examined(group: tuple[Path, ...], cache: HeaderCache, context_tokens: int, free: int | None) -> ModelFile:
    size, headers = 0, []
    try:
        for path in group:
            size += _size(path)
        for path in group:
            headers.append(cache.header(path))
    except TavernError as error:
        return ModelFile(group[0], size, group, problem=error.title, hint=error.hint)
    header = replace(
        headers[0], parameters=sum(h.parameters for h in headers), data_bytes=sum(h.data_bytes for h in headers)
    )
    problem, hint = _problem(group, headers)
    need = None if problem else _need(header, context_tokens, free)
    return ModelFile(group[0], size, group, header, need, problem, hint)


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError as error:
        raise refusal(path, error) from None


def _problem(group: tuple[Path, ...], headers: Sequence[GgufHeader]) -> tuple[str, str]:
    """Why a model whose headers are readable cannot be used all the same, and what to do; empty where it can."""
    part = _PART.match(group[0].name)
    if part:
        there = {int(match["number"]) for path in group if (match := _PART.match(path.name))}
        absent = [str(number) for number in range(1, min(int(part["count"]), 1000) + 1) if number not in there]
        if absent:
            which = f"Part {absent[0]}" if len(absent) == 1 else f"Parts {', '.join(absent[:10])}"
            verb = "is" if len(absent) == 1 else "are"
            return f"{which} of {int(part['count'])} {verb} missing.", "Download the missing parts beside the others."
    elif headers[0].split_count > 1:
        return (
            f"This is part {headers[0].split_number + 1} of {headers[0].split_count} of a split model, renamed.",
            "Give all parts their old names: NAME-00001-of-00003.gguf",
        )
    for header in headers:
        if header.missing_bytes:
            cut = messages.model_cut_short(header.present, header.expected_size)
            return cut.title, "Download it again, or resume it with the program that fetched it."
    if what := headers[0].not_a_chat_model:
        return f"This is {what}: it cannot chat.", "Choose another."
    if instead := headers[0].withdrawn:
        return "Its quantisation is no longer supported by llama.cpp.", f"Get the same model as {instead}."
    return "", ""


def _need(header: GgufHeader, context_tokens: int, free: int | None) -> MemoryNeed:
    context = min(context_tokens, header.trained_tokens or context_tokens)
    return MemoryNeed(
        weights=header.data_bytes,
        cache=cache_bytes(header.layers, context),
        overhead=compute_bytes(header.heads, header.vocabulary, context),
        context_tokens=context,
        available=free,
    )
