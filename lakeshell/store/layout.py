"""How a table is laid out: its partitioning and sort order, in Trino's words.

In: `month(d)`, `bucket(id, 4)`, `"a b"`, `name DESC NULLS LAST`. Out: pyiceberg's partition spec and
sort order over a schema, and the words again. Faults are `QueryFailed` INVALID_TABLE_PROPERTY.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import count

from pyiceberg.partitioning import PARTITION_FIELD_ID_START, PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table.sorting import NullOrder, SortDirection, SortField, SortOrder
from pyiceberg.transforms import (
    BucketTransform,
    DayTransform,
    HourTransform,
    IdentityTransform,
    MonthTransform,
    TimeTransform,
    Transform,
    TruncateTransform,
    YearTransform,
)
from pyiceberg.types import NestedField

from lakeshell.errors import NotSupported, QueryFailed
from lakeshell.sql.names import quote_identifier

_COLUMN = r'(?P<column>"(?:[^"]|"")*"|[A-Za-z_][\w.]*)'
_PLAIN = re.compile(_COLUMN)
_CALL = re.compile(rf"(?P<name>[A-Za-z]+)\s*\(\s*{_COLUMN}\s*(?:,\s*(?P<number>\d+)\s*)?\)")
_SORT = re.compile(
    rf"{_COLUMN}(?:\s+(?P<direction>ASC|DESC))?(?:\s+NULLS\s+(?P<nulls>FIRST|LAST))?", re.IGNORECASE
)
_DATED = {
    "year": YearTransform, "month": MonthTransform, "day": DayTransform, "hour": HourTransform,
    "years": YearTransform, "months": MonthTransform, "days": DayTransform, "hours": HourTransform,
}  # fmt: skip


def partition_spec(schema: Schema, partitioning: Sequence[str], spec_id: int = 0) -> PartitionSpec:
    ids = count(PARTITION_FIELD_ID_START)
    fields = [_partition_field(schema, written, next(ids)) for written in partitioning]
    seen: set[str] = set()
    dated: dict[int, PartitionField] = {}
    for field in fields:
        if isinstance(field.transform, TimeTransform):
            other = dated.setdefault(field.source_id, field)
            if other is not field:
                raise _refused(
                    "partitioning",
                    f"Cannot add redundant partition: {_shown(other)} conflicts with "
                    f"{_shown(field)}",
                )
        if field.name in seen:
            raise _refused(
                "partitioning", f"Cannot use partition name more than once: {field.name}"
            )
        seen.add(field.name)
    return PartitionSpec(*fields, spec_id=spec_id)


def _shown(field: PartitionField) -> str:
    return f"{field.field_id}: {field.name}: {field.transform}({field.source_id})"


def _partition_field(schema: Schema, written: str, field_id: int) -> PartitionField:
    text = written.strip()
    plain = _PLAIN.fullmatch(text)
    if plain:
        source = _source(schema, plain["column"], "partitioning")
        _checked(IdentityTransform(), source)
        return PartitionField(source.field_id, field_id, IdentityTransform(), source.name)
    call = _CALL.fullmatch(text)
    if call is None:
        raise _refused("partitioning", f"Invalid partition field declaration: {written}")
    name, number = call["name"].lower(), call["number"]
    if name in _DATED and number is None:
        transform: Transform = _DATED[name]()  # type: ignore[type-arg]
        suffix = name.removesuffix("s")
    elif name == "bucket" and number is not None:
        transform, suffix = BucketTransform(int(number)), "bucket"
    elif name == "truncate" and number is not None:
        transform, suffix = TruncateTransform(int(number)), "trunc"
    elif name == "void" and number is None:
        raise NotSupported("partitioning by void")
    else:
        raise _refused("partitioning", f"Invalid partition field declaration: {written}")
    source = _source(schema, call["column"], "partitioning")
    _checked(transform, source)
    return PartitionField(source.field_id, field_id, transform, f"{source.name}_{suffix}")


def _checked(transform: Transform, source: NestedField) -> None:  # type: ignore[type-arg]
    if not transform.can_transform(source.field_type):
        name = str(transform).partition("[")[0]
        raise _refused(
            "partitioning", f"Invalid source type {source.field_type} for transform: {name}"
        )


def sort_order(schema: Schema, sorted_by: Sequence[str]) -> SortOrder:
    fields = []
    for written in sorted_by:
        match = _SORT.fullmatch(written.strip())
        if match is None:
            raise _refused("sorted_by", f"Unable to parse sort field: [{written}]")
        source = _source(schema, match["column"], "sorted_by")
        descending = (match["direction"] or "").upper() == "DESC"
        first = (match["nulls"] or ("LAST" if descending else "FIRST")).upper() == "FIRST"
        fields.append(
            SortField(
                source.field_id,
                IdentityTransform(),
                SortDirection.DESC if descending else SortDirection.ASC,
                NullOrder.NULLS_FIRST if first else NullOrder.NULLS_LAST,
            )
        )
    return SortOrder(*fields)


def _source(schema: Schema, written: str, property: str) -> NestedField:
    name = written[1:-1].replace('""', '"') if written.startswith('"') else written.lower()
    try:
        return schema.find_field(name, case_sensitive=False)
    except ValueError:
        if property == "sorted_by":
            raise _refused(property, f"Column not found: {name}") from None
        raise _refused(property, f"Cannot find source column: {name}") from None


def _refused(property: str, reason: str) -> QueryFailed:
    return QueryFailed(f"Unable to parse {property} value: {reason}", code="INVALID_TABLE_PROPERTY")


def partitioning_words(schema: Schema, spec: PartitionSpec) -> list[str]:
    """The spec as `CREATE TABLE` writes it."""
    made = []
    for field in spec.fields:
        column = quote_identifier(schema.find_column_name(field.source_id) or "")
        name, _, number = str(field.transform).rstrip("]").partition("[")
        if name == "identity":
            made.append(column)
        elif name != "void":
            made.append(f"{name}({column}, {number})" if number else f"{name}({column})")
    return made


def sort_words(schema: Schema, order: SortOrder) -> list[str]:
    return [
        f"{quote_identifier(schema.find_column_name(field.source_id) or '')} "
        f"{'ASC' if field.direction == SortDirection.ASC else 'DESC'} "
        f"{'NULLS FIRST' if field.null_order == NullOrder.NULLS_FIRST else 'NULLS LAST'}"
        for field in order.fields
    ]
