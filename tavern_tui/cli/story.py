"""``tavern-tui story``: stories as things: list, begin, import, show, edit, outline, export; and to write on."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from tavern_tui.cli.lines import forgiving
from tavern_tui.cli.output import data, line, note, table, write, written_aside
from tavern_tui.cli.talking import talking_options, wishes_from

if TYPE_CHECKING:
    from tavern_tui.session.story.difference import Change
    from tavern_tui.session.story.manuscripts import ChapterRow
    from tavern_tui.session.story.story import StorySession
    from tavern_tui.session.workspace import Workspace

_JSON = click.option("--json", "as_json", is_flag=True, help="As JSON.")
_NO_COMMENTS = click.option("--no-comments", is_flag=True, help="Without what stands between [[ and ]].")


@click.group(invoke_without_command=True)
@click.pass_context
def story(ctx: click.Context) -> None:
    """Stories: list, begin, import, show, edit, outline and export them, and let the model write on.

    A STORY is named by its title or its file, or a part of one. docs/story.md tells of writing in the app.
    """
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_, as_json=False)


@story.command("list")
@_JSON
@click.pass_context
def list_(ctx: click.Context, as_json: bool) -> None:
    """List the stories, the last written first."""
    import time

    from tavern_tui.session.story.manuscripts import stories

    rows = stories(_workspace(ctx))
    if as_json:
        data([{"name": row.name, "title": row.title, "file": str(row.path), "last": row.last} for row in rows])
        return
    cells = [(row.title, time.strftime("%Y-%m-%d %H:%M", time.localtime(row.last))) for row in rows]
    table(cells, header=("title", "last") if cells else ())
    if not cells:
        line("No stories yet. To begin one: tavern-tui story new TITLE")


@story.command()
@click.argument("title")
@click.argument("text", required=False)
@click.pass_context
def new(ctx: click.Context, title: str, text: str | None) -> None:
    """Begin a story called TITLE, with TEXT as its beginning; with "-" that is read from stdin."""
    from tavern_tui.session.story.manuscripts import new_story

    begun = forgiving(sys.stdin).read() if text == "-" else text or ""
    log = new_story(_workspace(ctx), title, begun)
    line(f"Begun: {log.tree.title}. To write in it: tavern-tui chat --chat '{log.path.stem}'")


@story.command("import")
@click.argument("source", type=click.Path(path_type=Path), metavar="FILE|FOLDER")
@click.option("--title", metavar="TITLE", help="What the story is called; else as the file.")
@click.option("--dry-run", is_flag=True, help="Show the outline, and import nothing.")
@_JSON
@click.pass_context
def import_(ctx: click.Context, source: Path, title: str | None, dry_run: bool, as_json: bool) -> None:
    """Import a manuscript: .md, .txt, .docx, .epub, or a folder of them in the order of their names.

    Chapters are found by headings, lines like "Chapter 3" and form feeds, scenes by lines of ***. Text stays as it is.
    """
    from tavern_tui.session.story.manuscripts import import_story, look_at, outline_rows

    workspace = _workspace(ctx)
    told = look_at(source)
    rows = outline_rows(told.text)
    log = None if dry_run else import_story(workspace, told, title or "")
    if as_json:
        name = log.path.stem if log is not None else None
        facts = {"name": name, "title": title or told.title, "kind": told.kind, "words": len(told.text.split())}
        data({**facts, "outline": _plain(rows), "remarks": [remark.text for remark in told.remarks]})
        return
    if dry_run:
        _show_outline(rows)
        line(f"{told.kind}, {_counted(rows, told.text)}. Nothing was imported.")
    elif log is not None:
        line(f"Imported: {log.tree.title} ({told.kind}, {_counted(rows, told.text)}).")
    for remark in told.remarks:
        note(f"{remark.place}: {remark.text}")


@story.command()
@click.argument("name", metavar="STORY")
@click.option("--chapter", metavar="CHAPTER", help="Only this chapter, by its number or title.")
@_NO_COMMENTS
@click.pass_context
def show(ctx: click.Context, name: str, chapter: str | None, no_comments: bool) -> None:
    """Print the text of STORY, or of one CHAPTER."""
    from tavern_tui.domain.comments import stripped
    from tavern_tui.session.story.manuscripts import chapter_named, find_story, text_of_story
    from tavern_tui.session.story.outline import chapters, outline

    text = text_of_story(find_story(_workspace(ctx), name).tree)
    if chapter is not None:
        found = chapter_named(chapters(outline(text)), chapter)
        text = text[found.start : found.end]
    text = stripped(text) if no_comments else text
    write(text if text.endswith("\n") or not text else text + "\n")


@story.command("outline")
@click.argument("name", metavar="STORY")
@_JSON
@click.pass_context
def outline_(ctx: click.Context, name: str, as_json: bool) -> None:
    """Show the chapters and scenes of STORY with their words."""
    from tavern_tui.session.story.manuscripts import find_story, outline_rows, text_of_story

    text = text_of_story(find_story(_workspace(ctx), name).tree)
    rows = outline_rows(text)
    if as_json:
        data(_plain(rows))
        return
    _show_outline(rows)
    line(f"{_counted(rows, text)}." if rows else "The story is empty.")


@story.command()
@click.argument("name", metavar="STORY")
@click.argument("target", required=False, type=click.Path(path_type=Path), metavar="[FILE|FOLDER]")
@click.option("--format", "format_name", metavar="FORMAT", help="markdown, text or html; else by FILE's suffix.")
@click.option("--chapters", is_flag=True, help="A file for each chapter, into FOLDER.")
@click.option("--force", is_flag=True, help="Write over what is there.")
@_NO_COMMENTS
@click.pass_context
def export(
    ctx: click.Context,
    name: str,
    target: Path | None,
    format_name: str | None,
    chapters: bool,
    force: bool,
    no_comments: bool,
) -> None:
    """Write STORY as Markdown, plain text or HTML, to FILE, to stdout with "-", or as a file for each chapter.

    A story that was imported from Markdown or text, and not changed, is written byte for byte.
    """
    from tavern_tui.session.story.manuscripts import exported, exported_chapters, find_story, write_files

    log = find_story(_workspace(ctx), name)
    if chapters:
        folder = target or Path(log.path.stem)
        files = exported_chapters(log, format_name or "", comments=not no_comments)
        write_files(files, folder, replace=force)
        line(f"Written: {len(files)} chapters into {folder}")
        return
    wanted = format_name or (target.suffix if target is not None and target.suffix else "")
    content, form = exported(log, wanted, comments=not no_comments)
    if target == Path("-"):
        write(content.decode("utf-8"))
        return
    path = target or Path(log.path.stem + form.suffix)
    write_files([(path.name, content)], path.parent, replace=force)
    line(f"Written: {path}")


@story.command()
@click.argument("name", metavar="STORY")
@click.option("--as", "label", metavar="NAME", help="Call the story as it reads now NAME.")
@click.option("--compare", metavar="NAME", help="Show what has changed since the version NAME.")
@click.option("--restore", metavar="NAME", help="Make the story read as the version NAME.")
@click.option("--forget", metavar="NAME", help="Let no version be called NAME any more.")
@_JSON
@click.pass_context
def versions(ctx: click.Context, /, name: str, as_json: bool, **asked: str | None) -> None:
    """List the named versions of STORY; name, compare, bring back one."""
    import time

    from tavern_tui.session.story import named

    wanted = [(what, value) for what, value in asked.items() if value is not None]
    if len(wanted) > 1:
        raise click.UsageError("Say one of --as, --compare, --restore and --forget.")
    story_ = _opened(ctx, name)
    for what, value in wanted:
        line(asyncio.run(_with_version(story_, what, value)))
        return
    found = named.named_versions(story_.tree)
    if as_json:
        data([{"name": one.name, "words": one.words, "at": one.at} for one in found])
        return
    cells = [(one.name, f"{one.words:,}", time.strftime("%Y-%m-%d %H:%M", time.localtime(one.at))) for one in found]
    table(cells, header=("name", "words", "when") if cells else (), right=(1,))
    if not cells:
        line("No version has a name yet. To name how it reads now: --as NAME")


@story.command()
@click.argument("name", metavar="STORY")
@click.option("--from", "source", metavar="FILE", help='Take the text from FILE, with "-" from stdin.')
@click.pass_context
def edit(ctx: click.Context, name: str, source: str | None) -> None:
    """Open the whole text of STORY in $EDITOR; what is changed there is changed in the story, and nothing else."""
    from tavern_tui.cli.card_editing import read_text
    from tavern_tui.session.story.manuscripts import find_story, text_of_story

    before = text_of_story(find_story(_workspace(ctx), name).tree)
    if source == "-":
        after: str | None = forgiving(sys.stdin).read()
    elif source is not None:
        after = read_text(source)
    else:
        after = click.edit(before, extension=".md")
        if after is not None and not before.endswith("\n"):
            after = after.removesuffix("\n")  # which editors add
    if after is None or after == before:
        line("Nothing was changed.")
        return
    changes = asyncio.run(_taken_in(_opened(ctx, name), after))
    line(f"Changed in {changes:,} {'place' if changes == 1 else 'places'}. To take it back: undo in the app.")


@story.command()
@click.argument("name", metavar="STORY")
@click.argument("find")
@click.argument("replacement", metavar="WITH")
@click.option("--dry-run", is_flag=True, help="Show what would change, and change nothing.")
@click.pass_context
def replace(ctx: click.Context, name: str, find: str, replacement: str, dry_run: bool) -> None:
    """Put WITH in the place of every FIND in STORY, in any case of letters.

    Between slashes FIND is a regular expression, and $1 in WITH what its first group found.
    """
    from tavern_tui.session.story.difference import applied
    from tavern_tui.session.story.finding import Query

    story_ = _opened(ctx, name)
    asyncio.run(story_.open())
    text = story_.document.text()
    edits = Query(find).replacing(text, replacement)
    for edit_ in edits if dry_run else ():
        start, end = text.rfind("\n", 0, edit_.start) + 1, text.find("\n", edit_.end)
        before, after = text[start : edit_.start][-30:], text[edit_.end : end if end >= 0 else len(text)][:30]
        line(f"{before}{text[edit_.start : edit_.end]}{after} → {before}{edit_.text}{after}")
    if edits and not dry_run:
        asyncio.run(_taken_in(story_, applied(text, edits)))
    places = f"{len(edits):,} {'place' if len(edits) == 1 else 'places'}"
    line(f"{places}. Nothing was changed." if dry_run or not edits else f"Changed in {places}.")


@story.command("write")
@click.argument("name", metavar="STORY")
@talking_options
@click.option("--direction", metavar="LINE", help="What the passage is to bring; it is never part of the text.")
@click.option("--until", metavar="END", help="sentence, paragraph, length, or a number of words.")
@click.option("--again", is_flag=True, help="Another version of the last generated passage.")
@click.pass_context
def write_(
    ctx: click.Context, /, name: str, direction: str | None, until: str | None, again: bool, **given: Any
) -> int:
    """Let the model write on at the end of STORY; the passage is printed as it comes.

    Exit codes: 0 a passage was saved, 3 no such story, 4 no engine, 5 it broke off and what came was kept, 130 it was
    stopped by ctrl+c and what came was kept.
    """
    from tavern_tui.cli.story_writing import write_on
    from tavern_tui.session.story.until import until_typed

    if given["chat_name"] or given["new"]:
        raise click.UsageError("STORY says which story; --chat and --new are for chats.")
    ending = until_typed(until) if until is not None else None
    given["chat_name"] = _found_name(ctx, name)
    wishes = wishes_from(ctx, "", given)
    with written_aside():
        return asyncio.run(write_on(_workspace(ctx), wishes, direction, ending, again=again))


async def _taken_in(story_: StorySession, text: str) -> int:
    """Make the story read ``text``; in how many places it changed."""
    await story_.open()
    made = await story_.replace_all(text)
    await story_.close()
    return len(made)


async def _with_version(story_: StorySession, what: str, value: str) -> str:
    """Do ``what`` with the version called ``value``; what to say of it."""
    from tavern_tui.session.story import named

    await story_.open()
    if what == "label":
        version = await named.name_version(story_, value)
        return f"Named: {version.name} ({version.words:,} words)."
    if what == "forget":
        await named.forget_version(story_, value)
        return f"No version is called {value} any more; the story is as it was."
    version = named.version_named(story_.tree, value)
    if what == "compare":
        return _differences(named.compared(version, story_))
    await named.restore(story_, version)
    return f"The story reads as {version.name} again. What it was before is in its history: undo brings it back."


def _differences(changes: Sequence[Change]) -> str:
    """What changed, a line for each stretch that went or came."""
    rows = []
    for change in changes:
        if change.same:
            continue
        rows += [f"- {part}" for part in change.old.split("\n") if part.strip()]
        rows += [f"+ {part}" for part in change.new.split("\n") if part.strip()]
    return "\n".join(rows) or "Nothing has changed since."


def _opened(ctx: click.Context, name: str) -> StorySession:
    """A story for everything that needs no engine."""
    from tavern_tui.session.opening import Wishes, open_session
    from tavern_tui.session.story.story import StorySession

    return StorySession(open_session(_workspace(ctx), Wishes(chat=_found_name(ctx, name)), watch=lambda _: None))


def _found_name(ctx: click.Context, name: str) -> str:
    from tavern_tui.session.story.manuscripts import find_story

    return find_story(_workspace(ctx), name).path.stem


def _plain(rows: Sequence[ChapterRow]) -> list[dict[str, Any]]:
    return [{"kind": row.kind, "level": row.level, "title": row.title, "words": row.words} for row in rows]


def _show_outline(rows: Sequence[ChapterRow]) -> None:
    number = 0
    cells = []
    for row in rows:
        number += row.kind == "chapter"
        title = row.title or ("(no title)" if row.kind == "chapter" else "***")
        indent = "· " * (min(row.level, 4) - 1 if row.kind == "chapter" else 1)
        cells.append((str(number) if row.kind == "chapter" else "", indent + title, f"{row.words:,}"))
    table(cells, header=("", "chapter", "words") if cells else (), right=(0, 2))


def _counted(rows: Sequence[ChapterRow], text: str) -> str:
    """How much there is, in words."""
    chapters = sum(row.kind == "chapter" for row in rows)
    told = f"{chapters:,} {'chapter' if chapters == 1 else 'chapters'}"
    return f"{told}, {len(text.split()):,} words"


def _workspace(ctx: click.Context) -> Workspace:
    from tavern_tui.session.workspace import Workspace

    return Workspace.open(safe=ctx.obj["safe"])
