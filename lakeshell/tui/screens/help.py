"""F1: the keys of the screen that it was pressed on, with the names that `console.toml` maps."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, Screen
from textual.widgets import Static

from lakeshell.tui.registry import ENTRIES

_HEAD = "Keys of this screen"
_GO = "Screens: a digit where nothing is typed, Alt and the digit everywhere, or a click"


class HelpScreen(ModalScreen[None]):
    BINDINGS = [Binding("escape,f1,q", "dismiss", "Close", priority=True)]

    def __init__(self, about: Screen[object]) -> None:
        super().__init__()
        self._keys = self._read(about)

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("Help: Esc closes", classes="title", markup=False)
            with VerticalScroll():
                yield Static(self._text(), classes="text", markup=False)

    def _read(self, about: Screen[object]) -> list[tuple[str, str, str]]:
        """(key, what it does, the action's name in the file of keys), each action once."""
        found: dict[tuple[str, str], list[str]] = {}
        for active in about.active_bindings.values():
            binding = active.binding
            if not binding.description or binding.action.startswith("go("):
                continue
            key = about.app.get_key_display(binding)
            keys = found.setdefault((binding.description, binding.id or ""), [])
            if key not in keys:
                keys.append(key)
        return [(", ".join(keys), what, name) for (what, name), keys in found.items()]

    def _text(self) -> Content:
        width = min(24, max((len(key) for key, _, _ in self._keys), default=0))
        lines = [Content.styled(_HEAD, "bold")]
        for key, what, name in sorted(self._keys, key=lambda row: not row[2]):
            named = Content.styled(f"  {name}", "dim") if name else Content("")
            lines.append(Content(f"{key:<{width}}  {what}") + named)
        lines += [Content(""), Content.styled(_GO, "bold")]
        lines += [Content(f"{entry.key}  {entry.title:<12} {entry.help}") for entry in ENTRIES]
        lines += [
            Content(""),
            Content("Ctrl+P  finds every screen and command by name; Tab moves between the parts."),
            Content("Other keys: [keys] in console.toml, by the names shown here."),
        ]
        return Content("\n").join(lines)
