"""The versions of a saved query: what each changed, or its whole text."""

from __future__ import annotations

from collections.abc import Sequence

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static

from lakeshell.definitions.library import difference
from lakeshell.model import SavedVersion
from lakeshell.tui.safe import shown, shown_lines
from lakeshell.tui.widgets.listing import Listing
from lakeshell.tui.widgets.sheet import Sheet
from lakeshell.tui.widgets.sheet import difference as drawn


class VersionsScreen(ModalScreen[SavedVersion | None]):
    """The version that shall be opened; None when it was left. `found` is oldest first."""

    AUTO_FOCUS = "#versions"
    BINDINGS = [
        Binding("escape,q", "dismiss(None)", "Close"),
        Binding("d", "mark", "Compare with"),
        Binding("t", "text", "Text/difference"),
    ]
    DEFAULT_CSS = """
    VersionsScreen #versions { height: 1fr; max-height: 12; }
    VersionsScreen Sheet { height: 2fr; border-top: solid $panel; }
    """

    def __init__(self, found: Sequence[SavedVersion]) -> None:
        super().__init__()
        self._versions = {str(version.version): version for version in found}
        self._mark: SavedVersion | None = None
        self._whole = False

    def compose(self) -> ComposeResult:
        name = next(iter(self._versions.values())).name
        keys = "d compares with this one, t shows the text, Enter opens it, Esc closes"
        with Vertical(classes="dialog whole"):
            yield Static(shown(f"{name}: {keys}"), classes="title")
            yield Listing(("version", "saved", "by", "lines"), id="versions")
            yield Sheet()

    def on_mount(self) -> None:
        rows = [
            (key, (v.version, v.saved, v.user, v.text.count("\n")))
            for key, v in reversed(self._versions.items())
        ]
        self.query_one(Listing).draw(rows)

    def on_listing_chosen(self, event: Listing.Chosen) -> None:
        event.stop()
        self._draw()

    def on_listing_opened(self, event: Listing.Opened) -> None:
        event.stop()
        self.dismiss(self._versions[event.key])

    @property
    def _here(self) -> SavedVersion:
        return self._versions[self.query_one(Listing).chosen or next(iter(self._versions))]

    def _draw(self) -> None:
        here = self._here
        sheet = self.query_one(Sheet)
        if self._whole:
            sheet.draw([shown(f"version {here.version}", "bold"), shown_lines(here.text)])
            return
        other = self._mark or self._versions.get(str(here.version - 1))
        if other is None:
            sheet.draw(
                [shown(f"version {here.version} is the first", "bold"), shown_lines(here.text)]
            )
            return
        old, new = sorted((other, here), key=lambda version: version.version)
        head = f"from version {old.version} to {new.version}"
        sheet.draw([shown(head, "bold"), drawn(difference(old, new))])

    def action_mark(self) -> None:
        """Versions are compared with this one; once more, each with the one before it again."""
        self._mark = None if self._mark is self._here else self._here
        self._draw()

    def action_text(self) -> None:
        self._whole = not self._whole
        self._draw()
