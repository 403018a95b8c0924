"""The sampler editor: the fields of a preset as values with sliders. What is changed holds for the chat's next reply.

What is neutral is folded away, what the connected engine does not follow is dimmed with the reason. What a change is,
and what it does to files, is ``session.preset_draft``'s.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Set
from functools import partial
from typing import ClassVar

from textual.binding import Binding, BindingType

from tavern_tui.domain.preset import STAGES, Preset
from tavern_tui.session import preset_editing as editing
from tavern_tui.session.preset_draft import PresetDraft
from tavern_tui.session.preset_editing import FieldRow
from tavern_tui.ui.chatlog.lines import UNICODE_GLYPHS, Glyphs
from tavern_tui.ui.editor import editor_for
from tavern_tui.ui.screens.asking import Keys
from tavern_tui.ui.screens.list_page import ListPage, heading
from tavern_tui.ui.widgets.rows import ListRow, plain
from tavern_tui.ui.widgets.slider import slider

_MORE, _ORDER, _STAGE = "/more", "/order", "/stage "
_VALUE_CELLS = 7
_NAME_CELLS = 24  # a name, what stands before it and what is between it and the slider
_WIDEST_SLIDER = 20


def field_row(field: FieldRow, width: int, glyphs: Glyphs) -> ListRow:
    """A field on a line of ``width`` cells: its name, a slider where there is room for one, and its value."""
    title = field.name.replace("_", " ")
    value = field.value.rjust(_VALUE_CELLS) if len(field.value) <= _VALUE_CELLS else field.value
    cells = min(_WIDEST_SLIDER, width - _NAME_CELLS - _VALUE_CELLS, width - len(title) - _VALUE_CELLS - 4)
    bar = slider(field.part, cells, glyphs) + " " if field.part is not None and cells >= 5 else ""
    return ListRow(field.name, title, plain(f"{bar}{value}", glyphs), muted=bool(field.without))


def list_rows(
    fields: list[FieldRow], stages: tuple[str, ...], names: Set[str], width: int, glyphs: Glyphs, *, order: bool
) -> list[ListRow]:
    """The fields of these ``names``, and how many are folded; the stages of sampling where ``order`` asks."""
    listed = [field for field in fields if field.name != "order"]
    rows = [field_row(field, width, glyphs) for field in listed if field.name in names]
    folded = len(listed) - len(rows)
    rows.append(
        ListRow(_MORE, f"{folded} at neutral" if folded else "Fold what is neutral", "a shows all" if folded else "a")
    )
    if not order:
        rows.append(ListRow(_ORDER, "Order of samplers", "as usual" if stages == STAGES else "changed"))
        return rows
    rows.append(heading("Order of samplers, the first first"))
    return [*rows, *(ListRow(_STAGE + stage, stage.replace("_", " "), str(n)) for n, stage in enumerate(stages, 1))]


class SamplerScreen(ListPage[None]):
    """The preset of ``draft``."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,h,minus", "step(-1)", show=False),
        Binding("right,l,plus", "step(1)", show=False),
        Binding("less_than_sign", "step(-10)", show=False),
        Binding("greater_than_sign", "step(10)", show=False),
        Binding("0,n,backspace", "neutral", show=False),
        Binding("k", "move(-1)", show=False),
        Binding("j", "move(1)", show=False),
        Binding("a", "fold", show=False),
        Binding("o", "order", show=False),
        Binding("s,ctrl+s", "save", show=False),
        Binding("S", "save_as", show=False),
        Binding("u", "undo", show=False),
        Binding("U", "redo", show=False),
        Binding("f", "as_in_file", show=False),
    ]

    def __init__(self, draft: PresetDraft, *, glyphs: Glyphs = UNICODE_GLYPHS) -> None:
        super().__init__(draft.name, glyphs=glyphs)
        self._draft = draft
        self._everything = False
        self._ordering = False
        self._touched: set[str] = set()
        self._fields: dict[str, FieldRow] = {}

    def keys(self) -> Keys:
        """Those of the editor."""
        row = self.rows.selected
        if row is not None and row.id.startswith(_STAGE):
            return (("←→", "earlier, later"), ("o", "fold"), ("u", "undo"), ("s", "save"), ("Esc", "close"))
        return (
            ("←→", "change"),
            ("0", "neutral"),
            ("Enter", "type"),
            ("s", "save"),
            ("u", "undo"),
            ("a", "all"),
            ("S", "save as"),
            ("o", "order"),
            ("< >", "ten steps"),
            ("U", "redo"),
            ("f", "as in its file"),
            ("Esc", "close"),
        )

    def on_mount(self) -> None:
        """Show the fields."""
        self._fill()

    def widened(self) -> None:
        """Sliders have other room."""
        self._fill(self.rows.selected.id if self.rows.selected else "")

    def selected(self, row: ListRow | None) -> None:
        """Say what the field does, and why it does nothing where that is so."""
        field = self._fields.get(row.id) if row else None
        if field is not None:
            without = f"{field.without[:1].upper()}{field.without[1:]}. " if field.without else ""
            self.say(f"{without}{field.help} {field.bounds}.")
        elif row is not None and row.id == _MORE:
            self.say("They change nothing as they are. a or Enter shows all, and folds them again.")
        elif row is not None and row.id == _ORDER:
            self.say("Which sampler comes first. o or Enter shows them.")
        else:
            self.say("What stands above comes first: the last one sees only what the others have left.")
        self.say_keys()

    async def chosen(self, row: ListRow) -> None:
        """Type a value, turn a switch, write a long text in an editor, or unfold."""
        if row.id == _MORE:
            self.action_fold()
        elif row.id == _ORDER:
            self.action_order()
        elif row.id in editing.LONG:
            async with editor_for(self.app, row.id)(editing.typed_as(self._draft.now, row.id)) as edited:
                if edited.changed:
                    await self._change(row.id, partial(editing.with_typed, name=row.id, typed=edited.text))
            if edited.notice:
                self.say(edited.notice)
        elif row.id in self._fields:
            if isinstance(editing.value_of(self._draft.now, row.id), bool):
                await self._change(row.id, partial(editing.stepped, name=row.id, steps=1))
            else:
                self._type(row.id)

    def action_step(self, steps: int) -> None:
        """Move the slider of a field, turn its switch, or move a stage."""
        row = self.rows.selected
        if row is None or self.entering:
            return
        if row.id.startswith(_STAGE):
            stage = row.id.removeprefix(_STAGE)
            self.do(self._change(row.id, partial(editing.with_stage_moved, stage=stage, places=steps)))
        elif row.id in self._fields:
            self.do(self._change(row.id, partial(editing.stepped, name=row.id, steps=steps)))

    def action_neutral(self) -> None:
        """Let a field change nothing, or the order be the usual one."""
        row = self.rows.selected
        if row is None or self.entering:
            return
        name = "order" if row.id.startswith(_STAGE) else row.id
        if name in self._fields or name == "order":
            self.do(self._change(row.id, partial(editing.with_value, name=name, value=None)))

    def action_fold(self) -> None:
        """Show every field, or only those that are not neutral."""
        self._everything = not self._everything
        self._fill(_MORE if not self._everything else "")

    def action_order(self) -> None:
        """Show the order of the samplers, or fold it."""
        self._ordering = not self._ordering
        first = _STAGE + self._draft.now.sampling.stages[0]
        self._fill(first if self._ordering else _ORDER)

    def action_save(self) -> None:
        """Write the file."""
        self.do(self._told(self._draft.save()))

    def action_save_as(self) -> None:
        """Write another file."""

        async def take(name: str) -> None:
            await self._told(self._draft.save_as(name))

        self.ask(take, hint="a name for it")

    def action_undo(self) -> None:
        """Take the last change back."""
        self.do(self._again(self._draft.undo(), "Taken back · U brings it again"))

    def action_redo(self) -> None:
        """Bring back what was taken back."""
        self.do(self._again(self._draft.redo(), "Brought back · u takes it away"))

    def action_as_in_file(self) -> None:
        """Let go of what is not saved."""
        self.do(self._again(self._draft.as_in_file(), "As in its file · u takes that back"))

    def _type(self, name: str) -> None:
        async def take(typed: str) -> None:
            await self._change(name, partial(editing.with_typed, name=name, typed=typed))

        self.ask(take, editing.typed_as(self._draft.now, name), hint="neutral")

    async def _change(self, row: str, make: Callable[[Preset], Preset]) -> None:
        told = await self._draft.change(make)
        self._fill(row)
        if told:
            self.say(told)

    async def _told(self, done: Awaitable[str]) -> None:
        told = await done
        self._fill(self.rows.selected.id if self.rows.selected else "")
        self.say(told)

    async def _again(self, done: Awaitable[None], told: str) -> None:
        await done
        self._fill(self.rows.selected.id if self.rows.selected else "")
        self.say(told)

    def _fill(self, select: str = "") -> None:
        draft = self._draft
        fields = draft.rows()
        self._fields = {field.name: field for field in fields if field.name != "order"}
        stages = draft.now.sampling.stages
        # What was made neutral here stays where it is: it may be wanted again.
        self._touched |= {field.name for field in fields if not field.neutral}
        names = {field.name for field in fields} if self._everything else self._touched
        rows = list_rows(fields, stages, names, self.room, self._signs, order=self._ordering)
        self.retitle(draft.name if draft.written else f"{draft.name} · changed, s saves")
        self.show(rows, select)
