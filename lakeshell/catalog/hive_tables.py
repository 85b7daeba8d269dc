"""A table of the catalog as the Hive Metastore keeps it, and back.

In: a `CatalogTable`, or the Metastore's. Out: the other. Parameters follow Glue's and Hive's names;
a database's table has Hive's JDBC storage handler, so that Hive and Spark with it can read the source
too, and files have the SerDe of their format. What Hive has no place for (Trino's types, nullability,
the version) is in parameters that begin with `lakeshell.`, which a `CatalogTable` does not show.
Iceberg tables are described by their own metadata (`catalog.iceberg`).
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any, NamedTuple

from hive_metastore import ttypes as hive

from lakeshell.catalog import hive_views
from lakeshell.catalog.rows import stamp
from lakeshell.model import CatalogTable, Column, TableKind, TableName
from lakeshell.sql.datatypes import VARCHAR, Type, parse_type
from lakeshell.store.hive_types import hive_type, trino_type

OWN = "lakeshell."
COLUMNS, VERSION, ID = f"{OWN}columns", f"{OWN}version", f"{OWN}id"
CREATED, UPDATED, PLACE = f"{OWN}created", f"{OWN}updated", f"{OWN}location"
EXACT = f"{OWN}exact"
"""Parameters as they were given. The Metastore's tables are in latin1, and keep a ? for the rest."""
COMMENT = "comment"
_MAX_COMMENT = 256
"""Characters of a column's comment that the Metastore holds; `COLUMNS` has all."""
HANDLER = "storage_handler"
_JDBC = "org.apache.hive.storage.jdbc."
_JDBC_PREFIX = "hive.sql."
_HIDDEN = frozenset({
    "EXTERNAL", HANDLER, COMMENT, "transient_lastDdlTime", "last_modified_time",
    "last_modified_by", "numFiles", "totalSize", "numRows", "rawDataSize", "bucketing_version",
    "COLUMN_STATS_ACCURATE", "numFilesErasureCoded", "skip.header.line.count", "presto_view",
    "trino_created_by", "presto_version", "presto_query_id", "trino_version", "trino_query_id",
})  # fmt: skip


class _Format(NamedTuple):
    serde: str
    input: str
    output: str


_TEXT_INPUT = "org.apache.hadoop.mapred.TextInputFormat"
_TEXT_OUTPUT = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
_QL = "org.apache.hadoop.hive.ql.io."
_FORMATS = {
    "parquet": _Format(
        f"{_QL}parquet.serde.ParquetHiveSerDe",
        f"{_QL}parquet.MapredParquetInputFormat",
        f"{_QL}parquet.MapredParquetOutputFormat",
    ),
    "orc": _Format(f"{_QL}orc.OrcSerde", f"{_QL}orc.OrcInputFormat", f"{_QL}orc.OrcOutputFormat"),
    "avro": _Format(
        "org.apache.hadoop.hive.serde2.avro.AvroSerDe",
        f"{_QL}avro.AvroContainerInputFormat",
        f"{_QL}avro.AvroContainerOutputFormat",
    ),
    "csv": _Format("org.apache.hadoop.hive.serde2.OpenCSVSerde", _TEXT_INPUT, _TEXT_OUTPUT),
    "json": _Format("org.apache.hive.hcatalog.data.JsonSerDe", _TEXT_INPUT, _TEXT_OUTPUT),
}
_PLAIN = _Format("org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", _TEXT_INPUT, _TEXT_OUTPUT)
_HANDLED = _Format(
    f"{_JDBC}JdbcSerDe", f"{_JDBC}JdbcInputFormat", f"{_JDBC}JdbcOutputFormat"
)  # fmt: skip
_VIEW = _Format("", "", "")
_NO_FILES = "file:/tmp/lakeshell-no-files"
"""A table of a source has none, and the Metastore looks at every table's folder: one of its own
machine takes half the time of one on object storage, which need not run for it."""


def to_hive(
    table: CatalogTable, catalog: str, id: str, folder: str, jdbc: Mapping[str, str]
) -> Any:
    """`folder` is given to file tables without a place, for the Metastore makes one otherwise; `jdbc`
    says how Hive reaches a source (`hive.sql.jdbc.url`, …), without a secret."""
    view = table.kind is TableKind.VIEW
    now = datetime.now(UTC)
    return hive.Table(
        tableName=table.name.table,
        dbName=table.name.database,
        catName=catalog,
        owner=table.owner or None,
        createTime=int((table.created or now).timestamp()),
        lastAccessTime=int(time.time()),
        partitionKeys=[],
        sd=_storage(table, folder),
        parameters=_parameters(table, id, jdbc),
        viewOriginalText=hive_views.encoded(table) if view else None,
        viewExpandedText=hive_views.EXPANDED if view else None,
        tableType="VIRTUAL_VIEW" if view else "EXTERNAL_TABLE",
    )


def _storage(table: CatalogTable, folder: str) -> Any:
    fields = [(c.name, hive_type(c.type), c.comment[:_MAX_COMMENT] or None) for c in table.columns]
    if table.kind is TableKind.VIEW:
        format, location, fields = _VIEW, None, [("dummy", "string", None)]
    elif table.kind is TableKind.SOURCE:
        format, location = _HANDLED, _NO_FILES
    else:
        format = _FORMATS.get(table.parameters.get("classification", ""), _PLAIN)
        location = table.location or folder
    return hive.StorageDescriptor(
        cols=[hive.FieldSchema(*field) for field in fields],
        location=location,
        inputFormat=format.input,
        outputFormat=format.output,
        compressed=False,
        numBuckets=0,
        serdeInfo=hive.SerDeInfo(serializationLib=format.serde, parameters={}),
        bucketCols=[],
        sortCols=[],
        parameters={},
    )


def _parameters(table: CatalogTable, id: str, jdbc: Mapping[str, str]) -> dict[str, str]:
    made = {**table.parameters}
    if table.comment:
        made[COMMENT] = table.comment
    if table.kind is TableKind.VIEW:
        made |= hive_views.PARAMETERS
    else:
        made["EXTERNAL"] = "TRUE"
    if table.kind is TableKind.SOURCE:
        made |= {HANDLER: f"{_JDBC}JdbcStorageHandler", **jdbc}
    described = [
        [c.name, str(c.type), int(c.nullable), c.comment, c.source_type] for c in table.columns
    ]
    made |= {
        COLUMNS: json.dumps(described, separators=(",", ":")),
        VERSION: str(table.version),
        ID: id,
        PLACE: table.location,
    }
    beyond = {key: value for key, value in made.items() if not value.isascii()}
    if beyond:
        made[EXACT] = json.dumps(beyond)
    if table.created is not None and table.updated is not None:
        made |= {CREATED: stamp(table.created), UPDATED: stamp(table.updated)}
    return made


def in_place_of(known: Any, made: Any) -> Any:
    """`made`, with what a `CatalogTable` does not show as it was in `known`: how files are read, how
    they are partitioned, statistics."""
    unseen = {
        key: value
        for key, value in (known.parameters or {}).items()
        if key in _HIDDEN and key not in (COMMENT, HANDLER)
    }
    made.parameters = {**unseen, **made.parameters}
    made.createTime = known.createTime
    if _kind(known) is TableKind.FILES and known.sd is not None:
        keys = {field.name for field in known.partitionKeys or ()}
        fields = [field for field in made.sd.cols if field.name not in keys]
        location = made.sd.location
        made.partitionKeys, made.sd = known.partitionKeys, known.sd
        made.sd.cols, made.sd.location = fields, location
    return made


# --- and back ------------------------------------------------------------------------------


def from_hive(found: Any) -> CatalogTable:
    """Of any table but Iceberg's, by whomever it was made."""
    parameters = _exact(found.parameters or {})
    kind = _kind(found)
    view = hive_views.decoded(found.viewOriginalText or "", parameters)
    columns = _kept_columns(found, kind)
    ours = columns is not None
    if columns is None:
        columns = view.columns if view is not None else _hive_columns(found)
    comment = parameters.get(COMMENT, "")
    definition = ""
    if kind is TableKind.VIEW:
        comment = view.comment if view is not None else comment
        definition = view.sql if view is not None else found.viewExpandedText or ""
        if view is not None and not ours:
            place = {"viewCatalog": view.catalog, "viewSchema": view.schema}
            parameters = {**{k: v for k, v in place.items() if v}, **parameters}
    created = datetime.fromtimestamp(found.createTime or 0, UTC)
    return CatalogTable(
        name=TableName(found.dbName, found.tableName),
        kind=kind,
        columns=columns,
        parameters={k: v for k, v in parameters.items() if not _hidden(k)},
        location=parameters.get(PLACE, (found.sd and found.sd.location) or ""),
        comment=comment,
        definition=definition,
        owner=found.owner or "",
        version=int(parameters.get(VERSION, 1)),
        created=_moment(parameters.get(CREATED)) or created,
        updated=_moment(parameters.get(UPDATED)) or created,
    )


def _exact(parameters: Mapping[str, str]) -> Mapping[str, str]:
    """With what the Metastore could not write, where nobody has changed it since."""
    beyond = json.loads(parameters.get(EXACT, "{}"))
    kept = {k: v for k, v in beyond.items() if _ascii(v) == _ascii(parameters.get(k, ""))}
    return {**parameters, **kept}


def _ascii(text: str) -> str:
    return "".join(c if c.isascii() else "?" for c in text)


def _kind(found: Any) -> TableKind:
    if found.tableType == "VIRTUAL_VIEW":
        return TableKind.VIEW
    parameters = found.parameters or {}
    if parameters.get(HANDLER, "").startswith(_JDBC) or "connectionName" in parameters:
        return TableKind.SOURCE
    return TableKind.FILES


def _kept_columns(found: Any, kind: TableKind) -> tuple[Column, ...] | None:
    """The columns with Trino's types, None where another program has changed them since."""
    written = (found.parameters or {}).get(COLUMNS)
    if written is None:
        return None
    columns = tuple(
        Column(name, _type(type), bool(nullable), comment, source)
        for name, type, nullable, comment, source in json.loads(written)
    )
    if kind is TableKind.VIEW:
        return columns
    said = [(c.name.lower(), hive_type(c.type)) for c in columns]
    return columns if said == [(f.name.lower(), f.type) for f in _fields(found)] else None


def _hive_columns(found: Any) -> tuple[Column, ...]:
    return tuple(
        Column(field.name, _read_type(field.type), comment=field.comment or "")
        for field in _fields(found)
    )


def _fields(found: Any) -> list[Any]:
    return [*((found.sd and found.sd.cols) or ()), *(found.partitionKeys or ())]


def _read_type(written: str) -> Type:
    try:
        return trino_type(written)
    except ValueError:
        return VARCHAR


def _hidden(name: str) -> bool:
    return name in _HIDDEN or name.startswith((OWN, _JDBC_PREFIX))


def _moment(written: str | None) -> datetime | None:
    return None if written is None else datetime.fromisoformat(written)


@lru_cache(maxsize=1024)
def _type(written: str) -> Type:
    return parse_type(written)
