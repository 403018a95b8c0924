"""The small tale that prompts of the modes are seen with: who tells it, and how its first roll stands in a prompt."""

from __future__ import annotations

from tavern_tui.domain.character import Character

NARRATOR = Character(name="Narrator", greeting="A hall. A door.")
ROLL = "[Roll 1d20 = 17: excellent. It works and brings more than was hoped for: tell what.]"
CHATML_BEGINNING = f"""\
<|im_start|>assistant
A hall. A door.<|im_end|>
<|im_start|>user
> You open the door.
{ROLL}<|im_end|>
<|im_start|>assistant
It opens.<|im_end|>
"""
"""The greeting, the roll and what came of it."""
