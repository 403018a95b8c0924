"""Colours: how a theme writes them, how well one can be read on another, and which of the sixteen comes nearest.

A colour is ``#rrggbb`` or one of the terminal's own, by the names that Textual gives them. Pure functions.
"""

from __future__ import annotations

import colorsys
import re

TERMINAL_GROUND = "ansi_default"
"""The terminal's own ground, and its own text on it: nobody can say how they look."""

SIXTEEN: dict[str, str] = (
    {"ansi_black": "#000000", "ansi_red": "#aa0000", "ansi_green": "#00aa00", "ansi_yellow": "#aa5500"}
    | {"ansi_blue": "#0000aa", "ansi_magenta": "#aa00aa", "ansi_cyan": "#00aaaa", "ansi_white": "#aaaaaa"}
    | {"ansi_bright_black": "#555555", "ansi_bright_red": "#ff5555", "ansi_bright_green": "#55ff55"}
    | {"ansi_bright_yellow": "#ffff55", "ansi_bright_blue": "#5555ff", "ansi_bright_magenta": "#ff55ff"}
    | {"ansi_bright_cyan": "#55ffff", "ansi_bright_white": "#ffffff"}
)
"""The sixteen colours of a terminal as VGA and the Linux console have them."""

_XTERM = dict(  # as xterm has them: what is to be read must be so with both
    zip(
        SIXTEEN,
        (
            *("#000000", "#cd0000", "#00cd00", "#cdcd00", "#0000ee", "#cd00cd", "#00cdcd", "#e5e5e5"),
            *("#7f7f7f", "#ff0000", "#00ff00", "#ffff00", "#5c5cff", "#ff00ff", "#00ffff", "#ffffff"),
        ),
        strict=True,
    )
)
_GREYS = ("ansi_black", "ansi_bright_black", "ansi_white", "ansi_bright_white")
LEGIBLE, LEGIBLE_LARGE = 4.5, 3.0
"""The least contrast of a text with its ground, and of large text (WCAG 2.2, success criterion 1.4.3)."""

_GREYISH = 0.2  # saturation, of 1, below which a colour is a grey with a tint
_SAME_HUE = 40.0  # degrees: further off, a colour says something else (red for green) and a grey is better

_HEX = re.compile(r"#(?:[0-9a-f]{3}|[0-9a-f]{6})")


def parsed(value: object) -> str:
    """A colour as themes hold it, ``#rrggbb`` in lower case or a terminal's colour; "" for what is none."""
    text = value.strip().lower() if isinstance(value, str) else ""
    if text in SIXTEEN or text == TERMINAL_GROUND:
        return text
    if not _HEX.fullmatch(text):
        return ""
    return text if len(text) == 7 else "#" + "".join(digit * 2 for digit in text[1:])


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb``, 0 to 1 (WCAG 2.2, glossary)."""
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (channel / 255 for channel in _channels(colour))
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two ``#rrggbb``, 1 to 21 (WCAG 2.2, glossary)."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def nearest_of_sixteen(colour: str) -> str:
    """The one of the terminal's sixteen colours that is nearest to ``colour``; those stay what they are."""
    if not colour.startswith("#"):
        return colour
    return min(SIXTEEN, key=lambda name: _distance(colour, SIXTEEN[name]))


def text_of_sixteen(colour: str, ground: str) -> str:
    """The one of the sixteen colours to write on ``ground`` with: of the hue of ``colour`` where that can be read.

    A greyish colour, or one whose hue cannot be read there, becomes the nearest legible grey. The terminal's own
    colours stay what they are.
    """
    if not colour.startswith("#"):
        return colour
    hue, saturation = _hue(colour)
    hues = {name: _turn(hue, _hue(SIXTEEN[name])[0]) for name in SIXTEEN if name not in _GREYS}
    near = [name for name, turn in hues.items() if turn <= _SAME_HUE and legible(name, ground)]
    if saturation < _GREYISH or not near:
        greys = [name for name in _GREYS if legible(name, ground)] or [
            max(_GREYS, key=lambda name: _worst(name, ground))
        ]
        return min(greys, key=lambda name: _distance(colour, SIXTEEN[name]))
    return min(near, key=lambda name: (hues[name], _distance(colour, SIXTEEN[name])))


def legible(text: str, ground: str) -> bool:
    """Whether one of the sixteen colours can be read on another; of the terminal's own ground nothing is known."""
    if text not in SIXTEEN or ground not in SIXTEEN:
        return True
    return (
        contrast(SIXTEEN[text], SIXTEEN[ground]) >= LEGIBLE and contrast(_XTERM[text], _XTERM[ground]) >= LEGIBLE_LARGE
    )


def _worst(text: str, ground: str) -> float:
    """The lower of the contrasts that two of the sixteen colours have in the two palettes."""
    return min(contrast(palette[text], palette[ground]) for palette in (SIXTEEN, _XTERM))


def _distance(one: str, other: str) -> float:
    """How different two ``#rrggbb`` look: squared differences, weighted by the mean of the reds ("redmean")."""
    (red, green, blue), (red2, green2, blue2) = _channels(one), _channels(other)
    mean = (red + red2) / 2
    return (
        (2 + mean / 256) * (red - red2) ** 2
        + 4 * (green - green2) ** 2
        + (2 + (255 - mean) / 256) * (blue - blue2) ** 2
    )


def _hue(colour: str) -> tuple[float, float]:
    """Hue in degrees and saturation, 0 to 1, of ``#rrggbb`` (HSV)."""
    red, green, blue = _channels(colour)
    hue, saturation, _ = colorsys.rgb_to_hsv(red / 255, green / 255, blue / 255)
    return hue * 360, saturation


def _turn(one: float, other: float) -> float:
    """The angle between two hues, 0 to 180 degrees."""
    apart = abs(one - other) % 360
    return min(apart, 360 - apart)


def _channels(colour: str) -> tuple[int, int, int]:
    """Red, green and blue of ``#rrggbb``, 0 to 255."""
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)
