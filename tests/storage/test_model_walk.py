"""What lies in models folders beside GGUF files, and that nothing is opened twice."""

from __future__ import annotations

import io
import json
import struct
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tavern_tui.config.paths import Directories, directories
from tavern_tui.domain.errors import FormatError, NotFoundError
from tavern_tui.storage.models import ModelFile, find_model, list_models, model_at
from tests.formats.gguf_files import write_gguf

GIB = 2**30
KEYS = {"llama.block_count": 1, "llama.embedding_length": 64, "llama.attention.head_count": 4}
_watchers: list[list[str]] = []


def _heard(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(arguments[0], str | bytes):
        for watcher in _watchers:
            watcher.append(str(arguments[0]))


sys.addaudithook(_heard)


@pytest.fixture
def opened() -> Iterator[list[str]]:
    """The names of the files that this process opens while the test runs."""
    names: list[str] = []
    _watchers.append(names)
    yield names
    _watchers.remove(names)


@pytest.fixture
def dirs(tmp_path: Path) -> Directories:
    """A user with an empty models folder."""
    found = directories({"TAVERN_HOME": str(tmp_path / "home")})
    found.models.mkdir(parents=True)
    return found


def listed(dirs: Directories, *folders: Path) -> dict[str, ModelFile]:
    """Everything in the user's own folder and ``folders``, by name."""
    searched = [dirs.models, *folders]
    return {model.name: model for model in list_models(dirs, folders=searched, available=GIB, foreign=True)}


def tensors(path: Path, *names: str, dtype: str = "F16") -> Path:
    """Write a safetensors file with tensors of these names."""
    header = json.dumps({name: {"dtype": dtype, "shape": [1], "data_offsets": [0, 2]} for name in names}).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(struct.pack("<Q", len(header)) + header + b"\0\0")
    return path


def checkpoint(path: Path) -> Path:
    """Write a PyTorch checkpoint: a zip with a pickle in it."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        archive.writestr(zipfile.ZipInfo("model/data.pkl"), b"\x80\x02}.")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(out.getvalue())
    return path


def configs(folder: Path, **files: dict[str, Any]) -> None:
    """Write ``name.json`` files into ``folder``."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, value in files.items():
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")


def test_a_second_listing_opens_no_file_of_the_folder(dirs: Directories, opened: list[str]) -> None:
    for number in range(40):
        write_gguf(dirs.models / f"m{number}.gguf", keys=KEYS)
    (dirs.models / "page.gguf").write_text("<html>", encoding="utf-8")
    tensors(dirs.models / "loose.safetensors", "model.layers.0.weight")
    repository = dirs.models / "Some-7B-GPTQ"
    tensors(repository / "model.safetensors", "a.qweight")
    configs(repository, config={"quantization_config": {"quant_method": "gptq"}})
    first = listed(dirs)
    assert len([name for name in opened if str(dirs.models) in name]) >= 42
    opened.clear()
    assert listed(dirs) == first
    assert [name for name in opened if str(dirs.models) in name] == []


def test_a_repository_of_hugging_face_is_one_entry_with_what_to_look_for(dirs: Directories) -> None:
    folder = dirs.models / "Mistral-7B-Instruct-v0.2"
    for number in (1, 2):
        tensors(folder / f"model-{number:05}-of-00002.safetensors", "model.layers.0.weight", dtype="BF16")
    configs(
        folder, config={"architectures": ["MistralForCausalLM"], "model_type": "mistral", "torch_dtype": "bfloat16"}
    )
    (found,) = listed(dirs).values()
    assert (found.name, found.path, len(found.parts), found.foreign) == (folder.name, folder, 2, True)
    assert found.problem == ("This is a Hugging Face model, original weights (safetensors, bfloat16, mistral).")
    assert found.hint.startswith("Look for Mistral-7B-Instruct-v0.2-GGUF, or convert this")


def test_a_snapshot_in_the_cache_of_hugging_face_has_its_repositorys_name(dirs: Directories, tmp_path: Path) -> None:
    hub = tmp_path / "hub"
    blob = tensors(hub / "models--Who--Nice-8B-AWQ" / "blobs" / "0123abcd", "a.qweight")
    snapshot = hub / "models--Who--Nice-8B-AWQ" / "snapshots" / "0123456789abcdef0123456789abcdef01234567"
    configs(snapshot, config={"quantization_config": {"quant_method": "awq", "bits": 4, "group_size": 128}})
    (snapshot / "model.safetensors").symlink_to(blob)
    (found,) = listed(dirs, hub).values()
    assert (found.name, found.problem) == ("Nice-8B-AWQ", "This is an AWQ 4-bit (128g) model for GPU loaders.")
    assert "Look for Nice-8B-GGUF, or connect to a server" in found.hint


def test_files_that_happen_to_lie_together_are_told_one_by_one(dirs: Directories) -> None:
    checkpoint(dirs.models / "pytorch_model.bin")
    tensors(dirs.models / "style.safetensors", "lora_unet.lora_down.weight")
    (dirs.models / "old-7b.ggml").write_bytes(b"tjgg\x03\0\0\0")
    (dirs.models / "half.gguf.part").write_bytes(b"GGUF\x03\0\0\0")
    (dirs.models / "training_args.bin").write_bytes(b"\x80\x02}")
    problems = {name: model.problem for name, model in listed(dirs).items()}
    assert problems == {
        "pytorch_model.bin": "This is a file of original weights from Hugging Face (PyTorch).",
        "style.safetensors": "This is a safetensors file (LoRA adapter).",
        "old-7b.ggml": "This is an old GGJT file (version 3).",
        "half.gguf.part": "This is a download that has not ended.",
    }


def test_without_being_asked_for_only_gguf_files_are_listed(dirs: Directories) -> None:
    checkpoint(dirs.models / "consolidated.00.pth")
    write_gguf(dirs.models / "good.gguf", keys=KEYS)
    assert [model.name for model in list_models(dirs, folders=[dirs.models], available=GIB)] == ["good"]


def test_a_list_of_gguf_files_forgets_nothing_that_was_read_of_others(dirs: Directories, opened: list[str]) -> None:
    tensors(dirs.models / "loose.safetensors", "model.layers.0.weight")
    first = listed(dirs)
    list_models(dirs, folders=[dirs.models], available=GIB)
    opened.clear()
    assert listed(dirs) == first
    assert [name for name in opened if str(dirs.models) in name] == []


def test_a_folder_that_is_typed_is_looked_into(dirs: Directories, tmp_path: Path) -> None:
    folder = tmp_path / "picked"
    folder.mkdir()
    path = write_gguf(folder / "only.gguf", keys=KEYS)
    assert model_at(folder, available=GIB).path == path
    write_gguf(folder / "mmproj-only.gguf", arch="clip")
    assert model_at(folder, available=GIB).path == path
    write_gguf(folder / "two.gguf", keys=KEYS)
    with pytest.raises(NotFoundError, match="holds 2 models"):
        model_at(folder)
    other = tmp_path / "Nice-70B-4.65bpw-exl2"
    tensors(other / "output.safetensors", "a.q_weight", "a.q_scale")
    configs(other, config={"model_type": "llama"})
    with pytest.raises(FormatError, match="EXL2"):
        model_at(other)
    (tmp_path / "empty").mkdir()
    with pytest.raises(NotFoundError, match="no model in"):
        model_at(tmp_path / "empty")


def test_what_is_asked_for_by_name_and_is_no_gguf_says_what_it_is(dirs: Directories) -> None:
    tensors(dirs.models / "Nice-GPTQ" / "model.safetensors", "a.qweight", "a.g_idx")
    configs(dirs.models / "Nice-GPTQ", quantize_config={"bits": 4, "group_size": 128})
    with pytest.raises(FormatError, match=r"GPTQ 4-bit \(128g\)") as caught:
        find_model("nice", dirs, folders=[dirs.models])
    assert "Nice-GGUF" in caught.value.hint


def test_a_projector_lies_with_the_models_that_it_was_made_for(dirs: Directories) -> None:
    for name in ("Gemma-3-4b-it-Q4_K_M.gguf", "Gemma-3-4b-it-Q8_0.gguf", "Other-7B.gguf"):
        write_gguf(dirs.models / name, keys=KEYS)
    eye = write_gguf(dirs.models / "mmproj-gemma-3-4b-it-f16.gguf", arch="clip")
    assert {name: model.projector for name, model in listed(dirs).items()} == {
        "Gemma-3-4b-it-Q4_K_M": eye,
        "Gemma-3-4b-it-Q8_0": eye,
        "Other-7B": None,
    }
    alone = dirs.models / "vision"
    alone.mkdir()
    write_gguf(alone / "model.gguf", keys=KEYS)
    write_gguf(alone / "mmproj.gguf", arch="clip")
    assert listed(dirs)["model"].projector == alone / "mmproj.gguf"


def test_the_models_of_ollama_have_the_names_of_their_manifests(dirs: Directories, tmp_path: Path) -> None:
    library = tmp_path / "ollama"
    blob = library / "blobs" / f"sha256-{'ab' * 32}"
    blob.parent.mkdir(parents=True)
    write_gguf(blob, keys=KEYS)
    manifest = library / "manifests" / "registry.ollama.ai" / "library" / "llama3" / "8b"
    manifest.parent.mkdir(parents=True)
    layers = [
        {"mediaType": "application/vnd.ollama.image.license", "digest": "sha256:00"},
        {"mediaType": "application/vnd.ollama.image.model", "digest": f"sha256:{'ab' * 32}"},
        {"mediaType": "application/vnd.ollama.image.model", "digest": "sha256:../../etc/passwd"},
        "soup",
    ]
    manifest.write_text(json.dumps({"layers": layers}), encoding="utf-8")
    (manifest.parent / "torn").write_text('{"layers": [', encoding="utf-8")
    (found,) = listed(dirs, library).values()
    assert (found.name, found.path, found.usable) == ("llama3:8b", blob, True)


@pytest.mark.parametrize(
    "content", [b"[" * 100_000, b"\xff\xfe", b"7", b'{"architectures": 7, "quantization_config": []}']
)
def test_a_config_of_any_content_is_no_stumbling_block(dirs: Directories, content: bytes) -> None:
    tensors(dirs.models / "odd" / "model.safetensors", "x")
    (dirs.models / "odd" / "config.json").write_bytes(content)
    (found,) = listed(dirs).values()
    assert found.problem.startswith("This is a Hugging Face model")


def test_a_folder_on_another_disk_is_found_by_its_link_once(dirs: Directories, tmp_path: Path) -> None:
    disk = tmp_path / "disk" / "deep"
    disk.mkdir(parents=True)
    write_gguf(disk / "far.gguf", keys=KEYS)
    for name in ("one", "two"):
        (dirs.models / name).symlink_to(disk.parent)
    assert set(listed(dirs)) == {"far"}


def test_links_that_lead_in_a_circle_or_out_to_everything_are_not_followed(dirs: Directories, tmp_path: Path) -> None:
    write_gguf(dirs.models / "near.gguf", keys=KEYS)
    write_gguf(tmp_path / "private.gguf", keys=KEYS)
    disk = tmp_path / "disk"
    disk.mkdir()
    (disk / "back").symlink_to(disk)
    (disk / "home").symlink_to(dirs.models)
    targets = {"disk": disk, "self": dirs.models, "above": tmp_path, "root": Path("/"), "lost": disk / "no"}
    for name, where in targets.items():
        (dirs.models / name).symlink_to(where)
    assert set(listed(dirs)) == {"near"}
