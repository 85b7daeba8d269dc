"""The end of a query or run, told to the ledger: at once, when it is back, or kept until it is.

In: a record of what has ended, the ledger, and where records wait that it does not take. Out: the
record in one of them, or what hindered both. What ends a run is made its record here as well, for
jobs and crawlers alike.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from lakeshell.errors import Cancelled, ConnectionFailed, Interrupted, LakeshellError
from lakeshell.model import QueryRecord, QueryState, RunRecord
from lakeshell.ports import Late, Ledger

BACK, _PAUSE = 30.0, 0.5
"""Seconds that the ledger's server is waited for at an end, and between two looks."""


@contextmanager
def run_under_way(
    record: RunRecord,
    ledger: Ledger,
    late: Late | None,
    notice: Callable[[str], None],
    *,
    price: Callable[[float], tuple[Decimal, str]],
    now: Callable[[], datetime],
) -> Iterator[Callable[..., RunRecord]]:
    """Begins a run, and ends its record where an error leaves this. Gives what makes its record when
    it has finished, from the fields that it then has; that one is the caller's to end."""
    ledger.begin_run(record)
    began = time.monotonic()

    def ended(state: QueryState, **fields: Any) -> RunRecord:
        elapsed = time.monotonic() - began
        cost, currency = price(elapsed)
        return replace(
            record,
            state=state,
            finished=now(),
            elapsed=elapsed,
            cost=cost,
            currency=currency,
            **fields,
        )

    try:
        yield lambda **fields: ended(QueryState.FINISHED, **fields)
    except BaseException as error:
        state, message = ending_of(error)
        waits = state is not QueryState.CANCELLED
        # What ended the run is worth more than what hinders its record, which is closed later, as
        # that of a process that died.
        with suppress(LakeshellError):
            end_record(ended(state, error=message), ledger, late, notice, waits=waits)
        raise


def ending_of(error: BaseException) -> tuple[QueryState, str]:
    """How a run has ended that an error ended, and what its record says of it."""
    is_stopped = not isinstance(error, Exception) or isinstance(error, Cancelled | Interrupted)
    message = error.message if isinstance(error, LakeshellError) else repr(error)
    return (QueryState.CANCELLED if is_stopped else QueryState.FAILED), message


def end_record(
    record: QueryRecord | RunRecord,
    ledger: Ledger,
    late: Late | None,
    notice: Callable[[str], None],
    *,
    waits: bool = True,
) -> bool:
    """Whether the ledger took it, now and not later; `notice` is told why not. Raises what hindered it
    where it cannot be kept either, and an interrupt when it is kept."""
    try:
        _tell(record, ledger, BACK if waits else 0)
    except (LakeshellError, KeyboardInterrupt) as error:
        what = "query" if isinstance(record, QueryRecord) else "run"
        is_kept = late is not None and late.keep(record)
        if is_kept and late is not None and isinstance(error, LakeshellError):
            notice(
                f"{error.message}; the record of {what} {record.id} is kept in {late.folder} until "
                f"the ledger takes it: {error.hint}"
            )
        if not is_kept and isinstance(error, ConnectionFailed):
            error.hint = f"the {what} has ended, and is not recorded; {error.hint}"
        if not is_kept or isinstance(error, KeyboardInterrupt):
            raise
        return False
    return True


def _tell(record: QueryRecord | RunRecord, ledger: Ledger, patience: float) -> None:
    """One that is just being started again is waited for: what was spent counts."""
    until = time.monotonic() + patience
    while True:
        try:
            if isinstance(record, QueryRecord):
                return ledger.end(record)
            return ledger.end_run(record)
        except ConnectionFailed:
            if time.monotonic() >= until:
                raise
        time.sleep(_PAUSE)
