"""What binding makes of an expression: a fragment of DuckDB SQL with its Trino type.

In: nothing. Out: the values that literals, casts, operators, functions and the binder hand one
another, the SQL that fails with Trino's error, and how Trino's types and values are spelled in
DuckDB. Never runs anything.

Trino's types are held so: `char(n)` VARCHAR without its trailing blanks; `varbinary` BLOB;
`timestamp(p)` TIMESTAMP, and `timestamp(p) with time zone` TIMESTAMP too: the instant in UTC, its
zone known while binding (`Typed.zone`); `time(p) with time zone` likewise TIME of UTC;
`interval day to second` BIGINT of milliseconds; `interval year to month` INTEGER of months;
`json` VARCHAR of its canonical text; `row` STRUCT(f0, f1, …); `unknown` INTEGER, always NULL.
Beyond microseconds a value is refused.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import TYPE_CHECKING, Any, TypeAlias

from lakeshell.errors import NotSupported, QueryRejected
from lakeshell.sql import datatypes as t
from lakeshell.sql.ast.nodes import START, Position

if TYPE_CHECKING:
    from lakeshell.ports import Session
    from lakeshell.sql import ast

NOT_CONSTANT: Any = type("NotConstant", (), {"__repr__": lambda self: "NOT_CONSTANT"})()
"""`Typed.value` of everything that isn't a literal."""

MICROSECONDS = 6
"""The finest precision of time that is run here."""


class Typed:
    """A bound expression.

    `sql` is DuckDB SQL that may stand wherever an operand may (parenthesised where it must be);
    `value` is the Python value of a literal (None for NULL), else `NOT_CONSTANT`; `zone` is, for
    types with a time zone (also inside arrays, maps and rows), the zone of every value.
    """

    __slots__ = ("at", "sql", "type", "value", "zone")

    def __init__(
        self,
        sql: str,
        type: t.Type,
        at: Position = START,
        value: Any = NOT_CONSTANT,
        zone: str | None = None,
    ) -> None:
        self.sql = sql
        self.type = type
        self.at = at
        self.value = value
        self.zone = zone

    @property
    def is_constant(self) -> bool:
        return self.value is not NOT_CONSTANT

    def moved(self, at: Position) -> Typed:
        """The same at another place."""
        return Typed(self.sql, self.type, at, self.value, self.zone)

    def __repr__(self) -> str:
        return f"Typed({self.sql!r}, {self.type})"


class BoundLambda:
    """A lambda bound to types: its parameters as DuckDB names, its body in terms of them."""

    __slots__ = ("body", "parameters")

    def __init__(self, parameters: tuple[str, ...], body: Typed) -> None:
        self.parameters = parameters
        self.body = body

    @property
    def sql(self) -> str:
        """As an argument of DuckDB's list functions."""
        return f"lambda {', '.join(self.parameters)}: {self.body.sql}"


class LambdaArgument:
    """A lambda that waits for the types of its parameters. `binding` is the binder's."""

    __slots__ = ("_binding", "at", "parameters")

    def __init__(
        self,
        parameters: int,
        at: Position,
        binding: Callable[[Sequence[t.Type]], BoundLambda],
    ) -> None:
        self.parameters = parameters
        self.at = at
        self._binding = binding

    def bind(self, types: Sequence[t.Type]) -> BoundLambda:
        """Raises what binding the body raises."""
        return self._binding(types)


Argument: TypeAlias = Typed | LambdaArgument


class SortKey:
    """One key of an ORDER BY inside an aggregate; `nulls_first` is what holds, never a default."""

    __slots__ = ("descending", "nulls_first", "value")

    def __init__(self, value: Typed, descending: bool = False, nulls_first: bool = False) -> None:
        self.value = value
        self.descending = descending
        self.nulls_first = nulls_first

    @property
    def direction(self) -> str:
        """What follows the key in DuckDB's ORDER BY."""
        return f"{'DESC' if self.descending else 'ASC'} NULLS " + (
            "FIRST" if self.nulls_first else "LAST"
        )

    @property
    def sql(self) -> str:
        return sort_terms(self.value, self.direction)


class Udf:
    """A Python function that the statement needs on the connection.

    `path` is `module:function`; `arguments` and `result` are DuckDB types; `null_handling` is
    `default` (a NULL argument makes NULL without a call) or `special`; `vectorised` functions take
    and give Arrow arrays.
    """

    __slots__ = ("arguments", "name", "null_handling", "path", "result", "vectorised")

    def __init__(
        self,
        name: str,
        path: str,
        arguments: Sequence[str],
        result: str,
        null_handling: str = "default",
        vectorised: bool = False,
    ) -> None:
        self.name = name
        self.path = path
        self.arguments = tuple(arguments)
        self.result = result
        self.null_handling = null_handling
        self.vectorised = vectorised


class Needs:
    """What a statement needs on its DuckDB connection besides its text, in order of dependence."""

    __slots__ = ("functions", "macros", "zeros")

    def __init__(self) -> None:
        self.macros: dict[str, str] = {}
        self.functions: dict[str, Udf] = {}
        self.zeros = {"0e0": 0, "-0e0": 0}
        """How often each constant is in the statement: equal ones are one to Trino's planner."""

    def macro(self, name: str, create: str) -> str:
        """Asks for the macro that `create` (a `CREATE TEMP MACRO` statement) makes; its name."""
        self.macros.setdefault(name, create)
        return name

    def function(self, udf: Udf) -> str:
        self.functions.setdefault(udf.name, udf)
        return udf.name


class Context:
    """What binding a statement may know of its surroundings. `now` is aware, in UTC."""

    __slots__ = ("needs", "now", "parameters", "session", "zone")

    def __init__(
        self,
        session: Session,
        now: dt.datetime,
        zone: str = "UTC",
        needs: Needs | None = None,
        parameters: tuple[ast.Expression, ...] = (),
    ) -> None:
        self.session = session
        self.now = now
        self.zone = zone
        self.needs = needs if needs is not None else Needs()
        self.parameters = parameters


def rejected(code: str, message: str, at: Position | None, hint: str = "") -> QueryRejected:
    """Trino's analysis error, to be raised."""
    return QueryRejected(
        message,
        code=code,
        line=at.line if at else None,
        column=at.column if at else None,
        hint=hint,
    )


def refused(construct: str, at: Position | None = None) -> NotSupported:
    """What Trino runs and this engine doesn't, to be raised."""
    return NotSupported(construct, line=at.line if at else None, column=at.column if at else None)


def named_type(text: str, at: Position) -> t.Type:
    """The type that an expression at `at` names; raises what Trino says of one that is none."""
    try:
        type = t.parse_type(text)
    except t.InvalidParameter as wrong:
        raise rejected("INVALID_FUNCTION_ARGUMENT", str(wrong), None) from None
    except t.InvalidType:
        if text.startswith("interval "):
            fields = text.removeprefix("interval ").upper()
            span = fields if " TO " in fields else f"{fields} TO {fields}"
            raise rejected("NOT_SUPPORTED", f"INTERVAL {span} type not supported", None) from None
        if text.startswith("function("):
            raise refused("a value of a function's type", at) from None
        raise rejected("TYPE_MISMATCH", f"Unknown type: {text}", at) from None
    if type == t.UNKNOWN:
        raise rejected("TYPE_MISMATCH", "UNKNOWN is not a valid type", at)
    if type.name in _UNHELD:
        raise refused(f"the type {type}", at)
    return type


_UNHELD = frozenset(["ipaddress", "hyperloglog", "p4hyperloglog", "setdigest", "geometry", "color"])
TIME_ZONE = "time_zone_id"
"""The session property that SET TIME ZONE sets."""

FAILURE_MARK = "LAKESHELL|"


def failure(code: str, message: str, type: t.Type | None = None, *, is_sql: bool = False) -> str:
    """DuckDB SQL of `type` that fails, when it is evaluated, with Trino's `code` and `message`.

    `message` is text, or with `is_sql` DuckDB SQL of VARCHAR. DuckDB's `error()` would be simpler,
    but it counts as volatile: TRY refuses it and filters are no longer pushed past it. So a text
    that is no number is cast to INTEGER; `LAKESHELL|CODE|message` is then in DuckDB's message.
    """
    if is_sql:
        text = f"('{FAILURE_MARK}{code}|' || {message})"
    else:
        text = quote_text(f"{FAILURE_MARK}{code}|{message}")
    failing = f"CAST({text} AS INTEGER)"
    if type is None or type in (t.INTEGER, t.UNKNOWN):
        return failing
    return f"CAST(CAST({failing} AS VARCHAR) AS {duckdb_type(type)})"


def quote_text(text: str) -> str:
    """A VARCHAR literal of DuckDB."""
    quoted = "'" + text.replace("'", "''") + "'"
    if "\x00" not in text:
        return quoted
    parts = ("'" + part.replace("'", "''") + "'" for part in text.split("\x00"))
    return "(" + " || chr(0) || ".join(parts) + ")"


def column_alias(name: str) -> str:
    """What a table's column is called in our SQL: no name that a lambda's parameter may have, for
    DuckDB takes `q.n` for a part of the column `q` where there is one."""
    return quote_name(f":{name}")


def quote_name(name: str) -> str:
    """An identifier of DuckDB."""
    return '"' + name.replace('"', '""') + '"'


_NAMES = {
    "boolean": "BOOLEAN", "tinyint": "TINYINT", "smallint": "SMALLINT", "integer": "INTEGER",
    "bigint": "BIGINT", "real": "FLOAT", "double": "DOUBLE", "varchar": "VARCHAR",
    "char": "VARCHAR", "varbinary": "BLOB", "date": "DATE", "json": "VARCHAR", "uuid": "UUID",
    "unknown": "INTEGER", "interval day to second": "BIGINT",
    "interval year to month": "INTEGER", "color": "INTEGER",
    "jsonpath": "VARCHAR",
}  # fmt: skip


def duckdb_type(type: t.Type) -> str:
    """The DuckDB type that holds `type`; raises `NotSupported` where none does faithfully."""
    name = _NAMES.get(type.name)
    if name is not None:
        return name
    match type:
        case t.DecimalType():
            return f"DECIMAL({type.precision},{type.scale})"
        case t.TimestampType() | t.TimeType():
            if type.precision > MICROSECONDS:
                raise refused(f"{type} (finer than microseconds)")
            return "TIMESTAMP" if isinstance(type, t.TimestampType) else "TIME"
        case t.ArrayType():
            return f"{duckdb_type(type.element)}[]"
        case t.MapType():
            return f"MAP({duckdb_type(type.key)}, {duckdb_type(type.value)})"
        case t.RowType():
            fields = (f"f{i} {duckdb_type(f.type)}" for i, f in enumerate(type.fields))
            return f"STRUCT({', '.join(fields)})"
    raise refused(f"the type {type}")


def duckdb_literal(value: Any, type: t.Type) -> str:
    """`value` (as `Typed.value` holds it) as DuckDB SQL of exactly `duckdb_type(type)`."""
    held = duckdb_type(type)
    if value is None:
        return f"CAST(NULL AS {held})"
    match type:
        case t.VarcharType() | t.CharType():
            return quote_text(value)
        case t.DecimalType():
            return f"CAST({quote_text(format(value, 'f'))} AS {held})"
        case t.ArrayType():
            items = ", ".join(duckdb_literal(item, type.element) for item in value)
            return f"CAST([{items}] AS {held})"
        case t.RowType():
            pairs = zip(value, type.fields, strict=True)
            items = ", ".join(
                f"f{i} := {duckdb_literal(v, f.type)}" for i, (v, f) in enumerate(pairs)
            )
            return f"struct_pack({items})"
    return _plain_literal(value, type, held)


def _plain_literal(value: Any, type: t.Type, held: str) -> str:
    match value:
        case bool():
            return "true" if value else "false"
        case int() if type == t.INTEGER and value >= 0:
            return str(value)
        case int() | float() | Decimal():
            return (
                f"CAST('{value!r}' AS {held})"
                if isinstance(value, float)
                else (f"CAST({value} AS {held})")
            )
        case bytes():
            return "CAST('" + "".join(f"\\x{byte:02X}" for byte in value) + "' AS BLOB)"
        case str():
            return quote_text(value)
        case dt.datetime() | dt.date() | dt.time() | uuid.UUID():
            return f"CAST('{value}' AS {held})"
    raise TypeError(f"no literal of {type}: {value!r}")


def has_zone(type: t.Type) -> bool:
    """Whether values of `type` carry a time zone, in some part."""
    match type:
        case t.TimestampType() | t.TimeType():
            return type.with_zone
        case t.ArrayType():
            return has_zone(type.element)
        case t.MapType():
            return has_zone(type.key) or has_zone(type.value)
        case t.RowType():
            return any(has_zone(field.type) for field in type.fields)
    return False


def common_zone(values: Iterable[Typed], at: Position | None = None) -> str | None:
    """The one zone of `values`; raises `NotSupported` where there are several."""
    zones = {v.zone for v in values if v.zone is not None}
    if len(zones) > 1:
        raise refused(f"values of several time zones in one place ({', '.join(sorted(zones))})", at)
    return zones.pop() if zones else None


def ordering_key(value: Typed) -> str:
    """What DuckDB must sort by, so that it sorts as Trino does."""
    if isinstance(value.type, t.CharType):
        return f"rpad({value.sql}, {value.type.length}, ' ')"
    return value.sql


def sort_terms(value: Typed, direction: str) -> str:
    """The key and its `direction` for DuckDB's ORDER BY: with NULLS FIRST Trino has NaN for the
    least number, otherwise for the greatest. NULL inside of a value is refused: Trino fails where
    it compares one."""
    key = ordering_key(value)
    if isinstance(value.type, t.ArrayType | t.RowType):
        from lakeshell.engine.embedded.functions.nested import has_null

        message = "the embedded engine does not run the order of values with NULL inside"
        fails = failure("NOT_SUPPORTED", message, value.type)
        inside = f"{key} IS NOT NULL AND {has_null(key, value.type)}"
        key = f"(CASE WHEN {inside} THEN {fails} ELSE {key} END)"
    term = f"{key} {direction}"
    if value.type not in (t.REAL, t.DOUBLE) or not direction.endswith("NULLS FIRST"):
        return term
    return f"isnan({key}) {'DESC' if direction.startswith('ASC') else 'ASC'} NULLS FIRST, {term}"
