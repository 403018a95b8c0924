"""What the numbers in a GGUF header mean: quantisations, tensor types, and architectures that do not chat.

Facts only, as tables; ``gguf`` reads headers with them. Source: the GGUF specification and the constants of the
``gguf`` package 0.19.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

# general.file_type → the label that people download by.
QUANTS: Mapping[int, str] = MappingProxyType(
    {
        0: "F32",
        1: "F16",
        2: "Q4_0",
        3: "Q4_1",
        7: "Q8_0",
        8: "Q5_0",
        9: "Q5_1",
        10: "Q2_K",
        11: "Q3_K_S",
        12: "Q3_K_M",
        13: "Q3_K_L",
        14: "Q4_K_S",
        15: "Q4_K_M",
        16: "Q5_K_S",
        17: "Q5_K_M",
        18: "Q6_K",
        19: "IQ2_XXS",
        20: "IQ2_XS",
        21: "Q2_K_S",
        22: "IQ3_XS",
        23: "IQ3_XXS",
        24: "IQ1_S",
        25: "IQ4_NL",
        26: "IQ3_S",
        27: "IQ3_M",
        28: "IQ2_S",
        29: "IQ2_M",
        30: "IQ4_XS",
        31: "IQ1_M",
        32: "BF16",
        36: "TQ1_0",
        37: "TQ2_0",
        38: "MXFP4_MOE",
        39: "NVFP4",
        40: "Q1_0",
    }
)

_NEAR = ("Q6_K", "Q8_0")
_LOSSY = ("Q3_K_S", "Q3_K_M", "Q3_K_L", "IQ3_XS", "IQ3_XXS", "IQ3_S", "IQ3_M")
_LITTLE = ("Q2_K", "Q2_K_S", "IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ2_M", "IQ1_S", "IQ1_M", "TQ1_0", "TQ2_0", "Q1_0")

# Label → what to think of it for chatting.
QUALITIES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("F32", "F16", "BF16"), "larger than chatting needs"),
        **dict.fromkeys(_NEAR, "as good as unquantised"),
        **dict.fromkeys(("Q5_K_M", "Q5_K_S", "Q5_0", "Q5_1"), "very good"),
        **dict.fromkeys(("Q4_K_M", "IQ4_XS", "IQ4_NL", "MXFP4_MOE"), "recommended"),
        **dict.fromkeys(("Q4_K_S", "Q4_0", "Q4_1", "NVFP4"), "good"),
        **dict.fromkeys(_LOSSY, "noticeably worse"),
        **dict.fromkeys(_LITTLE, "for very large models only"),
    }
)

# File types that llama.cpp no longer loads → what to get instead.
WITHDRAWN_QUANTS: Mapping[int, str] = MappingProxyType(
    {4: "Q4_1", 5: "Q4_0", 6: "Q4_0", 33: "Q4_0", 34: "Q4_0", 35: "Q4_0"}
)

# Tensor type → (elements, bytes) of one block.
BLOCKS: Mapping[int, tuple[int, int]] = MappingProxyType(
    {
        0: (1, 4),  # F32
        1: (1, 2),  # F16
        2: (32, 18),  # Q4_0
        3: (32, 20),  # Q4_1
        6: (32, 22),  # Q5_0
        7: (32, 24),  # Q5_1
        8: (32, 34),  # Q8_0
        9: (32, 40),  # Q8_1
        10: (256, 84),  # Q2_K
        11: (256, 110),  # Q3_K
        12: (256, 144),  # Q4_K
        13: (256, 176),  # Q5_K
        14: (256, 210),  # Q6_K
        15: (256, 292),  # Q8_K
        16: (256, 66),  # IQ2_XXS
        17: (256, 74),  # IQ2_XS
        18: (256, 98),  # IQ3_XXS
        19: (256, 50),  # IQ1_S
        20: (32, 18),  # IQ4_NL
        21: (256, 110),  # IQ3_S
        22: (256, 82),  # IQ2_S
        23: (256, 136),  # IQ4_XS
        24: (1, 1),  # I8
        25: (1, 2),  # I16
        26: (1, 4),  # I32
        27: (1, 8),  # I64
        28: (1, 8),  # F64
        29: (256, 56),  # IQ1_M
        30: (1, 2),  # BF16
        34: (256, 54),  # TQ1_0
        35: (256, 66),  # TQ2_0
        39: (32, 17),  # MXFP4
        40: (64, 36),  # NVFP4
        41: (128, 18),  # Q1_0
    }
)

EMBEDDERS = (
    "bert",
    "modern-bert",
    "neo-bert",
    "eurobert",
    "nomic-bert",
    "nomic-bert-moe",
    "jina-bert-v2",
    "jina-bert-v3",
    "gemma-embedding",
    "llama-embed",
    "t5encoder",
)

# Architectures of files that cannot carry a chat → what they are, as the end of "This is …".
NOT_CHAT: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(EMBEDDERS, "an embedding model"),
        "clip": "a vision projector",
        "t5": "an encoder-decoder model",
        "wavtokenizer-dec": "an audio decoder",
        **dict.fromkeys(("dream", "llada", "llada-moe", "rnd1"), "a diffusion language model"),
        **dict.fromkeys(("flux", "sd1", "sdxl", "sd3", "wan", "qwen_image", "lumina2", "hidream"), "an image model"),
    }
)

# general.type of files that are no model → what they are, as the end of "This is …".
NOT_MODELS: Mapping[str, str] = MappingProxyType(
    {"adapter": "a LoRA adapter", "mmproj": "a vision projector", "imatrix": "an importance matrix"}
)

# What a file is that cannot chat → what to do, as a sentence.
INSTEAD: Mapping[str, str] = MappingProxyType(
    {
        "an embedding model": "It turns texts into numbers for search: choose a chat model (often named Instruct).",
        "a vision projector": "It belongs to a vision model: leave it beside that one, and choose that one.",
        "a LoRA adapter": "It changes a model and is none: choose its model (engine.lora adds it).",
        "an importance matrix": "It helps to quantise and holds no model: choose the model.",
        "an image model": "It paints pictures: choose a chat model.",
        "an audio decoder": "It makes sound: choose a chat model.",
        "an encoder-decoder model": "It translates and sums up rather than chats: choose a chat model.",
        "a diffusion language model": "It does not write word by word: choose another model.",
        "a vocabulary without a model": "Download the whole model.",
    }
)
