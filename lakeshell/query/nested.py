"""A cell as the tree that its type makes of it: arrays, maps, rows, and JSON.

In: an Arrow array of one value and its Trino type. Out: a `Part`, whose parts are made when they are
asked for. Each knows the expression that gives it in SQL.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from lakeshell.sql.datatypes import ArrayType, MapType, RowType, Type
from lakeshell.sql.names import quote_identifier
from lakeshell.sql.render import texts

if TYPE_CHECKING:
    import pyarrow as pa

    from lakeshell.query.rows import ResultRows


class Part(Protocol):
    """`name` is its place in what holds it, `kind` its type in words, `path` an expression."""

    @property
    def name(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def kind(self) -> str: ...
    @property
    def text(self) -> str | None:
        """The value in Trino's words; None for NULL."""

    @property
    def count(self) -> int:
        """How many parts it has; 0 for a plain value."""

    def parts(self) -> Iterator[Part]: ...


@dataclass(frozen=True, slots=True)
class ValuePart:
    """A value of a Trino type; `array` holds it alone."""

    name: str
    path: str
    type: Type
    array: pa.Array

    @property
    def kind(self) -> str:
        return str(self.type)

    @property
    def text(self) -> str | None:
        return texts(self.array, self.type)[0]

    @property
    def count(self) -> int:
        if not self.array[0].is_valid:
            return 0
        match self.type:
            case RowType(fields=fields):
                return len(fields)
            case ArrayType() | MapType():
                return len(self.array[0])
        return 0

    def parts(self) -> Iterator[Part]:
        if not self.count:
            return
        match self.type:
            case RowType(fields=fields):
                for number, (field, values) in enumerate(
                    zip(fields, self.array.flatten(), strict=True)
                ):
                    name = field.name or f"field {number + 1}"
                    step = f".{quote_identifier(field.name)}" if field.name else f"[{number + 1}]"
                    yield ValuePart(name, self.path + step, field.type, values)
            case ArrayType(element=element):
                values = self.array.flatten()
                for number in range(len(values)):
                    at = f"[{number + 1}]"
                    yield ValuePart(at, self.path + at, element, values.slice(number, 1))
            case MapType(key=key, value=held):
                first = self.array.offsets[0].as_py()
                for number in range(self.count):
                    name = texts(self.array.keys.slice(first + number, 1), key)[0] or ""
                    written = name if _is_number(key) else "'" + name.replace("'", "''") + "'"
                    item = self.array.items.slice(first + number, 1)
                    yield ValuePart(name, f"{self.path}[{written}]", held, item)


@dataclass(frozen=True, slots=True)
class JsonPart:
    """A value of JSON, in a text or of the type."""

    name: str
    path: str
    value: Any
    source: str
    """The expression of the whole document."""
    where: str = "$"

    @property
    def kind(self) -> str:
        match self.value:
            case dict():
                return "object"
            case list():
                return "array"
        return "json"

    @property
    def text(self) -> str | None:
        if isinstance(self.value, str):
            return self.value
        return json.dumps(self.value, ensure_ascii=False)

    @property
    def count(self) -> int:
        return len(self.value) if isinstance(self.value, dict | list) else 0

    def parts(self) -> Iterator[Part]:
        held = self.value
        if not isinstance(held, dict | list):
            return
        each = held.items() if isinstance(held, dict) else enumerate(held)
        for name, value in each:
            step = f"[{name}]" if isinstance(name, int) else f"[{json.dumps(name)}]"
            where = self.where + step
            written = where.replace("'", "''")
            path = f"json_extract({self.source}, '{written}')"
            label = step if isinstance(name, int) else str(name)
            yield JsonPart(label, path, value, self.source, where)


def part_of(rows: ResultRows, number: int, column: int) -> Part:
    """The cell of row `number` (from 0, as they came)."""
    found = rows.columns[column]
    path = quote_identifier(found.name)
    whole = ValuePart(found.name, path, found.type, rows.value(number, column))
    if found.type.name in ("json", "varchar"):
        text = whole.text
        value = _json(text)
        if value is not None:
            source = path if found.type.name == "json" else f"json_parse({path})"
            return JsonPart(found.name, path, value, source)
    return whole


def _json(text: str | None) -> Any:
    """An object or a list that the text is; None where it is none."""
    if text is None or text.lstrip()[:1] not in ("{", "["):
        return None
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _is_number(type: Type) -> bool:
    from lakeshell.sql.render import is_numeric

    return is_numeric(type)
