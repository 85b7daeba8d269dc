"""What each scan of a bound query becomes on the statement's DuckDB.

In: `Scan`s with the columns that they read and the conditions that every wanted row meets. Out: a
`Prepared`: a relation for each, the files that may be opened, an upper bound of the bytes. Files
are chosen from metadata alone; nothing is read here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lakeshell.engine.embedded.handles import Computed, IcebergTable, InPlace
from lakeshell.engine.embedded.shapes import file_type, held, taken
from lakeshell.engine.embedded.typed import duckdb_type, quote_name, quote_text, refused
from lakeshell.model import Estimate
from lakeshell.store.metadata import DataFile, Field, local_path
from lakeshell.store.planning import Condition, ScanPlan, plan

if TYPE_CHECKING:
    from collections.abc import Callable

    import pyarrow as pa

    from lakeshell.engine.embedded.connection import Connection
    from lakeshell.engine.embedded.scope import RelationColumn, Scan

PATH, MODIFIED, PARTITION = "$path", "$file_modified_time", "$partition"
_NOTHING = '"$none"'
"""The column of a relation none of whose columns is read: only its rows count."""


class Relation(NamedTuple):
    """One scan: SQL over files or over a stream of Arrow, which `opened` gives."""

    alias: str
    sql: str
    opened: Callable[[], Iterable[pa.RecordBatch]] | None
    columns: tuple[RelationColumn, ...]
    """Of the stream."""
    plan: ScanPlan | None
    rows: int
    label: str | None


class Prepared(NamedTuple):
    """Every scan of one statement."""

    relations: tuple[Relation, ...]

    @property
    def sizes(self) -> dict[str, int]:
        """The files that may be read, with their sizes."""
        return {
            str(local_path(file.path)): file.size
            for relation in self.relations
            if relation.plan is not None and _reads_files(relation.plan)
            for file in (*relation.plan.files, *relation.plan.deletes)
        }

    @property
    def limits(self) -> dict[str, int]:
        """What each file's columns take at most, over all the scans that read it."""
        found: dict[str, int] = {}
        for relation in self.relations:
            if relation.plan is None:
                continue
            for file in relation.plan.files:
                path = str(local_path(file.path))
                found[path] = found.get(path, 0) + relation.plan.bytes_of(file)
            for file in relation.plan.deletes:
                path = str(local_path(file.path))
                found[path] = found.get(path, 0) + file.size
        return found

    @property
    def unmetered(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(r.label for r in self.relations if r.label is not None))

    @property
    def estimate(self) -> Estimate:
        """At most what a run scans; None in bytes where nothing that is scanned is metered."""
        metered = [r.plan for r in self.relations if r.plan is not None]
        scanned: int | None = sum(p.bytes for p in metered)
        if self.unmetered and not metered:
            scanned = None
        return Estimate(
            scanned,
            files=sum(len(p.files) + len(p.deletes) for p in metered if _reads_files(p)),
            rows=sum(r.rows for r in self.relations),
            unmetered=self.unmetered,
        )

    def supply(self, connection: Connection) -> None:
        """Gives the statement's DuckDB these relations, and the right to read their files."""
        from lakeshell.sql.arrow import arrow_schema

        connection.count_reads(self.sizes)
        for relation in self.relations:
            if relation.opened is not None:
                connection.stream(
                    stream_name(relation.alias), arrow_schema(relation.columns), relation.opened
                )
            connection.relation(relation.alias, relation.sql)


def _reads_files(plan: ScanPlan) -> bool:
    return bool(plan.columns) or bool(plan.deletes)


def prepare(scans: Iterable[Scan]) -> Prepared:
    """Raises `NotSupported` where a table can only be read by Trino."""
    return Prepared(tuple(_relation(scan) for scan in scans))


def _relation(scan: Scan) -> Relation:
    match scan.table.handle:
        case IcebergTable() as table:
            return _iceberg(scan, table)
        case InPlace() as source:
            return _in_place(scan, source)
        case Computed() as made:
            wanted = _wanted(scan)
            names = [column.name for column in wanted]
            return _streamed(scan, wanted, lambda: made.rows().select(names).to_batches())
        case handle:
            raise AssertionError(f"no scan of {handle!r}")


# --- in place ------------------------------------------------------------------------------


def _in_place(scan: Scan, source: InPlace) -> Relation:
    wanted = _wanted(scan)
    names = [column.name for column in wanted]
    streamed = _streamed(scan, wanted, lambda: source.read(names))
    return streamed._replace(rows=source.rows or 0, label=source.label)


def _streamed(
    scan: Scan,
    columns: list[RelationColumn],
    opened: Callable[[], Iterable[pa.RecordBatch]],
) -> Relation:
    sql = _from_arrow(scan, columns)
    return Relation(scan.alias, sql, opened, tuple(columns), None, 0, None)


def _wanted(scan: Scan) -> list[RelationColumn]:
    """The columns that are read; one of them where only the rows count."""
    columns = scan.table.columns
    return [c for c in columns if c.name in scan.columns] or [columns[0]]


def _from_arrow(scan: Scan, columns: Sequence[RelationColumn]) -> str:
    """The stream, which is named as `stream_name` says, in the engine's representation."""
    items = [f"{taken(quote_name(c.name), c.type)} AS {quote_name(c.name)}" for c in columns]
    return f"SELECT {', '.join(items)} FROM {stream_name(scan.alias)}"


def stream_name(alias: str) -> str:
    return f"{alias}_rows"


# --- Iceberg -------------------------------------------------------------------------------


def _iceberg(scan: Scan, table: IcebergTable) -> Relation:
    fields = [field for field in table.fields if field.name in scan.columns]
    hidden = [name for name in (PATH, MODIFIED, PARTITION) if name in scan.columns]
    by_name = {field.name: field for field in table.fields}
    conditions = [
        Condition(by_name[c.column], c.op, c.values) for c in scan.conjuncts if c.column in by_name
    ]
    chosen = plan(table.metadata, table.snapshot, fields, conditions)
    if not chosen.files:
        sql = _empty(scan, fields, hidden)
    elif not fields and not hidden and not chosen.deletes:
        sql = f"SELECT 1 AS {_NOTHING} FROM range({chosen.rows})"
    else:
        sql = _files(table, chosen, fields, hidden)
    return Relation(scan.alias, sql, None, (), chosen, chosen.rows, None)


def _empty(scan: Scan, fields: Sequence[Field], hidden: Sequence[str]) -> str:
    types = {column.name: column.type for column in scan.table.columns}
    names = [*(field.name for field in fields), *hidden]
    columns = [f"CAST(NULL AS {duckdb_type(types[n])}) AS {quote_name(n)}" for n in names]
    return f"SELECT {', '.join(columns) or f'1 AS {_NOTHING}'} WHERE false"


def _files(
    table: IcebergTable, chosen: ScanPlan, fields: Sequence[Field], hidden: Sequence[str]
) -> str:
    columns = [
        f"{held(f'f.{quote_name(field.name)}', field.written)} AS {quote_name(field.name)}"
        for field in fields
    ]
    columns += [f"{_hidden(name, table, chosen)} AS {quote_name(name)}" for name in hidden]
    for file in chosen.files:
        if file.format != "PARQUET":
            raise refused(f"a table with {file.format} data files")
    if table.metadata.evolved:
        _check_nested(table, fields)
    columns = columns or [f"1 AS {_NOTHING}"]
    sql = f"SELECT {', '.join(columns)} FROM {_reading(chosen.files, fields)} AS f"
    return sql + _deletes(chosen)


def _reading(files: Sequence[DataFile], fields: Sequence[Field]) -> str:
    """Columns are found by their ids in the files, whatever their names and types were then."""
    if not fields:
        return f"read_parquet({_paths(files)})"
    schema = ", ".join(
        f"{field.id}: {{name: {quote_text(field.name)}, type: {quote_text(file_type(field.written))},"
        " default_value: NULL}"
        for field in fields
    )
    return f"read_parquet({_paths(files)}, schema = MAP {{{schema}}})"


def _paths(files: Iterable[DataFile]) -> str:
    return "[" + ", ".join(quote_text(str(local_path(file.path))) for file in files) + "]"


def _deletes(chosen: ScanPlan) -> str:
    if not chosen.deletes:
        return ""
    return (
        f" WHERE NOT EXISTS (SELECT 1 FROM read_parquet({_paths(chosen.deletes)}) AS d"
        " WHERE replace(d.file_path, 'file://', '') = f.filename AND d.pos = f.file_row_number)"
    )


def _check_nested(table: IcebergTable, fields: Sequence[Field]) -> None:
    """Inside rows DuckDB goes by names alone: refused where a name once meant another field."""
    schemas = table.metadata.schemas.values()
    for field in fields:
        names: dict[tuple[str, ...], int] = {}
        ids: dict[int, tuple[str, ...]] = {}
        for version in (f for schema in schemas for f in schema if f.id == field.id):
            for path, inner in _nested(version.written, ()):
                if names.setdefault(path, inner) != inner or ids.setdefault(inner, path) != path:
                    raise refused(f"a read of {field.name}, whose fields were renamed")


def _nested(written: object, path: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], int]]:
    if not isinstance(written, dict):
        return
    match written["type"]:
        case "list":
            yield from _nested(written["element"], (*path, "element"))
        case "map":
            yield from _nested(written["key"], (*path, "key"))
            yield from _nested(written["value"], (*path, "value"))
        case _:
            for field in written["fields"]:
                inner = (*path, field["name"].lower())
                yield inner, field["id"]
                yield from _nested(field["type"], inner)


def _hidden(name: str, table: IcebergTable, chosen: ScanPlan) -> str:
    if name == PATH:
        prefix = "file://" if chosen.files[0].path.startswith("file://") else ""
        return f"'{prefix}' || f.filename" if prefix else "f.filename"
    pairs = []
    for file in chosen.files:
        path = local_path(file.path)
        if name == MODIFIED:
            milliseconds = path.stat().st_mtime_ns // 10**6
            value = f"make_timestamp({milliseconds * 1000})"
        else:
            value = _partition_path(table, file)
        pairs.append(f"{quote_text(str(path))}: {value}")
    return f"MAP {{{', '.join(pairs)}}}[f.filename]"


def _partition_path(table: IcebergTable, file: DataFile) -> str:
    from lakeshell.store.partitions import partition_path

    return quote_text(partition_path(table.metadata, file))
