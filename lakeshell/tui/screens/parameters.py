"""The values of a statement's parameters, asked for before it runs: `:name` and `?`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from lakeshell.query.parameters import literal
from lakeshell.tui.safe import shown


class ParametersScreen(ModalScreen[dict[str, str] | None]):
    """Enter goes on, and runs from the last field; None when it was left with Esc. Below the fields
    stands what each value means in SQL."""

    AUTO_FOCUS = "Input"
    BINDINGS = [
        Binding("escape", "dismiss(None)", "Cancel"),
        Binding("f5", "run", "Run", priority=True),
        Binding("enter", "go_on", "Next, or run", priority=True, show=False),
        Binding("tab,down", "app.focus_next", "Next", priority=True, show=False),
        Binding("shift+tab,up", "app.focus_previous", "Before", priority=True, show=False),
    ]
    DEFAULT_CSS = """
    ParametersScreen .field { height: 1; layout: horizontal; }
    ParametersScreen .label { width: 16; height: 1; color: $foreground-muted; }
    ParametersScreen .field Input { width: 1fr; }
    """

    def __init__(self, names: Sequence[str], values: Mapping[str, str]) -> None:
        super().__init__()
        self._names, self._values = names, values

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("Values of the parameters   F5 runs, Esc leaves it", classes="title")
            with VerticalScroll(can_focus=False):
                for number, name in enumerate(self._names):
                    label = f"? number {name}" if name.isdecimal() else f":{name}"
                    with Horizontal(classes="field"):
                        yield Static(shown(label), classes="label")
                        yield Input(self._values.get(name, ""), id=f"parameter{number}")
            yield Static(id="meaning", markup=False)

    def on_mount(self) -> None:
        self._explain()

    def on_input_changed(self) -> None:
        self._explain()

    @property
    def _given(self) -> dict[str, str]:
        return {
            name: self.query_one(f"#parameter{number}", Input).value
            for number, name in enumerate(self._names)
        }

    def _explain(self) -> None:
        meant = ", ".join(literal(value) for value in self._given.values())
        self.query_one("#meaning", Static).update(
            shown(f"in SQL: {meant}   (numbers, true, null, DATE '…' as such; the rest is text)")
        )

    def action_go_on(self) -> None:
        focused = self.focused
        if focused is None or focused.id == f"parameter{len(self._names) - 1}":
            self.action_run()
        else:
            self.focus_next()

    def action_run(self) -> None:
        # Behind the keys that the field was sent before.
        (self.focused or self).call_later(self._take)

    def _take(self) -> None:
        self.dismiss(self._given)
