"""Table properties of WITH (…), as Trino's Iceberg connector knows them.

In: `Property` nodes. Out: a `Layout` for the store, or Trino's INVALID_TABLE_PROPERTY.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lakeshell.engine.embedded.statements.host import Host
from lakeshell.engine.embedded.values.typed import refused, rejected
from lakeshell.model import LAKE
from lakeshell.sql import ast
from lakeshell.sql.datatypes import ArrayType

if TYPE_CHECKING:
    from lakeshell.store.iceberg import Layout

FORMATS = ("ORC", "PARQUET", "AVRO")
KNOWN = frozenset({
    "format", "partitioning", "sorted_by", "location", "format_version", "max_commit_retry",
    "orc_bloom_filter_columns", "orc_bloom_filter_fpp", "parquet_bloom_filter_columns",
    "object_store_layout_enabled", "data_location", "extra_properties",
})  # fmt: skip
_LISTS = frozenset({
    "partitioning", "sorted_by", "orc_bloom_filter_columns", "parquet_bloom_filter_columns",
})  # fmt: skip


def layout(properties: Sequence[ast.Property], comment: str | None, host: Host) -> Layout:
    from lakeshell.store.iceberg import Layout

    values = checked(properties, host)
    kept = dict(values.get("extra_properties") or {})
    if "max_commit_retry" in values:
        kept["commit.retry.num-retries"] = str(values["max_commit_retry"])
    return Layout(
        tuple(values.get("partitioning") or ()),
        tuple(values.get("sorted_by") or ()),
        kept,
        comment,
    )


def checked(properties: Sequence[ast.Property], host: Host) -> dict[str, Any]:
    """The values by name. Raises for unknown names and wrong values, each at its own place."""
    values: dict[str, Any] = {}
    for property in properties:
        name = property.name.lower()
        if name not in KNOWN:
            raise rejected(
                "INVALID_TABLE_PROPERTY",
                f"Catalog '{LAKE}' table property '{name}' does not exist",
                property.at,
            )
        if property.value is None:
            continue
        typed = host.binder().expression(property.value, _no_scope())
        value = host.evaluate(typed)
        if name in _LISTS and not isinstance(typed.type, ArrayType):
            shown = f"'{value}'" if isinstance(value, str) else value
            raise rejected(
                "INVALID_TABLE_PROPERTY",
                f"Invalid value for catalog '{LAKE}' table property '{name}': "
                f"Cannot convert [{shown}] to array(varchar)",
                property.at,
            )
        values[name] = _value(name, value, property)
    return values


def _value(name: str, value: Any, property: ast.Property) -> Any:
    if name == "format":
        if str(value).upper() not in FORMATS:
            raise _invalid(name, value, FORMATS, property)
        if str(value).upper() != "PARQUET":
            raise refused(f"tables of format {value}", property.at)
    elif name == "format_version":
        if value not in (1, 2, 3):
            raise rejected(
                "INVALID_TABLE_PROPERTY",
                f"Unable to set catalog '{LAKE}' table property 'format_version' to [{value}]: "
                "format_version must be between 1 and 2",
                property.at,
            )
        if value != 2:
            raise refused(f"tables of Iceberg's format version {value}", property.at)
    elif name == "max_commit_retry":
        if isinstance(value, int) and value < 0:
            raise rejected(
                "INVALID_TABLE_PROPERTY",
                f"Unable to set catalog '{LAKE}' table property '{name}' to [{value}]: "
                f"{name} must be greater than or equal to 0",
                property.at,
            )
    elif name in ("location", "data_location"):
        raise refused("a location chosen by the statement", property.at)
    elif name not in ("partitioning", "sorted_by", "extra_properties"):
        raise refused(f"the table property {name}", property.at)
    return value


def _invalid(name: str, value: Any, valid: Sequence[str], property: ast.Property) -> Exception:
    return rejected(
        "INVALID_TABLE_PROPERTY",
        f"Unable to set catalog '{LAKE}' table property '{name}' to ['{value}']: "
        f"Invalid value [{value}]. Valid values: [{', '.join(valid)}]",
        property.at,
    )


def _no_scope() -> Any:
    from lakeshell.engine.embedded.binding.scope import Scope

    return Scope()
