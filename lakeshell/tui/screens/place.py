"""Where a tab's statements run: the workgroup, and the database of names without one."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from lakeshell.tui.safe import shown

Chosen = tuple[str | None, str | None]
_DEFAULT = "(the lake's default)"


class PlaceScreen(ModalScreen[Chosen | None]):
    """Enter takes both lists as they are highlighted; Tab goes from one to the other."""

    BINDINGS = [Binding("escape", "dismiss(None)", "Cancel")]
    DEFAULT_CSS = """
    PlaceScreen Horizontal { height: auto; max-height: 14; }
    PlaceScreen .half { width: 1fr; height: auto; }
    PlaceScreen OptionList { height: auto; max-height: 12; border: none; background: $surface; }
    """

    def __init__(
        self,
        workgroups: Sequence[str],
        databases: Sequence[str],
        workgroup: str | None,
        database: str | None,
    ) -> None:
        super().__init__()
        self._lists = {"databases": databases, "workgroups": workgroups}
        self._now = {"databases": database, "workgroups": workgroup}

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static("Where statements run (Enter takes both, Tab, Esc)", classes="title")
            with Horizontal():
                for name in self._lists:
                    with Vertical(classes="half"):
                        yield Static(name[:-1].capitalize(), classes="text")
                        yield self._list(name)

    def _list(self, name: str) -> OptionList:
        names = [_DEFAULT, *self._lists[name]]
        made = OptionList(*(Option(shown(each)) for each in names), id=name, compact=True)
        now = self._now[name]
        made.highlighted = names.index(now) if now in names else 0
        return made

    def on_option_list_option_selected(self) -> None:
        self.dismiss((self._chosen("workgroups"), self._chosen("databases")))

    def _chosen(self, name: str) -> str | None:
        at = self.query_one(f"#{name}", OptionList).highlighted or 0
        return None if at == 0 else self._lists[name][at - 1]
