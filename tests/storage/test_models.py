"""Model files: listed with what they need, damaged ones with the reason, found by what a person types."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.config.paths import Directories, directories
from tavern_tui.domain.errors import FormatError, NotFoundError, TavernError
from tavern_tui.storage import header_cache
from tavern_tui.storage.models import Fit, MemoryNeed, ModelFile, find_model, is_starter, list_models, model_folders
from tests.formats.gguf_files import write_gguf

GIB = 2**30
SHAPE = {
    "llama.block_count": 2,
    "llama.embedding_length": 64,
    "llama.attention.head_count": 4,
    "llama.context_length": 4096,
    "general.file_type": 15,
}


@pytest.fixture
def dirs(tmp_path: Path) -> Directories:
    """A user with an empty models folder."""
    found = directories({"TAVERN_HOME": str(tmp_path / "home")})
    found.models.mkdir(parents=True)
    return found


def model(folder: Path, name: str = "Mira-7B.Q4_K_M.gguf", **parts: Any) -> Path:
    """Write a small whole model."""
    folder.mkdir(parents=True, exist_ok=True)
    return write_gguf(folder / name, **{"keys": SHAPE, "tokens": 10, **parts})


def listed(dirs: Directories, **options: Any) -> list[ModelFile]:
    """The models of the user's own folder."""
    return list_models(dirs, **{"folders": [dirs.models], "available": GIB, **options})


def test_a_model_is_listed_with_size_quant_context_and_need(dirs: Directories) -> None:
    path = model(dirs.models)
    (found,) = listed(dirs)
    assert (found.name, found.path, found.size) == ("Mira-7B.Q4_K_M", path, path.stat().st_size)
    assert found.header is not None
    assert (found.header.quant, found.header.trained_tokens) == ("Q4_K_M", 4096)
    assert found.need is not None
    assert found.need.weights == 4 * 32 * 4
    assert found.need.cache == 4096 * 2 * 64 * 2 * 2
    assert found.usable
    assert found.fits


def test_the_fit_is_judged_for_the_chosen_context_but_not_beyond_the_trained_one(dirs: Directories) -> None:
    model(dirs.models)
    contexts = [listed(dirs, context_tokens=tokens)[0].need for tokens in (1024, 4096, 100_000)]
    assert [need.context_tokens for need in contexts if need] == [1024, 4096, 4096]


@pytest.mark.parametrize(
    ("available", "fit"),
    [(None, Fit.UNKNOWN), (1200, Fit.FITS), (1100, Fit.TIGHT), (1000, Fit.TIGHT), (999, Fit.SWAPS), (0, Fit.SWAPS)],
)
def test_fits_is_tight_and_will_swap(available: int | None, fit: Fit) -> None:
    assert MemoryNeed(700, 200, 100, 8192, available).fit is fit


def test_the_starter_needs_what_llama_cpp_takes(starter_model: Path, dirs: Directories) -> None:
    (dirs.models / "starter.gguf").symlink_to(starter_model)
    (found,) = listed(dirs, context_tokens=2048)
    assert found.need is not None
    assert found.need.cache == 45 * 2**20
    assert found.need.overhead == pytest.approx((99.4 + 64) * 2**20, rel=0.03)
    assert found.header is not None
    assert found.size == found.header.expected_size


def test_folders_below_are_searched_and_one_file_is_listed_once(dirs: Directories, tmp_path: Path) -> None:
    path = model(tmp_path / "hub" / "models--x" / "blobs", "0123abcd.gguf")
    snapshot = tmp_path / "hub" / "models--x" / "snapshots" / "rev"
    snapshot.mkdir(parents=True)
    path.rename(path.with_suffix(""))
    (snapshot / "Nice-Name.gguf").symlink_to(path.with_suffix(""))
    (dirs.models / "again.gguf").symlink_to(path.with_suffix(""))
    (tmp_path / "hub" / "loop").symlink_to(tmp_path / "hub")
    assert [m.name for m in listed(dirs, folders=[tmp_path / "hub", dirs.models])] == ["Nice-Name"]


def test_the_parts_of_a_split_model_are_one(dirs: Directories) -> None:
    parts = [
        model(
            dirs.models,
            f"big-{n:05}-of-00003.gguf",
            keys={**(SHAPE if n == 1 else {}), "split.no": n - 1, "split.count": 3},
            tensors={f"t{n}": (n, 32)},
        )
        for n in (1, 2, 3)
    ]
    (found,) = listed(dirs)
    assert (found.name, found.path, found.parts) == ("big", parts[0], tuple(parts))
    assert found.size == sum(path.stat().st_size for path in parts)
    assert found.need is not None
    assert found.need.weights == 6 * 32 * 4
    assert find_model(str(parts[2]), dirs, available=GIB).path == parts[0]
    parts[1].unlink()
    (found,) = listed(dirs)
    assert found.problem == "Part 2 of 3 is missing."
    with pytest.raises(FormatError, match="Part 2 of 3 is missing"):
        find_model(str(parts[2]), dirs)


def test_a_renamed_part_says_what_it_is(dirs: Directories) -> None:
    model(dirs.models, "big.gguf", keys={**SHAPE, "split.no": 1, "split.count": 2})
    assert listed(dirs)[0].problem.startswith("This is part 2 of 2 of a split model")


def test_a_model_that_is_cut_short_names_both_sizes(dirs: Directories) -> None:
    path = model(dirs.models, tensors={"a": (1000, 2500)})
    whole = listed(dirs)[0].header
    assert whole is not None
    with path.open("r+b") as file:
        file.truncate(4_000_000)
    (found,) = listed(dirs)
    assert found.problem == "Model file is cut short: 4 MB of 10 MB."
    assert found.header is not None
    assert found.header.missing_bytes == whole.expected_size - 4_000_000
    assert (found.usable, found.fits, found.need) == (False, False, None)


def test_projectors_are_hidden_and_other_kinds_named(dirs: Directories) -> None:
    model(dirs.models, "mmproj-model.gguf", arch="clip", keys={})
    model(dirs.models, "vision.gguf", keys={"general.type": "mmproj"})
    (dirs.models / "mmproj-cut.gguf").write_bytes(b"GGUF")
    model(dirs.models, "embed.gguf", arch="bert", keys={})
    assert [(m.name, m.problem) for m in listed(dirs)] == [("embed", "This is an embedding model: it cannot chat.")]


def test_files_that_are_no_models_are_listed_with_what_they_are(dirs: Directories) -> None:
    (dirs.models / "page.gguf").write_text("<html>Please log in</html>", encoding="utf-8")
    (dirs.models / "pointer.gguf").write_text("version https://git-lfs.github.com/spec/v1\n", encoding="utf-8")
    (dirs.models / "empty.gguf").touch()
    (dirs.models / "gone.gguf").symlink_to(dirs.models / "nowhere")
    (dirs.models / "folder.gguf").mkdir()
    os.mkfifo(dirs.models / "pipe.gguf")
    (dirs.models / "notes.txt").touch()
    model(dirs.models, "good.gguf")
    problems = {m.name: m.problem for m in listed(dirs)}
    assert problems.pop("good") == ""
    assert "web page" in problems["page"]
    assert "Git LFS" in problems["pointer"]
    assert "empty file" in problems["empty"]
    assert "no file" in problems["gone"]
    assert "no ordinary file" in problems["pipe"]
    assert len(problems) == 5


def test_a_withdrawn_quantisation_names_what_to_get(dirs: Directories) -> None:
    model(dirs.models, keys={**SHAPE, "general.file_type": 33})
    assert listed(dirs)[0].hint == "Get the same model as Q4_0."


def test_headers_are_read_once_and_again_after_a_change(dirs: Directories) -> None:
    path = model(dirs.models)
    first = listed(dirs)
    before = path.stat()
    path.write_bytes(b"\0" * before.st_size)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert listed(dirs) == first
    os.utime(path)
    assert "zero bytes" in listed(dirs)[0].problem


def test_hundreds_of_models_are_listed(dirs: Directories) -> None:
    content = model(dirs.models, "m0.gguf").read_bytes()
    for n in range(1, 400):
        (dirs.models / f"m{n}.gguf").write_bytes(content)
    first = listed(dirs)
    assert len(first) == 400
    assert all(found.usable for found in first)
    assert listed(dirs) == first


def test_a_cache_of_any_other_content_is_dropped(dirs: Directories) -> None:
    model(dirs.models)
    fresh = listed(dirs)
    file = dirs.cache / header_cache.FILE
    kept = file.read_bytes()
    for damage in (b"", b"\0" * 50, kept[:-5], kept.replace(b"4096", b"8192"), b"x\n{}"):
        file.write_bytes(damage)
        assert listed(dirs) == fresh
        assert file.read_bytes() == kept


def test_a_cache_folder_that_cannot_be_made_only_costs_time(dirs: Directories) -> None:
    model(dirs.models)
    dirs.cache.parent.mkdir(exist_ok=True)
    dirs.cache.write_text("a file where the folder should be", encoding="utf-8")
    assert [m.name for m in listed(dirs)] == ["Mira-7B.Q4_K_M"]


def test_forgotten_files_leave_the_cache(dirs: Directories) -> None:
    path = model(dirs.models)
    listed(dirs)
    path.unlink()
    model(dirs.models, "other.gguf")
    listed(dirs)
    body = (dirs.cache / header_cache.FILE).read_bytes().partition(b"\n")[2]
    assert list(json.loads(body)[1]) == [str(dirs.models / "other.gguf")]


@pytest.mark.parametrize("typed", ["Mira-7B.Q4_K_M", "mira-7b.q4_k_m.GGUF", "mira", "7b", "Q4_K"])
def test_a_model_is_found_by_name_beginning_or_part(dirs: Directories, typed: str) -> None:
    path = model(dirs.models)
    model(dirs.models, "Other-3B.Q8_0.gguf")
    assert find_model(typed, dirs, folders=[dirs.models]).path == path


def test_the_whole_name_wins_over_a_part(dirs: Directories) -> None:
    path = model(dirs.models, "mira.gguf")
    model(dirs.models, "mira-large.gguf")
    assert find_model("mira", dirs, folders=[dirs.models]).path == path


def test_a_usable_model_wins_over_a_damaged_one(dirs: Directories) -> None:
    path = model(dirs.models, "mira-a.gguf")
    (dirs.models / "mira-b.gguf").write_bytes(b"GGUF")
    assert find_model("mira", dirs, folders=[dirs.models]).path == path
    with pytest.raises(FormatError, match="inside the header"):
        find_model("mira-b", dirs, folders=[dirs.models])


def test_a_name_that_fits_none_or_several_says_so(dirs: Directories) -> None:
    model(dirs.models, "mira-a.gguf")
    model(dirs.models, "mira-b.gguf")
    with pytest.raises(NotFoundError, match="fits 2 models"):
        find_model("mira", dirs, folders=[dirs.models])
    for typed in ("nothing", "", "  ", ".gguf"):
        with pytest.raises(NotFoundError, match="no model"):
            find_model(typed, dirs, folders=[dirs.models])


def test_a_typed_path_is_opened_wherever_it_is(
    dirs: Directories, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = model(tmp_path / "elsewhere", "guest.gguf")
    assert find_model(str(path), dirs).path == path
    monkeypatch.chdir(path.parent)
    assert find_model("guest.gguf", dirs, folders=[]).name == "guest"


@pytest.mark.parametrize(("name", "kind"), [("nowhere.gguf", NotFoundError), ("", NotFoundError)])
def test_a_typed_path_that_is_no_model_says_why(dirs: Directories, name: str, kind: type[TavernError]) -> None:
    with pytest.raises(kind):
        find_model(f"{dirs.models}/{name}", dirs)


def test_the_usual_folders_of_other_programs_are_known(dirs: Directories, tmp_path: Path) -> None:
    extra = tmp_path / "disk"
    env = {"HF_HOME": str(tmp_path / "hf"), "LLAMA_CACHE": str(tmp_path / "lc")}
    folders = model_folders(dirs, [extra], home=tmp_path, environ=env)
    assert folders[:2] == (dirs.models, extra)
    names = {str(folder.relative_to(tmp_path)) for folder in folders[2:]}
    assert {"models", "koboldcpp", ".lmstudio/models", ".cache/huggingface/hub", ".cache/llama.cpp"} <= names
    assert {"hf/hub", "lc"} <= names


def test_the_starter_is_known_by_its_bytes_not_its_name(starter_model: Path, tmp_path: Path) -> None:
    other = tmp_path / "renamed.gguf"
    other.symlink_to(starter_model)
    assert is_starter(other)
    copy = tmp_path / starter_model.name
    copy.write_bytes(starter_model.read_bytes()[:-1] + b"\1")
    assert not is_starter(copy)
    assert not is_starter(tmp_path / "nowhere")
    assert not is_starter(tmp_path)
