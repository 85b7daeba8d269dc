"""Statements that make, change and drop tables, views and schemas.

In: tokens. Out: statement nodes, each at its first word. What belongs to materialized views,
functions, roles and catalogs is recognised and left to the stack.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from lakeshell.sql.ast.nodes import Identifier, Position, QualifiedName
from lakeshell.sql.ast.queries import Query
from lakeshell.sql.ast.statements import (
    AddColumn,
    AlterColumn,
    ColumnDefinition,
    CreateSchema,
    CreateTable,
    CreateTableAs,
    CreateView,
    Drop,
    DropColumn,
    LikeClause,
    Property,
    Rename,
    RenameColumn,
    SetProperties,
    TableExecute,
    Unsupported,
)
from lakeshell.sql.parser.queries import QueryParser

if TYPE_CHECKING:
    from lakeshell.sql.ast.expressions import Expression
    from lakeshell.sql.ast.statements import Statement


class TableStatementParser(QueryParser):
    # --- shared clauses --------------------------------------------------------------------

    def if_exists(self) -> bool:
        if self.kind == "IF" and self.ahead() == "EXISTS":
            self.index += 2
            return True
        return False

    def if_not_exists(self) -> bool:
        if self.kind == "IF" and self.ahead() == "NOT":
            self.expect("IF", "NOT", "EXISTS")
            return True
        return False

    def comment(self) -> str | None:
        return self.string() if self.accept("COMMENT") else None

    def with_properties(self) -> tuple[Property, ...]:
        """`WITH (name = value, …)`, or nothing."""
        if not self.accept("WITH"):
            return ()
        return self.in_parentheses(self.properties)

    def properties(self) -> tuple[Property, ...]:
        return self.listed(self._property)

    def _property(self) -> Property:
        place = self.place
        name = self.identifier().key
        self.expect("=")
        if self.kind == "DEFAULT" and self.ahead() in (",", ")", "eof", ";"):
            self.index += 1
            return Property(name, None, at=place)
        return Property(name, self.expression(), at=place)

    def unsupported(self, construct: str, place: Position) -> Unsupported:
        """A statement that only the stack runs: its words are taken unread."""
        self.index = len(self.kinds) - 1
        return Unsupported(construct, at=place)

    def text_since(self, start: int) -> str:
        """The statement's own text from the token at `start` to the last one taken."""
        offsets, last = self.tokens.offsets, self.index - 1
        return self.tokens.source[offsets[start] : offsets[last] + len(self.texts[last])]

    # --- CREATE ----------------------------------------------------------------------------

    def create(self) -> Statement:
        place = self.expect("CREATE")
        replace = self.accept("OR")
        if replace:
            self.expect("REPLACE")
        kinds = ("TABLE", "VIEW", "MATERIALIZED", "FUNCTION")
        kind = self.expect_one(*kinds, *(() if replace else ("SCHEMA", "CATALOG", "ROLE")))
        if kind == "TABLE":
            return self._create_table(place, replace)
        if kind == "VIEW":
            return self._create_view(place, replace)
        if kind == "SCHEMA":
            return self._create_schema(place)
        if kind == "MATERIALIZED":
            self.expect("VIEW")
            kind = "MATERIALIZED VIEW"
        return self.unsupported(f"CREATE {kind}", place)

    def _create_schema(self, place: Position) -> Statement:
        exists = self.if_not_exists()
        name = self.qualified_name()
        if self.kind == "AUTHORIZATION":
            self.refuse("CREATE SCHEMA … AUTHORIZATION", self.place)
        return CreateSchema(name, exists, self.with_properties(), at=place)

    def _create_table(self, place: Position, replace: bool) -> Statement:
        exists = self.if_not_exists()
        name = self.qualified_name()
        if replace and exists:
            self.reject_late(
                "'OR REPLACE' and 'IF NOT EXISTS' clauses can not be used together", place
            )
        if self.kind == "(" and not self._aliases_ahead():
            elements = self.in_parentheses(lambda: self.listed(self._table_element))
            comment = self.comment()
            properties = self.with_properties()
            return CreateTable(name, elements, exists, replace, comment, properties, at=place)
        columns = self.identifiers() if self.kind == "(" else None
        comment = self.comment()
        properties = self.with_properties()
        if self.kind != "AS":
            self.fail("AS", "COMMENT", "WITH", "(")
        self.index += 1
        query = self._query_of_table()
        with_data = True
        if self.accept("WITH"):
            with_data = not self.accept("NO")
            self.expect("DATA")
        return CreateTableAs(
            name, query, exists, replace, with_data, columns, comment, properties, at=place
        )

    def _query_of_table(self) -> Query:
        if self.kind == "(" and self.ahead() == "WITH":
            return self.in_parentheses(self.root_query)
        return self.root_query()

    def _aliases_ahead(self) -> bool:
        """Whether the parenthesis here holds names alone, without types."""
        return self.is_identifier(1) and self.ahead(2) in (",", ")")

    def _table_element(self) -> ColumnDefinition | LikeClause:
        place = self.place
        if not self.accept("LIKE"):
            return self.column_definition()
        table = self.qualified_name()
        including = None
        if self.kind in ("INCLUDING", "EXCLUDING"):
            including = self.expect_one("INCLUDING", "EXCLUDING") == "INCLUDING"
            self.expect("PROPERTIES")
        return LikeClause(table, including, at=place)

    def column_definition(self) -> ColumnDefinition:
        place = self.place
        name = self.qualified_name()
        type_name = self.type_name(with_properties=True)
        nullable = not self.accept("NOT")
        if not nullable:
            self.expect("NULL")
        comment = self.comment()
        properties = self.with_properties()
        *inside, own = name.parts
        return ColumnDefinition(
            own, type_name, nullable, comment, properties, tuple(inside), at=place
        )

    def _create_view(self, place: Position, replace: bool) -> Statement:
        name = self.qualified_name()
        comment = self.comment()
        security = None
        if self.accept("SECURITY"):
            security = self.expect_one("DEFINER", "INVOKER").lower()
        if self.kind == "WITH":
            self.refuse("properties of a view", self.place)
        self.expect("AS")
        start = self.index
        query = self.root_query()
        text = self.text_since(start)
        return CreateView(name, query, text, replace, comment, security, at=place)

    # --- DROP ------------------------------------------------------------------------------

    def drop(self) -> Statement:
        place = self.expect("DROP")
        kind = self.expect_one(
            "TABLE", "VIEW", "SCHEMA", "MATERIALIZED", "CATALOG", "FUNCTION", "ROLE"
        )
        if kind == "MATERIALIZED":
            self.expect("VIEW")
            kind = "MATERIALIZED VIEW"
        elif kind not in ("TABLE", "VIEW", "SCHEMA"):
            return self.unsupported(f"DROP {kind}", place)
        exists = self.if_exists()
        name = self.qualified_name()
        cascade = False
        if kind == "SCHEMA" and self.kind in ("CASCADE", "RESTRICT"):
            cascade = self.expect_one("CASCADE", "RESTRICT") == "CASCADE"
        return Drop(kind.lower(), name, exists, cascade, at=place)

    # --- ALTER -----------------------------------------------------------------------------

    def alter(self) -> Statement:
        place = self.expect("ALTER")
        if self.kind == "TABLE":
            return self._alter_table(place)
        if self.accept("MATERIALIZED"):
            self.expect("VIEW")
            return self.unsupported("ALTER MATERIALIZED VIEW", place)
        if self.kind not in ("VIEW", "SCHEMA"):
            self.identifier()
            self.qualified_name()
            self.expect("SET", "AUTHORIZATION")
            return self.unsupported("ALTER … SET AUTHORIZATION", place)
        kind = self.expect_one("VIEW", "SCHEMA")
        name = self.qualified_name()
        if self.expect_one("RENAME", "SET") == "SET":
            self.expect("AUTHORIZATION")
            return self.unsupported(f"ALTER {kind} … SET AUTHORIZATION", place)
        self.expect("TO")
        if kind == "VIEW":
            return Rename("view", name, self.qualified_name(), at=place)
        target = self.identifier()
        return Rename("schema", name, QualifiedName((target,), at=target.at), at=place)

    def _alter_table(self, place: Position) -> Statement:
        table_at = self.expect("TABLE")
        exists = self.if_exists()
        name = self.qualified_name()
        actions = ("ADD", "ALTER", "DROP", "RENAME") + (() if exists else ("EXECUTE", "SET"))
        action = self.expect_one(*actions)
        if action == "ADD":
            return self._add_column(name, exists, place)
        if action == "ALTER":
            return self._alter_column(name, exists, place)
        if action == "DROP":
            self.expect("COLUMN")
            column_exists = self.if_exists()
            return DropColumn(name, self.qualified_name(), exists, column_exists, at=place)
        if action == "RENAME":
            return self._rename_in_table(name, exists, place)
        if action == "EXECUTE":
            return self._table_execute(name, place, table_at)
        if self.expect_one("AUTHORIZATION", "PROPERTIES") == "AUTHORIZATION":
            return self.unsupported("ALTER TABLE … SET AUTHORIZATION", place)
        return SetProperties("table", name, self.properties(), at=place)

    def _add_column(self, name: QualifiedName, exists: bool, place: Position) -> Statement:
        self.expect("COLUMN")
        column_exists = self.if_not_exists()
        column = self.column_definition()
        position, after = None, None
        if self.kind in ("FIRST", "LAST", "AFTER"):
            position = self.expect_one("FIRST", "LAST", "AFTER").lower()
            after = self.identifier() if position == "after" else None
        return AddColumn(name, column, exists, column_exists, position, after, at=place)

    def _alter_column(self, name: QualifiedName, exists: bool, place: Position) -> Statement:
        self.expect("COLUMN")
        column = self.qualified_name()
        actions = ("SET", "DROP") if len(column.parts) == 1 else ("SET",)
        if self.expect_one(*actions) == "DROP":
            self.expect("NOT", "NULL")
            return AlterColumn(name, column, None, exists, at=place)
        self.expect("DATA", "TYPE")
        return AlterColumn(name, column, self.type_name(), exists, at=place)

    def _rename_in_table(self, name: QualifiedName, exists: bool, place: Position) -> Statement:
        if self.expect_one("COLUMN", "TO") == "TO":
            return Rename("table", name, self.qualified_name(), exists, at=place)
        column_exists = self.if_exists()
        column = self.qualified_name()
        self.expect("TO")
        return RenameColumn(name, column, self.identifier(), exists, column_exists, at=place)

    def _table_execute(self, name: QualifiedName, place: Position, table_at: Position) -> Statement:
        procedure = self.identifier()
        arguments = self.arguments() if self.kind == "(" else ()
        where = self.expression() if self.accept("WHERE") else None
        return TableExecute(name, procedure, arguments, where, table_at, at=place)

    def arguments(self) -> tuple[tuple[Identifier | None, Expression], ...]:
        """`(name => value, value)`, perhaps empty."""
        self.expect("(")
        made = () if self.kind == ")" else self.listed(self.named_argument)
        self.expect(")")
        return made
