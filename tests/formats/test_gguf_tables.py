"""The tables of GGUF's numbers, against those of the ``gguf`` package."""

from __future__ import annotations

import gguf

from tavern_tui.formats.gguf_tables import BLOCKS, INSTEAD, NOT_CHAT, NOT_MODELS, QUALITIES, QUANTS, WITHDRAWN_QUANTS


def test_blocks_of_every_tensor_type_have_their_elements_and_bytes() -> None:
    known = {int(kind): sizes for kind, sizes in gguf.GGML_QUANT_SIZES.items()}
    assert {kind: BLOCKS.get(kind) for kind in known} == known


def test_file_types_have_the_labels_that_people_download_by() -> None:
    names = {int(kind): kind.name.removeprefix("MOSTLY_").removeprefix("ALL_") for kind in gguf.LlamaFileType}
    assert {kind: names[kind] for kind in QUANTS if kind in names} == {
        kind: label for kind, label in QUANTS.items() if kind in names
    }
    assert set(names) - {1024} <= set(QUANTS) | set(WITHDRAWN_QUANTS)
    assert not set(QUANTS) & set(WITHDRAWN_QUANTS)


def test_every_label_has_a_word_for_what_it_is_good_for() -> None:
    assert set(QUALITIES) == set(QUANTS.values())


def test_everything_that_is_no_chat_model_has_advice() -> None:
    kinds = {*NOT_CHAT.values(), *NOT_MODELS.values()}
    assert kinds <= set(INSTEAD)
    assert all(advice.endswith(".") for advice in INSTEAD.values())


def test_the_architectures_that_cannot_chat_are_those_that_the_package_knows() -> None:
    known = set(gguf.MODEL_ARCH_NAMES.values())
    ours = {name for name, what in NOT_CHAT.items() if what != "an image model"}
    assert ours <= known | {"t5encoder"}
