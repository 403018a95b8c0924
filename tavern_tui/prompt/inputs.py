"""``PromptInput``: everything that a prompt is made of, as values.

Clock, randomness and the engine's limits come in here; the token counter does not, ``prompt.assemble`` asks for counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import TYPE_CHECKING

from tavern_tui.domain.character import Character
from tavern_tui.domain.chat import Turn
from tavern_tui.domain.events import KeptHead, PlacedText, Roll
from tavern_tui.domain.lorebook import EMPTY, InjectionRole, Lorebook
from tavern_tui.domain.persona import Persona
from tavern_tui.domain.persona import PersonaPosition as PersonaPosition
from tavern_tui.domain.regex_script import RegexScript
from tavern_tui.domain.request import FillIn
from tavern_tui.domain.summary import NONE as NO_SUMMARIES
from tavern_tui.domain.summary import Summaries
from tavern_tui.domain.template import ContextTemplate, InstructTemplate
from tavern_tui.prompt.plan import NO_LORE_STATE, LoreState, PartKind

if TYPE_CHECKING:
    from tavern_tui.prompt.lore_index import LoreCache


class Policy(Enum):
    """How the budget is spent.

    ``ECONOMY`` keeps the beginning of the prompt unchanged from turn to turn: history leaves in steps, and what is put
    into it stays. ``CLASSIC`` is SillyTavern 1.12.6: as much history as fits, newest first, decided anew each time.
    """

    ECONOMY = "economy"
    CLASSIC = "classic"


class GenerationKind(Enum):
    """What is asked of the model.

    For ``NORMAL`` and ``SWIPE`` (which includes regenerating) the given turns end before the reply. For ``CONTINUE``
    the newest given turn is the one to be continued. ``IMPERSONATE`` writes the user's next turn. ``QUIET`` asks for
    a text that is no turn of the chat (``PromptInput.quiet``).
    """

    NORMAL = "normal"
    SWIPE = "swipe"
    CONTINUE = "continue"
    IMPERSONATE = "impersonate"
    QUIET = "quiet"


class Examples(Enum):
    """When example dialogue is in: pushed out as the history grows, always, never."""

    PUSHED_OUT = "pushed_out"
    ALWAYS = "always"
    NEVER = "never"


class LoreStrategy(Enum):
    """Whose entries get the budget first: by order alone, the character's, or those of books for every chat."""

    EVENLY = 0
    CHARACTER_FIRST = 1
    GLOBAL_FIRST = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class LoreSettings:
    """How lore fires, in SillyTavern's words; the defaults are ours.

    ``scan_depth`` in turns. ``budget_percent`` of what the prompt may have, ``budget_cap`` in tokens, 0 for none.
    ``min_activations`` widens the scan turn by turn until so many entries fired, down to ``min_activations_depth``
    turns (0: to the chat's first). ``max_recursion_steps`` counts passes over the books, the first included; 0 means as
    many as find something. ``scan_character_note``: keys are looked for in the card's note, too. ``book_settings``: a
    book's own scan depth, budget and recursion count for its entries. ``text_tokens`` is what SillyTavern's count of
    all that fires in one pass comes to beside the texts.
    """

    scan_depth: int = 4
    budget_percent: float = 25
    budget_cap: int = 0
    include_names: bool = True
    recursive: bool = True
    case_sensitive: bool = False
    match_whole_words: bool = True
    min_activations: int = 0
    min_activations_depth: int = 0
    max_recursion_steps: int = 10
    use_group_scoring: bool = False
    strategy: LoreStrategy = LoreStrategy.CHARACTER_FIRST
    scan_character_note: bool = False
    book_settings: bool = True
    text_tokens: int = 0


class InjectionPosition(Enum):
    """Where a text goes: nowhere (it may be scanned for lore all the same), round the story string, or into the chat.

    The numbers are SillyTavern's.
    """

    NONE = -1
    AFTER_SCENARIO = 0
    IN_CHAT = 1
    BEFORE_SCENARIO = 2


class CharacterNotePosition(Enum):
    """What an author's note of one character does to the chat's: stand in its place, before it, after it."""

    REPLACE = 0
    BEFORE = 1
    AFTER = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class AuthorsNote:
    """A chat's author's note. Macros in its texts are expanded.

    ``depth`` (turns above the newest) and ``role`` count for ``IN_CHAT``. ``interval``: due at every so many turns of
    the user, 1 is always, 0 never. ``allow_lore_scan``: lore keys are looked for in it and in the card's character
    note. ``of_character`` is the note that belongs to this character in every chat, empty for none.
    """

    text: str = ""
    position: InjectionPosition = InjectionPosition.IN_CHAT
    depth: int = 4
    role: InjectionRole = InjectionRole.SYSTEM
    interval: int = 1
    allow_lore_scan: bool = False
    of_character: str = ""
    of_character_position: CharacterNotePosition = CharacterNotePosition.REPLACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """What a quiet prompt asks. ``loud``: the answer is the character's, so the reply line is written.

    ``name`` is who is asked in templates that say names, else the system. ``skip_lore_and_note``: what would be
    injected at a depth by lore is left out (under ``economy`` the author's note, too).
    """

    text: str
    loud: bool = False
    name: str = ""
    skip_lore_and_note: bool = False


class GroupCards(Enum):
    """Whose cards a group's prompt tells of: who speaks; all who are not muted; all.

    Under ``economy`` the card of who speaks stands at the end of the prompt, so that its head is everybody's.
    """

    SWAP = 0
    JOIN = 1
    JOIN_MUTED = 2


@dataclass(frozen=True, slots=True)
class Member:
    """A member of a group. A muted one is spoken of and stops replies, but does not speak unless asked to."""

    character: Character
    muted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """Who is in a group chat, in its list's order, the speaker among them.

    ``join_prefix`` and ``join_suffix`` stand round each member's text where cards are joined; ``<FIELDNAME>`` in them
    is the field's name, ``{{char}}`` that member. ``join_wrap``: on lines of their own.
    """

    members: tuple[Member, ...]
    cards: GroupCards = GroupCards.JOIN
    join_prefix: str = ""
    join_suffix: str = ""
    join_wrap: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class ReplyCleaning:
    """What ``classic`` does to a reply beyond the usual, in SillyTavern's words; ``economy`` cleans in its own way.

    ``allow_name1_display`` and ``allow_name2_display`` leave lines of the user and the name of the character;
    ``disable_group_trimming`` those of other members.
    """

    trim_sentences: bool = False
    auto_fix_generated_markdown: bool = False
    trim_spaces: bool = True
    allow_name1_display: bool = False
    allow_name2_display: bool = False
    disable_group_trimming: bool = False


NOTE_KEY = "2_floating_prompt"
"""The author's note's place among the texts injected at one depth."""


AFTER = "text after the cursor"
"""The source of what is told of the text behind a gap into which the reply goes."""


@dataclass(frozen=True, slots=True)
class Injection:
    """A text that stands ``depth`` turns above the end. ``key`` orders the texts of one depth and role.

    ``scan``: lore keys are looked for in it, too. ``reason`` says what put it there, where that is worth saying. An
    author's note with an empty text marks where lore round the note goes.
    """

    text: str
    depth: int = 4
    role: InjectionRole = InjectionRole.SYSTEM
    kind: PartKind = PartKind.NOTE
    source: str = "author's note"
    key: str = NOTE_KEY
    scan: bool = False
    reason: str = ""
    position: InjectionPosition = InjectionPosition.IN_CHAT


@dataclass(frozen=True, slots=True)
class NotesStay:
    """How long notes in the chat stay where they are under ``economy``: so many ``turns`` beyond their depth.

    0: they move with every turn. ``restated``: they are then stated again where the prompt goes on, and the earlier
    statements stay; else they are put at their depth again.
    """

    turns: int = 0
    restated: bool = False


def nothing_placed(_turn: str) -> Sequence[PlacedText]:
    """No earlier prompt put anything into the history."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Prose:
    """That turns are written as running text, without names (``prompt.prose``), and how.

    ``joint`` stands between two turns; with "" the text is exactly that of the turns, one after the other. Where there
    is a template or there are messages, and it is ``open``, all of the text is one turn of the assistant's that has not
    ended, below a turn of the user's that ``asks`` to go on with it; else the user's turns and the replies stay turns.
    ``after`` is the text behind a gap into which the reply goes, which is written by ``fill_in`` (``prompt.fill_in``);
    ``None``: it is told in some other way.
    """

    joint: str = "\n\n"
    open: bool = False
    asks: str = ""
    after: str = ""
    fill_in: FillIn | None = None


STEP = 0.25
"""The share of the history's room that a cut frees where the engine can move what it has read."""


def unnumbered(_turn: str) -> int:
    """No turn is named by its place."""
    return 0


@dataclass(frozen=True, slots=True, kw_only=True)
class PromptInput:
    """One prompt to be planned.

    ``turns`` come newest first and are walked only as far as they fit; hidden ones are skipped. ``instruct`` of
    ``None`` writes plain text. ``context_tokens`` is the engine's whole context, ``response_tokens`` the part of it
    kept for the reply, ``reserve_tokens`` what else is kept free: a BOS token that the engine adds, counting errors.
    ``random`` gives numbers from 0 up to 1; ``chat_id`` seeds what must come out the same each time in one chat.
    ``first_turn`` is the ``first_turn`` of the chat's previous plan. ``fingerprint`` is the engine's vocabulary:
    turns that carry token ids for it are sent as ids. ``others`` are the other members of a group.
    ``system_text`` and ``post_history_text`` are the user's own; the card's replace them while
    ``prefer_card_prompts``. ``think=False`` closes the model's thinking before it starts. ``lorebooks`` are the
    character's, ``chat_lorebooks`` the chat's, ``global_lorebooks`` those for every chat; ``lore_state`` is the
    ``lore_state`` of the plan that the newest reply came from. ``turn_number`` gives the place of a turn, by its id, in
    the chat: 1 for the first, 0 where it is not to be named. ``user_turns`` counts the user's turns of the chat, the
    newest included: an author's note may be due at every so many. ``quiet`` is what a ``QUIET`` prompt asks.
    ``group`` are all members of a group chat, ``character`` who speaks; ``others`` need not be given then.
    ``scenario`` is the chat's own, in place of the card's. ``token_padding`` is added by ``classic`` to what it counts.
    ``variables`` are the chat's, ``global_variables`` those of all chats, for macros. ``swipes`` says how many swipes
    the newest turn has and which of them it is, from 1 (one more than there are while another is made); ``None`` for a
    turn without. ``regex_scripts`` are those in force, in their order, of every kind. ``thoughts`` are what the model
    has thought of the reply before, to go on with; ``kept_thoughts`` of the newest replies are written with theirs.
    ``cuts`` are the oldest turns of histories that earlier prompts cut, the last cut first; ``step`` is the share of
    the history's room that a cut frees: engines that cannot move what they have read do well with more. ``heads`` are
    the beginnings of earlier prompts by their keys, ``placed`` gives, by the newest turn of a prompt, the texts that it
    put into the history. ``notes`` says how long notes stay where they are. ``summaries`` tell of turns that are no
    longer read. ``prose``: the turns are running text,
    which only ``economy`` can write; ``None``: a chat with names. ``rolls`` gives the line below a turn of the user's
    that was rolled for.
    """

    character: Character
    persona: Persona
    turns: Iterable[Turn]
    context: ContextTemplate
    instruct: InstructTemplate | None
    context_tokens: int
    response_tokens: int
    now: datetime
    random: Callable[[], float]
    kind: GenerationKind = GenerationKind.NORMAL
    policy: Policy = Policy.ECONOMY
    system_text: str = ""
    post_history_text: str = ""
    prefill: str = ""
    injections: tuple[Injection, ...] = ()
    lore_before: str = ""
    lore_after: str = ""
    lorebooks: tuple[Lorebook, ...] = ()
    chat_lorebooks: tuple[Lorebook, ...] = ()
    global_lorebooks: tuple[Lorebook, ...] = ()
    lore: LoreSettings = LoreSettings()
    lore_state: LoreState = NO_LORE_STATE
    examples: Examples = Examples.PUSHED_OUT
    stop_strings: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    chat_id: str = ""
    model: str = ""
    fingerprint: str = ""
    first_turn: str = ""
    reserve_tokens: int = 8
    use_system_prompt: bool = True
    prefer_card_prompts: bool = True
    use_post_history: bool = True
    always_add_name: bool = True
    collapse_newlines: bool = False
    single_line: bool = False
    think: bool = True
    turn_number: Callable[[str], int] = unnumbered
    persona_lorebooks: tuple[Lorebook, ...] = ()
    lore_cache: LoreCache | None = field(default=None, repr=False, compare=False)
    note: AuthorsNote | None = None
    user_turns: int = 0
    persona_position: PersonaPosition = PersonaPosition.IN_PROMPT
    persona_depth: int = 2
    persona_role: InjectionRole = InjectionRole.SYSTEM
    quiet: Quiet | None = None
    group: Group | None = None
    scenario: str = ""
    cleaning: ReplyCleaning = ReplyCleaning()
    stop_strings_macro: bool = True
    prefer_card_post_history: bool = True
    token_padding: int = 64
    variables: Mapping[str, str] = field(default=EMPTY)
    global_variables: Mapping[str, str] = field(default=EMPTY)
    swipes: tuple[int, int] | None = None
    regex_scripts: tuple[RegexScript, ...] = ()
    thoughts: str = ""
    kept_thoughts: int = 0
    cuts: tuple[str, ...] = ()
    step: float = STEP
    heads: Mapping[str, KeptHead] = field(default=EMPTY)
    placed: Callable[[str], Sequence[PlacedText]] = nothing_placed
    notes: NotesStay = NotesStay()
    summaries: Summaries = NO_SUMMARIES
    prose: Prose | None = None
    rolls: Callable[[Roll], str] | None = None
