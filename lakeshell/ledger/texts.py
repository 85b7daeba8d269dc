"""The index of the queries' texts: which of them may hold a text, by its three-character pieces.

In: numbers of queries and their texts. Out: candidates. Queries are taken together in segments of
consecutive numbers; for each segment and each piece of its texts a row says which of them have the
piece. A segment is indexed whole, when it is full and nobody can be writing into it any more, so
adding a query costs the index nothing. What is not indexed yet is named, to be read itself.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from lakeshell.ledger.database import Database, insert, marks

SEGMENT = 8192
"""Queries of a segment, one bit each."""
_DENSE = SEGMENT // 16
"""From so many queries on, a piece's row has a bit for each query, else two bytes for each that
has it; both are shorter than the other there, and their lengths differ."""
_PIECES = 24
"""Of a long text no more are looked up: the candidates are read anyway."""
_TELLING = 6
"""And of these no more in every segment, the rarest."""
_UPTO = "\U0010ffff"


@dataclass(frozen=True, slots=True)
class Segment:
    """`oldest` and `newest` start of its queries, in microseconds since 1970."""

    number: int
    oldest: int
    newest: int


class Texts:
    """The index in a ledger's database."""

    def __init__(self, database: Database) -> None:
        self._db = database

    def segments(self) -> list[Segment]:
        """Those that are indexed, in their order."""
        rows = self._db.read("SELECT segment, oldest, newest FROM segments ORDER BY segment")
        return [Segment(*row) for row in rows]

    def gaps(self, indexed: Sequence[Segment]) -> list[tuple[int, int | None]]:
        """Numbers that are not indexed: from, and up to which (not with it), None for the end."""
        have = {segment.number for segment in indexed}
        first, last = self._span()
        found: list[tuple[int, int | None]] = []
        missing = [n for n in range(first, last + 1) if n not in have]
        for number in missing:
            if found and found[-1][1] == number * SEGMENT:
                found[-1] = (found[-1][0], (number + 1) * SEGMENT)
            else:
                found.append((number * SEGMENT, (number + 1) * SEGMENT))
        if found and missing[-1] == last:
            found[-1] = (found[-1][0], None)
        return found

    def index(self, most: int | None = None) -> int:
        """Indexes full segments, the newest first, at most so many; gives how many it did."""
        have = {segment.number for segment in self.segments()}
        first, last = self._span()
        # Somebody may still be writing into the last whole one: numbers are given before commits.
        full = [n for n in range(last - 2, first - 1, -1) if n not in have][:most]
        for number in full:
            self._index(number)
        return len(full)

    def forget_gone(self) -> None:
        """After queries were deleted: what is no more in the ledger has no index, and a number
        that is given again is not one of an indexed segment."""
        first, last = self._span()
        for segment in self.segments():
            if not first <= segment.number <= last - 2:
                for table in ("segments", "pieces"):
                    self._db.write(f"DELETE FROM {table} WHERE segment = ?", (segment.number,))

    def _span(self) -> tuple[int, int]:
        """The first and the last segment; the last is less than the first where there is none."""
        (row,) = self._db.read(
            "SELECT (SELECT min(number) FROM queries), (SELECT max(number) FROM queries)"
        )
        return (0, -1) if row[0] is None else (row[0] // SEGMENT, row[1] // SEGMENT)

    def _index(self, number: int) -> None:
        first = number * SEGMENT
        rows = self._db.read(
            'SELECT number, started, "sql" FROM queries WHERE number >= ? AND number < ?',
            (first, first + SEGMENT),
        )
        starts = [started for _, started, _ in rows] or [0]
        found = _positions([(at - first, text) for at, _, text in rows])
        with self._db.transaction():
            added = self._db.write(
                self._db.adding("segments", ("segment", "oldest", "newest")),
                (number, min(starts), max(starts)),
            )
            # Another process may have been faster.
            if added:
                self._db.write_many(
                    insert("pieces", ("segment", "piece", "queries", "which")),
                    [(number, piece, len(at), _packed(at)) for piece, at in found.items()],
                )

    # --- looking up ------------------------------------------------------------------------

    def candidates(self, text: str, segments: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
        """Each segment with the numbers of its queries that may hold the text, the last first."""
        if not segments:
            return
        folded = text.lower()
        if len(folded) < 3:
            yield from self._beginning(folded, segments)
            return
        pieces = list(dict.fromkeys(folded[i : i + 3].encode() for i in range(len(folded) - 2)))
        telling = self._telling(pieces[:_PIECES], segments[0])
        found: dict[int, dict[bytes, bytes]] = {segment: {} for segment in segments}
        for segment, piece, which in self._db.read(
            "SELECT segment, piece, which FROM pieces"
            f" WHERE segment IN ({marks(len(segments))}) AND piece IN ({marks(len(telling))})",
            (*segments, *telling),
        ):
            found[segment][bytes(piece)] = bytes(which)
        for segment in segments:
            rows = found[segment]
            if len(rows) == len(telling):
                at = _in_all(sorted(rows.values(), key=len))
                yield segment, [segment * SEGMENT + n for n in reversed(at)]

    def _telling(self, pieces: Sequence[bytes], segment: int) -> Sequence[bytes]:
        """The rarest of the pieces, as far as one segment tells."""
        if len(pieces) <= _TELLING:
            return pieces
        rows = self._db.read(
            f"SELECT piece, queries FROM pieces WHERE segment = ? AND piece IN ({marks(len(pieces))})",
            (segment, *pieces),
        )
        known = {bytes(piece): queries for piece, queries in rows}
        return sorted(pieces, key=lambda piece: known.get(piece, 0))[:_TELLING]

    def _beginning(self, text: str, segments: Sequence[int]) -> Iterator[tuple[int, list[int]]]:
        """Of a text of one or two characters: it begins some piece."""
        found: dict[int, set[int]] = {segment: set() for segment in segments}
        for segment, which in self._db.read(
            f"SELECT segment, which FROM pieces WHERE segment IN ({marks(len(segments))})"
            " AND piece >= ? AND piece < ?",
            (*segments, text.encode(), (text + _UPTO).encode()),
        ):
            found[segment].update(_unpacked(bytes(which)))
        for segment, at in found.items():
            yield segment, [segment * SEGMENT + n for n in sorted(at, reverse=True)]


def _positions(texts: Iterable[tuple[int, str]]) -> dict[bytes, list[int]]:
    """The pieces of the texts and which have them. Two blanks end each, so that its last
    characters begin a piece too."""
    found: dict[str, list[int]] = {}
    for at, text in texts:
        folded = text.lower() + "  "
        for piece in set(map("".join, zip(folded, folded[1:], folded[2:], strict=False))):
            found.setdefault(piece, []).append(at)
    return {piece.encode(): sorted(found[piece]) for piece in sorted(found)}


def _packed(at: Sequence[int]) -> bytes:
    if len(at) < _DENSE:
        return array("H", at).tobytes()
    bits = bytearray(SEGMENT // 8)
    for n in at:
        bits[n >> 3] |= 1 << (n & 7)
    return bytes(bits)


def _unpacked(which: bytes) -> Sequence[int]:
    if len(which) < SEGMENT // 8:
        return array("H", which)
    bits = int.from_bytes(which, "little")
    return [n for n in range(SEGMENT) if bits >> n & 1] if bits else []


def _in_all(rows: Sequence[bytes]) -> list[int]:
    """Positions that all the rows have; the rows are in order of their length."""
    dense = [row for row in rows if len(row) == SEGMENT // 8]
    listed = [array("H", row) for row in rows[: len(rows) - len(dense)]]
    bits = (1 << SEGMENT) - 1
    for row in dense:
        bits &= int.from_bytes(row, "little")
    if not listed:
        return list(_unpacked(bits.to_bytes(SEGMENT // 8, "little")))
    both = set(listed[0]).intersection(*listed[1:])
    if not dense:
        return sorted(both)
    together = bits.to_bytes(SEGMENT // 8, "little")
    return sorted(n for n in both if together[n >> 3] >> (n & 7) & 1)
