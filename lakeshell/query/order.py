"""A statement to run, and what statements are run with. Values, nothing more."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from lakeshell.cost.prices import QueryPrices
from lakeshell.errors import QueryFailed
from lakeshell.ports import Engine, Late, Ledger
from lakeshell.query.results import Results
from lakeshell.query.turns import Turns
from lakeshell.workgroup import Workgroup

if TYPE_CHECKING:
    from lakeshell.query.completion import Vocabulary


@dataclass(frozen=True, slots=True)
class Services:
    """What statements are run with; the composition root fills it in. The clock gives UTC;
    `history_keep` in seconds, 0 is for ever. `turns` is the local queue, None where a server has its own."""

    engine: Callable[[], Engine]
    ledger: Ledger
    workgroup: Callable[[str], Workgroup]
    prices: QueryPrices
    results: Results | None = None
    history_keep: int = 0
    turns: Turns | None = None
    engine_name: str = "duckdb"
    announce: Callable[[Workgroup], None] = lambda group: None
    """Told that a query of a workgroup with a budget has ended."""
    late: Late | None = None
    """Where the records wait that the ledger did not take."""
    notice: Callable[[str], None] = lambda text: None
    words: Callable[[str | None], Vocabulary] | None = None
    """The names that statements of a session in a database may use, for the hint of an error."""
    now: Callable[[], datetime] = lambda: datetime.now(UTC)

    def help_with(self, error: QueryFailed, sql: str, database: str | None) -> None:
        """Says of an unknown name which is near, where that can be known."""
        if self.words is None or error.hint:
            return
        # Read when a statement failed, and not by every one.
        from lakeshell.query.meant import help_with

        words = self.words
        help_with(error, sql, lambda: words(database))


@dataclass(frozen=True, slots=True)
class Order:
    """One statement to run. `parameters` are SQL literals for its `?`s, `timeout` in seconds;
    `text` is what the history keeps, where it is not the statement itself; `reuse` the age in
    seconds up to which an older result will do, None is the workgroup's."""

    sql: str
    parameters: Sequence[str] = ()
    timeout: float | None = None
    text: str | None = None
    job_run: str = ""
    keep_result: bool = True
    reuse: int | None = None
