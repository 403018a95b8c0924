"""The note about the starter is said once on a machine, after its fifth reply; its status text always."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest

from tavern_tui.config.paths import directories
from tavern_tui.domain.starter import STARTER_STATUS, starter_note
from tavern_tui.engines.base import EngineInfo
from tavern_tui.prompt.templates import PLAIN_CONTEXT
from tavern_tui.session.connection import Ready
from tavern_tui.session.model_advice import GB, all_advice
from tavern_tui.session.model_templates import TemplateChoice
from tavern_tui.session.starter_note import COUNT_FILE, count_starter_reply, note_after, starter_status

INFO = EngineInfo("embedded", "SmolLM2")


def ready(*, starter: bool) -> Ready:
    return Ready(INFO, TemplateChoice(None, PLAIN_CONTEXT, "chosen"), 2048, starter=starter)


def test_the_note_comes_after_the_fifth_reply_and_never_again(tavern_home: Path) -> None:
    told = [count_starter_reply(directories()) for _ in range(12)]
    assert [place for place, note in enumerate(told) if note] == [4]
    assert told[4] is not None
    assert told[4].title == starter_note().title


def test_only_the_fifth_reply_has_a_note() -> None:
    assert [replies for replies in range(20) if note_after(replies)] == [5]


@pytest.mark.parametrize("left", [b"", b"soup\n", "٣".encode(), b"\xff\xfe", b"9" * 500])
def test_a_count_that_cannot_be_read_says_nothing_more(tavern_home: Path, left: bytes) -> None:
    state = directories().state
    state.mkdir()
    (state / COUNT_FILE).write_bytes(left)
    assert [count_starter_reply(directories()) for _ in range(7)] == [None] * 7


def test_where_nothing_can_be_kept_nothing_is_said(tavern_home: Path) -> None:
    (tavern_home / "state").write_text("a file in the folder's place")
    assert [count_starter_reply(directories()) for _ in range(7)] == [None] * 7


def test_the_note_names_a_model_that_fits_this_machine_and_is_short() -> None:
    assert str(note_after(5, 8 * GB)) == (
        "This is the 94 MB starter model. L3-8B-Stheno-v3.2 (Q4_K_M) fits here and writes far better: "
        "/connect shows more."
    )
    for row in all_advice():
        assert len(textwrap.wrap(str(note_after(5, int(row.memory_gb * GB))), 45)) <= 3
    assert note_after(5, GB // 2) == note_after(5, None) == starter_note()


def test_the_status_names_the_starter_and_nothing_else() -> None:
    assert starter_status(ready(starter=True)) == "starter 135M · /connect for a better model" == STARTER_STATUS
    assert starter_status(ready(starter=False)) == ""
    assert starter_status(None) == ""


def test_the_note_reads_word_for_word_and_keeps_the_manner() -> None:
    text = str(starter_note())
    assert text == (
        "This is the 94 MB starter model. With 8 GB of memory a 7–8B model at Q4 writes far better: "
        "/connect shows what fits this machine."
    )
    assert len(textwrap.wrap(text, 45)) <= 3
    assert not re.search(r"\berror\b|invalid|failed to|!", text, re.IGNORECASE)
