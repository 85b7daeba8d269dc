"""The relations of a statement that is being typed, and the columns that each has.

In: tokens, perhaps of half a statement. Out: a `Scope`: relations by the names that their columns go
by. What a query in brackets gives is read from its own SELECT, where that says what it is called.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from lakeshell.sql.datatypes import RowType, Type
from lakeshell.sql.lexer import Tokens
from lakeshell.sql.names import RESERVED, unquoted

NAMES = ("ident", "quoted")
BEGINS_FROM = frozenset({"FROM", "JOIN", "INTO", "UPDATE"})
ENDS_FROM = frozenset(
    {"WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "UNION", "EXCEPT", "INTERSECT", "ON", "USING",
     "SELECT", "SET", "WINDOW", "OFFSET", "FETCH", "VALUES"}
)  # fmt: skip
_QUERIES = ("SELECT", "WITH", "VALUES", "TABLE", "(", "eof")
_DEEPEST = 8
"""Queries in queries whose columns are followed."""

Field = tuple[str, Type | None]
"""A column's name, and its type where that is known."""
Tables = Callable[[Sequence[str]], Sequence[Field]]
"""The columns of the table that the parts of a name mean."""


@dataclass(frozen=True, slots=True)
class Relation:
    """A table by the `parts` of its name, or the `query` between two tokens; `names` are its columns
    where its alias says so. `common`: of WITH. `depth` counts the brackets around it."""

    parts: tuple[str, ...] = ()
    query: tuple[int, int] | None = None
    names: tuple[str, ...] = ()
    common: bool = False
    depth: int = 0


class Scope:
    """Of the tokens from `first` to before `last`; `outer` is the one that it stands in."""

    def __init__(self, tokens: Tokens, first: int, last: int, outer: Scope | None = None) -> None:
        self._tokens, self._first, self._last = tokens, first, last
        self._outer = outer
        self._deep: int = 0 if outer is None else outer._deep + 1
        self._known: dict[str, Sequence[Field]] = {}

    @cached_property
    def relations(self) -> dict[str, Relation]:
        found: dict[str, Relation] = {}
        for name, relation in self._read():
            found.setdefault(name.lower(), relation)
        return found

    def fields(self, name: str, tables: Tables) -> Sequence[Field]:
        """The columns of a relation by its name, in small letters."""
        relation = self.relations.get(name)
        if relation is None:
            return () if self._outer is None else self._outer.fields(name, tables)
        if name not in self._known:
            # A recursive query asks for itself: nothing is known of it yet.
            self._known[name] = ()
            self._known[name] = self._named(relation, self._given(relation, tables))
        return self._known[name]

    def _given(self, relation: Relation, tables: Tables) -> Sequence[Field]:
        if relation.query is not None:
            if self._deep >= _DEEPEST:
                return ()
            return list(Scope(self._tokens, *relation.query, self)._outputs(tables))
        if len(relation.parts) == 1 and (holder := self._holder(relation.parts[0])) is not None:
            return holder.fields(relation.parts[0], tables)
        return tables(relation.parts) if relation.parts else ()

    def _named(self, relation: Relation, given: Sequence[Field]) -> Sequence[Field]:
        if not relation.names:
            return given
        types = [type for _, type in given]
        return [
            (name, types[at] if at < len(types) else None) for at, name in enumerate(relation.names)
        ]

    def _holder(self, name: str) -> Scope | None:
        """The scope whose WITH has the name."""
        here = self.relations.get(name)
        if here is not None and here.common:
            return self
        return None if self._outer is None else self._outer._holder(name)

    def members(self, parts: Sequence[str], tables: Tables) -> Sequence[Field]:
        """What can stand behind `parts` and a dot: columns of a relation, fields of a row."""
        found: Sequence[Field] = ()
        path = list(parts)
        if path[0] in self.relations:
            found = self.fields(path.pop(0), tables)
        else:
            found = list(self._all(tables))
        for part in path:
            held = next((type for name, type in found if name.lower() == part), None)
            if not isinstance(held, RowType):
                return ()
            found = [(field.name, field.type) for field in held.fields if field.name]
        return found

    # --- reading ---------------------------------------------------------------------------

    def _kind(self, at: int) -> str:
        return self._tokens.kinds[at] if at < self._last else "eof"

    def _word(self, at: int) -> str:
        return self._tokens.texts[at].upper() if at < self._last else ""

    def _is_name(self, at: int) -> bool:
        kind = self._kind(at)
        return kind in NAMES or (kind not in RESERVED and self._word(at).isidentifier())

    def _closing(self, at: int) -> int:
        """Of the bracket at `at`; the end where it is open yet."""
        depth = 0
        for place in range(at, self._last):
            depth += {"(": 1, ")": -1}.get(self._tokens.kinds[place], 0)
            if not depth:
                return place
        return self._last

    def _read(self) -> Iterator[tuple[str, Relation]]:
        stack: list[bool] = []
        in_from = False
        at = self._first
        while at < self._last:
            kind = self._kind(at)
            if kind in NAMES and (found := self._with(at, len(stack))) is not None:
                yield found
            if kind == "(":
                stack.append(in_from)
                in_from = self._kind(at + 1) not in _QUERIES and in_from and self._joins(at)
            elif kind == ")":
                in_from = stack.pop() if stack else False
            elif kind in BEGINS_FROM:
                in_from = True
            elif kind in ENDS_FROM:
                in_from = False
            at += 1
            if in_from and (kind in BEGINS_FROM or kind in (",", "(")):
                at, found = self._relation(at, len(stack))
                if found is not None:
                    yield found

    def _joins(self, at: int) -> bool:
        """Whether a bracket in FROM is around joined relations, and not a function's."""
        return at == self._first or not self._is_name(at - 1)

    def _with(self, at: int, depth: int) -> tuple[str, Relation] | None:
        """NAME AS (QUERY), NAME (COLUMNS) AS (QUERY)."""
        names, behind = self._names(at + 1)
        if self._kind(behind) != "AS" or self._kind(behind + 1) != "(":
            return None
        if self._kind(behind + 2) not in _QUERIES:
            return None
        query = (behind + 2, self._closing(behind + 1))
        name = unquoted(self._tokens.texts[at])
        return name, Relation((), query, names, True, depth)

    def _relation(self, at: int, depth: int) -> tuple[int, tuple[str, Relation] | None]:
        """One of FROM at `at`; and where to read on."""
        if self._word(at) == "LATERAL":
            at += 1
        if self._kind(at) == "(":
            if self._kind(at + 1) not in _QUERIES:
                return at, None
            end = self._closing(at)
            alias, names, _ = self._alias(end + 1)
            query = (at + 1, end)
            return at, (alias, Relation((), query, names, False, depth)) if alias else None
        if self._word(at) in ("UNNEST", "TABLE") and self._kind(at + 1) == "(":
            end = self._closing(at + 1)
            if [self._word(end + 1), self._word(end + 2)] == ["WITH", "ORDINALITY"]:
                end += 2
            alias, names, _ = self._alias(end + 1)
            return at + 1, (alias, Relation((), None, names, False, depth)) if alias else None
        parts: list[str] = []
        while self._is_name(at):
            parts.append(unquoted(self._tokens.texts[at]).lower())
            at += 1
            if self._kind(at) != ".":
                break
            at += 1
        if not parts:
            return at, None
        alias, names, at = self._alias(at)
        return at, (alias or parts[-1], Relation(tuple(parts), None, names, False, depth))

    def _alias(self, at: int) -> tuple[str, tuple[str, ...], int]:
        """[AS] NAME [(COLUMNS)], and what is behind it."""
        if self._kind(at) == "AS":
            at += 1
        if self._kind(at) not in NAMES:
            return "", (), at
        alias = unquoted(self._tokens.texts[at])
        names, at = self._names(at + 1)
        return alias, names, at

    def _names(self, at: int) -> tuple[tuple[str, ...], int]:
        """(NAME, NAME), if that stands here, and what is behind it."""
        if self._kind(at) != "(":
            return (), at
        end = self._closing(at)
        inside = range(at + 1, end)
        if any(self._kind(each) != "," and not self._is_name(each) for each in inside):
            return (), at
        texts = self._tokens.texts
        return tuple(unquoted(texts[each]) for each in inside if self._kind(each) != ","), end + 1

    # --- what a query gives ----------------------------------------------------------------

    def _outputs(self, tables: Tables) -> Iterator[Field]:
        for first, last in self._items():
            if self._kind(last - 1) == "*":
                yield from self._all_of(first, last, tables)
            elif (name := self._called(first, last)) is not None:
                path = self._path(first, last)
                yield name, self._type(path, tables) if path else None

    def _items(self) -> Iterator[tuple[int, int]]:
        """The places of what the first SELECT of a query lists."""
        depth, start, at = 0, -1, self._first
        while at <= self._last:
            kind = self._kind(at)
            if start < 0:
                if kind == "SELECT" and not depth:
                    start = at + 1 + (self._kind(at + 1) in ("DISTINCT", "ALL"))
            elif not depth and (kind in (",", "FROM", "eof", ")") or kind in ENDS_FROM):
                if at > start:
                    yield start, at
                if kind != ",":
                    return
                start = at + 1
            depth += {"(": 1, "[": 1, ")": -1, "]": -1}.get(kind, 0)
            at += 1

    def _all_of(self, first: int, last: int, tables: Tables) -> Iterator[Field]:
        if last - first > 1:
            path = self._path(first, last - 2)
            yield from self.fields(path[0], tables) if len(path) == 1 else ()
            return
        for name, relation in self.relations.items():
            if not relation.depth and not relation.common:
                yield from self.fields(name, tables)

    def _called(self, first: int, last: int) -> str | None:
        """The name of a column: its alias, else of the column that it is."""
        if not self._is_name(last - 1):
            return None
        before = self._kind(last - 2) if last - 2 >= first else ""
        if before in ("AS", "") or self._path(first, last):
            return unquoted(self._tokens.texts[last - 1])
        text = self._tokens.texts[last - 2]
        is_value = text[-1].isalnum() or text[-1] in ")]'\""
        if is_value and (before not in RESERVED or before in ("END", "NULL", "TRUE", "FALSE")):
            return unquoted(self._tokens.texts[last - 1])
        return None

    def _path(self, first: int, last: int) -> list[str]:
        """The parts of what is nothing but a name, with or without an alias; else none."""
        parts: list[str] = []
        at = first
        while at < last and self._is_name(at):
            parts.append(unquoted(self._tokens.texts[at]).lower())
            at += 1
            if at >= last or self._kind(at) != ".":
                break
            at += 1
        rest = last - at - (self._kind(at) == "AS" and at < last)
        return parts if rest == 0 or (rest == 1 and self._is_name(last - 1)) else []

    def _type(self, path: Sequence[str], tables: Tables) -> Type | None:
        found = self.members(path[:-1], tables) if len(path) > 1 else self._all(tables)
        return next((type for name, type in found if name.lower() == path[-1]), None)

    def _all(self, tables: Tables) -> Iterator[Field]:
        return (field for name in self.relations for field in self.fields(name, tables))
