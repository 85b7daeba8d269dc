"""One cell of a result: as a tree where it has parts, as text where it has none."""

from __future__ import annotations

from itertools import islice

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Static, Tree
from textual.widgets.tree import TreeNode

from lakeshell.query.nested import Part
from lakeshell.tui.safe import NULL, cell, shortened, shown, words

_MOST = 1_000
"""Parts of one value that are shown."""
_OPEN = 20
"""A value of at most so many parts is opened at once."""


class CellScreen(ModalScreen[None]):
    """Enter opens and closes a part; `c` copies its value, `x` the expression that gives it."""

    BINDINGS = [
        Binding("escape,q", "dismiss", "Close"),
        Binding("c", "copy", "Copy"),
        Binding("x", "copy_path", "Copy as SQL"),
    ]
    DEFAULT_CSS = """
    CellScreen .dialog { height: 90%; width: 95%; max-width: 160; }
    CellScreen Tree { height: 1fr; background: $background; scrollbar-size: 1 1; }
    """

    def __init__(self, title: str, whole: Part) -> None:
        super().__init__()
        self._title, self._whole = title, whole

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog"):
            yield Static(
                shown(self._title) + Content("   c copies, x copies its SQL, Esc closes"),
                classes="title",
            )
            tree: Tree[Part] = Tree(_label(self._whole), self._whole)
            tree.guide_depth = 2
            yield tree
            yield Static(id="path", markup=False)

    def on_mount(self) -> None:
        tree = self.query_one(Tree)
        self._fill(tree.root)
        tree.root.expand()
        tree.focus()

    def _fill(self, node: TreeNode[Part]) -> None:
        part = node.data
        if part is None or node.children:
            return
        for held in islice(part.parts(), _MOST):
            if not held.count:
                node.add_leaf(_label(held), held)
                continue
            made = node.add(_label(held), held)
            if held.count <= _OPEN and part.count <= _OPEN:
                self._fill(made)
                made.expand()
        if part.count > _MOST:
            node.add_leaf(cell(f"{part.count - _MOST:,} more: c copies all of them"))

    def on_tree_node_expanded(self, event: Tree.NodeExpanded[Part]) -> None:
        self._fill(event.node)

    def on_tree_node_highlighted(self, event: Tree.NodeHighlighted[Part]) -> None:
        if event.node.data is not None:
            self.query_one("#path", Static).update(shown(event.node.data.path, "dim"))

    @property
    def _chosen(self) -> Part:
        node = self.query_one(Tree).cursor_node
        return self._whole if node is None or node.data is None else node.data

    def action_copy(self) -> None:
        self.app.copy_to_clipboard(self._chosen.text or "")
        self.notify("sent to the terminal's clipboard", markup=False)

    def action_copy_path(self) -> None:
        self.app.copy_to_clipboard(self._chosen.path)
        self.notify(words(self._chosen.path), title="copied", markup=False)


def _label(part: Part) -> Text:
    """Its name, and its value or how many parts it has."""
    if part.count:
        return cell(f"{words(part.name)}  {part.kind.partition('(')[0]} of {part.count:,}", "bold")
    text = part.text
    return cell(f"{words(part.name)}: {NULL if text is None else shortened(words(text), 200)}")
