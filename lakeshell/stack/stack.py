"""One lake's stack: brought up, down, started and stopped, waited for.

In: the lake's `.lakeshell`, its `[stack]`, its connections. Out: services that answer. Every step
may be done again, so an `up` that was cut off is mended by the next.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from lakeshell.errors import ConfigurationError, LakeshellError, NotFound, TimedOut, UsageError
from lakeshell.locking import locked
from lakeshell.stack import control, docker, images, probe, trino
from lakeshell.stack.compose import Compose
from lakeshell.stack.enforce import Enforcement
from lakeshell.stack.installation import (
    FOLDER,
    Installation,
    install,
    is_installed,
    open_installation,
)
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
CONFIGURATION = "TRINO_CONFIGURATION"
"""The value of `stack.env` that the compose file makes a label of Trino's containers."""
ENDED = ("exited", "dead", "restarting")
PATIENCE = 3
"""Times, seconds apart, that a service is found ended before it is given up."""
RESTORE = "bring it back: lakeshell stack restore mysql"
"""The command that mends a source database which was removed."""
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
        with self.alone(reporter):
            before = open_installation(self.state) if self.is_installed else None
            image = before.image(Service.TRINO) if before is not None else ""
            built = image == images.BUILT[Service.TRINO]
            chosen = images.chosen(build_all=build_all or built)
            if workers is None:
                workers = before.workers if before is not None else 0
            images.provide(chosen, self.files, self.state / FOLDER / "build", reporter)
            self.installation = install(self.state, self.settings, chosen, workers)
            self._configure()
            self._start(ALL, reporter)
            if workers or (before is not None and before.workers):
                # Those that are too many go.
                self.compose.up([Service.WORKER])
                self._wait_for_nodes(1 + workers, reporter)

    def down(self, reporter: Reporter, *, volumes: bool = False) -> None:
        """Removes the containers; the data stays unless `volumes`."""
        with self.alone(reporter):
            reporter.step("stopping and removing containers")
            self.compose.down(volumes=volumes)

    # --- single services -------------------------------------------------------------------

    def start(self, services: Collection[Service], reporter: Reporter) -> None:
        """Starts the services and what they need, and waits until each answers."""
        self._check_workers(services)
        with self.alone(reporter):
            self._start(with_needs(tuple(services)), reporter)
            if Service.WORKER in services:
                self._wait_for_nodes(1 + self.installation.workers, reporter)

    def _start(self, wanted: Sequence[Service], reporter: Reporter) -> None:
        self.compose.unpause(wanted)
        self._check_ports(wanted)
        first = [service for service in wanted if service in FIRST]
        later = [service for service in wanted if service not in FIRST]
        reporter.step(f"starting {', '.join(first)}")
        self.compose.up(first)
        self._wait(first, reporter)
        for service in filter(self.is_removed, first):
            reporter.warn(f"{service} was removed after a backup and is empty now; {RESTORE}")
            self.forget_removed(service)
        self._prepare(first)
        if not later:
            return
        if Service.TRINO in later and Service.WORKER not in later and self.installation.workers:
            later.append(Service.WORKER)
        reporter.step(f"starting {', '.join(later)}")
        self.compose.up([service for service in later if service is not Service.METASTORE])
        if Service.METASTORE in later:
            self._start_metastore(reporter)
        self._wait([service for service in later if service in PORTS], reporter)
        if Service.TRINO in later:
            self._enforce(reporter)
            self._wait_for_work()

    def stop(self, services: Collection[Service], reporter: Reporter) -> None:
        """Stops just these; their memory is given back, their data stays."""
        self._check_workers(services)
        with self.alone(reporter):
            reporter.step(f"stopping {', '.join(services)}")
            self.compose.stop(services)

    def remove(self, service: Service, reporter: Reporter) -> None:
        """Its container and its data, after a backup. Only who asks for it starts it again, empty."""
        with self.alone(reporter):
            reporter.step(f"removing {service}")
            self._mark("removed", service).touch()
            self.compose.remove(service)

    def is_removed(self, service: Service) -> bool:
        """Whether it was removed after a backup, and not started or restored since."""
        return self.is_installed and self._mark("removed", service).exists()

    def forget_removed(self, service: Service) -> None:
        self._mark("removed", service).unlink(missing_ok=True)

    def ensure(self, services: Collection[Service], reporter: Reporter) -> bool:
        """Starts what does not answer of the services and their needs; whether anything had to be.
        Costs a few milliseconds when all answer. Raises `NotFound` for one that was removed: empty,
        it would tell a crawler that every table is gone."""
        wanted = with_needs(tuple(services))
        for service in wanted:
            self._mark("needed", service).touch()
        missing = [service for service in wanted if not self.answers(service)]
        for service in missing:
            if self.is_removed(service):
                raise NotFound(f"{service} was removed after a backup", hint=RESTORE)
        if missing:
            self.start(services, reporter)
        return bool(missing)

    def needed_at(self, service: Service) -> float:
        """When a command last needed the service, in seconds since 1970; 0 for never."""
        mark = self._mark("needed", service)
        return mark.stat().st_mtime if mark.exists() else 0.0

    def _mark(self, what: str, service: Service) -> Path:
        return self.installation.folder / f".{what}-{service}"

    def answers(self, service: Service) -> bool:
        return probe.version(service, self.installation.port(service)) is not None

    def refresh(self, reporter: Reporter) -> bool:
        """Gives Trino the catalogs of the connections as they are now, which restarts it; whether it
        had to. One that does not run has them when it starts."""
        with self.alone(reporter):
            self.installation = open_installation(self.state)
            self._configure()
            wanted = self.installation.values[CONFIGURATION]
            found = [c for c in self.compose.containers() if c.service is Service.TRINO and c.runs]
            # What the container was made with, not what was written last: a restart that was cut off
            # is made up for.
            stale = any(container.configuration != wanted for container in found)
            if stale:
                self._start(with_needs((Service.TRINO,)), reporter)
            return stale

    def configuration(self) -> trino.Configuration:
        """What Trino should be given by the settings and connections of now."""
        templates = self.files / "trino"
        return trino.configuration(self.installation, self.settings, templates, self._remotes())

    @contextmanager
    def alone(self, reporter: Reporter | None = None) -> Iterator[None]:
        """One process at a time changes the services; without a reporter raises `Held` while another
        does. Not to be held twice."""
        text = "waiting for another command that changes these services"
        told = partial(reporter.step, text) if reporter is not None else None
        with locked(self.state / FOLDER / ".lock", waiting=told):
            yield

    # --- steps -----------------------------------------------------------------------------

    def _configure(self) -> None:
        """Writes what the containers read; a changed configuration makes their containers anew."""
        self.enforcement.write_rules()
        made = self.configuration()
        made.write(self.installation.folder)
        self.installation = self.installation.with_values(
            {CONFIGURATION: made.digest, "ACCESS_RULES": str(self.installation.rules)}
        )

    def _check_workers(self, services: Collection[Service]) -> None:
        if Service.WORKER in services and not self.installation.workers:
            raise UsageError("this stack has no workers", hint="lakeshell stack up --workers 2")

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
        """Until each answers, and Trino takes queries; says at each answer who is still awaited."""
        waiting: list[Service] = []
        ended: Counter[Service] = Counter()
        until = time.monotonic() + WAIT
        looked = time.monotonic()
        while True:
            before, waiting = (
                waiting,
                [each for each in waiting or services if not self.answers(each)],
            )
            if not waiting:
                return
            if waiting != before:
                reporter.step(f"waiting for {', '.join(waiting)}")
            reporter.advance(len(services) - len(waiting), len(services), "services")
            if time.monotonic() - looked > 5:
                self._count_ended(waiting, ended)
                looked = time.monotonic()
            if time.monotonic() > until:
                raise TimedOut(
                    f"{waiting[0]} does not answer {WAIT:.0f} seconds after its start",
                    hint=f"see why: lakeshell stack logs {waiting[0]}",
                )
            time.sleep(_POLL)

    def _wait_for_nodes(self, count: int, reporter: Reporter) -> None:
        """Until Trino gives work to all of them; one that left counts on for some seconds."""
        reporter.step(f"waiting for {count - 1} workers")
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

    def _count_ended(self, waiting: Sequence[Service], ended: Counter[Service]) -> None:
        """Raises `ServiceDied` for one that ended for good, or again and again: on a busy machine one
        gives up on what it needs, and Docker starts it anew."""
        for container in self.compose.containers():
            if container.service not in waiting or container.state not in ENDED:
                continue
            ended[container.service] += 1
            if container.state != "restarting" or ended[container.service] == PATIENCE:
                raise ServiceDied(
                    f"{container.service} ended with {container.exit_code} while starting",
                    hint=f"see why: lakeshell stack logs {container.service}",
                )


class ServiceDied(LakeshellError):
    pass
