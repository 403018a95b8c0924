"""Which context a model is loaded with where nobody chose one."""

from __future__ import annotations

import pytest

from tavern_tui.engines.embedded.worker import usual_contexts


@pytest.mark.parametrize(
    ("trained", "all_on_gpu", "tried"),
    [
        (131_072, False, [8192]),
        (131_072, True, [16_384, 8192]),
        (12_000, True, [12_000, 8192]),
        (4096, True, [4096]),
        (2048, False, [2048]),
    ],
)
def test_the_usual_context_is_what_was_trained_up_to_a_bound_that_a_gpu_raises(
    trained: int, all_on_gpu: bool, tried: list[int]
) -> None:
    assert usual_contexts(trained, all_on_gpu=all_on_gpu) == tried
