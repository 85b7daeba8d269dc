"""What is told when a workgroup's budget warns or stops: once for each, whoever finds it first.

In: a workgroup, how it stands to its budgets. Out: an event in the ledger, and the workgroup's
command run where this is the first to say so. The ledger decides who is first.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

from lakeshell.cost.prices import money_text
from lakeshell.model import WorkgroupEvent
from lakeshell.query.bounded import words
from lakeshell.query.budgets import Level, Standing
from lakeshell.query.order import Services
from lakeshell.workgroup import Workgroup

LONGEST = 300
Run = Callable[[Workgroup, Standing, str], None]


def announce(
    group: Workgroup, standings: Sequence[Standing], services: Services, run: Run
) -> Sequence[str]:
    """Says of each budget that warns or stops what it does; gives what was said for the first time.
    `run` runs the command of the workgroup."""
    said = []
    for standing in standings:
        if standing.level is Level.OK:
            continue
        text = standing.said(services.prices.currency)
        event = WorkgroupEvent(
            # A budget that is raised may warn again.
            key=f"{group.name}:{standing.period}:{standing.start:%Y-%m-%d}:{standing.budget:f}"
            f":{standing.level}",
            at=services.now(),
            workgroup=group.name,
            kind=standing.level.value,
            detail=text,
        )
        if services.ledger.note(event):
            said.append(text)
            if group.notify:
                run(group, standing, text)
    return said


def run_command(
    group: Workgroup, standing: Standing, text: str, *, currency: str, log: Path
) -> None:
    """Starts the workgroup's command and goes on: `text` is its input, the figures are variables,
    and what it prints goes to `log`. One that hangs is ended after `LONGEST` seconds."""
    given = {
        "LAKESHELL_WORKGROUP": group.name,
        "LAKESHELL_EVENT": standing.level.value,
        "LAKESHELL_PERIOD": standing.period,
        "LAKESHELL_SPENT": money_text(standing.spent) or "",
        "LAKESHELL_BUDGET": money_text(standing.budget) or "",
        "LAKESHELL_CURRENCY": currency,
    }
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as output:
        started = subprocess.Popen(
            words(group.notify or "true", LONGEST),
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            env={**os.environ, **given},
            start_new_session=True,
        )
    assert started.stdin is not None
    # One that does not read it has the variables, which say the same.
    with suppress(BrokenPipeError), started.stdin:
        started.stdin.write(text.encode() + b"\n")
