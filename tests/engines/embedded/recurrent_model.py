"""A Mamba model of some kilobytes with random weights: its memory is one state and cannot be cut."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np

from tests.engines.embedded.vocabularies import BYTE_PAIRS

WIDTH, INNER, STATE, RANK, KERNEL, BLOCKS = 64, 128, 16, 4, 4, 2


def recurrent_model(path: Path) -> Path:
    """Write it."""
    random = np.random.default_rng(7)
    writer = gguf.GGUFWriter(path, "mamba")
    BYTE_PAIRS.write(writer)
    size = len(writer.kv_data[0]["tokenizer.ggml.tokens"].value)
    writer.add_context_length(512)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(BLOCKS)
    writer.add_feed_forward_length(0)
    writer.add_head_count(0)
    writer.add_ssm_conv_kernel(KERNEL)
    writer.add_ssm_inner_size(INNER)
    writer.add_ssm_state_size(STATE)
    writer.add_ssm_time_step_rank(RANK)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(size)
    shapes = {"token_embd.weight": (size, WIDTH), "output.weight": (size, WIDTH), "output_norm.weight": (WIDTH,)}
    for block in range(BLOCKS):
        shapes |= {f"blk.{block}.{name}": shape for name, shape in _BLOCK.items()}
    for name, shape in shapes.items():
        values = np.ones(shape) if name.endswith("norm.weight") else random.normal(0, 0.3, shape)
        writer.add_tensor(name, (-np.abs(values) if name.endswith("ssm_a") else values).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


_BLOCK: dict[str, tuple[int, ...]] = {
    "attn_norm.weight": (WIDTH,),
    "ssm_in.weight": (2 * INNER, WIDTH),
    "ssm_conv1d.weight": (INNER, KERNEL),
    "ssm_conv1d.bias": (INNER,),
    "ssm_x.weight": (RANK + 2 * STATE, INNER),
    "ssm_dt.weight": (INNER, RANK),
    "ssm_dt.bias": (INNER,),
    "ssm_a": (INNER, STATE),
    "ssm_d": (INNER,),
    "ssm_out.weight": (WIDTH, INNER),
}
