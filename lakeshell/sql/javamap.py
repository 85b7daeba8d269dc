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
    hashes = []
    for key in keys:
        code = _hash(key, type)
        hashes.append(code ^ code >> 16)
    size, bins = 16, _bins([], hashes, 16)
    for at, code in enumerate(hashes):
        place = bins[code & size - 1]
        place.append(at)
        # A place of more than eight makes a small table grow; so does a table that is filling up.
        for grow in (len(place) > 8 and size < 64, at + 1 > size * 3 // 4):
            if grow:
                size *= 2
                bins = _bins([i for b in bins for i in b], hashes, size)
    return [at for place in bins for at in place]


def _bins(positions: Sequence[int], hashes: Sequence[int], size: int) -> list[list[int]]:
    bins: list[list[int]] = [[] for _ in range(size)]
    for at in positions:
        bins[hashes[at] & size - 1].append(at)
    return bins


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
