"""A plot as SVG: tokens read in each turn, a line for each policy, on a scale of powers of ten."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from html import escape

WIDTH, HEIGHT = 860, 340
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 40, 40
_COLOURS = ("#b3423c", "#d39b3a", "#4b7fb5", "#3c8a56")
_LEAST, _MOST = 1, 10_000


def plot(title: str, lines: Mapping[str, Sequence[int]]) -> str:
    """The picture; each line is the tokens read turn by turn."""
    turns = max(len(values) for values in lines.values())
    pieces = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        'font-family="sans-serif" font-size="12">',
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>',
        f'<text x="{_LEFT}" y="18" font-size="14" fill="#222222">{escape(title)}</text>',
        *(_grid_line(10**power) for power in range(5)),
        f'<text x="{WIDTH - _RIGHT}" y="{HEIGHT - 8}" text-anchor="end" fill="#555555">turn</text>',
        *(
            f'<text x="{_x(turn, turns):.0f}" y="{HEIGHT - 22}" text-anchor="middle" fill="#555555">{turn}</text>'
            for turn in range(0, turns + 1, max(1, turns // 10))
        ),
    ]
    for place, (colour, (name, values)) in enumerate(zip(_COLOURS, lines.items(), strict=False)):
        points = " ".join(f"{_x(turn, turns):.1f},{_y(value):.1f}" for turn, value in enumerate(values))
        at = _LEFT + place * 196
        pieces += [
            f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.3" stroke-linejoin="round"/>',
            f'<rect x="{at}" y="26" width="10" height="4" fill="{colour}"/>',
            f'<text x="{at + 15}" y="32" fill="#222222">{escape(name)}</text>',
        ]
    return "\n".join([*pieces, "</svg>"]) + "\n"


def _grid_line(tokens: int) -> str:
    y = _y(tokens)
    return (
        f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#dddddd"/>'
        f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end" fill="#555555">{tokens:,}</text>'
    )


def _x(turn: int, turns: int) -> float:
    return _LEFT + turn * (WIDTH - _LEFT - _RIGHT) / max(1, turns)


def _y(tokens: int) -> float:
    share = math.log10(max(_LEAST, tokens) / _LEAST) / math.log10(_MOST / _LEAST)
    return HEIGHT - _BOTTOM - share * (HEIGHT - _TOP - _BOTTOM)
