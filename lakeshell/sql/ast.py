"""The syntax tree of Trino's SQL.

In: nothing. Out: immutable nodes that `parser` makes and the engines read. A node compares by what
it says, not by where it stands (`at` is left out), so `GROUP BY upper(title)` finds
`upper(title)` in the SELECT list. Nodes never hold types: those belong to whoever binds them.

The nodes are not `dataclasses`: making a hundred of those costs every cold start 60 ms, and
`NodeType` does the same work in 2 ms. Type checkers see them as frozen dataclasses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, TypeAlias, dataclass_transform


class Position(NamedTuple):
    """Where a node starts in its statement, both counted from 1, as Trino reports them."""

    line: int
    column: int


START = Position(1, 1)


class NodeType(type):
    """Turns a class body's annotations into slots, and its values into defaults."""

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any]) -> NodeType:
        own = [f for f, kind in body.get("__annotations__", {}).items() if "ClassVar" not in kind]
        inherited = bases[0] if bases else None
        fields = (*getattr(inherited, "_fields", ()), *(f for f in own if f != "at"))
        defaults = {
            **getattr(inherited, "_defaults", {}),
            **{f: body.pop(f) for f in own if f in body},
        }
        body["__slots__"] = own
        made = super().__new__(cls, name, bases, body)
        made._fields = fields  # type: ignore[attr-defined]
        made._defaults = defaults  # type: ignore[attr-defined]
        return made


@dataclass_transform(frozen_default=True)
class Node(metaclass=NodeType):
    """A node; `_fields` are its parts in order, `at` its place (keyword only)."""

    _fields: ClassVar[tuple[str, ...]]
    _defaults: ClassVar[dict[str, Any]]

    at: Position = START

    def __init__(self, *values: Any, at: Position = START, **named: Any) -> None:
        self.at = at
        fields = self._fields
        if len(values) > len(fields):
            raise TypeError(f"{type(self).__name__} has {len(fields)} parts, not {len(values)}")
        for name, value in zip(fields, values, strict=False):
            setattr(self, name, value)
        for name in fields[len(values) :]:
            if name in named:
                setattr(self, name, named.pop(name))
            elif name in self._defaults:
                setattr(self, name, self._defaults[name])
            else:
                raise TypeError(f"{type(self).__name__} needs {name!r}")
        if named:
            raise TypeError(f"{type(self).__name__} has no {', '.join(named)}")

    def _said(self) -> tuple[Any, ...]:
        return tuple(getattr(self, name) for name in self._fields)

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self._said() == other._said()

    def __hash__(self) -> int:
        return hash((type(self), self._said()))

    def __repr__(self) -> str:
        parts = ", ".join(f"{name}={getattr(self, name)!r}" for name in self._fields)
        return f"{type(self).__name__}({parts})"

    def children(self) -> Iterator[Node]:
        """The nodes directly below, in the order written."""
        for part in self._said():
            yield from _nodes(part)

    def walk(self) -> Iterator[Node]:
        """This node and every node below it, parents first."""
        pending: list[Node] = [self]
        while pending:
            node = pending.pop()
            yield node
            pending.extend(reversed(list(node.children())))


def _nodes(part: object) -> Iterator[Node]:
    if isinstance(part, Node):
        yield part
    elif type(part) is tuple:
        for item in part:
            yield from _nodes(item)


# --- names ---------------------------------------------------------------------------------


class Identifier(Node):
    """A name. Trino folds every name to lower case, quoted or not; `value` keeps the spelling."""

    value: str
    quoted: bool = False

    @property
    def key(self) -> str:
        return self.value.lower()

    def _said(self) -> tuple[Any, ...]:
        return (self.key,)


class QualifiedName(Node):
    """`catalog.schema.table` and shorter forms; `parts` keeps the order written."""

    parts: tuple[Identifier, ...]

    @property
    def keys(self) -> tuple[str, ...]:
        return tuple(part.key for part in self.parts)

    def __str__(self) -> str:
        return ".".join(self.keys)


# --- types as written ----------------------------------------------------------------------


class TypeName(Node):
    """A type as written, its text already normalised: `decimal(10,2)`, `array(row(a bigint))`."""

    text: str


# --- expressions ---------------------------------------------------------------------------


class Dereference(Node):
    """`base.field`: a qualified column or a field of a row; only binding can tell."""

    base: Expression
    field: Identifier


class NullLiteral(Node):
    pass


class BooleanLiteral(Node):
    value: bool


class LongLiteral(Node):
    """Digits (also 0x, 0o, 0b forms), already a number; the sign is a `Unary` above it."""

    value: int


class DecimalLiteral(Node):
    """`1.50` or the body of `DECIMAL '1.50'`; the text decides precision and scale."""

    text: str


class DoubleLiteral(Node):
    """`1e3`, as written."""

    text: str


class StringLiteral(Node):
    value: str


class BinaryLiteral(Node):
    """`X'65'`."""

    value: bytes


class GenericLiteral(Node):
    """A type name before a string: `DATE '2024-01-01'`, `TIMESTAMP '…'`, `JSON '…'`, `REAL '1'`."""

    type: str
    value: str


class IntervalLiteral(Node):
    """`INTERVAL -'3' DAY` or `INTERVAL '1-2' YEAR TO MONTH`; fields in lower case."""

    value: str
    negative: bool
    start: str
    end: str | None


class Parameter(Node):
    """The `index`-th `?` of the statement, from 0."""

    index: int


class Unary(Node):
    """`-value` or `+value`."""

    op: str
    value: Expression


class Arithmetic(Node):
    """`+ - * / %`; `at` is the operator, as in Trino's errors. `||` is a call of `concat`."""

    op: str
    left: Expression
    right: Expression


class Comparison(Node):
    """`= <> < <= > >=` and `IS DISTINCT FROM`; `at` is the operator.

    `IS NOT DISTINCT FROM` is a `Not` round it, `!=` is `<>`.
    """

    op: str
    left: Expression
    right: Expression


class Logical(Node):
    """`AND` or `OR` over two terms or more, flattened."""

    op: str
    terms: tuple[Expression, ...]


class Not(Node):
    value: Expression


class IsNull(Node):
    """`IS NULL`; `IS NOT NULL` when `negated`."""

    value: Expression
    negated: bool = False


class Between(Node):
    value: Expression
    low: Expression
    high: Expression


class InList(Node):
    value: Expression
    items: tuple[Expression, ...]


class InSubquery(Node):
    value: Expression
    query: Query


class Like(Node):
    value: Expression
    pattern: Expression
    escape: Expression | None = None


class Quantified(Node):
    """`value op ALL|ANY|SOME (query)`; the quantifier is `all` or `any`."""

    op: str
    quantifier: str
    value: Expression
    query: Query


class Exists(Node):
    query: Query


class ScalarSubquery(Node):
    query: Query


class Cast(Node):
    """`CAST`, or `TRY_CAST` when `safe`."""

    value: Expression
    type: TypeName
    safe: bool = False


class FunctionCall(Node):
    """Any call, the special forms `if`, `nullif`, `coalesce`, `try` and `concat` (`||`) included.

    `count(*)` is `count` without arguments and with `star`. `nulls` is `ignore`, `respect` or
    None as written.
    """

    name: QualifiedName
    arguments: tuple[Expression, ...] = ()
    star: bool = False
    distinct: bool = False
    order_by: tuple[SortItem, ...] = ()
    filter: Expression | None = None
    nulls: str | None = None
    window: WindowSpec | Identifier | None = None


class Listagg(Node):
    """`LISTAGG(value, separator ON OVERFLOW …) WITHIN GROUP (ORDER BY …)`.

    `overflow` is `error` or `truncate`; `filler` and `with_count` belong to `truncate`.
    """

    value: Expression
    separator: Expression | None
    distinct: bool
    overflow: str
    filler: str | None
    with_count: bool
    order_by: tuple[SortItem, ...]
    filter: Expression | None = None


class Lambda(Node):
    parameters: tuple[Identifier, ...]
    body: Expression


class WhenClause(Node):
    condition: Expression
    result: Expression


class SimpleCase(Node):
    operand: Expression
    whens: tuple[WhenClause, ...]
    default: Expression | None


class SearchedCase(Node):
    whens: tuple[WhenClause, ...]
    default: Expression | None


class Subscript(Node):
    base: Expression
    index: Expression


class ArrayConstructor(Node):
    items: tuple[Expression, ...]


class RowConstructor(Node):
    """`ROW(1, 2)` and `(1, 2)`; `names` are the `AS name`s of `ROW(1 AS a)`, None where unnamed."""

    items: tuple[Expression, ...]
    names: tuple[Identifier | None, ...]


class AtTimeZone(Node):
    value: Expression
    zone: Expression


class Extract(Node):
    """`EXTRACT(field FROM value)`; the field in lower case as written."""

    field: str
    value: Expression


class Trim(Node):
    """`TRIM([BOTH|LEADING|TRAILING] [characters FROM] value)`; side in lower case."""

    side: str
    value: Expression
    characters: Expression | None


class CurrentTime(Node):
    """`current_date`, `current_time`, `current_timestamp`, `localtime`, `localtimestamp`."""

    name: str
    precision: int | None


class CurrentName(Node):
    """`current_user`, `current_catalog`, `current_schema`, `current_path`."""

    name: str


class Grouping(Node):
    """`GROUPING(a, b)`."""

    columns: tuple[Expression, ...]


class JsonCall(Node):
    """`JSON_EXISTS`, `JSON_VALUE` and `JSON_QUERY` with their clauses, in Trino's words.

    `passing` pairs expressions with names; `returning` is None where not written; `wrapper` is
    `without`, `conditional` or `unconditional`; `quotes` is `keep` or `omit`; `on_empty` and
    `on_error` are `error`, `null`, `default`, `empty array`, `empty object`, `true`, `false`,
    `unknown` or None where not written.
    """

    name: str
    value: Expression
    path: str
    passing: tuple[tuple[Expression, Identifier], ...] = ()
    returning: TypeName | None = None
    wrapper: str = "without"
    quotes: str | None = None
    on_empty: str | None = None
    empty_default: Expression | None = None
    on_error: str | None = None
    error_default: Expression | None = None


class JsonObject(Node):
    members: tuple[tuple[Expression, Expression], ...]
    null_on_null: bool
    unique_keys: bool
    returning: TypeName | None


class JsonArray(Node):
    items: tuple[Expression, ...]
    null_on_null: bool
    returning: TypeName | None


# --- windows and sorting -------------------------------------------------------------------


class SortItem(Node):
    """One ORDER BY key. `nulls_first` is None where not written: last, whichever the direction."""

    key: Expression
    descending: bool = False
    nulls_first: bool | None = None


class FrameBound(Node):
    """`kind`: `unbounded preceding`, `preceding`, `current row`, `following`, `unbounded following`."""

    kind: str
    value: Expression | None = None


class Frame(Node):
    """`kind`: `rows`, `range` or `groups`; `end` is None in the short form."""

    kind: str
    start: FrameBound
    end: FrameBound | None


class WindowSpec(Node):
    base: Identifier | None
    partition_by: tuple[Expression, ...]
    order_by: tuple[SortItem, ...]
    frame: Frame | None


# --- queries -------------------------------------------------------------------------------


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
    """`LIMIT n`, `LIMIT ALL` (count None) and `FETCH FIRST n ROWS ONLY | WITH TIES`."""

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


# --- relations -----------------------------------------------------------------------------


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


# --- statements ----------------------------------------------------------------------------


class Property(Node):
    """`name = value` of WITH (…), SET PROPERTIES and EXECUTE; value None is DEFAULT."""

    name: str
    value: Expression | None


class ColumnDefinition(Node):
    name: Identifier
    type: TypeName
    nullable: bool = True
    comment: str | None = None
    properties: tuple[Property, ...] = ()


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
    """`DROP TABLE|VIEW|SCHEMA`; `kind` in lower case; `cascade` for schemas."""

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
    """`ALTER TABLE t EXECUTE procedure(name => value) WHERE …`."""

    table: QualifiedName
    procedure: Identifier
    arguments: tuple[tuple[Identifier | None, Expression], ...]
    where: Expression | None


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


class Unsupported(Node):
    """A statement that Trino parses and this runtime refuses, by its name: `GRANT`, `CREATE ROLE`."""

    construct: str


if TYPE_CHECKING:
    Expression: TypeAlias = (
        Identifier | Dereference | NullLiteral | BooleanLiteral | LongLiteral | DecimalLiteral
        | DoubleLiteral | StringLiteral | BinaryLiteral | GenericLiteral | IntervalLiteral | Parameter
        | Unary | Arithmetic | Comparison | Logical | Not | IsNull | Between | InList | InSubquery
        | Like | Quantified | Exists | ScalarSubquery | Cast | FunctionCall | Listagg | Lambda
        | SimpleCase | SearchedCase | Subscript | ArrayConstructor | RowConstructor | AtTimeZone
        | Extract | Trim | CurrentTime | CurrentName | Grouping | JsonCall | JsonObject | JsonArray
    )  # fmt: skip
    Body: TypeAlias = Select | SetOperation | Values | TableBody | Query
    Relation: TypeAlias = (
        Table | Aliased | Join | TableSubquery | Lateral | Unnest | Sampled | TableFunction | Values
    )
    Statement: TypeAlias = (
        Query | CreateTable | CreateTableAs | Insert | Update | Delete | Merge | Truncate | CreateView
        | Drop | Rename | CreateSchema | AddColumn | DropColumn | RenameColumn | AlterColumn
        | SetProperties | TableExecute | Comment | Call | Analyze | Use | Show | Explain | Prepare
        | Execute | ExecuteImmediate | Deallocate | DescribePrepared | SetSession | Unsupported
    )  # fmt: skip
