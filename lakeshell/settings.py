"""The settings of a lake: flag, then `LAKESHELL_*`, then `lakeshell.toml`, then the default.

A variable that is empty is none.

In: the lake's folder and the environment. Out: one frozen `Settings`. Nothing is read from the
environment after this, and nothing here opens anything.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from lakeshell.definitions.schema import (
    Key,
    choice,
    count,
    duration,
    load,
    money,
    size,
    text,
    whole,
)
from lakeshell.errors import ConfigurationError
from lakeshell.stack.groups import Cluster
from lakeshell.stack.services import CAPACITY, PORTS, Capacity, Service, StackSettings

FILE = "lakeshell.toml"


def cores(value: object) -> float:
    """Processor cores, parts of one too."""
    try:
        given = float(str(value))
    except ValueError:
        given = 0.0
    if isinstance(value, bool) or not 0 < given < 10_000:
        raise ValueError("a number of cores such as 2 or 0.5")
    return given


def port(value: object) -> int:
    number = count(value)
    if not 0 < number < 65_536:
        raise ValueError("a port from 1 to 65535")
    return number


def stack_keys() -> Iterator[Key]:
    """The sections `[stack.trino]` and so on: capacity of a container and its port."""
    for service, given in CAPACITY.items():
        section = f"stack.{service}"
        yield Key(f"{section}.memory_min", size, given.memory_min, doc="memory kept for it")
        yield Key(f"{section}.memory_max", size, given.memory_max, doc="all the memory it gets")
        yield Key(f"{section}.cpus", cores, given.cpus, doc="cores that it may use")
        if service in PORTS:
            yield Key(f"{section}.port", port, PORTS[service], doc="on 127.0.0.1")


KEYS = (
    Key("engine.type", choice("embedded", "trino"), "embedded", doc="what runs SQL"),
    Key("engine.url", text, None, doc="Trino's address; none is the lake's own stack"),
    Key("engine.user", text, None, doc="who Trino is told is asking"),
    Key("engine.password_env", text, None, doc="the variable that holds Trino's password"),
    Key("engine.token_env", text, None, doc="the variable that holds a JWT for Trino"),
    Key("engine.ca_file", text, None, doc="certificates that Trino's is checked with"),
    Key("engine.memory_limit", size, None, doc="most memory of a query; half of the machine's"),
    Key("engine.threads", whole(0, 1024), 0, doc="threads of a query; 0 takes every core"),
    Key("engine.concurrency", count, 0, doc="queries at once; 0 is one a core, four at least"),
    Key("engine.time_zone", text, "UTC", doc="the session's zone"),
    Key("catalog.type", choice("local", "hive"), None, doc="follows the engine"),
    Key("catalog.uri", text, None, doc="the Metastore: thrift://host:9083"),
    Key("storage.type", choice("local", "s3"), None, doc="follows the engine"),
    Key("storage.endpoint", text, None, doc="of S3; none is Amazon's own"),
    Key("storage.region", text, "us-east-1"),
    Key("storage.warehouse", text, "s3://lake/warehouse", doc="where tables are"),
    Key("storage.access_key_env", text, "AWS_ACCESS_KEY_ID"),
    Key("storage.secret_key_env", text, "AWS_SECRET_ACCESS_KEY"),
    Key("ledger.type", choice("sqlite", "mysql"), "sqlite", doc="a file of the lake, or a server"),
    Key("ledger.url", text, None, doc="mysql://user@host:3306/schema; none is the stack's control"),
    Key("ledger.password_env", text, None, doc="the variable that holds its password"),
    Key("query.workgroup", text, "primary", doc="the workgroup when none is named"),
    Key("query.database", text, None, doc="the database when none is named"),
    Key("history.keep", duration, 0, doc="how long queries stay in the history; 0 is for ever"),
    Key("results.keep", duration, 7 * 86_400, doc="how long results can be opened again"),
    Key("results.max_size", size, 256 * 2**20, doc="a result larger than this is not kept"),
    Key("results.max_total", size, 5 * 2**30, doc="all kept results of a folder; the oldest go"),
    Key("prices.query", choice("athena", "self-hosted"), "athena"),
    Key("prices.compute", choice("glue", "glue-2019", "self-hosted"), "glue"),
    Key("prices.per_tb", money, None, doc="your own price of a TB scanned"),
    Key("prices.per_dpu_hour", money, None, doc="your own price of a DPU-hour"),
    Key("prices.own_per_tb", money, None, doc="self-hosted beside AWS: a TB scanned; none is free"),
    Key("prices.own_per_dpu_hour", money, None, doc="the same of a DPU-hour; none is compute's"),
    Key("prices.currency", text, "USD"),
    Key("stack.concurrency", count, 40, doc="most queries of Trino that run at once"),
    Key("stack.queue", count, 1000, doc="most queries of Trino that wait"),
    Key("stack.scan_limit", size, None, doc="most bytes that any query of Trino may scan"),
    Key("stack.idle_stop", duration, 0, doc="how long unused a service runs on; 0 is for ever"),
    *stack_keys(),
)


@dataclass(frozen=True, slots=True)
class Trino:
    """How to reach a Trino. `url` None is the lake's own stack; secrets by their variables."""

    url: str | None
    user: str | None
    password_env: str | None
    token_env: str | None
    ca_file: str | None


@dataclass(frozen=True, slots=True)
class Storage:
    """Object storage. `endpoint` None is Amazon's own; keys by their variables."""

    endpoint: str | None
    region: str
    warehouse: str
    access_key_env: str
    secret_key_env: str


@dataclass(frozen=True, slots=True)
class LedgerSettings:
    """Where the ledger is. `type` is `sqlite` or `mysql`; `url` None is the stack's `control`."""

    type: str
    url: str | None
    password_env: str | None


@dataclass(frozen=True, slots=True)
class Settings:
    """`engine` is `embedded` or `trino`; `metastore` is the Metastore's address, None the lake's own
    stack. `memory_limit`, `results_max_size` and `results_max_total` in bytes, `history_keep` (0 is
    for ever) and `results_keep` in seconds."""

    engine: str
    trino: Trino
    metastore: str | None
    storage: Storage
    ledger: LedgerSettings
    memory_limit: int | None
    threads: int
    concurrency: int
    time_zone: str
    workgroup: str
    database: str | None
    history_keep: int
    results_keep: int
    results_max_size: int
    results_max_total: int
    query_prices: str
    compute_prices: str
    per_tb: Decimal | None
    per_dpu_hour: Decimal | None
    own_per_tb: Decimal | None
    own_per_dpu_hour: Decimal | None
    currency: str
    stack: StackSettings


def read(folder: Path, environment: Mapping[str, str]) -> Settings:
    """Raises `ConfigurationError` with file, line, key and the nearest right one."""
    values = load(folder / FILE, KEYS)
    for key in KEYS:
        variable = "LAKESHELL_" + key.name.replace(".", "_").upper()
        if environment.get(variable):
            values[key.name] = _from_environment(variable, environment[variable], key)
    _check_together(values)
    return Settings(
        engine=values["engine.type"],
        trino=Trino(*(values[f"engine.{key}"] for key in Trino.__slots__)),
        metastore=values["catalog.uri"],
        storage=Storage(*(values[f"storage.{key}"] for key in Storage.__slots__)),
        ledger=LedgerSettings(*(values[f"ledger.{key}"] for key in LedgerSettings.__slots__)),
        memory_limit=values["engine.memory_limit"],
        threads=values["engine.threads"],
        concurrency=values["engine.concurrency"] or max(4, os.cpu_count() or 4),
        time_zone=values["engine.time_zone"],
        workgroup=environment.get("LAKESHELL_WORKGROUP") or values["query.workgroup"],
        database=environment.get("LAKESHELL_DATABASE") or values["query.database"],
        history_keep=values["history.keep"],
        results_keep=values["results.keep"],
        results_max_size=values["results.max_size"],
        results_max_total=values["results.max_total"],
        query_prices=values["prices.query"],
        compute_prices=values["prices.compute"],
        per_tb=values["prices.per_tb"],
        per_dpu_hour=values["prices.per_dpu_hour"],
        own_per_tb=values["prices.own_per_tb"],
        own_per_dpu_hour=values["prices.own_per_dpu_hour"],
        currency=values["prices.currency"],
        stack=_stack(values),
    )


_LEAST = 2**26
"""Bytes below which no service starts."""


def _stack(values: Mapping[str, Any]) -> StackSettings:
    capacity = {}
    for service in CAPACITY:
        given = Capacity(
            *(values[f"stack.{service}.{key}"] for key in ("memory_min", "memory_max", "cpus"))
        )
        if not _LEAST <= given.memory_min <= given.memory_max:
            raise ConfigurationError(
                f"[stack.{service}]: memory_min is {given.memory_min:,} bytes"
                f" and memory_max {given.memory_max:,}",
                hint="memory_min is 64MB or more, and memory_max no less",
            )
        capacity[service] = given
    ports: dict[Service, int] = {}
    for service in PORTS:
        number = values[f"stack.{service}.port"]
        other = next((known for known, taken in ports.items() if taken == number), None)
        if other is not None:
            raise ConfigurationError(
                f"[stack.{service}] and [stack.{other}] have the same port {number}",
                hint=f"give one of them another: port = {number + 1}",
            )
        ports[service] = number
    cluster = Cluster(*(values[f"stack.{key}"] for key in ("concurrency", "queue", "scan_limit")))
    return StackSettings(values["stack.idle_stop"], cluster, capacity, ports)


_WITH = {"embedded": ("local", "local"), "trino": ("hive", "s3")}
"""Each engine's catalog and storage: they read and write the same tables or none."""


def _check_together(values: Mapping[str, Any]) -> None:
    engine = values["engine.type"]
    for key, wanted in zip(("catalog.type", "storage.type"), _WITH[engine], strict=True):
        if values[key] not in (None, wanted):
            raise ConfigurationError(
                f"{key} = {values[key]!r} does not go with engine.type = {engine!r}",
                hint=f"leave {key} out of {FILE}, or make it {wanted!r}",
            )

    if values["ledger.type"] == "sqlite" and values["ledger.url"] is not None:
        raise ConfigurationError(
            "ledger.url is of a MySQL server, and ledger.type is 'sqlite'",
            hint=f'set type = "mysql" in [ledger] of {FILE}, or leave url out',
        )


def _from_environment(variable: str, raw: str, key: Key) -> Any:
    try:
        return key.read(raw)
    except ValueError as error:
        raise ConfigurationError(
            f"{variable}={raw!r} is not right", hint=f"it must be {error}"
        ) from error
