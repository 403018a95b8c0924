"""Builds the reference pages out of the code: ``python -m scripts.build_docs`` in the repository's root.

``docs/keys.md`` is made from the action registry and from what is known about keys, ``docs/macros.md`` from the table
of macros, ``docs/settings.md`` from the schema, the tables in ``docs/presets.md`` from those of presets; run this after
a change there and commit them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

from scripts import presets_page, settings_page
from tavern_tui.config import keys
from tavern_tui.config.action import Action, Preset, Where
from tavern_tui.config.actions import ACTIONS
from tavern_tui.prompt.macros import LARGEST, MACROS
from tavern_tui.prompt.variables import LONGEST, MOST

ROOT = Path(__file__).resolve().parent.parent

INTRODUCTION = """# Keys

These are the keys of the full-screen app; pages that lie over the chat show theirs in their last row.
`tavern-tui keys` prints the keys that hold with your own changes, and `tavern-tui keys --listen` says of every key that
you press what it arrives as on the terminal at hand: a phone's, one far away. This page is made from the program by
`python -m scripts.build_docs`.

Esc does the first of these that applies: it closes what lies over the chat, stops the reply, leaves the selection, or
selects the last turn. It never quits, and it never empties the composer. Esc and then a letter, however fast, is one
gesture: it selects the last turn and does what the letter does there.
"""

ANYWHERE = """A key of this table that types a character acts only while a turn is selected; elsewhere it types itself.
"""

OWN_KEYS = """## Your own keys

Write `keys.yaml` beside `config.yaml`, whose place `tavern-tui locate config` prints. The program reads it and never
writes it.

```yaml
preset: vim              # default, vim or phone; left out, default
turn.hide: H             # one key
turn.copy: [y, ctrl+y]   # several; the first is the one that is shown
turn.bookmark: []        # none
chat.find: ["/", ctrl+f] # put signs into quotation marks: many of them mean something in YAML
```

Names are as on this page, or as your keyboard has them: `?` and `question_mark`, `Esc` and `escape`, `PgUp` and
`pageup` are the same; letters with Shift are written `G`.

What cannot be taken falls back to the preset, alone, and is told with its line: a name that no action has, a key
that cannot be used, and a key that another action has in the same place. `tavern-tui keys --check` says it before the
program starts. These keys stay whatever the file says:
{fixed}.
"""

REFUSED = """## Keys that cannot be used

A key that types a character cannot be given to anything in the composer, and a key that moves in the composer's text
or changes it is left to it.

"""

DOUBTED = """## Keys that may not arrive

They can be used; where such a key is the only one of an action, `tavern-tui keys --check` says so. The same holds for
F-keys, for Alt, for Shift with anything but a letter, and for Ctrl with arrows, digits or signs.

"""

SURE = """## Keys that arrive everywhere

Every action of the presets has one of these, or a command: characters, Enter, Tab, Esc, the arrows, PgUp, PgDn, Home,
End, Backspace, and Ctrl with {controls}.
"""

MACROS_INTRODUCTION = """# Macros

Text in double braces that becomes something else: in a card, a persona, lore, an author's note, a template, and in what
you write yourself, where it is replaced when you send it. Names are read in any case, without blanks inside the braces;
what is unknown stays as it stands. This page is made from the program by `python -m scripts.build_docs`.

Macros may stand in one another's arguments: `{{setvar::who::{{char}}}}` keeps the character's name. They are read from
left to right, those inside first, so a variable is there from the place where it is set. Under the policy `classic`
they are SillyTavern 1.12.6's instead: one kind after another over the whole text, in the order of this table, an
argument ends at the first closing brace, and rows marked *not classic* stay as they are.

A variable belongs to one chat, or to all of them (`global`). A chat's are in its log, those of all chats in
`variables.json` in the data folder. A text that changes variables does so once for each reply that is made, however
often it is read for it; looking at a prompt changes nothing. A value that looks like a number is one.

`{{random}}` and `{{roll}}` come out the same each time for one text in one chat, so that the engine need not read a
prompt anew; under `classic` they are drawn each time, and in what you send once.

`{{if condition}}` holds unless the condition is empty, `false`, `off` or `0`. It is a text, a macro, the bare name of
one (`{{if scenario}}`), or a variable of this chat (`{{if .mood}}`) or of all (`{{if $mood}}`); `!` turns it round. The
branch that is taken loses the blanks round it; with `{{#if condition}}` it keeps them. The other one changes nothing.

`{{bias "Well,"}}` in your own turn is what the reply to it begins with.
"""


def build() -> dict[str, str]:
    """What every built page holds, by its path from the repository's root."""
    presets = ROOT / "docs" / "presets.md"
    return {
        "docs/keys.md": keys_page(),
        "docs/macros.md": macros_page(),
        "docs/settings.md": settings_page.page(),
        "docs/presets.md": presets_page.page(presets.read_text(encoding="utf-8")),
    }


def macros_page() -> str:
    """The page about macros."""
    rows = ((f"`{macro.written}`", macro.becomes, "not classic" if macro.later else "") for macro in MACROS)
    bounds = (
        f"A chat may have {MOST:,} variables of {LONGEST:,} characters, and so may all chats together. "
        f"A text may grow\nto {LARGEST:,} characters."
    )
    return "\n".join((MACROS_INTRODUCTION, _table(("macro", "becomes", ""), rows), bounds)) + "\n"


def keys_page() -> str:
    """The page about keys."""
    parts = [INTRODUCTION]
    for where in reversed(Where):
        note = f"{ANYWHERE}\n" if where is Where.ANYWHERE else ""
        parts.append(f"## {_heading(where)}\n\n{note}{_actions(a for a in ACTIONS if a.where is where)}")
    parts += [_preset(preset) for preset in (Preset.VIM, Preset.PHONE)]
    fixed = [f"{keys.shown(key)} for `{action.id}`" for action in ACTIONS for key in action.fixed]
    parts.append(OWN_KEYS.format(fixed=", ".join(fixed)))
    refused = {keys.shown(key): why for key, why in keys.REFUSED.items()}
    refused["alt+any character"] = "is also what Esc and then that character arrive as when typed fast"
    parts.append(REFUSED + _table(("key", "why: it"), refused.items()))
    doubted = {keys.shown(key): why for key, why in keys.DOUBTED.items()}
    parts.append(DOUBTED + _table(("key", "why: it"), doubted.items()))
    parts.append(SURE.format(controls=", ".join(keys.SURE_CONTROLS)))
    return "\n".join(parts)


def _heading(where: Where) -> str:
    return where.value[0].upper() + where.value[1:]


def _actions(actions: Iterable[Action]) -> str:
    rows = [
        (
            keys.shown_together(action.keys),
            action.title,
            action.help,
            ", ".join(f"`/{name}`" for name in (action.slash, *action.aliases) if name),
            f"`{action.id}`",
        )
        for action in actions
    ]
    return _table(("keys", "action", "what it does", "command", "name"), rows)


def _preset(preset: Preset) -> str:
    rows = [
        (f"`{action.id}`", keys.shown_together(action.keys_in(preset)))
        for action in ACTIONS
        if action.keys_in(preset) != action.keys
    ]
    return f"## The preset `{preset}`\n\nAs above, but:\n\n{_table(('name', 'keys'), rows)}"


def _table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [header, ["---"] * len(header), *rows]
    return "".join(f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |\n" for row in lines)


def main() -> None:
    """Write every built page."""
    for name, content in build().items():
        (ROOT / name).write_text(content, encoding="utf-8")
        print(f"{len(content):>8,} characters  {name}")


if __name__ == "__main__":
    main()
