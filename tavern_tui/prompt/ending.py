"""What a prompt for text completion ends with: a quiet question, the reply line, the reply's given beginning.

Where the ending stands is ``prompt.text_assembly``'s, how it is written ``prompt.instruct``'s.
Source: SillyTavern 1.12.6, ``public/script.js`` (``modifyLastPromptLine``, ``cleanupPromptCache``); spec §5.7.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from tavern_tui.domain.events import Speaker
from tavern_tui.prompt import group
from tavern_tui.prompt.bias import newest_bias
from tavern_tui.prompt.inputs import GenerationKind, Policy, PromptInput, Quiet
from tavern_tui.prompt.instruct import InstructFormat, Place, PlainFormat, TurnFormat
from tavern_tui.prompt.items import Item
from tavern_tui.prompt.plan import PartKind
from tavern_tui.prompt.prose import ProseFormat, nameless
from tavern_tui.prompt.story import Story, untrusted


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of one prompt. ``asked`` is the quiet question, ``reply`` the reply line (``None``: there is none).

    ``form`` is the way in which the whole prompt is written. ``kept`` is the given beginning as it belongs to the
    stored reply. ``loud_in_plain``: a quiet question in plain text that the character answers. ``uncounted`` is the end
    of the question that SillyTavern adds when everything has been counted.
    """

    form: TurnFormat
    asked: tuple[Item, ...] = ()
    reply: Item | None = None
    kept: str = ""
    loud_in_plain: bool = False
    uncounted: str = ""


def ending(given: PromptInput, story: Story) -> Ending:
    """The ending that the input asks for."""
    exact = given.policy is Policy.CLASSIC
    wanted = given.kind not in (GenerationKind.CONTINUE, GenerationKind.IMPERSONATE)
    own = untrusted(story.expand(given.prefill), given) if wanted else ""
    said = untrusted(story.expand(newest_bias(given.turns)), given) if wanted else ""
    begun = said or own
    form = _format(given, story, biased=bool(said.strip()))
    if given.kind is GenerationKind.CONTINUE:
        return Ending(form)
    if given.kind is GenerationKind.IMPERSONATE:
        return Ending(form, reply=Item(Speaker.USER, story.user, "", PartKind.REPLY_LINE, "the user's next turn"))
    # SillyTavern stores its general beginning with the reply, and never that of a turn.
    kept = own if exact else begun
    if given.quiet is None or not given.quiet.text:
        return Ending(form, reply=_reply(given, story, begun), kept=kept)
    return _quiet(given, given.quiet, story, form, begun, kept)


def continued_in_plain(continued: Item, char: str, *, line: bool) -> Item:
    """A continued turn as SillyTavern writes it without a template, where it is not alone in the chat.

    Its name is taken off, and its ``line`` made anew where it shall have one, with a blank before the text.
    """
    shown = continued.speaker is not Speaker.NARRATOR and bool(continued.name)
    said = continued.text or "\n"  # what is cut off behind its text stays behind none
    text = f"{continued.name}: {said}" if shown else said
    if text.lstrip().startswith(f"{char}:"):
        text = text.replace(f"{char}:", "", 1).lstrip()
    name = f"{char}:" if line else ""
    blank = "" if text[:1].isspace() else " "
    return replace(continued, name="", text=name + blank + text, token_ids=None)


def continued_in_template(continued: Item, form: TurnFormat, char: str) -> Item:
    """A continued turn as SillyTavern writes it in a template: the character's name is taken off its very beginning.

    That is a name without a sequence before it, or a sequence that is the name.
    """
    if not continued.text:  # what is cut off behind its text stays behind none
        continued = replace(continued, text=form.write(replace(continued, continued=False), Place()).closing)
    text = form.write(continued, Place()).text
    if not text.lstrip().startswith(f"{char}:"):
        return continued
    return replace(continued, bare=True, text=text.replace(f"{char}:", "", 1).lstrip(), token_ids=None)


def _quiet(given: PromptInput, quiet: Quiet, story: Story, form: TurnFormat, begun: str, kept: str) -> Ending:
    exact = given.policy is Policy.CLASSIC
    plain = isinstance(form, PlainFormat) or (isinstance(form, ProseFormat) and form.within is None)
    if not exact and not quiet.loud:
        begun = kept = ""
    text = untrusted(story.expand(quiet.text), given)
    added = ""
    if plain and exact and not quiet.loud and begun.strip():
        added = ("" if text[-1:].isspace() else " ") + begun.lstrip()
    text += added
    asked = Item(Speaker.NARRATOR, story.user if exact else "", text, PartKind.QUIET, "quiet prompt")
    if quiet.loud:
        return Ending(form, (asked,), _reply(given, story, begun), kept, loud_in_plain=plain)
    if plain:
        return Ending(form, (asked,), kept=kept, uncounted=added)
    name = quiet.name or "System"
    answer = Item(Speaker.CHARACTER, name, begun, PartKind.REPLY_LINE, "the answer's opening", quiet=True)
    return Ending(form, (asked,), answer, kept)


def _reply(given: PromptInput, story: Story, begun: str) -> Item:
    template = given.instruct
    thinks = template is not None and bool(template.reasoning_open) and given.think and not begun
    return Item(Speaker.CHARACTER, "" if thinks else story.char, begun, PartKind.REPLY_LINE, "the reply's opening")


def _format(given: PromptInput, story: Story, *, biased: bool) -> TurnFormat:
    exact = given.policy is Policy.CLASSIC
    prose, template = given.prose, given.instruct
    if prose is not None:
        names = (story.user, story.char, story.expand)
        within = InstructFormat(nameless(template), *names) if template is not None else None
        return within if within is not None and not prose.open else ProseFormat(prose.joint, within)
    if given.instruct is None:
        asked = given.quiet is not None and given.group is None
        named = given.always_add_name or biased or asked or given.kind is GenerationKind.IMPERSONATE
        return PlainFormat(reply_name=named)
    in_group = bool(group.other_names(given)) or given.group is not None
    return InstructFormat(given.instruct, story.user, story.char, story.expand, group=in_group, exact=exact)
