"""Small tables that the engine makes itself, as columns and a function that gives their rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from lakeshell.engine.embedded.binding.scope import RelationColumn
from lakeshell.sql.datatypes import MapType, RowType, TimestampType, Type

if TYPE_CHECKING:
    import pyarrow as pa


class MadeTable(NamedTuple):
    """`make` gives rows of Python values, in the columns' order."""

    columns: tuple[RelationColumn, ...]
    make: Callable[[], Iterable[Sequence[Any]]]

    def rows(self) -> pa.Table:
        """In the ports' form, the columns named as they are."""
        import pyarrow as pa

        from lakeshell.sql.arrow import arrow_type

        made = list(self.make())
        arrays = [
            pa.array([_value(row[n], column.type) for row in made], arrow_type(column.type))
            for n, column in enumerate(self.columns)
        ]
        return pa.table(arrays, names=[column.name for column in self.columns])


def _value(value: Any, type: Type) -> Any:
    """A Python value as Arrow takes it: rows by position, instants with their zone."""
    if value is None:
        return None
    match type:
        case RowType():
            return {
                f"f{n}": _value(v, f.type)
                for n, (v, f) in enumerate(zip(value, type.fields, strict=True))
            }
        case TimestampType(with_zone=True):
            return value if isinstance(value, dict) else {"instant": value, "zone": "UTC"}
        case MapType():
            return [(k, _value(v, type.value)) for k, v in value.items()]
        case _:
            element = getattr(type, "element", None)
            return value if element is None else [_value(v, element) for v in value]
