"""Statistical aggregates.

In: a resolved `Call`. Out: DuckDB SQL. Trino updates its moments row by row; where DuckDB's own
aggregate rounds otherwise, the same updates are folded over the group's values.
"""

from __future__ import annotations

from lakeshell.engine.embedded.functions.registry import Call, Entry
from lakeshell.engine.embedded.values.emission import filled
from lakeshell.sql import datatypes as t


def _geometric_mean(call: Call) -> str:
    x = f"CAST({call.sql(0)} AS DOUBLE)"
    logarithm = f"(CASE WHEN {x} < 0 THEN CAST('NaN' AS DOUBLE) ELSE ln({x}) END)"
    return _of_result(f"exp({call.aggregate('avg', logarithm)})", call)


def _of_result(sql: str, call: Call) -> str:
    return f"CAST({sql} AS FLOAT)" if call.result == t.REAL else sql


def _pair(call: Call) -> tuple[str, str]:
    y, x = (f"CAST({call.sql(i)} AS DOUBLE)" for i in (0, 1))
    return y, x


def _covariance(call: Call) -> str:
    """`covar_…` and `regr_slope`, which is NULL where it isn't finite."""
    made = call.aggregate(call.name, ", ".join(_pair(call)))
    if call.name != "regr_slope":
        return _of_result(made, call)
    return _of_result(filled("(CASE WHEN isfinite($0) THEN $0 END)", [made]), call)


_PAIR_START = "struct_pack(n := 0e0, mx := 0e0, my := 0e0, c := 0e0, vx := 0e0, vy := 0e0)"
_PAIR_STEP = (
    "list_transform([struct_pack(mx := a.mx + (v.x - a.mx) / (a.n + 1), "
    "my := a.my + (v.y - a.my) / (a.n + 1))], lambda m: struct_pack(n := a.n + 1, mx := m.mx, "
    "my := m.my, c := a.c + (v.x - a.mx) * (v.y - m.my), vx := a.vx + (v.x - a.mx) * (v.x - m.mx), "
    "vy := a.vy + (v.y - a.my) * (v.y - m.my)))[1]"
)


def _folded_pairs(call: Call, formula: str) -> str:
    """`formula` over the state `s` of all pairs without NULL."""
    y, x = _pair(call)
    both = f"{call.sql(0)} IS NOT NULL AND {call.sql(1)} IS NOT NULL"
    values = call.aggregate("list", f"struct_pack(y := {y}, x := {x})", where=both)
    state = f"list_reduce({values}, lambda a, v: {_PAIR_STEP}, {_PAIR_START})"
    body = f"list_transform([{formula}], lambda r: CASE WHEN isfinite(r) THEN r END)[1]"
    return _of_result(f"(list_transform([{state}], lambda s: {body})[1])", call)


def _corr(call: Call) -> str:
    return _folded_pairs(call, "s.c / sqrt(s.vx) / sqrt(s.vy)")


def _regr_intercept(call: Call) -> str:
    return _folded_pairs(call, "s.my - s.c / s.vx * s.mx")


_MOMENT_START = "struct_pack(n := 0e0, m1 := 0e0, m2 := 0e0, m3 := 0e0, m4 := 0e0)"
_MOMENT_STEP = (
    "list_transform([struct_pack(d := v - a.m1, k := (v - a.m1) / (a.n + 1))], lambda e: "
    "list_transform([e.d * e.k * a.n], lambda w: struct_pack(n := a.n + 1, m1 := a.m1 + e.k, "
    "m2 := a.m2 + w, m3 := a.m3 + w * e.k * (a.n - 1) - 3 * e.k * a.m2, "
    "m4 := a.m4 + w * (e.k * e.k) * ((a.n + 1) * (a.n + 1) - 3 * (a.n + 1) + 3) "
    "+ 6 * (e.k * e.k) * a.m2 - 4 * e.k * a.m3))[1])[1]"
)


def _folded_moments(call: Call, formula: str) -> str:
    x = call.sql(0)
    values = call.aggregate("list", f"CAST({x} AS DOUBLE)", where=f"{x} IS NOT NULL")
    start = f"list_reduce({values}, lambda a, v: {_MOMENT_STEP}, {_MOMENT_START})"
    return f"(list_transform([{start}], lambda s: {formula})[1])"


def _skewness(call: Call) -> str:
    return _folded_moments(
        call, "CASE WHEN s.n < 3 THEN NULL ELSE sqrt(s.n) * s.m3 / pow(s.m2, 1.5) END"
    )


def _kurtosis(call: Call) -> str:
    return _folded_moments(
        call,
        "CASE WHEN s.n < 4 THEN NULL ELSE ((s.n - 1) * s.n * (s.n + 1)) / "
        "((s.n - 2) * (s.n - 3)) * s.m4 / (s.m2 * s.m2) - "
        "3 * ((s.n - 1) * (s.n - 1)) / ((s.n - 2) * (s.n - 3)) END",
    )


_SPREADS = {
    "stddev": "stddev_samp",
    "stddev_samp": "stddev_samp",
    "stddev_pop": "stddev_pop",
    "variance": "var_samp",
    "var_samp": "var_samp",
    "var_pop": "var_pop",
}

AGGREGATES: tuple[Entry, ...] = (
    ("geometric_mean(bigint) -> double", _geometric_mean),
    ("geometric_mean(double) -> double", _geometric_mean),
    ("geometric_mean(real) -> real", _geometric_mean),
    *(
        (f"{name}({type}) -> double", f"@{duckdb}($0)")
        for name, duckdb in _SPREADS.items()
        for type in ("bigint", "double")
    ),
    *((f"skewness({type}) -> double", _skewness) for type in ("bigint", "double")),
    *((f"kurtosis({type}) -> double", _kurtosis) for type in ("bigint", "double")),
    *(
        (f"{name}({type}, {type}) -> {type}", emission)
        for name, emission in (
            ("corr", _corr),
            ("covar_pop", _covariance),
            ("covar_samp", _covariance),
            ("regr_intercept", _regr_intercept),
            ("regr_slope", _covariance),
        )
        for type in ("double", "real")
    ),
)
