"""The flow of columns, drawn: a lane for each target column, a step of it highlighted.

In: a `Flow`. Out: `Pointed` with the steps that the cursor is on. Steps that stand for the same thing
are highlighted together.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from rich.cells import cell_len, set_cell_size
from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.binding import Binding
from textual.geometry import Region, Size
from textual.message import Message
from textual.scroll_view import ScrollView
from textual.strip import Strip

from lakeshell.etl.flow import Flow, Lane, Step
from lakeshell.tui.safe import words

_WIDEST = {"source": 40, "transform": 36, "target": 40}
_LEAST = 14
_JOINTS = 9
"""Cells of the lines between the three."""
_PARTS = ("source", "transform", "target")
_HERE = Style(reverse=True, bold=True)
_SAME = Style(bold=True, underline=True)
_HEAD = Style(dim=True)


@dataclass(frozen=True, slots=True)
class _Box:
    """A step where it is drawn: `lane` is that of the flow, `row` a line of the drawing."""

    step: Step
    lane: int
    row: int
    part: str


class FlowMap(ScrollView, can_focus=True):
    BINDINGS = [
        Binding("up,k", "go(-1)", "Up", show=False),
        Binding("down,j", "go(1)", "Down", show=False),
        Binding("left,h", "part(-1)", "To its source", show=False),
        Binding("right,l", "part(1)", "To its target", show=False),
        Binding("home,g", "go(-1000000)", "Top", show=False),
        Binding("end,G", "go(1000000)", "End", show=False),
        Binding("pageup", "go(-10)", "Page up", show=False),
        Binding("pagedown", "go(10)", "Page down", show=False),
    ]
    DEFAULT_CSS = """
    FlowMap { height: 1fr; scrollbar-size: 1 1; background: $background; padding: 0; }
    FlowMap:focus { background-tint: $primary 6%; }
    """

    class Pointed(Message):
        """The cursor is on this step, or these all stand for it."""

        def __init__(self, flow: FlowMap, step: Step, same: Sequence[Step]) -> None:
            super().__init__()
            self.flow = flow
            self.step = step
            self.same = same

        @property
        def control(self) -> FlowMap:
            return self.flow

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(id=id)
        self._boxes: list[list[_Box]] = []
        self._joints: list[str] = []
        self._heads: dict[int, str] = {}
        self._one_source = False
        self._widths: dict[str, int] = {}
        self._row, self._part = 0, "target"
        self._also: frozenset[tuple[str, str]] = frozenset()

    def draw(self, flow: Flow) -> None:
        self._boxes, self._joints, self._heads = [], [], {}
        before = ""
        for number, lane in enumerate(flow.lanes):
            table = _table(lane.target)
            if table != before:
                self._head(table, [each for each in flow.lanes if _table(each.target) == table])
                before = table
            self._lay(number, lane)
        self._measure()
        self._row = next((row for row, boxes in enumerate(self._boxes) if boxes), 0)
        self.refresh()

    def on_resize(self) -> None:
        self._measure()

    def _measure(self) -> None:
        """What is done gives way first where there is no room: the line below says it whole."""
        labels = [box for row in self._boxes for box in row]
        widths = {
            part: min(
                _WIDEST[part],
                max(
                    (cell_len(self._label(box.step)) for box in labels if box.part == part),
                    default=0,
                ),
            )
            for part in _PARTS
        }
        over = sum(widths.values()) + _JOINTS - self.scrollable_content_region.width
        widths["transform"] -= min(max(0, over), max(0, widths["transform"] - _LEAST))
        self._widths = widths
        self.virtual_size = Size(sum(widths.values()) + _JOINTS, len(self._boxes))

    def _head(self, table: str, lanes: Sequence[Lane]) -> None:
        """A line above the lanes of one target table."""
        sources = dict.fromkeys(_table(step) for lane in lanes for step in lane.sources)
        self._one_source = len(sources) == 1
        named = ", ".join(name for name in sources if name)
        self._heads[len(self._boxes)] = words(f"{named} -> {table}" if named else f"-> {table}")
        self._boxes.append([])
        self._joints.append("")

    def _label(self, step: Step) -> str:
        """Without what the head says already."""
        label = step.label
        if step.kind == "target":
            label = _column(label)
        elif step.kind == "source":
            label = _column(label) if self._one_source else label.partition(".")[2] or label
        return words(f"{label}  {step.detail}".strip())

    def _lay(self, number: int, lane: Lane) -> None:
        """As many rows as it has sources, or transforms; the target stands in the first."""
        rows = max(1, len(lane.sources), len(lane.transforms))
        for row in range(rows):
            at = len(self._boxes)
            found = [
                _Box(steps[row], number, at, part)
                for part, steps in (("source", lane.sources), ("transform", lane.transforms))
                if row < len(steps)
            ]
            if row == 0:
                found.append(_Box(lane.target, number, at, "target"))
            self._boxes.append(found)
            sources = len(lane.sources)
            first = "─" if sources < 2 else "┬"
            later = "" if row >= sources else "┘" if row == sources - 1 else "┤"
            self._joints.append(first if row == 0 else later)

    # --- the cursor ------------------------------------------------------------------------

    @property
    def here(self) -> Step | None:
        box = self._box
        return None if box is None else box.step

    @property
    def _box(self) -> _Box | None:
        if not self._boxes:
            return None
        row = self._boxes[self._row]
        return next((box for box in row if box.part == self._part), row[0] if row else None)

    def action_go(self, step: int) -> None:
        if not self._boxes:
            return
        # Down a lane with few transforms there is nothing under the cursor: such rows are passed.
        last = len(self._boxes) - 1
        row = min(max(self._row + step, 0), last)
        # From where it would be, first further on, and then back.
        direction = 1 if step > 0 else -1
        ahead = range(row, last + 1) if direction > 0 else range(row, -1, -1)
        back = range(row, self._row, -direction)
        found = next((each for each in (*ahead, *back) if self._has(each)), None)
        if found is not None:
            self._row = found
            self._point()

    def _has(self, row: int) -> bool:
        return any(box.part == self._part for box in self._boxes[row])

    def action_part(self, step: int) -> None:
        box = self._box
        if box is None:
            return
        at = _PARTS.index(box.part) + step
        while 0 <= at < len(_PARTS):
            part = _PARTS[at]
            rows = [r for r in range(len(self._boxes)) if self._in(r, box.lane, part)]
            if rows:
                self._part = part
                self._row = min(rows, key=lambda r: abs(r - self._row))
                self._point()
                return
            at += step

    def _in(self, row: int, lane: int, part: str) -> bool:
        return any(box.part == part and box.lane == lane for box in self._boxes[row])

    def on_focus(self) -> None:
        self._point()

    def on_click(self, event: events.Click) -> None:
        row = event.y + self.scroll_offset.y
        x = event.x + self.scroll_offset.x
        if row >= len(self._boxes):
            return
        left = self._lefts()
        for box in self._boxes[row]:
            if left[box.part] <= x < left[box.part] + self._widths[box.part]:
                self._row, self._part = row, box.part
                self._point()

    def _point(self) -> None:
        box = self._box
        if box is None:
            return
        self._also = frozenset({box.step.name})
        left = self._lefts()[box.part]
        region = Region(left, box.row, self._widths[box.part], 1)
        self.scroll_to_region(region, animate=False)
        self.refresh()
        same = [each.step for row in self._boxes for each in row if each.step.name == box.step.name]
        self.post_message(self.Pointed(self, box.step, same))

    def mark(self, lines: Collection[int]) -> Sequence[Step]:
        """Highlights the steps that stand in these lines; gives them."""
        wanted = set(lines)
        found = [box for row in self._boxes for box in row if box.step.lines & wanted]
        self._also = frozenset(box.step.name for box in found)
        if found:
            self._row, self._part = found[0].row, found[0].part
            self.scroll_to_region(Region(0, found[0].row, 1, 1), animate=False)
        self.refresh()
        return [box.step for box in found]

    # --- drawing ---------------------------------------------------------------------------

    def _lefts(self) -> dict[str, int]:
        source, transform = self._widths["source"], self._widths["transform"]
        return {"source": 0, "transform": source + 5, "target": source + transform + 9}

    def render_line(self, y: int) -> Strip:
        row = y + self.scroll_offset.y
        style = self.rich_style
        if row >= len(self._boxes):
            return Strip.blank(self.size.width, style)
        strip = Strip(self._segments(row), None)
        x = self.scroll_offset.x
        return strip.crop_extend(x, x + self.size.width, style).apply_style(style)

    def _segments(self, row: int) -> list[Segment]:
        if row in self._heads:
            return [Segment(self._heads[row], _HEAD)]
        boxes = {box.part: box for box in self._boxes[row]}
        joint = self._joints[row]
        has_target = "target" in boxes
        line = self._piece(boxes.get("source"), "source")
        transform = boxes.get("transform")
        if transform is None and has_target:
            through = "─" * self._widths["transform"]
            line.append(Segment(f" ─{joint}──{through}──> "))
        else:
            line.append(Segment(f" ─{joint}{'─ ' if has_target else '  '}" if joint else "     "))
            line += self._piece(transform, "transform")
            line.append(Segment(" ─> " if has_target else "    "))
        return line + self._piece(boxes.get("target"), "target")

    def _piece(self, box: _Box | None, part: str) -> list[Segment]:
        width = self._widths[part]
        if box is None:
            return [Segment(" " * width)]
        text = _fit(self._label(box.step), width)
        style = None
        if self.has_focus and box == self._box:
            style = _HERE
        elif box.step.name in self._also:
            style = _SAME
        return [Segment(text, style)]


def _table(step: Step) -> str:
    return step.label.rpartition(".")[0]


def _column(label: str) -> str:
    return label.rpartition(".")[2]


def _fit(text: str, width: int) -> str:
    return set_cell_size(
        text if cell_len(text) <= width else set_cell_size(text, width - 1) + "…", width
    )
