"""Which key does what: a preset of the action registry, changed by the user's ``keys.yaml``.

The file is read and never written. An entry that cannot be taken falls back to the preset's keys, alone, and is
reported with file and line. What is known about single keys lies in ``keys.py``, the actions in ``actions.py``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass

from tavern_tui.config.action import Action, Preset, Where
from tavern_tui.config.actions import ACTIONS, BY_ID
from tavern_tui.config.files import Entries, Problem, nearest, quoted, read_entries
from tavern_tui.config.keys import (
    EDITING,
    character,
    doubt,
    is_sure,
    nearest_key,
    refusal,
    shown,
    shown_together,
    spelt,
)
from tavern_tui.config.paths import Directories

KEYS = "keys.yaml"
"""The user's keymap, in the config folder: ``preset: NAME`` and ``ACTION: KEY`` or ``ACTION: [KEY, KEY]``."""

_NOT_ACTIONS = ("format", "preset")
_CONCRETE = frozenset(Where) - {Where.ANYWHERE}


@dataclass(frozen=True, slots=True)
class Keymap:
    """The keys of every action, by its id, spelt as in ``keys.py``; the first of each is the one to show."""

    preset: Preset
    keys: Mapping[str, tuple[str, ...]]

    def action_for(self, key: str, holding: Collection[Where]) -> Action | None:
        """What ``key`` does where the places of ``holding`` hold, ``None`` for nothing."""
        for where in Where:
            if where in holding:
                for action in ACTIONS:
                    if key in self.keys[action.id] and where in places(action, key):
                        return action
        return None


@dataclass(frozen=True, slots=True)
class Clash:
    """Two actions, by id, that would have ``key`` in the same place."""

    one: str
    other: str
    key: str
    where: Where


@dataclass(frozen=True, slots=True)
class LoadedKeymap:
    """The keymap in force; what was not taken; and what was taken but may not work on every terminal."""

    keymap: Keymap
    problems: tuple[Problem, ...] = ()
    remarks: tuple[Problem, ...] = ()


def preset_keymap(preset: Preset) -> Keymap:
    """The keymap of ``preset`` without anything of the user's."""
    return Keymap(preset, {action.id: action.keys_in(preset) for action in ACTIONS})


def places(action: Action, key: str) -> frozenset[Where]:
    """Where ``key`` does ``action``, were it bound to it."""
    if action.where is not Where.ANYWHERE:
        return frozenset({action.where})
    if character(key):
        return frozenset({Where.TURN})
    return _CONCRETE if action.in_story else _CONCRETE - {Where.STORY}


def objection(action: Action, key: str) -> str:
    """Why ``action`` cannot have ``key``, as the end of a sentence about the key; "" where it can."""
    if action.where not in (Where.TURN, Where.ANYWHERE) and character(key):
        return "types itself there"
    if action.where in (Where.COMPOSER, Where.ANYWHERE, Where.REPLYING, Where.STORY) and key in EDITING:
        return "belongs to editing the text in the composer"
    for other in ACTIONS:
        if key in other.fixed and other is not action and places(other, key) & places(action, key):
            return f"is kept for “{other.id}”"
    return refusal(key)


def clashes(keymap: Keymap) -> list[Clash]:
    """Every two actions that have one key in one place, in the order of the registry."""
    owners: dict[tuple[str, Where], str] = {}
    found: dict[tuple[str, str, str], Clash] = {}
    for action in ACTIONS:
        for key in keymap.keys[action.id]:
            for where in sorted(places(action, key), key=list(Where).index):
                owner = owners.setdefault((key, where), action.id)
                if owner != action.id:
                    found.setdefault((owner, action.id, key), Clash(owner, action.id, key, where))
    return list(found.values())


def problems_of(keymap: Keymap) -> list[str]:
    """What keeps ``keymap`` from being one that the program may ship, a sentence each.

    Every action has a key that arrives everywhere, or a slash command, which is typed; no key is one that cannot be
    bound; nothing clashes.
    """
    found = [_clash_sentence(clash) for clash in clashes(keymap)]
    for action in ACTIONS:
        keys = keymap.keys[action.id]
        found += [_objection_sentence(action, key, why) for key in keys if (why := objection(action, key))]
        if not action.slash and not any(map(is_sure, keys)):
            found.append(f"“{action.id}” has no key that arrives on every terminal.")
    return found


def load_keymap(directories: Directories, preset: Preset = Preset.DEFAULT) -> LoadedKeymap:
    """The keymap in force: the file's preset, else ``preset``, changed by the file's entries."""
    entries = read_entries(directories.config / KEYS, f"The keys of the preset “{preset}” are used.")
    match entries:
        case None:
            return LoadedKeymap(preset_keymap(preset))
        case Problem():
            return LoadedKeymap(preset_keymap(preset), (entries,))
        case Entries():
            return adapted(entries, preset)


def adapted(entries: Entries, preset: Preset) -> LoadedKeymap:
    """``entries`` over the preset they name, or over ``preset``."""
    values = entries.values
    problems: list[Problem] = []
    if "preset" in values:
        preset = _preset(entries, preset, problems)
    given: dict[str, tuple[str, ...]] = {}
    for name, value in values.items():
        if name in _NOT_ACTIONS:
            continue
        action = BY_ID.get(name)
        if action is None:
            problems.append(Problem(entries.place(name), f"There is no action {quoted(name)}.{nearest(name, BY_ID)}"))
            continue
        keys, why = _wanted(action, value)
        if why:
            problems.append(Problem(entries.place(name), f"{why} {_keeps(action, preset)}"))
        else:
            given[name] = keys
    keymap, dropped = _settled(given, preset)
    problems += [
        Problem(entries.place(name), f"{_clash_sentence(clash)} {_keeps(BY_ID[name], preset)}")
        for name, clash in dropped
    ]
    remarks = [
        Problem(entries.place(name), what)
        for name in given
        if name not in dict(dropped) and (what := _remark(name, keymap))
    ]
    return LoadedKeymap(keymap, tuple(sorted(problems, key=lambda problem: problem.line)), tuple(remarks))


def _preset(entries: Entries, otherwise: Preset, problems: list[Problem]) -> Preset:
    """The preset that the file names, else ``otherwise`` and a problem."""
    name = str(entries.values["preset"])
    if name in list(Preset):
        return Preset(name)
    near = nearest(name, list(Preset)) or f" There are {', '.join(Preset)}."
    problems.append(
        Problem(entries.place("preset"), f"There is no preset {quoted(name)}.{near} “{otherwise}” is used.")
    )
    return otherwise


def _wanted(action: Action, value: object) -> tuple[tuple[str, ...], str]:
    """The keys that an entry gives ``action``, or why it cannot be taken."""
    written = value if isinstance(value, list) else [value]
    keys: list[str] = []
    for item in written:
        # YAML reads a lone digit as a number.
        text = str(item) if isinstance(item, int) and not isinstance(item, bool) else item
        if not isinstance(text, str):
            return (), f"“{action.id}” takes the name of a key, or a list of names; [] leaves it without one."
        key = spelt(text)
        if not key:
            near = nearest_key(text)
            hint = f" The nearest is “{near}”." if near else ""
            return (), f"No key is called {quoted(text)}.{hint}"
        if why := objection(action, key):
            return (), _objection_sentence(action, key, why)
        keys.append(key)
    return tuple(dict.fromkeys((*keys, *action.fixed))), ""


def _settled(given: Mapping[str, tuple[str, ...]], preset: Preset) -> tuple[Keymap, list[tuple[str, Clash]]]:
    """``given`` over the preset, less the entries that clash; of two that do, the later in the file gives way."""
    standing = dict(given)
    dropped: list[tuple[str, Clash]] = []
    while True:
        keymap = Keymap(preset, {**preset_keymap(preset).keys, **standing})
        losers = [(name, clash) for clash in clashes(keymap) for name in _given_of(clash, standing)]
        if not losers:
            return keymap, dropped
        order = list(standing)
        name, clash = max(losers, key=lambda loser: order.index(loser[0]))
        del standing[name]
        dropped.append((name, clash))


def _given_of(clash: Clash, given: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    return (name for name in (clash.one, clash.other) if name in given)


def _remark(name: str, keymap: Keymap) -> str:
    """What to know about an entry that was taken, "" for nothing."""
    keys = keymap.keys[name]
    doubts = [f"{shown(key)} {why}" for key in keys if (why := doubt(key))]
    if not doubts or len(doubts) < len(keys):
        return ""
    return f"“{name}” has no other key: {'; '.join(doubts)}."


def _objection_sentence(action: Action, key: str, why: str) -> str:
    return f"“{action.id}” cannot have {shown(key)}: it {why}."


def _clash_sentence(clash: Clash) -> str:
    return f"“{clash.one}” and “{clash.other}” would both have {shown(clash.key)} ({clash.where.value})."


def _keeps(action: Action, preset: Preset) -> str:
    return f"“{action.id}” keeps {shown_together(action.keys_in(preset))}."
