"""One lake's stack: brought up, down, started and stopped, waited for.

In: the lake's `.lakeshell`, its `[stack]`, its connections. Out: services that answer. Every step
may be done again, so an `up` that was cut off is mended by the next.
"""

from __future__ import annotations

import fcntl
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lakeshell.errors import ConfigurationError, LakeshellError, TimedOut
from lakeshell.stack import control, docker, images, probe, trino
from lakeshell.stack.compose import Compose
from lakeshell.stack.enforce import Enforcement
from lakeshell.stack.installation import Installation, install, is_installed, open_installation
from lakeshell.stack.material import stack_files
from lakeshell.stack.services import PORTS, Service, StackSettings, with_needs
from lakeshell.workgroup import Workgroup

if TYPE_CHECKING:
    from lakeshell.ports import Reporter

FIRST = (Service.CONTROL, Service.MYSQL, Service.MINIO)
"""What needs nothing else, and is prepared before the rest starts."""
ALL = (*FIRST, Service.METASTORE, Service.TRINO)
WAIT = 300.0
"""Seconds within which a service must answer after its start."""
_POLL = 0.25
Remotes = Callable[[], Sequence[trino.Remote]]


class Stack:
    def __init__(
        self,
        state: Path,
        settings: StackSettings,
        remotes: Remotes,
        rules: Path,
        workgroups: Callable[[], Sequence[Workgroup]] = tuple,
    ) -> None:
        """`state` is the lake's `.lakeshell`, `rules` its folder of access rules by hand."""
        self.state = state
        self.settings = settings
        self._remotes = remotes
        self.rules = rules
        self._workgroups = workgroups

    @property
    def is_installed(self) -> bool:
        return is_installed(self.state)

    @cached_property
    def installation(self) -> Installation:
        """Raises `NotFound` before the first `up`."""
        return open_installation(self.state)

    @cached_property
    def files(self) -> Path:
        return stack_files()

    @property
    def enforcement(self) -> Enforcement:
        """Of the workgroups, on this installation."""
        return Enforcement(
            self.installation,
            trino.first_rules(self.rules),
            self.settings.cluster,
            self._workgroups,
        )

    @property
    def compose(self) -> Compose:
        return Compose(self.installation, self.files)

    # --- as a whole ------------------------------------------------------------------------

    def up(
        self, reporter: Reporter, *, workers: int | None = None, build_all: bool = False
    ) -> None:
        """Everything runs and answers when this returns. Raises what hinders it."""
        docker.engine_version()
        before = self.installation if self.is_installed else None
        built = before is not None and before.image(Service.TRINO) == images.BUILT[Service.TRINO]
        chosen = images.chosen(build_all=build_all or built)
        if workers is None:
            workers = before.workers if before is not None else 0
        images.provide(chosen, self.files, self.state / "stack" / "build", reporter)
        self.installation = install(self.state, self.settings, chosen, workers)
        self._configure()
        self.start(ALL, reporter)
        if workers or (before is not None and before.workers):
            reporter.step(f"waiting for {workers} workers")
            self.compose.up([Service.WORKER])
            self._wait_for_nodes(1 + workers, reporter)

    def down(self, reporter: Reporter, *, volumes: bool = False) -> None:
        """Removes the containers; the data stays unless `volumes`."""
        reporter.step("stopping and removing containers")
        self.compose.down(volumes=volumes)

    # --- single services -------------------------------------------------------------------

    def start(self, services: Collection[Service], reporter: Reporter) -> None:
        """Starts the services and what they need, and waits until each answers."""
        wanted = with_needs(tuple(services))
        with self._alone():
            self._start(wanted, reporter)

    def _start(self, wanted: Sequence[Service], reporter: Reporter) -> None:
        self._check_ports(wanted)
        first = [service for service in wanted if service in FIRST]
        later = [service for service in wanted if service not in FIRST]
        reporter.step(f"starting {', '.join(first)}")
        self.compose.up(first)
        self._wait(first, reporter)
        self._prepare(first)
        if not later:
            return
        reporter.step(f"starting {', '.join(later)}")
        others = [service for service in later if service is not Service.METASTORE]
        if Service.TRINO in others and self.installation.workers:
            others.append(Service.WORKER)
        self.compose.up(others)
        if Service.METASTORE in later:
            self._start_metastore(reporter)
        reporter.step(f"waiting for {', '.join(later)}")
        self._wait([service for service in later if service in PORTS], reporter)
        if Service.TRINO in later:
            self._enforce(reporter)
            self._wait_for_work()

    def stop(self, services: Collection[Service], reporter: Reporter) -> None:
        """Stops just these; their memory is given back, their data stays."""
        reporter.step(f"stopping {', '.join(services)}")
        with self._alone():
            self.compose.stop(services)

    def ensure(self, services: Collection[Service], reporter: Reporter) -> bool:
        """Starts what does not answer of the services and their needs; whether anything had to be.
        Costs a few milliseconds when all answer."""
        wanted = with_needs(tuple(services))
        for service in wanted:
            self._mark(service).touch()
        missing = [service for service in wanted if not self.answers(service)]
        if missing:
            self.start(services, reporter)
        return bool(missing)

    def needed_at(self, service: Service) -> float:
        """When a command last needed the service, in seconds since 1970; 0 for never."""
        mark = self._mark(service)
        return mark.stat().st_mtime if mark.exists() else 0.0

    def _mark(self, service: Service) -> Path:
        return self.installation.folder / f".needed-{service}"

    def answers(self, service: Service) -> bool:
        return probe.version(service, self.installation.port(service)) is not None

    def refresh(self, reporter: Reporter) -> bool:
        """Gives Trino the catalogs of the connections as they are now, which restarts it; whether
        there was anything to change."""
        before = self.installation.values.get("TRINO_CONFIGURATION")
        self._configure()
        if before == self.installation.values["TRINO_CONFIGURATION"]:
            return False
        if Service.TRINO in self.compose.running():
            self.start([Service.TRINO], reporter)
        return True

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """One process at a time starts and stops services; the lock goes with its holder."""
        with (self.installation.folder / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    # --- steps -----------------------------------------------------------------------------

    def _configure(self) -> None:
        """Writes what the containers read; a changed configuration makes their containers anew."""
        self.enforcement.write_rules()
        digest = trino.write_configuration(
            self.installation, self.settings, self.files / "trino", self._remotes()
        )
        self.installation = self.installation.with_values(
            {"TRINO_CONFIGURATION": digest, "ACCESS_RULES": str(self.installation.rules)}
        )

    def _check_ports(self, services: Iterable[Service]) -> None:
        """Before Docker tries: it would leave containers half made."""
        running = self.compose.running()
        for service in services:
            if service in running or service not in PORTS:
                continue
            if not probe.port_is_free(self.installation.port(service)):
                raise docker.port_taken(self.installation.port(service), service)

    def _prepare(self, first: Collection[Service]) -> None:
        from lakeshell.stack.storage import ObjectStorage

        if Service.CONTROL in first:
            control.prepare(self.installation)
        if Service.MINIO in first:
            ObjectStorage(self.installation).make_buckets()

    def _start_metastore(self, reporter: Reporter) -> None:
        if not control.has_metastore_schema(self.installation):
            reporter.step("making the Metastore's schema")
            control.clear_half_made_schema(self.installation)
            self.compose.once(Service.METASTORE, "init")
        self.compose.up([Service.METASTORE])

    def _wait(self, services: Sequence[Service], reporter: Reporter) -> None:
        """Until each answers, and Trino takes queries."""
        waiting = list(services)
        until = time.monotonic() + WAIT
        looked = time.monotonic()
        while True:
            waiting = [service for service in waiting if not self._serves(service)]
            reporter.advance(len(services) - len(waiting), len(services), "services")
            if not waiting:
                return
            if time.monotonic() - looked > 5:
                self._check_alive(waiting)
                looked = time.monotonic()
            if time.monotonic() > until:
                raise TimedOut(
                    f"{waiting[0]} does not answer {WAIT:.0f} seconds after its start",
                    hint=f"see why: lakeshell stack logs {waiting[0]}",
                )
            time.sleep(_POLL)

    def _wait_for_nodes(self, count: int, reporter: Reporter) -> None:
        """Until Trino gives work to all of them; one that left counts on for some seconds."""
        until = time.monotonic() + WAIT
        while (found := probe.nodes(self.installation.port(Service.TRINO))) != count:
            reporter.advance(found, count, "nodes")
            if time.monotonic() > until:
                raise TimedOut(
                    f"Trino has {found} nodes after {WAIT:.0f} seconds, not {count}",
                    hint="see why: lakeshell stack logs worker",
                )
            time.sleep(_POLL)

    def _wait_for_work(self) -> None:
        """Trino answers some moments before it counts itself among the nodes, and fails queries
        until then. Where it does not let itself be asked, it is taken at its word."""
        until = time.monotonic() + probe.ASKED
        while not probe.nodes(self.installation.port(Service.TRINO)):
            if time.monotonic() > until:
                return
            time.sleep(_POLL)

    def _serves(self, service: Service) -> bool:
        return self.answers(service)

    def _enforce(self, reporter: Reporter) -> None:
        """Trino refuses every query until it has groups. A file that is wrong is no reason to have
        none, once there are some."""
        enforcement = self.enforcement
        try:
            plan = enforcement.plan()
        except ConfigurationError as error:
            if not enforcement.has_groups():
                raise
            reporter.warn(f"workgroups stay as they were: {error.message}")
            return
        enforcement.apply(plan)
        for warning in plan.warnings:
            reporter.warn(warning)

    def _check_alive(self, waiting: Sequence[Service]) -> None:
        for container in self.compose.containers():
            if container.service in waiting and container.state in ("exited", "dead", "restarting"):
                raise ServiceDied(
                    f"{container.service} ended with {container.exit_code} while starting",
                    hint=f"see why: lakeshell stack logs {container.service}",
                )


class ServiceDied(LakeshellError):
    pass
