"""What each service of a stack is like now: state, version, memory, port, for how long.

In: an installation. Out: one `Status` a service. Changes nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum

from lakeshell.errors import LakeshellError
from lakeshell.stack import docker, probe
from lakeshell.stack.compose import Compose, Container
from lakeshell.stack.services import PORTS, Service


class State(StrEnum):
    SERVING = "serving"
    STARTING = "starting"
    FAILING = "failing"
    PAUSED = "paused"
    STOPPED = "stopped"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class Status:
    """`memory` and `memory_max` in bytes, None where it does not run; `uptime` in seconds."""

    service: Service
    state: State
    version: str | None = None
    memory: int | None = None
    memory_max: int | None = None
    port: int | None = None
    uptime: float | None = None


def statuses(compose: Compose, now: datetime) -> Sequence[Status]:
    """Every service in the order of their starting, each worker by itself."""
    containers = compose.containers()
    running = [found for found in containers if found.state in ("running", "restarting")]
    with ThreadPoolExecutor() as pool:
        memory = pool.submit(_memory, [found.id for found in running])
        started = _started([found.id for found in running])
        ports = {service: compose.installation.port(service) for service in PORTS}
        versions = dict(zip(ports, pool.map(probe.version, ports, ports.values()), strict=True))
        used = memory.result()
    found = []
    for service in Service:
        own = [container for container in containers if container.service is service]
        if not own and service is not Service.WORKER:
            found.append(Status(service, State.ABSENT, port=ports.get(service)))
        for container in own:
            version = versions.get(service)
            if version == "":
                version = compose.installation.image(service).rpartition(":")[2]
            bytes_used, bytes_max = used.get(container.id[:12], (None, None))
            since = started.get(container.id[:12])
            found.append(
                Status(
                    service,
                    _state(container, version),
                    version,
                    bytes_used,
                    bytes_max,
                    ports.get(service),
                    (now - since).total_seconds() if since is not None else None,
                )
            )
    return found


def _state(container: Container, version: str | None) -> State:
    if container.paused:
        return State.PAUSED
    if container.state == "restarting" or (container.state != "running" and _crashed(container)):
        return State.FAILING
    if container.state != "running":
        return State.STOPPED
    # A worker has no port of its own here: Trino's coordinator knows it.
    if version is not None or container.service is Service.WORKER:
        return State.SERVING
    return State.STARTING


def _crashed(container: Container) -> bool:
    """Ended by itself: 137 and 143 are the signals that a stop sends."""
    return container.exit_code not in (0, 137, 143)


def _memory(ids: Sequence[str]) -> Mapping[str, tuple[int, int]]:
    """Bytes used and allowed by the first 12 characters of the id. Takes Docker two seconds."""
    if not ids:
        return {}
    found = {}
    for line in docker.run(["stats", "--no-stream", "--format", "{{json .}}", *ids]).splitlines():
        item = json.loads(line)
        used, _, most = item["MemUsage"].partition(" / ")
        found[item["ID"][:12]] = (size(used), size(most))
    return found


def size(written: str) -> int:
    """Bytes of Docker's `657.3MiB`; raises `LakeshellError` for what it never writes."""
    match = re.fullmatch(r"([\d.]+)\s*([KMGT]?)(i?)B", written.strip(), re.I)
    if match is None:
        raise LakeshellError(f"docker reports an unknown size {written!r}", hint="docker stats")
    base = 1024 if match[3] else 1000
    return int(float(match[1]) * base ** ("KMGT".index(match[2].upper()) + 1 if match[2] else 0))


def running_since(compose: Compose) -> Sequence[tuple[Service, str, datetime]]:
    """Each container that runs: its service, its id, and since when."""
    running = [found for found in compose.containers() if found.state == "running"]
    started = _started([found.id for found in running])
    return [
        (found.service, found.id[:12], started[found.id[:12]])
        for found in running
        if found.id[:12] in started
    ]


def _started(ids: Sequence[str]) -> Mapping[str, datetime]:
    if not ids:
        return {}
    form = "{{.Id}} {{.State.StartedAt}}"
    found = {}
    for line in docker.run(["inspect", "--format", form, *ids]).splitlines():
        identifier, _, when = line.partition(" ")
        # Nanoseconds, of which `fromisoformat` takes six digits.
        plain = re.sub(r"(\.\d{6})\d*Z$", r"\1", when).removesuffix("Z")
        found[identifier[:12]] = datetime.fromisoformat(plain).replace(tzinfo=UTC)
    return found
