"""``LoreScan``: which lore entries fire in a prompt, and why.

Passes over the entries: the first on the newest turns; then, while something new fired, on what it said, too
(recursion); then on older turns, where too little fired. What fires is paid from a budget. A scan needs token counts
and cannot count: ``run`` goes by estimates where a text was not counted yet and names those texts, and is run again
when they were. Chances are drawn once for a prompt, however often it runs. Where the texts go: ``prompt.lore_places``.
Source: SillyTavern 1.12.6, ``public/scripts/world-info.js`` (``checkWorldInfo``).
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from enum import Enum

from tavern_tui.domain.lorebook import SelectiveLogic
from tavern_tui.prompt.counting import Counts
from tavern_tui.prompt.history import turn_items
from tavern_tui.prompt.inputs import Policy, PromptInput
from tavern_tui.prompt.lore_books import Listed, listed
from tavern_tui.prompt.lore_effects import TimedEffects
from tavern_tui.prompt.lore_groups import GroupRules, losers
from tavern_tui.prompt.lore_keys import Haystack, KeySearch
from tavern_tui.prompt.lore_patterns import Patterns
from tavern_tui.prompt.lore_text import ScanText
from tavern_tui.prompt.plan import NO_LORE_STATE, LoreState
from tavern_tui.prompt.story import Story, untrusted

MOST_TOLD = 20
"""Entries that did not fire and are named in a plan."""

_CHARACTERS_PER_TOKEN = 64  # a text longer than so many times its budget is not worth counting
_UNKNOWN_RATIO = 0.25
_SHOWN_KEY = 40


class Pass(Enum):
    """What made a pass over the entries necessary."""

    FIRST = "first"
    RECURSION = "recursion"
    WIDER = "wider"


@dataclass(frozen=True, slots=True)
class Fired:
    """An entry that fires: its text, macros expanded, the tokens it was charged with, and the reason."""

    one: Listed
    text: str
    tokens: int
    reason: str


@dataclass(frozen=True, slots=True)
class Held:
    """An entry that nearly fired, and what kept it from it. ``cut``: the budget did."""

    one: Listed
    reason: str
    cut: bool


@dataclass(frozen=True, slots=True)
class Lore:
    """The result of a scan: what fires in the order of firing, what nearly did, and what lasts.

    ``unknown`` are texts whose tokens were only estimated. The tokens charged are
    below ``budget``; ``cut`` says that it, or a book's own, kept something out.
    """

    fired: tuple[Fired, ...] = ()
    held: tuple[Held, ...] = ()
    state: LoreState = NO_LORE_STATE
    unknown: tuple[str, ...] = ()
    budget: int = 0
    cut: bool = False


class LoreScan:
    """The lore of one prompt: everything that stays the same however often it runs."""

    def __init__(self, given: PromptInput, story: Story) -> None:
        self.given = given
        self.settings = given.lore
        self.exact = given.policy is Policy.CLASSIC
        self.entries = listed(given)
        self.patterns = Patterns()
        self.search = KeySearch(story.expand, self.patterns, exact=self.exact)
        self.scanned = ScanText(turn_items(given.turns, given, story), _scanned(given, story), names=self._names)
        self.effects = TimedEffects(self.entries, given.lore_state, self._length)
        self._story = story
        self._texts: dict[Listed, str] = {}
        self._draws: dict[Hashable, float] = {}

    @property
    def _names(self) -> bool:
        return self.settings.include_names

    def run(self, counts: Counts, share: float = 1.0) -> Lore:
        """What fires, by the counts known so far. ``share`` of the budget may be used."""
        self.scanned.silence()
        return _Run(self, counts, share).result()

    def stands(self, lore: Lore, counts: Counts) -> bool:
        """Whether ``lore`` would come out the same with ``counts``: the budget alone depends on them."""
        if lore.cut or any(one.one.book.token_budget for one in lore.fired):
            return False
        return sum(counts.get(f"{one.text}\n", lore.budget) for one in lore.fired) < lore.budget

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
            self._texts[one] = untrusted(self._story.expand(one.content), self.given)
        return self._texts[one]

    def draw(self, what: Hashable) -> float:
        """A number from 0 up to 1 for ``what``, drawn when it is first asked for."""
        if what not in self._draws:
            self._draws[what] = self.given.random()
        return self._draws[what]

    def finds(self, one: Listed, key: str, haystack: Haystack) -> bool:
        """Whether a key of an entry stands in ``haystack``."""
        own, usual = one.entry, self.settings
        cased, whole = own.case_sensitive, own.match_whole_words
        return self.search.finds(
            key,
            haystack,
            case_sensitive=usual.case_sensitive if cased is None else cased,
            whole_words=usual.match_whole_words if whole is None else whole,
        )

    def _length(self) -> int:
        return sum(1 for turn in self.given.turns if not turn.hidden)


class _Run:
    """One run of a scan."""

    def __init__(self, scan: LoreScan, counts: Counts, share: float) -> None:
        self.scan = scan
        self.settings = scan.settings
        self.counts = counts
        self.budget = scan.budget(share)
        self.fired: dict[Listed, Fired] = {}
        self.failed: set[Listed] = set()
        self.held: dict[Listed, Held] = {}
        self.unknown: dict[str, None] = {}
        self.matched: dict[Listed, str] = {}
        self.of_book: dict[int, int] = {}
        self.charged = 0
        self.wider = 0
        self.passes = 0
        self.overflow = self.budget <= 0

    def result(self) -> Lore:
        """All passes."""
        levels = sorted({one.entry.delay_until_recursion for one in self.scan.entries} - {0})
        level = levels.pop(0) if levels else 0
        kind: Pass | None = Pass.FIRST
        while kind is not None and (self.passes < self.settings.max_recursion_steps or not self._limited):
            self.passes += 1
            said = self._pass(kind, level)
            kind = self._next(kind, bool(said))
            if kind is None and levels and (self.scan.exact or not self.overflow):
                kind, level = Pass.RECURSION, levels.pop(0)
            if kind is not None:
                self.scan.scanned.say("\n".join(self.scan.text(one) for one in said))
                if self.scan.exact:
                    self.charged += sum(self._tokens(self.scan.text(one)) for one in said)
            if not self.scan.exact:
                self.charged = sum(one.tokens for one in self.fired.values())
        held = [one for one in (*self.held.values(), *self._blocked()) if one.one not in self.fired]
        held.sort(key=lambda one: not one.cut)
        return Lore(
            fired=tuple(self.fired.values()),
            held=tuple(held[:MOST_TOLD]),
            state=self.scan.effects.after(self.fired),
            unknown=tuple(self.unknown),
            budget=self.budget,
            cut=bool(held) and held[0].cut,
        )

    @property
    def _limited(self) -> bool:
        return self.settings.max_recursion_steps > 0

    def _next(self, kind: Pass, said: bool) -> Pass | None:
        """What the next pass is for, if there is one."""
        settings, scanned = self.settings, self.scan.scanned
        if self.overflow:
            return None
        if settings.recursive and (said or (kind is Pass.WIDER and scanned.has_said)):
            return Pass.RECURSION
        if len(self.fired) < settings.min_activations:
            depth, most = settings.scan_depth + self.wider, settings.min_activations_depth
            if not (0 < most < depth) and scanned.has(depth):
                self.wider += 1
                return Pass.WIDER
        return None

    def _pass(self, kind: Pass, level: int) -> list[Listed]:
        """Fire what can; the entries whose texts the next pass may read."""
        scan = self.scan
        candidates = [one for one in scan.entries if self._wants(one, kind, level)]
        candidates.sort(key=lambda one: not scan.effects.sticky(one))
        rules = GroupRules(
            scoring=self.settings.use_group_scoring,
            exact=scan.exact,
            sticky=scan.effects.sticky,
            found=lambda one, key: scan.finds(one, key, self._haystack(one, kind)),
            draw=lambda name: scan.draw((name, self.passes)),
        )
        lost = losers(candidates, self.fired, rules)
        for one, reason in lost.items():
            self._hold(one, reason)
        candidates = [one for one in candidates if one not in lost]
        self._pay(candidates)
        kept = (one for one in candidates if one not in self.failed and (scan.exact or one in self.fired))
        return [one for one in kept if one.recurses and not one.entry.prevent_recursion]

    def _pay(self, candidates: list[Listed]) -> None:
        """Fire candidates in order until the budget is used up."""
        spent = 0
        for one in candidates:
            if self.overflow:
                self._hold(one, "budget: used up by entries before it", cut=True)
                continue
            if not self._lucky(one):
                self.failed.add(one)
                self._hold(one, f"chance: {one.entry.probability:g} %, not this time")
                continue
            text = self.scan.text(one)
            tokens = self._tokens(text)
            over = self._over_own_budget(one, tokens)
            if over > 0:
                self.failed.add(one)
                self._hold(one, f"budget of the book: {over:,} over", cut=True)
                continue
            spent += tokens
            if self.charged + spent >= self.budget:
                self.overflow = True
                self._hold(one, f"budget: {self.charged + spent - self.budget + 1:,} over", cut=True)
                continue
            self.of_book[id(one.book)] = self.of_book.get(id(one.book), 0) + tokens
            self.fired[one] = Fired(one, text, tokens, self._reason(one))

    def _over_own_budget(self, one: Listed, tokens: int) -> int:
        budget = one.book.token_budget
        if budget is None or budget <= 0 or not self.settings.book_settings:
            return 0
        return self.of_book.get(id(one.book), 0) + tokens - budget

    def _lucky(self, one: Listed) -> bool:
        if one.entry.probability >= 100 or self.scan.effects.sticky(one):
            return True
        return self.scan.draw(one) * 100 <= one.entry.probability

    def _wants(self, one: Listed, kind: Pass, level: int) -> bool:
        """Whether the entry would fire in this pass, groups, chance and budget aside."""
        entry, effects = one.entry, self.scan.effects
        if one in self.fired or one in self.failed or self._blocks(one):
            return False
        sticky = effects.sticky(one)
        later = entry.delay_until_recursion
        if later and not sticky and (kind is not Pass.RECURSION or later > level):
            return False
        excluded = entry.exclude_recursion or not one.recurses
        if excluded and kind is Pass.RECURSION and self.settings.recursive and not sticky:
            return False
        if one.forced or one.silenced:
            return one.forced
        return entry.constant or sticky or self._keys_say_so(one, self._haystack(one, kind))

    def _blocks(self, one: Listed) -> str:
        """Why the entry cannot fire whatever its keys say; empty where it can."""
        entry, effects = one.entry, self.scan.effects
        if not entry.enabled:
            return "disabled"
        if entry.characters and (self.scan.given.character.name in entry.characters) is entry.except_characters:
            return "not for this character"
        if entry.delay > 0 and not self.scan.scanned.has(entry.delay):
            return f"delay: not before the chat has {entry.delay} turns"
        wait = effects.cooling(one)
        if wait and not effects.sticky(one):
            return f"cooldown: {wait} turns"
        return ""

    def _keys_say_so(self, one: Listed, haystack: Haystack) -> bool:
        entry, finds = one.entry, self.scan.finds
        key = next((key for key in entry.keys if finds(one, key, haystack)), None)
        if key is None:
            return False
        self.matched[one] = key
        second = entry.secondary_keys
        if not entry.selective or not second:
            return True
        found = (finds(one, other, haystack) for other in second)
        match entry.selective_logic:
            case SelectiveLogic.AND_ANY:
                fits = any(found)
            case SelectiveLogic.AND_ALL:
                fits = all(found)
            case SelectiveLogic.NOT_ANY:
                fits = not any(found)
            case SelectiveLogic.NOT_ALL:
                fits = not all(found)
        if not fits:
            self._hold(one, f"key {_shown(key)} stands there, its secondary keys keep it out")
        return fits

    def _haystack(self, one: Listed, kind: Pass) -> Haystack:
        return self.scan.scanned.upto(self._depth(one), recursion=kind is not Pass.WIDER)

    def _depth(self, one: Listed) -> int:
        return self.settings.scan_depth + self.wider if one.depth is None else one.depth

    def _tokens(self, text: str) -> int:
        line = f"{text}\n"
        if line in self.counts:
            return self.counts[line]
        if len(text) <= _CHARACTERS_PER_TOKEN * self.budget:
            self.unknown[line] = None
            return int(self.counts.estimate(line, _UNKNOWN_RATIO)) + 1
        return max(self.budget, int(self.counts.estimate(line, _UNKNOWN_RATIO)))

    def _hold(self, one: Listed, reason: str, *, cut: bool = False) -> None:
        self.held[one] = Held(one, reason, cut)

    def _blocked(self) -> list[Held]:
        """Entries whose keys stand in the turns and that could not fire all the same, as many as are told."""
        found: list[Held] = []
        for one in self.scan.entries:
            if len(found) >= MOST_TOLD:
                break
            reason = self._blocks(one)
            if reason and (one.entry.constant or self._any_key(one)):
                found.append(Held(one, reason, cut=False))
        return found

    def _any_key(self, one: Listed) -> bool:
        haystack = self.scan.scanned.upto(self._depth(one), recursion=False)
        return any(self.scan.finds(one, key, haystack) for key in one.entry.keys)

    def _reason(self, one: Listed) -> str:
        """What made an entry fire."""
        if one not in self.matched or one.forced or one.entry.constant:
            return "forced by @@activate" if one.forced else "constant" if one.entry.constant else "sticky"
        key = self.matched[one]
        for distance, (item, text) in enumerate(self.scan.scanned.turns(self._depth(one))):
            if self.scan.finds(one, key, Haystack(f"\x01{text}")):
                above = f", {distance} above the newest" if distance else ""
                return f"key {_shown(key)} in {item.source}{above}"
        return f"key {_shown(key)} in another entry or a note"


def _shown(key: str) -> str:
    return f"*{key.strip()}*" if len(key) <= _SHOWN_KEY else f"*{key.strip()[:_SHOWN_KEY]}…*"


def _scanned(given: PromptInput, story: Story) -> list[str]:
    """The injected texts in which keys are looked for."""
    texts = [one.text for one in given.injections if one.scan]
    if given.lore.scan_character_note:
        texts.append(story.character_note)
    return [story.expand(text.strip()) for text in texts if text.strip()]
