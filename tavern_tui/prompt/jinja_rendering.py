"""A model's chat template rendered as its maker meant it: Jinja's sandbox with what Hugging Face and llama.cpp give it.

A template can loop for as long as it likes inside the sandbox, so this runs in a process of its own with limits
(``session.template_child``), never where a chat is. No text of a chat passes through a template: every text is stood in
for by a mark, the rendering is cut at the marks, and ``prompt.jinja_template`` puts the texts there. Source of the
environment: Hugging Face ``transformers``' ``render_jinja_template`` and llama.cpp's ``common/chat.cpp``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from jinja2 import Template, TemplateError, nodes
from jinja2.ext import Extension
from jinja2.parser import Parser
from jinja2.sandbox import ImmutableSandboxedEnvironment

from tavern_tui.prompt.jinja_template import Refusal, RoleOrder, Structure

MOST_CHARACTERS = 400_000
"""The longest rendering of a role order, which holds no texts; the longest known ones are a few thousand."""
_WHY_CHARACTERS = 200
# Blanks that no markup uses, round a mark whose characters every kind of escaping changes.
_PAD = "\t \t"


class _Generation(Extension):
    """``{% generation %}``: marks for training what the assistant wrote; what stands inside is rendered as it is."""

    tags = {"generation"}  # noqa: RUF012  jinja2 reads it from the class

    def parse(self, parser: Parser) -> list[nodes.Node]:
        """The statements inside."""
        next(parser.stream)
        return list(parser.parse_statements(("name:endgeneration",), drop_needle=True))


def _environment(now: datetime) -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols", _Generation]
    )
    environment.filters["tojson"] = _to_json
    environment.globals["raise_exception"] = _raise
    environment.globals["strftime_now"] = now.strftime
    return environment


def _to_json(value: Any, ensure_ascii: bool = False, indent: int | None = None, **how: Any) -> str:
    return json.dumps(value, ensure_ascii=ensure_ascii, indent=indent, **how)


def _raise(message: str) -> None:
    raise TemplateError(str(message))


def structures(
    source: str, orders: Sequence[RoleOrder], *, bos: str, eos: str, now: datetime
) -> list[Structure | Refusal]:
    """The template rendered for each order of roles, cut at its texts.

    Raises ``MemoryError`` where the process may not have more; nothing else that a template can cause.
    """
    try:
        template = _environment(now).from_string(source)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  whatever a hostile source makes jinja2 or Python's compiler raise
        return [Refusal(_said(error))] * len(orders)
    mark = _mark(source)
    return [_structure(template, order, mark, {"bos_token": bos, "eos_token": eos}) for order in orders]


def _structure(template: Template, order: RoleOrder, mark: str, tokens: dict[str, str]) -> Structure | Refusal:
    refused = []
    for contents in (_plain, _typed):
        found = _rendered(template, order, mark, tokens, contents)
        if isinstance(found, Structure) and found.texts:
            return found
        refused.append(found if isinstance(found, Refusal) else Refusal("It writes none of the texts."))
    return refused[0]


def _plain(text: str) -> Any:
    return text


def _typed(text: str) -> Any:
    """A text as models that see pictures are given it."""
    return [{"type": "text", "text": text}]


def _rendered(
    template: Template, order: RoleOrder, mark: str, tokens: dict[str, str], contents: Callable[[str], Any]
) -> Structure | Refusal:
    messages = [
        {"role": role.value, "content": contents(f"{_PAD}{mark}{at:05}{mark[::-1]}{_PAD}")}
        for at, role in enumerate(order.roles)
    ]
    size, pieces = 0, []
    try:
        for piece in template.generate(
            messages=messages,
            add_generation_prompt=order.reply,
            tools=None,
            documents=None,
            **tokens,
            **dict(order.variables),
        ):
            size += len(piece)
            if size > MOST_CHARACTERS:
                return Refusal("It writes more than a chat template can mean to.")
            pieces.append(piece)
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001  a template can raise whatever Python code can
        return Refusal(_said(error))
    return _cut("".join(pieces), mark, len(order.roles))


def _cut(text: str, mark: str, texts: int) -> Structure | Refusal:
    """``text`` as markup and the numbers of the texts in it."""
    pieces: list[str | int] = []
    trims, end = False, 0
    for found in re.finditer(f"{re.escape(mark)}([0-9]{{5}}){re.escape(mark[::-1])}", text):
        before, after = text[end : found.start()], text[found.end() :]
        trims = trims or not (before.endswith(_PAD) and after.startswith(_PAD))
        number = int(found.group(1))
        if number >= texts:
            return Refusal("It changes the texts.")
        pieces += [before.removesuffix(_PAD), number]
        end = found.end() + (len(_PAD) if after.startswith(_PAD) else 0)
    pieces.append(text[end:])
    if any(isinstance(piece, str) and (_traces(piece, mark) or repr(_PAD)[1:-1] in piece) for piece in pieces):
        return Refusal("It changes the texts.")
    return Structure(tuple(piece for piece in pieces if piece != ""), trims)


def _traces(text: str, mark: str) -> bool:
    """Whether a text was written there in another form than it has."""
    letters = "".join(filter(str.isalnum, mark))
    return letters.casefold() in text.casefold()


def _mark(source: str) -> str:
    """A string that the template does not hold, with letters of both cases and characters that are escaped."""
    number = 0
    while (letters := f"Tvq{number}Xz").casefold() in source.casefold():
        number += 1
    return f'{letters}<"'


def _said(error: BaseException) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:_WHY_CHARACTERS]
