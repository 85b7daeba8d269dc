"""Records that the ledger did not take at the end of their query or run: kept in the lake until it
does.

In: the record of a query or run that has ended, while the ledger is away, locked or damaged. Out: the
same in the ledger, once that answers: what was spent counts, whatever happened to the server.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from pathlib import Path

from lakeshell.errors import ConnectionFailed, LakeshellError
from lakeshell.ledger.records import QUERY, RUN, of_query, of_run, to_query, to_run
from lakeshell.model import QueryRecord, RunRecord
from lakeshell.ports import Ledger

_OF_RUNS = ".run"


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
