"""Trino's functions of text that give text or numbers, without patterns.

In: coerced arguments. Out: DuckDB SQL counting in code points, as Trino does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.engine.embedded.values.emission import (
    Arguments,
    Emission,
    Entry,
    fails,
    fails_with,
    fill,
    filled,
    joined,
    sql,
    text,
    values,
)
from lakeshell.engine.embedded.values.typed import failure, rejected
from lakeshell.sql import datatypes as t

if TYPE_CHECKING:
    from lakeshell.engine.embedded.values.typed import Context, Typed

_CASE_HOLD = "\ufdd0"
_NEW_UPPER = "\ua7dc\ua7cb\u1c89\ua7cc\ua7da" + "".join(map(chr, range(0x10D50, 0x10D66)))
_NEW_LOWER = "\u019b\u0264\u1c8a\ua7cd\ua7db" + "".join(map(chr, range(0x10D70, 0x10D86)))
WHITESPACE = (
    "".join(map(chr, (9, 10, 11, 12, 13, 28, 29, 30, 31, 32, 0x1680)))
    + "".join(map(chr, (*range(0x2000, 0x2007), *range(0x2008, 0x200B))))
    + "".join(map(chr, (0x2028, 0x2029, 0x205F, 0x3000)))
)
"""What Trino's trim family removes; DuckDB's own set has no line breaks but no-break spaces."""

POINTS = "regexp_extract_all($0, '(?s).')"
"""The code points of `$0` as a list; DuckDB's own splitting goes by grapheme."""

# DuckDB maps by Unicode 15 and knows a capital sharp s that Java's one-to-one mapping doesn't.
_UPPER = (
    "(CASE WHEN strlen($0) = length($0) THEN upper($0) ELSE translate(upper(translate($0, "
    f"{text('ß' + _NEW_LOWER)}, {text(_CASE_HOLD + _NEW_UPPER)})), {text(_CASE_HOLD)}, 'ß') END)"
)
_LOWER = (
    "(CASE WHEN strlen($0) = length($0) THEN lower($0) ELSE "
    f"translate(lower($0), {text(_NEW_UPPER)}, {text(_NEW_LOWER)}) END)"
)

_LENGTH_LIMIT = fails("Target length must be in the range [0..2147483647]", t.VARCHAR)
_EMPTY_PAD = fails("Padding string must not be empty", t.VARCHAR)
_NO_DELIMITER = fails("The delimiter may not be the empty string", t.ArrayType(t.VARCHAR))


def _padded(arguments: Arguments) -> list[str]:
    """The SQL of the arguments, a first of `char(x)` with its blanks."""
    first, *others = values(arguments)
    assert isinstance(first.type, t.CharType)
    return [f"rpad({first.sql}, {first.type.length}, ' ')", *(o.sql for o in others)]


def _of_char(template: str, *, guarded: bool = False) -> Emission:
    """As `sql`, for a first argument of `char(x)` whose blanks count."""

    def emit(arguments: Arguments, result: t.Type, context: Context) -> str:
        return filled(template, _padded(arguments), guarded=guarded)

    return emit


def _char_length(arguments: Arguments, result: t.Type, context: Context) -> str:
    (value,) = values(arguments)
    assert isinstance(value.type, t.CharType)
    return f"CAST(CASE WHEN {value.sql} IS NOT NULL THEN {value.type.length} END AS BIGINT)"


def _replace(arguments: Arguments, result: t.Type, context: Context) -> str:
    given = values(arguments)
    if len(given) == 2:
        return fill("replace($0, $1, '')", given)
    if given[1].is_constant and given[1].value:
        return fill("replace($0, $1, $2)", given)
    return fill(
        "(CASE WHEN $1 = '' AND $0 = '' THEN $2 WHEN $1 = '' THEN "
        f"$2 || {joined(POINTS, '$2')} || $2 ELSE replace($0, $1, $2) END)",
        given,
    )


_SUBSTR_FROM = (
    "(CASE WHEN $1 > 0 THEN substr($0, least($1, 4294967295)) "
    "WHEN $1 = 0 OR $1 < -length($0) THEN '' ELSE substr($0, $1) END)"
)
_SUBSTR = (
    "(CASE WHEN $1 = 0 OR $2 <= 0 OR $1 < -length($0) THEN '' ELSE "
    "substr($0, least($1, 4294967295), least($2, 2147483647)) END)"
)


def _substr_from(arguments: Arguments, result: t.Type, context: Context) -> str:
    given = values(arguments)
    start = given[1].value
    if given[1].is_constant and start is not None and 0 < start < 2**31:
        return fill("substr($0, $1)", given)
    return fill(_SUBSTR_FROM, given, guarded=True)


def _of_bytes(template: str) -> Emission:
    """`template`, which counts the characters `$0`, over bytes."""
    # Latin-1 by way of hexadecimal: DuckDB has no substring of a BLOB.
    counted = template.replace("length($0)", "octet_length($0)").replace("''", "CAST('' AS BLOB)")
    start = "$1"
    first = f"(CASE WHEN {start} > 0 THEN 2 * {start} - 1 ELSE 2 * {start} END)"
    counted = counted.replace(
        "substr($0, least($1, 4294967295), least($2, 2147483647))",
        f"unhex(substr(hex($0), {first}, 2 * $2))",
    )
    counted = counted.replace(
        "substr($0, least($1, 4294967295))", f"unhex(substr(hex($0), {first}))"
    ).replace("substr($0, $1)", "unhex(substr(hex($0), 2 * $1))")
    for place in ("$1", "$2"):
        counted = counted.replace(place, f"greatest(least({place}, 1073741823), -1073741823)")
    places = ("$1", "$2") if "$2" in template else ("$1",)
    large = " OR ".join(f"abs(CAST({place} AS HUGEINT)) >= 2147483647" for place in places)
    beyond = failure(
        "NOT_SUPPORTED",
        "the embedded engine does not run substr of bytes with numbers beyond an integer",
        t.VARBINARY,
    )
    return sql(f"(CASE WHEN {large} THEN {beyond} ELSE {counted} END)", guarded=True)


def _substr(arguments: Arguments, result: t.Type, context: Context) -> str:
    given = values(arguments)
    limits = [v.value if v.is_constant and v.value is not None else 0 for v in given[1:]]
    if all(0 < limit < 2**31 for limit in limits):
        return fill("substr($0, $1, $2)", given)
    return fill(_SUBSTR, given, guarded=True)


_PLACES = "list_filter(range(1, length($0) + 1), lambda i: substr($0, i, length($1)) = $1)"
_FROM_END = (
    f"coalesce(list_transform([{_PLACES}[$2]], lambda p: p + length(regexp_replace("
    r"substr($0, 1, p - 1), '[^\x{10000}-\x{10FFFF}]', '', 'g')))[1], 0)"
)
_STRPOS_NTH = (
    "CAST(CASE WHEN $2 = 0 THEN "
    + fails("'instance' must be a positive or negative number.", t.BIGINT)
    + f" WHEN $1 = '' THEN 1 WHEN $2 > 0 THEN coalesce({_PLACES}[$2], 0) "
    f"ELSE {_FROM_END} END AS BIGINT)"
)

_SPLIT = f"(CASE WHEN $1 = '' THEN {_NO_DELIMITER} ELSE str_split($0, $1) END)"
_SPLIT_LIMIT = (
    f"(CASE WHEN $2 <= 0 THEN {fails('Limit must be positive', t.ArrayType(t.VARCHAR))} "
    f"WHEN $2 > 2147483647 THEN {fails('Limit is too large', t.ArrayType(t.VARCHAR))} "
    f"WHEN $1 = '' THEN {_NO_DELIMITER} "
    "WHEN len(str_split($0, $1)) <= $2 THEN str_split($0, $1) "
    "ELSE list_append(str_split($0, $1)[1:$2 - 1], "
    f"{joined('str_split($0, $1)[$2:]', '$1')}) END)"
)
_SPLIT_PART = (
    f"(CASE WHEN $2 <= 0 THEN {fails('Index must be greater than zero', t.VARCHAR)} "
    "WHEN $1 = '' THEN nullif(substr($0, least($2, 4294967295), 1), '') "
    "ELSE str_split($0, $1)[$2] END)"
)


def _split(arguments: Arguments, result: t.Type, context: Context) -> str:
    given = values(arguments)
    if given[1].is_constant and given[1].value:
        return fill("str_split($0, $1)", given)
    return fill(_SPLIT, given, guarded=True)


def _pad(function: str) -> str:
    return (
        f"(CASE WHEN $1 NOT BETWEEN 0 AND 2147483647 THEN {_LENGTH_LIMIT} "
        f"WHEN $2 = '' THEN {_EMPTY_PAD} ELSE {function}($0, CAST($1 AS INTEGER), $2) END)"
    )


def _pad_bytes(function: str) -> str:
    limit = fails("Target length must be in the range [0..2147483647]", t.VARBINARY)
    empty = fails("Padding bytes must not be empty", t.VARBINARY)
    return (
        f"(CASE WHEN $1 NOT BETWEEN 0 AND 2147483647 THEN {limit} "
        f"WHEN octet_length($2) = 0 THEN {empty} ELSE "
        f"unhex({function}(hex($0), CAST(2 * $1 AS INTEGER), hex($2))) END)"
    )


def _pad_emission(function: str) -> Emission:
    guarded = sql(_pad(function), guarded=True)

    def emit(arguments: Arguments, result: t.Type, context: Context) -> str | Typed:
        given = values(arguments)
        size, pad = given[1].value, given[2].value
        if given[1].is_constant and given[2].is_constant and pad and 0 <= (size or -1) < 2**31:
            return fill(f"{function}($0, CAST($1 AS INTEGER), $2)", given)
        return guarded(arguments, result, context)

    return emit


def _concat_ws(arguments: Arguments, result: t.Type, context: Context) -> str:
    if len(arguments) < 2:
        message = "There must be two or more arguments"
        raise rejected("INVALID_FUNCTION_ARGUMENT", message, None)
    return "concat_ws(" + ", ".join(value.sql for value in values(arguments)) + ")"


_CODEPOINT = (
    "(CASE WHEN length($0) = 1 THEN unicode($0) ELSE "
    + fails("Input string must be a single character string", t.INTEGER)
    + " END)"
)
_CHR = (
    "(CASE WHEN $0 BETWEEN 0 AND 1114111 AND $0 NOT BETWEEN 55296 AND 57343 "
    "THEN chr(CAST($0 AS INTEGER)) ELSE "
    + fails_with("'Not a valid Unicode code point: ' || $0", t.VARCHAR)
    + " END)"
)

# DuckDB measures by byte. Other text is recoded: each code point that occurs becomes one byte.
_ALPHABET = "list_distinct(regexp_extract_all($0 || $1, '(?s).'))"
_RECODED = (
    "array_to_string(list_transform(regexp_extract_all({}, '(?s).'), "
    f"lambda c: chr(CAST(list_position({_ALPHABET}, c) AS INTEGER))), '')"
)
_LEVENSHTEIN = (
    "(CASE WHEN greatest(length($0), length($1)) * (least(length($0), length($1)) - 1) > 1000000 "
    "THEN "
    + fails("The combined inputs for Levenshtein distance are too large", t.BIGINT)
    + " WHEN strlen($0) = length($0) AND strlen($1) = length($1) THEN levenshtein($0, $1) "
    f"WHEN len({_ALPHABET}) > 127 THEN "
    + fails(
        "the embedded engine does not run levenshtein_distance over more than 127 characters",
        t.BIGINT,
        "NOT_SUPPORTED",
    )
    + f" ELSE levenshtein({_RECODED.format('$0')}, {_RECODED.format('$1')}) END)"
)
_HAMMING = (
    "(CASE WHEN length($0) <> length($1) THEN "
    + fails("The input strings to hamming_distance function must have the same length", t.BIGINT)
    + " ELSE CAST(len(list_filter(range(1, length($0) + 1), "
    "lambda i: substr($0, i, 1) <> substr($1, i, 1))) AS BIGINT) END)"
)
_LUHN = (
    "(CASE WHEN $0 = '' THEN false WHEN regexp_matches($0, '[^0-9]') THEN "
    + fails("Input contains non-digit character", t.BOOLEAN)
    + " ELSE list_sum(list_transform(regexp_extract_all($0, '.'), lambda c, i: "
    "CASE WHEN (length($0) - i) % 2 = 0 THEN CAST(c AS INTEGER) "
    "ELSE CAST(c AS INTEGER) * 2 - CASE WHEN c > '4' THEN 9 ELSE 0 END END)) % 10 = 0 END)"
)


def _entry_failures(kind: str, quote: str) -> tuple[str, str, str]:
    """The failing checks of the delimiters, and of one entry `e` of the string."""
    result = t.MapType(t.VARCHAR, t.VARCHAR if kind == "map" else t.ArrayType(t.VARCHAR))
    delimiters = (
        f"WHEN $1 = '' THEN {fails('entryDelimiter is empty', result)} "
        f"WHEN $2 = '' THEN {fails('keyValueDelimiter is empty', result)} WHEN $1 = $2 THEN "
        + fails("entryDelimiter and keyValueDelimiter must not be the same", result)
    )
    bad = fails_with(
        "'Key-value delimiter must appear exactly once in each entry. Bad input: "
        f"{quote}' || e || '{quote}'",
        t.ArrayType(t.VARCHAR),
    )
    pair = f"CASE WHEN len(str_split(e, $2)) = 2 THEN str_split(e, $2) ELSE {bad} END"
    # An empty last entry is none: the string ended with the delimiter.
    entries = (
        "list_transform(CASE WHEN $0 = '' THEN [] WHEN ends_with($0, $1) "
        "THEN str_split($0, $1)[1:-2] ELSE str_split($0, $1) END, lambda e: " + pair + ")"
    )
    return delimiters, entries, "list_transform(pairs, lambda p: p[1])"


def _split_to_map(arguments: Arguments, result: t.Type, context: Context) -> str:
    delimiters, entries, keys = _entry_failures("map", "''")
    repeated = fails_with(
        f"'Duplicate keys (' || list_filter({keys}, lambda k, i: "
        f"list_position({keys}, k) < i)[1] || ') are not allowed'",
        result,
    )
    built = (
        f"CASE WHEN len({keys}) <> len(list_distinct({keys})) THEN {repeated} "
        f"ELSE map({keys}, list_transform(pairs, lambda p: p[2])) END"
    )
    return fill(
        f"(CASE {delimiters} ELSE list_transform([{entries}], lambda pairs: {built})[1] END)",
        values(arguments),
        guarded=True,
    )


def _split_to_multimap(arguments: Arguments, result: t.Type, context: Context) -> str:
    delimiters, entries, keys = _entry_failures("multimap", "")
    distinct = f"list_filter({keys}, lambda k, i: list_position({keys}, k) = i)"
    grouped = (
        f"list_transform({distinct}, lambda k: list_transform("
        "list_filter(pairs, lambda p: p[1] = k), lambda p: p[2]))"
    )
    return fill(
        f"(CASE {delimiters} ELSE list_transform([{entries}], "
        f"lambda pairs: map({distinct}, {grouped}))[1] END)",
        values(arguments),
        guarded=True,
    )


SCALARS: tuple[Entry, ...] = (
    ("length(varchar(x)) -> bigint", sql("length($0)")),
    ("length(char(x)) -> bigint", _char_length),
    ("length(varbinary) -> bigint", sql("octet_length($0)")),
    ("chr(bigint) -> varchar(1)", sql(_CHR, guarded=True)),
    ("codepoint(varchar(1)) -> integer", sql(_CODEPOINT, guarded=True)),
    ("replace(varchar(x), varchar(y)) -> varchar(x)", _replace),
    (
        "replace(varchar(x), varchar(y), varchar(z)) -> varchar(min(2147483647, x + z * (x + 1)))",
        _replace,
    ),
    ("reverse(varchar(x)) -> varchar(x)", sql(f"array_to_string(list_reverse({POINTS}), '')")),
    (
        "reverse(char(x)) -> char(x)",
        _of_char(f"rtrim(array_to_string(list_reverse({POINTS}), ''), ' ')"),
    ),
    ("reverse(array(E)) -> array(E)", "list_reverse($0)"),
    (
        "reverse(varbinary) -> varbinary",
        sql("unhex(array_to_string(list_reverse(regexp_extract_all(hex($0), '..')), ''))"),
    ),
    ("strpos(varchar(x), varchar(y)) -> bigint", sql("strpos($0, $1)")),
    (
        "strpos(varchar(x), varchar(y), bigint) -> bigint",
        sql(_STRPOS_NTH, guarded=True),
    ),
    *(
        entry
        for name in ("substring", "substr")
        for entry in (
            (f"{name}(varchar(x), bigint) -> varchar(x)", _substr_from),
            (f"{name}(varchar(x), bigint, bigint) -> varchar(x)", _substr),
            (f"{name}(varbinary, bigint) -> varbinary", _of_bytes(_SUBSTR_FROM)),
            (f"{name}(varbinary, bigint, bigint) -> varbinary", _of_bytes(_SUBSTR)),
            (f"{name}(char(x), bigint) -> varchar(x)", _of_char(_SUBSTR_FROM, guarded=True)),
            (f"{name}(char(x), bigint, bigint) -> varchar(x)", _of_char(_SUBSTR, guarded=True)),
        )
    ),
    ("split(varchar(x), varchar(y)) -> array(varchar(x))", _split),
    (
        "split(varchar(x), varchar(y), bigint) -> array(varchar(x))",
        sql(_SPLIT_LIMIT, guarded=True),
    ),
    (
        "split_part(varchar(x), varchar(y), bigint) -> varchar(x)",
        sql(_SPLIT_PART, guarded=True),
    ),
    ("split_to_map(varchar, varchar, varchar) -> map(varchar, varchar)", _split_to_map),
    (
        "split_to_multimap(varchar, varchar, varchar) -> map(varchar, array(varchar))",
        _split_to_multimap,
    ),
    *(
        entry
        for name in ("trim", "ltrim", "rtrim")
        for entry in (
            (f"{name}(varchar(x)) -> varchar(x)", sql(f"{name}($0, {text(WHITESPACE)})")),
            (f"{name}(char(x)) -> varchar(x)", sql(f"{name}($0, {text(WHITESPACE)})")),
            (f"{name}(varchar(x), codepoints) -> varchar(x)", sql(f"{name}($0, $1)")),
            (
                f"{name}(char(x), codepoints) -> varchar(x)",
                sql(f"{name}($0, $1)" if name == "ltrim" else f"rtrim({name}($0, $1), ' ')"),
            ),
        )
    ),
    ("lower(varchar(x)) -> varchar(x)", sql(_LOWER)),
    ("lower(char(x)) -> char(x)", sql(_LOWER)),
    ("upper(varchar(x)) -> varchar(x)", sql(_UPPER)),
    ("upper(char(x)) -> char(x)", sql(_UPPER)),
    *(
        entry
        for name in ("lpad", "rpad")
        for entry in (
            (f"{name}(varchar(x), bigint, varchar(y)) -> varchar", _pad_emission(name)),
            (
                f"{name}(varbinary, bigint, varbinary) -> varbinary",
                sql(_pad_bytes(name), guarded=True),
            ),
        )
    ),
    ("lpad(char(x), bigint, varchar(y)) -> varchar", _of_char(_pad("lpad"), guarded=True)),
    ("levenshtein_distance(varchar(x), varchar(y)) -> bigint", sql(_LEVENSHTEIN, guarded=True)),
    ("hamming_distance(varchar(x), varchar(y)) -> bigint", sql(_HAMMING, guarded=True)),
    ("luhn_check(varchar) -> boolean", sql(_LUHN, guarded=True)),
    ("starts_with(varchar(x), varchar(y)) -> boolean", sql("starts_with($0, $1)")),
    ("translate(varchar(x), varchar(y), varchar(z)) -> varchar", sql("translate($0, $1, $2)")),
    ("concat_ws(varchar, varchar...) -> varchar", _concat_ws),
    (
        "concat_ws(varchar, array(varchar)) -> varchar",
        sql(joined("list_filter($1, lambda e: e IS NOT NULL)", "$0"), guarded=True),
    ),
    ("to_utf8(varchar(x)) -> varbinary", sql("encode($0)")),
    ("to_utf8(char(x)) -> varbinary", _of_char("encode($0)")),
)
