"""DuckDB SQL that writes floating-point numbers as Trino's casts and Java do.

In: SQL of DOUBLE or FLOAT, short enough to be repeated. Out: SQL of VARCHAR. The shortest digits
that read back as the same number are DuckDB's own; only their notation is Java's.
"""

from __future__ import annotations


def _scientific(shortest: str) -> str:
    """`shortest` is DuckDB's text of a positive finite number: `12.5`, `1e-05`, `1.5e+20`."""
    return (
        f"list_transform([{shortest}], lambda n: list_transform([struct_pack("
        "whole := split_part(split_part(n, 'e', 1), '.', 1), "
        "part := split_part(split_part(n, 'e', 1), '.', 2), "
        "power := coalesce(TRY_CAST(split_part(n, 'e', 2) AS INTEGER), 0))], "
        "lambda s: list_transform([struct_pack("
        "digits := rtrim(ltrim(s.whole || s.part, '0'), '0'), "
        "power := s.power + CASE WHEN s.whole <> '0' THEN length(s.whole) - 1 "
        "ELSE length(ltrim(s.part, '0')) - length(s.part) - 1 END)], "
        "lambda d: d.digits[1] || '.' || CASE WHEN length(d.digits) > 1 THEN d.digits[2:] "
        "ELSE '0' END || 'E' || d.power)[1])[1])[1]"
    )


def _signed(x: str, positive: str, zero: str) -> str:
    return (
        f"(CASE WHEN {x} IS NULL THEN NULL WHEN isnan({x}) THEN 'NaN' "
        f"ELSE CASE WHEN signbit({x}) THEN '-' ELSE '' END || "
        f"CASE WHEN isinf({x}) THEN 'Infinity' WHEN {x} = 0 THEN '{zero}' ELSE {positive} END END)"
    )


def cast_double(x: str) -> str:
    """As `CAST(double AS varchar)` writes: always `1.0E1`."""
    return _signed(x, _scientific(_shortest(x)), "0E0")


def _shortest(x: str) -> str:
    # Java gives two digits to the very smallest numbers, where one would do
    tiny = f"CASE WHEN abs({x}) < 1e-322 THEN format('{{:.1e}}', abs({x})) ELSE "
    return f"{tiny}CAST(abs({x}) AS VARCHAR) END"


def cast_real(x: str) -> str:
    """As `CAST(real AS varchar)` writes: seven digits at most."""
    shortest = f"CAST(CAST(abs({x}) AS VARCHAR) AS DOUBLE)"
    rounded = (
        f"CASE WHEN abs({x}) < 1e-44 THEN format('{{:.1e}}', CAST(abs({x}) AS DOUBLE)) "
        f"ELSE format('{{:.6e}}', {shortest}) END"
    )
    return _signed(x, _scientific(rounded), "0E0")


def java_double(x: str) -> str:
    """As Java's Double.toString writes, and every text that Trino shows."""
    return _java(x, _shortest(x))


def java_real(x: str) -> str:
    return _java(x, f"CAST(abs({x}) AS VARCHAR)")


def _java(x: str, shortest: str) -> str:
    plain = f"CASE WHEN abs({x}) BETWEEN 0.001 AND 9999999.999999999 THEN CAST(abs({x}) AS VARCHAR)"
    return _signed(x, f"{plain} ELSE {_scientific(shortest)} END", "0.0")
