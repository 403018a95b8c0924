"""``Rules``: what a reply may hold: biases, banned texts, a grammar; and the sampler that sees to it.

It stands first in the chain. Banned tokens go down, then the grammar rules out what it does not allow, then what was
ruled out leaves the candidates, so that the samplers behind it are quick and never choose it. The grammar counts for
more than a ban, and a ban for more than the model. Where a grammar leaves nothing, the reply ends: llama.cpp would end
the process (a token that its grammar does not accept is a C++ exception).
"""

from __future__ import annotations

import ctypes
import importlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from tavern_tui.domain import preset_messages as said
from tavern_tui.domain.errors import EngineError, EngineFault
from tavern_tui.domain.grammar import grammar_problem
from tavern_tui.domain.grammar_cost import cost_problem
from tavern_tui.domain.wording import Wording
from tavern_tui.engines.embedded.protocol import Generate
from tavern_tui.engines.embedded.vocabulary import Vocabulary
from tavern_tui.engines.wire_samplers import read_schema

_FAR_BELOW = 1000.0
"""How much a ban takes off a token's logit: more than any model's logits differ, and yet a number."""
_FLOOR = 1e-30
"""What is less likely than this beside the likeliest token leaves: everything that was ruled out, and nothing else."""
_CLAMP = 100.0
_LOOKS_BACK = 64
# The converter lets a line end and the like into a text of JSON, where the standard has an escape (RFC 8259 §7).
_ANY_CHARACTER, _JSON_CHARACTER = r'char ::= [^"\\]', r'char ::= [^"\\\x7F\x00-\x1F]'
_CONVERTER_FAULTS = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RecursionError,
    TypeError,
    ValueError,
)

_NAME = ctypes.create_string_buffer(b"rules")
# A callback that gave bytes would lose them each time; this one gives an address that stays.
_NAMED = ctypes.CFUNCTYPE(ctypes.c_void_p, ctypes.c_void_p)(lambda _sampler: ctypes.addressof(_NAME))


@dataclass(frozen=True, slots=True)
class Rules:
    """The fields of a ``Request`` that say what a reply may hold.

    ``ban_eos``: it does not end by itself. ``forbidden`` tokens may not be the next one, and afterwards may.
    """

    logit_bias: tuple[tuple[int | str, float], ...] = ()
    banned: tuple[str, ...] = ()
    grammar: str = ""
    json_schema: str = ""
    ban_eos: bool = False
    forbidden: tuple[int, ...] = ()

    @property
    def watched(self) -> bool:
        """Whether every token has to be looked at; biases alone are llama.cpp's own."""
        held = self.grammar.strip() or self.json_schema.strip()
        return bool(any(self.banned) or held or self.ban_eos or self.forbidden)


NO_RULES = Rules()


def rules_of(work: Generate) -> Rules:
    """The rules of a request."""
    return Rules(work.logit_bias, work.banned, work.grammar, work.json_schema)


def grammar_of(rules: Rules) -> str:
    """The GBNF that the reply has to follow, of a schema too; empty for none. Raises ``EngineError`` (``REJECTED``)."""
    text = rules.grammar if rules.grammar.strip() else _from_schema(rules.json_schema)
    problem = (grammar_problem(text) or cost_problem(text, made=text != rules.grammar)) if text else None
    if problem is not None:
        raise _rejected(said.grammar_line(problem.line, problem.why))
    return text


def _from_schema(schema: str) -> str:
    if not schema.strip():
        return ""
    read_schema(schema)
    convert = importlib.import_module("llama_cpp.llama_grammar").json_schema_to_gbnf
    try:
        return str(convert(schema)).replace(_ANY_CHARACTER, _JSON_CHARACTER)
    except _CONVERTER_FAULTS as error:
        raise _rejected(said.schema_unread("it asks for something that has no grammar")) from error


def _rejected(wording: Wording) -> EngineError:
    return EngineError(wording.title, fault=EngineFault.REJECTED, hint=wording.hint)


def bias_sampler(lib: Any, vocabulary: Vocabulary, biases: Sequence[tuple[int | str, float]]) -> Any | None:
    """llama.cpp's sampler for biases, of every token of a text; ``None`` where none is of this vocabulary."""
    found: dict[int, float] = {}
    for token, bias in biases:
        for one in vocabulary.tokenize(token) if isinstance(token, str) else (token,):
            if 0 <= one < vocabulary.size and math.isfinite(bias):
                found[one] = max(-_CLAMP, min(_CLAMP, bias))
    if not found:
        return None
    rows = (lib.llama_logit_bias * len(found))(*(lib.llama_logit_bias(token, bias) for token, bias in found.items()))
    return lib.llama_sampler_init_logit_bias(vocabulary.size, len(found), rows)


class Banned:
    """Which tokens would complete a banned text, from what was written so far. Letters of ASCII count in any case.

    The texts are looked for in UTF-8, so that one may end within a token or begin in the middle of one.
    """

    def __init__(self, vocabulary: Vocabulary, banned: Sequence[str]) -> None:
        self._texts = tuple(dict.fromkeys(text.encode("utf-8", "replace").lower() for text in banned if text))
        self._reach = max((len(text) for text in self._texts), default=1) - 1
        self._index = vocabulary.index()
        self._whole = frozenset[int]().union(*(self._index.holding(text) for text in self._texts))
        self._endings: dict[bytes, frozenset[int]] = {}
        self._written = b""

    def accept(self, piece: bytes) -> None:
        """A token was written."""
        if self._reach:
            self._written = (self._written + piece.lower())[-self._reach :]

    def tokens(self) -> frozenset[int]:
        """The tokens that may not come next."""
        found = self._whole
        for text in self._texts:
            for cut in range(1, len(text)):
                if self._written.endswith(text[:cut]):
                    found |= self._ending(text[cut:])
        return found

    def _ending(self, rest: bytes) -> frozenset[int]:
        """The tokens that begin with what is left of a text."""
        if rest not in self._endings:
            self._endings[rest] = self._index.beginning_with(rest)
        return self._endings[rest]


class RuleSampler:
    """A sampler of llama.cpp's that is written in Python. ``pointer`` goes into a chain, which frees it.

    The object has to live as long as the chain. Raises ``EngineError`` (``REJECTED``) for a grammar that is none.
    """

    def __init__(self, lib: Any, vocabulary: Vocabulary, rules: Rules, history: Sequence[int]) -> None:
        self._lib = lib
        self._vocabulary = vocabulary
        self._ends = frozenset(vocabulary.ending_tokens()) if rules.ban_eos else frozenset()
        self._banned = Banned(vocabulary, rules.banned) if any(rules.banned) else None
        for token in history[-_LOOKS_BACK:] if self._banned else ():
            self._write(token)
        self._next: frozenset[int] = frozenset()
        self._over = False
        self._grammar = self._read_grammar(grammar_of(rules))
        self._floor = lib.llama_sampler_init_min_p(_FLOOR, 1)
        # ctypes keeps no reference of its own to these, and llama.cpp keeps only their addresses.
        self._interface = lib.llama_sampler_i(
            name=ctypes.cast(_NAMED, lib.llama_sampler_i_name),
            accept=lib.llama_sampler_i_accept(self._accept),
            apply=lib.llama_sampler_i_apply(self._apply),
        )
        self.pointer = lib.llama_sampler_init(ctypes.pointer(self._interface), None)

    def _read_grammar(self, text: str) -> Any | None:
        if not text:
            return None
        sampler = self._lib.llama_sampler_init_grammar(
            self._vocabulary.handle, text.encode("utf-8", "replace"), b"root"
        )
        if not sampler:
            raise _rejected(said.grammar_refused())
        return sampler

    def free(self) -> None:
        """Let go of what the chain does not know of; after the chain was freed."""
        self._lib.llama_sampler_free(self._floor)
        if self._grammar is not None:
            self._lib.llama_sampler_free(self._grammar)

    def forbid(self, tokens: Sequence[int]) -> None:
        """These may not be the next token."""
        self._next = frozenset(tokens)

    def _write(self, token: int) -> None:
        if self._banned is not None:
            self._banned.accept(self._vocabulary.piece(token))

    def _accept(self, _sampler: object, token: int) -> None:
        self._next = frozenset()
        self._write(token)
        if self._grammar is not None and not self._over:
            self._lib.llama_sampler_accept(self._grammar, token)

    def _apply(self, _sampler: object, candidates: Any) -> None:
        forbidden = self._ends | self._next | (self._banned.tokens() if self._banned is not None else frozenset())
        held = candidates.contents
        for token in forbidden:
            if token < held.size and held.data[token].id == token:  # they come in the order of their ids, all of them
                held.data[token].logit -= _FAR_BELOW
        if self._grammar is not None:
            self._lib.llama_sampler_apply(self._grammar, candidates)
        self._lib.llama_sampler_apply(self._floor, candidates)
        if math.isinf(held.data[0].logit):
            self._over = True
            held.data[0].id, held.data[0].logit, held.size = self._end(), 0.0, 1

    def _end(self) -> int:
        return next(iter(self._vocabulary.ending_tokens()), 0)
