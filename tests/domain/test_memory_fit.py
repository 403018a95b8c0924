"""Whether a model fits: its parts against free memory, and how many of its layers go to a GPU."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tavern_tui.domain.memory_fit import (
    ELEMENT_BYTES,
    GPU_RESERVE,
    PROCESS_BYTES,
    Fit,
    Layer,
    MemoryNeed,
    ModelShape,
    cells,
    compute_bytes,
    fit,
    gpu_layers,
)

MIB, GIB = 2**20, 2**30


def shape(
    layers: int, kv_heads: int, file_bytes: float, rest: float, *, heads: int = 32, vocab: int = 128_256
) -> ModelShape:
    """A model with heads of 128 and layers of one size, ``rest`` bytes of which are in none."""
    cache = (Layer(kv_heads * 128, kv_heads * 128),) * layers
    block = int(file_bytes - rest) // layers
    return ModelShape((block,) * layers, int(rest), cache, heads, vocab)


LLAMA_3_8B = shape(32, 8, 4.92e9, 0.73e9)
NEMO_12B = shape(40, 8, 7.48e9, 1.0e9, vocab=131_072)


def need(model: ModelShape, context: int, **options: object) -> MemoryNeed:
    """What all of it takes."""
    return fit(model, sum(model.blocks) + model.rest, context, **options)  # type: ignore[arg-type]


def test_weights_cache_and_working_memory_are_told_apart() -> None:
    found = need(LLAMA_3_8B, 8192, free_bytes=16 * GIB)
    assert found.cache == GIB
    assert found.weights == pytest.approx(4.92e9, abs=100)
    assert found.overhead == 512 * 128_256 * 4 + PROCESS_BYTES
    assert found.total == found.weights + found.cache + found.overhead


@pytest.mark.parametrize(
    ("free", "word"),
    [(8 * GIB, Fit.FITS), (6.5 * GIB, Fit.TIGHT), (5 * GIB, Fit.SWAPS), (None, Fit.UNKNOWN)],
    ids=["roomy", "just", "too little", "unknown"],
)
def test_fits_is_tight_and_will_swap(free: float | None, word: Fit) -> None:
    assert need(LLAMA_3_8B, 8192, free_bytes=None if free is None else int(free)).fit is word


@pytest.mark.parametrize("kv_type", ["q8_0", "q4_0"])
def test_a_quantised_cache_takes_its_part(kv_type: str) -> None:
    assert need(LLAMA_3_8B, 8192, kv_type=kv_type).cache == GIB * ELEMENT_BYTES[kv_type] / 2


def test_replies_side_by_side_need_room_but_for_the_first() -> None:
    assert cells(8192, 4, 300) == 8192 + 900
    assert cells(8192, 1, 300) == cells(8192, 0, 300) == 8192
    more = need(LLAMA_3_8B, 8192, replies=4, response_tokens=256)
    assert more.cache == GIB * (8192 + 768) // 8192
    assert more.context_tokens == 8192


def test_layers_with_a_window_take_all_the_same_unless_that_is_switched_off() -> None:
    model = ModelShape(layers=(Layer(64, 64, window=512), Layer(64, 64)))
    assert fit(model, 0, 8192).cache == 2 * 8192 * 256
    assert fit(model, 0, 8192, swa_full=False).cache == (8192 + 1024) * 256


# tokens, at once, flash attention → "compute buffer size" of the starter's shape in llama.cpp's log, MiB.
@pytest.mark.parametrize(
    ("context", "ubatch", "flash", "logged"),
    [(8192, 128, True, 24.56), (8192, 128, False, 41.60), (8192, 512, True, 98.25), (8192, 512, False, 166.38)],
    ids=["128", "128 without flash", "512", "512 without flash"],
)
def test_working_memory_is_near_what_llama_cpp_reserves(context: int, ubatch: int, flash: bool, logged: float) -> None:
    reserved = compute_bytes(9, 49_152, context, ubatch=ubatch, flash=flash) - PROCESS_BYTES
    assert reserved / MIB == pytest.approx(logged, rel=0.06)


# KoboldCpp's own rule for the same cards, which is known to be careful.
@pytest.mark.parametrize(
    ("model", "context", "free", "careful"),
    [(LLAMA_3_8B, 8192, 8, 32), (LLAMA_3_8B, 8192, 6, 21), (NEMO_12B, 16_384, 12, 35), (NEMO_12B, 16_384, 7, 19)],
    ids=["8B on 8 GiB", "8B on 6 GiB", "12B on 12 GiB", "12B on 7 GiB"],
)
def test_a_gpu_gets_no_fewer_layers_than_by_the_careful_rule(
    model: ModelShape, context: int, free: int, careful: int
) -> None:
    assert gpu_layers(model, need(model, context), free * GIB) >= careful


def test_everything_on_a_gpu_is_one_more_than_the_blocks() -> None:
    assert gpu_layers(LLAMA_3_8B, need(LLAMA_3_8B, 8192), 24 * GIB) == 33


@pytest.mark.parametrize(
    ("model", "free"), [(LLAMA_3_8B, GIB), (ModelShape(), 24 * GIB)], ids=["no room", "nothing known"]
)
def test_nothing_goes_to_a_gpu_without_room_or_knowledge(model: ModelShape, free: int) -> None:
    assert gpu_layers(model, need(model, 8192), free) == 0


@given(st.integers(0, 32 * GIB), st.integers(256, 65_536))
@settings(max_examples=25)
def test_what_goes_to_a_gpu_has_room_there_and_one_more_would_not(free: int, context: int) -> None:
    whole = need(LLAMA_3_8B, context)
    count = gpu_layers(LLAMA_3_8B, whole, free)
    fixed = LLAMA_3_8B.rest + whole.overhead + GPU_RESERVE
    each = LLAMA_3_8B.blocks[0] + whole.cache // 32
    if count:
        assert fixed + (count - 1) * each <= free
    if count <= 32:
        assert fixed + count * each > free or (count == 0 and fixed > free)
