"""The required packages install in Termux: pip resolves them for Android with wheels only.

Termux brings compiled packages itself: pydantic-core and PyYAML come from its own repository, seen through
``--system-site-packages``. Stand-ins of the same version take their place here. pip evaluates environment markers for
the machine that it runs on, not for ``--platform``, so our own requirements must have none.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

import pytest

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))["project"]
REQUIRED: list[str] = PROJECT["dependencies"]
FROM_TERMUX = ("pydantic", "pyyaml")
ANDROID = ("--platform", "android_24_arm64_v8a", "--python-version", "3.13", "--implementation", "cp")
TAG = "cp313-cp313-android_24_arm64_v8a"


def name_of(requirement: str) -> str:
    """The project that a requirement asks for."""
    match = re.match(r"[A-Za-z0-9._-]+", requirement)
    assert match is not None
    return match.group().lower()


def pip(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run pip quietly, installing nothing."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-input", "--quiet"]
    return subprocess.run([*command, *arguments], capture_output=True, text=True, timeout=600, check=False)


def resolved(tmp_path: Path, *arguments: str) -> dict[str, str]:
    """Project → file name of the wheel that pip chose for Android."""
    report = tmp_path / "report.json"
    target = ("--only-binary=:all:", "--target", str(tmp_path / "target"), "--report", str(report))
    done = pip(*ANDROID, *target, *arguments)
    assert done.returncode == 0, done.stderr
    chosen: list[dict[str, Any]] = json.loads(report.read_text(encoding="utf-8"))["install"]
    return {item["metadata"]["name"].lower(): item["download_info"]["url"].rpartition("/")[2] for item in chosen}


def stand_in(folder: Path, project: str, version: str) -> None:
    """A wheel in place of what Termux has installed already."""
    stem = f"{project.replace('-', '_')}-{version}"
    metadata = f"Metadata-Version: 2.1\nName: {project}\nVersion: {version}\n"
    wheel = f"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: false\nTag: {TAG}\n"
    with zipfile.ZipFile(folder / f"{stem}-{TAG}.whl", "w") as archive:
        archive.writestr(f"{stem}.dist-info/METADATA", metadata)
        archive.writestr(f"{stem}.dist-info/WHEEL", wheel)
        archive.writestr(f"{stem}.dist-info/RECORD", "")


@pytest.fixture(scope="module")
def _index(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skips where no package index answers at all."""
    done = pip("--no-deps", "--target", str(tmp_path_factory.mktemp("probe")), "click")
    if done.returncode != 0:
        pytest.skip(f"no package index answers: {done.stderr.strip().splitlines()[-1:]}")


def test_our_requirements_have_no_markers_and_name_no_platform() -> None:
    assert [requirement for requirement in REQUIRED if ";" in requirement] == []
    assert "android" not in json.dumps(PROJECT).lower()


def test_pydantic_is_required_as_a_range_below_3() -> None:
    (pydantic,) = [requirement for requirement in REQUIRED if name_of(requirement) == "pydantic"]
    assert re.fullmatch(r"pydantic>=2\.\d+,<3", pydantic)


@pytest.mark.network
@pytest.mark.usefixtures("_index")
def test_all_but_what_termux_brings_resolves_for_android_with_wheels_only(tmp_path: Path) -> None:
    wanted = [requirement for requirement in REQUIRED if name_of(requirement) not in FROM_TERMUX]
    assert len(wanted) == len(REQUIRED) - len(FROM_TERMUX)
    chosen = resolved(tmp_path, *wanted)
    assert {name_of(requirement) for requirement in wanted} <= chosen.keys()
    assert all(wheel.endswith((f"{TAG}.whl", "-none-any.whl")) for wheel in chosen.values())


@pytest.mark.network
@pytest.mark.usefixtures("_index")
@pytest.mark.parametrize(("core", "pydantic"), [("2.46.4", "2.13."), ("2.41.5", "2.12.")])
def test_the_recipe_takes_the_pydantic_that_fits_termux_s_core(tmp_path: Path, core: str, pydantic: str) -> None:
    wheels = tmp_path / "termux"
    wheels.mkdir()
    stand_in(wheels, "pydantic-core", core)
    stand_in(wheels, "PyYAML", "6.0.2")
    constraints = tmp_path / "constraints.txt"
    constraints.write_text(f"pydantic-core=={core}\nPyYAML==6.0.2\n", encoding="utf-8")
    chosen = resolved(tmp_path, "-c", str(constraints), "--find-links", str(wheels), *REQUIRED)
    assert chosen["pydantic"].startswith(f"pydantic-{pydantic}")
    assert chosen["pydantic-core" if "pydantic-core" in chosen else "pydantic_core"].startswith(
        f"pydantic_core-{core}-"
    )
    assert {name_of(requirement) for requirement in REQUIRED} <= chosen.keys()
