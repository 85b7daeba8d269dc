"""The settings of a lake: flag, then `LAKESHELL_*`, then `lakeshell.toml`, then the default.

In: the lake's folder and the environment. Out: one frozen `Settings`. Nothing is read from the
environment after this, and nothing here opens anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from lakeshell.definitions.schema import Key, choice, count, duration, load, money, size, text
from lakeshell.errors import ConfigurationError

FILE = "lakeshell.toml"

KEYS = (
    Key("engine.type", choice("embedded"), "embedded", doc="what runs SQL"),
    Key("engine.memory_limit", size, None, doc="most memory of a query; half of the machine's"),
    Key("engine.threads", count, 0, doc="threads of a query; 0 takes every core"),
    Key("engine.time_zone", text, "UTC", doc="the session's zone"),
    Key("catalog.type", choice("local"), "local"),
    Key("storage.type", choice("local"), "local"),
    Key("ledger.type", choice("sqlite"), "sqlite"),
    Key("query.workgroup", text, "primary", doc="the workgroup when none is named"),
    Key("query.database", text, None, doc="the database when none is named"),
    Key("results.keep", duration, 7 * 86_400, doc="how long results can be opened again"),
    Key("results.max_size", size, 256 * 2**20, doc="a result larger than this is not kept"),
    Key("prices.query", choice("athena", "self-hosted"), "athena"),
    Key("prices.compute", choice("glue", "glue-2019", "self-hosted"), "glue"),
    Key("prices.per_tb", money, None, doc="your own price of a TB scanned"),
    Key("prices.per_dpu_hour", money, None, doc="your own price of a DPU-hour"),
    Key("prices.currency", text, "USD"),
)


@dataclass(frozen=True, slots=True)
class Settings:
    """`memory_limit` in bytes, `results_keep` in seconds, `results_max_size` in bytes."""

    memory_limit: int | None
    threads: int
    time_zone: str
    workgroup: str
    database: str | None
    results_keep: int
    results_max_size: int
    query_prices: str
    compute_prices: str
    per_tb: Decimal | None
    per_dpu_hour: Decimal | None
    currency: str


def read(folder: Path, environment: Mapping[str, str]) -> Settings:
    """Raises `ConfigurationError` with file, line, key and the nearest right one."""
    values = load(folder / FILE, KEYS)
    for key in KEYS:
        variable = "LAKESHELL_" + key.name.replace(".", "_").upper()
        if variable in environment:
            values[key.name] = _from_environment(variable, environment[variable], key)
    return Settings(
        memory_limit=values["engine.memory_limit"],
        threads=values["engine.threads"],
        time_zone=values["engine.time_zone"],
        workgroup=environment.get("LAKESHELL_WORKGROUP", values["query.workgroup"]),
        database=environment.get("LAKESHELL_DATABASE", values["query.database"]),
        results_keep=values["results.keep"],
        results_max_size=values["results.max_size"],
        query_prices=values["prices.query"],
        compute_prices=values["prices.compute"],
        per_tb=values["prices.per_tb"],
        per_dpu_hour=values["prices.per_dpu_hour"],
        currency=values["prices.currency"],
    )


def _from_environment(variable: str, raw: str, key: Key) -> Any:
    try:
        return key.read(raw)
    except ValueError as error:
        raise ConfigurationError(
            f"{variable}={raw!r} is not right", hint=f"it must be {error}"
        ) from error
