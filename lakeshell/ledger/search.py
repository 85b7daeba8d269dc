"""Which queries of the history a filter means: found by an index, however many there are.

In: a filter. Out: numbers of records, the newest. A text is looked for by its three-character
pieces, which give candidates, and then in the candidates themselves. Indexes hold every column
that filters ask for, so what they leave is counted without a look at the records.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from lakeshell.ledger.records import micros
from lakeshell.ports import HistoryFilter

_FEW = 20_000
"""Records whose texts are read faster than an index of all texts is asked."""
_SHORT = 5_000
"""Candidates of one or two characters; what is more frequent is soon found among the newest."""
_SLACK = 1_000
"""How far records may be out of the order of their start: processes write them side by side."""
_PIECES = 24
_INDEXES = {
    "workgroup": "queries_by_workgroup",
    "user": "queries_by_user",
    "state": "queries_by_state",
}

Condition = tuple[str, tuple[Any, ...]]


class Search:
    """One question. `read` runs a statement on the ledger."""

    def __init__(self, read: Callable[[str, Sequence[Any]], list[Any]]) -> None:
        self._read = read

    def numbers(self, filter: HistoryFilter) -> list[int]:
        """The newest first, but for those that one moment began."""
        conditions = [*_equalities(filter), *_others(filter)]
        conditions += [self._behind(filter.after)] if filter.after is not None else []
        index, size = self._narrowest(filter)
        limit = filter.limit
        if not filter.contains:
            return self._scanned(index, conditions, limit)
        held = _held(filter.contains)
        if size < _FEW:
            return self._scanned(index, [*conditions, held], limit)
        if len(filter.contains) >= 3:
            return self._worded(filter, [*conditions, held])
        candidates = self._short(filter.contains)
        if len(candidates) >= _SHORT:
            return self._scanned(index, [*conditions, held], limit)
        return self._among(candidates, [*conditions, held], limit)

    def dearest(self, filter: HistoryFilter) -> list[int]:
        """Those that cost most, whatever `contains` and `after` say."""
        where, values = _where([*_equalities(filter), *_others(filter), ("cost > 0", ())])
        rows = self._read(
            f"SELECT number FROM queries {where} ORDER BY cost DESC, number DESC LIMIT ?",
            (*values, -1 if filter.limit is None else filter.limit),
        )
        return [number for (number,) in rows]

    def _behind(self, id: str) -> Condition:
        found = self._read("SELECT started, number FROM queries WHERE id = ?", (id,))
        return "(started, number) < (?, ?)", tuple(found[0]) if found else (0, 0)

    def _narrowest(self, filter: HistoryFilter) -> tuple[str, int]:
        """The index that leaves the fewest records, and how many, counted up to `_FEW`."""
        spans = [c for c in _others(filter) if c[0].startswith("started")]
        sides = [("queries_by_start", spans)]
        sides += [(_INDEXES[c[0].split()[0]], [c, *spans]) for c in _equalities(filter)]
        if len(sides) == 1 and not filter.contains:
            return "queries_by_start", _FEW
        counted = [(self._count(index, conditions), index) for index, conditions in sides]
        size, index = min(counted, key=lambda side: (side[0], side[1] == "queries_by_start"))
        return index, size

    def _count(self, index: str, conditions: Sequence[Condition]) -> int:
        where, values = _where(conditions)
        rows = self._read(
            f"SELECT count(*) FROM (SELECT 1 FROM queries INDEXED BY {index} {where} LIMIT {_FEW})",
            values,
        )
        return int(rows[0][0])

    def _scanned(self, index: str, conditions: Sequence[Condition], limit: int | None) -> list[int]:
        where, values = _where(conditions)
        rows = self._read(
            f"SELECT number FROM queries INDEXED BY {index} {where}"
            " ORDER BY started DESC, number DESC LIMIT ?",
            (*values, -1 if limit is None else limit),
        )
        return [number for (number,) in rows]

    def _worded(self, filter: HistoryFilter, conditions: Sequence[Condition]) -> list[int]:
        """By the pieces of the text, the last that came first: about in the order of their start."""
        text, limit = filter.contains or "", filter.limit
        pieces = dict.fromkeys(text[i : i + 3] for i in range(len(text) - 2))
        match = " AND ".join('"' + p.replace('"', '""') + '"' for p in list(pieces)[:_PIECES])
        where, values = _where([*self._bounds(filter), *conditions])
        rows = self._read(
            "SELECT started, number FROM words CROSS JOIN queries ON number = words.rowid"
            f" {where} AND words MATCH ? ORDER BY words.rowid DESC LIMIT ?",
            (*values, match, -1 if limit is None else limit + _SLACK),
        )
        return [number for _, number in sorted(rows, reverse=True)[:limit]]

    def _bounds(self, filter: HistoryFilter) -> list[Condition]:
        """The numbers between which a span of time lies, so that no others are looked at."""
        bounds: list[Condition] = []
        for moment, order, bound in (
            (filter.since, "started >= ? ORDER BY started, number", "words.rowid >= ?"),
            (filter.until, "started < ? ORDER BY started DESC, number DESC", "words.rowid <= ?"),
        ):
            if moment is not None:
                found = self._read(
                    f"SELECT number FROM queries INDEXED BY queries_by_start WHERE {order} LIMIT 1",
                    (micros(moment),),
                )
                slack = -_SLACK if moment is filter.since else _SLACK
                bounds.append((bound, (found[0][0] + slack if found else 0,)))
        return bounds

    def _short(self, text: str) -> list[int]:
        """Candidates of a text of one or two characters: it begins some piece of theirs."""
        folded = text.lower()
        rows = self._read(
            f"SELECT doc FROM grams WHERE term >= ? AND term < ? LIMIT {_SHORT}",
            (folded, folded + "\U0010ffff"),
        )
        return [number for (number,) in rows]

    def _among(
        self, candidates: Sequence[int], conditions: Sequence[Condition], limit: int | None
    ) -> list[int]:
        where, values = _where(conditions)
        rows: list[tuple[int, int]] = []
        unique = sorted(set(candidates))
        for start in range(0, len(unique), 500):
            page = unique[start : start + 500]
            rows += self._read(
                f"SELECT started, number FROM queries {where}"
                f" AND number IN ({', '.join('?' * len(page))})",
                (*values, *page),
            )
        return [number for _, number in sorted(rows, reverse=True)[:limit]]


def holds(text: str, part: str) -> bool:
    """SQL's `holds`: whether a part is in a text, in any case. `part` is in lower case."""
    return part in text.lower()


def _held(part: str) -> Condition:
    # SQLite's own lower() knows no letters but those of ASCII.
    if part.isascii():
        return "instr(lower(sql), lower(?)) > 0", (part,)
    return "holds(sql, ?)", (part.lower(),)


def _equalities(filter: HistoryFilter) -> list[Condition]:
    given = (
        ("workgroup", filter.workgroup),
        ("user", filter.user),
        ("state", filter.state and filter.state.value),
    )
    return [(f"{name} = ?", (value,)) for name, value in given if value is not None]


def _others(filter: HistoryFilter) -> list[Condition]:
    found: list[Condition] = []
    if filter.since is not None:
        found.append(("started >= ?", (micros(filter.since),)))
    if filter.until is not None:
        found.append(("started < ?", (micros(filter.until),)))
    if filter.among is not None:
        marks = ", ".join("?" * len(filter.among))
        found.append(
            (f"(workgroup IN ({marks}) OR user = ?)", (*filter.among, filter.viewer or ""))
        )
    return found


def _where(conditions: Sequence[Condition]) -> tuple[str, tuple[Any, ...]]:
    if not conditions:
        return "", ()
    clauses = " AND ".join(clause for clause, _ in conditions)
    return f"WHERE {clauses}", tuple(value for _, values in conditions for value in values)
