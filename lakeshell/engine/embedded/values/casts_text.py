"""Casts to and from varchar and char, and those of uuid and varbinary, as DuckDB SQL.

In: SQL of the source's type and the `Casting`. Out: SQL of the target's. What Java parses and
prints is checked by pattern first, for DuckDB's own parsing is laxer.
"""

from __future__ import annotations

from lakeshell.engine.embedded.values.casts import INVALID, Casting, Conversion
from lakeshell.engine.embedded.values.casts_numeric import decimal_name
from lakeshell.engine.embedded.values.emission import filled
from lakeshell.engine.embedded.values.number_text import (
    cast_double,
    cast_real,
    java_double,
    java_real,
)
from lakeshell.engine.embedded.values.typed import duckdb_type, failure, quote_text
from lakeshell.sql import datatypes as t

INTERNAL = "GENERIC_INTERNAL_ERROR"
WHITESPACE = "".join(
    map(chr, (*range(9, 14), *range(28, 33), 0x1680, *range(0x2000, 0x2007), 0x2008, 0x2009,
              0x200A, 0x2028, 0x2029, 0x205F, 0x3000))
)  # fmt: skip
"""What Trino's trim takes off."""
JAVA_TRIMMED = "".join(map(chr, range(1, 33)))
"""What Java's String.trim takes off, which parses numbers."""
_FLOAT = r"[+-]?(NaN|Infinity|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?[fFdD]?)"
_HEX_FLOAT = r"[+-]?0[xX].*"
_DECIMAL = r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?"


def conversion(source: t.Type, target: t.Type) -> Conversion | None:
    a, b = source.name, target.name
    if a in ("varchar", "char") and b in ("varchar", "char"):
        return _text_to_text
    if a == "varchar":
        return _FROM_VARCHAR.get(b)
    if b == "varchar":
        if a == "uuid" and isinstance(target, t.VarcharType) and target.length is not None:
            return None
        return _TO_VARCHAR.get(a)
    return {("uuid", "varbinary"): _uuid_to_bytes, ("varbinary", "uuid"): _bytes_to_uuid}.get(
        (a, b)
    )


# --- text to text --------------------------------------------------------------------------------


def _text_to_text(x: str, casting: Casting) -> str:
    source, target = casting.source, casting.target
    if isinstance(source, t.CharType):
        if isinstance(target, t.CharType):
            if target.length >= source.length:
                return x
            return f"rtrim(left({x}, {target.length}), ' ')"
        kept = source.length if target_length(target) is None else target_length(target)
        return f"rpad({x}, {min(source.length, kept or 0)}, ' ')"
    length = target_length(target)
    source_length = target_length(source)
    if length is not None and (source_length is None or source_length > length):
        x = f"left({x}, {length})"
    return f"rtrim({x}, ' ')" if isinstance(target, t.CharType) else x


def target_length(type: t.Type) -> int | None:
    assert isinstance(type, t.VarcharType | t.CharType)
    return type.length


# --- to varchar ----------------------------------------------------------------------------------


def _fitted(text: str, longest: int, casting: Casting, message: str, code: str = INVALID) -> str:
    """`text` where it fits the varchar. `message` is SQL in which `$0` is the text."""
    length = target_length(casting.target)
    if length is None or longest <= length:
        return text
    failing = casting.fail(message, code, is_sql=True)
    return filled(f"(CASE WHEN length($0) > {length} THEN {failing} ELSE $0 END)", [text])


def _unrepresentable(casting: Casting) -> str:
    return f"'Value ' || $0 || ' cannot be represented as varchar({target_length(casting.target)})'"


def _too_long(casting: Casting) -> str:
    length = target_length(casting.target)
    said = f"Character count exceeds length limit {length}: base64:"
    return f"'{said}' || to_base64(encode($0))"


def _number_to_varchar(x: str, casting: Casting) -> str:
    source = casting.source
    longest = {"tinyint": 4, "smallint": 6, "integer": 11, "bigint": 20}.get(source.name, 41)
    if isinstance(source, t.DecimalType):
        longest = source.precision + 3
        return _fitted(decimal_text(x, source), longest, casting, _unrepresentable(casting))
    return _fitted(f"CAST({x} AS VARCHAR)", longest, casting, _unrepresentable(casting))


def decimal_text(x: str, type: t.DecimalType) -> str:
    """A decimal with the zero before the point that DuckDB leaves out."""
    if type.precision > type.scale:
        return f"CAST({x} AS VARCHAR)"
    return f"regexp_replace(CAST({x} AS VARCHAR), '^(-?)[.]', '\\10.')"


def _float_to_varchar(x: str, casting: Casting) -> str:
    real = casting.source == t.REAL
    text = filled(cast_real("$0") if real else cast_double("$0"), [x])
    length = target_length(casting.target)
    if length is None or length >= 26:
        return text
    java = filled(java_real("$0") if real else java_double("$0"), [x])
    message = f"'Value ' || $1 || ' (' || $0 || ') cannot be represented as varchar({length})'"
    failing = casting.fail(message, is_sql=True)
    return filled(f"(CASE WHEN length($0) > {length} THEN {failing} ELSE $0 END)", [text, java])


def _boolean_to_varchar(x: str, casting: Casting) -> str:
    return _fitted(f"CAST({x} AS VARCHAR)", 5, casting, _too_long(casting), INTERNAL)


def date_text(x: str) -> str:
    """A DATE or TIMESTAMP's day as Java writes it, years beyond four digits included."""
    return (
        f"(CASE WHEN year({x}) BETWEEN 0 AND 9999 THEN strftime({x}, '%Y-%m-%d') ELSE "
        f"CASE WHEN year({x}) < 0 THEN '-' ELSE '+' END || "
        f"lpad(CAST(abs(year({x})) AS VARCHAR), CAST(greatest(4, "
        f"length(CAST(abs(year({x})) AS VARCHAR))) AS INTEGER), '0') || strftime({x}, '-%m-%d') END)"
    )


def timestamp_text(x: str, precision: int) -> str:
    if precision == 0:
        time = f"strftime({x}, '%H:%M:%S')"
    elif precision == 6:
        time = f"strftime({x}, '%H:%M:%S.%f')"
    else:
        time = f"left(strftime({x}, '%H:%M:%S.%f'), {9 + precision})"
    return f"({date_text(x)} || ' ' || {time})"


def _date_to_varchar(x: str, casting: Casting) -> str:
    return _fitted(filled(date_text("$0"), [x]), 13, casting, _unrepresentable(casting))


def _timestamp_to_varchar(x: str, casting: Casting) -> str:
    source = casting.source
    assert isinstance(source, t.TimestampType)
    duckdb_type(source)
    suffix = ""
    if source.with_zone:
        from lakeshell.engine.embedded.values.instants import local

        zone = casting.source_zone or casting.context.zone
        x = local(x, zone)
        suffix = f" || {quote_text(' ' + zone)}"
    text = filled(timestamp_text("$0", source.precision), [x]) + suffix
    return _fitted(f"({text})" if suffix else text, 60, casting, _too_long(casting), INTERNAL)


def time_text(x: str, precision: int) -> str:
    moment = f"strftime(DATE '1970-01-01' + {x}, '%H:%M:%S.%f')"
    return f"left({moment}, {9 + precision if precision else 8})"


def _time_to_varchar(x: str, casting: Casting) -> str:
    source = casting.source
    assert isinstance(source, t.TimeType)
    text = time_text(x, source.precision)
    if source.with_zone:
        from lakeshell.engine.embedded.values.instants import local_time

        zone = casting.source_zone or casting.context.zone
        moved = local_time(x, zone)
        offset = "+00:00" if zone in ("UTC", "Z") else zone
        text = f"({time_text(moved, source.precision)} || '{offset}')"
    return _fitted(text, 21, casting, _too_long(casting), INTERNAL)


def interval_day_text(x: str) -> str:
    return (
        f"(CASE WHEN {x} < 0 THEN '-' ELSE '' END || (abs({x}) // 86400000) || ' ' || "
        f"lpad(CAST(abs({x}) // 3600000 % 24 AS VARCHAR), 2, '0') || ':' || "
        f"lpad(CAST(abs({x}) // 60000 % 60 AS VARCHAR), 2, '0') || ':' || "
        f"lpad(CAST(abs({x}) // 1000 % 60 AS VARCHAR), 2, '0') || '.' || "
        f"lpad(CAST(abs({x}) % 1000 AS VARCHAR), 3, '0'))"
    )


def _interval_day_to_varchar(x: str, casting: Casting) -> str:
    text = filled(interval_day_text("$0"), [x])
    return _fitted(text, 30, casting, _too_long(casting), INTERNAL)


def interval_year_text(x: str) -> str:
    return f"(CASE WHEN {x} < 0 THEN '-' ELSE '' END || (abs({x}) // 12) || '-' || (abs({x}) % 12))"


def _interval_year_to_varchar(x: str, casting: Casting) -> str:
    text = filled(interval_year_text("$0"), [x])
    return _fitted(text, 20, casting, _too_long(casting), INTERNAL)


def _uuid_to_varchar(x: str, casting: Casting) -> str:
    return f"CAST({x} AS VARCHAR)"


_TO_VARCHAR: dict[str, Conversion] = {
    "boolean": _boolean_to_varchar,
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint", "decimal"), _number_to_varchar),
    **dict.fromkeys(("real", "double"), _float_to_varchar),
    "date": _date_to_varchar,
    **dict.fromkeys(("timestamp", "timestamp with time zone"), _timestamp_to_varchar),
    **dict.fromkeys(("time", "time with time zone"), _time_to_varchar),
    "interval day to second": _interval_day_to_varchar,
    "interval year to month": _interval_year_to_varchar,
    "uuid": _uuid_to_varchar,
}


# --- from varchar --------------------------------------------------------------------------------


def _parsed(x: str, casting: Casting, test: str, made: str, failing: str) -> str:
    """`made` where `test` holds and it isn't NULL, else `failing`; all three over `$0`."""
    return filled(
        f"(CASE WHEN $0 IS NULL THEN NULL WHEN {test} THEN coalesce({made}, {failing}) "
        f"ELSE {failing} END)",
        [x],
    )


def _to_boolean(x: str, casting: Casting) -> str:
    failing = casting.fail("'Cannot cast ''' || $0 || ''' to BOOLEAN'", is_sql=True)
    return filled(
        "(CASE WHEN lower($0) IN ('t', 'true', '1') THEN true "
        f"WHEN lower($0) IN ('f', 'false', '0') THEN false WHEN $0 IS NULL THEN NULL "
        f"ELSE {failing} END)",
        [x],
    )


def _to_integral(x: str, casting: Casting) -> str:
    name = {"integer": "INT"}.get(casting.target.name, casting.target.name.upper())
    failing = casting.fail(f"'Cannot cast ''' || $0 || ''' to {name}'", is_sql=True)
    trimmed = f"trim($0, {quote_text(JAVA_TRIMMED)})"
    made = f"TRY_CAST({trimmed} AS {duckdb_type(casting.target)})"
    return _parsed(x, casting, rf"regexp_full_match({trimmed}, '[+-]?\d+')", made, failing)


def _to_float(x: str, casting: Casting) -> str:
    name = casting.target.name.upper()
    failing = casting.fail(f"'Cannot cast ''' || $0 || ''' to {name}'", is_sql=True)
    trimmed = f"trim($0, {quote_text(JAVA_TRIMMED)})"
    number = f"CASE WHEN contains($0, 'y') OR contains($0, 'N') THEN {trimmed} ELSE rtrim({trimmed}, 'fFdD') END"
    made = f"TRY_CAST({number} AS {duckdb_type(casting.target)})"
    hexadecimal = failure(
        "NOT_SUPPORTED", "the embedded engine does not read hexadecimal floats", casting.target
    )
    otherwise = f"CASE WHEN regexp_full_match({trimmed}, '{_HEX_FLOAT}') THEN {hexadecimal} ELSE {failing} END"
    return _parsed(x, casting, f"regexp_full_match({trimmed}, '{_FLOAT}')", made, otherwise)


def _to_decimal(x: str, casting: Casting) -> str:
    head = f"'Cannot cast VARCHAR ''' || $0 || ''' to {decimal_name(casting.target)}. Value "
    wrong = casting.fail(head + "is not a number.'", is_sql=True)
    large = casting.fail(head + "too large.'", is_sql=True)
    return filled(
        f"(CASE WHEN $0 IS NULL THEN NULL WHEN regexp_full_match($0, '{_DECIMAL}') "
        f"THEN coalesce(TRY_CAST($0 AS {duckdb_type(casting.target)}), {large}) ELSE {wrong} END)",
        [x],
    )


def _to_bytes(x: str, casting: Casting) -> str:
    return f"encode({x})"


def trimmed(x: str) -> str:
    return f"trim({x}, {quote_text(WHITESPACE)})"


def _year(text: str) -> str:
    return f"TRY_CAST({text} AS INTEGER)"


def _day(year: str, month: str, day: str) -> str:
    """A DATE, or NULL where there is no such day."""
    return f"TRY(make_date(CAST({year} AS BIGINT), CAST({month} AS BIGINT), CAST({day} AS BIGINT)))"


_DATE = r"^([+-]?\d{1,9})-(\d{1,2})-(\d{1,2})$"


def _to_date(x: str, casting: Casting) -> str:
    failing = casting.fail("'Value cannot be cast to date: ' || $0", is_sql=True)
    text = trimmed("$0")
    parts = [f"regexp_extract({text}, '{_DATE}', {i})" for i in (1, 2, 3)]
    return _parsed(x, casting, f"regexp_matches({text}, '{_DATE}')", _day(*parts), failing)


_TIMESTAMP = (
    r"^([+-]?\d{4,6})-(\d{1,2})-(\d{1,2})(?: (?:(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,18}))?)?)?"
    r"\s*(.+)?)?$"
)
_FIXED_ZONE = "Z|UTC|GMT|[+-](0[0-9]|1[0-7]):[0-5][0-9]|[+-]18:00"


def _micros(fraction: str, precision: int) -> str:
    """Microseconds of the digits after the point, rounded half up to `precision` first."""
    scale = 10 ** (18 - precision)
    digits = f"CAST(rpad({fraction}, 18, '0') AS BIGINT)"
    if precision == 0:
        return f"(({digits} + {scale // 2}) // {scale}) * 1000000"
    return f"(({digits} + {scale // 2}) // {scale}) * {10 ** (6 - precision)}"


def _to_timestamp(x: str, casting: Casting) -> str:
    target = casting.target
    assert isinstance(target, t.TimestampType)
    failing = casting.fail(f"'Value cannot be cast to timestamp: ' || {trimmed('$0')}", is_sql=True)
    extract = f"regexp_extract(v, '{_TIMESTAMP}', "
    g = [f"{extract}{i})" for i in range(9)]
    hour, minute, second = (f"coalesce(TRY_CAST({g[i]} AS BIGINT), 0)" for i in (4, 5, 6))
    fraction = f"coalesce(nullif({g[7]}, ''), '0')"
    clock = f"(({hour} * 60 + {minute}) * 60 + {second}) * 1000000 + {_micros(fraction, target.precision)}"
    made = f"TRY({_day(g[1], g[2], g[3])} + to_microseconds({clock}))"
    zone = failure(
        "NOT_SUPPORTED", "the embedded engine does not read time zones from values", target
    )
    allowed = f"regexp_full_match({g[8]}, '{_FIXED_ZONE}')"
    if target.with_zone:
        from lakeshell.engine.embedded.values.instants import utc

        made = utc(made, casting.target_zone or casting.context.zone)
        allowed = "false"
    body = (
        f"CASE WHEN v IS NULL THEN NULL WHEN NOT regexp_matches(v, '{_TIMESTAMP}') "
        f"OR {hour} > 23 OR {minute} > 59 OR {second} > 59 THEN {failing.replace('$0', 'v')} "
        f"WHEN {g[8]} <> '' AND NOT {allowed} THEN {zone} "
        f"ELSE coalesce({made}, {failing.replace('$0', 'v')}) END"
    )
    return f"(list_transform([{trimmed(x)}], lambda v: {body})[1])"


_TIME = r"^(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:\.(\d{1,12}))?)?$"


def _to_time(x: str, casting: Casting) -> str:
    target = casting.target
    assert isinstance(target, t.TimeType)
    failing = casting.fail("'Value cannot be cast to time: ' || $0", is_sql=True)
    g = [f"regexp_extract($0, '{_TIME}', {i})" for i in range(5)]
    hour, minute, second = (f"coalesce(TRY_CAST({g[i]} AS BIGINT), 0)" for i in (1, 2, 3))
    fraction = f"coalesce(nullif({g[4]}, ''), '0')"
    micros = f"(({hour} * 60 + {minute}) * 60 + {second}) * 1000000 + {_micros(fraction, target.precision)}"
    made = f"CAST(make_timestamp(({micros}) % 86400000000) AS TIME)"
    test = f"regexp_matches($0, '{_TIME}') AND {hour} <= 23 AND {minute} <= 59 AND {second} <= 59"
    return _parsed(x, casting, test, made, failing)


def _zoned_time(x: str, casting: Casting) -> str:
    from lakeshell.engine.embedded.values.typed import refused

    raise refused("a cast of text to time with time zone", casting.at)


_UUID = "[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}"


def _to_uuid(x: str, casting: Casting) -> str:
    failing = casting.fail("'Cannot cast value to UUID: ' || $0", is_sql=True)
    return _parsed(x, casting, f"regexp_full_match($0, '{_UUID}')", "TRY_CAST($0 AS UUID)", failing)


_FROM_VARCHAR: dict[str, Conversion] = {
    "boolean": _to_boolean,
    **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), _to_integral),
    **dict.fromkeys(("real", "double"), _to_float),
    "decimal": _to_decimal,
    "varbinary": _to_bytes,
    "date": _to_date,
    **dict.fromkeys(("timestamp", "timestamp with time zone"), _to_timestamp),
    "time": _to_time,
    "time with time zone": _zoned_time,
    "uuid": _to_uuid,
}


# --- uuid and bytes ------------------------------------------------------------------------------


def _uuid_to_bytes(x: str, casting: Casting) -> str:
    return f"unhex(replace(CAST({x} AS VARCHAR), '-', ''))"


def _bytes_to_uuid(x: str, casting: Casting) -> str:
    failing = casting.fail("'Invalid UUID binary length: ' || octet_length($0)", is_sql=True)
    return filled(
        f"(CASE WHEN octet_length($0) <> 16 THEN {failing} ELSE CAST(hex($0) AS UUID) END)", [x]
    )
