"""What is done to a lake's services, and what each is like: the same for commands and console.

In: an open lake, and a reporter of how far it is. Out: services up, down, started, stopped, saved; one
line of figures for each.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import TYPE_CHECKING

from lakeshell import serve
from lakeshell.billing.services import hourly_rate, note_before_stopping
from lakeshell.stack import backup as backups
from lakeshell.stack.health import State, Status, statuses
from lakeshell.stack.installation import FOLDER
from lakeshell.stack.services import Service, with_needs
from lakeshell.stack.stack import ALL

if TYPE_CHECKING:
    from lakeshell.lake import Lake
    from lakeshell.ports import Reporter


@dataclass(frozen=True, slots=True)
class Serving:
    """A service and what it costs by the hour, by the memory that it may take; nothing while it does
    not run."""

    status: Status
    hourly: Decimal | None
    currency: str

    @property
    def is_failing(self) -> bool:
        return self.status.state is State.FAILING


def report(lake: Lake, now: datetime | None = None) -> Sequence[Serving]:
    """Takes Docker two seconds. Raises `NotFound` before the first `up`."""
    found = []
    for status in statuses(lake.stack.compose, now or datetime.now(UTC)):
        cost, currency = (None, "")
        if status.memory_max is not None:
            cost, currency = hourly_rate(lake, status.memory_max)
        found.append(Serving(status, cost, currency))
    return found


def up(
    lake: Lake, reporter: Reporter, *, workers: int | None = None, build_all: bool = False
) -> None:
    with _undisturbed(lake):
        lake.stack.up(reporter, workers=workers, build_all=build_all)
    serve.start(lake)


def down(lake: Lake, reporter: Reporter, *, delete_data: bool = False) -> None:
    with _undisturbed(lake):
        serve.stop(lake.state)
        note_before_stopping(lake, datetime.now(UTC))
        lake.stack.down(reporter, volumes=delete_data)


def start(lake: Lake, services: Collection[Service], reporter: Reporter) -> None:
    started = services or ALL
    lake.stack.start(started, reporter)
    # Without Trino there is nothing for it to watch, and its ledger may be asleep.
    if Service.TRINO in with_needs(tuple(started)):
        serve.start(lake)


def stop(lake: Lake, services: Collection[Service], reporter: Reporter) -> None:
    with _undisturbed(lake):
        # What ran by the hour is known only while it runs.
        note_before_stopping(lake, datetime.now(UTC))
        lake.stack.stop(services or ALL, reporter)


def _undisturbed(lake: Lake) -> AbstractContextManager[None]:
    """Raises `UnderWay` while the source database is saved or brought back: what stops a service,
    or makes its container anew, would cut that off."""
    return backups.alone(lake.state / FOLDER, disturbing=True)


def back_up(lake: Lake, reporter: Reporter, *, remove: bool = False) -> backups.Backup:
    """Of the source database. `remove` then removes its container and data, before anybody can write
    what would be in no backup."""
    with backups.alone(lake.stack.installation.folder):
        lake.stack.ensure((Service.MYSQL, Service.MINIO), reporter)
        return backups.take(
            lake.stack.compose,
            datetime.now(UTC),
            reporter,
            lambda: lake.stack.remove(Service.MYSQL, reporter) if remove else None,
        )


def restore(
    lake: Lake, reporter: Reporter, name: str | None = None, *, replace: bool = False
) -> backups.Backup:
    """The latest backup where none is named."""
    with backups.alone(lake.stack.installation.folder):
        lake.stack.forget_removed(Service.MYSQL)
        lake.stack.ensure((Service.MYSQL, Service.MINIO), reporter)
        return backups.restore(lake.stack.compose, name, reporter, replace=replace)


# --- figures as texts ----------------------------------------------------------------------

COLUMNS = ("service", "state", "version", "memory", "limit", "port", "uptime", "per_hour")


def figures(serving: Serving) -> tuple[object, ...]:
    """In the order of `COLUMNS`; None where there is none."""
    from lakeshell.cost.prices import money_text

    status = serving.status
    cost = None
    if serving.hourly is not None:
        cost = f"{money_text(serving.hourly, rounded=True)} {serving.currency}"
    return (
        status.service.value,
        status.state.value,
        status.version,
        _megabytes(status.memory),
        _megabytes(status.memory_max),
        status.port,
        _time(status.uptime),
        cost,
    )


def _megabytes(count: int | None) -> str | None:
    return None if count is None else f"{count / 2**20:,.0f} MB"


def _time(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}h{minutes:02}m" if hours else f"{minutes}m{rest:02}s"
