"""What a workgroup lets a statement scan and cost, looked at before it runs.

In: an order, the session, the workgroup. Out: nothing, or the refusal. Nothing is read but metadata
and the ledger's sums.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from lakeshell.cost.charges import is_billed_kind
from lakeshell.cost.periods import day_end, day_start, month_end, month_start
from lakeshell.cost.prices import money_text, query_cost
from lakeshell.cost.sizes import size_text
from lakeshell.errors import LimitExceeded, QueryFailed
from lakeshell.model import Estimate
from lakeshell.ports import Asking, Ledger, Session, unasked
from lakeshell.query.budgets import Standing, standings
from lakeshell.query.order import Order, Services
from lakeshell.query.statement import statement_kind
from lakeshell.workgroup import Workgroup


def spent(services: Services, workgroup: str) -> tuple[Decimal, Decimal]:
    """What the workgroup's queries cost today and this month, in UTC."""
    return spent_at(services.ledger, workgroup, services.now(), services.prices.currency)


def spent_at(
    ledger: Ledger, workgroup: str, now: datetime, currency: str
) -> tuple[Decimal, Decimal]:
    """The same of the day and the month that `now` is in: what is dated later, by a clock that was
    set back since, counts in its own."""
    return (
        ledger.spent(workgroup, day_start(now), day_end(now), currency=currency),
        ledger.spent(workgroup, month_start(now), month_end(now), currency=currency),
    )


def estimate(
    order: Order, session: Session, services: Services, asking: Asking = unasked
) -> tuple[Estimate, Decimal | None]:
    """What a statement would scan at most and cost; nothing is run, and nothing recorded. `asking`
    is given what a server is asked for it."""
    try:
        found = services.engine().estimate(order.sql, session, order.parameters, asking)
    except QueryFailed as error:
        services.help_with(error, order.sql, session.database)
        raise
    if not is_billed_kind(statement_kind(order.sql), writes_rows=bool(found.scanned)):
        return found, Decimal(0)
    return found, query_cost(found.scanned, services.prices)


def check_limits(
    order: Order,
    session: Session,
    group: Workgroup,
    services: Services,
    asking: Asking = unasked,
) -> None:
    """Raises `LimitExceeded` for what would pass the limit of a query or a budget, and for a session
    that sets what the workgroup has set. `asking` is as in `estimate`."""
    if not group.may_override and statement_kind(order.sql) not in _OF_SESSIONS:
        _check_properties(session, group)
    if group.scan_limit is None and not group.has_budget:
        return
    found, cost = estimate(order, session, services, asking)
    if group.scan_limit is not None and (found.scanned or 0) > group.scan_limit:
        raise LimitExceeded(
            f"it would scan {size_text(found.scanned)}, over the limit of "
            f"{size_text(group.scan_limit)} a query of workgroup {group.name!r}",
            hint="read less: fewer columns, a filter on a partition; or use another "
            "workgroup (-w). `--dry-run` estimates",
        )
    if cost:
        _check_budgets(cost, group, services)


_OF_SESSIONS = ("SET", "RESET")
"""With these a session comes back to what the workgroup says."""


def _check_properties(session: Session, group: Workgroup) -> None:
    for name, value in group.properties.items():
        given = session.properties.get(name)
        if given != value:
            raise LimitExceeded(
                f"workgroup {group.name!r} sets {name} = {value} and refuses "
                + ("a session without it" if given is None else f"{given}"),
                code="PERMISSION_DENIED",
                hint=f"leave it out, or: SET SESSION {name} = {value}; `lakeshell workgroup set "
                f"{group.name} --override allow` lets sessions set it",
            )


def standing(services: Services, group: Workgroup) -> Sequence[Standing]:
    """How the workgroup stands to each of its budgets now."""
    if not group.has_budget:
        return []
    return standings(group, *spent(services, group.name), services.now())


def _check_budgets(cost: Decimal, group: Workgroup, services: Services) -> None:
    currency = services.prices.currency
    for budget in standing(services, group):
        if not budget.allows(cost):
            until = "tomorrow" if budget.period == "daily" else "next month"
            raise LimitExceeded(
                f"the {budget.period} budget of workgroup {group.name!r} is used up: "
                f"{money_text(budget.spent)} of {money_text(budget.stop)} {currency} are spent, "
                f"and it would cost {money_text(cost)}",
                code="EXCEEDED_BUDGET",
                hint=f"raise it: lakeshell workgroup set {group.name} --{budget.period}-budget "
                f"AMOUNT; or wait until {until} (UTC)",
            )
