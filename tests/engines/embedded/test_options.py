"""How a model may be loaded: which options exclude each other, which will do for others, how many layers are tried."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.memory_fit import Layer, ModelShape
from tavern_tui.domain.rope import RopeFacts
from tavern_tui.engines.embedded.options import ALL_LAYERS, AUTO_LAYERS, LoadOptions, ModelSpec, layer_attempts
from tavern_tui.engines.embedded.server_flags import attempts, free_on_gpus, rope_of, server_flags

GIB = 2**30
SHAPE = ModelShape(
    blocks=(128 * 2**20,) * 32,
    rest=GIB // 2,
    layers=(Layer(1024, 1024),) * 32,
    heads=32,
    vocabulary=32_000,
    rope=RopeFacts(trained_tokens=8192),
)
SPEC = ModelSpec("/m.gguf", 8192, 4, 0, shape=SHAPE)


@pytest.mark.parametrize("kv_type", ["q8_0", "q4_0"])
def test_a_quantised_cache_without_flash_attention_is_refused_with_what_to_set(kv_type: str) -> None:
    with pytest.raises(EngineError) as refused:
        LoadOptions(kv_type=kv_type, flash_attention="off").check()  # type: ignore[arg-type]
    assert refused.value.fault is EngineFault.NO_MODEL
    assert refused.value.title == f"A cache in {kv_type} needs flash attention, which is off."
    assert "engine.flash_attention" in refused.value.hint


@pytest.mark.parametrize(
    "options",
    [
        LoadOptions(flash_attention="off"),
        LoadOptions(kv_type="q4_0"),
        LoadOptions(kv_type="q8_0", flash_attention="on"),
    ],
    ids=["f16 without", "q4_0 and auto", "q8_0 and on"],
)
def test_other_combinations_are_taken(options: LoadOptions) -> None:
    options.check()


@pytest.mark.parametrize(
    ("wanted", "will_do"),
    [
        (LoadOptions(), True),
        (LoadOptions(ubatch_tokens=512, mmap=False, mlock=True, batch_threads=2), True),
        (LoadOptions(replies=2, response_tokens=300), True),
        (LoadOptions(replies=4, response_tokens=300), False),
        (LoadOptions(kv_type="q8_0"), False),
        (LoadOptions(rope_base=50_000.0), False),
        (LoadOptions(lora="/l.gguf"), False),
        (LoadOptions(lora_strength=0.5), False),
    ],
    ids=["the same", "computed otherwise", "less room", "more room", "cache", "positions", "lora", "strength"],
)
def test_what_changes_no_reply_may_differ_for_one_who_shares_a_model(wanted: LoadOptions, will_do: bool) -> None:
    loaded = LoadOptions(replies=3)
    assert loaded.serves(wanted) is will_do
    assert ModelSpec("/m", options=loaded).serves(ModelSpec("/m", 512, 7, options=wanted)) is will_do


def test_another_file_or_number_of_layers_will_not_do() -> None:
    assert not ModelSpec("/m").serves(ModelSpec("/other"))
    assert not ModelSpec("/m").serves(ModelSpec("/m", gpu_layers=3))


def test_what_is_known_of_the_file_is_no_part_of_what_is_loaded() -> None:
    assert replace(SPEC, shape=None, context_chosen=False) == SPEC


@pytest.mark.parametrize(
    ("wanted", "free", "tried"),
    [
        (AUTO_LAYERS, 24 * GIB, (33, 24)),
        (AUTO_LAYERS, 4 * GIB, (19, 14)),
        (AUTO_LAYERS, GIB // 2, (0,)),
        (AUTO_LAYERS, None, (0,)),
        (ALL_LAYERS, GIB // 2, (ALL_LAYERS,)),
        (7, GIB // 2, (7,)),
    ],
    ids=["roomy", "partly", "no room", "no gpu", "all", "a number"],
)
def test_only_the_automatic_number_of_layers_is_estimated_and_lowered(
    wanted: int, free: int | None, tried: tuple[int, ...]
) -> None:
    assert layer_attempts(wanted, SHAPE, [8192], LoadOptions(), free) == tried


def test_the_largest_context_at_which_everything_has_room_counts() -> None:
    full = layer_attempts(AUTO_LAYERS, SHAPE, [65_536, 8192], LoadOptions(), 12 * GIB)
    assert full == layer_attempts(AUTO_LAYERS, SHAPE, [8192], LoadOptions(), 12 * GIB)
    assert layer_attempts(AUTO_LAYERS, SHAPE, [65_536], LoadOptions(), 12 * GIB) < full


def test_a_smaller_cache_leaves_room_for_more_layers() -> None:
    plain, small = (
        layer_attempts(AUTO_LAYERS, SHAPE, [32_768], LoadOptions(kv_type=kind), 6 * GIB)[0] for kind in ("f16", "q4_0")
    )
    assert 0 < plain < small


def test_a_model_of_which_nothing_is_known_is_tried_whole_and_then_without_the_gpu() -> None:
    assert layer_attempts(AUTO_LAYERS, None, [8192], LoadOptions(), GIB) == (ALL_LAYERS, 0)


def test_a_servers_command_says_what_differs_from_its_own_defaults() -> None:
    assert server_flags(SPEC, 0, 4) == ["-m", "/m.gguf", "-np", "1", "-ngl", "0", "-c", "8192", "-t", "4"]


def test_every_option_has_a_servers_flag() -> None:
    options = LoadOptions(2, 1024, 256, "on", "q8_0", False, True, True, 50_000.0, 0.5, "/l.gguf", 0.5)
    said = " ".join(server_flags(replace(SPEC, options=options), ALL_LAYERS, 4))
    for flag in (
        "-ngl 999",
        "-tb 2",
        "-b 1024",
        "-ub 256",
        "-fa on",
        "-ctk q8_0 -ctv q8_0",
        "--no-mmap",
        "--mlock",
        "--rope-freq-base 50000",
        "--rope-freq-scale 0.5",
        "--lora /l.gguf",
    ):
        assert flag in said


def test_a_server_keeps_the_whole_cache_of_models_with_a_window_unless_told_otherwise() -> None:
    windowed = replace(SPEC, shape=replace(SHAPE, layers=(Layer(8, 8, window=512),)))
    assert "--swa-full" in server_flags(windowed, 0, 1)
    assert "--swa-full" not in server_flags(replace(windowed, options=LoadOptions(swa_full=False)), 0, 1)


def test_a_server_is_told_of_a_raised_base_and_the_user_of_what_is_done() -> None:
    longer = replace(SPEC, context_tokens=16_384)
    flags = server_flags(longer, 0, 1)
    base = float(flags[flags.index("--rope-freq-base") + 1])
    assert base == pytest.approx(longer_base := rope_of(longer)[0].base)
    assert f"{longer_base:,.0f}" in rope_of(longer)[1]
    assert rope_of(SPEC)[1] == ""


def test_a_server_without_a_context_gets_the_usual_one_within_what_was_trained() -> None:
    short = replace(SPEC, context_tokens=0, shape=replace(SHAPE, rope=RopeFacts(trained_tokens=2048)))
    assert server_flags(short, 0, 1)[6:8] == ["-c", "2048"]
    assert server_flags(replace(short, shape=None), 0, 1)[6:8] == ["-c", "8192"]


def test_free_memory_is_read_from_a_servers_list_of_devices() -> None:
    cards = ("CUDA0: A (24564 MiB, 23000 MiB free)", "CUDA1: B (8000 MiB, 1000 MiB free)")
    assert free_on_gpus(cards) == 24_000 * 2**20
    assert free_on_gpus(()) is None
    assert free_on_gpus(("CPU",)) is None


def test_a_server_that_tells_no_memory_is_given_everything() -> None:
    assert attempts(replace(SPEC, gpu_layers=AUTO_LAYERS), ()) == (ALL_LAYERS,)
    assert attempts(replace(SPEC, gpu_layers=AUTO_LAYERS), ("CUDA0: A (5000 MiB, 4096 MiB free)",)) == (19, 14)
    assert attempts(replace(SPEC, gpu_layers=5), ()) == (5,)
