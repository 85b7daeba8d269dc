"""Statements, each by its first word; those that change rows, the session or show something.

In: tokens. Out: statement nodes, each at its first word. A statement that Trino knows and only the
stack runs comes out as `Unsupported`, by its name.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from lakeshell.sql.ast.nodes import Position, QualifiedName
from lakeshell.sql.ast.statements import (
    Analyze,
    Assignment,
    Call,
    Comment,
    Deallocate,
    Delete,
    DescribePrepared,
    Execute,
    ExecuteImmediate,
    Explain,
    Insert,
    Merge,
    MergeCase,
    Prepare,
    SetSession,
    SetTimeZone,
    Show,
    Truncate,
    Update,
    Use,
)
from lakeshell.sql.parser.cursor import QUERY_STARTS, STRINGS
from lakeshell.sql.parser.tables import TableStatementParser

if TYPE_CHECKING:
    from lakeshell.sql.ast.expressions import Expression
    from lakeshell.sql.ast.statements import Statement

_SHOWN = (
    "CATALOGS", "COLUMNS", "CREATE", "CURRENT", "FUNCTIONS", "GRANTS", "ROLE", "ROLES", "SCHEMAS",
    "SESSION", "STATS", "TABLES",
)  # fmt: skip


class StatementParser(TableStatementParser):
    immediate: Callable[[str, Position], Statement]
    """Parses the statement in the string of EXECUTE IMMEDIATE, which starts at this place."""

    def statement(self) -> Statement:
        parse = _STATEMENTS.get(self.kind)
        if parse is None:
            self.fail(*_STATEMENTS)
        self.deeper()
        made = parse(self)
        self.depth -= 1
        return made

    # --- rows ------------------------------------------------------------------------------

    def insert(self) -> Statement:
        place = self.expect("INSERT")
        self.expect("INTO")
        table = self.qualified_name()
        columns = None
        if self.kind == "(" and self.ahead() != "(" and self.ahead() not in QUERY_STARTS:
            columns = self.identifiers()
        return Insert(table, columns, self.root_query(), at=place)

    def update(self) -> Statement:
        place = self.expect("UPDATE")
        table = self.qualified_name()
        self.expect("SET")
        assignments = self.listed(self._assignment)
        return Update(table, assignments, self._where(), at=place)

    def _assignment(self) -> Assignment:
        place = self.place
        column = self.identifier()
        self.expect("=")
        return Assignment(column, self.expression(), at=place)

    def _where(self) -> Expression | None:
        return self.expression() if self.accept("WHERE") else None

    def delete(self) -> Statement:
        place = self.expect("DELETE")
        self.expect("FROM")
        return Delete(self.qualified_name(), self._where(), at=place)

    def truncate(self) -> Statement:
        place = self.expect("TRUNCATE")
        self.expect("TABLE")
        return Truncate(self.qualified_name(), at=place)

    def merge(self) -> Statement:
        place = self.expect("MERGE")
        self.expect("INTO")
        table = self.qualified_name()
        alias = None
        if self.accept("AS") or self.is_identifier():
            alias = self.identifier()
        self.expect("USING")
        source = self.relation()
        self.expect("ON")
        condition = self.expression()
        cases = [self._merge_case()]
        while self.kind == "WHEN":
            cases.append(self._merge_case())
        return Merge(table, alias, source, condition, tuple(cases), at=place)

    def _merge_case(self) -> MergeCase:
        place = self.expect("WHEN")
        matched = self.expect_one("MATCHED", "NOT") == "MATCHED"
        if not matched:
            self.expect("MATCHED")
        condition = None
        if self.accept("AND"):
            # UPDATE and DELETE read alike up to THEN; INSERT is alone
            condition = self.undecidedly(self.expression) if matched else self.expression()
        self.expect("THEN")
        action = self.expect_one(*(("UPDATE", "DELETE") if matched else ("INSERT",))).lower()
        if action == "delete":
            return MergeCase(matched, condition, action, at=place)
        if action == "update":
            self.expect("SET")
            return MergeCase(matched, condition, action, self.listed(self._assignment), at=place)
        columns = self.identifiers() if self.kind == "(" else ()
        self.expect("VALUES")
        values = self.in_parentheses(lambda: self.listed(self.expression))
        return MergeCase(matched, condition, action, (), columns, values, at=place)

    # --- notes and procedures --------------------------------------------------------------

    def comment_on(self) -> Statement:
        place = self.expect("COMMENT")
        self.expect("ON")
        kind = self.expect_one("TABLE", "VIEW", "COLUMN").lower()
        name = self.qualified_name()
        self.expect("IS")
        if self.accept("NULL"):
            return Comment(kind, name, None, at=place)
        if self.kind not in STRINGS:
            self.fail("<string>", "NULL")
        return Comment(kind, name, self.string(), at=place)

    def call_procedure(self) -> Statement:
        place = self.expect("CALL")
        name = self.qualified_name()
        return Call(name, self.arguments(), at=place)

    def analyze(self) -> Statement:
        place = self.expect("ANALYZE")
        name = self.qualified_name()
        return Analyze(name, self.with_properties(), at=place)

    # --- SHOW and DESCRIBE -----------------------------------------------------------------

    def show(self) -> Statement:
        place = self.expect("SHOW")
        kind = self.expect_one(*_SHOWN)
        if kind == "CREATE":
            return self._show_create(place)
        if kind in ("CURRENT", "GRANTS", "ROLE", "ROLES"):
            return self.unsupported(f"SHOW {kind}", place)
        if kind == "STATS":
            self.expect("FOR")
            if self.kind == "(":
                self.refuse("SHOW STATS FOR a query", place)
            return Show("stats", self.qualified_name(), at=place)
        return self._show_listing(kind, place)

    def _show_create(self, place: Position) -> Statement:
        kind = self.expect_one("TABLE", "SCHEMA", "VIEW", "MATERIALIZED", "FUNCTION")
        if kind in ("MATERIALIZED", "FUNCTION"):
            return self.unsupported(f"SHOW CREATE {kind}", place)
        return Show(f"create {kind.lower()}", self.qualified_name(), at=place)

    def _show_listing(self, kind: str, place: Position) -> Statement:
        name = None
        if kind == "COLUMNS":
            self.expect_one("FROM", "IN")
            name = self.qualified_name()
        elif kind not in ("CATALOGS", "SESSION") and self.kind in ("FROM", "IN"):
            self.index += 1
            if kind == "SCHEMAS":
                only = self.identifier()
                name = QualifiedName((only,), at=only.at)
            else:
                name = self.qualified_name()
        like = escape = None
        if self.accept("LIKE"):
            like = self.string()
            escape = self.string() if self.accept("ESCAPE") else None
        return Show(kind.lower(), name, like, escape, at=place)

    def describe(self) -> Statement:
        place = self.place
        word = self.expect_one("DESCRIBE", "DESC")
        if word == "DESCRIBE" and self.kind in ("INPUT", "OUTPUT") and self.is_identifier(1):
            kind = self.expect_one("INPUT", "OUTPUT").lower()
            return DescribePrepared(kind, self.identifier(), at=place)
        return Show("columns", self.qualified_name(), at=place)

    def explain(self) -> Statement:
        place = self.expect("EXPLAIN")
        if self.kind == "ANALYZE" and self._statement_follows():
            self.index += 1
            verbose = self.kind == "VERBOSE"
            if verbose:
                self.index += 1
            return Explain(self.statement(), True, verbose, at=place)
        options: tuple[tuple[str, str], ...] = ()
        if self.kind == "(" and self.ahead() in ("FORMAT", "TYPE"):
            options = self.in_parentheses(lambda: self.listed(self._explain_option))
        return Explain(self.statement(), options=options, at=place)

    def _statement_follows(self) -> bool:
        """Whether ANALYZE here belongs to EXPLAIN, and is not a statement of its own."""
        return self.ahead() in _STATEMENTS or (
            self.ahead() == "VERBOSE" and self.ahead(2) in _STATEMENTS
        )

    def _explain_option(self) -> tuple[str, str]:
        if self.expect_one("FORMAT", "TYPE") == "FORMAT":
            return "format", self.expect_one("TEXT", "GRAPHVIZ", "JSON").lower()
        return "type", self.expect_one("LOGICAL", "DISTRIBUTED", "VALIDATE", "IO").lower()

    # --- the session -----------------------------------------------------------------------

    def use(self) -> Statement:
        place = self.expect("USE")
        first = self.identifier()
        parts = (first, self.identifier()) if self.accept(".") else (first,)
        return Use(QualifiedName(parts, at=first.at), at=place)

    def prepare(self) -> Statement:
        place = self.expect("PREPARE")
        name = self.identifier()
        self.expect("FROM")
        start = self.index
        statement = self.statement()
        return Prepare(name, statement, self.text_since(start), at=place)

    def deallocate(self) -> Statement:
        place = self.expect("DEALLOCATE")
        self.expect("PREPARE")
        return Deallocate(self.identifier(), at=place)

    def execute(self) -> Statement:
        place = self.expect("EXECUTE")
        if self.kind == "IMMEDIATE" and self.ahead() in STRINGS:
            self.index += 1
            at = self.place
            text = self.string()
            arguments = self._using()
            return ExecuteImmediate(self.immediate(text, at), arguments, at=place)
        return Execute(self.identifier(), self._using(), at=place)

    def _using(self) -> tuple[Expression, ...]:
        return self.listed(self.expression) if self.accept("USING") else ()

    def set(self) -> Statement:
        place = self.expect("SET")
        kind = self.expect_one("SESSION", "ROLE", "PATH", "TIME")
        if kind == "TIME":
            self.expect("ZONE")
            return SetTimeZone(None if self.accept("LOCAL") else self.expression(), at=place)
        if kind != "SESSION":
            return self.unsupported(f"SET {kind}", place)
        if self.kind == "AUTHORIZATION" and self.ahead() not in ("=", "."):
            return self.unsupported("SET SESSION AUTHORIZATION", place)
        name = self.qualified_name()
        self.expect("=")
        return SetSession(name, self.expression(), at=place)

    def reset(self) -> Statement:
        place = self.expect("RESET")
        self.expect("SESSION")
        if self.kind == "AUTHORIZATION" and self.ahead() != ".":
            return self.unsupported("RESET SESSION AUTHORIZATION", place)
        return SetSession(self.qualified_name(), None, at=place)


def _refused(construct: str) -> Callable[[StatementParser], Statement]:
    return lambda parser: parser.unsupported(construct, parser.place)


_STATEMENTS: dict[str, Callable[[StatementParser], Statement]] = {
    **dict.fromkeys((*QUERY_STARTS, "("), StatementParser.root_query),
    "ALTER": StatementParser.alter,
    "ANALYZE": StatementParser.analyze,
    "CALL": StatementParser.call_procedure,
    "COMMENT": StatementParser.comment_on,
    "COMMIT": _refused("COMMIT"),
    "CREATE": StatementParser.create,
    "DEALLOCATE": StatementParser.deallocate,
    "DELETE": StatementParser.delete,
    "DENY": _refused("DENY"),
    "DESC": StatementParser.describe,
    "DESCRIBE": StatementParser.describe,
    "DROP": StatementParser.drop,
    "EXECUTE": StatementParser.execute,
    "EXPLAIN": StatementParser.explain,
    "GRANT": _refused("GRANT"),
    "INSERT": StatementParser.insert,
    "MERGE": StatementParser.merge,
    "PREPARE": StatementParser.prepare,
    "REFRESH": _refused("REFRESH MATERIALIZED VIEW"),
    "RESET": StatementParser.reset,
    "REVOKE": _refused("REVOKE"),
    "ROLLBACK": _refused("ROLLBACK"),
    "SET": StatementParser.set,
    "SHOW": StatementParser.show,
    "START": _refused("START TRANSACTION"),
    "TRUNCATE": StatementParser.truncate,
    "UPDATE": StatementParser.update,
    "USE": StatementParser.use,
}
