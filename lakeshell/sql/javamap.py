"""The order in which a `java.util.HashMap` gives back its keys: trino-cli prints maps in it.

In: keys in the order in which they were put. Out: their positions in the map's own order. It
depends on Java's hash of each key, on how far the table has grown, and, where many keys share a
place, on the tree that they are kept in.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lakeshell.sql.datatypes import INTEGRAL, Type

if TYPE_CHECKING:
    import pyarrow as pa

_MASK = 0xFFFFFFFF
_NARROW = tuple(t.name for t in INTEGRAL if t.name != "bigint")


def comparable(keys: pa.Array, names: Sequence[str], type: Type) -> Sequence[Any]:
    """What Java hashes of each key: numbers and booleans as such, everything else by its text."""
    if type in INTEGRAL or type.name in ("double", "real", "boolean"):
        found: list[Any] = keys.to_pylist()
        return found
    return names


def order(keys: Sequence[Any], type: Type) -> Sequence[int]:
    """Positions of `keys` in the order of the map that they are put into one after the other."""
    if type.name == "varbinary":
        return range(len(keys))
    ranks = []
    for key in keys:
        code = _hash(key, type)
        code ^= code >> 16
        # Java's integers have a sign; keys of one hash are kept in their own order.
        ranks.append((code - (1 << 32) if code >> 31 else code, _comparable(key)))
    places = [_Place(ranks) for _ in range(16)]
    for at, (code, _) in enumerate(ranks):
        place = places[code & len(places) - 1]
        place.put(at)
        full = place.tree is None and len(place.sequence) > 8
        if full and len(places) >= 64:
            place.grow_tree()
        elif full:
            places = _doubled(places)
        if at + 1 > len(places) * 3 // 4:
            places = _doubled(places)
    return [at for place in places for at in place.sequence]


class _Place:
    """One place of the table: its keys in order of iteration, and their tree if it has one."""

    def __init__(self, ranks: Sequence[tuple[int, Any]]) -> None:
        self.ranks = ranks
        self.sequence: list[int] = []
        self.tree: _Tree | None = None

    def put(self, at: int) -> None:
        if self.tree is None:
            self.sequence.append(at)
            return
        parent = self.tree.insert(at)
        self.sequence.insert(self.sequence.index(parent) + 1, at)
        self._root_first()

    def grow_tree(self) -> None:
        self.tree = _Tree(self.ranks)
        for at in self.sequence:
            self.tree.insert(at)
        self._root_first()

    def _root_first(self) -> None:
        assert self.tree is not None
        self.sequence.remove(self.tree.root)
        self.sequence.insert(0, self.tree.root)


def _doubled(places: Sequence[_Place]) -> list[_Place]:
    """The table at twice its size: each place falls into two, in its order."""
    size = len(places) * 2
    made = [_Place(place.ranks) for place in (*places, *places)]
    for number, place in enumerate(places):
        halves = made[number], made[number + size // 2]
        for at in place.sequence:
            halves[place.ranks[at][0] & size - 1 != number].sequence.append(at)
        if place.tree is None:
            continue
        for half, other in (halves, halves[::-1]):
            if len(half.sequence) > 6 and other.sequence:
                half.grow_tree()
            elif len(half.sequence) > 6:
                half.tree = place.tree
    return made


class _Tree:
    """A red-black tree of positions by rank; only its root and its parents matter here."""

    def __init__(self, ranks: Sequence[tuple[int, Any]]) -> None:
        self.ranks = ranks
        self.root = -1
        self.parent: dict[int, int] = {}
        self.child: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self.red: set[int] = set()

    def insert(self, at: int) -> int:
        """Gives the position that it was first hung under, -1 for none."""
        parent, node, side = -1, self.root, 0
        while node >= 0:
            parent, side = node, int(self.ranks[at] > self.ranks[node])
            node = self.child[side].get(node, -1)
        self.parent[at] = parent
        if parent < 0:
            self.root = at
            return parent
        self.child[side][parent] = at
        self.red.add(at)
        self._balance(at)
        return parent

    def _balance(self, at: int) -> None:
        while self.parent[at] in self.red:
            parent = self.parent[at]
            top = self.parent[parent]
            side = int(self.child[1].get(top, -1) == parent)
            uncle = self.child[1 - side].get(top, -1)
            if uncle in self.red:
                self.red -= {parent, uncle}
                self.red.add(top)
                at = top
                continue
            if self.child[1 - side].get(parent, -1) == at:
                self._rotate(parent, side)
                at, parent = parent, at
            self.red.discard(parent)
            self.red.add(top)
            self._rotate(top, 1 - side)
        self.red.discard(self.root)

    def _rotate(self, node: int, side: int) -> None:
        """Moves `node` down to its `side`; its other child takes its place."""
        above, up = self.parent[node], self.child[1 - side][node]
        inner = self.child[side].get(up, -1)
        self.child[1 - side][node] = inner
        if inner >= 0:
            self.parent[inner] = node
        self.parent[up] = above
        if above < 0:
            self.root = up
        else:
            self.child[int(self.child[1].get(above, -1) == node)][above] = up
        self.child[side][up] = node
        self.parent[node] = up


def _comparable(key: Any) -> Any:
    return key.encode("utf-16-be", "surrogatepass") if isinstance(key, str) else key


def _hash(key: Any, type: Type) -> int:
    if type.name in _NARROW:
        return int(key) & _MASK
    match type.name:
        case "bigint":
            bits = int(key) & 0xFFFFFFFFFFFFFFFF
            return (bits ^ bits >> 32) & _MASK
        case "double":
            (bits,) = struct.unpack(">Q", struct.pack(">d", key))
            return int((bits ^ bits >> 32) & _MASK)
        case "real":
            return int(struct.unpack(">I", struct.pack(">f", key))[0])
        case "boolean":
            return 1231 if key else 1237
    code = 0
    units = str(key).encode("utf-16-be", "surrogatepass")
    for at in range(0, len(units), 2):
        code = (31 * code + (units[at] << 8 | units[at + 1])) & _MASK
    return code
