"""The receipt of an import: what came, in which state, and what was left behind; kept so that it can be read again."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tavern_tui.domain.errors import NotFoundError
from tavern_tui.domain.exchange import Outcome
from tavern_tui.formats.json_text import read_json, write_json
from tavern_tui.storage.atomic import write_atomic
from tavern_tui.storage.reading import read_bytes

if TYPE_CHECKING:
    from tavern_tui.domain.exchange import Remark
    from tavern_tui.session.workspace import Workspace

MAX_BYTES = 256 * 1024 * 1024
_MOST_NAMED = 2
_MOST_REMARKS = 20  # of one thing


@dataclass(frozen=True, slots=True)
class MovedThing:
    """One thing: what it is, what it is called here, the file it came from, and what became of it.

    ``remarks`` say what of it could not be kept or does nothing here, a sentence each.
    """

    kind: str
    name: str
    source: str
    outcome: Outcome
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LatestChat:
    """The chat written last of those that came."""

    name: str
    title: str
    character: str
    turns: int
    at: float


@dataclass(slots=True)
class MovingReport:
    """A receipt in the making. ``failed`` are files with the reason; ``unknown`` files that are nothing we know;
    ``unsupported`` names what has no place here, ``notes`` are sentences. ``rehearsal``: nothing was written, else
    ``new_chats`` has the files of the chats that are new here.
    """

    rehearsal: bool = False
    things: list[MovedThing] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    unknown: list[str] = field(default_factory=list)
    unsupported: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    latest: LatestChat | None = None
    new_chats: list[str] = field(default_factory=list)

    def add(self, kind: str, name: str, source: str, outcome: Outcome, remarks: tuple[Remark, ...] = ()) -> None:
        """Note one thing down."""
        told = [f"{one.place}: {one.text}" if one.place else one.text for one in remarks[:_MOST_REMARKS]]
        if len(remarks) > _MOST_REMARKS:
            told.append(f"And {len(remarks) - _MOST_REMARKS:,} more like these.")
        self.things.append(MovedThing(kind, name, source, outcome, tuple(told)))

    def counts(self) -> dict[str, Counter[Outcome]]:
        """How many of each kind came to what, in the order in which kinds were met."""
        found: dict[str, Counter[Outcome]] = {}
        for thing in self.things:
            found.setdefault(thing.kind, Counter())[thing.outcome] += 1
        return found


def keep_report(workspace: Workspace, report: MovingReport) -> None:
    """Keep the receipt for ``last_report``. Raises ``StorageError``."""
    write_atomic(workspace.directories.state / "import.json", write_json(as_plain(report)), mode=0o600)


def last_report(workspace: Workspace) -> MovingReport:
    """The receipt of the last import. Raises ``NotFoundError`` where there was none, ``FormatError``."""
    path = workspace.directories.state / "import.json"
    if not path.exists():
        raise NotFoundError("Nothing was imported yet.", hint="tavern-tui import PATH")
    said: dict[str, Any] = read_json(read_bytes(path, MAX_BYTES), where=str(path))
    latest = said.get("latest")
    return MovingReport(
        things=[
            MovedThing(one["kind"], one["name"], one["source"], Outcome(one["outcome"]), tuple(one["remarks"]))
            for one in said["things"]
        ],
        failed=[(one["file"], one["why"]) for one in said["failed"]],
        unknown=said["unknown"],
        unsupported=said["unsupported"],
        notes=said["notes"],
        latest=LatestChat(**latest) if latest else None,
    )


def told_sections(report: MovingReport) -> list[tuple[str, list[str]]]:
    """What there is to say beside the counts: headings with their lines, only those that have any."""
    sections = [
        ("Could not be read", [f"{file}: {why}" for file, why in report.failed]),
        ("Could not be kept, or does nothing here", _remarks(report.things)),
        ("Not recognised", report.unknown),
        ("Left behind", report.unsupported),
    ]
    return [(title, lines) for title, lines in sections if lines]


def report_lines(report: MovingReport) -> list[str]:
    """The receipt for a screen: a line a kind, then what there is to say; empty lines between."""
    lines = []
    for kind, count in report.counts().items():
        parts = [f"{number:,} {outcome.value}" for outcome, number in count.items()]
        names = [thing.name for thing in report.things if thing.kind == kind]
        named = f" ({', '.join(names)})" if len(names) <= _MOST_NAMED else ""
        lines.append(f"{kind}: {', '.join(parts)}{named}")
    if not lines:
        lines.append("There is nothing in it that can be imported.")
    for title, told in told_sections(report):
        lines += ["", title, *(f"  {text}" for text in told)]
    return [*lines, *(["", *report.notes] if report.notes else [])]


def _remarks(things: list[MovedThing]) -> list[str]:
    """The remarks on what came now, with its name; the same one about many things once."""
    of_text: dict[str, list[str]] = {}
    for thing in (one for one in things if one.outcome is not Outcome.SAME):
        for text in thing.remarks:
            of_text.setdefault(text, []).append(thing.name)
    return [
        f"{names[0]}{f' and {len(names) - 1:,} more' if len(names) > 1 else ''}: {text}"
        for text, names in of_text.items()
    ]


def as_plain(report: MovingReport) -> dict[str, Any]:
    """The receipt as JSON has it."""
    latest = report.latest
    return {
        "rehearsal": report.rehearsal,
        "things": [
            {
                "kind": one.kind,
                "name": one.name,
                "source": one.source,
                "outcome": one.outcome.value,
                "remarks": list(one.remarks),
            }
            for one in report.things
        ],
        "failed": [{"file": file, "why": why} for file, why in report.failed],
        "unknown": report.unknown,
        "unsupported": report.unsupported,
        "notes": report.notes,
        "latest": latest
        and {
            "name": latest.name,
            "title": latest.title,
            "character": latest.character,
            "turns": latest.turns,
            "at": latest.at,
        },
    }
