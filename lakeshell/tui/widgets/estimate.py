"""The line below the editor: where statements run, and what the one under the cursor would scan."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from textual.timer import Timer
from textual.widgets import Static

from lakeshell.cost.prices import money_text
from lakeshell.cost.sizes import size_text
from lakeshell.errors import LakeshellError, QueryFailed
from lakeshell.query.parameters import asked_for, bind
from lakeshell.query.statement import is_blank, statement_under
from lakeshell.tui.safe import shown

if TYPE_CHECKING:
    from decimal import Decimal

    from lakeshell.lake import Lake
    from lakeshell.model import Estimate
    from lakeshell.ports import Session
    from lakeshell.tui.screens.base import LakeScreen

_FIRST_HINT = "F5 runs the statement under the cursor, F6 all; F10 sets database and workgroup"
_PAUSE = 0.4
"""Seconds without a key after which the estimate is made anew."""
_ESTIMATED = 100_000
"""Characters up to which that is done: splitting statements takes the time of keys from them."""


class EstimateLine(Static):
    DEFAULT_CSS = """
    EstimateLine { height: 1; padding: 0 1; text-wrap: nowrap; text-overflow: ellipsis; background: $surface; }
    """

    def __init__(
        self,
        lake: Lake,
        place: Callable[[], str],
        session: Callable[[], Session],
        values: Callable[[], Mapping[str, str]],
        *,
        id: str,
    ) -> None:
        """`place` says where statements run; `session` is called on threads."""
        super().__init__(id=id, markup=False)
        self._lake, self._place, self._session, self._values = lake, place, session, values
        self._timer: Timer | None = None
        self._said = _FIRST_HINT

    @property
    def _estimating(self) -> str:
        """Of this line, among those of all tabs."""
        return f"estimate {id(self)}"

    def say(self, text: str) -> None:
        self._said = text
        self.draw()

    def draw(self) -> None:
        parts = [part for part in (self._place(), self._said) if part]
        self.update(shown("  |  ".join(parts)), layout=False)

    def later(self, text: Callable[[], str], place: Callable[[], tuple[int, int]]) -> None:
        """When no key came for a while."""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_PAUSE, lambda: self.make(text(), place()))

    def make(self, text: str, place: tuple[int, int]) -> None:
        host: LakeScreen = self.screen  # type: ignore[assignment]
        if is_blank(text):
            # What was said of a text that is gone holds no longer.
            host.background.forget(self._estimating)
            self.say(_FIRST_HINT)
            return
        if len(text) > _ESTIMATED:
            self.say(f"{len(text):,} characters are too many for an estimate while you type")
            return
        host.ask(self._estimating, lambda: self._made(text, place), self._show, self._fail)

    def _made(self, text: str, place: tuple[int, int]) -> tuple[Estimate, Decimal | None] | str:
        from lakeshell.query.limits import estimate
        from lakeshell.query.order import Order

        statement = statement_under(self._lake.engine.split(text), *place)
        if statement is None:
            return ""
        values = self._values()
        lacking = [name for name in asked_for(statement.text) if name not in values]
        if lacking:
            named = ", ".join(name if name.isdecimal() else f":{name}" for name in lacking)
            return f"asks for {named} when it runs"
        sql, literals = bind(statement.text, values)
        session = replace(self._session())
        return estimate(Order(sql, literals), session, self._lake.services)

    def _show(self, found: tuple[Estimate, Decimal | None] | str) -> None:
        if isinstance(found, str):
            self.say(found)
            return
        made, cost = found
        files = f" in {made.files:,} file{'' if made.files == 1 else 's'}" if made.files else ""
        if made.scanned is None:
            self.say(f"not metered: read in place from {', '.join(made.unmetered)}")
            return
        currency = self._lake.services.prices.currency
        money = "" if cost is None else f", {money_text(cost)} {currency}"
        self.say(f"would scan {size_text(made.scanned)}{files}{money}")

    def _fail(self, error: BaseException) -> None:
        """Half a statement is no error yet: what is wrong is said quietly."""
        where = ""
        if isinstance(error, QueryFailed) and error.line is not None:
            where = f"{error.line}:{error.column} "
        self.say(where + (error.message if isinstance(error, LakeshellError) else repr(error)))
