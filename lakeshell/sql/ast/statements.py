"""Statements that are not queries."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from lakeshell.sql.ast.nodes import Identifier, Node, Position, QualifiedName, TypeName
from lakeshell.sql.ast.queries import Query

if TYPE_CHECKING:
    from lakeshell.sql.ast.expressions import Expression
    from lakeshell.sql.ast.queries import Relation


class Property(Node):
    """`name = value` of WITH (…), SET PROPERTIES and EXECUTE; value None is DEFAULT."""

    name: str
    value: Expression | None


class ColumnDefinition(Node):
    """`inside` names the row column, and the rows in it, that ADD COLUMN `a.b.c` adds a field to."""

    name: Identifier
    type: TypeName
    nullable: bool = True
    comment: str | None = None
    properties: tuple[Property, ...] = ()
    inside: tuple[Identifier, ...] = ()


class LikeClause(Node):
    """`LIKE other [INCLUDING|EXCLUDING PROPERTIES]` among a new table's columns."""

    table: QualifiedName
    including_properties: bool | None


class CreateTable(Node):
    name: QualifiedName
    elements: tuple[ColumnDefinition | LikeClause, ...]
    if_not_exists: bool = False
    replace: bool = False
    comment: str | None = None
    properties: tuple[Property, ...] = ()


class CreateTableAs(Node):
    name: QualifiedName
    query: Query
    if_not_exists: bool = False
    replace: bool = False
    with_data: bool = True
    columns: tuple[Identifier, ...] | None = None
    comment: str | None = None
    properties: tuple[Property, ...] = ()


class Insert(Node):
    table: QualifiedName
    columns: tuple[Identifier, ...] | None
    query: Query


class Assignment(Node):
    column: Identifier
    value: Expression


class Update(Node):
    table: QualifiedName
    assignments: tuple[Assignment, ...]
    where: Expression | None


class Delete(Node):
    table: QualifiedName
    where: Expression | None


class MergeCase(Node):
    """One WHEN. `action`: `update`, `delete` or `insert`.

    `update` uses `assignments`; `insert` uses `columns` (empty when not written) and `values`.
    """

    matched: bool
    condition: Expression | None
    action: str
    assignments: tuple[Assignment, ...] = ()
    columns: tuple[Identifier, ...] = ()
    values: tuple[Expression, ...] = ()


class Merge(Node):
    table: QualifiedName
    alias: Identifier | None
    source: Relation
    on: Expression
    cases: tuple[MergeCase, ...]


class Truncate(Node):
    table: QualifiedName


class CreateView(Node):
    """`text` is the query's own text, kept as the view's definition."""

    name: QualifiedName
    query: Query
    text: str
    replace: bool = False
    comment: str | None = None
    security: str | None = None


class Drop(Node):
    """`DROP TABLE|VIEW|SCHEMA|MATERIALIZED VIEW`; `kind` in lower case; `cascade` for schemas."""

    kind: str
    name: QualifiedName
    if_exists: bool = False
    cascade: bool = False


class Rename(Node):
    """`ALTER TABLE|VIEW|SCHEMA … RENAME TO …`."""

    kind: str
    name: QualifiedName
    target: QualifiedName
    if_exists: bool = False


class CreateSchema(Node):
    name: QualifiedName
    if_not_exists: bool = False
    properties: tuple[Property, ...] = ()


class AddColumn(Node):
    table: QualifiedName
    column: ColumnDefinition
    if_exists: bool = False
    if_not_exists: bool = False
    position: str | None = None
    after: Identifier | None = None


class DropColumn(Node):
    table: QualifiedName
    column: QualifiedName
    if_exists: bool = False
    column_if_exists: bool = False


class RenameColumn(Node):
    table: QualifiedName
    column: QualifiedName
    target: Identifier
    if_exists: bool = False
    column_if_exists: bool = False


class AlterColumn(Node):
    """`ALTER COLUMN c SET DATA TYPE t` (`type`) or `DROP NOT NULL` (`type` None)."""

    table: QualifiedName
    column: QualifiedName
    type: TypeName | None
    if_exists: bool = False


class SetProperties(Node):
    kind: str
    name: QualifiedName
    properties: tuple[Property, ...]


class TableExecute(Node):
    """`ALTER TABLE t EXECUTE procedure(name => value) WHERE …`; `table_at` is the word TABLE."""

    table: QualifiedName
    procedure: Identifier
    arguments: tuple[tuple[Identifier | None, Expression], ...]
    where: Expression | None
    table_at: Position


class Comment(Node):
    """`COMMENT ON TABLE|VIEW|COLUMN name IS text`."""

    kind: str
    name: QualifiedName
    text: str | None


class Call(Node):
    name: QualifiedName
    arguments: tuple[tuple[Identifier | None, Expression], ...]


class Analyze(Node):
    table: QualifiedName
    properties: tuple[Property, ...] = ()


class Use(Node):
    name: QualifiedName


class Show(Node):
    """`kind`: `catalogs`, `schemas`, `tables`, `columns` (DESCRIBE too), `functions`, `session`,
    `stats`, `create table`, `create view`, `create schema`.

    `name` is what FROM, IN or the kind names; `like` and `escape` filter.
    """

    kind: str
    name: QualifiedName | None = None
    like: str | None = None
    escape: str | None = None


class Explain(Node):
    """`options` in lower case: `type`, `format`."""

    statement: Statement
    analyze: bool = False
    verbose: bool = False
    options: tuple[tuple[str, str], ...] = ()


class Prepare(Node):
    """`text` is the prepared statement's own text."""

    name: Identifier
    statement: Statement
    text: str


class Execute(Node):
    name: Identifier
    arguments: tuple[Expression, ...] = ()


class ExecuteImmediate(Node):
    statement: Statement
    arguments: tuple[Expression, ...] = ()


class Deallocate(Node):
    name: Identifier


class DescribePrepared(Node):
    """`DESCRIBE INPUT|OUTPUT name`."""

    kind: str
    name: Identifier


class SetSession(Node):
    """`SET SESSION name = value`; RESET SESSION has value None."""

    name: QualifiedName
    value: Expression | None


class SetTimeZone(Node):
    """`SET TIME ZONE value`; None is LOCAL."""

    value: Expression | None


class Unsupported(Node):
    """A statement that Trino parses and this runtime refuses, by its name: `GRANT`, `CREATE ROLE`."""

    construct: str


if TYPE_CHECKING:
    Statement: TypeAlias = (
        Query | CreateTable | CreateTableAs | Insert | Update | Delete | Merge | Truncate | CreateView
        | Drop | Rename | CreateSchema | AddColumn | DropColumn | RenameColumn | AlterColumn
        | SetProperties | TableExecute | Comment | Call | Analyze | Use | Show | Explain | Prepare
        | Execute | ExecuteImmediate | Deallocate | DescribePrepared | SetSession | SetTimeZone
        | Unsupported
    )  # fmt: skip
