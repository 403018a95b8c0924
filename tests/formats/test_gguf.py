"""The GGUF header reader, against files of an independent writer and against hostile ones."""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain.errors import FormatError
from tavern_tui.formats.gguf import GgufHeader, read_header

MakeGguf = Callable[..., Path]
SHAPE = {
    "llama.block_count": 2,
    "llama.embedding_length": 64,
    "llama.attention.head_count": 4,
    "llama.attention.head_count_kv": 2,
    "llama.context_length": 4096,
}


def read(path: Path) -> GgufHeader:
    """Read a file's header."""
    with path.open("rb") as file:
        return read_header(file, path.stat().st_size, where=path.name)


def raw(*parts: bytes, tensors: int = 0, pairs: int = 0, version: int = 3) -> io.BytesIO:
    """A header put together by hand."""
    return io.BytesIO(b"GGUF" + struct.pack("<IQQ", version, tensors, pairs) + b"".join(parts))


def read_raw(file: io.BytesIO) -> GgufHeader:
    """The header of a file put together by hand."""
    return read_header(file, len(file.getvalue()))


def text(value: str) -> bytes:
    """A GGUF string."""
    return struct.pack("<Q", len(value.encode())) + value.encode()


def refused(file: io.BytesIO, size: int | None = None) -> str:
    """The whole message of the refusal."""
    with pytest.raises(FormatError) as caught:
        read_header(file, len(file.getvalue()) if size is None else size, where="m.gguf")
    return str(caught.value)


def test_the_starter_model_tells_everything(starter_model: Path) -> None:
    header = read(starter_model)
    assert (header.architecture, header.quant, header.tokenizer) == ("llama", "Q4_1", "gpt2")
    assert (header.trained_tokens, header.vocabulary, header.tensors) == (8192, 49152, 272)
    assert (header.bos_id, header.eos_id, header.add_bos, header.add_eos) == (1, 2, False, None)
    assert header.parameters == 134_515_008
    assert header.cache_bytes_per_token == 22.5 * 1024
    assert "<|im_start|>" in header.chat_template
    assert header.expected_size == starter_model.stat().st_size
    assert (header.missing_bytes, header.not_a_chat_model) == (0, "")


def test_keys_behind_a_long_vocabulary_are_found(make_gguf: MakeGguf) -> None:
    path = make_gguf(keys=SHAPE, tokens=30_000, last={"general.file_type": 15, "tokenizer.ggml.add_bos_token": True})
    header = read(path)
    assert (header.quant, header.vocabulary, header.add_bos) == ("Q4_K_M", 30_000, True)


def test_lists_per_layer_are_understood(make_gguf: MakeGguf) -> None:
    keys = {**SHAPE, "llama.attention.head_count_kv": [2, 0], "llama.attention.head_count": [4, 4]}
    header = read(make_gguf(keys=keys))
    assert header.heads == 4
    keys["llama.attention.head_count"] = 4
    assert read(make_gguf("other.gguf", keys=keys)).cache_bytes_per_token == 2 * 2 * 16 * 2


def test_missing_bytes_are_counted_exactly(make_gguf: MakeGguf) -> None:
    whole = make_gguf(keys=SHAPE, tensors={"a": (4, 32), "b": (3, 32)}).read_bytes()
    header = read_header(io.BytesIO(whole), len(whole))
    assert header.missing_bytes == 0
    assert header.data_bytes == 4 * 7 * 32
    for there in (header.expected_size - 1, header.expected_size - 700):
        assert read_header(io.BytesIO(whole), there).missing_bytes == header.expected_size - there


def test_the_writer_s_padding_is_no_part_of_what_is_expected(make_gguf: MakeGguf) -> None:
    header = read(make_gguf(tensors={"a": (1, 33)}))
    assert header.present - 32 < header.expected_size <= header.present


@given(st.integers(0, 2000))
def test_a_file_that_ends_inside_its_header_says_so(cut: int) -> None:
    pairs = [text(f"key.{n}") + struct.pack("<I", 8) + text("x" * 90) for n in range(20)]
    whole = raw(*pairs, pairs=20).getvalue()
    short = whole[: min(cut, len(whole) - 1)]
    message = refused(io.BytesIO(short))
    assert "inside the header" in message or len(short) < 4


@pytest.mark.parametrize(
    ("file", "words"),
    [
        (raw(version=1), "version 1"),
        (raw(version=0x03000000), "big-endian"),
        (raw(version=9), "version 9"),
        (raw(tensors=10**12), "counts are impossible"),
        (raw(pairs=2**63), "counts are impossible"),
        (raw(struct.pack("<Q", 2**40), pairs=1), "impossible length"),
        (raw(text("k"), struct.pack("<I", 99), pairs=1), "unknown type 99"),
        (raw(text("k"), struct.pack("<IIQ", 9, 4, 2**40), pairs=1), "longer than the file"),
        (raw(text("k"), struct.pack("<IQ", 8, 2**62), pairs=1), "impossible length"),
        (raw(text("k"), struct.pack("<IIQQ", 9, 8, 1, 2**62), pairs=1), "impossible length"),
        (raw(text("k"), struct.pack("<I", 9), struct.pack("<IQ", 9, 1) * 9, pairs=1), "nested too deep"),
        (raw(text("general.alignment"), struct.pack("<II", 4, 0), pairs=1), "alignment"),
        (raw(text("t"), struct.pack("<I", 2000), b"\0" * 99, tensors=1), "impossible shape"),
        (raw(text("t"), struct.pack("<IQQIQ", 2, 2**40, 2**40, 0, 0), tensors=1), "impossible size"),
        (io.BytesIO(b"<!DOCTYPE html>"), "web page"),
        (io.BytesIO(b""), "empty file"),
    ],
)
def test_what_breaks_the_format_is_refused(file: io.BytesIO, words: str) -> None:
    assert words in refused(file)


def test_texts_that_are_no_utf8_are_shown_all_the_same() -> None:
    name = text("general.name") + struct.pack("<IQ", 8, 2) + b"\xff!"
    assert read_raw(raw(name, pairs=1)).name == "\ufffd!"


def test_values_of_a_wrong_kind_are_left_out() -> None:
    wrong = (
        text("general.name")
        + struct.pack("<II", 4, 7)
        + text("llama.context_length")
        + struct.pack("<I", 8)
        + text("x")
    )
    header = read_raw(raw(wrong, pairs=2))
    assert (header.name, header.architecture) == ("", "")


@pytest.mark.parametrize(
    ("arch", "keys", "words"),
    [
        ("bert", {}, "an embedding model"),
        ("qwen3", {"qwen3.pooling_type": 3}, "an embedding model"),
        ("clip", {}, "a vision projector"),
        ("llama", {"general.type": "adapter"}, "a LoRA adapter"),
        ("flux", {}, "an image model"),
    ],
)
def test_files_that_cannot_chat_are_recognised(
    make_gguf: MakeGguf, arch: str, keys: dict[str, object], words: str
) -> None:
    assert read(make_gguf(arch=arch, keys=keys)).not_a_chat_model == words


def test_a_vocabulary_without_tensors_is_recognised() -> None:
    assert read_raw(raw()).not_a_chat_model == "a vocabulary without a model"


def test_a_part_of_a_split_model_knows_its_number(make_gguf: MakeGguf) -> None:
    header = read(make_gguf(keys={"split.no": 1, "split.count": 3}))
    assert (header.split_number, header.split_count, header.not_a_chat_model) == (1, 3, "")


def test_a_withdrawn_quantisation_names_what_to_get(make_gguf: MakeGguf) -> None:
    header = read(make_gguf(keys={"general.file_type": 34}))
    assert (header.quant, header.withdrawn) == ("", "Q4_0")


@given(st.data())
def test_mutated_headers_bring_a_header_or_a_format_error(starter_model: Path, data: st.DataObject) -> None:
    with starter_model.open("rb") as file:
        head = bytearray(file.read(4096))
    for _ in range(data.draw(st.integers(1, 8))):
        head[data.draw(st.integers(0, len(head) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_header(io.BytesIO(bytes(head)), len(head))
    except FormatError:
        pass


def test_the_bytes_of_each_layer_and_of_the_rest_are_known(make_gguf: MakeGguf) -> None:
    tensors = {
        "token_embd.weight": (4, 32),
        "blk.0.attn_q.weight": (2, 32),
        "blk.0.ffn_up.weight": (3, 32),
        "blk.2.attn_q.weight": (1, 32),
        "blk.999999.attn_q.weight": (1, 32),
        "output.weight": (1, 32),
    }
    header = read(make_gguf(keys=SHAPE, tensors=tensors))
    row = 32 * 4
    assert header.blocks == (5 * row, 0, row)
    assert header.rest == 6 * row
    assert sum(header.blocks) + header.rest == header.data_bytes
    assert header.bits_per_weight == 32
    assert header.shape.blocks == header.blocks


def test_the_starter_s_layers_are_equal_and_its_label_is_told_beside_its_true_bits(starter_model: Path) -> None:
    header = read(starter_model)
    assert len(header.blocks) == 30
    assert sum(header.blocks) + header.rest == header.data_bytes
    assert header.bits_per_weight == pytest.approx(5.74, abs=0.01)
    assert header.rope is not None
    assert (header.rope.base, header.rope.trained_tokens, header.rope.scale) == (100_000.0, 8192, 1.0)
    assert (header.size_label, header.license, header.rewinds) == ("135M", "apache-2.0", True)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ({}, (10_000.0, 1.0, "", False)),
        ({"llama.rope.freq_base": 500_000.0}, (500_000.0, 1.0, "", False)),
        ({"llama.rope.scaling.type": "linear", "llama.rope.scaling.factor": 4.0}, (10_000.0, 0.25, "linear", False)),
        ({"llama.rope.scale_linear": 2.0}, (10_000.0, 0.5, "", False)),
        ({"llama.rope.scaling.type": "yarn", "llama.rope.scaling.factor": 4.0}, (10_000.0, 1.0, "yarn", False)),
        ({"llama.rope.scaling.type": "none"}, (10_000.0, 1.0, "", False)),
    ],
    ids=["plain", "base", "linear", "old-linear", "yarn", "none"],
)
def test_what_the_header_tells_of_positions_is_read(
    make_gguf: MakeGguf, keys: dict[str, object], expected: tuple[object, ...]
) -> None:
    rope = read(make_gguf(keys={**SHAPE, **keys})).rope
    assert rope is not None
    assert (rope.base, rope.scale, rope.scaling, rope.factors) == expected


def test_factors_of_single_frequencies_are_noticed(make_gguf: MakeGguf) -> None:
    rope = read(make_gguf(keys=SHAPE, tensors={"rope_freqs.weight": (1, 32)})).rope
    assert rope is not None
    assert rope.factors


def test_experts_recurrent_layers_and_the_author_s_samplers_are_told(make_gguf: MakeGguf) -> None:
    keys = {
        **SHAPE,
        "llama.expert_count": 128,
        "llama.expert_used_count": 8,
        "llama.ssm.state_size": 16,
        "general.sampling.temp": 0.5,
        "general.sampling.top_k": 20,
        "general.sampling.sequence": "kfypmxt",
    }
    header = read(make_gguf(keys=keys))
    assert (header.experts, header.experts_used, header.rewinds) == (128, 8, False)
    assert header.sampling == (("temp", 0.5), ("top_k", 20.0))


def test_what_is_no_chat_model_says_what_to_do(make_gguf: MakeGguf) -> None:
    assert "choose a chat model" in read(make_gguf(arch="nomic-bert")).instead
    assert "engine.lora" in read(make_gguf("l.gguf", keys={"general.type": "adapter"})).instead
