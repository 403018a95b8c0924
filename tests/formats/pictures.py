"""Pictures drawn by another program."""

from __future__ import annotations

import io
from functools import cache

from PIL import Image


@cache
def small_picture() -> bytes:
    """A small PNG with chunks of its own and no text."""
    out = io.BytesIO()
    Image.effect_noise((32, 48), 50).convert("RGB").save(out, "png", dpi=(72, 72))
    return out.getvalue()
