"""Trino's errors as ours: name, place and message kept, and what to do about it.

In: the `error` of a page. Out: the exception to raise.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from lakeshell.errors import (
    Cancelled,
    LakeshellError,
    LimitExceeded,
    QueryFailed,
    QueryRejected,
    TimedOut,
)
from lakeshell.workgroup import OVER_BUDGET, STOPPED

STARTING = "SERVER_STARTING_UP"
LOCKED = "LOCKED"
"""No code of Trino's: of whatever failed because a table is locked."""
NO_NODES = "NO_NODES_AVAILABLE"
"""Of a server that answers, and has not yet counted itself among those that work."""
_PLACED = re.compile(r"line \d+:\d+: ")
_LESS = "read less: fewer columns, a filter on a partition"
_DOCTOR = "`lakeshell doctor` checks every part and says what mends it"
_HELD = (
    "`lakeshell doctor` says who holds the table's lock; should that writer be dead: "
    "`lakeshell catalog unlock TABLE`"
)
_SHOWN = "`lakeshell workgroup show NAME` has its limits and what is spent of its budgets"
_STORAGE = f"is the object storage running, and has it room? {_DOCTOR}"
_GONE = (
    "a file of the table is gone or damaged: should the table have been dropped or rewritten, run it "
    "again; `lakeshell doctor` looks at its metadata"
)
_OF_PARTS = {
    "HIVE_METASTORE_ERROR": f"is the metastore running? {_DOCTOR}",
    "ICEBERG_CATALOG_ERROR": f"is the metastore running? {_DOCTOR}",
    "ICEBERG_FILESYSTEM_ERROR": _STORAGE,
    "ICEBERG_WRITER_OPEN_ERROR": _STORAGE,
    "ICEBERG_WRITER_CLOSE_ERROR": _STORAGE,
    "ICEBERG_COMMIT_ERROR": _STORAGE,
    "HIVE_FILESYSTEM_ERROR": _STORAGE,
    "HIVE_WRITER_OPEN_ERROR": _STORAGE,
    "HIVE_WRITER_CLOSE_ERROR": _STORAGE,
    "ICEBERG_CANNOT_OPEN_SPLIT": _GONE,
    "ICEBERG_MISSING_DATA": _GONE,
    "ICEBERG_INVALID_METADATA": _GONE,
    "ICEBERG_MISSING_METADATA": _GONE,
    "HIVE_CANNOT_OPEN_SPLIT": _GONE,
    "HIVE_FILE_NOT_FOUND": _GONE,
    "GENERIC_INTERNAL_ERROR": "",
    "JDBC_ERROR": "does the connection's database run, with the password that Trino was given?"
    " `lakeshell connection test NAME`, then `lakeshell stack up`",
    "CATALOG_NOT_FOUND": "SHOW CATALOGS lists those that Trino has",
}
"""What may come of a part of the stack that does not run, or was not told of something."""
_HINTS = _OF_PARTS | {
    STARTING: "see what it waits for: `lakeshell stack logs trino`",
    "CATALOG_NOT_AVAILABLE": _DOCTOR,
    NO_NODES: _DOCTOR,
    "QUERY_REJECTED": "an administrator gives this user or workgroup a resource group of Trino",
    "PERMISSION_DENIED": "an administrator grants it in Trino's access rules",
    "EXCEEDED_LOCAL_MEMORY_LIMIT": f"{_LESS}, or give Trino more memory",
    "EXCEEDED_GLOBAL_MEMORY_LIMIT": f"{_LESS}, or give Trino more memory",
    "CLUSTER_OUT_OF_MEMORY": f"{_LESS}, or give Trino more memory",
}


def _queue_hint(message: str) -> str:
    if OVER_BUDGET in message:
        return "the budget of its workgroup is used up: `lakeshell cost` has the budgets"
    return "wait until others have ended: `lakeshell history --status RUNNING`"


_FULL = re.compile(r"XMinioStorageFull|minimum free drive threshold", re.IGNORECASE)
_UNCONNECTED = re.compile(r"Could not create connection|Communications link failure")
"""What a database that is away is, seen through a view."""
_LOCKED = re.compile(r"waiting for lock|acquire lock", re.IGNORECASE)


def failure(
    error: Mapping[str, Any], *, running: bool, mend: Callable[[str], str] = lambda code: ""
) -> LakeshellError:
    """`running`: whether the server had begun to run the statement. `mend` says which part an error of
    this code may come of, or who holds a lock, and the command that mends it."""
    code = error.get("errorName") or "GENERIC_INTERNAL_ERROR"
    message = _PLACED.sub("", error.get("message") or "it gave no reason", count=1)
    hint = _hint(code, "\n".join((message, *_causes(error))), mend)
    match code:
        case "EXCEEDED_SCAN_LIMIT" | "EXCEEDED_CPU_LIMIT":
            return LimitExceeded(message, code=code, hint=_LESS)
        case "ADMINISTRATIVELY_KILLED" if STOPPED in message:
            return LimitExceeded(message.partition(STOPPED)[2], code=code, hint=_SHOWN)
        case "QUERY_QUEUE_FULL":
            return LimitExceeded(message, code=code, hint=_queue_hint(message))
        case "EXCEEDED_TIME_LIMIT":
            return TimedOut(message, hint="give it more time, or have it read less")
        case "USER_CANCELED" | "ADMINISTRATIVELY_KILLED" | "ADMINISTRATIVELY_PREEMPTED":
            return Cancelled(message, hint="it was cancelled on the server")
    place = error.get("errorLocation") or {}
    kind = QueryFailed if running and not place else QueryRejected
    return kind(
        message,
        code=code,
        line=place.get("lineNumber"),
        column=place.get("columnNumber"),
        hint=hint,
    )


def source_is_away(error: Mapping[str, Any]) -> bool:
    """Whether a connection's database did not answer, to a query or the reading of a view."""
    code, message = error.get("errorName"), error.get("message") or ""
    return code == "JDBC_ERROR" or bool(code == "INVALID_VIEW" and _UNCONNECTED.search(message))


def _causes(error: Mapping[str, Any]) -> Iterator[str]:
    """What the server says of the causes of an error: its own message may not tell."""
    cause = (error.get("failureInfo") or {}).get("cause")
    while cause:
        yield str(cause.get("message") or "")
        cause = cause.get("cause")


def _hint(code: str, message: str, mend: Callable[[str], str]) -> str:
    if _FULL.search(message):
        return "the object storage is full: make room, then run it again"
    if _LOCKED.search(message):
        return mend(LOCKED) or _HELD
    if code == "INVALID_VIEW" and _UNCONNECTED.search(message):
        code = "JDBC_ERROR"
    return (mend(code) if code in _OF_PARTS else "") or _HINTS.get(code, "")
