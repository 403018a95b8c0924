"""Settings of lore: which lorebooks every chat reads, and how their entries are looked for.

The defaults are the prompt's own; SillyTavern's names for them are in ``formats.sillytavern_settings``.
"""

from __future__ import annotations

from dataclasses import dataclass

from tavern_tui.config.setting_values import one_of, real, setting, texts, truth, whole


@dataclass(frozen=True, slots=True)
class LoreSettings:
    """Lorebooks."""

    books: tuple[str, ...] = setting((), texts(), "Lorebooks of every chat, beside those of its character.")
    scan_depth: int = setting(4, whole(least=0, most=1000), "How many turns, newest first, are searched for keys.")
    budget_percent: float = setting(25.0, real(least=0, most=100), "How much of the context lore may take, in percent.")
    budget_cap: int = setting(0, whole(least=0, most=1_000_000), "The most tokens that lore may take; 0: no limit.")
    include_names: bool = setting(True, truth, "Whether names before turns are searched, too.")
    recursive: bool = setting(True, truth, "Whether entries that fire are searched for keys of others.")
    case_sensitive: bool = setting(False, truth, "Whether capitals tell keys apart.")
    match_whole_words: bool = setting(True, truth, "Whether a key has to be a word of its own.")
    min_activations: int = setting(
        0, whole(least=0, most=1000), "How many entries are to fire: further back is searched until they do."
    )
    min_activations_depth: int = setting(
        0, whole(least=0, most=100_000), "How many turns back that may go; 0: all of them."
    )
    max_recursion_steps: int = setting(
        10, whole(least=0, most=1000), "How often entries may bring up others; 0: as often as they do."
    )
    use_group_scoring: bool = setting(False, truth, "Whether of a group the entry with most keys found fires.")
    strategy: str = setting(
        "character first",
        one_of("evenly", "character first", "global first"),
        "Whose entries come first where not all fit: the character's, those of every chat, or by their order alone.",
    )
