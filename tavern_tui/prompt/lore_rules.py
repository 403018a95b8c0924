"""``Rules``: what an entry must meet to fire, groups, chance and budget aside.

First what has nothing to do with the text (disabled, for another character, waiting), then the pass, then the keys,
then what its decorators ask for.
Source: SillyTavern 1.12.6, ``public/scripts/world-info.js`` (``checkWorldInfo``, ``matchKeys``); card specification V3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tavern_tui.domain.lorebook import SelectiveLogic
from tavern_tui.prompt.inputs import GenerationKind
from tavern_tui.prompt.lore_books import Listed
from tavern_tui.prompt.lore_decorators import NO_CONDITIONS
from tavern_tui.prompt.lore_keys import Haystack, KeyForm
from tavern_tui.prompt.lore_outcome import Pass

if TYPE_CHECKING:
    from tavern_tui.prompt.lore import LoreScan

_SHOWN_KEY = 40
_TAG_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_TRIGGERS = {GenerationKind.SWIPE: ("swipe", "regenerate")}


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a text lets an entry fire: the key found in it, and what spoke against the entry all the same."""

    fires: bool
    key: str = ""
    reason: str = ""


YES, NO = Verdict(True), Verdict(False)


class Rules:
    """The rules of one run."""

    def __init__(self, scan: LoreScan) -> None:
        self.scan = scan
        kind = scan.given.kind
        self._triggers = _TRIGGERS.get(kind, (kind.value,))
        self._tags = {tag.strip().casefold() for tag in scan.given.character.tags}

    def blocks(self, one: Listed) -> str:
        """Why the entry cannot fire whatever its keys say; empty where it can."""
        entry, effects = one.entry, self.scan.effects
        if not entry.enabled:
            return "disabled"
        if entry.triggers and not any(word in entry.triggers for word in self._triggers):
            return f"not for this kind of generation: {', '.join(entry.triggers)} only"
        if entry.characters and (self.scan.given.character.name in entry.characters) is entry.except_characters:
            return "not for this character"
        if entry.tags and self._tagged_out(one):
            return "not for this character's tags"
        if entry.delay > 0 and not self.scan.chat.has_turns(entry.delay):
            return f"delay: not before the chat has {entry.delay} turns"
        wait = effects.cooling(one)
        if wait and not effects.sticky(one):
            return f"cooldown: {wait} turns" if wait < 1_000_000 else "fired once, and not again"
        return ""

    def may_fire(self, one: Listed, kind: Pass, level: int) -> bool:
        """Whether the entry may fire in such a pass, whatever the text says."""
        if self.blocks(one):
            return False
        entry, settings = one.entry, self.scan.settings
        if self.scan.effects.sticky(one):
            return True
        later = entry.delay_until_recursion
        if later and (kind is not Pass.RECURSION or later > level):
            return False
        excluded = entry.exclude_recursion or not one.recurses
        return not (excluded and kind is Pass.RECURSION and (settings.recursive or not self.scan.exact))

    def constant(self, one: Listed) -> bool:
        """Whether the entry fires without a key; not where V3's ``use_regex`` takes its keys for patterns."""
        return one.entry.constant and one.form is not KeyForm.PATTERN

    def judged(self, one: Listed, kind: Pass, wider: int) -> Verdict:
        """Whether the text lets the entry fire; found out once for a text."""
        if one.silenced:
            return NO
        haystack = self.haystack(one, kind, wider)
        known = self.scan.verdicts.get((one.at, haystack))
        if known is None:
            known = self.scan.verdicts[one.at, haystack] = self._judged(one, haystack)
        return known

    def _judged(self, one: Listed, haystack: Haystack) -> Verdict:
        verdict = YES
        if not (one.forced or self.constant(one) or self.scan.effects.sticky(one)):
            verdict = self._keys_say_so(one, haystack)
            if not verdict.fires:
                return verdict
        reason = "" if one.conditions is NO_CONDITIONS else self._conditions_say_no(one, haystack)
        return Verdict(False, verdict.key, reason) if reason else verdict

    def haystack(self, one: Listed, kind: Pass, wider: int) -> Haystack:
        """The text in which the entry's keys are looked for in such a pass."""
        return self.scan.haystack(one, wider, recursion=kind is not Pass.WIDER)

    def refused(self, one: Listed, share: float) -> str:
        """Why the entry is left out although all speaks for it: ``share`` of the budget is there."""
        if one.conditions.yields and share < 1:
            return "left out first where the context is full"
        if self.scan.too_long(one):
            return f"its text of {len(one.content):,} characters is longer than any prompt"
        return ""

    def _tagged_out(self, one: Listed) -> bool:
        """By tags that are names. SillyTavern's own numbers of tags mean nothing outside of its settings."""
        wanted = {tag.strip().casefold() for tag in one.entry.tags if not _TAG_ID.fullmatch(tag.strip())}
        return bool(wanted and self._tags) and bool(wanted & self._tags) is one.entry.except_characters

    def _keys_say_so(self, one: Listed, haystack: Haystack) -> Verdict:
        entry, finds = one.entry, self.scan.finds
        key = next((key for key in entry.keys if finds(one, key, haystack)), None)
        if key is None:
            return NO
        if not entry.selective or one.form is KeyForm.PATTERN:
            return Verdict(True, key)
        stands = f"key {shown(key)} stands there"
        against = next((other for other in entry.exclude_keys if finds(one, other, haystack)), None)
        if against is not None:
            return Verdict(False, key, f"{stands}, but so does {shown(against)}")
        second = entry.secondary_keys
        if not second:
            return Verdict(True, key)
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
        return Verdict(fits, key, "" if fits else f"{stands}, its secondary keys keep it out")

    def _conditions_say_no(self, one: Listed, haystack: Haystack) -> str:
        """Which of its decorators keeps the entry out; empty for none."""
        asked, chat = one.conditions, self.scan.chat

        def finds(key: str) -> bool:
            return self.scan.finds(one, key, haystack)

        if asked.after and not chat.has_replies(asked.after):
            return f"@@activate_only_after: not before {asked.after} replies"
        if asked.every and chat.replies % asked.every:
            return f"@@activate_only_every: at every {asked.every}th reply only"
        if asked.user_icon and asked.user_icon != self.scan.given.persona.name:
            return f"@@is_user_icon: for {asked.user_icon} only"
        if asked.greeting is not None and asked.greeting != chat.greeting:
            return f"@@is_greeting: after greeting {asked.greeting} only"
        if any(not any(map(finds, keys)) for keys in asked.additional):
            return "@@additional_keys: none of them stands there"
        if one.form is not KeyForm.PATTERN:
            against = next((key for key in asked.excluded if finds(key)), None)
            if against is not None:
                return f"@@exclude_keys: {shown(against)} stands there"
            if any(all(map(finds, keys)) for keys in asked.excluded_together):
                return "@@exclude_keys_all: all of them stand there"
        return ""


def shown(key: str) -> str:
    """A key as a reason names it, its beginning where it is long."""
    return f"*{key.strip()}*" if len(key) <= _SHOWN_KEY else f"*{key.strip()[:_SHOWN_KEY]}…*"
