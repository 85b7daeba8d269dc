"""A screen about one kind of definition: a list, and a sheet about the chosen one."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Sequence
from typing import ClassVar, TypeVar

from textual.app import ComposeResult
from textual.containers import Container
from textual.content import Content

from lakeshell.errors import LakeshellError
from lakeshell.tui.safe import shown, shown_lines
from lakeshell.tui.screens.asking import LineScreen
from lakeshell.tui.screens.base import LakeScreen
from lakeshell.tui.screens.edited import Edited
from lakeshell.tui.screens.form import Field, FormScreen, Values
from lakeshell.tui.widgets.listing import Listing
from lakeshell.tui.widgets.sheet import Sheet

Row = tuple[str, tuple[object, ...]]


T = TypeVar("T")


def described(
    names: Sequence[str], get: Callable[[str], T], row: Callable[[T], tuple[object, ...]]
) -> Sequence[Row]:
    """A row for each definition; of a file that cannot be read its name and why, so that one wrong
    file hides no other."""
    made: list[Row] = []
    for name in names:
        try:
            made.append((name, row(get(name))))
        except LakeshellError:
            made.append((name, (name, "error: it cannot be read")))
    return made


class NounScreen(LakeScreen):
    """`rows` and `sheet` read, on threads; the rest draws."""

    columns: ClassVar[Sequence[str]]
    nothing: ClassVar[str] = "none yet: a adds one"
    AUTO_FOCUS = "#list"
    DEFAULT_CSS = """
    NounScreen #split { height: 1fr; layout: vertical; }
    NounScreen.-wide #split { layout: horizontal; }
    NounScreen #list { height: 1fr; scrollbar-size: 1 1; }
    NounScreen #sheet { height: 1fr; border-top: solid $panel; }
    NounScreen.-wide #list { height: 1fr; width: 2fr; }
    NounScreen.-wide #sheet { height: 1fr; width: 3fr; border-top: none; border-left: solid $panel; }
    """

    def body(self) -> ComposeResult:
        with Container(id="split"):
            yield Listing(self.columns, id="list")
            yield Sheet(id="sheet")

    def rows(self) -> Sequence[Row]:
        """(key, values) of each; called on a thread."""
        raise NotImplementedError

    def sheet(self, key: str) -> Sequence[Content]:
        """What there is to say of one; called on a thread."""
        raise NotImplementedError

    # --- drawing ---------------------------------------------------------------------------

    @property
    def listing(self) -> Listing:
        return self.query_one("#list", Listing)

    @property
    def chosen(self) -> str | None:
        return self.listing.chosen

    def look(self) -> None:
        self.ask("rows", self.rows, self.draw_rows)

    _written: str | None = None
    """The key of what a form wrote, until its row is drawn."""

    def draw_rows(self, found: Sequence[Row]) -> None:
        self.listing.draw(found)
        if self._written is not None:
            self.listing.choose(self._written)
            self._written = None
        if found:
            self.look_closer()
        else:
            # What is still read of one that was there.
            self.background.forget("sheet")
            self.query_one(Sheet).draw([shown_lines(self.nothing, "dim")])

    def look_closer(self) -> None:
        """Reads the sheet of the chosen one anew."""
        key = self.chosen
        if key is not None:
            self.ask("sheet", lambda: self.sheet(key), self.query_one(Sheet).draw, self._no_sheet)

    def _no_sheet(self, error: BaseException) -> None:
        from lakeshell.tui.background import said

        message, hint = said(error)
        sheet = self.query_one(Sheet)
        lines = textwrap.wrap(f"error: {message}", max(20, sheet.size.width - 3))
        sheet.draw([*(shown(line, "$error") for line in lines), shown(hint)])

    # --- adding, changing, removing --------------------------------------------------------

    def fill_in(
        self, form: FormScreen, then: Callable[[Values], object] = lambda given: None
    ) -> None:
        """Looks again when the form wrote something, and chooses what has a name by it since."""

        def take(made: bool | None) -> None:
            if made:
                given = form.values()
                self._written = self.key_of(given)
                then(given)
                self.look()

        self.app.push_screen(form, take)

    def key_of(self, given: Values) -> str | None:
        """The row of what a form wrote; None of a form without a name: the chosen one was changed."""
        return given.get("name")

    def edit(
        self,
        title: str,
        edited: Edited[Sequence[Field]],
        make: Callable[[Values], object],
        command: Callable[[Values, Sequence[Field]], Sequence[str]],
    ) -> None:
        """A form of what is there already. `command` is told the fields as they were, too."""

        def draw(fields: Sequence[Field]) -> None:
            self.fill_in(
                FormScreen(title, fields, make, lambda given: command(given, fields), edited)
            )

        self.ask("edit", edited.open, draw)

    def remove_named(self, name: str, work: Callable[[], object], note: str) -> None:
        """Asks for the name to be typed, and removes it."""

        def take(typed: str | None) -> None:
            if typed == name:
                self.ask("remove", work, lambda _: self.look())
            elif typed:
                self.status(f"{name} was not removed: {typed} was typed")

        self.app.push_screen(LineScreen(f"Type {name} to remove it", "", note), take)

    def on_listing_chosen(self, event: Listing.Chosen) -> None:
        event.stop()
        if event.key is not None:
            self.look_closer()
