"""``ModelFile``: one model on this disk, or something that is taken for one, with what is wrong with it.

Looked at through a ``HeaderCache``, so that what was read before is not opened. Finding the files is ``model_walk``'s.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from tavern_tui.domain import messages
from tavern_tui.domain.errors import FormatError, TavernError
from tavern_tui.domain.memory_fit import UBATCH, Fit, MemoryNeed, fit
from tavern_tui.formats.gguf import GgufHeader
from tavern_tui.storage.header_cache import HeaderCache
from tavern_tui.storage.reading import refusal

PART = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})\.gguf\Z", re.IGNORECASE)
"""The name of a part of a split model; parts count from 1."""

_MOST_PARTS = 1000


@dataclass(frozen=True, slots=True)
class Loading:
    """How models would be loaded, as far as it costs memory; the arguments of ``domain.memory_fit.fit``."""

    kv_type: str = "f16"
    replies: int = 1
    response_tokens: int = 300
    flash: bool = True
    ubatch: int = UBATCH
    swa_full: bool = True


USUAL_LOADING = Loading()


@dataclass(frozen=True, slots=True)
class Conditions:
    """What a fit is judged by: the context in tokens, the free memory in bytes where it is known, and how to load."""

    context_tokens: int
    free: int | None = None
    loading: Loading = USUAL_LOADING

    def need(self, header: GgufHeader) -> MemoryNeed:
        """What a model with that header takes. Its context is not larger than what it was trained for."""
        context = min(self.context_tokens, header.trained_tokens or self.context_tokens)
        how = self.loading
        return fit(
            header,
            header.data_bytes,
            context,
            how.kv_type,
            self.free,
            how.replies,
            how.response_tokens,
            flash=how.flash,
            ubatch=how.ubatch,
            swa_full=how.swa_full,
        )


@dataclass(frozen=True, slots=True)
class ModelFile:
    """One model. ``path`` is what an engine opens: the file, or the first part of a split one (all in ``parts``).

    ``size`` sums the parts, in bytes. ``header`` is ``None`` where it cannot be read. ``problem`` says why the model
    cannot be used, ``hint`` what to do. ``need`` is there for models without a problem. ``projector`` is the vision
    projector beside it. ``title`` is its name where the file's says nothing. ``foreign``: it is no GGUF and does not
    claim to be one.
    """

    path: Path
    size: int
    parts: tuple[Path, ...]
    header: GgufHeader | None = None
    need: MemoryNeed | None = None
    problem: str = ""
    hint: str = ""
    projector: Path | None = None
    title: str = ""
    foreign: bool = False

    @property
    def name(self) -> str:
        """The file's name without suffix and part number: what people know a model by."""
        if self.title:
            return self.title
        part = PART.match(self.path.name)
        return part["stem"] if part else self.path.name if self.foreign else self.path.stem

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

    @property
    def is_projector(self) -> bool:
        """Whether it is the eye of another model."""
        if self.header is None:
            return self.path.name.lower().startswith("mmproj")
        return self.header.kind == "mmproj" or self.header.architecture == "clip"


def examined(group: tuple[Path, ...], cache: HeaderCache, conditions: Conditions, title: str = "") -> ModelFile:
    """The model in ``group``: one file, or the parts of a split one in their order. Raises nothing."""
    size, headers = 0, []
    try:
        for path in group:
            size += size_of(path)
        for path in group:
            headers.append(cache.header(path))
    except TavernError as error:
        return ModelFile(group[0], size, group, problem=error.title, hint=error.hint, title=title)
    header = _joined(headers)
    problem, hint = _problem(group, headers)
    need = None if problem else conditions.need(header)
    return ModelFile(group[0], size, group, header, need, problem, hint, title=title)


def usable(model: ModelFile) -> ModelFile:
    """``model``, where nothing is wrong with it. Raises ``FormatError`` saying what is."""
    if model.problem:
        raise FormatError(model.problem, hint=model.hint, where=str(model.path))
    return model


def with_projectors(models: Sequence[ModelFile], projectors: Sequence[ModelFile]) -> list[ModelFile]:
    """Each model with the projector of its folder that was made for it, as far as names tell.

    A projector is of the models whose names share the longest beginning with its own, and of a model that is alone in
    its folder.
    """
    paired: dict[Path, Path] = {}
    for projector in projectors:
        beside = [model for model in models if model.path.parent == projector.path.parent and model.usable]
        shared = {model.path: _shared(model.name, projector.name) for model in beside}
        longest = max(shared.values(), default=0)
        alone = len(beside) == 1
        paired |= {path: projector.path for path, length in shared.items() if alone or (length == longest >= 3)}
    return [replace(model, projector=paired.get(model.path)) for model in models]


def size_of(path: Path) -> int:
    """Bytes of a file. Raises ``NotFoundError`` or ``StorageError``."""
    try:
        return path.stat().st_size
    except (OSError, ValueError) as error:
        raise refusal(path, error) from None


def _shared(model: str, projector: str) -> int:
    """How many characters both names begin with, the projector's own mark aside."""
    plain = re.sub(r"^mmproj[-_.]?|[-_.]?mmproj.*\Z", "", projector.lower())
    pairs = zip(model.lower(), plain, strict=False)
    return next((at for at, (one, other) in enumerate(pairs) if one != other), min(len(model), len(plain)))


def _joined(headers: Sequence[GgufHeader]) -> GgufHeader:
    """The header of a whole model whose parts have these: the first one's words, the sums of all."""
    if len(headers) == 1:
        return headers[0]
    longest = max(len(header.blocks) for header in headers)
    padded = [(*header.blocks, *(0,) * (longest - len(header.blocks))) for header in headers]
    return replace(
        headers[0],
        parameters=sum(header.parameters for header in headers),
        data_bytes=sum(header.data_bytes for header in headers),
        blocks=tuple(map(sum, zip(*padded, strict=True))),
        rest=sum(header.rest for header in headers),
    )


def _problem(group: tuple[Path, ...], headers: Sequence[GgufHeader]) -> tuple[str, str]:
    """Why a model whose headers are readable cannot be used all the same, and what to do; empty where it can."""
    part = PART.match(group[0].name)
    if part:
        there = {int(match["number"]) for path in group if (match := PART.match(path.name))}
        wanted = range(1, min(int(part["count"]), _MOST_PARTS) + 1)
        absent = [str(number) for number in wanted if number not in there]
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
        return f"This is {what}: it cannot chat.", headers[0].instead
    if instead := headers[0].withdrawn:
        return "Its quantisation is no longer supported by llama.cpp.", f"Get the same model as {instead}."
    return "", ""
