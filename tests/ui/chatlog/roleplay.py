"""Texts as models and people write them, for the tests of the log."""

from __future__ import annotations

from hypothesis import strategies as st

PARTS = st.sampled_from(
    [
        "*",
        "**",
        "***",
        "****",
        "`",
        "``",
        "```",
        "\n```",
        "\n~~~\n",
        "\\*",
        '"',
        "“",
        "”",
        "«",
        "»",
        "「",
        "」",
        "She sits",
        "rain",
        "2",
        " ",
        " ",
        "\n",
        "\n\n",
        "\r\n",
        "\t",
        "\x1b[2J",
        "\U000e0041",
        "日本",
        "e\u0301",
        ".",
    ]
)
ROLEPLAY = st.lists(PARTS, max_size=30).map("".join)
