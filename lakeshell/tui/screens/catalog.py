"""Catalog: databases and tables as a tree that opens as it is gone into; a table's columns, versions,
definition and first rows; search."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Container
from textual.content import Content
from textual.widget import Widget
from textual.widgets import Input, Tree
from textual.widgets.tree import TreeNode

from lakeshell.cost.sizes import rows_text
from lakeshell.errors import command_line
from lakeshell.model import CatalogTable, TableKind, TableName
from lakeshell.query.making import preview_statement, quoted
from lakeshell.query.rows import Arrangement, ResultRows
from lakeshell.tui.safe import NULL, cell, shown, shown_lines
from lakeshell.tui.screens.searching import SearchingScreen, search_keys
from lakeshell.tui.screens.tableversions import offer_unlock, show_versions
from lakeshell.tui.tabs import Tab
from lakeshell.tui.widgets.line import LineInput
from lakeshell.tui.widgets.sheet import Sheet, heading, rows, values

_MOST = 500
"""Tables shown at once of a database, or of a search: more come when they are asked for."""
_PAUSE = 0.2
_READING = "reading the catalog …"
_ALL = Arrangement()


@dataclass(frozen=True, slots=True)
class Place:
    """A node: a database, one of its tables, or the tables of a database from `more` on."""

    database: str
    table: str = ""
    more: int = 0


class CatalogScreen(SearchingScreen):
    noun = "catalog"
    AUTO_FOCUS = "Tree"
    BINDINGS = [
        *search_keys("catalog"),
        Binding("d", "definition", "DDL", id="catalog.definition"),
        Binding("v", "preview", "Preview", id="catalog.preview"),
        Binding("o", "open", "Query it", id="catalog.open"),
        Binding("r", "recreate", "Recreate view", id="catalog.recreate"),
        Binding("V", "versions", "Versions", id="catalog.versions"),
        Binding("U", "unlock", "Unlock", id="catalog.unlock", show=False),
    ]
    DEFAULT_CSS = """
    CatalogScreen #search { height: 1; }
    CatalogScreen #split { height: 1fr; layout: horizontal; }
    CatalogScreen Tree { width: 2fr; height: 1fr; background: $background; scrollbar-size: 1 1; }
    CatalogScreen #sheet { width: 3fr; height: 1fr; border-left: solid $panel; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._tables: Mapping[str, Sequence[str]] = {}
        self._is_read = False
        self._searches = 0

    def body(self) -> ComposeResult:
        yield LineInput(placeholder="/ searches tables and columns", id="search")
        with Container(id="split"):
            tree: Tree[Place] = Tree(cell("lake"))
            tree.show_root = False
            tree.guide_depth = 2
            yield tree
            yield Sheet(id="sheet")

    @property
    def tree_widget(self) -> Tree[Place]:
        return self.query_one(Tree)

    # --- the tree --------------------------------------------------------------------------

    def look(self) -> None:
        if not self._is_read:
            self.status(_READING)
        self.ask("catalog", self._read, self._take)

    def _read(self) -> Mapping[str, Sequence[str]]:
        """Names alone: of 50,000 tables they are there in a moment."""
        return self.lake.catalog.names_by_database()

    def _take(self, found: Mapping[str, Sequence[str]]) -> None:
        self.unsay(_READING)
        if self._is_read and found == self._tables:
            return
        self._tables, self._is_read = found, True
        if self.search.value:
            # Sought before there were names, or among others: a table that is there was not found.
            self._search()
        else:
            self._draw_databases()
        if not found:
            self.query_one(Sheet).draw(
                [shown("the catalog is empty: a crawler fills it (3)", "dim")]
            )

    def _draw_databases(self) -> None:
        tree = self.tree_widget
        opened = {
            node.data.database for node in tree.root.children if node.data and node.is_expanded
        }
        tree.clear()
        for name, tables in self._tables.items():
            node = tree.root.add(cell(f"{name}  ({len(tables):,})"), Place(name))
            if name in opened or len(self._tables) == 1:
                self._fill(node, 0)
                node.expand()
        tree.root.expand()
        if tree.cursor_line < 0:
            tree.cursor_line = 0

    def _fill(self, node: TreeNode[Place], first: int) -> None:
        """The next of its tables from `first` on, and what they are as soon as that is read."""
        if node.data is None:
            return
        database = node.data.database
        names = self._tables.get(database, ())
        made = {
            name: node.add_leaf(cell(name), Place(database, name))
            for name in names[first : first + _MOST]
        }
        if (left := len(names) - first - _MOST) > 0:
            label = cell(f"{left:,} more: Enter shows some, / searches them", "dim")
            node.add_leaf(label, Place(database, more=first + _MOST))
        if len(names) <= _MOST:
            self.ask(
                f"kinds {database}",
                lambda: [(t.name.table, _label(t)) for t in self.lake.catalog.tables(database)],
                lambda labels: self._label(made, labels),
                lambda error: None,
            )

    def _label(
        self, made: Mapping[str, TreeNode[Place]], labels: Sequence[tuple[str, str]]
    ) -> None:
        for name, label in labels:
            if label != name and name in made:
                made[name].set_label(cell(label))

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[Place]) -> None:
        if not event.node.children:
            self._fill(event.node, 0)

    def on_tree_node_selected(self, event: Tree.NodeSelected[Place]) -> None:
        place, parent = event.node.data, event.node.parent
        if place is not None and place.more and parent is not None:
            event.node.remove()
            self._fill(parent, place.more)

    # --- search ----------------------------------------------------------------------------

    def on_input_changed(self, event: Input.Changed) -> None:
        self.after_typing(_PAUSE, self._search)

    @property
    def searched(self) -> Widget:
        return self.tree_widget

    def _search(self) -> None:
        """By name at once; then by comments and columns, which are read from the catalog."""
        wanted = self.search.value.strip().lower()
        self._searches += 1
        self.background.forget("search")
        if not wanted or not self._is_read:
            self._draw_databases()
            return
        named = [
            TableName(database, table)
            for database, held in self._tables.items()
            for table in held
            if wanted in f"{database}.{table}"
        ]
        tree, chosen = self.tree_widget, self.chosen
        tree.clear()
        # What is found stands on lines that had something else: the cursor comes to them anew.
        tree.cursor_line = -1
        tree.root.expand()
        self._add_found([(name, "") for name in named])
        if chosen in named[:_MOST]:
            tree.cursor_line = named.index(chosen)
        self.status(f"{len(named):,} by name; looking at comments and columns …")
        number = self._searches
        self.ask(
            "search",
            lambda: self._having(wanted, set(named), lambda: number == self._searches),
            lambda found: self._draw_having(len(named), found),
        )

    def _add_found(self, found: Sequence[tuple[TableName, str]]) -> None:
        root = self.tree_widget.root
        first = not root.children
        for name, why in found[:_MOST]:
            label = f"{name}{why and f'  {why}'}"
            root.add_leaf(cell(label), Place(name.database, name.table))
        if first and found:
            self.tree_widget.cursor_line = 0

    def _having(
        self, wanted: str, named: Set[TableName], still: Callable[[], bool]
    ) -> Sequence[tuple[TableName, str]]:
        """Tables that have it in their comment or in a column's name, one database at a time."""
        found = []
        for database in list(self._tables):
            if not still():
                return ()
            for table in self.lake.catalog.tables(database):
                why = "" if table.name in named else _reason(table, wanted)
                if why:
                    found.append((table.name, why))
        return found

    def _draw_having(self, named: int, found: Sequence[tuple[TableName, str]]) -> None:
        self._add_found(found)
        self.status(f"{named + len(found):,} found, {len(found):,} by comments and columns")

    # --- a table ---------------------------------------------------------------------------

    @property
    def chosen(self) -> TableName | None:
        node = self.tree_widget.cursor_node
        if node is None or node.data is None or not node.data.table:
            return None
        return TableName(node.data.database, node.data.table)

    def on_tree_node_highlighted(self, event: Tree.NodeHighlighted[Place]) -> None:
        place = event.node.data
        if place is None:
            return
        if place.table:
            name = TableName(place.database, place.table)
            self.ask("table", lambda: self._table(name), self.query_one(Sheet).draw)
        else:
            count = len(self._tables.get(place.database, ()))
            self.background.forget("table")
            self.query_one(Sheet).draw([values({"database": place.database, "tables": count})])

    def _table(self, name: TableName) -> Sequence[Content]:
        table = self.lake.catalog.table(name)
        columns = [
            (c.name, str(c.type), "" if c.nullable else "not null", c.source_type, c.comment)
            for c in table.columns
        ]
        return [
            values(
                {
                    "table": table.name,
                    "kind": table.kind.value + (" (deprecated)" if table.deprecated else ""),
                    "version": table.version,
                    "updated": table.updated,
                    "comment": table.comment,
                    "stale": self._stale(table),
                    "location": table.location,
                    "command": command_line("catalog", "show", table.name),
                }
            ),
            heading(f"{len(table.columns)} columns"),
            rows(("column", "type", "null", "source type", "comment"), columns),
            *self._versions(table),
            *((heading("Parameters"), values(table.parameters)) if table.parameters else ()),
        ]

    def _stale(self, table: CatalogTable) -> str:
        """Why a view cannot be read any more, and what to do; empty for any other."""
        from lakeshell.query.views import stale

        if table.kind is not TableKind.VIEW:
            return ""
        why = stale(table, self.lake.engine, self.lake.session())
        return "" if why is None else f"r makes it again: {why}"

    def _versions(self, table: CatalogTable) -> Sequence[Content]:
        if table.kind is TableKind.ICEBERG or table.version < 2:
            return ()
        found = [
            (v.version, v.updated, len(v.columns)) for v in self.lake.catalog.versions(table.name)
        ]
        return (heading("Versions"), rows(("version", "updated", "columns"), found))

    def action_recreate(self) -> None:
        name = self.chosen
        if name is None:
            return

        def work(_: object) -> CatalogTable:
            from lakeshell.query.views import recreate

            session = self.lake.session(source="console")
            recreate(self.lake.catalog.table(name), self.lake.services, session, None)
            return self.lake.catalog.table(name)

        self.carry_out("recreate", f"making {name} again", work, self._recreated)

    def _recreated(self, view: CatalogTable) -> None:
        self.status(f"view {view.name} is made again: {len(view.columns)} columns")
        self.look()
        self.ask("table", lambda: self._table(view.name), self.query_one(Sheet).draw)

    def action_definition(self) -> None:
        name = self.chosen
        if name is not None:
            self.ask("table", lambda: self._definition(name), self.query_one(Sheet).draw)

    def _definition(self, name: TableName) -> Sequence[Content]:
        """What `SHOW CREATE` says, in Trino's words."""
        kind = "VIEW" if self.lake.catalog.table(name).kind is TableKind.VIEW else "TABLE"
        found = self._run(f"SHOW CREATE {kind} {quoted(name)}")
        text = found.cell(0, 0, _ALL) if len(found) else ""
        return [shown(f"DDL of {name}", "bold"), Content(""), shown_lines(text or "")]

    def action_preview(self) -> None:
        name = self.chosen
        if name is None:
            return
        self.status(f"reading {name} …")
        self.ask("table", lambda: self._preview(name), self._draw_preview, self._no_preview)

    def _preview(self, name: TableName) -> Sequence[Content]:
        found = self._run(preview_statement(name))
        names = [column.name for column in found.columns]
        lines = [
            [_or_null(found.text(row, column, _ALL)) for column in range(len(names))]
            for row in range(len(found))
        ]
        return [
            shown(f"First {rows_text(len(found))} of {name}", "bold"),
            Content(""),
            rows(names, lines),
        ]

    def _draw_preview(self, parts: Sequence[Content]) -> None:
        self.status("")
        self.query_one(Sheet).draw(parts)

    def _no_preview(self, error: BaseException) -> None:
        self.fail(error)

    def _run(self, sql: str) -> ResultRows:
        """A statement of the console's own, with its record as any other; on a thread."""
        from lakeshell.query.order import Order
        from lakeshell.query.run import start_query

        session = self.lake.session(source="console")
        order = Order(sql, keep_result=False)
        with start_query(order, session, self.lake.services) as query:
            held = ResultRows(query.columns)
            for batch in query.batches():
                held.add(batch)
        return held

    # --- versions, locks -------------------------------------------------------------------

    def action_versions(self) -> None:
        if self.chosen is not None:
            show_versions(self, self.chosen)

    def action_unlock(self) -> None:
        if self.chosen is not None:
            offer_unlock(self, self.chosen)

    def action_open(self) -> None:
        """A tab of the query screen that reads it."""
        name = self.chosen
        if name is not None:
            self.console.open_tab(Tab(name.table[:20], f"SELECT * FROM {quoted(name)}\nLIMIT 100"))


def _or_null(text: str | None) -> str:
    return NULL if text is None else text


def _label(table: CatalogTable) -> str:
    mark = {TableKind.SOURCE: "  in place", TableKind.VIEW: "  view"}.get(table.kind, "")
    return f"{table.name.table}{mark}{'  deprecated' if table.deprecated else ''}"


def _reason(table: CatalogTable, wanted: str) -> str:
    """Why a search found it, besides its name; empty where it did not."""
    if wanted in table.comment.lower():
        return "(comment)"
    column = next((c.name for c in table.columns if wanted in c.name.lower()), None)
    return "" if column is None else f"({column})"
