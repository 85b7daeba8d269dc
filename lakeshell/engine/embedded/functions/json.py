"""Trino's functions of JSON other than those of the SQL standard.

In: coerced arguments. Out: DuckDB SQL that calls `json_python`: DuckDB's own JSON functions take
what Trino's parser doesn't, and write numbers and keys otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.engine.embedded.values.emission import (
    Arguments,
    Emission,
    Entry,
    python_call,
    values,
)
from lakeshell.sql import datatypes as t

if TYPE_CHECKING:
    from lakeshell.engine.embedded.values.typed import Context


def _python(name: str, nullable: bool = True) -> Emission:
    def emit(arguments: Arguments, result: t.Type, context: Context) -> str:
        path = f"json_python:{name}"
        return python_call(path, values(arguments), result, context, nullable=nullable)

    return emit


_JSONS = ("json", "varchar(x)")

SCALARS: tuple[Entry, ...] = (
    ("json_parse(varchar(x)) -> json", _python("json_parse", nullable=False)),
    ("json_format(json) -> varchar", "$0"),
    *(
        entry
        for kind in _JSONS
        for entry in (
            (f"json_extract({kind}, jsonpath) -> json", _python("json_extract")),
            (
                f"json_extract_scalar({kind}, jsonpath) -> "
                + ("varchar" if kind == "json" else "varchar(x)"),
                _python("json_extract_scalar"),
            ),
            (f"json_size({kind}, jsonpath) -> bigint", _python("json_size")),
            (f"json_array_length({kind}) -> bigint", _python("json_array_length")),
            (f"json_array_get({kind}, bigint) -> json", _python("json_array_get")),
            (f"is_json_scalar({kind}) -> boolean", _python("is_json_scalar", nullable=False)),
            *(
                (
                    f"json_array_contains({kind}, {wanted}) -> boolean",
                    _python(f"json_array_contains_{wanted.partition('(')[0]}"),
                )
                for wanted in (
                    "boolean",
                    "bigint",
                    "double",
                    "varchar(x)" if kind == "json" else "varchar(y)",
                )
            ),
        )
    ),
)
