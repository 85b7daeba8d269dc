"""JSON paths of the SQL standard, run over a value as Trino runs them.

In: a path; a JSON value as `json_text` reads it. Out: the sequence of items that the path finds.
Raises `PathFailure` where Trino's evaluation fails, NOT_SUPPORTED over arithmetic beyond narrow
whole numbers and doubles. Plain Python.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from lakeshell.engine.embedded.functions.json_text import Number, members
from lakeshell.engine.embedded.functions.jsonpath import Path, Step, parse_path
from lakeshell.engine.embedded.values.emission import not_run
from lakeshell.errors import QueryFailed


class PathFailure(QueryFailed):
    """An evaluation that fails; ON ERROR says what comes of it."""

    def __init__(self, message: str) -> None:
        super().__init__(f"path evaluation failed: {message}", code="PATH_EVALUATION_ERROR")


def kind_of(item: Any) -> str:
    """As Jackson calls it in errors."""
    match item:
        case None:
            return "NULL"
        case bool():
            return "BOOLEAN"
        case Number() | int() | float():
            return "NUMBER"
        case str():
            return "STRING"
        case list():
            return "ARRAY"
    return "OBJECT"


class Word(str):
    """A text that the path made, not the JSON."""

    __slots__ = ()


def _type_failure(expected: str, item: Any) -> PathFailure:
    match item:
        case Number():
            actual = "NUMBER"
        case Word():
            actual = "varchar(27)"
        case float():
            actual = "double"
        case int() if not isinstance(item, bool):
            actual = "integer"
        case _:
            actual = kind_of(item)
    return PathFailure(f"invalid item type. Expected: {expected}, actual: {actual}")


def _structural(message: str) -> PathFailure:
    return PathFailure(f"structural error: {message}")


def number_of(item: Any) -> int | float:
    """A number's value; raises `PathFailure` over anything else."""
    if isinstance(item, bool) or not isinstance(item, Number | int | float):
        raise _type_failure("NUMBER", item)
    if not isinstance(item, Number):
        return item
    if item.is_integer:
        value = int(item)
        if not -(2**63) <= value < 2**63:
            raise PathFailure("")
        return value
    return float(item)


class Evaluation:
    """One path over one value."""

    def __init__(self, path: Path, value: Any) -> None:
        self.lax = path.lax
        self.value = value
        self.objects = 0

    def sequence(self, step: Step, current: Any = None, size: int = 0) -> list[Any]:
        """The items of `step`, for the current item of a filter and the size of an array."""
        run: Callable[..., list[Any]] = getattr(self, "_" + step.kind)
        return run(current, size, *step.parts)

    def unwrapped(self, items: list[Any]) -> list[Any]:
        if not self.lax:
            return items
        return [part for item in items for part in (item if isinstance(item, list) else [item])]

    def _root(self, current: Any, size: int) -> list[Any]:
        return [self.value]

    def _current(self, current: Any, size: int) -> list[Any]:
        return [current]

    def _last(self, current: Any, size: int) -> list[Any]:
        return [size - 1]

    def _literal(self, current: Any, size: int, value: Any) -> list[Any]:
        return [value]

    def _member(self, current: Any, size: int, base: Step, key: str) -> list[Any]:
        found = []
        for item in self.unwrapped(self.sequence(base, current, size)):
            if not isinstance(item, dict):
                if not self.lax:
                    raise _type_failure("OBJECT", item)
            elif key in item:
                found.append(item[key])
            elif not self.lax:
                raise _structural(f"missing member '{key}' in JSON object")
        return found

    def _members(self, current: Any, size: int, base: Step) -> list[Any]:
        found: list[Any] = []
        for item in self.unwrapped(self.sequence(base, current, size)):
            if isinstance(item, dict):
                found.extend(item.values())
            elif not self.lax:
                raise _type_failure("OBJECT", item)
        return found

    def _descendants(self, current: Any, size: int, base: Step, key: str) -> list[Any]:
        found: list[Any] = []

        def descend(item: Any) -> None:
            if isinstance(item, list):
                for part in item:
                    descend(part)
            elif isinstance(item, dict):
                if key in item:
                    found.append(item[key])
                for part in item.values():
                    descend(part)

        for item in self.sequence(base, current, size):
            descend(item)
        return found

    def _items(
        self,
        current: Any,
        size: int,
        base: Step,
        ranges: tuple[tuple[Step, Step | None], ...] | None,
    ) -> list[Any]:
        found: list[Any] = []
        for item in self.sequence(base, current, size):
            if isinstance(item, list):
                array = item
            elif self.lax:
                array = [item]
            else:
                raise _type_failure("ARRAY", item)
            if ranges is None:
                found.extend(array)
                continue
            if not array:
                if not self.lax:
                    raise _structural("invalid array subscript for empty array")
                continue
            for low, high in ranges:
                found.extend(self._range(array, low, high, current))
        return found

    def _range(self, array: list[Any], low: Step, high: Step | None, current: Any) -> list[Any]:
        first = self._index(low, "from", array, current)
        last = first if high is None else self._index(high, "to", array, current)
        size = len(array)
        if not self.lax and not (0 <= first <= last < size):
            raise _structural(
                f"invalid array subscript: [{first}, {last}] for array of size {size}"
            )
        return array[max(first, 0) : last + 1] if last >= 0 else []

    def _index(self, step: Step, name: str, array: list[Any], current: Any) -> int:
        items = self.sequence(step, current, len(array))
        if len(items) != 1:
            raise PathFailure(f"array subscript '{name}' value must be singleton numeric")
        value = number_of(items[0])
        return int(value) if isinstance(value, int) else math.trunc(value)

    def _filter(self, current: Any, size: int, base: Step, predicate: Step) -> list[Any]:
        items = self.unwrapped(self.sequence(base, current, size))
        return [item for item in items if self.holds(predicate, item, size) is True]

    # --- numbers and methods ------------------------------------------------------------------

    def _sign(self, current: Any, size: int, op: str, base: Step) -> list[Any]:
        values = [number_of(i) for i in self.unwrapped(self.sequence(base, current, size))]
        return [_whole(-v) if op == "-" else v for v in values]

    def _arithmetic(self, current: Any, size: int, op: str, left: Step, right: Step) -> list[Any]:
        sides = [self.unwrapped(self.sequence(side, current, size)) for side in (left, right)]
        if any(len(side) != 1 for side in sides):
            raise PathFailure("arithmetic binary expression requires singleton operands")
        for step in (left, right):
            if step.kind == "literal" and "." in str(step.parts[0]):
                raise not_run("decimal arithmetic in a JSON path")
        return [_calculated(op, number_of(sides[0][0]), number_of(sides[1][0]))]

    def _method(self, current: Any, size: int, base: Step, method: str) -> list[Any]:
        items = self.sequence(base, current, size)
        if method == "type":
            return [Word(_TYPES[kind_of(item)]) for item in items]
        if method == "size":
            return [self._size(item) for item in items]
        items = self.unwrapped(items)
        if method == "keyvalue":
            return [pair for item in items for pair in self._pairs(item)]
        return [_METHOD[method](item) for item in items]

    def _size(self, item: Any) -> int:
        if isinstance(item, list):
            return len(item)
        if not self.lax:
            raise _type_failure("ARRAY", item)
        return 1

    def _pairs(self, item: Any) -> list[Any]:
        if not isinstance(item, dict):
            raise _type_failure("OBJECT", item)
        made = [{"name": k, "value": v, "id": self.objects} for k, v in members(item)]
        self.objects += 1
        return made

    # --- predicates ---------------------------------------------------------------------------

    def holds(self, predicate: Step, item: Any, size: int) -> bool | None:
        """True, false, or None for unknown."""
        parts = predicate.parts
        match predicate.kind:
            case "and" | "or":
                return self._joined(predicate.kind == "or", parts, item, size)
            case "not":
                inside = self.holds(parts[0], item, size)
                return None if inside is None else not inside
            case "unknown":
                return self.holds(parts[0], item, size) is None
        try:
            sides = [self.sequence(part, item, size) for part in parts if isinstance(part, Step)]
        except PathFailure:
            return None
        match predicate.kind:
            case "exists":
                return bool(sides[0])
            case "starts":
                return self._starts(sides[0], sides[1])
        return self._compared(parts[0], self.unwrapped(sides[0]), self.unwrapped(sides[1]))

    def _joined(self, decisive: bool, parts: tuple[Step, ...], item: Any, size: int) -> bool | None:
        answers = []
        for part in parts:
            answers.append(self.holds(part, item, size))
            if answers[-1] is decisive:
                return decisive
        return None if None in answers else not decisive

    def _starts(self, items: list[Any], prefixes: list[Any]) -> bool | None:
        if len(prefixes) != 1 or kind_of(prefixes[0]) != "STRING":
            return None
        items = self.unwrapped(items)
        found = False
        for item in items:
            if kind_of(item) != "STRING":
                return None
            if item.startswith(prefixes[0]):
                found = True
                if self.lax:
                    return True
        return found

    def _compared(self, op: str, left: list[Any], right: list[Any]) -> bool | None:
        if not left or not right:
            return False
        sides = [
            (set(map(_category, side)), [i for i in side if _category(i) == "scalar"])
            for side in (left, right)
        ]
        (lefts, left_scalars), (rights, right_scalars) = sides
        if ("other" in lefts and rights & {"other", "scalar"}) or (
            "scalar" in lefts and "other" in rights
        ):
            return None
        found = False
        if op == "==" and "null" in lefts and "null" in rights:
            found = True
        if op == "<>" and (
            ("null" in lefts and rights & {"scalar", "other"})
            or ("null" in rights and lefts & {"scalar", "other"})
        ):
            found = True
        if found and self.lax:
            return True
        for one in left_scalars:
            for other in right_scalars:
                answer = _compare(op, one, other)
                if answer is None:
                    return None
                if answer:
                    found = True
                    if self.lax:
                        return True
        return found


def _category(item: Any) -> str:
    if item is None:
        return "null"
    return "other" if isinstance(item, list | dict) else "scalar"


def _compare(op: str, left: Any, right: Any) -> bool | None:
    kinds = kind_of(left), kind_of(right)
    if kinds[0] != kinds[1]:
        return None
    if kinds[0] == "NUMBER":
        try:
            left, right = number_of(left), number_of(right)
        except PathFailure:
            return None
    elif kinds[0] == "STRING":
        left, right = left.encode("utf-8", "replace"), right.encode("utf-8", "replace")
    return bool(_ORDER[op](left, right))


_ORDER: dict[str, Callable[[Any, Any], Any]] = {
    "==": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
    "<": lambda a, b: a < b,
    ">": lambda a, b: a > b,
    "<=": lambda a, b: a <= b,
    ">=": lambda a, b: a >= b,
}
_TYPES = {
    "NULL": "null", "BOOLEAN": "boolean", "NUMBER": "number", "STRING": "string",
    "ARRAY": "array", "OBJECT": "object",
}  # fmt: skip


def _whole(value: int | float) -> int | float:
    """Refuses whole numbers whose width decides over overflow."""
    if isinstance(value, int) and not -(2**31) <= value < 2**31:
        raise not_run("large numbers in a JSON path's arithmetic")
    return value


def _calculated(op: str, left: int | float, right: int | float) -> int | float:
    if isinstance(left, int) and isinstance(right, int):
        if op in "/%" and right == 0:
            raise PathFailure("")
        match op:
            case "/":
                quotient = abs(left) // abs(right)
                return _whole(quotient if (left < 0) == (right < 0) else -quotient)
            case "%":
                return _whole(int(math.fmod(left, right)))
            case "+":
                return _whole(left + right)
            case "-":
                return _whole(left - right)
        return _whole(left * right)
    one, other = float(left), float(right)
    match op:
        case "+":
            return one + other
        case "-":
            return one - other
        case "*":
            return one * other
    if other == 0:
        raise not_run("division by zero in a JSON path")
    return one / other if op == "/" else math.fmod(one, other)


def _double(item: Any) -> float:
    if kind_of(item) == "STRING":
        if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", item, re.ASCII):
            raise PathFailure("")
        return float(item)
    if kind_of(item) != "NUMBER":
        raise _type_failure("NUMBER or TEXT", item)
    return float(number_of(item))


def _rounding(function: Callable[[float], int]) -> Callable[[Any], int | float]:
    def rounded(item: Any) -> int | float:
        value = number_of(item)
        return value if isinstance(value, int) else float(function(value))

    return rounded


_METHOD: dict[str, Callable[[Any], Any]] = {
    "double": _double,
    "abs": lambda item: abs(number_of(item)),
    "floor": _rounding(math.floor),
    "ceiling": _rounding(math.ceil),
}


def evaluate(path: str, value: Any) -> list[Any]:
    """The items found; raises `PathFailure`."""
    parsed = parse_path(path)
    return Evaluation(parsed, value).sequence(parsed.root)
