"""Expressions, window specifications and sort keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from lakeshell.sql.ast.nodes import Identifier, Node, QualifiedName, TypeName

if TYPE_CHECKING:
    from lakeshell.sql.ast.queries import Query


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
    spelled: str = ""
    """The type as the statement writes it."""

    def _said(self) -> tuple[Any, ...]:
        return (self.type, self.value)


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
    path: StringLiteral
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


if TYPE_CHECKING:
    Expression: TypeAlias = (
        Identifier | Dereference | NullLiteral | BooleanLiteral | LongLiteral | DecimalLiteral
        | DoubleLiteral | StringLiteral | BinaryLiteral | GenericLiteral | IntervalLiteral | Parameter
        | Unary | Arithmetic | Comparison | Logical | Not | IsNull | Between | InList | InSubquery
        | Like | Quantified | Exists | ScalarSubquery | Cast | FunctionCall | Listagg | Lambda
        | SimpleCase | SearchedCase | Subscript | ArrayConstructor | RowConstructor | AtTimeZone
        | Extract | Trim | CurrentTime | CurrentName | Grouping | JsonCall | JsonObject | JsonArray
    )  # fmt: skip
