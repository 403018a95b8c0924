"""Model files as plain values: what a list and a page show, by the settings' context and cache."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tavern_tui.config.engine_settings import EngineSettings
from tavern_tui.config.paths import Directories, directories
from tavern_tui.config.settings import Settings
from tavern_tui.domain.errors import FormatError
from tavern_tui.domain.memory_fit import COMFORTABLE, Layer, ModelShape, fit
from tavern_tui.formats.yaml_text import read_yaml
from tavern_tui.session import model_advice
from tavern_tui.session.embedded import loading_from
from tavern_tui.session.model_advice import GB, advice_for, all_advice
from tavern_tui.session.model_list import model_facts, model_rows
from tests.formats.gguf_files import write_gguf

KEYS = {
    "llama.block_count": 2,
    "llama.embedding_length": 64,
    "llama.attention.head_count": 4,
    "llama.context_length": 8192,
    "general.file_type": 15,
    "general.sampling.temp": 0.7,
}


@pytest.fixture
def dirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Directories:
    """A user with one model, and nothing in the folders of other programs."""
    monkeypatch.setenv("HOME", str(tmp_path / "nobody"))
    found = directories({"TAVERN_HOME": str(tmp_path / "home")})
    found.models.mkdir(parents=True)
    write_gguf(found.models / "Mira-7B.Q4_K_M.gguf", keys=KEYS, tokens=10)
    return found


def with_engine(**chosen: object) -> Settings:
    return Settings(engine=replace(EngineSettings(), **chosen))  # type: ignore[arg-type]


def test_a_row_tells_what_a_list_shows(dirs: Directories) -> None:
    (row,) = model_rows(dirs, Settings())
    assert (row["name"], row["quant"], row["quality"]) == ("Mira-7B.Q4_K_M", "Q4_K_M", "recommended")
    assert (row["trained_tokens"], row["context_tokens"], row["gguf"]) == (8192, 8192, True)
    need = row["need"]
    assert row["needs_bytes"] == need["weights_bytes"] + need["cache_bytes"] + need["overhead_bytes"]
    assert need["cache_bytes"] == 8192 * 2 * 64 * 2 * 2


def test_the_fit_follows_the_settings_and_what_is_asked_for(dirs: Directories) -> None:
    small = with_engine(context_tokens=2048, kv_type="q8_0")
    assert model_rows(dirs, small)[0]["need"]["cache_bytes"] == 2048 * 2 * 64 * 2 * 1.0625
    (row,) = model_rows(dirs, small, context_tokens=4096, kv_type="q4_0")
    assert (row["context_tokens"], row["need"]["cache_bytes"]) == (4096, 4096 * 2 * 64 * 2 * 0.5625)
    assert loading_from(with_engine(flash_attention="off", replies=4)).flash is False
    assert model_rows(dirs, with_engine(replies=4))[0]["needs_bytes"] > model_rows(dirs, Settings())[0]["needs_bytes"]


def test_folders_that_are_named_are_looked_through_too(dirs: Directories, tmp_path: Path) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    write_gguf(disk / "Far-3B.gguf", keys=KEYS)
    (disk / "old.ggml").write_bytes(b"lmgg\0\0\0\0")
    rows = {row["name"]: row for row in model_rows(dirs, Settings(), folders=[disk])}
    assert sorted(rows) == ["Far-3B", "Mira-7B.Q4_K_M", "old.ggml"]
    assert (rows["old.ggml"]["gguf"], rows["old.ggml"]["fit"]) == (False, "unknown")


def test_a_page_tells_the_need_at_several_contexts_and_types(dirs: Directories) -> None:
    facts = model_facts(dirs, Settings(), "mira", context_tokens=3000)
    assert [(need["context_tokens"], need["kv_type"]) for need in facts["needs"][::3]] == [
        (2048, "f16"),
        (3000, "f16"),
        (4096, "f16"),
        (8192, "f16"),
    ]
    assert facts["header"]["sampling"] == {"temp": pytest.approx(0.7)}
    assert facts["header"]["layers"] == 0  # its one tensor is in no layer
    assert facts["kv_type"] == "f16"


def test_a_page_of_what_is_no_model_says_why(dirs: Directories) -> None:
    write_gguf(dirs.models / "embed.gguf", arch="bert")
    with pytest.raises(FormatError, match="embedding model") as caught:
        model_facts(dirs, Settings(), "embed")
    assert "choose a chat model" in caught.value.hint


def test_the_advice_grows_with_the_memory_and_names_two_models_each() -> None:
    rows = all_advice()
    assert [row.needs_gb for row in rows] == sorted(row.needs_gb for row in rows)
    assert len({name for row in rows for name in row.names}) == 2 * len(rows)
    for row in rows:
        assert row.file_gb < row.needs_gb <= row.memory_gb * COMFORTABLE


def test_the_figures_of_the_advice_are_what_the_models_take() -> None:
    table = read_yaml(Path(model_advice.__file__).with_name(model_advice.TABLE).read_bytes(), where="models.yaml").value
    for row in table:
        layers, heads, size, vocabulary = row["shape"]
        shape = ModelShape(layers=(Layer(heads * size, heads * size),) * layers, heads=32, vocabulary=vocabulary)
        assert fit(shape, int(row["file_gb"] * GB), 8192).total / GB == pytest.approx(row["needs_gb"], abs=0.1)


@pytest.mark.parametrize(
    ("free", "size"),
    [(None, None), (0, None), (1.8, None), (2, "1–2B"), (8, "7–8B"), (20, "22–24B"), (500, "100B and more")],
    ids=["unknown", "none", "too-little", "2", "8", "20", "500"],
)
def test_the_largest_class_that_fits_is_advised(free: float | None, size: str | None) -> None:
    found = advice_for(None if free is None else int(free * GB))
    assert (found.size if found else None) == size
