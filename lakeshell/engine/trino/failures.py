"""Trino's errors as ours: name, place and message kept, and what to do about it.

In: the `error` of a page. Out: the exception to raise.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
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
_PLACED = re.compile(r"line \d+:\d+: ")
_LESS = "read less: fewer columns, a filter on a partition"
_DOCTOR = "`lakeshell doctor` checks every part and says what mends it"
_SHOWN = "`lakeshell workgroup show NAME` has its limits and what is spent of its budgets"
_HINTS = {
    "HIVE_METASTORE_ERROR": f"is the metastore running? {_DOCTOR}",
    "ICEBERG_CATALOG_ERROR": f"is the metastore running? {_DOCTOR}",
    "ICEBERG_FILESYSTEM_ERROR": f"is the object storage running? {_DOCTOR}",
    "HIVE_FILESYSTEM_ERROR": f"is the object storage running? {_DOCTOR}",
    "JDBC_ERROR": "is the connection's database running? `lakeshell connection test NAME`",
    "CATALOG_NOT_FOUND": "SHOW CATALOGS lists those that Trino has",
    "CATALOG_NOT_AVAILABLE": _DOCTOR,
    "NO_NODES_AVAILABLE": _DOCTOR,
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


def failure(error: Mapping[str, Any], *, running: bool, hint: str = "") -> LakeshellError:
    """`running`: whether the server had begun to run the statement."""
    code = error.get("errorName") or "GENERIC_INTERNAL_ERROR"
    message = _PLACED.sub("", error.get("message") or "it gave no reason", count=1)
    hint = hint or _HINTS.get(code, "")
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
