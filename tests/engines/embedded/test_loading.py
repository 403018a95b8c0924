"""Loading by llama.cpp itself, with models of some kilobytes: every option, adapters, faults, GPUs that are none."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import gguf
import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.memory_fit import ModelShape
from tavern_tui.domain.rope import RopeFacts
from tavern_tui.engines.embedded import binding
from tavern_tui.engines.embedded.binding import LOG, Device, Flag
from tavern_tui.engines.embedded.loading import Loaded, load
from tavern_tui.engines.embedded.options import ALL_LAYERS, AUTO_LAYERS, LoadOptions, ModelSpec
from tavern_tui.engines.embedded.room import contexts_for
from tests.engines.embedded.loaded_model import Lib, cache_of, divergence, probabilities
from tests.engines.embedded.tiny_models import BLOCKS, tiny_lora, tiny_model, write_header_only

GIB = 2**30
IDS = tuple(range(10, 50))
CPU = Device("a processor", False, 8 * GIB)
LONG = ModelShape(rope=RopeFacts(trained_tokens=512))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the models and adapters of this module lie."""
    return tmp_path_factory.mktemp("models")


@pytest.fixture(scope="module")
def model(folder: Path) -> Path:
    """A model that was trained for 512 tokens."""
    return tiny_model(folder / "tiny.gguf")


@pytest.fixture(scope="module")
def adapter(folder: Path) -> Path:
    """A LoRA for it."""
    return tiny_lora(folder / "lora.gguf")


@contextmanager
def loaded(path: Path, context: int = 256, layers: int = 0, **given: Any) -> Iterator[Loaded]:
    """A loaded model; ``given`` are options, a ``shape``, or what ``load`` stands on."""
    stands_on = {name: given.pop(name) for name in ("lib", "found", "free") if name in given}
    shape = given.pop("shape", None)
    spec = ModelSpec(str(path), context, 1, layers, LoadOptions(**given), shape)
    found = load(spec, Flag(), lambda _fraction: None, **stands_on)
    yield found
    found.free()


def expected(path: Path, **options: Any) -> list[float]:
    """What a model expects after ``IDS``, in logarithms."""
    with loaded(path, **options) as model:
        cache = cache_of(model)
        assert cache.read(IDS, lambda _done: True)
        found = probabilities(cache, model)
        cache.free()
        return found


def refused(path: Path, **given: Any) -> EngineError:
    """How loading is refused."""
    with pytest.raises(EngineError) as error, loaded(path, **given):
        pass
    assert error.value.fault is EngineFault.NO_MODEL
    assert error.value.hint
    return error.value


def test_sizes_and_threads_reach_llama_cpp(model: Path) -> None:
    with loaded(model, batch_tokens=64, ubatch_tokens=32, batch_threads=2) as it:
        asked = (it.lib.llama_n_batch, it.lib.llama_n_ubatch, it.lib.llama_n_threads, it.lib.llama_n_threads_batch)
        assert [ask(it.context) for ask in asked] == [64, 32, 1, 2]
        assert (it.step, it.lib.llama_n_ctx(it.context), it.facts.context_tokens) == (32, 256, 256)


def test_the_smallest_context_is_256_tokens(model: Path) -> None:
    with loaded(model, 1) as it:
        assert it.facts.context_tokens == 256


def test_replies_side_by_side_get_room_beyond_the_context(model: Path) -> None:
    with loaded(model, replies=4, response_tokens=100) as it:
        assert it.facts.context_tokens == 256
        assert it.cells >= 256 + 300
        assert it.sequences >= 4


@pytest.mark.parametrize(
    ("mmap", "mlock", "mode"),
    [(True, False, -1), (True, True, 3), (False, False, 0), (False, True, 2)],
    ids=["as llama.cpp sees fit", "mapped and locked", "read", "read and locked"],
)
def test_a_file_is_mapped_or_read_and_locked_as_asked(model: Path, mmap: bool, mlock: bool, mode: int) -> None:
    modes = []

    def note(path: bytes, params: Any) -> Any:
        modes.append(params.load_mode)
        return binding.library().llama_model_load_from_file(path, params)

    with loaded(model, lib=Lib(binding.library(), llama_model_load_from_file=note), mmap=mmap, mlock=mlock):
        assert modes == [mode]


@pytest.mark.parametrize(
    ("options", "nats"),
    [
        ({"flash_attention": "on"}, 1e-3),
        ({"flash_attention": "off"}, 1e-3),
        ({"ubatch_tokens": 32}, 1e-3),
        ({"kv_type": "q8_0"}, 0.01),
        ({"kv_type": "q4_0", "flash_attention": "on"}, 0.5),
    ],
    ids=["flash on", "flash off", "in small steps", "q8_0", "q4_0"],
)
def test_however_it_is_computed_the_model_expects_the_same(model: Path, options: dict[str, Any], nats: float) -> None:
    assert divergence(expected(model), expected(model, **options)) < nats


@pytest.mark.parametrize("kv_type", ["q8_0", "q4_0"])
def test_a_quantised_cache_takes_less_memory(model: Path, kv_type: str) -> None:
    def kept(**options: Any) -> int:
        with loaded(model, **options) as it:
            cache = cache_of(it)
            cache.read(IDS, lambda _done: True)
            size: int = it.lib.llama_state_seq_get_size(it.context, 0)
            cache.free()
            return size

    assert kept(kv_type=kv_type) < 0.75 * kept()


def test_a_cache_that_the_models_heads_do_not_divide_into_is_refused(folder: Path) -> None:
    narrow = tiny_model(folder / "narrow.gguf", width=32)
    assert refused(narrow, kv_type="q8_0").title == "The cache of narrow.gguf cannot be kept in q8_0."


def test_a_longer_context_than_trained_raises_the_base_and_says_so(model: Path) -> None:
    with loaded(model, 4096, shape=LONG) as it:
        assert it.facts.rope_base == pytest.approx(776_621, abs=1)
        assert it.facts.rope_scale == 1.0
        [note] = it.facts.notes
        assert "4,096" in note
        assert "776,621" in note


def test_the_trained_context_leaves_positions_as_they_are(model: Path) -> None:
    with loaded(model, 512, shape=LONG) as it:
        assert (it.facts.rope_base, it.facts.notes) == (10_000.0, ())


def test_a_model_of_another_base_is_left_alone_with_a_word(folder: Path) -> None:
    other = tiny_model(folder / "other.gguf", base=77_000.0)
    with loaded(other, 4096, shape=ModelShape(rope=RopeFacts(512, 77_000.0))) as it:
        assert it.facts.rope_base == 77_000.0
        assert "may write nonsense" in it.facts.notes[0]


def test_base_and_scale_can_be_set_by_hand(model: Path) -> None:
    with loaded(model, shape=LONG, rope_base=20_000.0, rope_scale=0.5) as it:
        assert (it.facts.rope_base, it.facts.rope_scale) == (20_000.0, 0.5)
        assert it.facts.notes == ("RoPE is as set: base 20,000, scale 0.5.",)


def test_an_adapter_of_no_strength_is_as_none_and_one_of_some_is_not(model: Path, adapter: Path) -> None:
    plain = expected(model)
    assert expected(model, lora=str(adapter), lora_strength=0.0) == plain
    assert divergence(plain, expected(model, lora=str(adapter), lora_strength=1.0)) > 0.01
    half = expected(model, lora=str(adapter), lora_strength=0.5)
    assert half not in (plain, expected(model, lora=str(adapter), lora_strength=1.0))


def adapters(folder: Path) -> dict[str, tuple[Path, str]]:
    """Files that are no adapter for the tiny model, and what is said of them."""
    (folder / "letter.gguf").write_text("Dear Mira")
    misfit = "was made for another model than tiny.gguf."
    return {
        "another kind": (tiny_lora(folder / "kind.gguf", architecture="qwen2"), f"kind.gguf {misfit}"),
        "another width": (tiny_lora(folder / "width.gguf", width=128), f"width.gguf {misfit}"),
        "a model": (tiny_model(folder / "twin.gguf"), "twin.gguf is not a LoRA in GGUF."),
        "a letter": (folder / "letter.gguf", "letter.gguf is not a LoRA in GGUF."),
        "nothing": (folder / "none.gguf", f"There is no LoRA at {folder / 'none.gguf'}."),
    }


@pytest.mark.parametrize("which", ["another kind", "another width", "a model", "a letter", "nothing"])
def test_what_is_no_adapter_for_the_model_is_refused_by_what_it_is(folder: Path, model: Path, which: str) -> None:
    path, said = adapters(folder)[which]
    assert refused(model, lora=str(path)).title == said


def no_models(folder: Path, model: Path) -> dict[str, tuple[Path, str]]:
    """Files that cannot be loaded, and what is said of them."""
    (folder / "torn.gguf").write_bytes(model.read_bytes()[:-1000])
    (folder / "note.gguf").write_text("no model")
    return {
        "cut short": (folder / "torn.gguf", "torn.gguf is cut short or damaged."),
        "a note": (folder / "note.gguf", "note.gguf is not a GGUF model."),
        "from mars": (
            write_header_only(folder / "mars.gguf", "mars"),
            f"This llama.cpp ({binding.binding_version()}) is too old for mars.gguf (mars).",
        ),
        "nothing": (folder / "gone.gguf", f"There is no model at {folder / 'gone.gguf'}."),
    }


@pytest.mark.parametrize("which", ["cut short", "a note", "from mars", "nothing"])
def test_what_cannot_be_loaded_is_refused_by_what_it_is(folder: Path, model: Path, which: str) -> None:
    path, said = no_models(folder, model)[which]
    assert refused(path).title.startswith(said)


def test_a_context_larger_than_free_memory_is_refused_before_it_is_made(model: Path) -> None:
    lib = Lib(binding.library(), ("llama_init_from_model", "llama_model_free"))
    error = refused(model, context=1_000_000, lib=lib, free=lambda: 100 * 2**20)
    assert error.title == "tiny.gguf has no room for a context of 1,000,000."
    assert "engine.kv_type" in error.hint
    assert lib.calls == {"llama_init_from_model": 0, "llama_model_free": 1}


@pytest.mark.parametrize("options", [{"mmap": False}, {"mlock": True}], ids=["read", "locked"])
def test_weights_that_are_to_stay_in_memory_need_room(model: Path, options: dict[str, Any]) -> None:
    assert refused(model, free=lambda: 100, **options).title == "tiny.gguf does not fit into memory."


def test_a_smaller_cache_may_have_room_where_a_plain_one_has_none(model: Path) -> None:
    tight = 16 * 2**20
    assert "has no room" in refused(model, context=65_536, free=lambda: tight, ubatch_tokens=32).title
    with loaded(model, 65_536, free=lambda: tight, ubatch_tokens=32, kv_type="q4_0") as it:
        assert it.facts.context_tokens == 65_536


class Card(Lib):
    """The binding as if there were a GPU that takes ``most`` layers; ``tried`` are the numbers it was asked for."""

    def __init__(self, most: int) -> None:
        super().__init__(
            binding.library(), llama_supports_gpu_offload=lambda: True, llama_model_load_from_file=self._load
        )
        self._most = most
        self.tried: list[int] = []

    def _load(self, path: bytes, params: Any) -> Any:
        self.tried.append(params.n_gpu_layers)
        if not 0 <= params.n_gpu_layers <= self._most:
            LOG.take(4, b"ggml_backend_cuda_buffer_type_alloc_buffer: allocating 9 MiB failed: out of memory\n", None)
            return None
        return binding.library().llama_model_load_from_file(path, params)

    def with_free(self, free: int) -> Callable[[], Sequence[Device]]:
        """Its list of devices, with so many bytes of memory free."""
        return lambda: (Device("a card", True, free), CPU)


WHOLE = BLOCKS + 1
KNOWN = ModelShape(blocks=(GIB,) * BLOCKS, rest=2**20, heads=2, vocabulary=300, rope=RopeFacts(512))


def test_the_automatic_number_of_layers_is_what_has_room(model: Path) -> None:
    card = Card(WHOLE)
    with loaded(model, layers=AUTO_LAYERS, shape=KNOWN, lib=card, found=card.with_free(24 * GIB)) as it:
        assert (it.facts.gpu_layers, it.facts.layers, it.facts.notes) == (WHOLE, WHOLE, ())
        assert it.facts.device == "a card, a processor"
    with loaded(model, layers=AUTO_LAYERS, shape=KNOWN, lib=card, found=card.with_free(2 * GIB)) as it:
        assert it.facts.gpu_layers == 2
        assert it.facts.notes == (f"2 of {WHOLE} layers are on the GPU: more have no room in its memory.",)
    assert card.tried == [WHOLE, 2]


def test_an_estimate_that_was_too_high_is_lowered_once_and_told(model: Path) -> None:
    card = Card(2)
    with loaded(model, layers=AUTO_LAYERS, shape=KNOWN, lib=card, found=card.with_free(24 * GIB)) as it:
        assert it.facts.notes == (f"2 of {WHOLE} layers are on the GPU: with more of them it did not load.",)
    assert card.tried == [WHOLE, 2]


def test_a_model_that_does_not_load_with_fewer_layers_either_is_refused(model: Path) -> None:
    card = Card(-1)
    error = refused(model, layers=AUTO_LAYERS, shape=KNOWN, lib=card, found=card.with_free(24 * GIB))
    assert error.title == "tiny.gguf does not fit into memory."
    assert "engine.gpu_layers" in error.hint
    assert len(card.tried) == 2


@pytest.mark.parametrize("layers", [ALL_LAYERS, 3], ids=["all", "a number"])
def test_a_number_that_somebody_chose_is_not_lowered(model: Path, layers: int) -> None:
    card = Card(2)
    refused(model, layers=layers, shape=KNOWN, lib=card, found=card.with_free(24 * GIB))
    assert card.tried == [layers]


def test_a_damaged_file_is_not_tried_with_fewer_layers(folder: Path, model: Path) -> None:
    card = Card(WHOLE)
    path, said = no_models(folder, model)["cut short"]
    error = refused(path, layers=AUTO_LAYERS, shape=KNOWN, lib=card, found=card.with_free(24 * GIB))
    assert (error.title, len(card.tried)) == (said, 1)


@pytest.mark.parametrize("layers", [AUTO_LAYERS, ALL_LAYERS, 3], ids=["auto", "all", "a number"])
def test_without_a_gpu_nothing_goes_to_one(model: Path, layers: int) -> None:
    with loaded(model, layers=layers, shape=KNOWN, found=lambda: (CPU,)) as it:
        assert (it.facts.gpu_layers, it.facts.device) == (0, "a processor")


def test_what_a_saved_state_depends_on_is_named(model: Path, adapter: Path) -> None:
    kinds: list[dict[str, Any]] = [
        {},
        {"kv_type": "q8_0"},
        {"flash_attention": "off"},
        {"rope_base": 5e4},
        {"lora": str(adapter)},
        {"lora": str(adapter), "lora_strength": 0.5},
    ]
    names = []
    for options in kinds:
        with loaded(model, **options) as it:
            names.append(it.state_settings)
    with loaded(model, ubatch_tokens=64, mmap=False) as it:
        assert it.state_settings == names[0]
    assert len(set(names)) == len(kinds)


@pytest.fixture(scope="module")
def two_ropes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model with other factors for contexts of more than 512 tokens."""

    def more(writer: Any) -> None:
        writer.add_rope_scaling_type(gguf.RopeScalingType.LONGROPE)
        writer.add_rope_scaling_orig_ctx_len(512)

    return tiny_model(tmp_path_factory.mktemp("ropes") / "ropes.gguf", trained=2048, more=more)


def test_a_state_of_a_short_context_is_none_for_a_long_one(two_ropes: Path) -> None:
    names = []
    for context in (256, 512, 1024):
        with loaded(two_ropes, context) as it:
            names.append(it.state_settings)
    assert names[0] == names[1] != names[2]


def test_room_for_replies_does_not_make_a_short_context_a_long_one(two_ropes: Path) -> None:
    with loaded(two_ropes, 256, replies=4, response_tokens=200) as it:
        assert (it.facts.context_tokens, it.cells) == (256, 512)
        assert list(contexts_for(it, it.cells, it.sequences, 4, 200, 200)) == []
    with loaded(two_ropes, 1024, replies=2, response_tokens=256) as it:
        assert (it.facts.context_tokens, it.cells) == (1024, 1280)


def test_this_machines_processor_is_the_last_of_its_devices() -> None:
    *others, last = binding.found_devices()
    assert not last.is_gpu
    assert last.name
    assert [device.name for device in (*others, last)] == list(binding.devices())
