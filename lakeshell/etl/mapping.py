"""Which column becomes which: the part of a script that Lakeshell reads and edits.

In: a source table's columns, or a script. Out: a `Mapping`, or the script with its marked region
rewritten and every other byte kept. Planning only: nothing is read or written here.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Sequence
from dataclasses import dataclass

from lakeshell.errors import ConfigurationError, UsageError
from lakeshell.model import Column
from lakeshell.sql.datatypes import (
    BIGINT,
    INTEGER,
    SMALLINT,
    TINYINT,
    CharType,
    DecimalType,
    InvalidType,
    TimestampType,
    TimeType,
    Type,
    VarcharType,
    parse_type,
)

BEGIN = "# lakeshell: mapping"
END = "# lakeshell: end of mapping"
_REGION = re.compile(rf"^{re.escape(BEGIN)}\n(.*?)^{re.escape(END)}$", re.M | re.S)
_INTEGRAL = (TINYINT, SMALLINT, INTEGER, BIGINT)


@dataclass(frozen=True, slots=True)
class MappedColumn:
    source: str
    source_type: Type
    target: str
    target_type: Type


@dataclass(frozen=True, slots=True)
class Mapping:
    columns: tuple[MappedColumn, ...]

    @property
    def sources(self) -> tuple[str, ...]:
        return tuple(column.source for column in self.columns)

    @property
    def targets(self) -> tuple[Column, ...]:
        return tuple(Column(column.target, column.target_type) for column in self.columns)


def stored_type(kind: Type) -> Type:
    """The type that an Iceberg table keeps a column as, by the rules of Trino's connector.

    Raises `UsageError` for a type that Iceberg lacks.
    """
    if kind in (TINYINT, SMALLINT):
        return INTEGER
    if isinstance(kind, VarcharType | CharType) or kind.name == "json":
        return VarcharType()
    if isinstance(kind, TimestampType):
        return TimestampType(6, kind.with_zone)
    if isinstance(kind, TimeType) and not kind.with_zone:
        return TimeType(6)
    if kind.name in ("interval day to second", "interval year to month", "time with time zone"):
        raise UsageError(
            f"an Iceberg table cannot keep a column of type {kind}",
            hint="leave the column out of the mapping, or load it as varchar with a SQL job",
        )
    return kind


def propose(columns: Sequence[Column]) -> Mapping:
    """Every column under its own name, in lower case, as the type that Iceberg keeps."""
    seen: dict[str, str] = {}
    made: list[MappedColumn] = []
    for column in columns:
        target = column.name.lower()
        if target in seen:
            raise UsageError(
                f"the columns {seen[target]!r} and {column.name!r} differ in case only",
                hint="propose the job, then rename one of the two in the script's mapping",
            )
        seen[target] = column.name
        made.append(MappedColumn(column.name, column.type, target, stored_type(column.type)))
    return Mapping(tuple(made))


def castable(source: Type, target: Type) -> bool:
    """Whether a batch's values can be cast without a change that nobody asked for."""
    if source == target or stored_type(source) == target:
        return True
    if source in _INTEGRAL and target in _INTEGRAL:
        return _INTEGRAL.index(source) <= _INTEGRAL.index(target)
    if isinstance(source, DecimalType) and isinstance(target, DecimalType):
        whole = target.precision - target.scale >= source.precision - source.scale
        return whole and target.scale >= source.scale
    return source.name == "real" and target.name == "double"


def render(mapping: Mapping) -> str:
    """The marked region, markers included."""
    rows = "".join(
        f"    ({c.source!r}, {str(c.source_type)!r}, {c.target!r}, {str(c.target_type)!r}),\n"
        for c in mapping.columns
    )
    head = "# (source column, its type, target column, its type)\n"
    return f"{BEGIN}\n{head}MAPPING = [\n{rows}]\n{END}"


def parse(script: str, where: str) -> Mapping:
    """The mapping of a script; raises `ConfigurationError` naming `where` and the line."""
    match = _REGION.search(script)
    if match is None:
        raise ConfigurationError(
            f"{where} has no mapping between {BEGIN!r} and {END!r}",
            hint="put the markers back, or propose the job anew",
        )
    first = script.count("\n", 0, match.start(1)) + 1
    try:
        tree = ast.parse(match[1])
        (assigned,) = tree.body
        rows = ast.literal_eval(assigned.value)  # type: ignore[attr-defined]
        columns = tuple(_column(row) for row in rows)
    except (SyntaxError, ValueError, TypeError, AttributeError, InvalidType) as error:
        line = first + (getattr(error, "lineno", None) or 1) - 1
        raise ConfigurationError(
            f"{where}, line {line}: the mapping cannot be read: {error}",
            hint='each row is ("source column", "type", "target column", "type")',
        ) from error
    if not columns:
        raise ConfigurationError(f"{where}: the mapping has no columns", hint="map one at least")
    return Mapping(columns)


def _column(row: tuple[str, str, str, str]) -> MappedColumn:
    source, source_type, target, target_type = row
    return MappedColumn(source, parse_type(source_type), target, parse_type(target_type))


def edit(script: str, mapping: Mapping, where: str) -> str:
    """The script with its marked region replaced; everything else stays to the byte."""
    parse(script, where)
    return _REGION.sub(lambda _: render(mapping), script, count=1)
