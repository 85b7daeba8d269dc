"""Signatures of Trino's functions as text, and which of them an argument list fits.

In: `(array(T), function(T,U)) -> array(U)` and the arguments' types. Out: the overload that Trino
would choose, its argument types and its result, or None. Upper-case names are type variables,
lower-case ones inside parentheses numbers; the result may calculate with numbers
(`decimal(min(38, p + 1), s)`). `...` after the last argument repeats it any number of times;
`| E:orderable` at the end constrains a variable. Knows nothing of DuckDB.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from lakeshell.engine.embedded.values.typed import (
    Argument,
    BoundLambda,
    LambdaArgument,
    Typed,
    rejected,
)
from lakeshell.sql import datatypes as t
from lakeshell.sql.coercion import can_coerce, common_type, is_comparable, is_orderable, widened

UNBOUNDED = 2_147_483_647
_ROUNDS = 4
"""How often Trino tries lambdas anew with the types that they gave: a sum of decimals gets wider
each time, and never settles."""
_PARAMETRIC = {
    "array", "map", "row", "function", "decimal", "varchar", "char", "timestamp", "time",
    "timestamp with time zone", "time with time zone",
}  # fmt: skip


class Formal(NamedTuple):
    """A type in a signature: `base` and what stands in its parentheses."""

    base: str
    parts: tuple[Formal | str, ...] = ()

    @property
    def is_variable(self) -> bool:
        return self.base[0].isupper()

    def __str__(self) -> str:
        if not self.parts:
            return self.base
        head, space, rest = self.base.partition(" ")
        return f"{head}({','.join(map(str, self.parts))}){space}{rest}"


class Signature(NamedTuple):
    arguments: tuple[Formal, ...]
    result: Formal
    variadic: bool
    constraints: tuple[str, ...]

    @property
    def is_generic(self) -> bool:
        return any(_has_variable(f) for f in self.arguments)

    def formals(self, count: int) -> tuple[Formal, ...] | None:
        """One per argument of a call with `count`; None where the counts don't fit."""
        if not self.variadic:
            return self.arguments if count == len(self.arguments) else None
        extra = count - len(self.arguments) + 1
        if extra < 0:
            return None
        return self.arguments[:-1] + self.arguments[-1:] * extra

    def shown(self, name: str, lower: bool) -> str:
        """As Trino lists it in an error, variables in lower case but for some functions.

        A constraint `spelled` says that of this overload alone.
        """
        lower = lower and "spelled" not in self.constraints
        said = ", ".join(map(str, self.arguments))
        variables = list(dict.fromkeys(v for f in self.arguments for v in _variables(f)))
        if lower:
            variables.sort()
        kinds = dict(c.split(":") for c in self.constraints if ":" in c)
        notes = ", ".join(f"{v}:{kinds[v]}" if v in kinds else v for v in variables)
        return f"{name}({said.lower() if lower else said}) {notes}".rstrip()


def _variables(formal: Formal) -> list[str]:
    if formal.is_variable:
        return [formal.base]
    return [v for part in formal.parts if isinstance(part, Formal) for v in _variables(part)]


def _has_variable(formal: Formal) -> bool:
    return bool(_variables(formal))


_WORDS = re.compile(r"[A-Za-z][A-Za-z0-9_ ]*")


def parse_signature(text: str) -> Signature:
    said, _, notes = text.partition("|")
    arguments, _, result = said.partition("->")
    inner = arguments.strip()[1:-1].strip()
    variadic = inner.endswith("...")
    formals = tuple(_formal(part) for part in _split(inner.removesuffix("...")))
    constraints = tuple(c.strip() for c in notes.split(",") if c.strip())
    return Signature(formals, _formal(result), variadic, constraints)


def _split(text: str) -> list[str]:
    parts: list[str] = []
    depth = start = 0
    for i, c in enumerate(text):
        depth += (c == "(") - (c == ")")
        if c == "," and depth == 0:
            parts.append(text[start:i])
            start = i + 1
    parts.append(text[start:])
    return [p.strip() for p in parts if p.strip()]


def _formal(text: str) -> Formal:
    text = text.strip()
    opened = text.find("(")
    if opened < 0:
        return Formal(text)
    closed = text.rindex(")")
    base = (text[:opened] + text[closed + 1 :]).strip()
    inner = _split(text[opened + 1 : closed])
    if base in ("array", "map", "row", "function"):
        return Formal(base, tuple(_formal(part) for part in inner))
    return Formal(base, tuple(inner))


class Match:
    """One overload against one argument list."""

    __slots__ = ("arguments", "formals", "lambdas", "numbers", "signature", "types", "widen")

    def __init__(self, signature: Signature, arguments: Sequence[Argument], widen: bool) -> None:
        self.signature = signature
        self.arguments = arguments
        self.widen = widen
        self.types: dict[str, t.Type] = {}
        self.numbers: dict[str, int] = {}
        self.formals: tuple[Formal, ...] = ()
        self.lambdas: dict[int, BoundLambda] = {}

    def fits(self) -> bool:
        formals = self.signature.formals(len(self.arguments))
        if formals is None or (self.signature.is_generic and not self.arguments):
            return False
        self.formals = formals
        for formal, argument in zip(formals, self.arguments, strict=True):
            if isinstance(argument, LambdaArgument) != (formal.base == "function"):
                return False
            if isinstance(argument, Typed) and not self._unify(formal, argument.type):
                return False
        return self._bind_lambdas() and self._coercible() and self._constrained()

    def argument_type(self, index: int) -> t.Type:
        return self.substitute(self.formals[index])

    @property
    def result(self) -> t.Type:
        return self.substitute(self.signature.result)

    def _unify(self, formal: Formal, actual: t.Type) -> bool:
        if formal.is_variable:
            return self._unify_variable(formal.base, actual)
        if not formal.parts:
            return not _is_parametric(formal.base, actual) and (
                self.widen or str(self.substitute(formal)) == str(actual)
            )
        if actual == t.UNKNOWN:
            return self.widen
        if self.widen and actual.name != formal.base:
            wider = widened(actual, formal.base)
            if wider is None:
                return False
            actual = wider
        if actual.name != formal.base:
            return False
        match actual:
            case t.ArrayType():
                return self._unify_parts(formal, (actual.element,))
            case t.MapType():
                return self._unify_parts(formal, (actual.key, actual.value))
            case t.RowType():
                return self._unify_parts(formal, tuple(f.type for f in actual.fields))
        return self._unify_numbers(formal, _numbers(actual))

    def _unify_variable(self, name: str, actual: t.Type) -> bool:
        bound = self.types.get(name)
        if bound is None:
            self.types[name] = actual
            return True
        if not self.widen:
            return bound == actual
        common = common_type(bound, actual)
        if common is None:
            return False
        self.types[name] = common
        return True

    def _unify_parts(self, formal: Formal, parts: tuple[t.Type, ...]) -> bool:
        if len(parts) != len(formal.parts):
            return False
        return all(
            isinstance(f, Formal) and self._unify(f, p)
            for f, p in zip(formal.parts, parts, strict=True)
        )

    def _unify_numbers(self, formal: Formal, values: tuple[int, ...]) -> bool:
        names = tuple(str(part) for part in formal.parts)
        if not any(n in self.numbers for n in names):
            for name, value in zip(names, values, strict=True):
                if name.isdigit():
                    if int(name) != value and not self.widen:
                        return False
                else:
                    self.numbers[name] = value
            return True
        bound = tuple(self.numbers.get(n, 0) for n in names)
        if bound == values:
            return True
        if not self.widen:
            return False
        if formal.base == "decimal":
            scale = max(bound[1], values[1])
            whole = max(bound[0] - bound[1], values[0] - values[1])
            values = (min(t.MAX_PRECISION, whole + scale), scale)
        else:
            values = (max(bound[0], values[0]),)
        self.numbers.update(zip(names, values, strict=True))
        return True

    def _bind_lambdas(self) -> bool:
        waiting = [(i, a) for i, a in enumerate(self.arguments) if isinstance(a, LambdaArgument)]
        for _ in range(_ROUNDS):
            before = dict(self.types)
            for i, argument in waiting:
                parts = [p for p in self.formals[i].parts if isinstance(p, Formal)]
                *inputs, output = parts
                if argument.parameters != len(inputs):
                    argument.bind([t.UNKNOWN] * len(inputs))
                    return False
                given = [self.types.get(v) for f in inputs for v in _variables(f)]
                if any(g is None for g in given):
                    return False
                bound = argument.bind([self.substitute(f) for f in inputs])
                self.lambdas[i] = bound
                widen, self.widen = self.widen, True
                agreed = self._unify(output, bound.body.type)
                self.widen = widen
                if not agreed:
                    return False
            if self.types == before:
                return True
        if not waiting:
            return True
        message = f"SignatureBinder.iterativeSolve does not converge after {_ROUNDS} iterations."
        raise rejected("GENERIC_INTERNAL_ERROR", message, None)

    def _coercible(self) -> bool:
        for i, argument in enumerate(self.arguments):
            try:
                wanted = self.argument_type(i)
            except t.InvalidType:
                return False
            if not isinstance(argument, Typed):
                # What a lambda gives is never coerced.
                assert isinstance(wanted, t.FunctionType)
                if self.lambdas[i].body.type != wanted.result:
                    return False
                continue
            if argument.type != wanted and not (self.widen and can_coerce(argument.type, wanted)):
                return False
        return True

    def _constrained(self) -> bool:
        for constraint in self.signature.constraints:
            name, _, kind = constraint.partition(":")
            bound = self.types.get(name, t.UNKNOWN)
            if kind == "orderable" and not is_orderable(bound):
                return False
            if kind == "comparable" and not is_comparable(bound):
                return False
        return True

    def substitute(self, formal: Formal) -> t.Type:
        """The type that `formal` stands for under what is bound."""
        base = formal.base
        if formal.is_variable:
            return self.types.get(base, t.UNKNOWN)
        if not formal.parts:
            return t.VARCHAR if base in _READ_FROM_TEXT else t.parse_type(base)
        parts = [self.substitute(p) for p in formal.parts if isinstance(p, Formal)]
        match base:
            case "array":
                return t.ArrayType(parts[0])
            case "map":
                return t.MapType(parts[0], parts[1])
            case "row":
                return t.RowType(tuple(t.RowField(None, p) for p in parts))
            case "function":
                return t.FunctionType(tuple(parts[:-1]), parts[-1])
        numbers = [self._calculate(str(part)) for part in formal.parts]
        match base:
            case "decimal":
                return t.DecimalType(max(numbers[0], 1), numbers[1])
            case "varchar":
                return t.VarcharType(None if numbers[0] >= UNBOUNDED else numbers[0])
            case "char":
                return t.CharType(numbers[0])
            case "timestamp" | "timestamp with time zone":
                return t.TimestampType(numbers[0], base != "timestamp")
            case "time" | "time with time zone":
                return t.TimeType(numbers[0], base != "time")
        raise t.InvalidType(f"Unknown type: {formal}")

    def _calculate(self, text: str) -> int:
        if text.isdigit():
            return int(text)
        if text in self.numbers:
            return self.numbers[text]
        if text.isalpha():
            return 0
        # NULL counts as decimal(1,0)
        unbound = {n: int(n.endswith("precision")) for n in re.findall(r"[a-z_]+", text)}
        names = {**unbound, "min": min, "max": max, **self.numbers}
        return int(eval(text, {"__builtins__": {}}, names))


def _is_parametric(base: str, actual: t.Type) -> bool:
    """A plain `varchar` in a signature takes any varchar; `array` alone is no type."""
    return base in _PARAMETRIC and base not in ("varchar", "char") and actual.name == base


def _numbers(actual: t.Type) -> tuple[int, ...]:
    match actual:
        case t.DecimalType():
            return (actual.precision, actual.scale)
        case t.VarcharType():
            return (UNBOUNDED if actual.length is None else actual.length,)
        case t.CharType():
            return (actual.length,)
        case t.TimestampType() | t.TimeType():
            return (actual.precision,)
    return ()


_READ_FROM_TEXT = ("joniregexp", "jsonpath", "codepoints")
"""Types that only arguments have, made of texts."""


def signature_text(type: t.Type) -> str:
    """A type as Trino writes it in a list of parameters."""
    match type:
        case t.ArrayType():
            return f"array({signature_text(type.element)})"
        case t.MapType():
            return f"map({signature_text(type.key)},{signature_text(type.value)})"
        case t.RowType():
            return "row({})".format(
                ", ".join(
                    signature_text(f.type)
                    if f.name is None
                    else f"{f.name} {signature_text(f.type)}"
                    for f in type.fields
                )
            )
    return str(type)
