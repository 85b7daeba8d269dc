"""The embedded engine: Trino's SQL, bound by Trino's rules, run by DuckDB in this process.

    text -> parser -> (query) binder -> scans -> a locked DuckDB -> Arrow
                   -> (other) statements, which read and write through `Host`

In: statements and a session. Out: `ports.Running`s. Untrusted SQL never reaches DuckDB: what runs
is written by the binder, on a DuckDB that can open the planned files only.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lakeshell.engine.embedded.binding.binder import Binder
from lakeshell.engine.embedded.binding.scope import BoundColumn, BoundQuery
from lakeshell.engine.embedded.execution.running import Change, Reads, Statement
from lakeshell.engine.embedded.execution.scans import Prepared, prepare
from lakeshell.engine.embedded.tables.lookup import Surroundings, TableLookup
from lakeshell.engine.embedded.tables.membership import Closed, OpenCatalog
from lakeshell.engine.embedded.values.typed import TIME_ZONE, Context
from lakeshell.model import Column, Estimate, TableName
from lakeshell.ports import Asking, Catalog, Running, Session, Source, unasked
from lakeshell.sql import ast
from lakeshell.sql.parser import parse_expression, parse_statement, split_statements
from lakeshell.sql.statement import StatementText
from lakeshell.store.reading import CHUNKS, Reading

if TYPE_CHECKING:
    import pyarrow as pa

    from lakeshell.engine.embedded.execution.connection import Connection
    from lakeshell.engine.embedded.statements.host import Outcome
    from lakeshell.engine.embedded.values.typed import Typed
    from lakeshell.store.iceberg import IcebergStore
    from lakeshell.store.metadata import TableMetadata


class EmbeddedEngine:
    """`ports.Engine`. `store` opens the writer of tables when a statement first writes."""

    def __init__(
        self,
        *,
        catalog: Catalog,
        store: Callable[[], IcebergStore],
        metadata: Callable[[TableName], TableMetadata | None],
        connections: Callable[[], Sequence[str]],
        open_source: Callable[[str], Source],
        memory_limit: int | None = None,
        threads: int = 0,
        reading: Reading = CHUNKS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        closed: Callable[[str], Collection[str]] = lambda user: (),
    ) -> None:
        """`metadata` finds an Iceberg table's; `memory_limit` in bytes; `threads` 0 takes all.

        `reading` is how the engine reads files for which this one makes estimates. `closed` are
        the databases that are not for a user.
        """
        self.catalog = catalog
        self.open_store = store
        self.metadata = metadata
        self.connections = connections
        self.open_source = open_source
        self._memory_limit = memory_limit
        self._threads = threads
        self.reading = reading
        self._now = now
        self.closed = closed

    def split(self, text: str) -> Sequence[StatementText]:
        return split_statements(text)

    def estimate(
        self,
        sql: str,
        session: Session,
        parameters: Sequence[str] = (),
        asking: Asking = unasked,
    ) -> Estimate:
        statement = parse_statement(sql)
        host = self._host(session, _values(statement, parameters))
        if isinstance(statement, ast.Query):
            return host.estimate(host.binder().query(statement))
        from lakeshell.engine.embedded.statements import estimate

        return estimate(statement, host)

    def state(
        self, sql: str, session: Session, parameters: Sequence[str] = ()
    ) -> Mapping[str, str] | None:
        from lakeshell.engine.embedded.tables.states import states

        statement = parse_statement(sql)
        if not isinstance(statement, ast.Query):
            return None
        host = self._host(session, _values(statement, parameters))
        bound = host.binder().query(statement)
        # The parameters are looked at with the statement: one of them may be the clock.
        return states(" ".join((sql, *parameters)), host.tables.found, bound.scans)

    def run(
        self, sql: str, session: Session, parameters: Sequence[str] = (), *, tag: str = ""
    ) -> Running:
        statement = parse_statement(sql)
        host = self._host(session, _values(statement, parameters))
        if "?" in sql and not isinstance(statement, ast.Prepare | ast.ExecuteImmediate):
            from lakeshell.engine.embedded.statements.prepared import check_parameters

            check_parameters(statement, len(parameters), statement.at)
        if isinstance(statement, ast.Query):
            bound = host.binder().query(statement)
            prepared = prepare(bound.scans)
            return Statement(
                columns(bound), lambda: host.rows(bound, prepared), host.reads
            )  # fmt: skip
        update_type = _changes(statement, session)
        if update_type is not None:
            return Change(update_type, lambda: host.execute(statement), host.reads)
        outcome = host.execute(statement)
        return Statement(
            outcome.columns,
            lambda: iter(outcome.batches),
            host.reads,
            outcome.update_type,
            lambda: outcome.update_count,
        )

    def close(self) -> None:
        """Nothing is held between statements."""

    def connect(self) -> Connection:
        from lakeshell.engine.embedded.execution.connection import Connection

        return Connection(self._memory_limit, self._threads)

    def _host(self, session: Session, parameters: Sequence[ast.Expression]) -> StatementHost:
        now = session.now or self._now()
        zone = session.properties.get(TIME_ZONE, session.time_zone)
        context = Context(session, now, zone, parameters=tuple(parameters))
        return StatementHost(self, context)


_CHANGES: dict[type[ast.Node], str] = {
    ast.Insert: "INSERT",
    ast.CreateTableAs: "CREATE TABLE",
    ast.Update: "UPDATE",
    ast.Delete: "DELETE",
    ast.Merge: "MERGE",
    ast.TableExecute: "ALTER TABLE EXECUTE",
}
"""Statements that take long: they run when their batches are asked for, and can be cancelled."""


def _changes(statement: ast.Node, session: Session) -> str | None:
    """The update type of such a statement, a prepared one too; None for any other."""
    match statement:
        case ast.Execute():
            text = session.prepared.get(statement.name.value) or session.prepared.get(
                statement.name.key
            )
            return None if text is None else _changes(parse_statement(text), session)
        case ast.ExecuteImmediate():
            return _changes(statement.statement, session)
    return _CHANGES.get(type(statement))


def _values(statement: ast.Statement, parameters: Sequence[str]) -> Sequence[ast.Expression]:
    """Of its `?`s; what is wrong with one is wrong where its `?` stands."""
    found = [parse_expression(text) for text in parameters]
    if found:
        places = {
            node.index: node.at for node in statement.walk() if isinstance(node, ast.Parameter)
        }
        for index, value in enumerate(found):
            value.at = places.get(index, value.at)  # type: ignore[misc]
    return found


class StatementHost:
    """What one statement works with: `statements.host.Host`."""

    def __init__(self, engine: EmbeddedEngine, context: Context) -> None:
        self.engine = engine
        self.context = context
        self.reads = Reads(engine.connect)
        closed = Closed(engine.closed(context.session.user))
        self.catalog: Catalog = engine.catalog
        if closed.databases:
            self.catalog = OpenCatalog(engine.catalog, closed)
        self.tables = TableLookup(
            Surroundings(
                catalog=self.catalog,
                metadata=engine.metadata,
                connections=engine.connections,
                open_source=engine.open_source,
                evaluate=self.evaluate,
                zone=context.zone,
                now=context.now,
                closed=closed,
            )
        )

    @property
    def session(self) -> Session:
        return self.context.session

    @property
    def store(self) -> IcebergStore:
        return self.engine.open_store()

    def binder(self) -> Binder:
        return Binder(self.tables, self.context)

    def estimate(self, bound: BoundQuery) -> Estimate:
        """What `read` would scan at most; reads metadata only."""
        return prepare(bound.scans, only_planned=True).estimate(self.engine.reading)

    def read(self, bound: BoundQuery) -> pa.RecordBatchReader:
        """The rows of a query, as they come; what they scan is counted to the statement."""
        import pyarrow as pa

        from lakeshell.sql.arrow import arrow_schema

        schema = arrow_schema(columns(bound))
        return pa.RecordBatchReader.from_batches(schema, self.rows(bound))

    def rows(self, bound: BoundQuery, prepared: Prepared | None = None) -> Iterator[pa.RecordBatch]:
        made = prepare(bound.scans) if prepared is None else prepared
        return self.reads.read(
            bound, made, lambda connection: connection.supply(self.context.needs)
        )

    def evaluate(self, value: Typed) -> Any:
        """What an expression without columns is, as Python has it; NULL is None."""
        column = BoundColumn("value", value.type, value.zone)
        bound = BoundQuery(f"SELECT {value.sql} AS c0", (column,), ())
        (batch,) = self.rows(bound)
        return batch.column(0)[0].as_py()

    def execute(self, statement: ast.Statement) -> Outcome:
        from lakeshell.engine.embedded.statements import execute

        return execute(statement, self)

    def with_parameters(self, parameters: Sequence[ast.Expression]) -> StatementHost:
        """The same statement's surroundings, with values for its `?`s."""
        made = StatementHost(self.engine, self._context_with(tuple(parameters)))
        made.reads = self.reads
        return made

    def _context_with(self, parameters: tuple[ast.Expression, ...]) -> Context:
        own = self.context
        return Context(own.session, own.now, own.zone, own.needs, parameters)

    def explain(self, bound: BoundQuery) -> str:
        """The plan that DuckDB makes of a query, without running it, and what its scans read."""
        from lakeshell.engine.embedded.execution.plan_tree import plan_lines

        prepared = prepare(bound.scans)
        connection = self.reads.open()
        try:
            connection.supply(self.context.needs)
            prepared.supply(connection)
            connection.lock(prepared.sizes)
            plan = connection.explain(bound.sql)
        finally:
            self.reads.end(connection)
        scans = prepared.scanned(bound.scans, self.engine.reading)
        return "\n".join(plan_lines(plan, scans))


def columns(bound: BoundQuery) -> tuple[Column, ...]:
    return tuple(Column(column.name, column.type) for column in bound.columns)
