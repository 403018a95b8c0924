"""What ``tavern-tui presets --kind`` does: with templates (instruct, context, system prompts, reasoning, chat
completion), quick replies and regex scripts.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tavern_tui.cli.output import data, line, note, table, write

if TYPE_CHECKING:
    from tavern_tui.session.template_files import ListedTemplate
    from tavern_tui.session.workspace import Workspace


def list_kind(workspace: Workspace, kind: str, *, as_json: bool) -> None:
    """List the templates of a kind."""
    from tavern_tui.session.template_files import listed_templates

    listed = listed_templates(workspace, kind)
    if as_json:
        data([_row(one) for one in listed])
    else:
        rows = [(one.name, one.source, str(one.path or "")) for one in listed if not one.problem]
        table(rows, header=("name", "from", "file") if rows else ())
        if not listed:
            line("None yet. tavern-tui presets add FILE puts one in.")
    for one in listed:
        if one.problem:
            note(one.problem)


def show_kind(workspace: Workspace, kind: str, name: str, *, as_json: bool) -> None:
    """Show one template with its fields."""
    from tavern_tui.session.template_files import template_in_list
    from tavern_tui.session.typed_values import shown_value

    one = template_in_list(workspace, kind, name)
    if as_json:
        data(_row(one) | {"fields": one.fields})
    else:
        line(f"{one.name} ({one.source})")
        table([(key, shown_value(value)) for key, value in one.fields.items() if value not in ("", None)])
    for what in (one.problem, *(f"{remark.place}: {remark.text}" for remark in one.remarks)):
        if what:
            note(what)


def add_files(workspace: Workspace, files: Sequence[Path], name: str) -> None:
    """Put files into the library and say what each is."""
    from tavern_tui.session.template_files import add_file

    for file in files:
        for added in add_file(workspace, file, name=name):
            line(f"Added: {added.path} ({added.title})")
            for remark in added.remarks:
                note(f"{added.path.name}: {remark.place}: {remark.text}")


def delete_kind(workspace: Workspace, kind: str, name: str) -> None:
    """Move a template to the trash."""
    from tavern_tui.session.template_files import delete_template

    path = delete_template(workspace, kind, name)
    line(f"Deleted: {path}. tavern-tui presets restore {path.stem} --kind {kind} brings it back.")


def restore_kind(workspace: Workspace, kind: str, name: str) -> None:
    """Bring a template back."""
    from tavern_tui.session.template_files import restore_template

    line(f"Back: {restore_template(workspace, kind, name)}")


def export_kind(workspace: Workspace, kind: str, name: str, to: Path | None) -> None:
    """Write a template as other programs read it."""
    from tavern_tui.session.template_files import export_template, template_in_list

    text, path, remarks = export_template(template_in_list(workspace, kind, name), to=to)
    if path is None:
        write(text if text.endswith("\n") else f"{text}\n")
    else:
        line(f"Written: {path}")
    for remark in remarks:
        note(f"{remark.place}: {remark.text}")


def _row(one: ListedTemplate) -> dict[str, Any]:
    return {
        "name": one.name,
        "kind": one.kind.value,
        "from": one.source,
        "file": str(one.path or ""),
        "problem": one.problem,
        "remarks": [{"place": remark.place, "text": remark.text} for remark in one.remarks],
    }
