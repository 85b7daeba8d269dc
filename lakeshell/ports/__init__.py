"""The doors between the verbs and the outside: what each adapter promises.

Every Protocol here has one contract suite under `tests/contract`, which each adapter passes. The
verbs know these and nothing behind them; `lake.Lake` opens the adapters that the settings name.
Arrow crosses these doors in one form for each Trino type (`sql.arrow`).
"""

from lakeshell.ports.catalog import Catalog
from lakeshell.ports.engine import (
    Asking,
    ClusterQuery,
    ClusterWork,
    Engine,
    Progress,
    Running,
    Session,
    Stage,
    unasked,
)
from lakeshell.ports.ledger import HistoryFilter, Late, Ledger
from lakeshell.ports.objects import Objects
from lakeshell.ports.reporter import Reporter
from lakeshell.ports.source import Source
from lakeshell.ports.store import TableStore, Written

__all__ = [
    "Asking",
    "Catalog",
    "ClusterQuery",
    "ClusterWork",
    "Engine",
    "HistoryFilter",
    "Late",
    "Ledger",
    "Objects",
    "Progress",
    "Reporter",
    "Running",
    "Session",
    "Source",
    "Stage",
    "TableStore",
    "Written",
    "unasked",
]
