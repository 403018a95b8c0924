"""``LoreRun``: one run of a scan, pass by pass.

The first pass looks for keys in the newest turns; then, while something new fired, a further one looks in what it
said, too (recursion); then one on older turns, where too little fired. A pass judges the entries that the index found
in the text so far and that have not fired: with more text a key may be found, or one that forbids. What fires is paid
from a budget.
Source: SillyTavern 1.12.6, ``public/scripts/world-info.js`` (``checkWorldInfo``).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from tavern_tui.prompt.counting import Counts
from tavern_tui.prompt.lore_books import Listed
from tavern_tui.prompt.lore_groups import GroupRules, losers
from tavern_tui.prompt.lore_outcome import MOST_TOLD, Fired, Held, Lore, Pass
from tavern_tui.prompt.lore_rules import Rules, shown

if TYPE_CHECKING:
    from tavern_tui.prompt.lore import LoreScan

_CHARACTERS_PER_TOKEN = 64  # a text longer than so many times its budget is not worth counting
_UNKNOWN_RATIO = 0.25


class LoreRun:
    """One run of a scan."""

    def __init__(self, scan: LoreScan, counts: Counts, share: float) -> None:
        self.scan = scan
        self.settings = scan.settings
        self.counts = counts
        self.share = share
        self.budget = scan.budget(share)
        self.rules = Rules(scan)
        self.fired: dict[Listed, Fired] = {}
        self.failed: set[Listed] = set()
        self.held: dict[Listed, Held] = {}
        self.unknown: dict[str, None] = {}
        self.wanted: dict[str, None] = {}
        self.keys: dict[Listed, str] = {}
        self.near = {*scan.index.always, *(one.at for one in scan.effects.standing())}
        self.unheard: list[Listed] = []
        self.of_book: dict[int, int] = {}
        self.charged = 0
        self.wider = self.looked = 0
        self.passes = 0
        self.overflow = self.budget <= 0

    def result(self) -> Lore:
        """All passes."""
        levels = list(self.scan.index.levels)
        level = levels.pop(0) if levels else 0
        kind: Pass | None = Pass.FIRST
        while kind is not None and (self.passes < self.settings.max_recursion_steps or not self._limited):
            self.passes += 1
            said = self._pass(kind, level)
            kind = self._next(kind, said)
            if kind is None and levels and (self.scan.exact or not self.overflow):
                kind, level = Pass.RECURSION, levels.pop(0)
            if kind is not None:
                self.unheard += said
                self.scan.scanned.say("\n".join(self.scan.heard(one) for one in said))
                if self.scan.exact:
                    texts = (self.scan.text(one) for one in said if not one.entry.ignore_budget)
                    self.charged += sum(self._tokens(text) for text in texts)
            if not self.scan.exact:
                self.charged = sum(one.tokens for one in self.fired.values())
        self.scan.index.price(self.wanted)
        held = [one for one in (*self.held.values(), *self._blocked()) if one.one not in self.fired]
        held.sort(key=lambda one: not one.cut)
        return Lore(
            fired=tuple(self.fired.values()),
            held=tuple(held[:MOST_TOLD]),
            state=self.scan.effects.after(self.fired),
            unknown=tuple(self.unknown),
            budget=self.budget,
            cut=bool(held) and held[0].cut,
            all_held=tuple(held),
        )

    @property
    def _limited(self) -> bool:
        return self.settings.max_recursion_steps > 0

    def _next(self, kind: Pass, said: Sequence[Listed]) -> Pass | None:
        """What the next pass is for, if there is one."""
        settings, scanned = self.settings, self.scan.scanned
        if self.overflow:
            return None
        if settings.recursive and (said or (kind is Pass.WIDER and scanned.said)):
            return Pass.RECURSION
        if any(one.starts_recursion for one in said):
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
        self._look(kind)
        near = (scan.entries[at] for at in sorted(self.near))
        candidates = [one for one in near if self._wants(one, kind, level)]
        candidates.sort(key=lambda one: (not scan.effects.sticky(one), one.conditions.yields))
        groups = GroupRules(
            scoring=self.settings.use_group_scoring,
            exact=scan.exact,
            sticky=scan.effects.sticky,
            found=lambda one, key: scan.scores(one, key, self.rules.haystack(one, kind, self.wider)),
            draw=lambda name: scan.draw((name, self.passes)),
            cooling=lambda one: scan.effects.cooling(one) > 0,
        )
        lost = losers(candidates, self.fired, groups)
        for one, reason in lost.items():
            self._hold(one, reason)
        candidates = [one for one in candidates if one not in lost]
        self._pay(self._by_priority(candidates))
        kept = (one for one in candidates if one not in self.failed and (scan.exact or one in self.fired))
        return [one for one in kept if one.recurses and not one.entry.prevent_recursion]

    def _look(self, kind: Pass) -> None:
        """Add the entries with a key in the text that this pass sees for the first time."""
        scan, scanned, index = self.scan, self.scan.scanned, self.scan.index
        if kind is Pass.RECURSION:
            texts = [scan.heard(one) for one in self.unheard]
            self.unheard.clear()
        else:
            self.looked = self.wider
            # An entry that saw nothing so far may see further now what was said before.
            texts = [*scanned.injected, *scanned.sources.values(), *scanned.said]
            tails = (scan.tail_turns(tail) for tail in index.tails)
            deepest = max((self.settings.scan_depth + self.wider, index.deepest, *tails))
            for distance, (_, text) in enumerate(scanned.turns(deepest)):
                self._add(text, distance)
        for text in texts:
            self._add(text, 0)

    def _add(self, text: str, distance: int) -> None:
        """Add the entries with a key in ``text`` that see a turn ``distance`` above the newest."""
        scan = self.scan
        hits = scan.index.hits(text) - self.near
        self.near |= {at for at in hits if scan.depth(scan.entries[at], self.wider) > distance}

    def _by_priority(self, candidates: list[Listed]) -> list[Listed]:
        """The candidates, those of a book with a budget and priorities among themselves by priority."""
        ranked = self.scan.index.ranked
        if self.scan.exact or not ranked or not self.settings.book_settings:
            return candidates
        waiting: dict[int, Iterator[Listed]] = {}
        for book in ranked:
            own = [one for one in candidates if id(one.book) == book]
            waiting[book] = iter(sorted(own, key=lambda one: -(one.entry.priority or 0)))
        return [next(waiting[id(one.book)]) if id(one.book) in waiting else one for one in candidates]

    def _pay(self, candidates: Sequence[Listed]) -> None:
        """Fire candidates in order until the budget is used up; in SillyTavern it is that for one pass."""
        spent, full = 0, self.overflow and not self.scan.exact
        for one in candidates:
            free = one.entry.ignore_budget and self.share > 0
            if full and not free:
                self._hold(one, "budget: used up by entries before it", cut=True)
                continue
            if not self._lucky(one):
                self.failed.add(one)
                self._hold(one, f"chance: {one.entry.probability:g} %, not this time")
                continue
            refused = self.rules.refused(one, self.share)
            if refused:
                self.failed.add(one)
                self._hold(one, refused, cut=True)
                continue
            text = self.scan.text(one)
            tokens = self._tokens(text)
            over = 0 if free else self._over_own_budget(one, tokens)
            if over > 0:
                self.failed.add(one)
                self._hold(one, f"budget of the book: {over:,} over", cut=True)
                continue
            if not free:
                spent += tokens
                if self.charged + spent + self._beside >= self.budget:
                    self.overflow = full = True
                    about = "about " if self.unknown else ""
                    self._hold(
                        one, f"budget: {about}{self.charged + spent + self._beside - self.budget + 1:,} over", cut=True
                    )
                    continue
                self.of_book[id(one.book)] = self.of_book.get(id(one.book), 0) + tokens
            self.fired[one] = Fired(one, text, 0 if free else tokens, self._reason(one), self._depth(one))

    @property
    def _beside(self) -> int:
        """What counting comes to beside the texts: of those of this pass, and of those of the passes before."""
        return self.settings.text_tokens * min(self.passes, 2)

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
        if one in self.fired or one in self.failed:
            return False
        self.scan.examined += 1
        if not self.rules.may_fire(one, kind, level):
            return False
        verdict = self.rules.judged(one, kind, self.wider)
        if verdict.fires:
            self.keys[one] = verdict.key
        elif verdict.reason:
            self._hold(one, verdict.reason)
        return verdict.fires

    def _tokens(self, text: str) -> int:
        line = f"{text}\n"
        self.wanted[line] = None
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
        for at in sorted(self.near):
            if len(found) >= MOST_TOLD:
                break
            one = self.scan.entries[at]
            reason = self.rules.blocks(one)
            if reason and (one.entry.constant or self._any_key(one)):
                found.append(Held(one, reason, cut=False))
        return found

    def _any_key(self, one: Listed) -> bool:
        haystack = self.rules.haystack(one, Pass.WIDER, self.looked)
        return any(self.scan.finds(one, key, haystack) for key in one.entry.keys)

    def _reason(self, one: Listed) -> str:
        """What made an entry fire."""
        key = self.keys[one]
        if not key:
            return "forced by @@activate" if one.forced else "constant" if self.rules.constant(one) else "sticky"
        place = (one.at, key, self.wider)
        if place not in self.scan.reasons:
            self.scan.reasons[place] = f"key {shown(key)} in {self._where(one, key)}"
        return self.scan.reasons[place]

    def _depth(self, one: Listed) -> int:
        asked, scan = one.conditions, self.scan
        if asked.tokens_deep is not None:
            return scan.turns_in(asked.tokens_deep)
        if asked.tokens_from_start is not None:
            return scan.turns_beyond(asked.tokens_from_start)
        return one.entry.depth if asked.from_start is None else max(0, scan.chat.length - asked.from_start)

    def _where(self, one: Listed, key: str) -> str:
        """Whose turn a key of an entry stands in, if it is one."""
        scan, scanned = self.scan, self.scan.scanned
        filed = one.at not in scan.index.unfiled
        for distance, (item, text) in enumerate(scanned.turns(scan.depth(one, self.wider))):
            if filed and one.at not in scan.index.hits(text):
                continue
            if scan.finds(one, key, scanned.alone(distance)):
                return f"{item.source}, {distance} above the newest" if distance else item.source
        return "another entry or a note"
