"""Scale to zero: which services nobody used for so long that they are stopped.

In: what each service counts of its own use, taken again and again. Out: the services to stop now.
Use by any client counts; health checks, probes and the counting itself do not. A service is kept
while one that needs it runs. What those asked of it was use too: `control`, which Trino asks for
its limits every second, goes one period after Trino.
"""

from __future__ import annotations

import http.client
import json
import re
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lakeshell.errors import LakeshellError
from lakeshell.locking import Held
from lakeshell.stack import backup
from lakeshell.stack.compose import Compose
from lakeshell.stack.control import cursor
from lakeshell.stack.installation import FOLDER, Installation
from lakeshell.stack.services import NEEDS, PORTS, Service

if TYPE_CHECKING:
    from lakeshell.stack.stack import Stack


@dataclass(frozen=True, slots=True)
class Use:
    """`count` rises with every use and with nothing else; `busy` while one is under way."""

    count: int
    busy: bool = False


@dataclass(slots=True)
class Watch:
    """Remembers when each service was last used, in seconds of the clock that is passed in."""

    idle_stop: float
    last: dict[Service, float] = field(default_factory=dict)
    counts: dict[Service, int] = field(default_factory=dict)

    def observe(self, now: float, seen: Mapping[Service, Use]) -> None:
        """What the running services counted. One seen for the first time was used just now."""
        for service in set(self.last) - set(seen):
            del self.last[service], self.counts[service]
        for service, use in seen.items():
            if use.busy or self.counts.get(service) != use.count:
                self.last[service] = now
            self.counts[service] = use.count

    def used(self, service: Service, when: float) -> None:
        """A use that the service itself does not count (yet): a command is about to need it."""
        if service in self.last:
            self.last[service] = max(self.last[service], when)

    def due(self, now: float) -> Sequence[Service]:
        """Those to stop now, the ones that need others first."""
        if self.idle_stop <= 0:
            return []
        stopping: list[Service] = []
        for service in reversed(Service):
            if service not in self.last:
                continue
            needed = any(
                service in NEEDS[other] and other not in stopping
                for other in self.last
                if other is not service
            )
            if not needed and now - self.last[service] >= self.idle_stop:
                stopping.append(service)
        return stopping


# --- what services count -------------------------------------------------------------------


def uses(compose: Compose, running: Collection[Service]) -> Mapping[Service, Use]:
    """Of the running services; one that does not answer is left out, and so is not stopped."""
    found = {}
    for service in running:
        if service not in PORTS:
            continue
        try:
            found[service] = _COUNTERS[service](compose)
        except (OSError, http.client.HTTPException, ValueError, LakeshellError):
            continue
    return found


def _trino(compose: Compose) -> Use:
    """Queries since its start. The list is of queries of every client, and asking for it is none."""
    port = compose.installation.port(Service.TRINO)
    queries = json.loads(_get(port, "/v1/query", {"X-Trino-User": "lakeshell"}))
    # The list forgets old ones, so its length says nothing; their ids rise.
    latest = max((_number(query["queryId"]) for query in queries), default=0)
    busy = any(query["state"] not in ("FINISHED", "FAILED") for query in queries)
    return Use(latest, busy)


def _number(query_id: str) -> int:
    """`20261126_012959_00026_j8m3s` as 2026112601295900026."""
    return int("".join(re.findall(r"\d+", query_id.rpartition("_")[0])))


def _minio(compose: Compose) -> Use:
    """Calls of S3; health checks are none."""
    port = compose.installation.port(Service.MINIO)
    text = _get(port, "/minio/v2/metrics/node", {}).decode()
    calls = re.findall(r"^minio_s3_requests_total\{.*\} (\S+)$", text, re.M)
    under_way = re.findall(r"^minio_s3_requests_inflight_total\{.*\} (\S+)$", text, re.M)
    return Use(int(sum(map(float, calls))), sum(map(float, under_way)) > 0)


def _metastore(compose: Compose) -> Use:
    """Calls of Thrift, of which it writes a report every few seconds."""
    report = json.loads(compose.run("exec", "-T", "metastore", "cat", "/tmp/metrics.json"))
    calls = {name: timer["count"] for name, timer in report["timers"].items()}
    return Use(sum(n for name, n in calls.items() if name.startswith("api_")))


def _mysql(service: Service) -> Callable[[Compose], Use]:
    def counted(compose: Compose) -> Use:
        return _statements(compose.installation, service)

    return counted


_OWN = 4
"""Statements that a look counts as: two to begin a session, the two below."""
_LOOKING = 1
"""Of those that run, the look itself."""


def _statements(installation: Installation, service: Service) -> Use:
    """Statements of other sessions: the counter of all less what our own looks added."""
    with cursor(installation, service) as sql:
        sql.execute("SHOW GLOBAL STATUS LIKE 'Questions'")
        _, total = sql.fetchone() or ("", 0)
        # The view of it fails while anybody's statement has a character beyond the first 65,536.
        sql.execute("SHOW PROCESSLIST")
        busy = sum(command == "Query" for _, _, _, _, command, *_ in sql.fetchall())
    looks = _looks.get((installation.project, service), 0)
    _looks[installation.project, service] = looks + 1
    return Use(int(total) - looks * _OWN, busy > _LOOKING)


_looks: dict[tuple[str, Service], int] = {}
_COUNTERS: Mapping[Service, Callable[[Compose], Use]] = {
    Service.CONTROL: _mysql(Service.CONTROL),
    Service.MYSQL: _mysql(Service.MYSQL),
    Service.MINIO: _minio,
    Service.METASTORE: _metastore,
    Service.TRINO: _trino,
}


def _get(port: int, path: str, headers: Mapping[str, str]) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", path, headers=dict(headers))
        response = connection.getresponse()
        body = response.read()
    finally:
        connection.close()
    if response.status != 200:
        raise OSError(f"{path} answers {response.status}")
    return body


class Keeper:
    """Looks at a stack from time to time and stops what is due."""

    def __init__(self, stack: Stack, clock: Callable[[], float] = time.time) -> None:
        self._stack = stack
        self._clock = clock
        self._watch = Watch(stack.settings.idle_stop)

    def act(self) -> str:
        """What was stopped, in words; empty for nothing."""
        compose = self._stack.compose
        running = compose.running()
        self._watch.observe(self._clock(), uses(compose, running))
        for service in running:
            self._watch.used(service, self._stack.needed_at(service))
        due = list(self._watch.due(self._clock()))
        if not due:
            return ""
        if Service.TRINO in due and Service.WORKER in running:
            due.insert(0, Service.WORKER)
        try:
            with backup.alone(self._stack.state / FOLDER, disturbing=True), self._stack.alone():
                compose.stop(due)
        except (backup.UnderWay, Held):
            # What others do to the services may need them, and is use when it is looked at again.
            return ""
        return f"stopped {', '.join(due)}, unused for {self._watch.idle_stop:.0f} seconds"
