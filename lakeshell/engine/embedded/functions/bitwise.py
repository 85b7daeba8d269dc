"""Bitwise functions over two's complement integers.

In: arguments of a signature's types. Out: DuckDB SQL; shifts are calculated with 128 bits, for
DuckDB's own fail on overflow and on negative numbers.
"""

from __future__ import annotations

from collections.abc import Sequence

from lakeshell.engine.embedded.functions.registry import Entry
from lakeshell.engine.embedded.values.emission import filled
from lakeshell.engine.embedded.values.typed import Context, Typed, duckdb_type, failure
from lakeshell.sql import datatypes as t

_BITS = {"tinyint": 8, "smallint": 16, "integer": 32, "bigint": 64}
_INVALID = "INVALID_FUNCTION_ARGUMENT"


def _shift(formula: str, beyond: str, arguments: Sequence[Typed], result: t.Type) -> str:
    """`formula` for shifts below 64, `beyond` from there on; `$2` is 2 to the shift."""
    negative = failure(
        "NOT_SUPPORTED", "the embedded engine does not run shifts by negative numbers", result
    )
    formula = formula.replace(
        "$2", "(CAST(1 AS HUGEINT) << CAST(greatest(least($1, 63), 0) AS HUGEINT))"
    )
    return filled(
        f"(CASE WHEN $0 IS NULL OR $1 IS NULL THEN NULL WHEN $1 < 0 THEN {negative} "
        f"WHEN $1 >= 64 THEN {beyond} ELSE CAST({formula} AS {duckdb_type(result)}) END)",
        [a.sql for a in arguments],
    )


def _wrapped(number: str, bits: int) -> str:
    """A 128-bit number cut to `bits`, the highest of them its sign."""
    whole, half = (f"CAST('{2**n}' AS HUGEINT)" for n in (bits, bits - 1))
    return f"(((({number}) % {whole} + {whole} + {half}) % {whole}) - {half})"


def _left_shift(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    bits = _BITS[result.name]
    # what is shifted out of the type is gone whatever stood there
    low = f"(CAST($0 AS HUGEINT) % CAST('{2**63}' AS HUGEINT))"
    odd = f"CASE WHEN $1 = 0 THEN CAST($0 AS HUGEINT) ELSE {low} * $2 END"
    return _shift(_wrapped(odd, bits), "0", arguments, result)


def _right_shift(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    bits = _BITS[result.name]
    unsigned = (
        f"(CAST($0 AS HUGEINT) + CASE WHEN $0 < 0 THEN CAST('{2**bits}' AS HUGEINT) ELSE 0 END)"
    )
    return _shift(_wrapped(f"{unsigned} // $2", bits), "0", arguments, result)


def _right_shift_arithmetic(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    number = "CAST($0 AS HUGEINT)"
    formula = f"CASE WHEN $0 >= 0 THEN {number} // $2 ELSE -((-{number} - 1) // $2) - 1 END"
    return _shift(formula, "CASE WHEN $0 < 0 THEN -1 ELSE 0 END", arguments, result)


def _bit_count(arguments: Sequence[Typed], result: t.Type, context: Context) -> str:
    bits = failure(
        _INVALID,
        "'Bits specified in bit_count must be between 2 and 64, got ' || $1",
        result,
        is_sql=True,
    )
    wide = failure(
        _INVALID,
        "'Number must be representable with the bits specified. ' || $0 || "
        "' cannot be represented with ' || $1 || ' bits'",
        result,
        is_sql=True,
    )
    limit = "(CAST(1 AS HUGEINT) << CAST($1 - 1 AS HUGEINT))"
    return filled(
        "(CASE WHEN $0 IS NULL OR $1 IS NULL THEN NULL "
        f"WHEN $1 NOT BETWEEN 2 AND 64 THEN {bits} "
        f"WHEN $0 >= {limit} OR $0 < -{limit} THEN {wide} "
        "ELSE CAST(bit_count($0) AS BIGINT) - CASE WHEN $0 < 0 THEN 64 - $1 ELSE 0 END END)",
        [a.sql for a in arguments],
    )


SCALARS: tuple[Entry, ...] = (
    ("bit_count(bigint, bigint) -> bigint", _bit_count),
    ("bitwise_and(bigint, bigint) -> bigint", "($0 & $1)"),
    ("bitwise_or(bigint, bigint) -> bigint", "($0 | $1)"),
    ("bitwise_xor(bigint, bigint) -> bigint", "xor($0, $1)"),
    ("bitwise_not(bigint) -> bigint", "(~$0)"),
    *(
        (f"{name}({type}, integer) -> {type}", emission)
        for name, emission in (
            ("bitwise_left_shift", _left_shift),
            ("bitwise_right_shift", _right_shift),
            ("bitwise_right_shift_arithmetic", _right_shift_arithmetic),
        )
        for type in ("bigint", "integer", "smallint", "tinyint")
    ),
)
