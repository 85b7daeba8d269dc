"""The lake's Iceberg tables: made, written, changed and dropped. One change is one commit.

    batches -> data files (nobody sees them) -> one staged change -> one pointer replaced

In: Arrow batches and columns in Trino's types. Out: snapshots. A writer that dies leaves files that
nothing refers to; a writer that comes second either stands on the first one's work (appends) or is
told (everything else). Reads no rows.
"""

from __future__ import annotations

import errno
import uuid
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from lakeshell.errors import AlreadyExists, LakeshellError, NotFound, QueryFailed
from lakeshell.model import Column, TableName
from lakeshell.ports import Written
from lakeshell.store.pointers import HeldLock, file_name

if TYPE_CHECKING:
    import pyarrow as pa
    from pyiceberg.manifest import DataFile
    from pyiceberg.table import Table, Transaction

    from lakeshell.store.datafiles import DataFiles
    from lakeshell.store.tables import LakeTables

Rows = Iterable["pa.RecordBatch"]
PROPERTIES = {
    "write.format.default": "PARQUET",
    "write.parquet.compression-codec": "zstd",
    "commit.retry.num-retries": "4",
}
"""What Trino writes into a new table."""
COMMENT = "comment"
_WAITING_BYTES = 8 * 2**20
"""Of rows that were read and are not encoded yet."""


class IcebergStore:
    """A `ports.TableStore`; see `opening` for where its tables are. Making it costs nothing:
    `open_tables` is called, and pyiceberg imported, at the first use."""

    def __init__(self, open_tables: Callable[[], LakeTables]) -> None:
        self._open_tables = open_tables
        self._tables: LakeTables | None = None

    @property
    def tables(self) -> LakeTables:
        if self._tables is None:
            self._tables = self._open_tables()
        return self._tables

    # --- tables ----------------------------------------------------------------------------

    def create(
        self,
        name: TableName,
        columns: Sequence[Column],
        *,
        partitioning: Sequence[str] = (),
        sorted_by: Sequence[str] = (),
        properties: Mapping[str, str] | None = None,
        comment: str | None = None,
        location: str = "",
        replace: bool = False,
    ) -> None:
        """An empty table, with one empty snapshot as Trino makes it. `replace` gives a table that
        exists a new shape and takes its rows away. Raises `AlreadyExists`."""
        self.write(
            name, (), mode="create" if not replace else "replace", columns=columns,
            layout=Layout(partitioning, sorted_by, properties or {}, comment, location),
        )  # fmt: skip

    def write(
        self,
        name: TableName,
        rows: Rows,
        *,
        mode: str,
        columns: Sequence[Column] | None = None,
        snapshot_properties: Mapping[str, str] | None = None,
        on_rows: Callable[[int], None] | None = None,
        layout: Layout | None = None,
    ) -> Written:
        """Every row in one snapshot. `mode` is `append`, `overwrite` (the table then holds these
        rows and `columns`; made if missing), `create` (it must not exist) or `replace` (like
        overwrite, with a new layout)."""
        change = _Change(mode, columns, layout)
        base = self._staged(name, self._found(name), change)
        with self._data_files(base) as files:
            _pour(rows, files, on_rows)
            made = files.close()
            with self.tables.pointers.lock(name):
                found = self._found(name)
                _check_still(name, base, found)
                staged = self._staged(name, found, change, base.table_metadata.schema())
                if mode == "append":
                    removed: Sequence[DataFile] = ()
                else:
                    removed = _data_files(staged._table, staged._table.io)
                return _commit(
                    staged,
                    made,
                    removed,
                    snapshot_properties or {},
                    operation="overwrite" if removed else "append",
                    anew=mode == "replace",
                )

    def replace_files(
        self,
        name: TableName,
        snapshot_id: int | None,
        removed: Collection[str],
        rows: Rows,
        *,
        operation: str = "overwrite",
        snapshot_properties: Mapping[str, str] | None = None,
    ) -> Written:
        """Puts `rows` in the place of the data files `removed` (their paths), in one snapshot that
        stands on `snapshot_id`. `operation` is `overwrite`, `delete` or `replace` (the same rows,
        rewritten). Raises `QueryFailed` when another writer changed the table since."""
        base = self.tables.load(name).transaction()
        with self._data_files(base) as files:
            _pour(rows, files, None)
            made = files.close()
            with self.tables.pointers.lock(name):
                table = self.tables.load(name)
                if table.metadata.current_snapshot_id != snapshot_id:
                    raise QueryFailed(
                        f"Failed to commit the transaction during write: {name} was changed by "
                        "another writer",
                        code="ICEBERG_COMMIT_ERROR",
                        hint="run the statement again",
                    )
                gone = [f for f in _data_files(table, table.io) if f.file_path in removed]
                return _commit(
                    table.transaction(), made, gone, snapshot_properties or {}, operation=operation
                )

    def change(self, name: TableName, stage: Callable[[Transaction], object]) -> None:
        """Commits what `stage` puts into a transaction: columns, properties, snapshots."""
        with self.tables.pointers.lock(name):
            transaction = self.tables.load(name).transaction()
            stage(transaction)
            transaction.commit_transaction()

    def load(self, name: TableName) -> Table:
        """pyiceberg's view of the table. Raises `NotFound`."""
        return self.tables.load(name)

    def rename(self, name: TableName, target: TableName) -> None:
        self.tables.pointers.rename(name, target)

    def drop(self, name: TableName) -> None:
        """The table and its files. Raises `NotFound`."""
        with self.tables.pointers.lock(name):
            self.tables.drop(name)

    def locks(self) -> Sequence[HeldLock]:
        """The locks of tables that somebody holds or awaits."""
        return self.tables.pointers.locks()

    def unlock(self, name: TableName) -> list[str]:
        """Takes the lock from a writer that was killed; says from whom it was taken."""
        return self.tables.pointers.release(name)

    # --- how -------------------------------------------------------------------------------

    def _found(self, name: TableName) -> Table | None:
        try:
            return self.tables.load(name)
        except NotFound:
            return None

    def _staged(
        self, name: TableName, found: Table | None, change: _Change, schema: Any = None
    ) -> Transaction:
        """A transaction in which the table has the shape that the write leaves it with. `schema`
        is the one that data files were written with. Raises `AlreadyExists`, `NotFound`."""
        if found is None:
            if change.columns is None:
                raise NotFound(f"the table {name} does not exist")
            return self._unborn(name, change, schema).transaction()
        if change.mode == "create":
            raise AlreadyExists(f"the table {name} exists already")
        transaction = found.transaction()
        if change.mode != "append":
            _reshape(transaction, change, schema)
        return transaction

    def _unborn(self, name: TableName, change: _Change, schema: Any) -> Table:
        from lakeshell.store.layout import partition_spec, sort_order
        from lakeshell.store.schema import iceberg_schema
        from lakeshell.store.tables import first_metadata

        assert change.columns is not None
        layout = change.layout or Layout()
        made = schema or iceberg_schema(change.columns)
        metadata = first_metadata(
            change.location(self.tables.pointers.folder, name),
            schema=made,
            partition_spec=partition_spec(made, layout.partitioning),
            sort_order=sort_order(made, layout.sorted_by),
            properties=layout.table_properties(),
        )
        return self.tables.unborn(name, metadata)

    @contextmanager
    def _data_files(self, staged: Transaction) -> Iterator[DataFiles]:
        """Data files of one write, which are removed again unless it ends well, or may have."""
        from lakeshell.store.datafiles import DataFiles
        from lakeshell.store.parquet_file import FileOptions

        metadata = staged.table_metadata
        files = DataFiles(
            self.tables.files, metadata.location, metadata.schema(), metadata.spec(), metadata.sort_order(),
            str(uuid.uuid4()), self.tables.limits, FileOptions.of(metadata.properties),
        )  # fmt: skip
        try:
            yield files
        except BaseException as error:
            if metadata.location not in self.tables.unknown:
                files.discard()
            if isinstance(error, OSError):
                raise _disk_failed(error, metadata.location) from error
            raise


def _check_still(name: TableName, base: Transaction, now: Table | None) -> None:
    """The files were written to the folder of the table that there was: who dropped it has
    removed those that were there by then."""
    if not base._table.metadata_location:
        return
    if now is None or now.metadata.table_uuid != base.table_metadata.table_uuid:
        raise LakeshellError(
            f"the table {name} was dropped by somebody else while it was written; nothing of this"
            " write is left",
            hint="run it again, which makes the table anew",
        )


class Layout:
    """What a new table gets besides its columns."""

    def __init__(
        self,
        partitioning: Sequence[str] = (),
        sorted_by: Sequence[str] = (),
        properties: Mapping[str, str] | None = None,
        comment: str | None = None,
        location: str = "",
    ) -> None:
        self.partitioning = partitioning
        self.sorted_by = sorted_by
        self.properties = properties or {}
        self.comment = comment
        self.location = location

    def table_properties(self) -> dict[str, str]:
        comment = {} if self.comment is None else {COMMENT: self.comment}
        return {**PROPERTIES, **self.properties, **comment}


class _Change:
    """What a write makes of the table besides its rows."""

    def __init__(self, mode: str, columns: Sequence[Column] | None, layout: Layout | None) -> None:
        self.mode = mode
        self.columns = columns
        self.layout = layout
        self.id = uuid.uuid4().hex

    def location(self, folder: Callable[[str], str], name: TableName) -> str:
        """Where a table that this makes keeps its files: the same each time it is asked for."""
        if self.layout is not None and self.layout.location:
            return self.layout.location.rstrip("/")
        return f"{folder(name.database)}/{file_name(name.table)}-{self.id}"


def _reshape(transaction: Transaction, change: _Change, schema: Any) -> None:
    """Stages the columns and the layout that the write leaves. A column that keeps its name and
    type keeps its field id."""
    from pyiceberg.table.update import (
        AddPartitionSpecUpdate,
        AddSchemaUpdate,
        AddSortOrderUpdate,
        SetCurrentSchemaUpdate,
        SetDefaultSortOrderUpdate,
        SetDefaultSpecUpdate,
        SetPropertiesUpdate,
    )

    from lakeshell.store.layout import partition_spec, sort_order

    metadata = transaction.table_metadata
    made = metadata.schema()
    updates: list[Any] = []
    if change.columns is not None:
        made = schema or _evolved(metadata, change.columns)
        if made.fields != metadata.schema().fields:
            updates.append(AddSchemaUpdate(schema=made))
    evolved = bool(updates)
    if change.mode == "replace":
        layout = change.layout or Layout()
        highest = max(spec.spec_id for spec in metadata.partition_specs)
        spec = partition_spec(made, layout.partitioning, highest + 1)
        orders = max(order.order_id for order in metadata.sort_orders)
        order = sort_order(made, layout.sorted_by).model_copy(update={"order_id": orders + 1})
        updates += (
            AddPartitionSpecUpdate(spec=spec),
            SetDefaultSpecUpdate.model_validate({"spec-id": -1}),
            AddSortOrderUpdate.model_validate({"sort-order": order}),
            SetDefaultSortOrderUpdate.model_validate({"sort-order-id": -1}),
            SetPropertiesUpdate(updates=layout.table_properties()),
        )
    if evolved:
        # After the layout, which may still stand on columns that are about to go.
        updates.append(SetCurrentSchemaUpdate.model_validate({"schema-id": -1}))
    transaction._apply(tuple(updates), ())


def _evolved(metadata: Any, columns: Sequence[Column]) -> Any:
    from pyiceberg.schema import Schema

    from lakeshell.store.schema import iceberg_schema

    fresh = iceberg_schema(columns, first_id=metadata.last_column_id + 1)
    current = metadata.schema()
    known = {field.name: field for field in current.fields}
    fields = []
    for field, column in zip(fresh.fields, columns, strict=True):
        old = known.get(column.name)
        if old is not None and str(old.field_type) == str(field.field_type):
            kept = {"required": field.required and old.required, "doc": field.doc or old.doc}
            fields.append(old.model_copy(update=kept))
        else:
            fields.append(field)
    highest = max(schema.schema_id for schema in metadata.schemas)
    return Schema(*fields, schema_id=highest + 1)


def _pour(rows: Rows, files: DataFiles, on_rows: Callable[[int], None] | None) -> None:
    """Encodes on a second thread while the next batches are read: a row group takes longer than
    the reading of a batch, so that several may wait, up to `_WAITING_BYTES` of them."""
    done = 0
    waiting: deque[tuple[Future[None], int]] = deque()
    with ThreadPoolExecutor(1, "lakeshell-write") as writer:
        try:
            for batch in rows:
                waiting.append((writer.submit(files.write, batch), batch.nbytes))
                while waiting and _must_wait(waiting):
                    waiting.popleft()[0].result()
                done += batch.num_rows
                if on_rows is not None:
                    on_rows(done)
            for written, _ in waiting:
                written.result()
        except BaseException:
            writer.shutdown(cancel_futures=True)
            raise


def _must_wait(waiting: deque[tuple[Future[None], int]]) -> bool:
    """Whether the oldest is through, which may have failed, or too much waits behind it."""
    return waiting[0][0].done() or sum(size for _, size in waiting) > _WAITING_BYTES


def _data_files(table: Table, io: Any) -> list[DataFile]:
    """The data files of the table's current snapshot."""
    from pyiceberg.manifest import DataFileContent

    snapshot = table.metadata.current_snapshot()
    if snapshot is None:
        return []
    return [
        entry.data_file
        for manifest in snapshot.manifests(io)
        for entry in manifest.fetch_manifest_entry(io, discard_deleted=True)
        if entry.data_file.content == DataFileContent.DATA
    ]


def _commit(
    staged: Transaction,
    made: Sequence[DataFile],
    removed: Sequence[DataFile],
    properties: Mapping[str, str],
    *,
    operation: str,
    anew: bool = False,
) -> Written:
    """`anew` begins with no files, whatever the table held and however it was laid out."""
    from pyiceberg.table.snapshots import Operation

    update = staged.update_snapshot(snapshot_properties=dict(properties))
    if anew:
        with update.overwrite() as fresh:
            _begin_anew(fresh)
            for file in made:
                fresh.append_data_file(file)
    elif operation != "append":
        with update.overwrite() as change:
            if operation == "delete":
                change._operation = Operation.DELETE
            elif operation == "replace":
                _as_replacement(change)
            _leave_spent_manifests(change)
            for file in removed:
                change.delete_data_file(file)
            for file in made:
                change.append_data_file(file)
    else:
        with update.fast_append() as append:
            for file in made:
                append.append_data_file(file)
    table = staged.commit_transaction()
    return Written(
        table.metadata.current_snapshot_id,
        sum(file.record_count for file in made),
        len(made),
        sum(file.file_size_in_bytes for file in made),
    )


def _begin_anew(change: Any) -> None:
    """The snapshot lists nothing of what was before: pyiceberg would describe the old files'
    partitions with columns that this very change takes away."""
    summed = change._summary

    def summary(properties: dict[str, str]) -> Any:
        parent, change._parent_snapshot_id = change._parent_snapshot_id, None
        try:
            return summed(properties)
        finally:
            change._parent_snapshot_id = parent

    change._summary = summary
    change._existing_manifests = list
    change._deleted_entries = list
    change._build_delete_files_partition_predicate = lambda: None


def _leave_spent_manifests(change: Any) -> None:
    """Manifests that list removed files alone are not carried on, as Trino does not: pyiceberg
    would, so that a table overwritten each day took longer to read each day."""
    existing = change._existing_manifests
    change._existing_manifests = lambda: [
        manifest
        for manifest in existing()
        if manifest.has_added_files() or manifest.has_existing_files()
    ]


def _as_replacement(change: Any) -> None:
    """The snapshot says that its rows are those before it. pyiceberg sums up no such operation."""
    from pyiceberg.table.snapshots import Operation, Summary

    summed = change._summary

    def summary(properties: dict[str, str]) -> Summary:
        made = summed(properties)
        return Summary(Operation.REPLACE, **made.additional_properties)

    change._summary = summary


def _disk_failed(error: OSError, location: str) -> LakeshellError:
    said = "the disk is full" if error.errno == errno.ENOSPC else str(error.strerror or error)
    return LakeshellError(
        f"{location} cannot be written: {said}",
        hint="make room and run it again; the table is as it was",
    )
