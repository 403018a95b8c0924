"""The default system texts: short, and ours to measure with a real vocabulary."""

from __future__ import annotations

from pathlib import Path

import pytest

from tavern_tui.prompt import defaults
from tavern_tui.prompt.macros import expand
from tests.prompt.test_macros import NAMES

TEXTS = [defaults.CHAT, defaults.ADVENTURE, defaults.STORY, defaults.STARTER]


@pytest.mark.model
def test_each_has_at_most_120_tokens_with_names_filled_in(starter_model: Path) -> None:
    from llama_cpp import Llama

    vocabulary = Llama(str(starter_model), vocab_only=True, verbose=False)
    for text in TEXTS:
        assert len(vocabulary.tokenize(expand(text, NAMES).encode(), add_bos=False)) <= 120


@pytest.mark.parametrize("text", TEXTS)
def test_each_leaves_no_macro_and_names_the_user_but_where_they_write_the_story(text: str) -> None:
    assert ("User" in expand(text, NAMES)) == (text != defaults.STORY), "an author's name would become a character's"
    assert "{{" not in expand(text, NAMES)
