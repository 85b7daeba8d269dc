"""Queries and the relations that they read."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias

from lakeshell.sql.ast.expressions import SortItem, WindowSpec
from lakeshell.sql.ast.nodes import Identifier, Node, QualifiedName

if TYPE_CHECKING:
    from lakeshell.sql.ast.expressions import Expression


class SelectExpression(Node):
    value: Expression
    alias: Identifier | None = None


class SelectAll(Node):
    """`*`, `target.*` and `target.* AS (a, b)`."""

    target: Expression | None = None
    aliases: tuple[Identifier, ...] = ()


class GroupingSet(Node):
    """One element of GROUP BY. `kind`: `simple`, `sets`, `rollup`, `cube`; each set is a tuple."""

    kind: str
    sets: tuple[tuple[Expression, ...], ...]


class GroupBy(Node):
    distinct: bool
    elements: tuple[GroupingSet, ...]
    auto: bool = False


class Select(Node):
    distinct: bool
    items: tuple[SelectExpression | SelectAll, ...]
    from_: Relation | None = None
    where: Expression | None = None
    group_by: GroupBy | None = None
    having: Expression | None = None
    windows: tuple[tuple[Identifier, WindowSpec], ...] = ()


class SetOperation(Node):
    """`op`: `union`, `intersect`, `except`."""

    op: str
    distinct: bool
    left: Body
    right: Body


class Values(Node):
    rows: tuple[Expression, ...]


class TableBody(Node):
    """`TABLE name`."""

    table: Table


class Limit(Node):
    """`LIMIT n`, `LIMIT ALL` (count None) and `FETCH FIRST n ROWS ONLY | WITH TIES`, where no
    count is one row."""

    count: Expression | None
    with_ties: bool = False
    fetch: bool = False


class CommonTable(Node):
    name: Identifier
    columns: tuple[Identifier, ...] | None
    query: Query


class With(Node):
    recursive: bool
    tables: tuple[CommonTable, ...]


class Query(Node):
    """A whole query; a parenthesised one inside a set operation is a `Query` too."""

    body: Body
    with_: With | None = None
    order_by: tuple[SortItem, ...] = ()
    offset: Expression | None = None
    limit: Limit | None = None


class TableVersion(Node):
    """`FOR VERSION AS OF x` (`kind` `version`) or `FOR TIMESTAMP AS OF x` (`timestamp`)."""

    kind: str
    value: Expression


class Table(Node):
    name: QualifiedName
    version: TableVersion | None = None


class Aliased(Node):
    relation: Relation
    alias: Identifier
    columns: tuple[Identifier, ...] | None = None


class Join(Node):
    """`kind`: `inner`, `left`, `right`, `full`, `cross`, `implicit` (a comma)."""

    kind: str
    left: Relation
    right: Relation
    on: Expression | None = None
    using: tuple[Identifier, ...] | None = None
    natural: bool = False


class TableSubquery(Node):
    query: Query


class Lateral(Node):
    query: Query


class Unnest(Node):
    expressions: tuple[Expression, ...]
    ordinality: bool = False


class Sampled(Node):
    """`relation TABLESAMPLE BERNOULLI|SYSTEM (percentage)`."""

    relation: Relation
    method: str
    percentage: Expression


class TableFunction(Node):
    """`TABLE(name(args))`; only plain scalar arguments, named or not (name None)."""

    name: QualifiedName
    arguments: tuple[tuple[Identifier | None, Expression], ...]


if TYPE_CHECKING:
    Body: TypeAlias = Select | SetOperation | Values | TableBody | Query
    Relation: TypeAlias = (
        Table | Aliased | Join | TableSubquery | Lateral | Unnest | Sampled | TableFunction | Values
    )
