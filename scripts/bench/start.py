"""The cold start of a query and of the help, beside the bare import of the libraries they stand on.

Limits: `lakeshell query -e 'select 1'` takes at most 1.5 times
`python -c 'import duckdb, sqlglot, pyarrow'`, `lakeshell --help` at most 120 ms, and a query on an
Iceberg table in a workgroup with a limit at most 250 ms more than `select 1`.
"""

from __future__ import annotations

from fixtures import arguments, make_loaded_lake
from timing import LAKESHELL, PYTHON, in_turn, run, verdict

ROWS = 20_000


def main() -> None:
    with arguments(__doc__, rounds=15) as given:
        lake = make_loaded_lake(given.folder, ROWS)
        inside = ("--lake", str(lake))
        if not (lake / "workgroups/analysts.toml").exists():
            run((*LAKESHELL, "workgroup", "add", "analysts", "--scan-limit", "10GB", *inside))
        table = "SELECT method, sum(amount) FROM raw.payment GROUP BY method"
        found = in_turn(
            {
                "imports": (*PYTHON, "-c", "import duckdb, sqlglot, pyarrow"),
                "select 1": (*LAKESHELL, "query", "-e", "select 1", *inside),
                "table": (*LAKESHELL, "query", "-w", "analysts", "-e", table, *inside),
                "--help": (*LAKESHELL, "--help"),
                "python": (*PYTHON, "-c", "pass"),
            },
            given.rounds,
        )
        for name, runs in found.items():
            print(f"{name:10} {runs}")
        select, imports = found["select 1"], found["imports"]
        verdict("select 1 to the imports", select.median / imports.median, 1.5, "times")
        verdict("the same, processor time", select.processor / imports.processor, 1.5, "times")
        verdict("--help", 1000 * found["--help"].median, 120, "ms")
        verdict("a table's query", 1000 * (found["table"].median - select.median), 250, "ms more")


if __name__ == "__main__":
    main()
