"""``tavern-tui prompt``: what the next reply would read, part by part, and why; nothing is asked of a model."""

from __future__ import annotations

import asyncio
import sys
import time
from typing import TYPE_CHECKING, Any

import click

from tavern_tui.cli.output import columns, data, line, note, table
from tavern_tui.cli.talking import tell_problems

if TYPE_CHECKING:
    from tavern_tui.session.itemisation import ItemRow
    from tavern_tui.session.prompting import LookedAt

_BAR = 20  # columns of a part that fills the whole limit
_FULL, _PLAIN = "▇", "#"
_WIDE, _NARROW = 100, 60  # columns below which the beginnings of the texts, and then the bars, are left out


@click.command()
@click.argument("name", metavar="CHARACTER|CHAT")
@click.option("--card", metavar="FILE", help="Use this card in place of the character's.")
@click.option("--world", "worlds", metavar="FILE", multiple=True, help="Read this lorebook too; may be given again.")
@click.option("--persona", metavar="FILE", help="Use this persona: a file, or a name.")
@click.option("--instruct", metavar="NAME", help="Instruct template.")
@click.option("--context-size", type=click.IntRange(min=256), metavar="N", help="Context size in tokens.")
@click.option("--length", type=click.IntRange(min=1), metavar="N", help="Length of the reply in tokens.")
@click.option("--policy", type=click.Choice(["economy", "classic"]), help="How the budget is spent.")
@click.option("--server", metavar="URL", help="The server that would be asked (also TAVERN_SERVER).")
@click.option("--model", metavar="NAME", help="The GGUF that would be asked, or the model of the server.")
@click.option("--diff-last", is_flag=True, help="Only what changed since the prompt of the last reply.")
@click.option("--cost", is_flag=True, help="Only what the engine would read of it anew, and why.")
@click.option("--text", "as_text", is_flag=True, help="The prompt itself, as the model would read it.")
@click.option("--json", "as_json", is_flag=True, help="As JSON, with every part's text.")
@click.option("--all", "everything", is_flag=True, help="Every turn on a line of its own.")
@click.pass_context
def prompt(ctx: click.Context, /, name: str, **given: Any) -> None:
    """Show the prompt that the next reply of a chat, or of CHARACTER's latest chat, would get, part by part.

    Nothing is written, no engine is started and no model loaded. Where neither an engine nor the model's file is there
    to count, the numbers are estimates and marked with ~. Exit codes: 3 no such character, chat or file.
    """
    from tavern_tui.session.opening import Wishes
    from tavern_tui.session.prompting import PromptQuestion, look_at_prompt
    from tavern_tui.session.workspace import Workspace

    if given["as_text"] and (given["as_json"] or given["diff_last"] or given["cost"]):
        raise click.UsageError("--text stands alone: it prints the prompt and nothing else.")
    wishes = Wishes(
        server=given["server"] or ctx.obj["server"] or "",
        model=given["model"] or "",
        template=given["instruct"] or "",
        response_tokens=given["length"],
        context_tokens=given["context_size"],
        policy=given["policy"] or "",
    )
    question = PromptQuestion(name, given["card"] or "", tuple(given["worlds"]), given["persona"] or "", wishes)
    workspace = Workspace.open(safe=ctx.obj["safe"])
    tell_problems(workspace)
    found = asyncio.run(look_at_prompt(workspace, question))
    if found.problem:
        note(found.problem)
    if given["diff_last"] and found.difference is None:
        raise _nothing_kept(found)
    if given["as_json"]:
        data(found.as_dict())
    elif given["as_text"]:
        _print_prompt(found)
    elif given["diff_last"]:
        _Page(found).difference()
    elif given["cost"]:
        _Page(found).cost()
    else:
        _Page(found).parts(everything=given["everything"])


def _print_prompt(found: LookedAt) -> None:
    """The prompt as it would be sent: one text, or the messages with who says each."""
    if found.plan.chat is None:
        line(found.plan.text)
        return
    for message in found.plan.messages():
        who = f"{message.role.value} ({message.name})" if message.name else message.role.value
        line(f"[{who}]")
        line(message.content)
    if found.plan.prefill:
        line("[the reply begins]")
        line(found.plan.prefill)


def _nothing_kept(found: LookedAt) -> Exception:
    from tavern_tui.domain.errors import NotFoundError

    title = f"Nothing is kept of the last prompt {'of ' + found.chat if found.chat else 'here'}."
    return NotFoundError(title, hint="It is once a reply has been made on this machine.")


class _Page:
    """What is printed of one look at a prompt."""

    def __init__(self, found: LookedAt) -> None:
        self._found = found
        self._about = "" if found.exact else "~"
        encoding = (sys.stdout.encoding or "").lower().replace("-", "")
        self._bar = _FULL if encoding.startswith("utf") else _PLAIN

    def parts(self, *, everything: bool) -> None:
        """The plan, part by part."""
        from tavern_tui.session.itemisation import itemised

        found = itemised(self._found.plan, everything=everything)
        self._heading()
        rows: list[tuple[str, ...]] = []
        for group in found.groups:
            rows.append((self._tokens(group.tokens), self._percent(group.tokens), group.title.upper(), "", ""))
            rows += [one for row in group.rows for one in self._rows(row)]
        room = columns() or _WIDE
        shown = [0, 2, 3] if room < _NARROW else [0, 1, 2, 3] if room < _WIDE else [0, 1, 2, 3, 4]
        header = ("tokens", "share", "part", "from", "begins")
        table([[row[place] for place in shown] for row in rows], [header[place] for place in shown], right=(0,))
        if found.left_out:
            line()
            line("LEFT OUT")
            table([self._left(row) for row in found.left_out], right=(0,))
        self._totals()

    def difference(self) -> None:
        """What changed since the last prompt."""
        found, last, changed = self._found, self._found.last, self._found.difference
        assert last is not None
        assert changed is not None
        self._heading()
        which = f"turn {found.last_turn}" if found.last_turn else "a turn that is gone"
        line(f"Against the prompt of {which}, {_ago(time.time() - last.at)}:")
        for what, before, after in (
            ("model", last.model, found.model),
            ("template", last.template, found.plan.template),
            ("policy", last.policy, found.plan.policy),
            ("context", f"{last.context_tokens:,}", f"{found.plan.context_tokens:,}"),
        ):
            if before != after:
                line(f"{what}: {before} → {after}")
        same, anew = self._tokens(changed.same_tokens), self._tokens(changed.tokens - changed.same_tokens)
        whence = f" The first to differ is {changed.first}." if changed.first else ""
        line(f"The first {same} of {self._tokens(changed.tokens)} tokens are the same, {anew} are read anew.{whence}")
        if changed.changes:
            line()
            rows = [
                (one.change.value, one.kind, one.source, self._tokens(one.before), self._tokens(one.after))
                for one in changed.changes
            ]
            table(rows, header=("", "part", "from", "before", "now"), right=(3, 4))

    def cost(self) -> None:
        """What of the prompt would be read."""
        cost = self._found.cost
        assert cost is not None
        self._heading()
        line(f"{self._about}{cost.told}")
        if cost.broken_at:
            line(f"What was read last is of use up to there: {cost.broken_at}.")

    def _heading(self) -> None:
        found = self._found
        where = found.chat or "a new chat"
        turns = f"{found.turns:,} turn{'' if found.turns == 1 else 's'}"
        line(" · ".join((found.character, where, turns, "the next reply")))
        how = (
            f"Template {found.plan.template} ({found.template_why})" if found.plan.chat is None else "Sent as messages"
        )
        line(f"{how}, policy {found.plan.policy}")
        model = f" · {found.model}" if found.model else ""
        line(f"{self._about and '~ '}{found.counted[:1].upper()}{found.counted[1:]}{model}")
        line()

    def _totals(self) -> None:
        plan = self._found.plan
        left = max(0, plan.limit - plan.tokens)
        line()
        used = f"{self._tokens(plan.tokens)} of {plan.limit:,} tokens ({self._percent(plan.tokens)})"
        context = f"Context {plan.context_tokens:,}, of which {plan.response_tokens:,} for the reply."
        line(f"{used}, {self._tokens(left)} free. {context}")
        if plan.stop:
            line("Stops at: " + "  ".join(repr(stop) for stop in plan.stop))

    def _rows(self, row: ItemRow) -> list[tuple[str, ...]]:
        """A part's line, and one for the reason why it is in, where there is one to tell."""
        bar = self._bar * round(row.share * _BAR)
        first = (self._tokens(row.tokens), bar, row.kind, row.source.removeprefix("lore: "), row.begins)
        return [first, ("", "", "", f"because: {row.reason}", "")] if row.reason else [first]

    def _left(self, row: ItemRow) -> tuple[str, ...]:
        tokens = self._tokens(row.tokens) if row.tokens else ""
        return tokens, row.kind, row.source.removeprefix("lore: "), row.reason

    def _tokens(self, count: int) -> str:
        return f"{self._about}{count:,}"

    def _percent(self, tokens: int) -> str:
        return f"{tokens / max(1, self._found.plan.limit):.0%}"


def _ago(seconds: float) -> str:
    """A stretch of time until now, in the largest unit of which there is one."""
    for unit, length in (("day", 86_400), ("hour", 3_600), ("minute", 60)):
        count = int(seconds // length)
        if count > 0:
            return f"{count} {unit}{'' if count == 1 else 's'} ago"
    return "just now"
