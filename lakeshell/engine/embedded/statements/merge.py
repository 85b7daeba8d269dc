"""MERGE: one pass counts what changes in each file, a second reads what the files hold afterwards.

Each row of the target is numbered, so that a row that two rows of the source would change is found
and refused, and each is joined to the source once in each pass.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from lakeshell.engine.embedded.statements.columns import described
from lakeshell.engine.embedded.statements.host import Host, Outcome, changed
from lakeshell.engine.embedded.statements.naming import lake_name, writable
from lakeshell.engine.embedded.statements.rows import (
    PATH,
    can_assign,
    converted,
    in_files,
    renamed,
    replace,
)
from lakeshell.engine.embedded.values.typed import rejected
from lakeshell.errors import QueryFailed
from lakeshell.model import Column
from lakeshell.sql import ast
from lakeshell.sql.datatypes import Type

if TYPE_CHECKING:
    import pyarrow as pa

_FILE, _ROW, _FOUND = "$merge_file", "$merge_row", "$merge_found"
_ACTION, _RANK = "$merge_action", "$merge_rank"
KEEP, CHANGE, REMOVE = 0, 1, 2


def merge(statement: ast.Merge, host: Host) -> Outcome:
    name = lake_name(statement.table, host, statement.at, "modifying table rows")
    metadata = writable(name, host, statement.at, "Merging into")
    work = _Merge(statement, described(metadata), host)
    work.check()
    counts = work.counts()
    inserted = work.inserted()
    if not counts and inserted is None:
        return changed("MERGE", 0)
    made = 0

    def rows() -> Iterator[pa.RecordBatch]:
        nonlocal made
        if counts:
            yield from work.after(list(counts))
        if inserted is not None:
            for batch in inserted:
                made += batch.num_rows
                yield batch

    stream = rows()
    first = next(stream, None)
    if not counts and first is None:
        return changed("MERGE", 0)
    only_deletes = all(case.action == "delete" for case in statement.cases)
    operation = "delete" if only_deletes else "overwrite"
    replace(name, metadata, counts, _again(first, stream), operation, host)
    return changed("MERGE", sum(counts.values()) + made)


def _again(
    first: pa.RecordBatch | None, rest: Iterator[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    if first is not None:
        yield first
    yield from rest


class _Merge:
    def __init__(self, statement: ast.Merge, columns: Sequence[Column], host: Host) -> None:
        self.statement = statement
        self.columns = columns
        self.host = host
        self.alias = statement.alias or statement.table.parts[-1]
        self.matched = [case for case in statement.cases if case.matched]
        self.unmatched = [case for case in statement.cases if not case.matched]

    # --- before it runs --------------------------------------------------------------------

    def check(self) -> None:
        """Raises what Trino raises while it analyses: names, types, conditions."""
        types = {column.name: column.type for column in self.columns}
        for number, case in enumerate(self.statement.cases):
            names = [assignment.column.key for assignment in case.assignments]
            values = [assignment.value for assignment in case.assignments]
            if case.action == "insert":
                names = [c.key for c in case.columns] or list(types)
                values = list(case.values)
            for position, column in enumerate(names):
                if column not in types:
                    raise rejected(
                        "COLUMN_NOT_FOUND",
                        f"Merge column name does not exist in target table: {column}",
                        self.statement.at,
                    )
                if column in names[:position]:
                    raise rejected(
                        "DUPLICATE_COLUMN_NAME",
                        f"Merge column name is specified more than once: {column}",
                        self.statement.at,
                    )
            if case.action != "delete":
                self._check_types(number, [types[n] for n in names], values, case)
        self.host.binder().query(self._query(self._joined("left"), (self._action(),)))

    def _check_types(
        self,
        number: int,
        wanted: Sequence[Type],
        values: Sequence[ast.Expression],
        case: ast.MergeCase,
    ) -> None:
        relation = self._joined("left") if case.matched else self._unmatched()
        select = self._query(relation, tuple(map(ast.SelectExpression, values)), case.condition)
        found = [column.type for column in self.host.binder().query(select).columns]
        if len(found) != len(wanted) and not case.matched:
            raise QueryFailed(
                f"Number of merge columns ({len(wanted)}) isn't equal to number of expressions "
                f"({len(found)})",
                code="GENERIC_INTERNAL_ERROR",
            )
        if not all(map(can_assign, found, wanted)):
            raise rejected(
                "TYPE_MISMATCH",
                f"MERGE table column types don't match for MERGE case {number}, SET expressions: "
                f"Table: [{', '.join(map(str, wanted))}], "
                f"Expressions: [{', '.join(map(str, found))}]",
                case.at,
            )

    # --- rows of the target ----------------------------------------------------------------

    def counts(self) -> dict[str, int]:
        """Rows that change in each file. Raises when a row would change twice."""
        if not self.matched:
            return {}
        file, row, times = (_name(n) for n in (_FILE, _ROW, "$merge_times"))
        touched = ast.Select(
            False,
            (
                ast.SelectExpression(file),
                ast.SelectExpression(row),
                ast.SelectExpression(_call("count", star=True), times),
            ),
            self._acted(ast.Comparison("<>", _name(_ACTION), ast.LongLiteral(KEEP))),
            None,
            _grouped(file, row),
        )
        per_file = ast.Select(
            False,
            (
                ast.SelectExpression(file),
                ast.SelectExpression(_call("count", star=True)),
                ast.SelectExpression(_call("max", times)),
            ),
            ast.TableSubquery(ast.Query(touched)),
            None,
            _grouped(file),
        )
        counts: dict[str, int] = {}
        for batch in self.host.read(self.host.binder().query(ast.Query(per_file))):
            for path, count, most in zip(*(c.to_pylist() for c in batch.columns), strict=True):
                if most > 1:
                    raise QueryFailed(
                        "One MERGE target table row matched more than one source row",
                        code="MERGE_TARGET_ROW_MULTIPLE_MATCHES",
                    )
                counts[path] = count
        return counts

    def after(self, paths: Sequence[str]) -> Iterator[pa.RecordBatch]:
        """What the files hold afterwards, rows to insert left out."""
        rank = ast.FunctionCall(
            _function("row_number"),
            window=ast.WindowSpec(
                None,
                (_name(_FILE), _name(_ROW)),
                (ast.SortItem(_name(_ACTION), descending=True),),
                None,
            ),
        )
        items = [ast.SelectExpression(self._value(c), _name(c.name)) for c in self.columns]
        inner = self._query(
            self._joined("left", paths),
            (*items, self._action(), *self._marks()),
        )
        ranked = ast.Select(
            False,
            (ast.SelectAll(), ast.SelectExpression(rank, _name(_RANK))),
            ast.TableSubquery(inner),
        )
        kept = ast.Logical(
            "AND",
            (
                ast.Comparison("=", _name(_RANK), ast.LongLiteral(1)),
                ast.Comparison("<>", _name(_ACTION), ast.LongLiteral(REMOVE)),
            ),
        )
        columns = tuple(ast.SelectExpression(_name(c.name)) for c in self.columns)
        outer = ast.Select(False, columns, ast.TableSubquery(ast.Query(ranked)), kept)
        bound = self.host.binder().query(ast.Query(outer))
        return renamed(self.host.read(bound), [c.name for c in self.columns])

    def _value(self, column: Column) -> ast.Expression:
        """The column's value after the first case that holds."""
        old = ast.Dereference(self.alias, _name(column.name))
        whens = []
        for case in self.matched:
            values = {a.column.key: a.value for a in case.assignments}
            new: ast.Expression = old
            if column.name in values:
                new = converted(values[column.name], column.type)
            whens.append(ast.WhenClause(self._when(case), new))
        return ast.SearchedCase(tuple(whens), old) if whens else old

    def _action(self) -> ast.SelectExpression:
        whens = tuple(
            ast.WhenClause(
                self._when(case), ast.LongLiteral(REMOVE if case.action == "delete" else CHANGE)
            )
            for case in self.matched
        )
        action: ast.Expression = ast.LongLiteral(KEEP)
        if whens:
            action = ast.SearchedCase(whens, action)
        return ast.SelectExpression(action, _name(_ACTION))

    def _when(self, case: ast.MergeCase) -> ast.Expression:
        found = ast.IsNull(_name(_FOUND), negated=True)
        return found if case.condition is None else ast.Logical("AND", (found, case.condition))

    def _marks(self) -> tuple[ast.SelectExpression, ...]:
        return ast.SelectExpression(_name(_FILE)), ast.SelectExpression(_name(_ROW))

    def _acted(self, condition: ast.Expression) -> ast.Relation:
        inner = self._query(self._joined("left"), (self._action(), *self._marks()))
        return ast.TableSubquery(
            ast.Query(ast.Select(False, (ast.SelectAll(),), ast.TableSubquery(inner), condition))
        )

    # --- rows of the source ----------------------------------------------------------------

    def inserted(self) -> Iterator[pa.RecordBatch] | None:
        """The rows that no row of the target matches and a case inserts; None without cases."""
        if not self.unmatched:
            return None
        holds = [case.condition or ast.BooleanLiteral(True) for case in self.unmatched]
        wanted = holds[0] if len(holds) == 1 else ast.Logical("OR", tuple(holds))
        alone = ast.Logical("AND", (ast.IsNull(_name(_ROW)), wanted))
        relation = self._unmatched()
        items = tuple(
            ast.SelectExpression(self._new_value(column, holds)) for column in self.columns
        )
        bound = self.host.binder().query(self._query(relation, items, alone))
        return renamed(self.host.read(bound), [c.name for c in self.columns])

    def _new_value(self, column: Column, holds: Sequence[ast.Expression]) -> ast.Expression:
        whens = []
        for case, condition in zip(self.unmatched, holds, strict=True):
            names = [c.key for c in case.columns] or [c.name for c in self.columns]
            values = dict(zip(names, case.values, strict=True))
            value: ast.Expression = values.get(column.name, ast.NullLiteral())
            whens.append(ast.WhenClause(condition, converted(value, column.type)))
        if len(whens) == 1:
            return whens[0].result
        return ast.SearchedCase(tuple(whens), None)

    # --- relations -------------------------------------------------------------------------

    def _target(self, paths: Sequence[str] = ()) -> ast.Relation:
        """The target's rows with their file and a number, under the name that the statement uses."""
        numbered = ast.FunctionCall(
            _function("row_number"), window=ast.WindowSpec(None, (), (), None)
        )
        items = (
            *(ast.SelectExpression(_name(c.name)) for c in self.columns),
            ast.SelectExpression(PATH, _name(_FILE)),
            ast.SelectExpression(numbered, _name(_ROW)),
        )
        where = in_files(paths) if paths else None
        rows = ast.Select(False, items, ast.Table(self.statement.table), where)
        return ast.Aliased(ast.TableSubquery(ast.Query(rows)), self.alias)

    def _unmatched(self) -> ast.Relation:
        """Rows of the source, with NULLs or what they match of the target."""
        return ast.Join("left", self.statement.source, self._target(), self.statement.on)

    def _joined(self, kind: str, paths: Sequence[str] = ()) -> ast.Relation:
        mark = ast.Aliased(
            ast.Values((ast.BooleanLiteral(True),)), _name("$merge_mark"), (_name(_FOUND),)
        )
        source = ast.Join("cross", self.statement.source, mark)
        return ast.Join(kind, self._target(paths), source, self.statement.on)

    def _query(
        self,
        relation: ast.Relation,
        items: Sequence[ast.SelectExpression],
        where: ast.Expression | None = None,
    ) -> ast.Query:
        return ast.Query(ast.Select(False, tuple(items), relation, where))


def _name(name: str) -> ast.Identifier:
    return ast.Identifier(name, True)


def _function(name: str) -> ast.QualifiedName:
    return ast.QualifiedName((ast.Identifier(name),))


def _call(name: str, *arguments: ast.Expression, star: bool = False) -> ast.FunctionCall:
    return ast.FunctionCall(_function(name), arguments, star=star)


def _grouped(*keys: ast.Expression) -> ast.GroupBy:
    return ast.GroupBy(False, (ast.GroupingSet("simple", (keys,)),))
