"""The composition root: opens the adapters that a lake's settings name, each when first needed.

In: a folder. Out: ports. Everything that a command or a screen works with comes from here, and
nowhere else is an adapter chosen.
"""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from decimal import Decimal
from functools import cached_property, partial
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Protocol, Self, TypeVar

from lakeshell.definitions.connections import Connections
from lakeshell.errors import UsageError, command_line
from lakeshell.folder import STATE
from lakeshell.ports import Catalog, Engine, Ledger, Session, Source
from lakeshell.settings import Settings, read

if TYPE_CHECKING:
    from lakeshell.cost.prices import ComputePrices
    from lakeshell.crawl.run import Survey
    from lakeshell.definitions.crawlers import Crawlers
    from lakeshell.definitions.jobs import Jobs
    from lakeshell.definitions.library import Library
    from lakeshell.definitions.saved import SavedQueries
    from lakeshell.definitions.workgroups import Workgroups
    from lakeshell.engine.trino.cluster import TrinoCluster
    from lakeshell.etl.job import Job
    from lakeshell.etl.run import Workshop
    from lakeshell.ledger.late import LateRecords
    from lakeshell.ledger.ledger import SqlLedger
    from lakeshell.model import RunRecord
    from lakeshell.query.budgets import Standing
    from lakeshell.query.completion import Vocabulary
    from lakeshell.query.order import Services
    from lakeshell.query.results import Results
    from lakeshell.runtime.place import Place
    from lakeshell.stack.services import Service
    from lakeshell.stack.stack import Stack
    from lakeshell.store.iceberg import IcebergStore
    from lakeshell.store.s3 import S3Files
    from lakeshell.workgroup import Workgroup


class _Closing(Protocol):
    def close(self) -> None: ...


class Runtime(Protocol):
    """Which adapters stand behind the ports. Each method opens one; who calls it closes it."""

    engine_name: str

    def catalog(self) -> Catalog: ...
    def store(self) -> IcebergStore: ...
    def engine(
        self,
        catalog: Callable[[], Catalog],
        store: Callable[[], IcebergStore],
        open_source: Callable[[str], Source],
    ) -> Engine: ...


_Adapter = TypeVar("_Adapter", bound=_Closing)


class Lake:
    """One open lake. A context manager: leaving it closes what was opened.

    `notice` is told what somebody waits for, such as a service that starts.
    """

    def __init__(
        self,
        folder: Path,
        environment: Mapping[str, str],
        notice: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.notice = notice
        self.folder = folder
        self.environment = environment
        self.settings: Settings = read(folder, environment)
        self.state = folder / STATE
        self._close: list[Callable[[], None]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        while self._close:
            self._close.pop()()

    # --- definitions -----------------------------------------------------------------------

    @cached_property
    def connections(self) -> Connections:
        return Connections(self.folder / "connections")

    @cached_property
    def crawlers(self) -> Crawlers:
        from lakeshell.definitions.crawlers import Crawlers

        return Crawlers(self.folder / "crawlers")

    @cached_property
    def jobs(self) -> Jobs:
        from lakeshell.definitions.jobs import Jobs

        return Jobs(self.folder / "jobs")

    @cached_property
    def workgroups(self) -> Workgroups:
        from lakeshell.definitions.workgroups import Workgroups

        return Workgroups(self.folder / "workgroups", on_cluster=self.settings.engine == "trino")

    @cached_property
    def saved(self) -> SavedQueries:
        from lakeshell.definitions.saved import SavedQueries

        return SavedQueries(self.folder / "queries")

    @cached_property
    def library(self) -> Library:
        """The saved queries with their versions."""
        from lakeshell.definitions.library import Library

        return Library(self.saved, lambda: self.ledger, self.user, self.check_member)

    def remove_connection(self, name: str) -> str:
        """Gives its name as it was spelled. Raises `UsageError` while a crawler reads it."""
        spelled = self.connections.known(name).stem
        readers = self.crawlers.of(spelled)
        if readers:
            raise UsageError(
                f"the connection {spelled!r} is read by {', '.join(readers)}",
                hint=f"remove that first: {command_line('crawler', 'rm', readers[0])}",
            )
        self.connections.remove(spelled)
        return spelled

    def remove_workgroup(self, name: str) -> str:
        """Gives what stays of it, in words. Raises `UsageError` while something runs in it."""
        from lakeshell.definitions.workgroups import BUILT_IN

        if name not in BUILT_IN:
            self.workgroups.known(name)
            jobs = [job.name for job in self.jobs.each(lambda error: None) if job.workgroup == name]
            if jobs:
                raise UsageError(
                    f"jobs run in the workgroup {name!r}: {', '.join(jobs)}",
                    hint="have them run in another: "
                    + command_line("job", "set", jobs[0], "--workgroup", "NAME"),
                )
            if name == self.settings.workgroup:
                raise UsageError(
                    f"{name!r} is the workgroup of commands that name none",
                    hint="name another in [query] of lakeshell.toml",
                )
        self.workgroups.remove(name)
        saved = len(self.saved.names(name))
        if not saved:
            return "its history stays"
        return (
            f"its history stays, and {saved} saved quer{'y' if saved == 1 else 'ies'} in "
            f"{self.saved.folder.name}/{name}"
        )

    # --- adapters --------------------------------------------------------------------------

    @cached_property
    def place(self) -> Place:
        from lakeshell.runtime.place import Place

        return Place(
            self.folder, self.state, self._known_secrets(), self.settings, self.connections
        )

    def _known_secrets(self) -> Mapping[str, str]:
        """The environment, and below it the passwords of the lake's own stack: a connection to one
        of its services names them as any other variable."""
        from lakeshell.stack.installation import is_installed, open_installation

        if not is_installed(self.state):
            return self.environment
        return {**open_installation(self.state).secrets, **self.environment}

    @cached_property
    def runtime(self) -> Runtime:
        if self.settings.engine == "trino":
            from lakeshell.runtime.stack import StackRuntime

            return StackRuntime(self.place, self.notice)
        from lakeshell.runtime.embedded import EmbeddedRuntime

        return EmbeddedRuntime(self.place)

    @cached_property
    def catalog(self) -> Catalog:
        return self._opened(self.runtime.catalog())

    @cached_property
    def store(self) -> IcebergStore:
        return self.runtime.store()

    @property
    def ledger(self) -> Ledger:
        return self.sql_ledger

    @cached_property
    def sql_ledger(self) -> SqlLedger:
        """The ledger, with the database that it is in."""
        from lakeshell.runtime.ledgers import open_ledger

        opened = self._opened(open_ledger(self.place, self.notice))
        self.late.bring(opened)
        return opened

    @cached_property
    def late(self) -> LateRecords:
        """Where records wait that the ledger did not take."""
        from lakeshell.ledger.late import LateRecords

        return LateRecords(self.state / "late")

    @cached_property
    def engine(self) -> Engine:
        made = self.runtime.engine(lambda: self.catalog, lambda: self.store, self.source)
        return self._opened(made)

    def source(self, name: str) -> Source:
        """Opens the source of a connection; the caller closes it."""
        from lakeshell.runtime.sources import open_source

        connection = self.connections.get(name)
        if self.settings.stack.idle_stop > 0:
            from lakeshell.runtime.installed import wake_source

            wake_source(self.place, connection, self.notice)
        return open_source(self.place, connection)

    @cached_property
    def stack(self) -> Stack:
        """The services of this lake's own stack, running or not, whatever its engine is."""
        from lakeshell.runtime.installed import open_stack

        return open_stack(self.place)

    def asleep(self) -> frozenset[Service]:
        """Those of its own services that do not answer now, all before they are installed, none of a
        lake without. Looking is no use of a service, and wakes none."""
        from lakeshell.stack.services import PORTS

        if not self.has_stack:
            return frozenset()
        up = self.stack.is_installed
        return frozenset(each for each in PORTS if not (up and self.stack.answers(each)))

    def catalog_sleeps(self) -> bool:
        """Whether opening the catalog would have to start a service."""
        from lakeshell.stack.services import Service, with_needs

        own = self.is_on_own_stack and self.settings.metastore is None
        return own and not self.asleep().isdisjoint(with_needs((Service.METASTORE,)))

    @property
    def has_stack(self) -> bool:
        """Whether the lake runs on its own stack, or has one beside another engine."""
        return self.is_on_own_stack or self.stack.is_installed

    def trino_has(self, scheme: str) -> bool:
        """Whether the lake's own Trino reads connections of that kind: a changed one reaches it
        by `stack.refresh`, which restarts it."""
        return self.is_on_own_stack and scheme != "sqlite" and self.stack.is_installed

    # --- services of the verbs -------------------------------------------------------------

    @cached_property
    def services(self) -> Services:
        """What queries are run with."""
        from lakeshell.cost.prices import query_prices
        from lakeshell.query.order import Services
        from lakeshell.query.turns import Turns

        settings = self.settings
        embedded = settings.engine == "embedded"
        return Services(
            engine=lambda: self.engine,
            ledger=self.ledger,
            workgroup=self.workgroups.get,
            prices=query_prices(settings.query_prices, settings.per_tb, settings.currency),
            engine_name=self.runtime.engine_name,
            results=self.results,
            history_keep=settings.history_keep,
            turns=Turns(self.state / "turns", settings.concurrency) if embedded else None,
            announce=self._spent_more,
            late=self.late,
            notice=self.notice,
            words=lambda database: self.words(database)[0],
        )

    def words(self, *databases: str | None) -> Sequence[Vocabulary]:
        """The names that statements of this user may use in a session in each of `databases`."""
        from lakeshell.runtime.words import words_of
        from lakeshell.workgroup import closed_to

        closed = closed_to(self.workgroups.all(), self.user)
        return words_of(self.catalog, databases, closed)

    @cached_property
    def results(self) -> Results:
        from lakeshell.query.results import Results

        settings = self.settings
        folder = self.state / "results"
        return Results(
            folder,
            settings.results_keep,
            settings.results_max_size,
            settings.results_max_total,
            self.folder,
            files=lambda: self.object_storage,
        )

    @cached_property
    def object_storage(self) -> S3Files:
        """The stack's, or the one that the settings name, whatever the engine is."""
        from lakeshell.runtime.stack import object_storage

        return object_storage(self.place, self.notice)

    @cached_property
    def workshop(self) -> Workshop:
        """What jobs are run with."""
        from lakeshell.etl.run import Workshop

        return Workshop(
            catalog=lambda: self.catalog,
            store=lambda: self.store,
            engine=lambda: self.engine,
            ledger=self.ledger,
            open_source=self.source,
            run_sql=self._run_sql,
            logs=self.state / "logs",
            locks=self.state / "locks",
            price=lambda job, seconds: self._run_price(seconds, "job", job.dpu),
            user=self.user,
            late=self.late,
        )

    @cached_property
    def survey(self) -> Survey:
        """What crawlers are run with."""
        from lakeshell.crawl.run import Survey

        return Survey(
            catalog=lambda: self.catalog,
            ledger=lambda: self.ledger,
            open_source=self.source,
            classification=lambda name: self.connections.get(name).scheme,
            price=lambda seconds: self._run_price(seconds, "crawler"),
            locks=self.state / "locks",
            user=self.user,
            late=self.late,
        )

    def _run_sql(
        self, job: Job, script: str, parameters: Mapping[str, str], say: Callable[[str], None]
    ) -> int:
        from lakeshell.query.script import run_script

        session = self.session(job.workgroup, source=f"job:{job.name}")
        return run_script(script, parameters, session, self.services, say)

    @cached_property
    def compute_prices(self) -> ComputePrices:
        """What a run and a service's hour cost."""
        from lakeshell.cost.prices import compute_prices

        settings = self.settings
        return compute_prices(settings.compute_prices, settings.per_dpu_hour, settings.currency)

    def _run_price(self, seconds: float, kind: str, dpu: int = 1) -> tuple[Decimal, str]:
        from lakeshell.cost.prices import run_cost

        prices = self.compute_prices
        return run_cost(seconds, prices, kind=kind, dpu=dpu), prices.currency

    def announce(self, group: Workgroup, standings: Sequence[Standing]) -> Sequence[str]:
        """Keeps in the ledger that budgets warn or stop, and runs the workgroup's command, once
        for each; gives what is new."""
        from lakeshell.query.alarms import announce, run_command

        run = partial(
            run_command,
            currency=self.services.prices.currency,
            log=self.state / "logs" / "notify.log",
        )
        return announce(group, standings, self.services, run)

    def _spent_more(self, group: Workgroup) -> None:
        from lakeshell.query.budgets import Level
        from lakeshell.query.limits import standing

        found = standing(self.services, group)
        self.announce(group, found)
        for budget in found:
            if budget.level is not Level.OK:
                self.notice(f"warning: {budget.said(self.services.prices.currency)}")

    @property
    def cluster(self) -> TrinoCluster | None:
        """The Trino whose queries can be watched, None where there is none. Wakes nothing."""
        own = self.settings.trino.url is None
        if not self.stack.is_installed if own else self.settings.engine != "trino":
            return None
        from lakeshell.engine.trino.cluster import TrinoCluster
        from lakeshell.runtime.stack import StackRuntime

        return self._opened(TrinoCluster(StackRuntime(self.place, self.notice).address(wake=False)))

    def may_use(self, workgroup: str) -> bool:
        """Whether this user is a member; false for a workgroup that is no more."""
        return workgroup in self.workgroups.names() and self.workgroups.get(workgroup).admits(
            self.user
        )

    def check_member(self, workgroup: str) -> None:
        """Raises `UsageError` for a workgroup that is not, or that this user is no member of."""
        self.workgroups.get(workgroup).admit(self.user)

    @property
    def is_on_own_stack(self) -> bool:
        return self.settings.engine == "trino" and self.settings.trino.url is None

    # --- who and what ----------------------------------------------------------------------

    @cached_property
    def user(self) -> str:
        with suppress(KeyError, OSError):
            return self.environment.get("LAKESHELL_USER") or getpass.getuser()
        return f"user@{socket.gethostname()}"

    def last_run(self, kind: str, name: str) -> RunRecord | None:
        """Of a job or crawler; None of one that never ran."""
        return next(iter(self.ledger.runs(kind, name, 1)), None)

    def session(self, workgroup: str | None = None, source: str = "lakeshell") -> Session:
        """A new session of this user, with the defaults of the settings and the workgroup."""
        group = self.workgroups.get(workgroup or self.settings.workgroup)
        return Session(
            user=self.user,
            workgroup=group.name,
            source=source,
            database=group.database or self.settings.database,
            properties=dict(group.properties),
            time_zone=self.settings.time_zone,
        )

    def _opened(self, adapter: _Adapter) -> _Adapter:
        self._close.append(adapter.close)
        return adapter
