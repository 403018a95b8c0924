"""``LoreScan``: which lore entries fire in a prompt, and why.

What stays the same however often a scan runs: the books' index, the text that is scanned, macros, chances. A scan
needs token counts and cannot count: ``run`` goes by estimates where a text was not counted yet and names those texts,
and is run again when they were. Chances are drawn once for a prompt. The passes over the entries:
``prompt.lore_run``; where the texts go: ``prompt.lore_places``.
Source: SillyTavern 1.12.6, ``public/scripts/world-info.js`` (``checkWorldInfo``).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Collection, Hashable, Mapping

from tavern_tui.domain.lorebook import LoreSource
from tavern_tui.prompt.counting import Counts
from tavern_tui.prompt.history import turn_items
from tavern_tui.prompt.inputs import Policy, PromptInput
from tavern_tui.prompt.lore_books import Listed
from tavern_tui.prompt.lore_chat import ChatFacts
from tavern_tui.prompt.lore_effects import TimedEffects
from tavern_tui.prompt.lore_index import LoreCache, LoreIndex
from tavern_tui.prompt.lore_keys import Haystack, KeySearch
from tavern_tui.prompt.lore_outcome import Fired, Lore
from tavern_tui.prompt.lore_patterns import Patterns
from tavern_tui.prompt.lore_rules import Verdict
from tavern_tui.prompt.lore_run import LoreRun
from tavern_tui.prompt.lore_text import CHARACTERS_PER_TOKEN, MOST_TURNS, ScanText
from tavern_tui.prompt.macros import take_effect
from tavern_tui.prompt.story import Story, untrusted

__all__ = ["LONGEST_TEXT", "LoreCache", "LoreScan"]

LONGEST_TEXT = 1_000_000
"""Characters of an entry's text beyond which it never fires: no prompt holds it, and its macros are not expanded."""

_WELL_USED = 0.875  # of a budget, beyond which nothing is gained by scanning again
_HIDDEN_KEY = re.compile(r"\{\{hidden_key:([^{}]*)\}\}", re.IGNORECASE)


class LoreScan:
    """The lore of one prompt. ``examined`` counts how often an entry was looked at, ``search.checks`` the keys.

    ``verdicts`` are what was found of entries and texts, ``reasons`` where their keys stand: one run tells the next.
    """

    def __init__(self, given: PromptInput, story: Story) -> None:
        self.given = given
        self.settings = given.lore
        self.exact = given.policy is Policy.CLASSIC
        self.index = LoreIndex(given) if given.lore_cache is None else given.lore_cache.index(given)
        self.entries = self.index.entries
        self.patterns = Patterns(compiled=self.index.compiled)
        self.search = KeySearch(story.expand, self.patterns, exact=self.exact, needles=self.index.needles)
        self.scanned = ScanText(
            turn_items(given.turns, given, story),
            _scanned(given, story),
            names=self.settings.include_names,
            sources=_sources(given, story, self.index.asked),
        )
        self.chat = ChatFacts(given, story, given.lore_cache.chats if given.lore_cache is not None else None)
        self.effects = TimedEffects(self.index.timed, given.lore_state, lambda: self.chat.length)
        self.verdicts: dict[tuple[int, Haystack], Verdict] = {}
        self.reasons: dict[tuple[int, str, int], str] = {}
        self.examined = 0
        self._story = story
        self._variables_before = story.variables.mark()
        self._texts: dict[Listed, str] = {}
        self._draws: dict[Hashable, float] = {}

    def run(self, counts: Counts, share: float = 1.0) -> Lore:
        """What fires, by the counts known so far. ``share`` of the budget may be used.

        Macros change variables as they stood before the scan. Under ``economy`` those of entries that fire do.
        """
        self.scanned.silence()
        self._story.variables.go_back(self._variables_before)
        lore = LoreRun(self, counts, share).result()
        if not self.exact:
            self._story.variables.go_back(self._variables_before)
            for fired in lore.fired:
                take_effect(fired.one.content, self._story.macros, fired.one)
        return lore

    def stands(self, lore: Lore, counts: Counts) -> bool:
        """Whether ``lore`` may stay as it is with ``counts``: the budget alone depends on them.

        Under ``economy`` it may where the budget is kept and mostly used, too: what was refused by an estimate that was
        too high gets in with the next prompt, and this one is counted once.
        """
        charged: dict[int, int] = {}
        for one in lore.fired:
            if not one.one.entry.ignore_budget:
                tokens = counts.get(f"{one.text}\n", lore.budget)
                charged[id(one.one.book)] = charged.get(id(one.one.book), 0) + tokens
        total = sum(charged.values()) + 2 * self.settings.text_tokens
        if total >= lore.budget or not all(self._within_own_budget(one, charged) for one in lore.fired):
            return False
        return not lore.cut or (not self.exact and total >= _WELL_USED * lore.budget)

    def _within_own_budget(self, one: Fired, charged: Mapping[int, int]) -> bool:
        budget = one.one.book.token_budget or 0
        return budget <= 0 or not self.settings.book_settings or charged.get(id(one.one.book), 0) <= budget

    def budget(self, share: float) -> int:
        """Tokens for lore; what fires stays below it."""
        most = self.given.context_tokens - self.given.response_tokens
        budget = int(self.settings.budget_percent * most / 100 + 0.5) or 1
        if self.settings.budget_cap > 0:
            budget = min(budget, self.settings.budget_cap)
        return int(budget * share)

    def text(self, one: Listed) -> str:
        """An entry's text, its macros expanded once for the prompt."""
        if one not in self._texts:
            self._texts[one] = untrusted(self._story.expand(one.content, one), self.given)
        else:
            take_effect(one.content, self._story.macros, one)
        return self._texts[one]

    def too_long(self, one: Listed) -> bool:
        """Whether an entry's text is longer than ``LONGEST_TEXT``."""
        return len(one.content) > LONGEST_TEXT

    def heard(self, one: Listed) -> str:
        """What recursion reads of an entry: its text, and the keys that V3's ``{{hidden_key:…}}`` keeps out of it."""
        text = self.text(one)
        if self.exact or "{{" not in one.content:
            return text
        return "\n".join((text, *_HIDDEN_KEY.findall(one.content)))

    def draw(self, what: Hashable) -> float:
        """A number from 0 up to 1 for ``what``, drawn when it is first asked for; under ``economy`` once for a turn."""
        if what not in self._draws:
            known = not self.exact and self.given.chat_id
            self._draws[what] = self._fixed(what) if known else self.given.random()
        return self._draws[what]

    def _fixed(self, what: Hashable) -> float:
        """The same number for each reply to the chat's newest turn."""
        newest = next((turn.id for turn in self.given.turns if not turn.hidden), "")
        named = self.index.key(what) if isinstance(what, Listed) else repr(what)
        digest = hashlib.sha256(f"{self.given.chat_id}\0{newest}\0{named}".encode("utf-8", "surrogatepass")).digest()
        return int.from_bytes(digest[:6], "big") / 2**48

    def finds(self, one: Listed, key: str, haystack: Haystack) -> bool:
        """Whether a key of an entry stands in ``haystack``."""
        return self.search.finds(
            key, haystack, case_sensitive=one.case_sensitive, whole_words=one.whole_words, form=one.form
        )

    def scores(self, one: Listed, key: str, haystack: Haystack) -> bool:
        """Whether a key of an entry counts for it where the entries of a group are compared."""
        if not self.exact:
            return self.finds(one, key, haystack)
        return self.search.finds_as_written(
            key, haystack, case_sensitive=one.case_sensitive, whole_words=one.whole_words
        )

    def depth(self, one: Listed, wider: int) -> int:
        """How many turns an entry sees, where the scan reaches ``wider`` turns further than usual."""
        if one.tail is not None:
            return self.tail_turns(one.tail)
        if one.conditions.tokens_seen is not None:
            return self.turns_in(one.conditions.tokens_seen)
        return self.settings.scan_depth + wider if one.depth is None else one.depth

    def tail_turns(self, characters: int) -> int:
        """How many turns a book sees that is looked for in so many characters of the story's end; 0 for all."""
        return self.scanned.turns_of(self._tail(characters))

    def turns_in(self, tokens: int) -> int:
        """How many of the newest turns hold so many tokens, by the length of their texts."""
        return self.scanned.turns_of(CHARACTERS_PER_TOKEN * tokens)

    def turns_beyond(self, tokens: int) -> int:
        """How many turns stand below the chat's first so many tokens; all of a chat that is longer than any prompt."""
        length = self.chat.length
        if length > MOST_TURNS:
            return length
        left = CHARACTERS_PER_TOKEN * tokens
        for below, (_, text) in reversed(list(enumerate(self.scanned.turns(length)))):
            if left <= 0:
                return below + 1
            left -= len(text) + 1
        return 0

    def haystack(self, one: Listed, wider: int, *, recursion: bool) -> Haystack:
        """The text in which an entry's keys are looked for."""
        if one.tail is not None:
            return self.scanned.tail(self._tail(one.tail))
        return self.scanned.upto(self.depth(one, wider), recursion=recursion, sources=one.entry.also_scans)

    def _tail(self, characters: int) -> int:
        return characters if characters > 0 else CHARACTERS_PER_TOKEN * max(0, self.given.context_tokens)


def _scanned(given: PromptInput, story: Story) -> list[str]:
    """The injected texts in which keys are looked for; SillyTavern leaves the blanks at their ends."""
    texts = [one.text for one in given.injections if one.scan]
    if given.lore.scan_character_note:
        texts.append(story.character_note)
    if given.policy is Policy.CLASSIC:
        return [text for text in map(story.expand, texts) if text]
    return [story.expand(text.strip()) for text in texts if text.strip()]


def _sources(given: PromptInput, story: Story, asked: Collection[LoreSource]) -> dict[LoreSource, str]:
    """The card's and the persona's texts that some entry asks for."""
    fields = story.macros
    texts = {
        LoreSource.PERSONA: fields.persona,
        LoreSource.DESCRIPTION: fields.description,
        LoreSource.PERSONALITY: fields.personality,
        LoreSource.SCENARIO: fields.scenario,
    }
    found = {source: texts[source] or "" for source in texts if source in asked}
    if LoreSource.CHARACTER_NOTE in asked:
        found[LoreSource.CHARACTER_NOTE] = story.expand(story.character_note)
    if LoreSource.CREATOR_NOTES in asked:
        found[LoreSource.CREATOR_NOTES] = story.expand(given.character.creator_notes)
    return found
