"""PEP 249's kinds of columns, and the makers of values that go into statements.

A column's type code is Trino's name of its type (`decimal(10,2)`), which equals its kind.
"""

from __future__ import annotations

import time
from datetime import date, datetime
from datetime import time as clock


class Kind:
    """Equal to the name of every type that it has: `NUMBER == "decimal(10,2)"`."""

    def __init__(self, *names: str) -> None:
        self.names = frozenset(names)

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Kind):
            return self.names == other.names
        return isinstance(other, str) and other.partition("(")[0] in self.names

    def __hash__(self) -> int:
        return hash(self.names)


STRING = Kind("varchar", "char", "json", "uuid", "ipaddress")
BINARY = Kind("varbinary")
NUMBER = Kind(
    "boolean", "tinyint", "smallint", "integer", "bigint", "real", "double", "decimal"
)  # fmt: skip
DATETIME = Kind("date", "time", "timestamp")
ROWID = Kind()

Date = date
Time = clock
Timestamp = datetime
Binary = bytes


def DateFromTicks(ticks: float) -> date:
    return date(*time.localtime(ticks)[:3])


def TimeFromTicks(ticks: float) -> clock:
    return clock(*time.localtime(ticks)[3:6])


def TimestampFromTicks(ticks: float) -> datetime:
    return datetime(*time.localtime(ticks)[:6])
