"""Termux: the install block, the extra keys that the app needs, and a launcher that survives a Python upgrade.

Termux replaces Python in place, which empties a virtual environment made for the version before; its keyboard row is a
line in ``termux.properties``. Nothing is written unless asked for, and what was there is kept beside it.
"""

from __future__ import annotations

import re
import shlex
import time
from collections.abc import Mapping
from pathlib import Path

from tavern_tui.domain.errors import StorageError

INSTALL_BLOCK = """\
pkg install python python-pydantic-core llama-cpp
python -m venv --system-site-packages ~/tavern
~/tavern/bin/pip install -c <(python -c 'import pydantic_core as p; print("pydantic-core=="+p.__version__)') .
~/tavern/bin/tavern-tui setup termux"""

PROPERTIES = {
    "extra-keys": "[['ESC','TAB','CTRL','LEFT','UP','DOWN','RIGHT','KEYBOARD']]",
    "enforce-char-based-input": "true",
}
_PROPERTY = re.compile(r"^\s*([A-Za-z0-9._-]+)\s*=")


def is_termux(environ: Mapping[str, str]) -> bool:
    """Whether this is Termux, by the variables that it sets."""
    return "TERMUX_VERSION" in environ or "com.termux" in environ.get("PREFIX", "")


def merged_properties(text: str) -> str:
    """``termux.properties`` with our lines in it: ours replace active lines of the same name, the rest stays."""
    kept: list[str] = []
    continued = dropping = False
    for line in text.splitlines():
        found = None if continued else _PROPERTY.match(line)
        if not continued:
            dropping = found is not None and found.group(1) in PROPERTIES
        if not dropping:
            kept.append(line)
        continued = line.endswith("\\")
    return "\n".join([*kept, *(f"{name} = {value}" for name, value in PROPERTIES.items())]) + "\n"


def launcher_script(environment: Path, version: str) -> str:
    """A shell script that starts the program in ``environment``, or says what to do after a Python upgrade.

    ``version`` is the Python version that the environment was made for, as ``3.13``.
    """
    program = shlex.quote(str(environment / "bin" / "tavern-tui"))
    return (
        "#!/data/data/com.termux/files/usr/bin/sh\n"
        "now=$(python -c 'import sys; print(\"%d.%d\" % sys.version_info[:2])')\n"
        f'if [ "$now" != "{version}" ]; then\n'
        f'  echo "Python changed from {version} to $now: run this block again; your library is untouched."\n'
        "  cat <<'BLOCK'\n"
        f"{INSTALL_BLOCK}\n"
        "BLOCK\n"
        "  exit 1\n"
        "fi\n"
        f'exec {program} "$@"\n'
    )


def write_properties(home: Path) -> tuple[Path, Path | None]:
    """Write ``~/.termux/termux.properties``; returns its path and that of the copy kept of the old one, if any.

    Raises ``StorageError`` where it cannot be written.
    """
    path = home / ".termux" / "termux.properties"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        old = path.read_text(encoding="utf-8") if path.exists() else None
        backup = None
        if old is not None:
            backup = path.with_name(f"{path.name}.{time.strftime('%Y%m%d-%H%M%S')}")
            backup.write_text(old, encoding="utf-8")
        path.write_text(merged_properties(old or ""), encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{path} cannot be written ({error.strerror}).", where=str(path)) from None
    return path, backup


def write_launcher(prefix: Path, environment: Path, version: str) -> Path:
    """Write the launcher as ``tavern`` into ``prefix``/bin; returns its path. Raises ``StorageError``."""
    path = prefix / "bin" / "tavern"
    try:
        path.write_text(launcher_script(environment, version), encoding="utf-8")
        path.chmod(0o755)
    except OSError as error:
        raise StorageError(f"{path} cannot be written ({error.strerror}).", where=str(path)) from None
    return path
