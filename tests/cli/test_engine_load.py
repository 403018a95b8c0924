"""Loading a model by hand: options of the engine's settings, what they cost, and what is kept of them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Tavern
from tests.engines.embedded.tiny_models import tiny_model


@pytest.fixture
def tiny(tavern_home: Path) -> Path:
    """A home with a model of some kilobytes in it."""
    (tavern_home / "models").mkdir()
    return tiny_model(tavern_home / "models" / "tiny.gguf")


@pytest.mark.usefixtures("tiny")
def test_a_model_is_loaded_with_options_which_are_kept_only_if_asked(tavern: Tavern, tavern_home: Path) -> None:
    options = ("--kv-type", "q8_0", "--threads", "1", "--context-tokens", "512", "--rope-scale", "0.5")
    try:
        first = tavern("engine", "load", "tiny", *options)
        assert "Loaded with kv_type q8_0\nRoPE is as set: scale 0.5." in first.text
        assert "At a context of 512: weights" in first.notes
        assert "fits" in first.notes
        assert tavern("engine", "load", "tiny", *options, "--flash-attention", "off", "--remember").code == 4
        assert not (tavern_home / "config" / "settings.yaml").exists()
        more = ("--kv-type", "q4_0", "--mlock", "yes", "--context-tokens", "256")
        small = tavern("engine", "load", "tiny", *more, "--remember")
        assert "context 256 (trained for 512: engine.context_tokens raises it)" in small.text
        model = json.loads(tavern("engine", "status", "--json").text)["model"]
        assert (model["options"]["kv_type"], model["options"]["mlock"], model["rope_scale"]) == ("q4_0", True, 1.0)
        kept = (tavern_home / "config" / "settings.yaml").read_text()
        assert "kv_type: q4_0" in kept
        assert "mlock: true" in kept
    finally:
        tavern("engine", "stop")


@pytest.mark.usefixtures("tiny")
def test_an_option_is_checked_as_the_setting_of_its_name_is(tavern: Tavern) -> None:
    ran = tavern("engine", "load", "tiny", "--gpu-layers", "most")
    assert ran.code == 2
    assert "--gpu-layers" in ran.notes
    assert "auto, all or a whole number" in ran.notes


def test_a_model_that_is_not_there_is_not_loaded(tavern: Tavern) -> None:
    ran = tavern("engine", "load", "nothing")
    assert ran.code == 3
    assert "nothing" in ran.notes
