"""A job's flow beside its script: a step of one shows its lines in the other, and the reverse."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container, Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from lakeshell.etl.flow import Flow, Step
from lakeshell.etl.job import Job
from lakeshell.tui.safe import shown
from lakeshell.tui.widgets.area import LANGUAGES, ScriptView
from lakeshell.tui.widgets.flowmap import FlowMap

_KEYS = "arrows walk the flow, Tab to the script and back, Esc closes"


class FlowScreen(ModalScreen[None]):
    BINDINGS = [
        Binding("escape,q", "dismiss", "Close"),
        Binding("tab,shift+tab,f4", "other", "Flow/script", priority=True),
    ]
    DEFAULT_CSS = """
    FlowScreen #halves { height: 1fr; layout: vertical; }
    FlowScreen.-wide #halves { layout: horizontal; }
    FlowScreen FlowMap { width: 100%; height: 1fr; }
    FlowScreen ScriptView { width: 100%; height: 1fr; border-top: solid $panel; }
    FlowScreen ScriptView:focus { border-top: solid $primary; }
    FlowScreen.-wide FlowMap { width: 1fr; }
    FlowScreen.-wide ScriptView { width: 1fr; border-top: none; border-left: solid $panel; }
    FlowScreen.-wide ScriptView:focus { border-left: solid $primary; }
    FlowScreen #step { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; background: $panel; }
    """

    def __init__(self, job: Job, script: str, flow: Flow) -> None:
        super().__init__()
        self._job, self._script, self._flow = job, script, flow

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog whole"):
            yield Static(shown(f"{self._job.name}: {_KEYS}"), classes="title")
            with Container(id="halves"):
                yield FlowMap()
                yield ScriptView(self._script, LANGUAGES.get(self._job.script.suffix))
            yield Static(id="step", markup=False)

    def on_mount(self) -> None:
        self.query_one(FlowMap).draw(self._flow)
        self._say("; ".join(self._flow.notes))
        (self.query_one(FlowMap) if self._flow.lanes else self.query_one(ScriptView)).focus()

    def action_other(self) -> None:
        flow, script = self.query_one(FlowMap), self.query_one(ScriptView)
        (script if flow.has_focus and self._flow.lanes else flow).focus()
        if not self._flow.lanes:
            script.focus()

    def on_flow_map_pointed(self, event: FlowMap.Pointed) -> None:
        lines = frozenset[int]().union(*(step.lines for step in event.same))
        self.query_one(ScriptView).mark(lines)
        self._say(f"{event.step.kind} {event.step.label} {event.step.detail}   {_lines(lines)}")

    def on_script_view_moved(self, event: ScriptView.Moved) -> None:
        script = self.query_one(ScriptView)
        if not script.has_focus:
            return
        script.mark(())
        found = self.query_one(FlowMap).mark([event.line])
        self._say(f"line {event.line}: {_named(found)}")

    def _say(self, text: str) -> None:
        self.query_one("#step", Static).update(shown(text))


def _lines(lines: frozenset[int]) -> str:
    """`lines 4-6, 9`"""
    if not lines:
        return "in no line of the script"
    runs: list[list[int]] = []
    for line in sorted(lines):
        if runs and line == runs[-1][1] + 1:
            runs[-1][1] = line
        else:
            runs.append([line, line])
    said = [str(first) if first == last else f"{first}-{last}" for first, last in runs]
    return f"line{'' if len(lines) == 1 else 's'} {', '.join(said)}"


def _named(steps: Sequence[Step]) -> str:
    names = dict.fromkeys(f"{step.kind} {step.label}" for step in steps)
    return ", ".join(names) or "no column"
