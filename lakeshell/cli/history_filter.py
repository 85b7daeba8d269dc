"""The options that say which queries of the history are meant."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from lakeshell.lake import Lake
    from lakeshell.ports import HistoryFilter

F = TypeVar("F", bound=Callable[..., Any])
STATES = ("QUEUED", "RUNNING", "FINISHED", "FAILED", "CANCELLED", "REFUSED")
_OPTIONS = (
    click.option("-w", "--workgroup", metavar="WORKGROUP", help="Only of this workgroup."),
    click.option("--user", metavar="USER", help="Only of this user."),
    click.option(
        "--status",
        type=click.Choice(STATES, case_sensitive=False),
        metavar="STATE",
        help=f"{', '.join(STATES)}.",
    ),
    click.option("--contains", metavar="TEXT", help="Only with this in their SQL, in any case."),
    click.option(
        "--since",
        metavar="TIME",
        help="2026-11-24 or 2026-11-24T14:00, in UTC (else 2026-11-24T14:00+01:00); or 2h, 7d ago.",
    ),
    click.option("--until", metavar="TIME", help="As --since: only what began before."),
)


def filter_options(function: F) -> F:
    for option in reversed(_OPTIONS):
        function = option(function)
    return function


def filter_of(
    lake: Lake,
    *,
    workgroup: str | None,
    user: str | None,
    status: str | None,
    contains: str | None,
    since: str | None,
    until: str | None,
    limit: int | None,
) -> HistoryFilter:
    """Of what this user may see. Raises a usage error for a time that is none."""
    from lakeshell import history
    from lakeshell.model import QueryState
    from lakeshell.ports import HistoryFilter

    return history.visible(
        lake,
        HistoryFilter(
            workgroup=workgroup,
            user=user,
            state=None if status is None else QueryState(status.upper()),
            contains=contains,
            since=None if since is None else _moment(since, "--since"),
            until=None if until is None else _moment(until, "--until"),
            limit=limit,
        ),
    )


def caught_up(lake: Lake) -> None:
    """Brings in what other clients ran; says on stderr what could not be had."""
    from lakeshell import history

    said = history.catch_up(lake)
    if said:
        click.echo(f"warning: {said}", err=True)


def _moment(text: str, option: str) -> datetime:
    from lakeshell.definitions.schema import duration

    try:
        return datetime.now(UTC) - timedelta(seconds=duration(text))
    except (ValueError, OverflowError):
        pass
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(
            f"{option} {text!r} is neither a time such as 2026-11-24T14:00 nor an age such as 7d"
        ) from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
