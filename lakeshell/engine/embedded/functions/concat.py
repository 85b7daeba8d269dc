"""`concat` and `||`: of texts, bytes and arrays.

In: coerced arguments. Out: DuckDB SQL.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.engine.embedded.values.emission import Arguments, Entry, fails, sql, values
from lakeshell.sql import datatypes as t

if TYPE_CHECKING:
    from lakeshell.engine.embedded.values.typed import Context


def _joined(arguments: Arguments, result: t.Type, context: Context) -> str:
    given = values(arguments)
    if len(given) < 2:
        return fails("There must be two or more concatenation arguments", result)
    return "(" + " || ".join(v.sql for v in given) + ")"


def _chars(arguments: Arguments, result: t.Type, context: Context) -> str:
    first, second = values(arguments)
    assert isinstance(first.type, t.CharType)
    return f"rtrim(rpad({first.sql}, {first.type.length}, ' ') || {second.sql}, ' ')"


SCALARS: tuple[Entry, ...] = (
    ("concat(char(x), char(y)) -> char(x + y)", _chars),
    ("concat(varchar...) -> varchar", _joined),
    ("concat(varbinary...) -> varbinary", _joined),
    ("concat(array(E)...) -> array(E)", _joined),
    ("concat(array(E), E) -> array(E)", sql("list_append($0, $1)", guarded=True)),
    ("concat(E, array(E)) -> array(E)", sql("list_prepend($0, $1)", guarded=True)),
)
