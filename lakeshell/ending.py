"""The end of a query or run, told to the ledger: at once, when it is back, or kept until it is.

In: a record of what has ended, the ledger, and where records wait that it does not take. Out: the
record in one of them, or what hindered both.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from lakeshell.errors import ConnectionFailed, LakeshellError
from lakeshell.model import QueryRecord, RunRecord
from lakeshell.ports import Late, Ledger

BACK, _PAUSE = 30.0, 0.5
"""Seconds that the ledger's server is waited for at an end, and between two looks."""


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
