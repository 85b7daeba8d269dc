"""The walk-through as a list of steps: each is a command of Lakeshell and what it shows.

In: the lake, the scale of the source. Out: the steps, in order. Nothing runs here; the command
line runs them, one by one, exactly as they are printed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from lakeshell.demo.movies import EXCLUDE, INCLUDE
from lakeshell.errors import ExitCode

TABLES = ("film", "category", "film_category", "customer", "rental", "payment")
SCRIPT = Path(__file__).with_name("presentation.sql")


@dataclass(frozen=True, slots=True)
class Step:
    """One command. `title` begins a new chapter and `said` tells what it is for.

    `ends` is the exit code that the step is there to show.
    """

    command: tuple[str, ...]
    title: str = ""
    said: str = ""
    ends: ExitCode = ExitCode.OK


IN_PLACE = """\
SELECT c.name AS category, count(*) AS films,
  avg(f.length) AS minutes
FROM movie_rental.movies_film f
JOIN movie_rental.movies_film_category USING (film_id)
JOIN raw.category c USING (category_id)
GROUP BY c.name ORDER BY films DESC LIMIT 5"""

REVENUE = """\
WITH months AS (
  SELECT month, sum(revenue) AS revenue
  FROM presentation.revenue_by_category_month GROUP BY month)
SELECT month, revenue,
  rpad('', CAST(24 * revenue / max(revenue) OVER () AS bigint), '█') AS chart
FROM months ORDER BY month"""

TOP = """\
SELECT rank, customer, rentals, paid
FROM presentation.top_customers
ORDER BY rank, customer LIMIT 5"""

LATE = """\
SELECT category, rentals, late, late_share
FROM presentation.late_returns
ORDER BY late_share DESC, category LIMIT 5"""

WASTEFUL = "SELECT * FROM raw.payment ORDER BY amount DESC"


@dataclass(frozen=True, slots=True)
class Setting:
    """Where the story takes place. `generate` is what `demo --generate` is given, `address` what
    `connection add` is; `services` make the lake's own run and `end` shows what they can besides."""

    source: str
    generate: tuple[str, ...]
    address: tuple[str, ...]
    init: tuple[str, ...] = ()
    services: Sequence[Step] = ()
    end: Sequence[Step] = ()


def embedded(source: Path) -> Setting:
    """On nothing but Python, with the source in a SQLite file."""
    return Setting("SQLite", (str(source),), (f"sqlite:///{source}",))


def stack(mysql_port: int, *, build_all: bool) -> Setting:
    """On the real services in Docker; their own MySQL is the source."""
    url = f"mysql://root@127.0.0.1:{mysql_port}/movies"
    reached = (url, "--password-env", "MYSQL_ROOT_PASSWORD")
    build = ("--build-all",) if build_all else ()
    return Setting(
        "MySQL",
        reached,
        (*reached, "--yes"),
        ("--stack",),
        (
            Step(
                ("stack", "up", *build),
                "The stack: MySQL, MinIO, Hive Metastore, Trino",
                "Each service in its container; the first time, images are pulled or built.",
            ),
            Step(("stack", "status")),
        ),
        (
            Step(
                ("stack", "stop", "mysql"),
                "Any part can be shut down when it is not needed",
                "The source is only needed while it is loaded; the lake answers without it.",
            ),
            Step(("query", "-w", "analysts", "-e", TOP)),
            Step(("stack", "start", "mysql")),
        ),
    )


def steps(lake: Path, setting: Setting, scale: int) -> Sequence[Step]:
    """The whole story, for a lake at `lake`."""
    return (
        *_source(lake, setting, scale),
        *_crawl(),
        *_load(),
        *_present(setting.source),
        *_query(),
        *setting.end,
    )


def _source(lake: Path, setting: Setting, scale: int) -> Sequence[Step]:
    return (
        Step(
            ("init", str(lake), *setting.init),
            "A lake is a folder",
            "Definitions are text for git; state is in .lakeshell/ beside them.",
        ),
        *setting.services,
        Step(
            ("demo", "--generate", *setting.generate, "--scale", str(scale)),
            "The source: an operational movie-rental database",
            "Made up by a seeded generator: the same scale gives the same rows on every machine.",
        ),
        Step(
            ("connection", "add", "movies", *setting.address),
            "A connection says how to reach it",
        ),
        Step(("connection", "test", "movies")),
    )


def _crawl() -> Sequence[Step]:
    included = tuple(part for path in INCLUDE for part in ("--include", path))
    excluded = tuple(part for pattern in EXCLUDE for part in ("--exclude", pattern))
    return (
        Step(
            ("crawler", "add", "movies", "--connection", "movies", "--database", "movie_rental",
             *included, *excluded),
            "A crawler registers its tables in the catalog",
            "Everything in movies/ is included; the exclude patterns leave the six tables of the story.",
        ),
        Step(("crawler", "run", "movies")),
        Step(("catalog", "tables", "movie_rental")),
        Step(("catalog", "show", "movie_rental.movies_film")),
    )  # fmt: skip


def _load() -> Sequence[Step]:
    proposed = tuple(
        Step(
            ("job", "propose", f"load_{table}", "--source", f"movie_rental.movies_{table}",
             "--target", f"raw.{table}"),
            *(("Jobs load the tables into Iceberg",
               "Each job is a script with its mapping; edit it, and that is what runs.")
              if table == TABLES[0] else ()),
        )
        for table in TABLES
    )  # fmt: skip
    return (*proposed, *(Step(("job", "run", f"load_{table}")) for table in TABLES))


def _present(source: str) -> Sequence[Step]:
    return (
        Step(
            ("query", "-e", IN_PLACE),
            "One statement over the source in place and over the lake",
            f"movie_rental.* is read from {source} as it is now, raw.* from Iceberg. The language is"
            " Trino's.",
        ),
        Step(
            ("job", "add", "presentation", "--script", str(SCRIPT)),
            "A SQL job builds the presentation layer",
            "Revenue by category and month, top customers, late returns.",
        ),
        Step(("job", "run", "presentation")),
    )


def _query() -> Sequence[Step]:
    return (
        Step(
            ("workgroup", "add", "analysts", "--scan-limit", "100MB", "--monthly-budget", "50"),
            "Workgroups separate teams and limit what a query may scan",
        ),
        Step(("workgroup", "add", "interns", "--scan-limit", "50kB")),
        Step(("query", "-w", "analysts", "-e", REVENUE)),
        Step(("query", "-w", "analysts", "-e", TOP)),
        Step(("query", "-w", "analysts", "-e", LATE)),
        Step(
            ("query", "-w", "interns", "-e", WASTEFUL),
            said="More than interns may scan: refused before a byte is read, with exit code 5.",
            ends=ExitCode.LIMIT,
        ),
        Step(
            ("history", "--limit", "8"),
            "History and cost",
            "Every query is kept, refused and failed ones included, with what it scanned and cost.",
        ),
        Step(("cost", "--by", "workgroup")),
    )


NEXT = (
    ("lakeshell query --dry-run -e 'SELECT * FROM raw.rental'", "what it would cost"),
    ("lakeshell query -e 'SELECT * FROM raw.\"film$snapshots\"'", "a table's past"),
    ("lakeshell job show load_film", "the mapping that you can edit"),
    ("lakeshell connection add mine sqlite:///PATH", "your own database"),
    ("lakeshell doctor", "checks every part"),
)
