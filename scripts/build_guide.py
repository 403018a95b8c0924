"""Draws the pictures of the guide and the README: ``python -m scripts.build_guide [NAME …]`` in the repository's root.

Each is the real app on the demo chat, or on the shipped samples, driven by key presses over an engine that says what
stands here. No network and no model has a part in them; but for the ages of chats on Home the same program draws the
same pictures. Look at each that changed before it is committed.
"""

from __future__ import annotations

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PICTURES = ROOT / "docs" / "guide" / "pictures"

PHONE = (45, 30)
CLASSIC = (80, 24)
WIDE = (120, 40)

TERMINAL = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "C.UTF-8", "TZ": "UTC"}
"""The terminal that the pictures are taken in."""

ELSEWHERE = (
    "NO_COLOR",
    "TMUX",
    "SSH_CONNECTION",
    "TERMUX_VERSION",
    "TAVERN_SERVER",
    "TAVERN_HOME",
    "LC_ALL",
    "LC_CTYPE",
)
"""What would make another picture of it on another machine."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is pressed until the screen looks as the guide wants it. A step is a text that is typed and sent, or in
    ``<>`` the keys that are pressed, parted by blanks. ``replies`` are the engine's."""

    name: str
    size: tuple[int, int]
    steps: tuple[str, ...] = ()
    replies: tuple[str, ...] = ("*Bess nods.*",)


ROPE = (
    "The rope is wet, and as thick as your wrist. You set your heel against the post and pull. Nothing. You pull again,"
    " and far above you the bell turns over in its sleep and strikes once, so deep that you feel it in your teeth.\n\n"
    'The smoke at the mill stops. A shutter opens a hand wide. "Whoever you are," says a voice, "do not do that again'
    ' before I have found my other shoe."'
)
INK = (
    "There was none. There had been a bottle in the desk since her father's day, and it had dried to a black crust with"
    " a fly in it. Ines stood holding it to the lamp, and for the first time in nineteen years she was late on a"
    " Wednesday."
)
BESS = (
    '*Bess counts them: the bookbinder, the boy with the parcel, and a wet dog that came with neither.* "Two beds and a'
    ' hearthrug. Whose is the dog?"'
)
WREN = '*Wren looks down, and moves her bag.* "I thought that he was yours."'

SCENES = (
    Scene("chat", WIDE),
    Scene("chat-phone", PHONE),
    Scene("turn", CLASSIC, ("<escape k k>",)),
    Scene("branches", CLASSIC, ("/branches",)),
    Scene("home", CLASSIC, ("/home",)),
    Scene("character", WIDE, ("/character", "<down down down down down>")),
    Scene("lorebook", WIDE, ("/lore",)),
    Scene("why", CLASSIC, ("/lore", "<down space t tab down down down down>")),
    Scene("presets", CLASSIC, ("/presets", "<escape e>")),
    Scene("inspector", WIDE, ("<ctrl+t>",)),
    Scene("palette-phone", PHONE, ("<ctrl+p>",)),
    Scene("themes", CLASSIC, ("/theme", "<up>")),
    Scene(
        "adventure", CLASSIC, ("/adventure lake", "<enter>", "<enter>", "<enter>", "/roll 17 ring the bell"), (ROPE,)
    ),
    Scene("story", WIDE, ("/story", "<enter>", "<ctrl+g>"), (INK,)),
    Scene(
        "group",
        CLASSIC,
        (
            "/newgroup",
            "<enter down down down enter ctrl+n>",
            "/rename Two beds",
            "/group",
            "<down down right escape>",
            "Two beds, Bess, for Wren and me?",
        ),
        (BESS, WREN),
    ),
)


async def draw(scene: Scene, folder: Path) -> str:
    """The picture of ``scene``, drawn in the empty ``folder``: an SVG."""
    from tavern_tui.engines.fake import DEFAULT_INFO, FakeEngine
    from tests.ui.app.evening import Evening, settled
    from tests.ui.app.test_pictures import demo
    from tests.ui.pictures import comparable

    evening = Evening(folder)
    evening.engine = FakeEngine(
        scene.replies, info=replace(DEFAULT_INFO, engine="KoboldCpp", model="Mistral-Nemo-12B", context_tokens=8_192)
    )
    with demo(folder, evening) as app:
        async with app.run_test(size=scene.size) as pilot:
            await settled(pilot)
            for step in scene.steps:
                if step.startswith("<"):
                    for key in step.strip("<>").split():
                        await pilot.press(key)
                        await settled(pilot)
                else:
                    app.chat.composer.put(step)
                    await pilot.pause()
                    await pilot.press("enter")
                await settled(pilot)
                await asyncio.sleep(0.3)
            await pilot.pause()
            return comparable(app.export_screenshot(title="tavern-tui"))


@contextmanager
def _same_terminal() -> Iterator[None]:
    os.environ.update(TERMINAL, TEXTUAL_ANIMATIONS="none")
    for name in ELSEWHERE:
        os.environ.pop(name, None)
    time.tzset()
    yield


def main(names: list[str]) -> None:
    """Draw the scenes called ``names``, or all."""
    with _same_terminal():
        PICTURES.mkdir(parents=True, exist_ok=True)
        for scene in SCENES:
            if names and scene.name not in names:
                continue
            with tempfile.TemporaryDirectory() as folder:
                picture = asyncio.run(draw(scene, Path(folder)))
            (PICTURES / f"{scene.name}.svg").write_text(picture, encoding="utf-8")
            print(f"{len(picture):>8,} characters  {scene.name}")


if __name__ == "__main__":
    main(sys.argv[1:])
