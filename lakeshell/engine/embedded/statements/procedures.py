"""ALTER TABLE … EXECUTE, CALL and ANALYZE."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lakeshell.engine.embedded.binding.scope import Scope
from lakeshell.engine.embedded.statements.columns import described
from lakeshell.engine.embedded.statements.host import Host, Outcome, changed
from lakeshell.engine.embedded.statements.naming import (
    full_name,
    iceberg,
    lake_name,
    missing,
    registered,
    writable,
)
from lakeshell.engine.embedded.statements.rows import replace, rows_after
from lakeshell.engine.embedded.tables.metadata_tables import by_row
from lakeshell.engine.embedded.values.typed import refused, rejected
from lakeshell.engine.embedded.wording.expressions import expression_text
from lakeshell.errors import QueryFailed
from lakeshell.model import LAKE, TableKind, TableName
from lakeshell.sql import ast
from lakeshell.sql.coercion import can_coerce
from lakeshell.sql.datatypes import BIGINT, VARCHAR, Type
from lakeshell.store.planning import live_files

if TYPE_CHECKING:
    from lakeshell.store.metadata import DataFile, TableMetadata

_WRONG_ARGUMENT = "INVALID_PROCEDURE_ARGUMENT"
MINIMUM_RETENTION = timedelta(days=7)
_UNITS = {"ns": 1e-9, "us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZES = {"B": 1, "kB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40}


def table_execute(statement: ast.TableExecute, host: Host) -> Outcome:
    # Trino counts the table's place from the word TABLE here.
    table_at = statement.table_at
    name = lake_name(statement.table, host, table_at, "table procedures")
    if iceberg(name, host) is None:
        other = registered(name, host)
        if other is not None and other.kind is TableKind.VIEW:
            message = "ALTER TABLE EXECUTE is not supported for views"
            raise rejected("NOT_SUPPORTED", message, statement.at)
        raise missing(name, table_at)
    metadata = writable(name, host, statement.at, "Executing procedures on")
    procedure = statement.procedure.key
    run = _PROCEDURES.get(procedure)
    if run is None:
        raise rejected(
            "PROCEDURE_NOT_FOUND",
            f"Table procedure not registered: {statement.procedure.value.upper()}",
            None,
        )
    names, act = run
    values = _arguments(statement.arguments, names, procedure, host)
    act(name, metadata, values, statement, host)
    host.tables.forget(name)
    return changed("ALTER TABLE EXECUTE")


def _arguments(
    given: Sequence[tuple[ast.Identifier | None, ast.Expression]],
    names: Sequence[str],
    procedure: str,
    host: Host,
) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for position, (name, value) in enumerate(given):
        key = name.key if name is not None else names[position] if position < len(names) else ""
        at = value.at if name is None else name.at
        if key not in names:
            raise rejected(
                _WRONG_ARGUMENT,
                f"Catalog 'lake' table procedure '{procedure.upper()}' property '{key}' does not exist",
                at,
            )
        bound = host.binder().expression(value, Scope())
        shown = f"[{expression_text(value)}]"
        property = f"catalog 'lake' table procedure '{procedure.upper()}' property '{key}'"
        wanted, read = _ARGUMENTS[key]
        if not can_coerce(bound.type, wanted):
            message = f"Invalid value for {property}: Cannot convert {shown} to {wanted}"
            raise rejected(_WRONG_ARGUMENT, message, at)
        try:
            values[key] = read(host.evaluate(bound))
        except ValueError as error:
            message = f"Unable to set {property} to {shown}: {error}"
            raise rejected(_WRONG_ARGUMENT, message, at) from None
    return values


def optimize(
    name: TableName,
    metadata: TableMetadata,
    values: Mapping[str, Any],
    statement: ast.TableExecute,
    host: Host,
) -> None:
    """Puts small files together: the same rows, fewer files."""
    threshold = values.get("file_size_threshold", 100 * _SIZES["MB"])
    if statement.where is not None:
        raise refused("optimize with a WHERE", statement.at)
    files = live_files(metadata.current_snapshot)
    small = [file for file in files if file.size < threshold]
    if not by_row(metadata):
        together = Counter(_partition(file) for file in small)
        small = [file for file in small if together[_partition(file)] > 1]
    if not small:
        return
    columns = described(metadata)
    items = [ast.SelectExpression(ast.Identifier(c.name, True)) for c in columns]
    paths = [file.path for file in small]
    rows = rows_after(ast.Table(statement.table), items, paths, None, columns, host)
    replace(name, metadata, set(paths), rows, "replace", host, by_row=False)


def _partition(file: DataFile) -> tuple[Any, ...]:
    return file.spec_id, *file.partition.values()


def expire_snapshots(
    name: TableName,
    metadata: TableMetadata,
    values: Mapping[str, Any],
    statement: ast.TableExecute,
    host: Host,
) -> None:
    """Forgets snapshots older than the retention, and removes files that only they held."""
    oldest = _before("expire-snapshots", values, host)

    def stage(staged: Any) -> None:
        gone = [
            s.snapshot_id
            for s in staged.table_metadata.snapshots
            if s.timestamp_ms < oldest.timestamp() * 1000
            and s.snapshot_id != staged.table_metadata.current_snapshot_id
        ]
        if gone:
            with staged.expire_snapshots() as update:
                update.by_ids(gone)

    host.store.change(name, stage)
    host.tables.forget(name)
    _sweep(name, host, datetime.now(UTC) - MINIMUM_RETENTION)


def remove_orphan_files(
    name: TableName,
    metadata: TableMetadata,
    values: Mapping[str, Any],
    statement: ast.TableExecute,
    host: Host,
) -> None:
    _sweep(name, host, _before("remove-orphan-files", values, host))


def rollback_to_snapshot(
    name: TableName,
    metadata: TableMetadata,
    values: Mapping[str, Any],
    statement: ast.TableExecute,
    host: Host,
) -> None:
    snapshot = values.get("snapshot_id")
    if snapshot not in metadata.snapshots:
        raise QueryFailed(
            f"Cannot roll back to unknown snapshot id: {snapshot}", code="GENERIC_INTERNAL_ERROR"
        )

    def stage(staged: Any) -> None:
        from pyiceberg.table.refs import SnapshotRefType
        from pyiceberg.table.update import SetSnapshotRefUpdate

        update = SetSnapshotRefUpdate.model_validate(
            {"ref-name": "main", "type": SnapshotRefType.BRANCH, "snapshot-id": snapshot}
        )
        staged._apply((update,), ())

    host.store.change(name, stage)


def drop_extended_stats(
    name: TableName,
    metadata: TableMetadata,
    values: Mapping[str, Any],
    statement: ast.TableExecute,
    host: Host,
) -> None:
    """This engine keeps no statistics beside those in the manifests."""


def optimize_manifests(
    name: TableName,
    metadata: TableMetadata,
    values: Mapping[str, Any],
    statement: ast.TableExecute,
    host: Host,
) -> None:
    if metadata.current_snapshot is not None:
        raise refused("optimize_manifests", statement.at)


def _sweep(name: TableName, host: Host, before: datetime) -> None:
    """Removes the table's files that no metadata names and that are older than `before`."""
    metadata = iceberg(name, host)
    assert metadata is not None
    from lakeshell.store.metadata import local_path, read_manifests

    known: set[Path] = {local_path(path) for _, path in metadata.metadata_log}
    for snapshot in metadata.snapshots.values():
        known.add(local_path(snapshot.manifest_list))
        for manifest in read_manifests(snapshot):
            known.add(local_path(manifest.path))
        known.update(local_path(file.path) for file in live_files(snapshot))
    folder = local_path(metadata.table_location)
    for path in (
        *folder.glob("data/**/*"),
        *folder.glob("metadata/snap-*"),
        *folder.glob("metadata/*-m*.avro"),
    ):
        if path.is_file() and path not in known and path.stat().st_mtime < before.timestamp():
            path.unlink(missing_ok=True)


def _before(setting: str, values: Mapping[str, Any], host: Host) -> datetime:
    retention: timedelta = values.get("retention_threshold", MINIMUM_RETENTION)
    if retention < MINIMUM_RETENTION:
        days = retention.total_seconds() / 86400
        shown = f"{days:.2f}d" if days >= 1 else f"{retention.total_seconds() / 3600:.2f}h"
        if retention < timedelta(hours=1):
            shown = f"{retention.total_seconds():.2f}s"
        named = setting.replace("-", "_")
        raise QueryFailed(
            f"Retention specified ({shown}) is shorter than the minimum retention configured in "
            f"the system (7.00d). Minimum retention can be changed with iceberg.{setting}."
            f"min-retention configuration property or lake.{named}_min_retention session property",
            code=_WRONG_ARGUMENT,
        )
    return host.context.now - retention


def _duration(written: str) -> timedelta:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", written)
    if match is None or match[2] not in _UNITS:
        raise ValueError(f"duration is not a valid data duration string: {written}")
    return timedelta(seconds=float(match[1]) * _UNITS[match[2]])


def _size(written: str) -> float:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kMGT]?B)\s*", written)
    if match is None:
        raise ValueError(f"size is not a valid data size string: {written}")
    return float(match[1]) * _SIZES[match[2]]


_ARGUMENTS: dict[str, tuple[Type, Callable[[Any], Any]]] = {
    "file_size_threshold": (VARCHAR, _size),
    "retention_threshold": (VARCHAR, _duration),
    "snapshot_id": (BIGINT, int),
}
"""The type of each argument, and what reads its value."""

_PROCEDURES: dict[str, tuple[tuple[str, ...], Any]] = {
    "optimize": (("file_size_threshold",), optimize),
    "expire_snapshots": (("retention_threshold",), expire_snapshots),
    "remove_orphan_files": (("retention_threshold",), remove_orphan_files),
    "rollback_to_snapshot": (("snapshot_id",), rollback_to_snapshot),
    "drop_extended_stats": ((), drop_extended_stats),
    "optimize_manifests": ((), optimize_manifests),
}

_CALLED = frozenset({
    "add_files", "add_files_from_table", "migrate", "register_table", "rollback_to_snapshot",
    "unregister_table",
})  # fmt: skip
"""Procedures of Trino's Iceberg connector, in its schema `system`."""


def call(statement: ast.Call, host: Host) -> Outcome:
    catalog, schema, procedure = full_name(statement.name, host, statement.at)
    known = schema == "system" and procedure in (*_CALLED, "flush_metadata_cache")
    if catalog not in host.tables.catalogs():
        raise rejected("CATALOG_NOT_FOUND", f"Catalog '{catalog}' not found", None)
    if catalog != LAKE or known:
        raise refused(f"the procedure {schema}.{procedure}", statement.at)
    message = f"Procedure not registered: {schema}.{procedure}"
    raise rejected("PROCEDURE_NOT_FOUND", message, None)


def analyze(statement: ast.Analyze, host: Host) -> Outcome:
    """Bounds and counts are kept with each file as it is written; there is nothing to add."""
    name = lake_name(statement.table, host, statement.at, "analyze")
    metadata = iceberg(name, host)
    if metadata is None:
        raise missing(name, statement.at)
    return changed("ANALYZE")
