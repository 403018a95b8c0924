"""Run what failed last once more with assertions rewritten, so that it can be read: ``python -m tests.again``.

pytest's own ``--last-failed`` does not know the names that tests have when they are spread over processes in groups:
they end in ``@group``. It would run the whole suite instead.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

LAST_FAILED = Path(".pytest_cache/v/cache/lastfailed")
MOST = 20
"""Tests that are run again: where more fail, these tell enough."""


def failed(text: str) -> list[str]:
    """Names of the tests that pytest's cache file with this text lists, without their groups; at most ``MOST``."""
    return list(dict.fromkeys(re.sub(r"@[^\]]*$", "", name) for name in json.loads(text)))[:MOST]


def main() -> int:
    """Run them; pytest's exit code, and 1 where nothing is known to have failed."""
    if not LAST_FAILED.is_file():
        return 1
    return subprocess.run([sys.executable, "-m", "pytest", *failed(LAST_FAILED.read_text())], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
