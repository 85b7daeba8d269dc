"""Calls of Trino's functions, resolved as Trino resolves them, as DuckDB SQL.

In: a function's name and its bound arguments. Out: a `Typed`, or Trino's FUNCTION_NOT_FOUND, or
`NotSupported` for what Trino has and this engine doesn't.

A function is declared in a module of `functions`, in its tuple `SCALARS`, `AGGREGATES` or `WINDOWS`,
and named in `functions.names`; an entry is an overload:

    SCALARS = (
        ("cbrt(double) -> double", "cbrt($0)"),
        ("split_part(varchar(x), varchar(y), bigint) -> varchar(x)", _split_part),
    )

Its text is a signature (see `signatures`); its emission a template, whose `$0`, `$1`, … are the
arguments, already of the signature's types, and `$*` all of them with commas, or a callable that
makes DuckDB SQL (or a whole `Typed`). A scalar function's callable takes the arguments, the
result's type and the context; an aggregate's or a window function's takes the `Call`, and their
templates write `@name(…)` for an aggregate of DuckDB that gets the call's DISTINCT, ORDER BY,
FILTER and OVER. A bare name for a text takes any arguments; its callable takes the `Call` and
checks them itself.
"""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeAlias

from lakeshell.engine.embedded.functions import names
from lakeshell.engine.embedded.functions import signatures as s
from lakeshell.engine.embedded.values.typed import (
    Argument,
    BoundLambda,
    Context,
    LambdaArgument,
    SortKey,
    Typed,
    common_zone,
    has_zone,
    refused,
    rejected,
)
from lakeshell.sql import datatypes as t
from lakeshell.sql.ast.nodes import Position


class Call:
    """A resolved call: what an emission gets.

    `arguments` are of the signature's types (lambdas bound, their bodies coerced); `result` is the
    result's type; `types` and `numbers` are what the signature's variables stand for. The rest is
    for aggregates and windows: `filter` a boolean Typed, `over` DuckDB's ` OVER (…)` or "".
    """

    __slots__ = (
        "arguments", "at", "context", "distinct", "filter", "name", "nulls", "numbers",
        "order_by", "over", "raw", "result", "star", "types",
    )  # fmt: skip

    def __init__(self, name: str, raw: Sequence[Argument], at: Position, context: Context) -> None:
        self.name = name
        self.raw: Sequence[Argument] = raw
        self.arguments: list[Typed | BoundLambda] = []
        self.result: t.Type = t.UNKNOWN
        self.types: dict[str, t.Type] = {}
        self.numbers: dict[str, int] = {}
        self.at = at
        self.context = context
        self.distinct = False
        self.filter: Typed | None = None
        self.order_by: Sequence[SortKey] = ()
        self.over = ""
        self.star = False
        self.nulls: str | None = None

    def sql(self, index: int) -> str:
        """The argument's DuckDB SQL."""
        return self.arguments[index].sql

    def typed(self, index: int) -> Typed:
        """The argument as a value; lambdas have none."""
        argument = self.arguments[index]
        assert isinstance(argument, Typed)
        return argument

    def function(self, index: int) -> BoundLambda:
        argument = self.arguments[index]
        assert isinstance(argument, BoundLambda)
        return argument

    @property
    def values(self) -> list[Typed]:
        return [a for a in self.arguments if isinstance(a, Typed)]

    def aggregate(
        self, name: str, arguments: str, *, where: str = "", ordered: bool = True, suffix: str = ""
    ) -> str:
        """DuckDB's aggregate `name` over `arguments` with the call's modifiers.

        `where` is a further condition on the rows; `ordered` false leaves ORDER BY out where it
        cannot matter; `suffix` stands inside the parentheses, at the end.
        """
        distinct = "DISTINCT " if self.distinct else ""
        order = ""
        if ordered and self.order_by:
            order = " ORDER BY " + ", ".join(key.sql for key in self.order_by)
        conditions = [self.filter.sql] if self.filter is not None else []
        if where:
            conditions.append(where)
        kept = f" FILTER (WHERE {' AND '.join(conditions)})" if conditions else ""
        return f"{name}({distinct}{arguments}{order}{suffix}){kept}{self.over}"


ScalarEmission: TypeAlias = "Callable[[Sequence[Any], t.Type, Context], str | Typed]"
CallEmission: TypeAlias = "Callable[[Call], str | Typed]"
Emission: TypeAlias = "str | ScalarEmission | CallEmission"
Entry: TypeAlias = "tuple[str, Emission]"


class Overload(NamedTuple):
    signature: s.Signature
    emission: Any
    takes_call: bool


_INDEX: dict[str, dict[str, str]] = {}
_DECLARED: dict[tuple[str, str], dict[str, list[Entry]]] = {}
_OVERLOADS: dict[tuple[str, str], tuple[Overload, ...]] = {}
_KINDS = {"SCALARS": names.SCALARS, "AGGREGATES": names.AGGREGATES, "WINDOWS": names.WINDOWS}


def _module_of(kind: str, name: str) -> str | None:
    found = _INDEX.get(kind)
    if found is None:
        found = _INDEX[kind] = names.index(_KINDS[kind])
    return found.get(name)


def is_scalar(name: str) -> bool:
    return _module_of("SCALARS", name) is not None


def is_aggregate(name: str) -> bool:
    return _module_of("AGGREGATES", name) is not None or name in names.REFUSED_AGGREGATES.split()


def is_window(name: str) -> bool:
    return _module_of("WINDOWS", name) is not None


def call_scalar(name: str, arguments: Sequence[Argument], at: Position, context: Context) -> Typed:
    """A call of a scalar function; `name` in lower case, `at` where the call starts."""
    return _emit("SCALARS", Call(name, arguments, at, context))


def call_aggregate(
    name: str,
    arguments: Sequence[Argument],
    *,
    distinct: bool = False,
    filter: Typed | None = None,
    order_by: Sequence[SortKey] = (),
    over: str = "",
    star: bool = False,
    at: Position,
    context: Context,
) -> Typed:
    """A call of an aggregate, over a group or, with `over`, a window."""
    call = Call(name, arguments, at, context)
    call.distinct, call.filter, call.order_by = distinct, filter, order_by
    call.over, call.star = over, star
    return _emit("AGGREGATES", call)


def call_window(
    name: str,
    arguments: Sequence[Argument],
    *,
    over: str,
    nulls: str | None = None,
    at: Position,
    context: Context,
) -> Typed:
    """A call of a window function; `nulls` is `ignore`, `respect` or None."""
    call = Call(name, arguments, at, context)
    call.over, call.nulls = over, nulls
    return _emit("WINDOWS", call)


def _emit(kind: str, call: Call) -> Typed:
    module = _module_of(kind, call.name)
    if module is None:
        if call.name in names.REFUSED.split():
            raise refused(f"the function {call.name}", call.at)
        raise rejected("FUNCTION_NOT_FOUND", f"Function '{call.name}' not registered", call.at)
    declared = _declared(kind, module, call.name)
    if "(" not in declared[0][0]:
        special: Any = declared[0][1]
        return _finish(call, special(call))
    overloads = _overloads(kind, call.name, declared)
    spelled = kind == "SCALARS" and call.name in names.SPELLED.split()
    match, overload = _choose(overloads, call, lower=not spelled)
    call.types, call.numbers, call.result = match.types, match.numbers, match.result
    call.arguments = _coerced(match, call)
    return _finish(call, _apply(overload, call))


def _finish(call: Call, made: str | Typed) -> Typed:
    if isinstance(made, Typed):
        return made.moved(call.at)
    zone = common_zone(call.values, call.at) if has_zone(call.result) else None
    if zone is None and has_zone(call.result):
        zone = call.context.zone
    return Typed(made, call.result, call.at, zone=zone)


_PLACE = re.compile(r"@(\w+)\(([^()]*)\)|\$(\d+|\*)")


def _apply(overload: Overload, call: Call) -> str | Typed:
    emission = overload.emission
    if not isinstance(emission, str):
        made: str | Typed = (
            emission(call)
            if overload.takes_call
            else emission(call.arguments, call.result, call.context)
        )
        return made
    sqls = [a.sql for a in call.arguments]

    def place(match: re.Match[str]) -> str:
        if match[1]:
            return call.aggregate(match[1], _PLACE.sub(place, match[2]))
        return ", ".join(sqls) if match[3] == "*" else sqls[int(match[3])]

    return _PLACE.sub(place, emission)


def _declared(kind: str, module: str, name: str) -> list[Entry]:
    known = _DECLARED.get((kind, module))
    if known is None:
        loaded: Any = importlib.import_module(f"lakeshell.engine.embedded.functions.{module}")
        known = _DECLARED[kind, module] = {}
        for entry in getattr(loaded, kind):
            known.setdefault(entry[0].partition("(")[0], []).append(entry)
    return known[name]


def _overloads(kind: str, name: str, declared: Sequence[Entry]) -> tuple[Overload, ...]:
    known = _OVERLOADS.get((kind, name))
    if known is None:
        known = _OVERLOADS[kind, name] = tuple(
            Overload(s.parse_signature(text[len(name) :]), emission, kind != "SCALARS")
            for text, emission in declared
        )
    return known


def _choose(overloads: tuple[Overload, ...], call: Call, lower: bool) -> tuple[s.Match, Overload]:
    for generic in (False, True):
        exact = [o for o in overloads if o.signature.is_generic == generic]
        matches = [(s.Match(o.signature, call.raw, widen=False), o) for o in exact]
        found = [(match, overload) for match, overload in matches if match.fits()]
        if len(found) > 1 and not call.raw:
            raise _ambiguous(call)
        if found:
            return found[0]
    fitting: list[tuple[s.Match, Overload]] = []
    for overload in overloads:
        match = s.Match(overload.signature, call.raw, widen=True)
        if match.fits():
            fitting.append((match, overload))
    if not fitting:
        raise _unfit(overloads, call, lower)
    best = _most_specific(fitting)
    if len(best) > 1:
        best = _casting_only_unknown(fitting) or best
        if len({str(m.result) for m, _ in best}) > 1:
            raise _ambiguous(call)
        best = sorted(best, key=lambda b: str(b[0].signature), reverse=True)
    return best[0]


def _ambiguous(call: Call) -> Exception:
    message = "Could not choose a best candidate operator. Explicit type casts must be added."
    return rejected("AMBIGUOUS_FUNCTION_CALL", message, call.at)


def _most_specific(
    fitting: list[tuple[s.Match, Overload]],
) -> list[tuple[s.Match, Overload]]:
    kept: list[tuple[s.Match, Overload]] = []
    for candidate in fitting:
        for i, other in enumerate(kept):
            if _more_specific(candidate[0], other[0]):
                kept[i] = candidate
                break
            if _more_specific(other[0], candidate[0]):
                break
        else:
            kept.append(candidate)
    return kept


def _more_specific(left: s.Match, right: s.Match) -> bool:
    bound = [
        a if isinstance(a, LambdaArgument) else Typed("", left.argument_type(i))
        for i, a in enumerate(left.arguments)
    ]
    return s.Match(right.signature, bound, widen=True).fits()


def _casting_only_unknown(
    fitting: list[tuple[s.Match, Overload]],
) -> list[tuple[s.Match, Overload]]:
    return [
        (m, e)
        for m, e in fitting
        if all(
            not isinstance(a, Typed) or a.type == t.UNKNOWN or a.type == m.argument_type(i)
            for i, a in enumerate(m.arguments)
        )
    ]


def _unfit(overloads: tuple[Overload, ...], call: Call, lower: bool) -> Exception:
    given = ", ".join(
        "<function>" if isinstance(a, LambdaArgument) else s.signature_text(a.type)
        for a in call.raw
    )
    expected = ", ".join(sorted({o.signature.shown(call.name, lower) for o in overloads}))
    return rejected(
        "FUNCTION_NOT_FOUND",
        f"Unexpected parameters ({given}) for function {call.name}. Expected: {expected}",
        call.at,
    )


def _coerced(match: s.Match, call: Call) -> list[Typed | BoundLambda]:
    from lakeshell.engine.embedded.values.casts import coerce

    made: list[Typed | BoundLambda] = []
    for i, argument in enumerate(call.raw):
        wanted = match.argument_type(i)
        if isinstance(argument, Typed):
            made.append(coerce(argument, wanted, call.context))
            continue
        bound = match.lambdas[i]
        assert isinstance(wanted, t.FunctionType)
        body = coerce(bound.body, wanted.result, call.context)
        made.append(BoundLambda(bound.parameters, body))
    return made
