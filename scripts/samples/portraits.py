"""The pictures of the sample cards, drawn with Pillow: four posters of flat shapes, one per character.

Everything is drawn three times as large and scaled down, which smooths the edges. Nothing is random, so that the same
Pillow draws the same pixels. Coordinates are in the finished picture's pixels, from the upper left corner.
"""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence

from PIL import Image, ImageDraw

WIDTH, HEIGHT = 400, 600
COLOURS = 240
_SCALE = 3

Point = tuple[float, float]


class Canvas:
    """A picture in the making. Colours are ``#rrggbb``."""

    def __init__(self, top: str, bottom: str) -> None:
        """A background that runs from ``top`` to ``bottom``."""
        size = (WIDTH * _SCALE, HEIGHT * _SCALE)
        down = Image.linear_gradient("L").resize(size)
        self._image = Image.composite(Image.new("RGB", size, bottom), Image.new("RGB", size, top), down)
        self._draw = ImageDraw.Draw(self._image)

    def shape(self, points: Sequence[Point], colour: str) -> None:
        """A filled polygon."""
        self._draw.polygon([_scaled(point) for point in points], fill=colour)

    def oval(self, x: float, y: float, across: float, down: float, colour: str) -> None:
        """A filled ellipse round ``(x, y)``; ``across`` and ``down`` are half its width and height."""
        self._draw.ellipse([_scaled((x - across, y - down)), _scaled((x + across, y + down))], fill=colour)

    def ring(self, x: float, y: float, radius: float, width: float, colour: str) -> None:
        """A circle's outline."""
        box = [_scaled((x - radius, y - radius)), _scaled((x + radius, y + radius))]
        self._draw.ellipse(box, outline=colour, width=round(width * _SCALE))

    def slab(self, left: float, top: float, right: float, bottom: float, colour: str, corner: float = 0) -> None:
        """A filled rectangle, its corners rounded by ``corner``."""
        box = [_scaled((left, top)), _scaled((right, bottom))]
        self._draw.rounded_rectangle(box, radius=corner * _SCALE, fill=colour)

    def line(self, points: Sequence[Point], colour: str, width: float) -> None:
        """A stroke through ``points`` with round joints and ends."""
        self._draw.line([_scaled(point) for point in points], fill=colour, width=round(width * _SCALE), joint="curve")
        for x, y in (points[0], points[-1]):
            self.oval(x, y, width / 2, width / 2, colour)

    def glow(self, x: float, y: float, radius: float, colour: str, strength: float) -> None:
        """Light that fades out towards ``radius``; ``strength`` of 1 hides what is behind its middle."""
        side = round(2 * radius * _SCALE)
        fade = Image.radial_gradient("L").resize((side, side)).point(lambda far: round(max(0, 181 - far) * strength))
        layer = Image.new("RGB", (side, side), colour)
        self._image.paste(layer, _scaled((x - radius, y - radius)), fade)

    def png(self) -> bytes:
        """The finished picture as a PNG with a palette."""
        small = self._image.resize((WIDTH, HEIGHT), Image.Resampling.BOX)
        packed = small.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        out = io.BytesIO()
        packed.save(out, "PNG", optimize=True)
        return out.getvalue()


def _scaled(point: Point) -> tuple[int, int]:
    return round(point[0] * _SCALE), round(point[1] * _SCALE)


def _curve(points: Sequence[Point], steps: int = 24) -> list[Point]:
    """A smooth line (Catmull-Rom) through ``points``."""
    ends = [points[0], *points, points[-1]]
    smooth: list[Point] = []
    for a, b, c, d in zip(ends, ends[1:], ends[2:], ends[3:], strict=False):
        for step in range(steps):
            t = step / steps
            smooth.append((_between(a[0], b[0], c[0], d[0], t), _between(a[1], b[1], c[1], d[1], t)))
    return [*smooth, points[-1]]


def _between(a: float, b: float, c: float, d: float, t: float) -> float:
    return 0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t * t + (3 * b - a - 3 * c + d) * t**3)


def wren() -> bytes:
    """A bookbinder at her bench, lamplight, rain on the skylight, and a cat."""
    canvas = Canvas("#33465a", "#1f2a38")
    canvas.shape([(40, 0), (190, 0), (150, 150), (70, 150)], "#5d7a92")
    canvas.line([(112, 0), (110, 150)], "#33465a", 5)
    canvas.line([(54, 70), (171, 70)], "#33465a", 5)
    for x, y in ((72, 22), (92, 96), (132, 34), (150, 92), (86, 48), (128, 116), (160, 20)):
        canvas.line([(x, y), (x - 4, y + 14)], "#8fb0c6", 2)
    for row, top in enumerate((190, 280)):
        canvas.slab(0, top + 70, 400, top + 78, "#161e29")
        left = 4
        for book in range(19):
            wide = 14 + (book * 7 + row * 5) % 11
            tall = 44 + (book * 13 + row * 17) % 24
            spine = ("#6b4a3c", "#4d5f55", "#7d6a4a", "#3f4d63", "#6a3f45")[(book * 3 + row) % 5]
            canvas.slab(left, top + 70 - tall, left + wide - 2, top + 70, spine, 2)
            left += wide + 2
    canvas.glow(318, 300, 230, "#f2b65a", 1.15)
    canvas.line([(318, 0), (318, 236)], "#141b24", 4)
    canvas.shape([(286, 278), (350, 278), (334, 234), (302, 234)], "#d88f3e")
    canvas.oval(318, 279, 32, 8, "#ffe9b8")
    canvas.shape(_curve([(76, 520), (92, 420), (140, 376), (190, 366), (240, 376), (288, 420), (304, 520)]), "#737d88")
    canvas.shape([(164, 372), (190, 430), (216, 372), (206, 350), (174, 350)], "#e7d6c0")
    canvas.line([(190, 432), (190, 515)], "#58616b", 3)
    for y, colour in ((448, "#c9cfd6"), (472, "#d8794a"), (496, "#c9cfd6")):
        canvas.oval(197, y, 5, 5, colour)
    canvas.slab(176, 322, 204, 372, "#d9a98a", 12)
    canvas.oval(190, 284, 62, 66, "#4a2f26")
    canvas.oval(240, 226, 27, 25, "#4a2f26")
    canvas.line([(222, 208), (266, 244)], "#d8b26a", 4)
    canvas.oval(190, 298, 45, 54, "#e6b897")
    canvas.shape(
        _curve([(141, 298), (152, 252), (196, 240), (239, 298), (226, 262), (190, 244), (150, 264)]), "#4a2f26"
    )
    for x in (172, 208):
        canvas.line(_curve([(x - 9, 296), (x, 301), (x + 9, 296)]), "#4a2f26", 3)
    canvas.line(_curve([(176, 328), (190, 334), (204, 328)]), "#a5604f", 3)
    canvas.slab(0, 512, 400, 600, "#6f4a30")
    canvas.slab(0, 512, 400, 522, "#8c6240")
    canvas.shape([*_curve([(92, 560), (140, 536), (190, 552)]), (190, 580), (140, 566), (88, 588)], "#f3e7cf")
    canvas.shape([*_curve([(190, 552), (240, 536), (288, 560)]), (292, 588), (240, 566), (190, 580)], "#e6d7b8")
    canvas.line([(190, 552), (190, 580)], "#b39b78", 3)
    for row in range(3):
        canvas.line([(108, 560 + row * 7), (166, 552 + row * 7)], "#c3b08c", 2)
    canvas.line(_curve([(232, 572), (240, 560), (236, 548)]), "#7c8f5f", 2)
    canvas.oval(236, 547, 5, 5, "#9a86b8")
    canvas.oval(344, 520, 44, 24, "#59616b")
    canvas.oval(312, 506, 19, 17, "#59616b")
    canvas.shape([(296, 500), (300, 478), (312, 494)], "#59616b")
    canvas.line(_curve([(380, 524), (392, 508), (384, 494), (392, 484)]), "#59616b", 8)
    canvas.line(_curve([(302, 508), (307, 511), (312, 508)]), "#2c333b", 2)
    return canvas.png()


def mapmaker() -> bytes:
    """A hooded teller behind a map of the Hollow Country on which a light is moving."""
    canvas = Canvas("#2b2346", "#53346a")
    canvas.glow(200, 250, 260, "#e79a4c", 0.95)
    canvas.shape(_curve([(36, 440), (70, 300), (120, 200), (200, 96), (280, 200), (330, 300), (364, 440)]), "#1b2d3a")
    canvas.shape(_curve([(96, 440), (110, 320), (140, 232), (200, 150), (260, 232), (290, 320), (304, 440)]), "#27414f")
    canvas.oval(200, 256, 62, 82, "#0f1a22")
    canvas.oval(178, 250, 7, 8, "#ffd98a")
    canvas.oval(222, 250, 7, 8, "#ffd98a")
    beard = [(148, 288), (170, 300), (200, 292), (230, 300), (252, 288), (240, 360), (200, 424), (160, 360)]
    canvas.shape(_curve([*beard, beard[0]]), "#d9d2c4")
    canvas.line(_curve([(182, 306), (200, 316), (218, 306)]), "#8a5a4c", 4)
    for x in (180.0, 200.0, 220.0):
        canvas.line(_curve([(x, 330), (200 + (x - 200) * 0.7, 366), (200 + (x - 200) * 0.4, 398)]), "#b9b0a0", 2)
    canvas.shape([(20, 404), (380, 404), (396, 600), (4, 600)], "#ecd8a8")
    canvas.shape([(20, 404), (380, 404), (381, 414), (19, 414)], "#c9ac72")
    river = _curve([(60, 600), (110, 548), (92, 500), (170, 470), (240, 478), (300, 440), (316, 410)])
    canvas.line(river, "#6f9fb5", 13)
    canvas.line(river, "#8fbccb", 5)
    canvas.line([(176, 446), (190, 496)], "#7a5636", 10)
    for x, y in ((40, 460), (60, 446), (84, 456), (348, 560), (326, 574), (366, 580)):
        canvas.shape([(x - 15, y + 14), (x, y - 14), (x + 15, y + 14)], "#8d7a54")
        canvas.shape([(x - 5, y - 4), (x, y - 14), (x + 5, y - 4)], "#f6ead0")
    for x, y in ((210, 560), (228, 574), (246, 558), (262, 576), (236, 590), (282, 562)):
        canvas.oval(x, y, 10, 11, "#5d7a55")
        canvas.line([(x, y + 8), (x, y + 17)], "#5a4630", 3)
    canvas.slab(338, 452, 360, 502, "#7d8793")
    canvas.shape([(332, 454), (349, 432), (366, 454)], "#a34c42")
    canvas.oval(349, 470, 4, 6, "#ffe19a")
    for dot in _curve([(118, 452), (150, 500), (220, 520), (290, 512), (336, 506)], 5)[::2]:
        canvas.oval(*dot, 3, 3, "#a8403a")
    canvas.glow(118, 450, 44, "#ffcf5c", 1.4)
    canvas.oval(118, 450, 6, 6, "#fff6d6")
    for turn in range(8):
        angle, long = turn * math.pi / 4, 26 if turn % 2 == 0 else 14
        tip = (44 + long * math.sin(angle), 548 - long * math.cos(angle))
        side = (44 + 5 * math.cos(angle), 548 + 5 * math.sin(angle))
        other = (44 - 5 * math.cos(angle), 548 - 5 * math.sin(angle))
        canvas.shape([tip, side, other], "#a8403a" if turn == 0 else "#7a6a4a")
    for x in (34, 366):
        canvas.shape(_curve([(x - 26, 424), (x - 18, 396), (x, 388), (x + 18, 396), (x + 26, 424)]), "#d9a98a")
    return canvas.png()


def bess() -> bytes:
    """The innkeeper in her doorway, under the lantern on its bent arm, in the rain."""
    canvas = Canvas("#16233b", "#26324a")
    for drop in range(70):
        x, y = (drop * 83) % 400, (drop * 137) % 560
        canvas.line([(x, y), (x - 5, y + 18)], "#3d5170", 2)
    canvas.shape([(34, 150), (366, 128), (366, 600), (34, 600)], "#3b3038")
    for beam in ((34, 150, 48), (352, 128, 366)):
        canvas.slab(beam[0], beam[1], beam[2], 600, "#241c22")
    canvas.shape([(10, 168), (390, 140), (366, 92), (44, 112)], "#241c22")
    canvas.slab(92, 206, 308, 600, "#1c1419", 100)
    canvas.slab(104, 220, 296, 600, "#f0a848", 92)
    canvas.glow(200, 380, 210, "#ffdf8c", 1.0)
    canvas.shape(_curve([(84, 610), (100, 486), (140, 436), (200, 424), (260, 436), (300, 486), (316, 610)]), "#7c3f3a")
    canvas.shape(_curve([(142, 610), (150, 500), (170, 458), (230, 458), (250, 500), (258, 610)]), "#f1e6d2")
    canvas.slab(184, 390, 216, 440, "#d79f7d", 14)
    canvas.oval(200, 348, 62, 58, "#8b4a2c")
    canvas.oval(200, 292, 32, 24, "#8b4a2c")
    canvas.oval(200, 356, 49, 55, "#eab896")
    canvas.shape(
        _curve([(148, 352), (160, 312), (200, 298), (240, 312), (252, 352), (232, 326), (200, 318), (168, 326)]),
        "#8b4a2c",
    )
    for x in (181, 219):
        canvas.oval(x, 354, 5, 6, "#3a241d")
        canvas.line(_curve([(x - 9, 340), (x, 336), (x + 9, 340)]), "#6d3a24", 3)
    canvas.oval(164, 374, 10, 7, "#e29a80")
    canvas.oval(236, 374, 10, 7, "#e29a80")
    canvas.line(_curve([(178, 382), (200, 396), (222, 382)]), "#8f3f3a", 4)
    canvas.line(_curve([(104, 500), (96, 560), (150, 572)]), "#eab896", 26)
    canvas.line(_curve([(296, 500), (304, 560), (250, 572)]), "#eab896", 26)
    canvas.ring(200, 552, 18, 4, "#c8a24a")
    for x in (190, 202, 213):
        canvas.line([(x, 570), (x + (x - 201) * 0.4, 592)], "#b98f2e", 5)
    canvas.glow(312, 128, 150, "#ffc85a", 1.2)
    arm = _curve([(42, 82), (96, 44), (170, 58), (228, 40), (300, 62), (312, 78)])
    canvas.line(arm, "#0e1118", 9)
    canvas.line(_curve([(44, 128), (70, 96), (106, 50)]), "#0e1118", 5)
    canvas.line([(312, 76), (318, 96)], "#0e1118", 4)
    canvas.shape([(296, 104), (342, 96), (330, 86), (306, 90)], "#0e1118")
    canvas.shape([(294, 108), (344, 99), (346, 154), (304, 162)], "#ffe7a0")
    canvas.shape(_curve([(318, 152), (308, 134), (322, 112), (334, 134), (326, 150)]), "#f08a2c")
    canvas.line([(294, 108), (304, 162)], "#0e1118", 4)
    canvas.line([(344, 99), (346, 154)], "#0e1118", 4)
    canvas.shape([(300, 162), (350, 154), (346, 166), (308, 172)], "#0e1118")
    return canvas.png()


def tern() -> bytes:
    """A white ship in the shape of a seabird before a dim red star, and a drone with a bent arm."""
    canvas = Canvas("#060b18", "#13294a")
    for star in range(120):
        x, y = (star * 149 + star * star * 3) % 400, (star * 211 + star * star * 5) % 600
        size = 0.8 + (star % 5) * 0.35
        canvas.oval(x, y, size, size, "#c7d8ee" if star % 3 else "#8aa3c8")
    canvas.glow(286, 150, 200, "#b8412e", 1.1)
    canvas.oval(286, 150, 74, 74, "#d9603c")
    canvas.oval(280, 144, 62, 62, "#e87a4a")
    canvas.oval(306, 170, 12, 7, "#d9603c")
    canvas.oval(262, 124, 9, 5, "#d9603c")
    left = _curve([(196, 300), (140, 248), (70, 226), (8, 248)]) + _curve([(8, 248), (76, 252), (132, 288), (184, 336)])
    right = _curve([(206, 300), (252, 232), (318, 196), (394, 200)]) + _curve(
        [(394, 200), (330, 220), (272, 266), (220, 336)]
    )
    canvas.shape(left, "#c9d4e2")
    canvas.shape(right, "#e6edf5")
    canvas.shape(
        _curve(
            [(200, 236), (222, 272), (226, 326), (214, 392), (202, 430), (190, 392), (178, 326), (180, 272), (200, 236)]
        ),
        "#f5f8fc",
    )
    canvas.shape([(190, 392), (202, 424), (214, 392), (240, 476), (204, 440), (166, 476)], "#d3dce8")
    canvas.shape(_curve([(182, 272), (200, 230), (220, 270), (201, 262), (182, 272)]), "#16202e")
    canvas.shape([(193, 240), (200, 204), (208, 240)], "#e2603a")
    for y in (292, 310, 328, 346):
        canvas.oval(202, y, 4.5, 4.5, "#ffd27a")
    canvas.line([(60, 236), (168, 300)], "#9fb0c5", 2)
    canvas.line([(344, 208), (236, 300)], "#b9c7d8", 2)
    canvas.glow(204, 470, 60, "#68c8ff", 0.8)
    canvas.ring(96, 500, 44, 5, "#7fd0ff")
    canvas.ring(96, 500, 32, 2, "#4d8fc0")
    canvas.glow(96, 500, 42, "#9fe0ff", 1.2)
    canvas.oval(96, 500, 11, 11, "#eaf8ff")
    canvas.slab(282, 486, 346, 532, "#aab4c2", 16)
    canvas.slab(290, 494, 326, 516, "#1c2a3c", 8)
    canvas.oval(302, 505, 6, 6, "#8ff0c8")
    canvas.line([(284, 522), (258, 540), (270, 566), (246, 578)], "#8894a4", 7)
    canvas.oval(242, 580, 11, 8, "#8894a4")
    canvas.line([(344, 520), (368, 542)], "#8894a4", 7)
    canvas.line([(314, 486), (318, 468)], "#8894a4", 3)
    canvas.oval(318, 466, 4, 4, "#ffd27a")
    return canvas.png()


PORTRAITS: dict[str, Callable[[], bytes]] = {"Wren": wren, "The Mapmaker": mapmaker, "Bess": bess, "Tern": tern}
"""The picture of each sample character, by name."""
