"""What is said about loading a model keeps the manner of all messages, with ordinary names and numbers."""

from __future__ import annotations

import re
import textwrap

import pytest

from tavern_tui.domain import loading_messages as say
from tavern_tui.domain.wording import Wording

MODEL = "Mistral-Nemo-12B"
SAID: dict[str, Wording] = {
    "cut short": say.cut_short(MODEL),
    "no gguf": say.no_gguf(MODEL),
    "too old": say.engine_too_old(MODEL, "deepseek5", "0.3.36"),
    "no memory": say.no_memory_for_model(MODEL, gpu=False),
    "no memory on a gpu": say.no_memory_for_model(MODEL, gpu=True),
    "no memory for the context": say.no_memory_for_context(MODEL, 131_072, "f16"),
    "none for the smallest": say.no_memory_for_context(MODEL, 131_072, "q4_0"),
    "cache refused": say.cache_type_refused(MODEL, "q8_0"),
    "flash": say.cache_needs_flash("q8_0"),
    "not loaded": say.not_loaded(MODEL),
    "stopped": say.load_stopped(MODEL),
    "no adapter": say.no_adapter("/home/a/loras/noir.gguf"),
    "misfit": say.adapter_misfit("noir-lora.gguf", MODEL),
    "unreadable": say.adapter_unreadable("noir-lora.gguf"),
    "another in use": say.another_in_use(MODEL, "Qwen3-14B"),
    "settings in use": say.settings_in_use(MODEL),
    "not locked": say.not_locked(),
    "partly": say.partly_on_gpu(12, 41),
    "fewer": say.fewer_on_gpu(12, 41),
    "raised": say.rope_raised(131_072, 8192, 6_315_088.0, 500_000.0),
    "left alone": say.rope_left_alone(131_072, 8192),
    "as set": say.rope_as_set(1_000_000.0, 0.25),
}


@pytest.mark.parametrize("wording", SAID.values(), ids=SAID)
def test_a_wording_keeps_the_manner(wording: Wording) -> None:
    text = wording.plain
    assert not re.search(r"\berror\b|oops|invalid|failed to|exception|!", text, re.IGNORECASE)
    assert text == " ".join(text.split())
    assert text[-1] in ".?"


@pytest.mark.parametrize("wording", SAID.values(), ids=SAID)
def test_a_wording_takes_at_most_three_lines_of_45_columns(wording: Wording) -> None:
    assert len(textwrap.wrap(wording.plain, 45)) <= 3


@pytest.mark.parametrize("make", [say.cut_short, say.no_gguf, say.not_loaded, say.no_adapter, say.settings_in_use])
def test_a_hostile_name_drives_no_terminal(make: object) -> None:
    assert callable(make)
    text = make("\x1b[2J" + "x" * 500).plain
    assert "\x1b" not in text
    assert len(text) < 300
