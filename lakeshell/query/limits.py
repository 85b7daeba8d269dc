"""What a workgroup lets a statement scan and cost, looked at before it runs.

In: an order, the session, the workgroup. Out: nothing, or the refusal. Nothing is read but metadata
and the ledger's sums.
"""

from __future__ import annotations

from decimal import Decimal

from lakeshell.cost.periods import day_start, month_start
from lakeshell.cost.prices import money_text, query_cost
from lakeshell.cost.sizes import size_text
from lakeshell.errors import LimitExceeded
from lakeshell.model import Estimate
from lakeshell.ports import Session
from lakeshell.query.order import Order, Services
from lakeshell.query.statement import is_billed_kind, statement_kind
from lakeshell.query.workgroup import Workgroup


def spent(services: Services, workgroup: str) -> tuple[Decimal, Decimal]:
    """What the workgroup's queries cost today and this month, in UTC."""
    now = services.now()
    currency = services.prices.currency
    return (
        services.ledger.spent(workgroup, day_start(now), currency=currency),
        services.ledger.spent(workgroup, month_start(now), currency=currency),
    )


def estimate(order: Order, session: Session, services: Services) -> tuple[Estimate, Decimal | None]:
    """What a statement would scan at most and cost; nothing is run, and nothing recorded."""
    found = services.engine().estimate(order.sql, session, order.parameters)
    if not is_billed_kind(statement_kind(order.sql), writes_rows=bool(found.scanned)):
        return found, Decimal(0)
    return found, query_cost(found.scanned, services.prices)


def check_limits(order: Order, session: Session, group: Workgroup, services: Services) -> None:
    """Raises `LimitExceeded` for what would pass the limit of a query or a budget."""
    if group.scan_limit is None and group.daily_budget is None and group.monthly_budget is None:
        return
    found, cost = estimate(order, session, services)
    if group.scan_limit is not None and (found.scanned or 0) > group.scan_limit:
        raise LimitExceeded(
            f"it would scan {size_text(found.scanned)}, over the limit of "
            f"{size_text(group.scan_limit)} a query of workgroup {group.name!r}",
            hint="read less: fewer columns, a filter on a partition; or use another "
            "workgroup (-w). `--dry-run` estimates",
        )
    if cost:
        _check_budgets(cost, group, services)


def _check_budgets(cost: Decimal, group: Workgroup, services: Services) -> None:
    currency = services.prices.currency
    day, month = spent(services, group.name)
    for budget, used, period, until in (
        (group.daily_budget, day, "daily", "tomorrow (UTC)"),
        (group.monthly_budget, month, "monthly", "next month (UTC)"),
    ):
        if budget is not None and used + cost > budget:
            raise LimitExceeded(
                f"the {period} budget of workgroup {group.name!r} is used up: "
                f"{money_text(used)} of {money_text(budget)} {currency} are spent, and it "
                f"would cost {money_text(cost)}",
                hint=f"raise it: lakeshell workgroup set {group.name} --{period}-budget "
                f"AMOUNT; or wait until {until}",
            )
