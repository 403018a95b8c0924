"""Which package index this machine uses, as its own tools know: pip is asked, and where there is none, uv.

No address is written here. ``PIP_INDEX_URL`` and pip's configuration files decide; without them pip's own default, as
its help text tells. An environment without pip (``uv tool``, ``pipx``) is served by the pip that Python carries for
new environments, by a pip or uv on the path, or by uv's variables. Addresses may hold passwords: none is in a
``repr`` or a message. Sources: pip's user guide (configuration), PEP 453 for the bundled pip.
"""

from __future__ import annotations

import ast
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tavern_tui.domain.errors import EngineError, EngineFault

ASKING_SECONDS = 120.0
# Sections of pip's configuration that speak about downloads, the strongest last.
_SECTIONS = ("global", "install", "download", ":env:")
_LINE = re.compile(r"(?P<section>:env:|[^.=]+)\.(?P<key>[\w-]+)=(?P<value>['\"].*)")
_DEFAULT = re.compile(r"--index-url <url>.{0,200}?\(default\s+(?P<url>[^\s)]+)\)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class PipSettings:
    """What pip would use. ``indexes``: URLs of simple indexes, the main one first; ``find_links``: folders and pages.

    ``cert`` is a file or folder of trusted certificates, ``proxy`` a proxy's URL, both empty where not set.
    ``trusted_hosts`` are not asked for a certificate. Addresses are out of ``repr``: they may hold passwords.
    """

    indexes: tuple[str, ...] = field(default=(), repr=False)
    find_links: tuple[str, ...] = field(default=(), repr=False)
    cert: str = ""
    proxy: str = field(default="", repr=False)
    trusted_hosts: tuple[str, ...] = ()


def pip_settings(python: str = sys.executable, environ: Mapping[str, str] | None = None) -> PipSettings:
    """Ask pip. ``python`` is the interpreter whose pip is asked first.

    Raises ``EngineError`` (``UNAVAILABLE``) naming the setting to give where nobody can be asked.
    """
    env = dict(os.environ if environ is None else environ)
    for command in _askable(python, env):
        listing = _asked([*command, "config", "list"], env)
        if listing is not None:
            return _from_pip(command, listing, env)
    own = env.get("PIP_INDEX_URL") or env.get("UV_DEFAULT_INDEX") or env.get("UV_INDEX_URL")
    if own:
        return PipSettings(indexes=(own,), cert=env.get("PIP_CERT") or env.get("SSL_CERT_FILE") or "")
    raise EngineError(
        "No pip or uv is here to ask for the package index.",
        hint="Set PIP_INDEX_URL to your index, or install pip.",
        fault=EngineFault.UNAVAILABLE,
    )


def _askable(python: str, env: Mapping[str, str]) -> Iterator[list[str]]:
    """Commands that may be a pip, the environment's own first. ``-P``: no ``pip.py`` of the current folder is run."""
    yield [python, "-P", "-m", "pip"]
    for wheel in _bundled_wheels():
        yield [python, "-P", f"{wheel}/pip"]
    path = env.get("PATH")
    for name in ("pip3", "pip"):
        if found := shutil.which(name, path=path):
            yield [found]
    if (uv := shutil.which("uv", path=path)) and not env.get("UV_DEFAULT_INDEX") and not env.get("UV_INDEX_URL"):
        yield [uv, "tool", "run", "pip"]


def _bundled_wheels() -> list[Path]:
    """The pip wheels that this Python installs into new environments."""
    folders = [sysconfig.get_config_var("WHEEL_PKG_DIR")]
    if (spec := importlib.util.find_spec("ensurepip")) is not None:
        folders += [Path(place) / "_bundled" for place in spec.submodule_search_locations or ()]
    return [wheel for folder in folders if folder for wheel in sorted(Path(folder).glob("pip-*.whl"))]


def _asked(command: Sequence[str], env: Mapping[str, str]) -> str | None:
    """What a command prints; ``None`` where it does not run or fails."""
    plain = {**env, "COLUMNS": "1000", "NO_COLOR": "1", "PIP_NO_INPUT": "1", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    try:
        done = subprocess.run(
            command, env=plain, stdin=subprocess.DEVNULL, capture_output=True, timeout=ASKING_SECONDS, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else None


def _from_pip(command: Sequence[str], listing: str, env: Mapping[str, str]) -> PipSettings:
    values = _effective(command, listing, env)
    main = values.get("index-url") or _own_default(command, env)
    indexes = (main, *values.get("extra-index-url", "").split())
    return PipSettings(
        indexes=() if values.get("no-index", "").lower() in ("1", "true", "yes", "on") else indexes,
        find_links=tuple(values.get("find-links", "").split()),
        cert=values.get("cert", ""),
        proxy=values.get("proxy", ""),
        trusted_hosts=tuple(values.get("trusted-host", "").split()),
    )


def _effective(command: Sequence[str], listing: str, env: Mapping[str, str]) -> dict[str, str]:
    """Option → value, after pip's order of sections. A key that two files set is settled by pip itself."""
    told: dict[tuple[str, str], list[str]] = {}
    for line in listing.splitlines():
        if match := _LINE.fullmatch(line.strip()):
            told.setdefault((match["section"], match["key"]), []).append(_unquoted(match["value"]))
    values: dict[str, str] = {}
    for wanted in _SECTIONS:
        for (section, key), found in told.items():
            if section == wanted:
                settled = _asked([*command, "config", "get", f"{section}.{key}"], env) if len(found) > 1 else None
                values[key] = found[-1] if settled is None else settled.strip()
    return values


def _own_default(command: Sequence[str], env: Mapping[str, str]) -> str:
    help_text = _asked([*command, "download", "--help"], env) or ""
    if match := _DEFAULT.search(help_text):
        return match["url"]
    raise EngineError(
        "pip does not say which package index it uses.",
        hint="Set PIP_INDEX_URL to your index.",
        fault=EngineFault.UNAVAILABLE,
    )


def _unquoted(literal: str) -> str:
    try:
        value = ast.literal_eval(literal)
    except (ValueError, SyntaxError):
        return ""
    return value if isinstance(value, str) else ""
