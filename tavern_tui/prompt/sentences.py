"""Where sentences end, and the rule for a reply that reaches its length: a little longer to the next end, or cut back.

Aware of abbreviations, initials, numbers, ellipses, closing quotes and brackets, actions between asterisks, and of the
scripts that put no blank after a sentence. A guess all the same: the raw text is always kept by those who call.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

RUN_OVER = 4
"""A reply may run longer than its length by one part in so many, to end its sentence."""

_SPACED = ".!?…؟۔।॥።‽⁇⁈⁉‼"
_UNSPACED = "。！？｡．"
_CLOSERS = "\"'”’»›)]}*_~`」』）】》〉"
_END = re.compile(f"([{re.escape(_SPACED + _UNSPACED)}]+)([{re.escape(_CLOSERS)}]*)")
_LINE_END = re.compile(r"(?<=[^\s,;:—–-])[ \t]*\n")
_ACTION = re.compile(
    r"(?:^|(?<=[\n.!?…\"”])|(?<=[.!?…\"”*] ))\*+(?=[^\s*])[^*\n]{0,2000}[^\s*]\*+(?=[\s\"“]|$)", re.MULTILINE
)
# Emoji, or what may become one (Emoji_Presentation, Extended_Pictographic in Unicode 15).
_EMOJI = re.compile(
    r"[\xa9\xae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9-\u21aa\u231a-\u231b\u2328\u2388\u23cf\u23e9-\u23f3"
    r"\u23f8-\u23fa\u24c2\u25aa-\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2605\u2607-\u2612\u2614-\u2685"
    r"\u2690-\u2705\u2708-\u2712\u2714\u2716\u271d\u2721\u2728\u2733-\u2734\u2744\u2747\u274c\u274e\u2753-\u2755"
    r"\u2757\u2763-\u2767\u2795-\u2797\u27a1\u27b0\u27bf\u2934-\u2935\u2b05-\u2b07\u2b1b-\u2b1c\u2b50\u2b55\u3030"
    r"\u303d\u3297\u3299\U0001f000-\U0001f0ff\U0001f10d-\U0001f10f\U0001f12f\U0001f16c-\U0001f171"
    r"\U0001f17e-\U0001f17f\U0001f18e\U0001f191-\U0001f19a\U0001f1ad-\U0001f1ff\U0001f201-\U0001f20f\U0001f21a"
    r"\U0001f22f\U0001f232-\U0001f23a\U0001f23c-\U0001f23f\U0001f249-\U0001f53d\U0001f546-\U0001f64f"
    r"\U0001f680-\U0001f6ff\U0001f774-\U0001f77f\U0001f7d5-\U0001f7ff\U0001f80c-\U0001f80f\U0001f848-\U0001f84f"
    r"\U0001f85a-\U0001f85f\U0001f888-\U0001f88f\U0001f8ae-\U0001f8ff\U0001f90c-\U0001f93a\U0001f93c-\U0001f945"
    r"\U0001f947-\U0001faff\U0001fc00-\U0001fffd]"
)
_ABBREVIATIONS = frozenset(
    {"mr", "mrs", "ms", "mx", "dr", "prof", "st", "sr", "jr", "capt", "lt", "col", "gen", "sgt", "cmdr", "adm", "rev"}
    | {"hon", "fr", "vs", "e.g", "i.e", "cf", "approx", "no", "vol", "pp"}
)
_WORD_BEFORE = re.compile(r"[^\W\d_](?:[\w.]*\w)?$")
_NUMBERED = re.compile(r"(?:^|\n)[ \t]*\d{1,3}$")
_LOOK_BACK = 40
_MARKS = frozenset('.!?*")}`]$。！？”）】’」_')
_PAIRS = (("“", "”"), ("«", "»"), ("「", "」"), ("『", "』"))


def sentence_ends(text: str, start: int = 0) -> Iterator[int]:
    """Offsets directly after each sentence that ends in ``text`` at or after ``start``, in order.

    The end of the text counts as what follows a sentence: an end there is one unless more is to come.
    """
    begin = max(0, start - _LOOK_BACK)
    ends = {match.end() for match in _END.finditer(text, begin) if _is_end(text, match)}
    line = text.rfind("\n", 0, begin + 1) + 1
    # Both are slow to find nothing, and asked for with every token of a reply.
    if text.find("*", line) >= 0:
        ends.update(match.end() for match in _ACTION.finditer(text, line))
    if text.find("\n", begin) >= 0:
        ends.update(match.start() for match in _LINE_END.finditer(text, begin))
    return iter(sorted(end for end in ends if end >= start))


def finish_sentence(text: str) -> str:
    """``text`` up to its last sentence end, the marks that this leaves open closed; all of it where there is none."""
    *_, last = (0, *sentence_ends(text))
    return _closed(text[:last]) if last else text.rstrip()


def trim_to_sentence(text: str) -> str:
    """``text`` up to its last mark that may end a sentence, as SillyTavern's "trim incomplete sentences" does.

    A mark with a blank before it is taken off, too. All of the text where there is none. Source:
    ``public/scripts/utils.js`` (``trimToEndSentence``).
    """
    last = next((at for at in range(len(text) - 1, -1, -1) if text[at] in _MARKS or _EMOJI.match(text[at])), -1)
    if last < 0:
        return text.rstrip()
    end = last if last > 0 and text[last - 1].isspace() else last + 1
    return text[:end].rstrip()


@dataclass(slots=True)
class SentenceFinisher:
    """Watches a streamed reply that may have ``limit`` tokens and ends it at the end of a sentence.

    Ask the engine for ``most_tokens``, ``feed`` what arrives, stop when ``feed`` says so, show ``text``.
    """

    limit: int
    raw: str = ""
    _tokens: int = 0
    _reached_at: int = -1
    _end: int = field(default=-1)

    @property
    def most_tokens(self) -> int:
        """The length to be asked for: a quarter more than the limit, rounded up."""
        return self.limit + -(-self.limit // RUN_OVER)

    def feed(self, text: str, tokens: int = 1) -> bool:
        """Take in the next piece; whether the reply is complete now and the engine should stop.

        An end counts only when the text goes on behind it, since ``3.`` may become ``3.5`` and ``.`` become ``."``.
        """
        before = len(self.raw)
        self.raw += text
        self._tokens += tokens
        if self._reached_at < 0 and self._tokens > self.limit:
            self._reached_at = before
        if self._reached_at >= 0 and self._end < 0:
            last = len(self.raw.rstrip())
            ends = sentence_ends(self.raw, self._reached_at)
            self._end = next((end for end in ends if end < last or self.raw[end : end + 1] == "\n"), -1)
        return self._end >= 0

    def text(self, *, ended: bool) -> str:
        """The reply to be shown. ``ended``: the model stopped by itself, so nothing was cut off.

        Else the text up to the sentence end where it was stopped, or up to its last one.
        """
        if self._end >= 0:
            return _closed(self.raw[: self._end])
        return self.raw if ended else finish_sentence(self.raw)


def _is_end(text: str, match: re.Match[str]) -> bool:
    marks, closers = match.groups()
    after = text[match.end() : match.end() + 1]
    if marks[-1] in _UNSPACED:
        return True
    if after and not after.isspace() and after not in '*"“「『(—–':
        return False
    if after and not after.isspace() and not closers:
        return False
    if marks in ("...", "…") and not closers:
        following = text[match.end() : match.end() + _LOOK_BACK].lstrip()[:1]
        return not following.islower()
    if marks == "." and not closers:
        before = text[max(0, match.start() - _LOOK_BACK) : match.start()]
        word = _WORD_BEFORE.search(before)
        initial = word is not None and len(word.group()) == 1 and word.group().isupper() and word.group() != "I"
        known = word is not None and word.group().lower() in _ABBREVIATIONS
        return not (initial or known or _NUMBERED.search(before))
    return True


def _closed(text: str) -> str:
    """``text`` with the marks closed that its last paragraph left open: asterisks, then quotes."""
    text = text.rstrip()
    paragraph = text[text.rfind("\n") + 1 :]
    marks = paragraph[1:] if paragraph.startswith(("* ", "- ")) else paragraph
    open_marks = [mark for mark in ('"', "*") if marks.count(mark) % 2]
    open_marks.sort(key=marks.rfind, reverse=True)
    open_quotes = [close for open_, close in _PAIRS if marks.count(open_) > marks.count(close)]
    if open_marks and text.endswith(open_marks[0]):
        # A mark that opens at the very end opens nothing.
        text = text[:-1].rstrip()
        del open_marks[0]
    return text + "".join((*open_quotes, *open_marks))
