"""The GGUF header: what a model file says about itself, and whether all of it is there.

A real parse with bounds, since the keys worth showing also come after megabytes of vocabulary. Long arrays are
stepped over, tensor data is never read. Works on any seekable binary file; opening and caching is the storage room's
business. Format: GGUF specification, versions 2 and 3.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any, BinaryIO

from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.memory_fit import Layer, bytes_per_token
from tavern_tui.formats import weights
from tavern_tui.formats.gguf_tables import BLOCKS, NOT_CHAT, NOT_MODELS, QUANTS, WITHDRAWN_QUANTS
from tavern_tui.formats.kv_cache import layers_of

MAGIC = b"GGUF"
MAX_KEY = 64 * 1024
MAX_STRING = 64 * 1024 * 1024
MAX_KEPT_STRING = 1024 * 1024
MAX_ARRAY = 50_000_000
MAX_KEPT_ARRAY = 1024  # settings given per layer; all other lists are only counted
MAX_NESTED = 100_000
MAX_PAIRS = 10_000
MAX_HEADER = 512 * 1024 * 1024
MAX_TENSORS = 100_000
MAX_NESTING = 4
MAX_TENSOR_NAME = 1024
_STRING, _ARRAY = 8, 9
# Value type → struct code.
_SCALARS = {0: "B", 1: "b", 2: "H", 3: "h", 4: "I", 5: "i", 6: "f", 7: "?", 10: "Q", 11: "q", 12: "d"}
_BUFFER = 256 * 1024


@dataclass(frozen=True, slots=True)
class GgufHeader:
    """A model's own words about itself, all untrusted. ``None`` or empty: the file does not say.

    ``expected_size`` is where the last tensor ends, in bytes; ``present`` is the file's size. ``data_bytes`` are the
    weights alone. ``split_number`` counts from 0. ``withdrawn`` names the quantisation to get instead of one that
    llama.cpp has dropped. ``layers`` tell the size of the cache, ``heads`` and ``vocabulary`` that of the working
    memory.
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


def read_header(file: BinaryIO, size: int, *, where: str = "") -> GgufHeader:
    """Read the header of ``file``, which holds ``size`` bytes. ``where`` is its name for messages.

    Raises ``FormatError`` for a file that is something else (saying what), for a header that breaks its own format,
    and for one that ends inside its header. Weights that are missing are no error: see ``missing_bytes``.
    """
    cursor = _Cursor(file, size, where)
    first = cursor.peek(weights.FIRST_BYTES)
    if not first.startswith(MAGIC):
        found = weights.what_is_this(first, size)
        raise FormatError(f"This is {found.what}.", hint=found.advice, where=where)
    cursor.skip(len(MAGIC))
    _check_version(cursor.number("I"), where)
    tensors, pairs = cursor.number("Q"), cursor.number("Q")
    if tensors > MAX_TENSORS or pairs > MAX_PAIRS:
        raise cursor.damaged("its counts are impossible")
    values, counts = _metadata(cursor, pairs)
    parameters, data_bytes, ends = _tensors(cursor, tensors)
    alignment = values.get("general.alignment", 32)
    if not isinstance(alignment, int) or not 0 < alignment <= 2**20:
        raise cursor.damaged("its alignment is impossible")
    data_start = -(-cursor.at // alignment) * alignment
    return _header(values, counts, tensors, parameters, data_bytes, data_start + ends if ends else cursor.at, size)


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


def _metadata(cursor: _Cursor, pairs: int) -> tuple[dict[str, Any], dict[str, int]]:
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


def _value(cursor: _Cursor, kind: int, depth: int) -> tuple[Any, int | None]:
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


def _tensors(cursor: _Cursor, tensors: int) -> tuple[int, int, int]:
    """Elements of all tensors, their bytes, and where the last one ends behind the data's start.

    Tensors of a type that is not known here count with their elements only.
    """
    parameters = data_bytes = end = 0
    for _ in range(tensors):
        cursor.string(MAX_TENSOR_NAME)
        dimensions = cursor.number("I")
        if dimensions > 8:
            raise cursor.damaged("it holds a tensor of impossible shape")
        elements = 1
        for _ in range(dimensions):
            elements *= cursor.number("Q")
        kind, offset = cursor.number("I"), cursor.number("Q")
        if elements > 2**60 or offset > 2**60:
            raise cursor.damaged("it holds a tensor of impossible size")
        parameters += elements
        if kind in BLOCKS:
            block, width = BLOCKS[kind]
            length = -(-elements // block) * width
            data_bytes += length
            end = max(end, offset + length)
    return parameters, data_bytes, end


def _header(
    values: dict[str, Any], counts: dict[str, int], tensors: int, parameters: int, data: int, end: int, size: int
) -> GgufHeader:
    def text(key: str) -> str:
        value = values.get(key)
        return value if isinstance(value, str) else ""

    def number(key: str) -> int | None:
        value = values.get(key)
        return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else None

    def flag(key: str) -> bool | None:
        value = values.get(key)
        return value if isinstance(value, bool) else None

    arch = text("general.architecture")
    heads = values.get(f"{arch}.attention.head_count", 0)
    heads = max((n for n in heads if isinstance(n, int)), default=0) if isinstance(heads, list) else heads
    file_type = number("general.file_type")
    return GgufHeader(
        name=text("general.name"),
        architecture=arch,
        kind=text("general.type"),
        quant="" if file_type is None else QUANTS.get(file_type, ""),
        withdrawn="" if file_type is None else WITHDRAWN_QUANTS.get(file_type, ""),
        trained_tokens=number(f"{arch}.context_length"),
        chat_template=text("tokenizer.chat_template"),
        parameters=parameters,
        layers=layers_of(values),
        heads=heads if isinstance(heads, int) and 0 <= heads < 2**20 else 0,
        vocabulary=counts.get("tokenizer.ggml.tokens", 0) or number(f"{arch}.vocab_size") or 0,
        tokenizer=text("tokenizer.ggml.model"),
        pre_tokenizer=text("tokenizer.ggml.pre"),
        bos_id=number("tokenizer.ggml.bos_token_id"),
        eos_id=number("tokenizer.ggml.eos_token_id"),
        add_bos=flag("tokenizer.ggml.add_bos_token"),
        add_eos=flag("tokenizer.ggml.add_eos_token"),
        pooling=f"{arch}.pooling_type" in values,
        tensors=tensors,
        data_bytes=data,
        expected_size=end,
        present=size,
        split_number=number("split.no") or 0,
        split_count=max(1, number("split.count") or 1),
    )


class _Cursor:
    """Reads forward through a file in large pieces, and never beyond its end."""

    def __init__(self, file: BinaryIO, size: int, where: str) -> None:
        self._file = file
        self._size = size
        self._where = where
        self._buffer = b""
        self._start = 0  # where the buffer lies in the file
        self.at = 0

    @property
    def left(self) -> int:
        """Bytes between here and the end of the file."""
        return self._size - self.at

    def peek(self, count: int) -> bytes:
        """Up to ``count`` bytes from here, without moving."""
        count = max(0, min(count, self.left))
        offset = self.at - self._start
        if not 0 <= offset <= len(self._buffer) - count:
            self._file.seek(self.at)
            self._buffer, self._start, offset = self._file.read(max(count, _BUFFER)), self.at, 0
        return self._buffer[offset : offset + count]

    def take(self, count: int) -> bytes:
        """The next ``count`` bytes."""
        data = self.peek(count)
        if len(data) < count:
            raise self._cut_short()
        self.at += count
        return data

    def skip(self, count: int) -> None:
        """Step over ``count`` bytes."""
        if count > self.left:
            raise self._cut_short()
        self.at += count

    def number(self, code: str) -> Any:
        """The next scalar, by its ``struct`` code."""
        layout = struct.Struct(f"<{code}")
        return layout.unpack(self.take(layout.size))[0]

    def string(self, limit: int) -> str:
        """The next string; what is not UTF-8 in it is replaced, what is too long to be shown left empty."""
        length = self.number("Q")
        if length > limit:
            raise self.damaged("it holds a text of impossible length")
        if length > MAX_KEPT_STRING:
            self.skip(length)
            return ""
        return self.take(length).decode("utf-8", "replace")

    def skip_strings(self, count: int) -> None:
        """Step over ``count`` strings; vocabularies have hundreds of thousands."""
        unpack, at, size = struct.Struct("<Q").unpack_from, self.at, self._size
        buffer, start = self._buffer, self._start
        for _ in range(count):
            if at + 8 > start + len(buffer) or at < start:
                self.at = at
                self.peek(8)
                buffer, start = self._buffer, self._start
                if at + 8 > start + len(buffer):
                    raise self._cut_short()
            (length,) = unpack(buffer, at - start)
            at += 8 + length
            if length > MAX_STRING:
                raise self.damaged("it holds a text of impossible length")
            if at > size:
                raise self._cut_short()
        self.at = at

    def damaged(self, why: str) -> FormatError:
        """The error for a header that breaks its own format."""
        return FormatError(f"This model file is damaged: {why}.", hint="Fetch it again.", where=self._where)

    def _cut_short(self) -> FormatError:
        return FormatError(
            f"Model file is cut short: its {self._size:,} bytes end inside the header.",
            hint="Fetch it again.",
            where=self._where,
        )
