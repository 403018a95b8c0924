"""``docs/settings.md``: how settings are set, and every one of them out of the schema."""

from __future__ import annotations

from dataclasses import MISSING

from tavern_tui.config.setting_values import Choices
from tavern_tui.config.settings import GROUPS, declared, setting_names
from tavern_tui.session.settings_view import group_title

INTRODUCTION = """# Settings

`/settings` in the app lists them all: letters search, ← and → take the value beside this one, Enter asks for a value or
shows what there is to choose from, ctrl+r lets the default hold again. What is typed and means nothing is refused below
the line, in the words of this page. `/settings think` begins with what has that word in it.

What the screen changes goes to `settings.yaml`, which is the program's. `config.yaml` beside it
(`tavern-tui locate config`) is yours: it is only read and stands above, so that a value from there is dimmed on the
screen, with its line, and is changed there.

```yaml
reply:
  response_tokens: 400
  policy: classic
ui: {theme: daylight}
```

A change holds from the next reply on, `ui.theme` and `ui.confirm` at once, `persona.name` in chats that begin from then
on; for `engine` and `connection` the app connects anew when the page is closed; where it takes a new start, the screen
says so. An entry that makes no sense falls back to its default and is told with its line. This page is made from the
program by `python -m scripts.build_docs`.
"""


def page() -> str:
    """The page about settings."""
    parts = [INTRODUCTION]
    for group in GROUPS:
        rows = [_row(name) for name in setting_names() if name.partition(".")[0] == group]
        parts.append(f"## {group_title(group)}: `{group}`\n\n| setting | default | what it is |\n| --- | --- | --- |\n")
        parts[-1] += "".join(rows)
    return "\n".join(parts)


def _row(name: str) -> str:
    field = declared(name)
    default = field.default
    if default is MISSING and field.default_factory is not MISSING:
        default = field.default_factory()
    words, title = field.metadata["check"], field.metadata["title"]
    untold = isinstance(words, Choices) and len(words.words) > 2 and not all(word in title for word in words.words)
    listed = f" One of {', '.join(words.words)}." if untold else ""
    return f"| `{name.partition('.')[2]}` | {_shown(default)} | {title}{listed} |\n"


def _shown(default: object) -> str:
    if isinstance(default, bool):
        return str(default).lower()
    if default is None or default in ("", ()):
        return ""
    return f"`{default:g}`" if isinstance(default, float) else f"`{default}`"
