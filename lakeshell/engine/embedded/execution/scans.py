"""What each scan of a bound query becomes on the statement's DuckDB.

In: `Scan`s with the columns that they read and the conditions that every wanted row meets. Out: a
`Prepared`: a relation for each, the files that may be opened, an upper bound of the bytes. Files
are chosen from metadata alone; nothing is read here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lakeshell.engine.embedded.execution.layouts import (
    FOOTERS,
    Node,
    absent,
    as_found,
    as_written,
    layouts,
)
from lakeshell.engine.embedded.execution.shapes import taken
from lakeshell.engine.embedded.tables.handles import Computed, IcebergTable, InPlace
from lakeshell.engine.embedded.values.typed import (
    column_alias,
    duckdb_type,
    quote_name,
    quote_text,
    refused,
)
from lakeshell.model import Estimate
from lakeshell.store.metadata import DataFile, Field, inner_names, local_path
from lakeshell.store.planning import Condition, ScanPlan, check_deletes, plan
from lakeshell.store.reading import CHUNKS, Reading

if TYPE_CHECKING:
    import pyarrow as pa

    from lakeshell.engine.embedded.binding.scope import RelationColumn, Scan
    from lakeshell.engine.embedded.execution.connection import Connection
    from lakeshell.engine.embedded.execution.plan_tree import Scanned

PATH, MODIFIED, PARTITION = "$path", "$file_modified_time", "$partition"
_PLAIN = re.compile("[A-Za-z_][A-Za-z0-9_]*")
"""Names that pyiceberg and others write to files as they are."""
_NOTHING = '"$none"'
"""The column of a relation none of whose columns is read: only its rows count."""


class Relation(NamedTuple):
    """One scan: SQL over files or over a stream of Arrow, which `opened` gives.

    `sql` takes how each file is laid out; None says that the files are as the metadata writes.
    """

    alias: str
    sql: Callable[[Mapping[str, Node] | None], str]
    opened: Callable[[], Iterable[pa.RecordBatch]] | None
    columns: tuple[RelationColumn, ...]
    """Of the stream."""
    looked_up: bool
    """Whether the files' footers must be read to write `sql`."""
    plan: ScanPlan | None
    files: tuple[DataFile, ...]
    """Those that are read; none where the plan alone answers, for only rows are counted."""
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
            for file in relation.files
        }

    @property
    def limits(self) -> dict[str, int]:
        """What each file's columns take at most, over all the scans that read it."""
        found: dict[str, int] = {}
        for relation in self.relations:
            if relation.plan is None:
                continue
            layout = relation.plan.layout
            for file in relation.plan.files:
                path = str(local_path(file.path))
                found[path] = found.get(path, 0) + layout.bytes_of(file, CHUNKS)
            for file in relation.plan.deletes:
                path = str(local_path(file.path))
                found[path] = found.get(path, 0) + file.size
        return found

    @property
    def unmetered(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(r.label for r in self.relations if r.label is not None))

    def estimate(self, reading: Reading = CHUNKS) -> Estimate:
        """At most what a run scans; None in bytes where nothing that is scanned is metered."""
        metered = [r.plan for r in self.relations if r.plan is not None]
        scanned: int | None = sum(p.bytes_read(reading) for p in metered)
        if self.unmetered and not metered:
            scanned = None
        return Estimate(
            scanned,
            files=sum(len(relation.files) for relation in self.relations),
            rows=sum(r.rows for r in self.relations),
            unmetered=self.unmetered,
            coarse=any(p.is_coarse for p in metered),
        )

    def scanned(self, scans: Sequence[Scan], reading: Reading) -> list[Scanned]:
        """Each of the scans with what it reads at most."""
        from lakeshell.engine.embedded.execution.plan_tree import Scanned

        return [
            Scanned(
                ".".join(scan.table.name),
                tuple(sorted(scan.columns)),
                relation.rows,
                None if relation.plan is None else relation.plan.bytes_read(reading),
                len(relation.files),
            )
            for scan, relation in zip(scans, self.relations, strict=True)
        ]

    def supply(self, connection: Connection) -> None:
        """Gives the statement's DuckDB these relations, and the right to read their files."""
        from lakeshell.sql.arrow import arrow_schema

        connection.count_reads(self.sizes)
        for relation in self.relations:
            if relation.opened is not None:
                connection.stream(
                    stream_name(relation.alias), arrow_schema(relation.columns), relation.opened
                )
            found = None
            if relation.looked_up and relation.plan is not None:
                footers = connection.rows(FOOTERS.format(paths=_paths(relation.plan.files)))
                found = layouts(footers)
            connection.relation(relation.alias, relation.sql(found))


def prepare(scans: Iterable[Scan], *, only_planned: bool = False) -> Prepared:
    """Raises `NotSupported` where a table can only be read by Trino, unless it is `only_planned`."""
    return Prepared(tuple(_relation(scan, only_planned) for scan in scans))


def _relation(scan: Scan, only_planned: bool) -> Relation:
    made = _found(scan)
    if not only_planned and made.plan is not None:
        _check_readable(made)
    read = {column.name for column in made.columns} or scan.columns
    unread = _unread(scan, read)
    if not unread:
        return made
    inner = made.sql
    return made._replace(sql=lambda found: f"SELECT *, {', '.join(unread)} FROM ({inner(found)})")


def _found(scan: Scan) -> Relation:
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
    return Relation(scan.alias, lambda _: sql, opened, tuple(columns), False, None, (), 0, None)


def _wanted(scan: Scan) -> list[RelationColumn]:
    """The columns that are read; one of them where only the rows count."""
    columns = scan.table.columns
    return [c for c in columns if c.name in scan.columns] or [columns[0]]


def _from_arrow(scan: Scan, columns: Sequence[RelationColumn]) -> str:
    """The stream, which is named as `stream_name` says, in the engine's representation."""
    items = [f"{taken(quote_name(c.name), c.type)} AS {column_alias(c.name)}" for c in columns]
    return f"SELECT {', '.join(items)} FROM {stream_name(scan.alias)}"


def _unread(scan: Scan, read: Container[str]) -> list[str]:
    """The other columns, as NULLs: the statement may name one whose values it has no use for."""
    return [
        f"CAST(NULL AS {duckdb_type(column.type)}) AS {column_alias(column.name)}"
        for column in scan.table.columns
        if column.name not in read
    ]


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
    sql: Callable[[Mapping[str, Node] | None], str]
    looked_up = False
    files: tuple[DataFile, ...] = ()
    if not chosen.files:
        sql = lambda _: _empty(scan, fields, hidden)  # noqa: E731
    elif not fields and not hidden and not chosen.deletes:
        sql = lambda _: f"SELECT 1 AS {_NOTHING} FROM range({chosen.rows})"  # noqa: E731
    else:
        files = (*chosen.files, *chosen.deletes)
        looked_up = table.metadata.evolved or not all(_is_plain(field) for field in fields)
        sql = lambda found: _files(table, chosen, fields, hidden, found)  # noqa: E731
    return Relation(scan.alias, sql, None, (), looked_up, chosen, files, chosen.rows, None)


def _check_readable(relation: Relation) -> None:
    assert relation.plan is not None
    check_deletes(relation.plan.deletes)
    for file in relation.files:
        if file.format != "PARQUET":
            raise refused(f"a table with {file.format} data files")


def _is_plain(field: Field) -> bool:
    """Whether every writer gives the column, and the fields inside, the very name."""
    return _PLAIN.fullmatch(field.name) is not None and all(
        _PLAIN.fullmatch(name) for name in inner_names(field.written)
    )


def _empty(scan: Scan, fields: Sequence[Field], hidden: Sequence[str]) -> str:
    types = {column.name: column.type for column in scan.table.columns}
    names = [*(field.name for field in fields), *hidden]
    columns = [f"CAST(NULL AS {duckdb_type(types[n])}) AS {column_alias(n)}" for n in names]
    return f"SELECT {', '.join(columns) or f'1 AS {_NOTHING}'} WHERE false"


def _files(
    table: IcebergTable,
    chosen: ScanPlan,
    fields: Sequence[Field],
    hidden: Sequence[str],
    found: Mapping[str, Node] | None,
) -> str:
    """A read of the files for each way that they are laid out, one after the other."""
    groups: dict[tuple[Node | None, ...], list[DataFile]] = {}
    for file in chosen.files:
        root = None if found is None else found.get(str(local_path(file.path)))
        key = tuple(None if root is None else root.find(field.id) for field in fields)
        groups.setdefault(key, []).append(file)
    reads = [
        _group(table, chosen._replace(files=tuple(files)), fields, nodes, hidden, found is None)
        for nodes, files in groups.items()
    ]
    return " UNION ALL ".join(reads)


def _group(
    table: IcebergTable,
    chosen: ScanPlan,
    fields: Sequence[Field],
    nodes: Sequence[Node | None],
    hidden: Sequence[str],
    as_metadata: bool,
) -> str:
    columns = []
    for field, node in zip(fields, nodes, strict=True):
        name = quote_name(field.name)
        if as_metadata:
            sql = as_written(f"f.{name}", field.written)
        else:
            sql = absent(field.written) if node is None else as_found(field.written, node, "f")
        columns.append(f"{sql} AS {column_alias(field.name)}")
    columns += [f"{_hidden(name, table, chosen)} AS {column_alias(name)}" for name in hidden]
    items = ", ".join(columns or [f"1 AS {_NOTHING}"])
    return f"SELECT {items} FROM read_parquet({_paths(chosen.files)}) AS f{_deletes(chosen)}"


def _paths(files: Iterable[DataFile]) -> str:
    return "[" + ", ".join(quote_text(str(local_path(file.path))) for file in files) + "]"


def _deletes(chosen: ScanPlan) -> str:
    if not chosen.deletes:
        return ""
    return (
        f" WHERE NOT EXISTS (SELECT 1 FROM read_parquet({_paths(chosen.deletes)}) AS d"
        " WHERE replace(d.file_path, 'file://', '') = f.filename AND d.pos = f.file_row_number)"
    )


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
