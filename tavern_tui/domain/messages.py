"""The fixed texts: every message that the program says about faults, waiting and safety, in one table.

Each function gives a ``Wording``: what happened and to what, what is safe, what helps, and the next key. Manner: plain
sentences; no "Error", "invalid" or "failed to", no exception names, no exclamation marks; the numbers and names that
the reader needs; at most three lines of 45 columns with ordinary names. Names from cards, models and servers are
untrusted: they are cut and made safe here, so a ``Wording`` may be shown as it is.

Keys are named only in ``Wording.keys``: they hold in the app, whose block binds them. Headless front ends print
``plain``. Which fault has which text is decided by the room that meets it.
"""

from __future__ import annotations

from tavern_tui.domain.display import safe, safe_line
from tavern_tui.domain.wording import Wording as Wording

_NAME = 40  # characters of a name or model in a message: longer ones would push the next key off a phone's screen


def number(value: int) -> str:
    """An integer as messages show it: ``12,345``."""
    return f"{value:,}"


def megabytes(count: int) -> str:
    """Bytes as whole millions: ``1,203 MB``; below a million in bytes, so that no size reads as nothing."""
    return f"{number(count // 1_000_000)} MB" if count >= 1_000_000 else f"{number(count)} bytes"


def seconds(value: float) -> str:
    """A waiting time as messages show it: ``7 s``, ``3 min``."""
    whole = max(1, round(value))
    return f"{whole} s" if whole < 120 else f"{round(whole / 60)} min"


def _name(text: str) -> str:
    return safe_line(text, _NAME)


def _reason(text: str) -> str:
    return f" ({safe_line(text, _NAME)})" if text.strip() else ""


def _said(text: str) -> str:
    """The start of what a server answered, as a sentence of its own."""
    words = safe_line(text, 120).rstrip(".")
    return f"It said: {words}." if words else ""


# Engines: reaching one.


def no_answer(server: str, why: str) -> Wording:
    """A server did not answer while a message was to be sent; ``why`` is ``connection refused``, ``no such host`` …"""
    return Wording(
        f"{_name(server)} does not answer{_reason(why)}.",
        safe="Your message is saved.",
        keys="Enter tries again · c other engine",
    )


def no_answer_on_usual_ports(server: str) -> Wording:
    """A host that was named without a port answers on none of the ports that engines use."""
    return Wording(f"{_name(server)} does not answer on the usual ports.", advice="Name the port, like rig:5001.")


def no_answer_at_start(server: str, why: str) -> Wording:
    """A server did not answer when the program started; nothing waits to be sent."""
    return Wording(
        f"{_name(server)} does not answer{_reason(why)}.",
        safe="Reading and editing work; trying again every 10 s.",
    )


def still_loading(engine: str, model: str = "", status: int | None = 503) -> Wording:
    """A server is up but its model is not in memory yet."""
    loading = f"still loading {_name(model)}" if model else "still loading its model"
    code = f" ({status})" if status else ""
    return Wording(f"{_name(engine)} is {loading}{code}.", keys="Sending when it is ready · Esc waits no longer")


def busy(engine: str) -> Wording:
    """A server works for somebody else."""
    return Wording(f"{_name(engine)} is busy with another client.", safe="Your message is saved.", keys="Enter waits")


def web_page(server: str) -> Wording:
    """The address leads to HTML."""
    return Wording(
        f"{_name(server)} is a web page, not an engine API (HTML).",
        advice="KoboldCpp's address is usually http://host:5001",
    )


def not_an_api(server: str, said: str = "") -> Wording:
    """Something answers at the address, in no dialect that we know."""
    return Wording(
        f"{_name(server)} answers, but not as an engine.",
        advice=_said(said) or "Check the port: KoboldCpp 5001, llama-server 8080, LM Studio 1234.",
    )


def address_unreadable(typed: str) -> Wording:
    """What was typed as an address cannot be one."""
    return Wording(
        f"“{_name(typed)}” is not an address.", advice="Like this: rig:5001, http://rig:5001, https://host/v1"
    )


def address_with_password(host: str) -> Wording:
    """A password or key was typed into an address, where logs and titles would show it."""
    return Wording(
        f"The address of {_name(host)} holds a password.", advice="Leave it out; a key has a field of its own."
    )


def key_unusable() -> Wording:
    """An API key with characters that cannot stand in a request; the key itself is never shown."""
    return Wording("The key holds characters that no request can carry.", advice="Copy it again, without spaces.")


def key_refused(server: str, status: int = 401) -> Wording:
    """The API key was wrong, or one is needed."""
    return Wording(f"The key was refused ({status}) by {_name(server)}.", keys="k enters a new one")


def wrong_scheme(server: str) -> Wording:
    """A TLS handshake met something else."""
    return Wording(
        f"{_name(server)} does not speak https as its address says.", advice="Try http:// in front of the address."
    )


# Engines: a reply.


def link_broke(tokens: int | None) -> Wording:
    """The stream ended before the reply did; ``tokens`` arrived (``None``: not counted)."""
    after = f" after {number(tokens)} tokens" if tokens is not None else " in mid-reply"
    return Wording(f"The link broke{after}.", safe="Kept.", keys="c continues · r tries again")


def stalled(server: str, waited: float) -> Wording:
    """A server went silent in the middle of a reply for ``waited`` seconds."""
    return Wording(
        f"{_name(server)} went silent for {seconds(waited)}.", safe="Kept.", keys="c continues · r tries again"
    )


def overflow(server: str, prompt_tokens: int | None, context_tokens: int | None) -> Wording:
    """A server refused a prompt as too long; it is planned anew with a smaller budget before a person sees this."""
    size = f" of {number(prompt_tokens)} tokens" if prompt_tokens else ""
    room = f": room for {number(context_tokens)}" if context_tokens else ""
    return Wording(
        f"The prompt{size} is too long for {_name(server)}{room}.",
        advice="Lower the context size.",
        keys="t shows what to shorten",
    )


def card_does_not_fit(character: str, card_tokens: int, response_tokens: int, context_tokens: int) -> Wording:
    """Even without history the prompt is longer than the context."""
    return Wording(
        f"{_name(character)}'s card ({number(card_tokens)} tokens) and {number(response_tokens)} for the reply "
        f"do not fit {number(context_tokens)}.",
        keys="Raise the context, or t shows what to shorten",
    )


def rate_limited(server: str, retry_after: float | None = None) -> Wording:
    """Too many requests; ``retry_after`` in seconds where the server named a time."""
    wait = f"It asks to wait {seconds(retry_after)}." if retry_after else "Wait a little."
    return Wording(f"{_name(server)} takes no more requests now (429).", safe="Your message is saved.", advice=wait)


def no_such_model(server: str, model: str = "") -> Wording:
    """The server does not have, or no longer has, the model that was asked for."""
    named = f" {_name(model)}" if model else " such model"
    return Wording(f"{_name(server)} has no{named}.", keys="m chooses another model")


def choose_model(server: str, count: int) -> Wording:
    """A service with many models, and none was chosen."""
    return Wording(f"{_name(server)} offers {number(count)} models.", advice="Name one with --model.")


def endless_line(server: str) -> Wording:
    """A stream whose line or event does not end."""
    return Wording(f"{_name(server)} sent a line that does not end.", safe="Kept.", keys="c continues · r tries again")


def rejected(server: str, status: int, said: str = "") -> Wording:
    """The server did not want the request, for a reason of its own."""
    return Wording(f"{_name(server)} refused the request ({status}).", advice=_said(said))


def server_broke(server: str, status: int | None = None, said: str = "") -> Wording:
    """The server met a fault of its own (5xx, or an error inside a stream that had begun well)."""
    code = f" ({status})" if status else ""
    return Wording(
        f"{_name(server)} broke on this request{code}.",
        safe="Your message is saved.",
        advice=_said(said),
        keys="Enter tries again · c other engine",
    )


def wrote_nothing(template: str) -> Wording:
    """The reply was empty."""
    return Wording(
        "The model wrote nothing (it stopped at once).",
        advice=f"Often the template: now {_name(template)}.",
        keys="r again · p other template",
    )


def nothing_to_add() -> Wording:
    """A reply was to go on, and the model ended at once."""
    return Wording(
        "The model has nothing to add: for it the reply ends here.",
        keys="r another reply",
    )


def only_the_users_lines(user: str) -> Wording:
    """The reply was written for the user, and nothing else."""
    return Wording(
        f"The model wrote only {_name(user)}'s lines, not its own: they are left out.",
        keys="r again · p other template",
    )


def nothing_left(template: str) -> Wording:
    """Clean-up left nothing of the reply: it was made of names, tags and stop strings."""
    return Wording(
        "The model wrote only names and tags: nothing of it is left.",
        advice=f"Often the template: now {_name(template)}.",
        keys="r again · p other template",
    )


def only_thought(tokens: int) -> Wording:
    """The reply was reasoning and nothing else."""
    return Wording(f"The model only thought: {number(tokens)} tokens.", keys="c continues · n answers without thinking")


def parameter_dropped(server: str, parameter: str) -> Wording:
    """A server does not know a request parameter; it is left out from now on."""
    return Wording(f"{_name(server)} does not take “{_name(parameter)}”: left out for this model from now on.")


def samplers_left_out(engine: str, names: tuple[str, ...]) -> Wording:
    """Samplers of the preset that an engine does not have."""
    return Wording(f"{_name(engine)} has no {_name(', '.join(names))}: left out.")


def penalty_for_dry(engine: str, penalty: float, tokens: int | None) -> Wording:
    """An engine without DRY gets a mild repetition penalty instead; ``tokens`` looked back, where that can be set."""
    reach = f" over {number(tokens)} tokens" if tokens else ""
    return Wording(f"{_name(engine)} has no DRY: repetition penalty {penalty:g}{reach} instead.")


def hosted_sampling(server: str) -> Wording:
    """A hosted service gets only temperature and length."""
    return Wording(f"{_name(server)} gets temperature and length only; the preset's other samplers stay here.")


def takes_messages_only(engine: str) -> Wording:
    """A chat API was handed a finished prompt text."""
    return Wording(f"{_name(engine)} takes messages only, no prompt text.", advice="Choose a chat template for it.")


def takes_text_only(engine: str) -> Wording:
    """A text completion API was handed messages."""
    return Wording(f"{_name(engine)} takes prompt text only, no messages.")


def prefill_left_out(engine: str) -> Wording:
    """A chat API that cannot be given the beginning of a reply."""
    return Wording(f"{_name(engine)} cannot be given the beginning of a reply: left out.")


def context_shifted(engine: str) -> Wording:
    """A server cut the prompt or the reply by itself because its context was full."""
    return Wording(f"{_name(engine)} ran out of context and cut what it had read.", advice="Lower the context size.")


def content_filter(server: str) -> Wording:
    """The service's own filter ended the reply."""
    return Wording(f"{_name(server)} ended the reply by its content filter.", safe="What came is kept.")


def model_changed(now: str, before: str, template: str, context_tokens: int) -> Wording:
    """Another model answers at the same address."""
    return Wording(
        f"Model is now {_name(now)} (was {_name(before)}): template {_name(template)}, "
        f"context {number(context_tokens)}.",
        keys="k keeps the old template",
    )


# The embedded engine and its models.


def engine_not_built() -> Wording:
    """llama_cpp is not installed and no llama-server was found."""
    return Wording(
        "No embedded engine is built.",
        advice="`make engine` builds one (about 6 minutes); a server needs none: --server rig:5001",
    )


def engine_must_be_rebuilt() -> Wording:
    """llama_cpp is there and cannot be imported, as after an upgrade of Python."""
    return Wording("The embedded engine must be rebuilt: `make engine`", safe="All else works.")


def using_server_instead(engine: str, address: str) -> Wording:
    """`make run` found a server and builds no engine."""
    return Wording(
        f"No engine built: using {_name(engine)} at {_name(address)} (make engine builds one, about 6 minutes)."
    )


def no_model(folder: str) -> Wording:
    """There is no model file to load."""
    return Wording(
        f"No model in {safe(folder)}.", advice="`tavern-tui models get starter` fetches a small one (94 MB)."
    )


def model_cut_short(present: int, whole: int, get: str = "…") -> Wording:
    """A model file is shorter than its header says; sizes in bytes."""
    shown = megabytes if megabytes(present) != megabytes(whole) else (lambda count: f"{number(count)} bytes")
    return Wording(
        f"Model file is cut short: {shown(present)} of {shown(whole)}.",
        advice=f"tavern-tui models get {get} resumes",
    )


# Disk, files and versions.


def disk_full(path: str) -> Wording:
    """No room for what was to be written below ``path``."""
    return Wording(f"Disk full: {safe(path)}.", safe="Nothing older was touched.", advice="Make room and try again.")


def disk_full_in_reply(path: str) -> Wording:
    """No room below ``path`` for a reply that is being shown."""
    return Wording(
        f"Disk full: {safe(path)}.",
        safe="The reply stays on screen and is saved when there is room. Nothing older was touched",
    )


def not_writable(path: str) -> Wording:
    """A folder or file that may not be written."""
    return Wording(
        f"{safe(path)} may not be written here.",
        safe="Nothing was changed.",
        advice="Allow writing, or set TAVERN_HOME to another folder.",
    )


def held_elsewhere(path: str) -> Wording:
    """Another process holds a lock."""
    return Wording(f"{safe(path)} is being written by another tavern-tui.", safe="Nothing was changed.")


def no_character_inside(path: str) -> Wording:
    """A PNG without a card."""
    return Wording(f"{safe(path)}: no character inside (a plain picture).", keys="Import it as a portrait?")


def newer_format(kind: str, theirs: str, their_format: int, ours: str, our_format: int) -> Wording:
    """A file of ours (``kind``: chat, library) that a later version wrote."""
    return Wording(
        f"This {kind} was written by tavern-tui {_name(theirs)} (format {their_format}); "
        f"this is {_name(ours)} (format {our_format}).",
        advice="Update, or: tavern-tui log CHAT --copy TITLE",
    )


def entry_switched_off(entry: str, key: str, limit_ms: int) -> Wording:
    """A lorebook key's regular expression took too long."""
    return Wording(f'Entry "{_name(entry)}" switched off for this turn: its key {_name(key)} took over {limit_ms} ms')


def stopped_at_start(what: str, log: str) -> Wording:
    """The program met a fault of its own; ``log`` is the file with the details."""
    return Wording(
        f"tavern-tui stopped: {_name(what)}.",
        safe="Nothing was lost.",
        advice=f"Details: {safe(log)}. Try: tavern-tui --safe",
    )
