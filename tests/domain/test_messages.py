"""The fixed texts, word for word where the design fixes them, and their manner for all."""

from __future__ import annotations

import inspect
import re
import textwrap
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tavern_tui.domain import connection_messages, messages, preset_messages
from tavern_tui.domain.messages import Wording

FIXED: dict[str, Wording] = {
    "rig:5001 does not answer (connection refused). Your message is saved. Enter tries again · c other engine": (
        messages.no_answer("rig:5001", "connection refused")
    ),
    "rig:5001 does not answer (connection refused). Reading and editing work; trying again every 10 s.": (
        messages.no_answer_at_start("rig:5001", "connection refused")
    ),
    "KoboldCpp is still loading Mistral-Nemo (503). Sending when it is ready · Esc waits no longer": (
        messages.still_loading("KoboldCpp", "Mistral-Nemo")
    ),
    "The link broke after 143 tokens. Kept. c continues · r tries again": messages.link_broke(143),
    "rig:5001 is a web page, not an engine API (HTML). KoboldCpp's address is usually http://host:5001": (
        messages.web_page("rig:5001")
    ),
    "The key was refused (401) by openrouter.ai. k enters a new one": messages.key_refused("openrouter.ai"),
    "Mira's card (2,310 tokens) and 300 for the reply do not fit 2,048. "
    "Raise the context, or t shows what to shorten": messages.card_does_not_fit("Mira", 2310, 300, 2048),
    "Model file is cut short: 1,203 MB of 4,369 MB. tavern-tui models get … resumes": (
        messages.model_cut_short(1_203_456_789, 4_369_000_000)
    ),
    "Disk full: /home/a. The reply stays on screen and is saved when there is room. Nothing older was touched": (
        messages.disk_full_in_reply("/home/a")
    ),
    "Disk full: /home/a. Nothing older was touched. Make room and try again.": messages.disk_full("/home/a"),
    "The model wrote only Alex's lines, not its own: they are left out. r again · p other template": (
        messages.only_the_users_lines("Alex")
    ),
    "openrouter.ai has no such model. m chooses another model": messages.no_such_model("openrouter.ai"),
    "mira.png: no character inside (a plain picture). Import it as a portrait?": (
        messages.no_character_inside("mira.png")
    ),
    "The model wrote nothing (it stopped at once). Often the template: now ChatML. r again · p other template": (
        messages.wrote_nothing("ChatML")
    ),
    "The model has nothing to add: for it the reply ends here. r another reply": messages.nothing_to_add(),
    'Entry "Dragon" switched off for this turn: its key /(a+)+b/ took over 50 ms': (
        messages.entry_switched_off("Dragon", "/(a+)+b/", 50)
    ),
    "No engine built: using KoboldCpp at localhost:5001 (make engine builds one, about 6 minutes).": (
        messages.using_server_instead("KoboldCpp", "localhost:5001")
    ),
    "This chat was written by tavern-tui 1.4 (format 3); this is 1.2 (format 2). Update, or: "
    "tavern-tui log CHAT --copy TITLE": (messages.newer_format("chat", "1.4", 3, "1.2", 2)),
}

SAMPLES: dict[str, object] = {
    "server": "openrouter.ai",
    "origin": "http://api.example.org:80",
    "engine": "llama-server",
    "model": "Mistral-Nemo-12B",
    "path": "/home/a/tavern",
    "folder": "/home/a/tavern/models",
    "log": "/home/a/tavern/last.log",
    "why": "connection refused",
    "said": "",
    "status": 500,
    "names": ("min-p", "typical-p"),
    "texts": ("shivers down", "a testament to"),
    "what": "banned texts",
}
MADE = [
    function
    for module in (messages, connection_messages, preset_messages)
    for _, function in inspect.getmembers(module, inspect.isfunction)
    if inspect.signature(function).return_annotation == "Wording"
]


def sample(function: Callable[..., Wording]) -> Wording:
    """The wording with ordinary values for each parameter."""
    given_values: dict[str, object] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        kind = str(parameter.annotation)
        fallback: object = 2048 if kind.startswith("int") else 1.05 if kind.startswith("float") else "Mira"
        given_values[name] = SAMPLES.get(name, fallback)
    return function(**given_values)


@pytest.mark.parametrize(("text", "wording"), FIXED.items())
def test_a_fixed_text_reads_word_for_word(text: str, wording: Wording) -> None:
    assert str(wording) == text


def test_the_table_of_samples_covers_every_wording() -> None:
    assert len(MADE) > 30


@pytest.mark.parametrize("function", MADE, ids=lambda f: f.__name__)
def test_a_wording_keeps_the_manner(function: Callable[..., Wording]) -> None:
    text = str(sample(function))
    assert not re.search(r"\berror\b|oops|invalid|failed to|exception|!", text, re.IGNORECASE)
    assert "  " not in text
    assert text == text.strip()


@pytest.mark.parametrize("function", MADE, ids=lambda f: f.__name__)
def test_a_wording_takes_at_most_three_lines_of_45_columns(function: Callable[..., Wording]) -> None:
    assert len(textwrap.wrap(str(sample(function)), 45)) <= 3


@pytest.mark.parametrize("function", MADE, ids=lambda f: f.__name__)
def test_keys_stay_out_of_what_headless_front_ends_print(function: Callable[..., Wording]) -> None:
    wording = sample(function)
    assert wording.plain.startswith(wording.title)
    if wording.keys:
        assert wording.keys not in wording.plain


@given(st.text(max_size=300))
def test_a_hostile_name_can_drive_no_terminal_and_hide_no_key(name: str) -> None:
    text = str(messages.no_answer(name, name))
    assert "\x1b" not in text
    assert "\n" not in text
    assert len(text) < 200
    assert text.endswith("Enter tries again · c other engine")


def test_what_a_server_said_is_quoted_in_part() -> None:
    wording = messages.rejected("rig:5001", 400, "x" * 500)
    assert wording.hint == f"It said: {'x' * 119}…."


@pytest.mark.parametrize(("value", "text"), [(0.2, "1 s"), (7, "7 s"), (90, "90 s"), (180, "3 min")])
def test_waiting_times_are_short_words(value: float, text: str) -> None:
    assert messages.seconds(value) == text


@pytest.mark.parametrize(("count", "text"), [(512, "512 bytes"), (1_000_000, "1 MB"), (4_369_000_000, "4,369 MB")])
def test_sizes_never_read_as_nothing(count: int, text: str) -> None:
    assert messages.megabytes(count) == text
