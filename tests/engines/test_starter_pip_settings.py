"""Asking pip for its index: real pip, real configuration files, and environments without any."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from pathlib import Path

import pytest

from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.engines.pip_settings import PipSettings, pip_settings


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    """An environment in which pip has no configuration but what a test gives it."""
    kept = {key: os.environ[key] for key in ("PATH", "LANG", "LD_LIBRARY_PATH") if key in os.environ}
    return {**kept, "HOME": str(tmp_path), "XDG_CONFIG_DIRS": str(tmp_path / "none"), "PIP_CONFIG_FILE": os.devnull}


def configured(tmp_path: Path, env: dict[str, str], text: str) -> PipSettings:
    """What pip says with this configuration file."""
    file = tmp_path / "pip.conf"
    file.write_text(text, encoding="utf-8")
    return pip_settings(environ={**env, "PIP_CONFIG_FILE": str(file)})


def script(folder: Path, name: str, body: str) -> None:
    """Put an executable shell script into a folder."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)


def test_without_configuration_it_is_pip_s_own_default(env: dict[str, str]) -> None:
    code = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)"
    default = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert pip_settings(environ=env) == PipSettings(indexes=(default.stdout.strip(),))


def test_the_environment_s_index_is_used(env: dict[str, str]) -> None:
    found = pip_settings(environ={**env, "PIP_INDEX_URL": "https://u:p@mirror.test/simple"})
    assert found.indexes == ("https://u:p@mirror.test/simple",)


def test_a_configuration_file_is_read_whole(tmp_path: Path, env: dict[str, str]) -> None:
    found = configured(
        tmp_path,
        env,
        "[global]\nindex-url = https://one.test/simple\nextra-index-url =\n    https://two.test/simple\n"
        "    https://three.test/it's\ncert = /etc/own.pem\nproxy = http://proxy.test:3128\n"
        "trusted-host = one.test two.test:8443\nfind-links = /opt/wheels\n",
    )
    assert found == PipSettings(
        indexes=("https://one.test/simple", "https://two.test/simple", "https://three.test/it's"),
        find_links=("/opt/wheels",),
        cert="/etc/own.pem",
        proxy="http://proxy.test:3128",
        trusted_hosts=("one.test", "two.test:8443"),
    )


def test_the_environment_wins_over_the_download_section_and_that_over_the_global_one(
    tmp_path: Path, env: dict[str, str]
) -> None:
    text = "[global]\nindex-url = https://global.test\n[download]\nindex-url = https://download.test\n"
    assert configured(tmp_path, env, text).indexes[0] == "https://download.test"
    with_env = {**env, "PIP_INDEX_URL": "https://env.test"}
    assert configured(tmp_path, with_env, text).indexes[0] == "https://env.test"


def test_of_two_files_that_one_counts_which_pip_prefers(tmp_path: Path, env: dict[str, str]) -> None:
    for folder, index in ((".pip", "https://z-legacy.test"), (".config/pip", "https://a-user.test")):
        (tmp_path / folder).mkdir(parents=True)
        (tmp_path / folder / "pip.conf").write_text(f"[global]\nindex-url = {index}\n", encoding="utf-8")
    del env["PIP_CONFIG_FILE"]
    assert pip_settings(environ=env).indexes[0] == "https://a-user.test"


def test_no_index_leaves_only_the_links(tmp_path: Path, env: dict[str, str]) -> None:
    found = configured(tmp_path, env, "[global]\nno-index = true\nfind-links = /opt/wheels\n")
    assert (found.indexes, found.find_links) == ((), ("/opt/wheels",))


def test_a_pip_in_the_current_folder_is_not_run(
    tmp_path: Path, env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "pip.py").write_text("print(\"global.index-url='https://evil.test'\")", encoding="utf-8")
    assert pip_settings(environ={**env, "PIP_INDEX_URL": "https://env.test"}).indexes == ("https://env.test",)


def test_an_environment_without_pip_asks_the_one_that_python_carries(tmp_path: Path, env: dict[str, str]) -> None:
    bare = tmp_path / "bare"
    venv.create(bare, with_pip=False)
    alone = {**env, "PATH": str(tmp_path / "none"), "PIP_CERT": "/own.pem"}
    found = pip_settings(str(bare / "bin" / "python"), alone)
    assert found.indexes[0].startswith("https://")
    assert found.cert == "/own.pem"


@pytest.mark.parametrize(
    ("name", "body"), [("pip", 'exec {python} -m pip "$@"'), ("uv", 'shift 2; exec {python} -m "$@"')]
)
def test_a_pip_or_uv_on_the_path_is_asked(tmp_path: Path, env: dict[str, str], name: str, body: str) -> None:
    script(tmp_path / "bin", name, body.format(python=sys.executable))
    (tmp_path / "pip.conf").write_text("[global]\nindex-url = https://conf.test\n", encoding="utf-8")
    there = {**env, "PATH": str(tmp_path / "bin"), "PIP_CONFIG_FILE": str(tmp_path / "pip.conf")}
    assert pip_settings("/nowhere/python", there).indexes == ("https://conf.test",)


def test_uv_s_own_variables_count_where_there_is_no_pip(tmp_path: Path, env: dict[str, str]) -> None:
    script(tmp_path / "bin", "uv", "exit 3")
    there = {**env, "PATH": str(tmp_path / "bin"), "UV_DEFAULT_INDEX": "https://uv.test", "SSL_CERT_FILE": "/own.pem"}
    assert pip_settings("/nowhere/python", there) == PipSettings(indexes=("https://uv.test",), cert="/own.pem")


def test_the_pip_variable_counts_where_there_is_no_pip(tmp_path: Path, env: dict[str, str]) -> None:
    there = {**env, "PATH": str(tmp_path), "PIP_INDEX_URL": "https://env.test"}
    assert pip_settings("/nowhere/python", there).indexes == ("https://env.test",)


def test_where_nobody_can_be_asked_the_setting_to_give_is_named(tmp_path: Path, env: dict[str, str]) -> None:
    with pytest.raises(EngineError) as caught:
        pip_settings("/nowhere/python", {**env, "PATH": str(tmp_path)})
    assert caught.value.fault is EngineFault.UNAVAILABLE
    assert "PIP_INDEX_URL" in caught.value.hint


def test_a_pip_that_breaks_is_passed_over(tmp_path: Path, env: dict[str, str]) -> None:
    script(tmp_path / "bin", "pip3", "echo nonsense; exit 2")
    script(tmp_path / "bin", "pip", f'exec {sys.executable} -m pip "$@"')
    there = {**env, "PATH": str(tmp_path / "bin"), "PIP_INDEX_URL": "https://env.test"}
    assert pip_settings("/nowhere/python", there).indexes == ("https://env.test",)
