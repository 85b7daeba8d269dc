"""What crawlers and jobs share: how their past runs are shown."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from lakeshell.cost.prices import money_text
from lakeshell.model import RunRecord
from lakeshell.tui.widgets.sheet import rows

COLUMNS = ("started", "state", "took", "rows", "cost", "run", "result")


def runs_table(found: Sequence[RunRecord]) -> Content:
    return rows(COLUMNS, [runs_row(run) for run in found])


def runs_row(run: RunRecord) -> tuple[object, ...]:
    took = "" if run.elapsed is None else f"{run.elapsed:.2f} s"
    cost = "" if run.cost is None else f"{money_text(run.cost)} {run.currency}"
    return (run.started, run.state.value, took, run.rows, cost, run.id, run.error or run.detail)
