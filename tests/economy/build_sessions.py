"""Writes the sessions' files: ``python -m tests.economy.build_sessions MODEL.gguf``. The same seed, the same files.

Sizes are tokens of the starter model's vocabulary: the head 1,000 with its markup, turns of the user 15 to 80 (40 in
the mean), replies 60 to 300 (150), notes 60. Lore entries have keys that stand nowhere but where they are to fire.
"""

from __future__ import annotations

import json
import sys
from itertools import count
from pathlib import Path
from typing import Any

from tests.economy.prose import ASKED, FACTS, TRAITS, Prose
from tests.economy.vocabulary import PromptTokens, prompt_tokens

FOLDER = Path(__file__).with_name("session_files")
CONTEXT, RESPONSE = 8_192, 250
HEAD, NOTE = 1_000, 60
MARKUP = 70  # tokens of the head that are neither the card's nor the persona's nor lore: our system text and markup
PERSONA = {"name": "Robin", "description": "Robin walks from town to town, writes everything down and is in no hurry."}
_FIRST = ("Copper", "Tansy", "Hollow", "Amber", "Quill", "Saffron", "Juniper", "Marble", "Lantern", "Pebble")
_SECOND = ("Abbey", "Bridge", "Quarry", "Fair", "Regiment", "Archive")
KEYS = tuple(f"{first} {second}" for second in _SECOND for first in _FIRST)
CONSTANT, FIRING, AT_DEPTH = 2, 20, 2
_ASKING = ("What do you know of the {key}?", "Somebody spoke of the {key} today.", "Have you been to the {key}?")

Table = dict[str, Any]


class Builder:
    """The sessions, with texts of given sizes."""

    def __init__(self, tokens: PromptTokens, seed: int) -> None:
        self._tokens = tokens
        self.prose = Prose(seed)

    def text(self, size: int, forms: tuple[str, ...] | None = None, *, name: str = "", key: str = "") -> str:
        """Sentences of about ``size`` tokens: at most four away from it."""
        made = ""
        for _ in count():
            sentence = self.prose.sentence(*([forms] if forms else []), name=name, key=key)
            longer = f"{made} {sentence}".lstrip()
            tokens = self._tokens.count(longer)
            if tokens <= size + 2:
                made = longer
            if self._tokens.count(made) >= size - 2:
                return made
            if size - self._tokens.count(made) < 12:
                made = f"{made} {self.prose.cue()}".lstrip()
        raise AssertionError

    def say(self, least: int = 15, most: int = 80, *, naming: str = "") -> str:
        """A turn of the user, which names a lore key where one is to fire."""
        size = self.prose.size(least + 2, 40, most - 2)
        asked = self.prose.sentence(_ASKING, key=naming) + " " if naming else ""
        return asked + self.text(max(10, size - self._tokens.count(asked)), ASKED)

    def reply(self, name: str) -> str:
        """A reply. The session lets one that is over the length end with the sentence in which it is."""
        return self.text(self.prose.size(62, 150, 298), name=name)

    def lore(self) -> list[Table]:
        """Sixty entries: some always in, some that will fire, two of those at a depth; the others never."""
        entries: list[Table] = []
        for number, key in enumerate(KEYS):
            size = 45 if number < CONSTANT else self.prose.size(40, 75, 120)
            entry: Table = {"keys": [key], "content": self.text(size, FACTS, key=f"The {key}")}
            if number < CONSTANT:
                entry["constant"] = True
            elif number < CONSTANT + AT_DEPTH:
                entry["depth"] = 4
            entries.append(entry)
        return entries

    def firings(self, turns: int) -> dict[int, str]:
        """Which key is named in which step: each of those that fire once or twice, at fixed places."""
        keys = KEYS[CONSTANT : CONSTANT + FIRING]
        first = {8 + round(place * (turns - 20) / FIRING): key for place, key in enumerate(keys)}
        again = {
            step + turns // 3 + 1: key
            for step, key in list(first.items())[AT_DEPTH::2]
            if step + turns // 3 + 1 < turns
        }
        return {**first, **{step: key for step, key in again.items() if step not in first}}

    def character(self, name: str, size: int) -> Table:
        """A card whose fields together have ``size`` tokens."""
        scenario = self.text(40, ("{name} has the evening to spare {where}; {who} is away.",), name=name)
        personality = self.text(30, ("{feel}, {feel2}, fond of {what}.",))
        rest = size - self._tokens.count(scenario) - self._tokens.count(personality)
        return {
            "name": name,
            "description": self.text(rest, TRAITS, name=name),
            "personality": personality,
            "scenario": scenario,
        }

    def alone(self, name: str, lore: list[Table]) -> list[Table]:
        """One character's card, so long that the head has its size."""
        always = sum(self._tokens.count(entry["content"]) + 1 for entry in lore if entry.get("constant"))
        taken = MARKUP + self._tokens.count(PERSONA["description"]) + always
        return [{**self.character(name, HEAD - taken), "greeting": self.reply(name)}]

    def steps(self, turns: int, names: tuple[str, ...], firing: dict[int, str] | None = None) -> list[Table]:
        """Messages and replies; with several ``names`` another one answers each time, and one in six speaks on."""
        made: list[Table] = []
        for step in range(turns):
            name = names[step % len(names)]
            told = {"say": self.say(naming=(firing or {}).get(step, ""))} if len(names) == 1 or step % 6 != 5 else {}
            made.append({"do": "reply", **told, "by": name, "reply": self.reply(name)})
        return made

    def session(self, name: str, title: str, **rest: Any) -> Table:
        """A session's table."""
        return {
            "name": name,
            "title": title,
            "context_tokens": CONTEXT,
            "response_tokens": RESPONSE,
            "persona": PERSONA,
            **rest,
        }


def build_a(made: Builder) -> Table:
    """One character, lore that fires and lapses, no notes."""
    lore = made.lore()
    steps = made.steps(200, ("Maren",), made.firings(200))
    title = "200 turns with one character and a lorebook of 60 entries"
    return made.session("A", title, characters=made.alone("Maren", lore), lore=lore, steps=steps)


def build_b(made: Builder) -> Table:
    """The same with notes at depth 4."""
    author = "[Style: " + made.text(NOTE - 5, ("keep in mind that {who} {did} {what} {where}.",)) + "]"
    character = "[" + made.text(NOTE - 2, ("{name} remembers that {who} {did} {what} {where}.",), name="Maren") + "]"
    title = "the same, with an author's note and a character note at depth 4"
    return {"name": "B", "like": "A", "title": title, "author_note": author, "character_note": character}


def build_r(_made: Builder) -> Table:
    """The same with notes that drift."""
    return {"name": "R", "like": "B", "title": "B, with notes that stay for 20 turns", "notes_stay": [20, False]}


def build_c(made: Builder) -> Table:
    """Swipes, edits, a branch, another chat in between, and program and engine started anew."""
    steps = made.steps(80, ("Maren",))
    done: list[Table] = []
    for number, step in enumerate(steps):
        if number in (24, 50, 70):
            done.append({"do": "edit", "back": 6, "text": made.say()})
        if number == 35:
            done.append({"do": "branch", "back": 10})
        if number in (44, 47):
            done.append({"do": "turn to", "chat": "other" if number == 44 else "first"})
        if number == 60:
            done.append({"do": "restart"})
        done.append(step)
        if number % 9 == 6:
            done += [{"do": "swipe", "by": "Maren", "reply": made.reply("Maren")} for _ in range(1 + number % 2)]
    title = "80 turns with swipes, edits of old turns, a branch, and another chat in between"
    return made.session("C", title, characters=made.alone("Maren", []), steps=done)


def build_d(made: Builder) -> Table:
    """A group of three."""
    names = ("Maren", "Odo", "Pell")
    size = (HEAD - MARKUP - 30) // len(names)
    characters = [{**made.character(name, size), "greeting": ""} for name in names]
    characters[0]["greeting"] = made.reply(names[0])
    title = "80 turns in a group of three"
    return made.session("D", title, characters=characters, group=True, steps=made.steps(80, names))


def written(table: Table) -> str:
    """A table as JSON with one step and one entry a line, so that a change can be read."""
    lines = []
    for key, value in table.items():
        if isinstance(value, list):
            rows = ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in value)
            lines.append(f' "{key}": [\n{rows}\n ]')
        else:
            lines.append(f' "{key}": {json.dumps(value, ensure_ascii=False)}')
    return "{\n" + ",\n".join(lines) + "\n}\n"


def main() -> None:
    """Write all files."""
    made = Builder(prompt_tokens(Path(sys.argv[1])), seed=20)
    FOLDER.mkdir(exist_ok=True)
    for build in (build_a, build_b, build_r, build_c, build_d):
        table = build(made)
        path = FOLDER / f"{table['name'].lower()}.json"
        path.write_text(written(table), encoding="utf-8")
        print(path.name, path.stat().st_size)


if __name__ == "__main__":
    main()
