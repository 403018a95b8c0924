"""The vocabulary that counts where no engine runs, loaded once for many tests instead of in a child process for each.

What the child process is and does is seen in ``tests/engines/test_counting.py`` and wherever a test starts the program
anew. Elsewhere the same library counts the same in the process that asks.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

from tavern_tui.engines import counting
from tavern_tui.engines.counting_child import Count, published_encoding

_loaded = cache(published_encoding)


class KeptVocabulary:
    """What ``counting.VocabularyProcess`` is to its caller for a published encoding, without the process."""

    def __init__(self, kind: str, what: str) -> None:
        assert kind == "encoding"
        self._name = what

    async def facts(self) -> counting.VocabularyFacts:
        """What was loaded."""
        return counting.VocabularyFacts(**self._vocabulary()[0])

    async def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text."""
        count = self._vocabulary()[1]
        return [count(text) for text in texts]

    async def close(self) -> None:
        """Nothing was started."""

    def _vocabulary(self) -> tuple[dict[str, Any], Count]:
        return _loaded(self._name)


def keep_vocabularies() -> None:
    """Let every counter that is made in this process from now on count by a kept vocabulary; load the usual one."""
    counting.VocabularyProcess = KeptVocabulary  # type: ignore[assignment,misc]
    _loaded("cl100k_base")
