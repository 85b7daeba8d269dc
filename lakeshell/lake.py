"""The composition root: opens the adapters that a lake's settings name, each when first needed.

In: a folder. Out: ports. Everything that a command or a screen works with comes from here, and
nowhere else is an adapter chosen.
"""

from __future__ import annotations

import getpass
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from lakeshell.definitions.connections import Connection, Connections
from lakeshell.errors import ConfigurationError, UsageError
from lakeshell.ports import Catalog, Engine, Ledger, Session, Source, TableStore
from lakeshell.settings import FILE, Settings, read

if TYPE_CHECKING:
    from lakeshell.definitions.crawlers import Crawlers
    from lakeshell.definitions.jobs import Jobs
    from lakeshell.definitions.workgroups import Workgroups

STATE = ".lakeshell"

_TEMPLATE = """\
# A Lakeshell lake. Definitions beside this file are text for git; .lakeshell/ is state and is not.
# Every key can be left out. The same settings as variables: LAKESHELL_ENGINE_MEMORY_LIMIT=4GB

[engine]
type = "embedded"        # DuckDB, in this process; SQL is Trino's
# memory_limit = "4GB"   # most memory of a query
# threads = 0            # 0 takes every core

[query]
workgroup = "primary"    # when a command names none

[prices]
query = "athena"         # 5.00 USD per TB scanned; or "self-hosted" with per_tb below
compute = "glue"         # 0.44 USD per DPU-hour; or "glue-2019", "self-hosted"
# per_tb = 1.20
# per_dpu_hour = 0.10

[results]
keep = "7d"              # how long results can be opened again
"""


def find_lake(flag: str | None, environment: Mapping[str, str], here: Path) -> Path:
    """The lake that a command works on; made only when it is the default one.

    Raises `UsageError` for a folder that is no lake.
    """
    named = flag or environment.get("LAKESHELL_LAKE")
    if named:
        folder = Path(named).expanduser()
        if not (folder / FILE).is_file():
            raise UsageError(
                f"{folder} is not a lake: it has no {FILE}",
                hint=f"make it one: lakeshell init {folder}",
            )
        return folder.resolve()
    for folder in (here, *here.parents):
        if (folder / FILE).is_file():
            return folder
    default = default_lake(environment)
    make_lake(default)
    return default


def default_lake(environment: Mapping[str, str]) -> Path:
    data = environment.get("XDG_DATA_HOME") or str(Path("~/.local/share").expanduser())
    return Path(data) / "lakeshell" / "lake"


def make_lake(folder: Path) -> bool:
    """Makes the folder a lake; False when it was one, which is left as it is."""
    from lakeshell.definitions.schema import write

    if (folder / FILE).exists():
        return False
    try:
        for name in ("connections", "crawlers", "jobs", "workgroups", "queries"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        (folder / STATE).mkdir(exist_ok=True)
        if not (folder / ".gitignore").exists():
            write(folder / ".gitignore", f"{STATE}/\n")
        write(folder / FILE, _TEMPLATE)
    except OSError as error:
        raise UsageError(
            f"{folder} cannot be made a lake: {error.strerror or error}",
            hint="choose a folder that you may write to",
        ) from error
    return True


class Lake:
    """One open lake. A context manager: leaving it closes what was opened."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
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

        return Workgroups(self.folder / "workgroups")

    # --- adapters --------------------------------------------------------------------------

    @cached_property
    def user(self) -> str:
        with suppress(KeyError, OSError):
            return self.environment.get("LAKESHELL_USER") or getpass.getuser()
        return f"user@{socket.gethostname()}"
