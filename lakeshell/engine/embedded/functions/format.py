"""format().

In: a call with its bound arguments. Out: DuckDB SQL where the format is a literal of plain `%s` and
`%d`, else a call of `java_format`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.engine.embedded.functions.java_format import SPECIFIER
from lakeshell.engine.embedded.values.emission import filled, python_call, text
from lakeshell.engine.embedded.values.typed import Typed, rejected
from lakeshell.engine.embedded.values.zones import fixed_offset, local
from lakeshell.sql import datatypes as t

if TYPE_CHECKING:
    from lakeshell.engine.embedded.functions.registry import Call
    from lakeshell.engine.embedded.values.typed import Context

_UNSUPPORTED = (t.ArrayType, t.MapType, t.RowType)


def _java_text(value: Typed, context: Context) -> tuple[str, str]:
    """The class's letter and SQL of what Java's toString gives."""
    from lakeshell.engine.embedded.values import casts_text, number_text
    from lakeshell.engine.embedded.values.casts import cast

    kind = value.type
    match kind:
        case t.VarcharType():
            return "s", value.sql
        case t.CharType():
            return "s", f"rpad({value.sql}, {kind.length}, ' ')"
        case t.DecimalType():
            return "n", _decimal_text(casts_text.decimal_text(value.sql, kind), kind)
        case t.TimestampType():
            return ("z", _zoned(value)) if kind.with_zone else ("t", _date_time(value.sql))
        case t.TimeType() if not kind.with_zone:
            return "c", filled(_CLOCK, [value.sql])
    if kind in t.INTEGRAL:
        return "i", f"CAST({value.sql} AS VARCHAR)"
    match kind.name:
        case "double":
            return "f", filled(number_text.java_double("$0"), [value.sql])
        case "real":
            return "r", filled(number_text.java_real("$0"), [value.sql])
        case "boolean":
            return "b", f"CAST({value.sql} AS VARCHAR)"
        case "date":
            return "d", filled(casts_text.date_text("$0"), [value.sql])
        case "json":
            return "s", value.sql
        case "unknown":
            return "-", "CAST(NULL AS VARCHAR)"
    return "s", cast(value, t.VARCHAR, value.at, context).sql


def _decimal_text(plain: str, kind: t.DecimalType) -> str:
    """BigDecimal.toString: scientific below 0.000001."""
    if kind.scale <= 6:
        return plain
    digits = "regexp_replace(regexp_replace($0, '^-?0[.]0*', ''), '^$', '0')"
    exponent = f"({kind.scale} - length({digits}) + 1)"
    exponent = f"CAST(CASE WHEN {digits} = '0' THEN {kind.scale} ELSE {exponent} END AS VARCHAR)"
    scientific = (
        f"CASE WHEN starts_with($0, '-') THEN '-' ELSE '' END || {digits}[1] || "
        f"CASE WHEN length({digits}) > 1 THEN '.' || substr({digits}, 2) ELSE '' END || "
        f"'E-' || {exponent}"
    )
    return filled(
        f"(CASE WHEN regexp_matches($0, '^-?0[.]000000') THEN {scientific} ELSE $0 END)", [plain]
    )


_FRACTION = (
    "CASE WHEN $0 = date_trunc('second', $0) THEN CASE WHEN second($0) = 0 THEN '' "
    "ELSE strftime($0, ':%S') END "
    "WHEN $0 = date_trunc('millisecond', $0) THEN strftime($0, ':%S.%g') "
    "ELSE strftime($0, ':%S.%f') END"
)
_CLOCK = (
    "list_transform([TIMESTAMP '1970-01-01 00:00:00' + to_microseconds(epoch_us($0))], "
    f"lambda c: strftime(c, '%H:%M') || {_FRACTION.replace('$0', 'c')})[1]"
)


def _date_time(sql: str) -> str:
    from lakeshell.engine.embedded.values import casts_text

    return filled(f"({casts_text.date_text('$0')} || strftime($0, 'T%H:%M') || {_FRACTION})", [sql])


def _zoned(value: Typed) -> str:
    zone = value.zone or "UTC"
    made = _date_time(local(value.sql, zone))
    fixed = fixed_offset(zone)
    if zone == "UTC":
        return f"({made} || 'Z[UTC]')"
    if fixed is not None:
        return f"({made} || {text(zone)})"
    minutes = f"CAST((epoch({local('$0', zone)}) - epoch($0)) // 60 AS BIGINT)"
    offset = filled(
        f"CASE WHEN {minutes} = 0 THEN 'Z' ELSE printf('%s%02d:%02d', "
        f"CASE WHEN {minutes} < 0 THEN '-' ELSE '+' END, abs({minutes}) // 60, "
        f"abs({minutes}) % 60) END",
        [value.sql],
    )
    return f"({made} || {offset} || {text(f'[{zone}]')})"


def _format(call: Call) -> Typed:
    given = [a for a in call.raw if isinstance(a, Typed)]
    if len(given) < 2 or len(given) < len(call.raw):
        message = "The 'format' function must have at least two arguments"
        raise rejected("SYNTAX_ERROR", message, call.at)
    first, *others = given
    if not isinstance(first.type, t.VarcharType):
        message = f"Type of first argument to format() must be VARCHAR (actual: {first.type})"
        raise rejected("TYPE_MISMATCH", message, first.at)
    for value in others:
        if isinstance(value.type, _UNSUPPORTED) or value.type == t.VARBINARY:
            message = f"Type not supported for formatting: {others[0].type}"
            raise rejected("NOT_SUPPORTED", message, others[0].at)
    shown = [_java_text(value, call.context) for value in others]
    fast = _plain(first, shown) if first.is_constant else None
    if fast is not None:
        return Typed(fast, t.VARCHAR, call.at)
    letters = "".join(letter for letter, _ in shown)
    listed = Typed(f"[{', '.join(made for _, made in shown)}]", t.ArrayType(t.VARCHAR), call.at)
    classes = Typed(text(letters), t.VARCHAR, value=letters)
    path = "java_format:java_format"
    made = python_call(path, [first, classes, listed], t.VARCHAR, call.context)
    return Typed(made, t.VARCHAR, call.at)


def _plain(format: Typed, shown: list[tuple[str, str]]) -> str | None:
    """Concatenation, where the format has nothing but `%s`, `%%` and `%d` of whole numbers."""
    said = str(format.value)
    parts: list[str] = []
    at = place = 0
    for found in SPECIFIER.finditer(said):
        between = said[at : found.start()]
        if "%" in between:
            return None
        parts.append(text(between))
        at = found.end()
        if found[0] == "%%":
            parts.append("'%'")
            continue
        if found[0] not in ("%s", "%d") or place >= len(shown):
            return None
        letter, made = shown[place]
        if found[0] == "%d" and letter not in "i-":
            return None
        parts.append(f"coalesce({made}, 'null')")
        place += 1
    if "%" in said[at:]:
        return None
    parts.append(text(said[at:]))
    return "(" + " || ".join(part for part in parts if part != "''") + ")" if len(parts) > 1 else parts[0]  # fmt: skip


SCALARS = (("format", _format),)
