"""How an entry's DuckDB SQL is made from its arguments.

In: a template with `$0`, `$1`, … for the arguments, or a Python function. Out: emissions for the
registry. An argument that a template names more than once is computed once; a function that only
Python can run faithfully is asked of the statement's `Needs`, or run at once over literals.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import TYPE_CHECKING, Any, TypeAlias
from zlib import crc32

from lakeshell.engine.embedded.values.typed import (
    FAILURE_MARK,
    Typed,
    Udf,
    duckdb_literal,
    duckdb_type,
    failure,
    quote_text,
    refused,
)
from lakeshell.errors import QueryFailed
from lakeshell.sql.datatypes import ArrayType, MapType, RowType

if TYPE_CHECKING:
    from lakeshell.engine.embedded.values.typed import BoundLambda, Context
    from lakeshell.sql.datatypes import Type

Arguments: TypeAlias = "Sequence[Typed | BoundLambda]"
Emission: TypeAlias = "Callable[[Arguments, Type, Context], str | Typed]"
Entry: TypeAlias = "tuple[str, str | Emission]"

INVALID = "INVALID_FUNCTION_ARGUMENT"
SHORT = 48
"""An argument's SQL up to this long is repeated rather than bound to a name."""

_PLACE = re.compile(r"\$(\d)")


def sql(template: str, *, guarded: bool = False) -> Emission:
    """An emission that fills `template`; with `guarded` any NULL argument makes NULL first."""

    def emit(arguments: Arguments, result: Type, context: Context) -> str:
        return fill(template, values(arguments), guarded=guarded)

    return emit


def refusing(construct: str) -> Emission:
    """An emission of what Trino has and this engine doesn't."""

    def emit(arguments: Arguments, result: Type, context: Context) -> str:
        raise refused(construct, values(arguments)[0].at)

    return emit


def values(arguments: Arguments) -> list[Typed]:
    """The arguments that are values, lambdas left out."""
    return [argument for argument in arguments if isinstance(argument, Typed)]


def function(arguments: Arguments, index: int) -> BoundLambda:
    """The lambda at `index`."""
    found = arguments[index]
    assert not isinstance(found, Typed)
    return found


def fill(template: str, arguments: Sequence[Typed], *, guarded: bool = False) -> str:
    """`template` over `arguments`, each computed once however often it is named."""
    return filled(template, [a.sql for a in arguments], guarded=guarded, constants=[
        i for i, a in enumerate(arguments) if a.is_constant and a.value is not None
    ])  # fmt: skip


def filled(
    template: str,
    arguments: Sequence[str],
    *,
    guarded: bool = False,
    constants: Sequence[int] = (),
) -> str:
    """As `fill`, over SQL texts; `constants` are the places of those that are literals."""
    if guarded:
        tests = [f"${i} IS NULL" for i in range(len(arguments)) if i not in constants]
        if tests:
            template = f"(CASE WHEN {' OR '.join(tests)} THEN NULL ELSE {template} END)"
    places = _PLACE.findall(template)
    long = [
        i
        for i, argument in enumerate(arguments)
        if (len(argument) > SHORT or "random()" in argument)
        and i not in constants
        and places.count(str(i)) > 1
    ]
    names = list(arguments)
    if not long:
        return _PLACE.sub(lambda match: names[int(match[1])], template)
    bound = "once_" + format(crc32("\0".join(arguments).encode()), "x")
    fields = []
    for i in long:
        fields.append(f"a{i} := {arguments[i]}")
        names[i] = f"{bound}.a{i}"
    body = _PLACE.sub(lambda match: names[int(match[1])], template)
    return f"(list_transform([struct_pack({', '.join(fields)})], lambda {bound}: {body})[1])"


def python(path: str) -> Emission:
    """An emission that calls the Python function `module:function` below `functions`.

    The function gets plain Python values, never None, and raises `QueryFailed`.
    """

    def emit(arguments: Arguments, result: Type, context: Context) -> str:
        return python_call(path, values(arguments), result, context)

    return emit


def python_call(
    path: str,
    arguments: Sequence[Typed],
    result: Type,
    context: Context,
    *,
    nullable: bool = False,
) -> str:
    """SQL that calls the function at `path` (below `functions`) over `arguments`.

    `nullable` says that it may give None for arguments that aren't.
    """
    whole = f"lakeshell.engine.embedded.functions.{path}"
    if any(v.is_constant and v.value is None for v in arguments):
        return duckdb_literal(None, result)
    if all(v.is_constant for v in arguments) and not _has_parts(result):
        return _now(whole, [v.value for v in arguments], result)
    name = path.rpartition(":")[2]
    types = [duckdb_type(v.type) for v in arguments]
    made = duckdb_type(result)
    tag = format(crc32(" ".join((whole, *types, made)).encode()), "x")
    handling = "special" if nullable else "default"
    udf = Udf(f"py_{name}_{tag}", whole, types, made, handling)
    called = f"{context.needs.function(udf)}({', '.join(v.sql for v in arguments)})"
    tests = [f"{v.sql} IS NULL" for v in arguments if not v.is_constant]
    return f"(CASE WHEN {' OR '.join(tests)} THEN NULL ELSE {called} END)" if nullable else called


def _has_parts(type: Type) -> bool:
    """Whether a literal of the type would hold maps or rows."""
    if isinstance(type, ArrayType):
        return _has_parts(type.element)
    return isinstance(type, MapType | RowType)


def _now(path: str, values: Sequence[Any], result: Type) -> str:
    module, _, name = path.partition(":")
    function = getattr(import_module(module), name)
    try:
        return duckdb_literal(function(*values), result)
    except QueryFailed as failed:
        return failure(failed.code, failed.message, result)


class PythonFailure(QueryFailed):
    """What a Python function raises: `code` and `message` also in the text that DuckDB keeps."""

    def __str__(self) -> str:
        # Ends as the failing casts of `typed.failure` do: DuckDB adds where Python was.
        return f"{FAILURE_MARK}{self.code}|{self.message}' to INT32"


def invalid(message: str) -> QueryFailed:
    """What a Python function raises over an argument that it cannot take."""
    return PythonFailure(message, code=INVALID)


def not_run(construct: str) -> QueryFailed:
    """What a Python function raises over a value that Trino takes and this engine doesn't."""
    return PythonFailure(f"the embedded engine does not run {construct}", code="NOT_SUPPORTED")


def joined(texts: str, separator: str) -> str:
    """SQL of a list of texts with a separator that need not be a literal: DuckDB's own must be."""
    return (
        f"(CASE WHEN len({texts}) = 0 THEN '' "
        f"ELSE list_reduce({texts}, lambda sofar, next: sofar || {separator} || next) END)"
    )


def fails(message: str, type: Type, code: str = INVALID) -> str:
    """SQL of `type` that fails with a fixed message."""
    return failure(code, message, type)


def fails_with(message_sql: str, type: Type, code: str = INVALID) -> str:
    """SQL of `type` that fails with a message computed by `message_sql` (of VARCHAR)."""
    return failure(code, message_sql, type, is_sql=True)


def text(value: str) -> str:
    """A VARCHAR literal of DuckDB."""
    return quote_text(value)
