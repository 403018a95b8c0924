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
# Code points that are emoji or may become one (Unicode: Emoji_Presentation, Extended_Pictographic).
_EMOJI = re.compile(
    r"[\u00a9\u00ae\u203c\u2049\u2122\u2139\u2194-\u2199\u21a9-\u21aa\u231a-\u231b\u2328\u23cf\u23e9-\u23f3"
    r"\u23f8-\u23fa\u24c2\u25aa-\u25ab\u25b6\u25c0\u25fb-\u25fe\u2600-\u2604\u260e\u2611\u2614-\u2615\u2618"
    r"\u261d\u2620\u2622-\u2623\u2626\u262a\u262e-\u262f\u2638-\u263a\u2640\u2642\u2648-\u2653\u265f-\u2660"
    r"\u2663\u2665-\u2666\u2668\u267b\u267e-\u267f\u2692-\u2697\u2699\u269b-\u269c\u26a0-\u26a1\u26a7"
    r"\u26aa-\u26ab\u26b0-\u26b1\u26bd-\u26be\u26c4-\u26c5\u26c8\u26ce-\u26cf\u26d1\u26d3-\u26d4\u26e9-\u26ea"
    r"\u26f0-\u26f5\u26f7-\u26fa\u26fd\u2702\u2705\u2708-\u270d\u270f\u2712\u2714\u2716\u271d\u2721\u2728"
    r"\u2733-\u2734\u2744\u2747\u274c\u274e\u2753-\u2755\u2757\u2763-\u2764\u2795-\u2797\u27a1\u27b0\u27bf"
    r"\u2934-\u2935\u2b05-\u2b07\u2b1b-\u2b1c\u2b50\u2b55\u3030\u303d\u3297\u3299\U0001f004"
    r"\U0001f02c-\U0001f02f\U0001f094-\U0001f09f\U0001f0af-\U0001f0b0\U0001f0c0\U0001f0cf-\U0001f0d0"
    r"\U0001f0f6-\U0001f0ff\U0001f170-\U0001f171\U0001f17e-\U0001f17f\U0001f18e\U0001f191-\U0001f19a"
    r"\U0001f1af-\U0001f1ff\U0001f201-\U0001f20f\U0001f21a\U0001f22f\U0001f232-\U0001f23a\U0001f23c-\U0001f23f"
    r"\U0001f249-\U0001f25f\U0001f266-\U0001f321\U0001f324-\U0001f393\U0001f396-\U0001f397\U0001f399-\U0001f39b"
    r"\U0001f39e-\U0001f3f0\U0001f3f3-\U0001f3f5\U0001f3f7-\U0001f4fd\U0001f4ff-\U0001f53d\U0001f549-\U0001f54e"
    r"\U0001f550-\U0001f567\U0001f56f-\U0001f570\U0001f573-\U0001f57a\U0001f587\U0001f58a-\U0001f58d\U0001f590"
    r"\U0001f595-\U0001f596\U0001f5a4-\U0001f5a5\U0001f5a8\U0001f5b1-\U0001f5b2\U0001f5bc\U0001f5c2-\U0001f5c4"
    r"\U0001f5d1-\U0001f5d3\U0001f5dc-\U0001f5de\U0001f5e1\U0001f5e3\U0001f5e8\U0001f5ef\U0001f5f3"
    r"\U0001f5fa-\U0001f64f\U0001f680-\U0001f6c5\U0001f6cb-\U0001f6d2\U0001f6d5-\U0001f6e5\U0001f6e9"
    r"\U0001f6eb-\U0001f6f0\U0001f6f3-\U0001f6ff\U0001f7dc-\U0001f7f0\U0001f80c-\U0001f80f\U0001f848-\U0001f84f"
    r"\U0001f85a-\U0001f85f\U0001f888-\U0001f88f\U0001f8ae-\U0001f8af\U0001f8bc-\U0001f8bf\U0001f8c2-\U0001f8cf"
    r"\U0001f8d9-\U0001f8ff\U0001f90c-\U0001f93a\U0001f93c-\U0001f945\U0001f947-\U0001f9ff\U0001fa58-\U0001fa5f"
    r"\U0001fa6e-\U0001faff\U0001fc00-\U0001fffd]"
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
    ends.update(match.end() for match in _ACTION.finditer(text, text.rfind("\n", 0, begin + 1) + 1))
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
