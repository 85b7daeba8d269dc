"""The services of a stack: what each is for, its port, image and capacity. Values only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from lakeshell.stack.groups import Cluster

MB = 2**20


class Service(StrEnum):
    """Named as in the compose file."""

    CONTROL = "control"
    MYSQL = "mysql"
    MINIO = "minio"
    METASTORE = "metastore"
    TRINO = "trino"
    WORKER = "worker"


NEEDS: Mapping[Service, tuple[Service, ...]] = {
    Service.CONTROL: (),
    Service.MYSQL: (),
    Service.MINIO: (),
    Service.METASTORE: (Service.CONTROL, Service.MINIO),
    Service.TRINO: (Service.CONTROL, Service.MINIO, Service.METASTORE),
    Service.WORKER: (Service.TRINO,),
}
"""What has to run before a service can; the order of the keys is one to start them in."""

PURPOSE: Mapping[Service, str] = {
    Service.CONTROL: "what the lake itself needs: the Metastore's tables, limits, events, the ledger",
    Service.MYSQL: "the source database",
    Service.MINIO: "object storage",
    Service.METASTORE: "the catalog",
    Service.TRINO: "the engine",
    Service.WORKER: "more of the engine",
}


@dataclass(frozen=True, slots=True)
class Capacity:
    """Memory in bytes: `memory_min` is kept for the service, `memory_max` is all that it gets.
    `cpus` is the most it may use, in cores."""

    memory_min: int
    memory_max: int
    cpus: float


CAPACITY: Mapping[Service, Capacity] = {
    Service.CONTROL: Capacity(64 * MB, 512 * MB, 2),
    Service.MYSQL: Capacity(64 * MB, 1024 * MB, 2),
    Service.MINIO: Capacity(64 * MB, 1024 * MB, 2),
    Service.METASTORE: Capacity(128 * MB, 768 * MB, 2),
    Service.TRINO: Capacity(512 * MB, 2560 * MB, 2),
    Service.WORKER: Capacity(512 * MB, 2560 * MB, 2),
}
PORTS: Mapping[Service, int] = {
    Service.CONTROL: 3307,
    Service.MYSQL: 3306,
    Service.MINIO: 9000,
    Service.METASTORE: 9083,
    Service.TRINO: 8080,
}


@dataclass(frozen=True, slots=True)
class StackSettings:
    """The `[stack]` of a lake's settings. `idle_stop` in seconds, 0 keeps every service running;
    `cluster` is what all queries of Trino together may do."""

    idle_stop: int = 0
    cluster: Cluster = field(default_factory=Cluster)
    capacity: Mapping[Service, Capacity] = field(default_factory=lambda: CAPACITY)
    ports: Mapping[Service, int] = field(default_factory=lambda: PORTS)


def with_needs(wanted: Mapping[Service, object] | tuple[Service, ...]) -> tuple[Service, ...]:
    """The services and what they need, in an order to start them in."""
    found: set[Service] = set()

    def add(service: Service) -> None:
        found.add(service)
        for needed in NEEDS[service]:
            add(needed)

    for service in wanted:
        add(service)
    return tuple(service for service in Service if service in found)
