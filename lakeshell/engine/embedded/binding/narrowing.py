"""Literals in the type of the column that they are compared with.

In: the sides of a comparison. Out: the same, but a literal that the other side's type holds exactly
is of that type: `amount > 500` compares decimals, not a cast of the column, so that DuckDB skips
row groups by it. Exact numbers only, where no comparison can come out otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from lakeshell.engine.embedded.values.typed import Typed, duckdb_literal
from lakeshell.sql.datatypes import BIGINT, INTEGER, SMALLINT, TINYINT, DecimalType, Type

_BITS = {TINYINT: 8, SMALLINT: 16, INTEGER: 32, BIGINT: 64}


def narrowed(value: Typed, other: Typed) -> Typed:
    """`value` in the type of `other`, where it is a literal and fits."""
    number = value.value
    if value.type == other.type or other.is_constant or isinstance(number, bool):
        return value
    if not isinstance(number, int | Decimal) or not _is_exact(value.type):
        return value
    exact = Decimal(number)
    if not exact.is_finite() or not _holds(other.type, exact):
        return value
    made = exact if isinstance(other.type, DecimalType) else int(exact)
    return Typed(duckdb_literal(made, other.type), other.type, value.at, made)


def narrowed_all(values: Sequence[Typed], other: Typed) -> list[Typed]:
    """All of `values` in the type of `other`, or none of them."""
    made = [narrowed(value, other) for value in values]
    return made if all(value.type == other.type for value in made) else list(values)


def _is_exact(type: Type) -> bool:
    return type in _BITS or isinstance(type, DecimalType)


def _holds(type: Type, number: Decimal) -> bool:
    if isinstance(type, DecimalType):
        scaled = number.scaleb(type.scale)
        return bool(scaled == scaled.to_integral_value() and abs(scaled) < 10**type.precision)
    bits = _BITS.get(type)
    if bits is None or number != number.to_integral_value():
        return False
    return -(1 << (bits - 1)) <= number < 1 << (bits - 1)
