"""Versions of something: what each changed, or one as a whole; one of them may be chosen."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static

from lakeshell.tui.safe import shown
from lakeshell.tui.widgets.listing import Listing
from lakeshell.tui.widgets.sheet import Sheet

Drawn = Callable[[int], Sequence[Content]]
Compared = Callable[[int, int], Sequence[Content]]


class VersionsScreen(ModalScreen[int | None]):
    """The number of the version that was chosen; None when it was left. `rows` have the values of
    `columns` for each, oldest first; `opens` says what Enter does with one."""

    AUTO_FOCUS = "#versions"
    BINDINGS = [
        Binding("escape,q", "dismiss(None)", "Close"),
        Binding("d", "mark", "Compare with"),
        Binding("t", "text", "Whole/difference"),
    ]
    DEFAULT_CSS = """
    VersionsScreen #versions { height: 1fr; max-height: 12; }
    VersionsScreen Sheet { height: 2fr; border-top: solid $panel; }
    """

    def __init__(
        self,
        title: str,
        columns: Sequence[str],
        rows: Sequence[tuple[int, tuple[object, ...]]],
        whole: Drawn,
        difference: Compared,
        opens: str,
    ) -> None:
        super().__init__()
        self._heading = f"{title}: d compares with this one, t shows it whole, Enter {opens}"
        self._columns, self._rows = columns, rows
        self._drawn, self._difference = whole, difference
        self._mark: int | None = None
        self._is_whole = False

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog whole"):
            yield Static(shown(self._heading), classes="title")
            yield Listing(("version", *self._columns), id="versions")
            yield Sheet()

    def on_mount(self) -> None:
        newest_first = [(str(n), (n, *values)) for n, values in reversed(self._rows)]
        self.query_one(Listing).draw(newest_first)

    def on_listing_chosen(self, event: Listing.Chosen) -> None:
        event.stop()
        self._draw()

    def on_listing_opened(self, event: Listing.Opened) -> None:
        event.stop()
        self.dismiss(int(event.key))

    @property
    def _here(self) -> int:
        return int(self.query_one(Listing).chosen or self._rows[-1][0])

    def _draw(self) -> None:
        here = self._here
        earlier = [number for number, _ in self._rows if number < here]
        other = self._mark or (earlier[-1] if earlier else None)
        if self._is_whole or other is None:
            first = "" if other is not None else ", the first"
            parts = [shown(f"version {here}{first}", "bold"), *self._drawn(here)]
        else:
            old, new = sorted((other, here))
            head = shown(f"from version {old} to {new}", "bold")
            parts = [head, *self._difference(old, new)]
        self.query_one(Sheet).draw(parts)

    def action_mark(self) -> None:
        """Versions are compared with this one; once more, each with the one before it again."""
        self._mark = None if self._mark == self._here else self._here
        self._draw()

    def action_text(self) -> None:
        self._is_whole = not self._is_whole
        self._draw()
