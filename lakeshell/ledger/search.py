"""Which queries of the history a filter means: found by an index, however many there are.

In: a filter. Out: numbers of records, the newest by their start. Indexes hold every column that
filters ask for, so what they leave is counted without a look at the records. A text is looked for
in the records themselves where they are few, else in the candidates that `texts` gives.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from typing import Any

from lakeshell.ledger.database import Database, marks, not_text
from lakeshell.ledger.records import micros
from lakeshell.ledger.texts import SEGMENT, Segment, Texts
from lakeshell.ports import HistoryFilter

_FEW = 20_000
"""Records whose texts are read faster than an index of all texts is asked."""
_DIRECT = 1_000
"""And so many are read without asking that index at all."""
_PAGE = 500
_MANY = 1_500
"""Candidates of a segment from which on it is read whole."""
_AT_ONCE = 2
"""Segments of the index of texts that one search makes up for: it takes a fraction of a second."""
_MOST_SEGMENTS = 64
_INDEXES = {
    "workgroup": "queries_by_workgroup",
    "user": "queries_by_user",
    "state": "queries_by_state",
}
_ORDER = "ORDER BY started DESC, number DESC"

Condition = tuple[str, tuple[Any, ...]]
Found = list[tuple[int, int]]
"""Start in microseconds and number of each."""


class Search:
    """One question to a ledger's database."""

    def __init__(self, database: Database, texts: Texts) -> None:
        self._db = database
        self._texts = texts

    def numbers(self, filter: HistoryFilter) -> list[int]:
        """The newest first, but for those that one moment began."""
        sides = [(_equalities(filter), _spans(filter) + self._behind(filter))]
        if filter.among is not None:
            seen = [("workgroup = ?", (name,)) for name in sorted(filter.among)]
            seen.append(('"user" = ?', (filter.viewer or "",)))
            # Each part of what may be seen has an index; all of it together has none.
            sides = [([one, *same], spans) for one in seen for same, spans in sides]
        if filter.contains:
            _check_text(filter.contains)
            found = self._texted(filter, sides)
        else:
            found = []
            for same, spans in sides:
                index = self._narrowest(same, spans)[0] if len(same) > 1 else _index(same)
                found += self._scanned(index, [*same, *spans], filter.limit)
        return [number for _, number in sorted(set(found), reverse=True)[: filter.limit]]

    def dearest(self, filter: HistoryFilter) -> list[int]:
        """Those that cost most, whatever `contains` and `after` say."""
        conditions = [*_equalities(filter), *_spans(filter), *_seen(filter), ("cost > 0", ())]
        where, values = _where(conditions)
        most = "" if filter.limit is None else f"LIMIT {filter.limit}"
        rows = self._db.read(
            f"SELECT number FROM queries {where} ORDER BY cost DESC, number DESC {most}", values
        )
        return [number for (number,) in rows]

    def _behind(self, filter: HistoryFilter) -> list[Condition]:
        if filter.after is None:
            return []
        found = self._db.read("SELECT started, number FROM queries WHERE id = ?", (filter.after,))
        started, number = found[0] if found else (0, 0)
        return [("started <= ?", (started,)), ("(started < ? OR number < ?)", (started, number))]

    def _narrowest(self, same: Sequence[Condition], spans: Sequence[Condition]) -> tuple[str, int]:
        """The index that leaves the fewest records, and how many, counted up to `_FEW`."""
        sides = [(_index([one]), [one, *spans]) for one in same] or [(_index([]), [*spans])]
        counted = [(self._count(index, conditions), index) for index, conditions in sides]
        size, index = min(counted)
        return index, size

    def _count(self, index: str, conditions: Sequence[Condition]) -> int:
        where, values = _where(conditions)
        rows = self._db.read(
            "SELECT count(*) FROM"
            f" (SELECT 1 FROM queries {self._db.using(index)} {where} LIMIT {_FEW}) few",
            values,
        )
        return int(rows[0][0])

    def _scanned(self, index: str, conditions: Sequence[Condition], limit: int | None) -> Found:
        where, values = _where(conditions)
        most = "" if limit is None else f"LIMIT {limit}"
        return self._db.read(
            f"SELECT started, number FROM queries {self._db.using(index)} {where} {_ORDER} {most}",
            values,
        )

    # --- texts -----------------------------------------------------------------------------

    def _texted(
        self, filter: HistoryFilter, sides: Sequence[tuple[list[Condition], list[Condition]]]
    ) -> Found:
        spans = _spans(filter) + self._behind(filter)
        held = self._db.holding(filter.contains or "")
        conditions = [*_equalities(filter), *_seen(filter), *spans, held]
        narrow = [self._narrowest(same, spans) for same, spans in sides]
        if sum(size for _, size in narrow) >= _FEW:
            return self._indexed(filter, conditions, None)
        meant: Found = []
        for (index, _), (same, spans) in zip(narrow, sides, strict=True):
            # Indexes alone answer this; texts are beside the records.
            meant += self._scanned(index, [*same, *spans], None)
        if len(meant) < _DIRECT:
            return self._holding([number for _, number in sorted(meant, reverse=True)], [held])
        return self._indexed(filter, [held], {number for _, number in meant})

    def _indexed(
        self, filter: HistoryFilter, conditions: Sequence[Condition], among: Set[int] | None
    ) -> Found:
        """What the index of texts leaves, and what is not in it yet; `among` these, None is all."""
        self._texts.index(_AT_ONCE)
        segments = self._texts.segments()
        found: Found = []
        for first, last in self._texts.gaps(segments):
            if among is None:
                found += self._between(first, last, filter.limit, conditions)
            else:
                within = [n for n in among if first <= n and (last is None or n < last)]
                found += self._holding(within, conditions)
        for part in _parts(_overlapping(segments, filter)):
            if _settled(found, filter.limit, part[0].newest):
                break
            numbers = dict(self._texts.candidates(filter.contains or "", [s.number for s in part]))
            for segment in part:
                if _settled(found, filter.limit, segment.newest):
                    break
                candidates: Sequence[int] = numbers.get(segment.number, ())
                if among is not None:
                    candidates = [number for number in candidates if number in among]
                elif len(candidates) >= _MANY:
                    first = segment.number * SEGMENT
                    found += self._between(first, first + SEGMENT, filter.limit, conditions)
                    continue
                found += self._holding(candidates, conditions)
        return found

    def _between(
        self, first: int, last: int | None, limit: int | None, conditions: Sequence[Condition]
    ) -> Found:
        """The newest of the numbers from `first` up to `last`, each looked at."""
        within: list[Condition] = [("number >= ?", (first,))]
        within += [] if last is None else [("number < ?", (last,))]
        return self._scanned("", [*within, *conditions], limit)

    def _holding(self, candidates: Sequence[int], conditions: Sequence[Condition]) -> Found:
        """Those of the candidates that are meant."""
        found: Found = []
        for start in range(0, len(candidates), _PAGE):
            page = tuple(candidates[start : start + _PAGE])
            found += self._scanned(
                "", [(f"number IN ({marks(len(page))})", page), *conditions], None
            )
        return found


def _check_text(text: str) -> None:
    """Raises `UsageError` also where there is nothing to look in."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise not_text(error) from error


def _parts(segments: Sequence[Segment]) -> Iterator[Sequence[Segment]]:
    """Few first: what is frequent is found in the newest."""
    start, size = 0, 1
    while start < len(segments):
        yield segments[start : start + size]
        start, size = start + size, min(2 * size, _MOST_SEGMENTS)


def _overlapping(segments: Sequence[Segment], filter: HistoryFilter) -> list[Segment]:
    """Of the time that is asked for, those with the newest queries first."""
    since, until = micros(filter.since), micros(filter.until)
    found = [
        segment
        for segment in segments
        if (since is None or segment.newest >= since) and (until is None or segment.oldest < until)
    ]
    return sorted(found, key=lambda segment: segment.newest, reverse=True)


def _settled(found: Found, limit: int | None, newest: int) -> bool:
    """Whether what begins at `newest` or before changes nothing any more."""
    if limit is None or len(found) < limit:
        return False
    return sorted(found, reverse=True)[limit - 1][0] > newest


def _index(same: Sequence[Condition]) -> str:
    return _INDEXES[same[0][0].split()[0].strip('"')] if same else "queries_by_start"


def _equalities(filter: HistoryFilter) -> list[Condition]:
    given = (
        ("workgroup", filter.workgroup),
        ('"user"', filter.user),
        ("state", filter.state and filter.state.value),
    )
    return [(f"{name} = ?", (value,)) for name, value in given if value is not None]


def _spans(filter: HistoryFilter) -> list[Condition]:
    found: list[Condition] = []
    if filter.since is not None:
        found.append(("started >= ?", (micros(filter.since),)))
    if filter.until is not None:
        found.append(("started < ?", (micros(filter.until),)))
    return found


def _seen(filter: HistoryFilter) -> list[Condition]:
    if filter.among is None:
        return []
    groups = sorted(filter.among)
    among = f"workgroup IN ({marks(len(groups))}) OR " if groups else ""
    return [(f'({among}"user" = ?)', (*groups, filter.viewer or ""))]


def _where(conditions: Sequence[Condition]) -> tuple[str, tuple[Any, ...]]:
    if not conditions:
        return "", ()
    clauses = " AND ".join(clause for clause, _ in conditions)
    return f"WHERE {clauses}", tuple(value for _, values in conditions for value in values)
