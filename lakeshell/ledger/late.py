"""Records that the ledger did not take at the end of their query or run: kept in the lake until it
does.

In: the record of a query or run that has ended, while the ledger is away, locked or damaged. Out: the
same in the ledger, once that answers: what was spent counts, whatever happened to the server.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from lakeshell.errors import ConnectionFailed, LakeshellError
from lakeshell.ledger.records import QUERY, RUN, of_query, of_run, to_query, to_run
from lakeshell.model import QueryRecord, RunRecord
from lakeshell.ports import Late, Ledger

BACK, _PAUSE = 30.0, 0.5
"""Seconds that the ledger's server is waited for at an end, and between two looks."""
_OF_RUNS = ".run"


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


class LateRecords:
    """`ports.Late`: a folder, one file each; any number of processes use it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def keep(self, record: QueryRecord | RunRecord) -> bool:
        if isinstance(record, QueryRecord):
            values, ending = dict(zip(QUERY, of_query(record), strict=True)), ""
        else:
            values, ending = dict(zip(RUN, of_run(record), strict=True)), _OF_RUNS
        part = self.folder / f"{record.id}{ending}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            with part.open("w", encoding="utf-8") as file:
                json.dump(values, file)
                file.flush()
                os.fsync(file.fileno())
            part.replace(part.with_suffix(".json"))
        except OSError:
            with suppress(OSError):
                part.unlink(missing_ok=True)
            return False
        return True

    def bring(self, ledger: Ledger) -> None:
        for path in sorted(self.folder.glob("*.json")):
            try:
                values = json.loads(path.read_text(encoding="utf-8"))
                if path.stem.endswith(_OF_RUNS):
                    ledger.end_run(to_run([values[name] for name in RUN]))
                else:
                    ledger.end(to_query([values[name] for name in QUERY]))
            except ConnectionFailed:
                return
            except (OSError, ValueError, LookupError, TypeError, LakeshellError):
                continue
            path.unlink(missing_ok=True)
