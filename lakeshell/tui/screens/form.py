"""A form: fields that are checked while they are typed, and the command that would do the same."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.widgets import Button, Input, Static

from lakeshell.errors import LakeshellError, command_line
from lakeshell.tui.safe import shown, shown_lines
from lakeshell.tui.screens.edited import Edited
from lakeshell.tui.screens.writing import WritingScreen
from lakeshell.tui.widgets.line import LineInput

Values = Mapping[str, str]
_AROUND, _BUTTONS = 9, 2
"""Lines of a form around its fields: border, title, what is wrong, the command; buttons."""
_TALL = 20
"""Lines of a window from which on it has buttons."""


@dataclass(frozen=True, slots=True)
class Field:
    """`check` raises `ValueError` or a `LakeshellError` for a text that is not right; it is not asked
    about an empty one. `hint` stands in the empty field."""

    name: str
    label: str
    hint: str = ""
    value: str = ""
    required: bool = False
    check: Callable[[str], object] = str


class FormScreen(WritingScreen):
    """`make` writes what was typed, on a thread. `command` gives the words that do the same in a
    shell. `edited` reads the fields anew where the form changes something that is there."""

    AUTO_FOCUS = "Input"
    BINDINGS = [
        Binding("escape", "dismiss(False)", "Cancel"),
        Binding("f5,ctrl+s", "submit", "Write", priority=True),
        # Of priority, so that what is typed ahead of a slow screen lands in the field after them.
        Binding("tab,down", "app.focus_next", "Next field", priority=True, show=False),
        Binding("shift+tab,up", "app.focus_previous", "Field before", priority=True, show=False),
        Binding("enter", "go_on", "Next field, or write", priority=True, show=False),
    ]
    DEFAULT_CSS = """
    FormScreen .field { height: 1; layout: horizontal; }
    FormScreen .label { width: 16; height: 1; color: $foreground-muted; }
    FormScreen .field Input { width: 1fr; }
    FormScreen #wrong { height: auto; color: $error; }
    FormScreen #command { height: auto; color: $accent; margin-top: 1; }
    """

    def __init__(
        self,
        title: str,
        fields: Sequence[Field],
        make: Callable[[Values], object],
        command: Callable[[Values], Sequence[str]],
        edited: Edited[Sequence[Field]] | None = None,
    ) -> None:
        super().__init__(edited)
        self._heading, self._fields = title, fields
        self._make, self._command = make, command
        self._said = ""

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(shown(f"{self._heading}   F5 writes it, Esc leaves it"), classes="title")
            with VerticalScroll(can_focus=False):
                for field in self._fields:
                    with Horizontal(classes="field"):
                        star = "*" if field.required else ""
                        yield Static(shown(field.label + star), classes="label")
                        yield LineInput(
                            field.value,
                            placeholder=field.hint,
                            id=field.name,
                            # A letter typed into what is there does not take all of it away.
                            select_on_focus=False,
                        )
            yield Static(id="wrong", markup=False)
            yield Static(id="command", markup=False)
            with Horizontal(classes="buttons"):
                yield Button("Cancel", id="cancel_button")
                yield Button("Write (F5)", id="write_button", variant="primary")

    def on_mount(self) -> None:
        super().on_mount()
        self._check()

    def on_resize(self) -> None:
        """What is wrong and the command are in sight, however many fields there are."""
        height = self.size.height
        rest = _AROUND if height >= _TALL else _AROUND - _BUTTONS
        self.query_one(VerticalScroll).styles.max_height = max(1, height - rest)

    def values(self) -> dict[str, str]:
        return {f.name: self.query_one(f"#{f.name}", Input).value.strip() for f in self._fields}

    def refill(self, found: Sequence[Field]) -> None:
        self._fields = found
        for field in found:
            self.query_one(f"#{field.name}", Input).value = field.value
        self.complain("")

    def on_input_changed(self, event: Input.Changed) -> None:
        self._said = ""
        self._check()

    def action_go_on(self) -> None:
        """Enter goes on, and writes from the last field."""
        focused = self.focused
        if isinstance(focused, Button):
            focused.press()
        elif focused is not None and focused.id == self._fields[-1].name:
            self.action_submit()
        else:
            self.focus_next()

    def _check(self) -> str:
        """What is wrong first; empty when nothing is."""
        given = self.values()
        typed: list[str] = []
        missing: list[str] = []
        for field in self._fields:
            reason = _wrong(field, given[field.name])
            shows = bool(reason) and bool(given[field.name])
            self.query_one(f"#{field.name}", Input).set_class(shows, "-invalid")
            if reason:
                (typed if shows else missing).append(f"{field.label}: {reason}")
        # What was typed wrongly comes before what was not typed yet.
        wrong = next(iter([*typed, *missing]), "")
        said = "\n".join(filter(None, (wrong, self._said)))
        self.query_one("#wrong", Static).update(shown_lines(said))
        line = command_line(*self._command(given))
        self.query_one("#command", Static).update(shown(f"$ {line}"))
        return wrong

    def complain(self, text: str) -> None:
        self._said = text
        self._check()

    def action_submit(self) -> None:
        # Behind the keys that the field was sent before.
        (self.focused or self).call_later(self._submit)

    def _submit(self) -> None:
        if self._check():
            return
        given = self.values()
        self.write(lambda: self._make(given))

    def on_button_pressed(self, event: Button.Pressed) -> None:
        if event.button.id == "write_button":
            self.action_submit()
        else:
            self.dismiss(False)


def _wrong(field: Field, text: str) -> str:
    if not text:
        return "is needed" if field.required else ""
    try:
        field.check(text)
    except LakeshellError as error:
        return error.message
    except ValueError as error:
        return f"it must be {error}"
    return ""


def options(**given: Any) -> list[str]:
    """`--name VALUE` for each that is not empty; several for a list."""
    words: list[str] = []
    for name, value in given.items():
        for each in value if isinstance(value, list | tuple) else [value]:
            if each:
                words += [f"--{name.replace('_', '-')}", str(each)]
    return words


def changed(given: Values, fields: Sequence[Field], free: Sequence[str] = ()) -> dict[str, str]:
    """The values that are not what the fields began with; what was emptied is `none`, and of the
    `free` texts an empty one."""
    before = {field.name: field.value for field in fields}
    return {
        name: value or ("" if name in free else "none")
        for name, value in given.items()
        if value != before[name]
    }


def set_options(changes: Mapping[str, str], lists: Sequence[str] = ()) -> list[str]:
    """The words of a `set` command. The values of `lists` are several, by blanks."""
    words: list[str] = []
    for name, value in changes.items():
        for each in listed(value) if name in lists else [value]:
            words += [f"--{name.replace('_', '-')}", each]
    return words


_EACH = re.compile(r""""((?:[^"]|"")*)"(?=\s|$)|'([^']*)'(?=\s|$)|(\S+)""")


def listed(text: str) -> tuple[str, ...]:
    """A field of several values: by blanks, one that has a blank in quotes."""
    return tuple(
        plain or single or double.replace('""', '"')
        for double, single, plain in _EACH.findall(text)
    )


def several(values: Iterable[str]) -> str:
    """Values as `listed` reads them."""
    return " ".join(_in_quotes(value) for value in values)


def _in_quotes(value: str) -> str:
    if value.split() == [value] and not value.startswith(("'", '"')):
        return value
    return '"' + value.replace('"', '""') + '"'
