"""What every node of the tree is: its parts, its place, how it compares; and names.

In: nothing. Out: the base of every other module here.

The nodes are not `dataclasses`: making a hundred of those costs every cold start 60 ms, and
`NodeType` does the same work in 2 ms. Type checkers see them as frozen dataclasses.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, NamedTuple, dataclass_transform


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


def _by_name(*, default: Position, kw_only: bool) -> Position:
    """A part that is given by its name alone."""
    return default


@dataclass_transform(frozen_default=True, field_specifiers=(_by_name,))
class _Tree(metaclass=NodeType):
    """What a class of nodes is to type checkers: they leave out the fields of this one."""


class Node(_Tree):
    """A node; `_fields` are its parts in order, `at` its place (keyword only)."""

    _fields: ClassVar[tuple[str, ...]]
    _defaults: ClassVar[dict[str, Any]]

    at: Position = _by_name(default=START, kw_only=True)

    def __init__(self, *values: Any, at: Position = START, **named: Any) -> None:
        self.at = at  # type: ignore[misc]
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


class TypeName(Node):
    """A type, its text normalised: `decimal(10,2)`, `array(row(a bigint))`.

    `spelled` is as written, laid out as Trino does: `decimal(10, 2)`, `array(ROW(a BIGINT))`.
    """

    text: str
    spelled: str = ""

    def _said(self) -> tuple[Any, ...]:
        return (self.text,)
