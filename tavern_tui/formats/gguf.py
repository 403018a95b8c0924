"""The GGUF header: what a model file says about itself, and whether all of it is there.

A real parse with bounds, since the keys worth showing also come after megabytes of vocabulary. Long arrays are
stepped over, tensor data is never read. Works on any seekable binary file; opening and caching is the storage room's
business. Format: GGUF specification, versions 2 and 3.
"""

from __future__ import annotations

import math
import re
import struct
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.memory_fit import Layer, ModelShape, bytes_per_token
from tavern_tui.domain.rope import RopeFacts, is_solar
from tavern_tui.formats import weights
from tavern_tui.formats.gguf_cursor import MAX_STRING, GgufCursor
from tavern_tui.formats.gguf_tables import BLOCKS, INSTEAD, NOT_CHAT, NOT_MODELS, QUANTS, WITHDRAWN_QUANTS
from tavern_tui.formats.kv_cache import layers_of

MAGIC = b"GGUF"
MAX_KEY = 64 * 1024
MAX_ARRAY = 50_000_000
MAX_KEPT_ARRAY = 1024  # settings given per layer; all other lists are only counted
MAX_NESTED = 100_000
MAX_PAIRS = 10_000
MAX_HEADER = 512 * 1024 * 1024
MAX_TENSORS = 100_000
MAX_NESTING = 4
MAX_TENSOR_NAME = 1024
MAX_LAYERS = 10_000
MAX_SAMPLING = 32
MAX_LABEL = 100  # characters of a label that is shown
_IN_LAYER = re.compile(r"blk\.(\d{1,5})\.")
_SAMPLING = "general.sampling."
_STRING, _ARRAY = 8, 9
# Value type → struct code.
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """A model's own words about itself, all untrusted. ``None`` or empty: the file does not say.

    ``expected_size`` is where the last tensor ends, in bytes; ``present`` is the file's size. ``data_bytes`` are the
    weights alone. ``split_number`` counts from 0. ``withdrawn`` names the quantisation to get instead of one that
    llama.cpp has dropped. ``layers`` tell the size of the cache, ``heads`` and ``vocabulary`` that of the working
    memory. ``blocks`` are the bytes of each layer's weights, ``rest`` those of what is in no layer. ``experts_used`` of
    ``experts`` read each token. ``rewinds``: the cache can be cut back; without it an edit has the prompt read anew.
    ``sampling`` is what the author recommends, by the names of ``general.sampling``.
    """

    name: str = ""
    architecture: str = ""
    kind: str = ""
    quant: str = ""
    withdrawn: str = ""
    trained_tokens: int | None = None
    chat_template: str = ""
    parameters: int = 0
    layers: tuple[Layer, ...] = ()
    heads: int = 0
    vocabulary: int = 0
    tokenizer: str = ""
    pre_tokenizer: str = ""
    bos_id: int | None = None
    eos_id: int | None = None
    add_bos: bool | None = None
    add_eos: bool | None = None
    pooling: bool = False
    tensors: int = 0
    data_bytes: int = 0
    expected_size: int = 0
    present: int = 0
    split_number: int = 0
    split_count: int = 1
    blocks: tuple[int, ...] = ()
    rest: int = 0
    rope: RopeFacts | None = None
    experts: int = 0
    experts_used: int = 0
    rewinds: bool = True
    size_label: str = ""
    license: str = ""
    sampling: tuple[tuple[str, float], ...] = ()

    @property
    def shape(self) -> ModelShape:
        """What an engine is told before it loads the model."""
        return ModelShape(self.blocks, self.rest, self.layers, self.heads, self.vocabulary, self.rope)

    @property
    def bits_per_weight(self) -> float:
        """What the weights really take, whatever the label says; 0 where nothing is known."""
        return 8 * self.data_bytes / self.parameters if self.parameters else 0.0

    @property
    def missing_bytes(self) -> int:
        """How much of the file is not there; 0 for a whole one."""
        return max(0, self.expected_size - self.present)

    @property
    def cache_bytes_per_token(self) -> float:
        """Bytes of an f16 cache that one token takes; 0 where the header does not tell."""
        return bytes_per_token(self.layers)

    @property
    def not_a_chat_model(self) -> str:
        """What the file is instead, as the end of "This is …"; empty for a model that can chat."""
        known = NOT_MODELS.get(self.kind) or NOT_CHAT.get(self.architecture)
        if known:
            return known
        if self.pooling:
            return "an embedding model"
        if not self.tensors and self.split_count == 1:
            return "a vocabulary without a model"
        return ""

    @property
    def instead(self) -> str:
        """What to do with a file that is not a chat model, as a sentence."""
        return INSTEAD.get(self.not_a_chat_model, "Choose a chat model.")


def read_header(file: BinaryIO, size: int, *, where: str = "") -> GgufHeader:
    """Read the header of ``file``, which holds ``size`` bytes. ``where`` is its name for messages.

    Raises ``FormatError`` for a file that is something else (saying what), for a header that breaks its own format,
    and for one that ends inside its header. Weights that are missing are no error: see ``missing_bytes``.
    """
    cursor = GgufCursor(file, size, where)
    first = cursor.peek(weights.FIRST_BYTES)
    if not first.startswith(MAGIC):
        found = weights.what_is_this(first, size, where)
        raise FormatError(f"This is {found.what}.", hint=found.advice, where=where)
    cursor.skip(len(MAGIC))
    _check_version(cursor.number("I"), where)
    tensors, pairs = cursor.number("Q"), cursor.number("Q")
    if tensors > MAX_TENSORS or pairs > MAX_PAIRS:
        raise cursor.damaged("its counts are impossible")
    values, counts = _metadata(cursor, pairs)
    listed = _tensors(cursor, tensors)
    alignment = values.get("general.alignment", 32)
    if not isinstance(alignment, int) or not 0 < alignment <= 2**20:
        raise cursor.damaged("its alignment is impossible")
    data_start = -(-cursor.at // alignment) * alignment
    return _header(_Values(values), counts, listed, data_start + listed.end if listed.end else cursor.at, size)


def _check_version(version: int, where: str) -> None:
    if version in (2, 3):
        return
    if version == 1:
        raise FormatError("This is a GGUF file of version 1.", hint="Download a newer conversion.", where=where)
    if version >= 2**24:
        raise FormatError("This is a big-endian GGUF file.", hint="Get the little-endian one.", where=where)
    raise FormatError(
        f"This is a GGUF file of version {version}; 2 and 3 are known here.", hint="Update tavern-tui.", where=where
    )


def _metadata(cursor: GgufCursor, pairs: int) -> tuple[dict[str, Any], dict[str, int]]:
    """The values worth keeping by key, and the lengths of all arrays."""
    values: dict[str, Any] = {}
    counts: dict[str, int] = {}
    for _ in range(pairs):
        key = cursor.string(MAX_KEY)
        value, count = _value(cursor, cursor.number("I"), 0)
        if cursor.at > MAX_HEADER:
            raise cursor.damaged("its header is impossibly long")
        if value is not None:
            values[key] = value
        if count is not None:
            counts[key] = count
    return values, counts


def _value(cursor: GgufCursor, kind: int, depth: int) -> tuple[Any, int | None]:
    """One value (``None`` where it is only stepped over) and, for an array, its length."""
    if kind in _SCALARS:
        return cursor.number(_SCALARS[kind]), None
    if kind == _STRING:
        return cursor.string(MAX_STRING), None
    if kind != _ARRAY or depth >= MAX_NESTING:
        raise cursor.damaged(
            f"it holds a value of the unknown type {kind}" if kind != _ARRAY else "it is nested too deep"
        )
    inner, count = cursor.number("I"), cursor.number("Q")
    if count > min(MAX_NESTED if inner == _ARRAY else MAX_ARRAY, cursor.left):
        raise cursor.damaged("it holds a list longer than the file")
    if inner in _SCALARS:
        code = _SCALARS[inner]
        width = struct.calcsize(f"<{code}")
        if count > MAX_KEPT_ARRAY:
            cursor.skip(width * count)
            return None, count
        return list(struct.unpack(f"<{count}{code}", cursor.take(width * count))), count
    if inner == _STRING:
        cursor.skip_strings(count)
        return None, count
    for _ in range(count):
        _value(cursor, inner, depth + 1)
    return None, count


@dataclass(slots=True)
class _Tensors:
    """All tensors of a file: their elements, their bytes, and where the last one ends behind the data's start.

    ``blocks`` are the bytes by layer, ``rest`` those of no layer. Tensors of a type that is not known here count with
    their elements only. ``factors``: RoPE has a factor of its own for each frequency.
    """

    count: int = 0
    parameters: int = 0
    bytes: int = 0
    end: int = 0
    rest: int = 0
    blocks: dict[int, int] = field(default_factory=dict)
    factors: bool = False

    def add(self, name: str, elements: int, kind: int, offset: int) -> None:
        """One more."""
        self.count += 1
        self.parameters += elements
        self.factors = self.factors or name.startswith(("rope_freqs.", "rope_factors_"))
        if kind not in BLOCKS:
            return
        block, width = BLOCKS[kind]
        length = -(-elements // block) * width
        self.bytes += length
        self.end = max(self.end, offset + length)
        layer = _IN_LAYER.match(name)
        if layer and (number := int(layer[1])) < MAX_LAYERS:
            self.blocks[number] = self.blocks.get(number, 0) + length
        else:
            self.rest += length

    def by_layer(self) -> tuple[int, ...]:
        """The bytes of each layer, from the first to the last."""
        return tuple(self.blocks.get(number, 0) for number in range(max(self.blocks, default=-1) + 1))


def _tensors(cursor: GgufCursor, count: int) -> _Tensors:
    """The list of tensors."""
    found = _Tensors()
    for _ in range(count):
        name = cursor.string(MAX_TENSOR_NAME)
        dimensions = cursor.number("I")
        if dimensions > 8:
            raise cursor.damaged("it holds a tensor of impossible shape")
        elements = 1
        for _ in range(dimensions):
            elements *= cursor.number("Q")
        kind, offset = cursor.number("I"), cursor.number("Q")
        if elements > 2**60 or offset > 2**60:
            raise cursor.damaged("it holds a tensor of impossible size")
        found.add(name, elements, kind, offset)
    return found


class _Values:
    """A header's metadata, read by type: a value of another kind counts as none."""

    def __init__(self, values: dict[str, Any]) -> None:
        self.all = values
        self.architecture = self.text("general.architecture")

    def text(self, key: str) -> str:
        value = self.all.get(key)
        return value if isinstance(value, str) else ""

    def number(self, key: str) -> int | None:
        value = self.all.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

    def real(self, key: str) -> float | None:
        value = self.all.get(key)
        known = isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
        return float(value) if known and value is not None else None

    def flag(self, key: str) -> bool | None:
        value = self.all.get(key)
        return value if isinstance(value, bool) else None

    def own(self, key: str) -> str:
        """The key of the model's own architecture."""
        return f"{self.architecture}.{key}"

    @property
    def heads(self) -> int:
        """Attention heads, the most of any layer."""
        value = self.all.get(self.own("attention.head_count"), 0)
        value = max((n for n in value if isinstance(n, int)), default=0) if isinstance(value, list) else value
        return value if isinstance(value, int) and 0 <= value < 2**20 else 0

    @property
    def rewinds(self) -> bool:
        """Whether no layer keeps a state that cannot be cut back."""
        recurrent = ("ssm.state_size", "ssm.conv_kernel", "wkv.head_size", "shortconv.l_cache")
        return not any(self.own(key) in self.all for key in recurrent)

    def rope(self, tensors: _Tensors) -> RopeFacts:
        """What the header tells of positions."""
        base = self.real(self.own("rope.freq_base")) or 10_000.0
        factor = self.real(self.own("rope.scaling.factor")) or self.real(self.own("rope.scale_linear")) or 1.0
        scaling = self.text(self.own("rope.scaling.type"))
        linear = scaling in ("", "linear") and factor > 0
        return RopeFacts(
            trained_tokens=self.number(self.own("context_length")),
            base=base,
            scale=1 / factor if linear else 1.0,
            scaling="" if scaling == "none" else scaling,
            factors=tensors.factors,
            solar=is_solar(self.architecture, base, tensors.count),
        )

    def sampling(self) -> tuple[tuple[str, float], ...]:
        """What the author recommends."""
        names = (key for key in self.all if key.startswith(_SAMPLING))
        found = ((name.removeprefix(_SAMPLING), self.real(name)) for name in sorted(names))
        return tuple((name, value) for name, value in found if value is not None)[:MAX_SAMPLING]


def _header(found: _Values, counts: dict[str, int], tensors: _Tensors, end: int, size: int) -> GgufHeader:
    file_type = found.number("general.file_type")
    return GgufHeader(
        name=found.text("general.name"),
        architecture=found.architecture,
        kind=found.text("general.type"),
        quant="" if file_type is None else QUANTS.get(file_type, ""),
        withdrawn="" if file_type is None else WITHDRAWN_QUANTS.get(file_type, ""),
        trained_tokens=found.number(found.own("context_length")),
        chat_template=found.text("tokenizer.chat_template"),
        parameters=tensors.parameters,
        layers=layers_of(found.all),
        heads=found.heads,
        vocabulary=counts.get("tokenizer.ggml.tokens", 0) or found.number(found.own("vocab_size")) or 0,
        tokenizer=found.text("tokenizer.ggml.model"),
        pre_tokenizer=found.text("tokenizer.ggml.pre"),
        bos_id=found.number("tokenizer.ggml.bos_token_id"),
        eos_id=found.number("tokenizer.ggml.eos_token_id"),
        add_bos=found.flag("tokenizer.ggml.add_bos_token"),
        add_eos=found.flag("tokenizer.ggml.add_eos_token"),
        pooling=found.own("pooling_type") in found.all,
        tensors=tensors.count,
        data_bytes=tensors.bytes,
        expected_size=end,
        present=size,
        split_number=found.number("split.no") or 0,
        split_count=max(1, found.number("split.count") or 1),
        blocks=tensors.by_layer(),
        rest=tensors.rest,
        rope=found.rope(tensors),
        experts=found.number(found.own("expert_count")) or 0,
        experts_used=found.number(found.own("expert_used_count")) or 0,
        rewinds=found.rewinds,
        size_label=found.text("general.size_label")[:MAX_LABEL],
        license=found.text("general.license")[:MAX_LABEL],
        sampling=found.sampling(),
    )
