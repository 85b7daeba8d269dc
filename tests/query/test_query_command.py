"""`lakeshell query`, `history` and `cost` as a shell sees them: bytes, streams, exit codes."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from shell import Shell, started

ENDLESS = "SELECT count(*) FROM " + ", ".join(
    f"UNNEST(sequence(1, 10000)) a{i}(b{i})" for i in range(4)
)


def running_query(shell: Shell) -> str:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        found = shell("history", "--status", "running", "--output-format", "JSON").out
        if found:
            return str(json.loads(found)["id"])
        time.sleep(0.1)
    raise AssertionError("no query began to run")


def newest(shell: Shell) -> dict[str, str]:
    return dict(json.loads(shell("history", "--limit", "1", "--output-format", "JSON").out))


# --- what is run ---------------------------------------------------------------------------


def test_rows_go_to_stdout_and_nothing_else(shell: Shell) -> None:
    ended = shell("query", "-e", "SELECT 1 AS a, 'x' AS b")
    assert ended == (0, '"1","x"\n', "")


def test_statements_of_every_source_in_order(shell: Shell, lake: Path) -> None:
    (lake / "two.sql").write_text("\ufeffSELECT 3; -- done\nSELECT 4;\n", encoding="utf-8")
    ended = shell(
        "query", "-e", "SELECT 1; SELECT 2", "-e", "SELECT ';'", "-f", "two.sql", "-",
        stdin="SELECT 'ü'",
    )  # fmt: skip
    assert ended == (0, '"1"\n"2"\n";"\n"3"\n"4"\n"ü"\n', "")


def test_stdin_is_read_when_nothing_is_named(shell: Shell) -> None:
    assert shell("query", stdin="SELECT 5").out == '"5"\n'


@pytest.mark.parametrize("sql", ["", " ; ;", "-- only this"])
def test_nothing_to_run_is_a_usage_error(shell: Shell, sql: str) -> None:
    ended = shell("query", "-e", sql)
    assert (ended.code, ended.out) == (2, "")
    assert "no statement" in ended.err


@pytest.mark.parametrize(
    ("format_name", "out"),
    [
        ("csv_header", '"a","b"\n"1",""\n'),
        ("Tsv", "1\t\n"),
        ("JSON", '{"a":1,"b":null}\n'),
        ("aligned", " a |  b   \n---+------\n 1 | NULL \n(1 row)\n"),
        ("null", ""),
    ],
)
def test_formats_in_any_case(shell: Shell, format_name: str, out: str) -> None:
    ended = shell("query", "-e", "SELECT 1 AS a, NULL AS b", "--output-format", format_name)
    assert ended == (0, out, "")


def test_parameters_are_values(shell: Shell) -> None:
    ended = shell(
        "query", "-e", "SELECT :a || 'x', ? + 1, ':a', :none",
        "--param", "a=O'Brien; --", "--param", "1=41", "--param", "none=null",
    )  # fmt: skip
    assert ended == (0, '"O\'Brien; --x","42",":a",""\n', "")


@pytest.mark.parametrize(
    ("sql", "given", "said"),
    [
        ("SELECT :a", (), "`:a` has no value\n  give it one: --param a=VALUE"),
        ("SELECT :a, :b", ("--param", "a=1"), "`:b` has no value\n  give it one: --param b=VALUE"),
        ("SELECT ?", (), "the statement's 1st `?` has no value"),
        ("SELECT ?, ?", ("--param", "1=1"), "2nd `?` has no value\n  give it one: --param 2=VALUE"),
    ],
)
def test_a_parameter_without_a_value_is_a_usage_error_before_anything_runs(
    shell: Shell, sql: str, given: tuple[str, ...], said: str
) -> None:
    ended = shell("query", "-e", "SELECT 1", "-e", sql, *given)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert shell("history", "--output-format", "JSON").out == ""


def test_a_parameter_that_nothing_takes(shell: Shell) -> None:
    ended = shell("query", "-e", "SELECT 1", "--param", "a=1")
    assert ended.code == 2
    assert "'a'" in ended.err


def test_a_statement_that_changes_something_says_so_on_stderr(shell: Shell) -> None:
    ended = shell("query", "-e", "CREATE SCHEMA lake.raw")
    assert ended == (0, "", "CREATE SCHEMA\n")


# --- errors --------------------------------------------------------------------------------


def test_a_fault_is_shown_in_the_users_own_text(shell: Shell, lake: Path) -> None:
    (lake / "q.sql").write_text("SELECT 1;\n\n  SELECT a,\n\tnope\nFROM (VALUES 1) t(a)")
    ended = shell("query", "-f", "q.sql")
    assert (ended.code, ended.out) == (1, '"1"\n')
    assert ended.err == (
        "error: q.sql: line 4:2: Column 'nope' cannot be resolved\n   nope\n   ^\n"
    )


def test_a_fault_behind_another_statement_of_its_line(shell: Shell) -> None:
    ended = shell("query", "-e", "SELECT 1; SELECT nope")
    assert ended.err.startswith("error: line 1:18: Column 'nope' cannot be resolved\n")
    assert ended.err.splitlines()[2].index("^") == ended.err.splitlines()[1].index("nope")


def test_named_parameters_do_not_move_the_place_of_a_fault(shell: Shell) -> None:
    ended = shell("query", "-e", "SELECT :parameter, nope", "--param", "parameter=1")
    assert "line 1:20:" in ended.err


def test_the_first_error_ends_it_and_ignoring_errors_goes_on(shell: Shell) -> None:
    sql = "SELECT 1; SELECT 1/0; SELECT 3"
    assert shell("query", "-e", sql)[:2] == (1, '"1"\n')
    ended = shell("query", "-e", sql, "--ignore-errors")
    assert ended[:2] == (1, '"1"\n"3"\n')
    assert "Division by zero" in ended.err


def test_control_characters_of_an_error_are_escaped(shell: Shell) -> None:
    ended = shell("query", "-e", 'SELECT "\x1b[31m"')
    assert ended.code == 1
    assert "\x1b" not in ended.err


@pytest.mark.parametrize(
    "arguments",
    [
        ("-e", "SELECT 1", "-w", "nobody"),
        ("-f", "missing.sql"),
        ("-e", "SELECT 1", "--output-format", "YAML"),
        ("-e", "SELECT 1", "--output-format", "PARQUET"),
        ("-e", "SELECT 1", "--timeout", "0"),
        ("-e", "SELECT 1", "--param", "novalue"),
        ("-e", "SELECT 1", "--session", "novalue"),
        ("-e", "SELECT 1", "-o", "."),
        ("-e", "SELECT 1", "-o", "missing/folder/x.csv"),
    ],
)
def test_usage_errors(shell: Shell, arguments: tuple[str, ...]) -> None:
    ended = shell("query", *arguments)
    assert (ended.code, ended.out) == (2, "")
    assert "Traceback" not in ended.err
    assert ended.err


def test_a_file_that_is_not_utf_8(shell: Shell, lake: Path) -> None:
    (lake / "q.sql").write_bytes(b"SELECT 1;\nSELECT '\xff'")
    ended = shell("query", "-f", "q.sql")
    assert ended.code == 2
    assert "line 2" in ended.err


# --- files ---------------------------------------------------------------------------------


def test_a_file_appears_whole_or_not_at_all(shell: Shell, lake: Path) -> None:
    out = lake / "out.csv"
    assert shell("query", "-e", "SELECT 1; SELECT 2", "-o", "out.csv") == (0, "", "")
    assert out.read_text() == '"1"\n"2"\n'
    assert shell("query", "-e", "SELECT 3; SELECT 1/0", "-o", "out.csv").code == 1
    assert out.read_text() == '"1"\n"2"\n'
    shell("query", "-e", "SELECT 3; SELECT 1/0", "-o", "out.csv", "--ignore-errors")
    assert out.read_text() == '"3"\n'
    assert [path.name for path in lake.glob(".out*")] == []


def test_the_ending_of_a_file_names_its_format(shell: Shell, lake: Path) -> None:
    assert shell("query", "-e", "SELECT 1 AS a, 'x' AS b", "-o", "r.parquet").code == 0
    assert pq.read_table(lake / "r.parquet").to_pylist() == [{"a": 1, "b": "x"}]
    assert shell("query", "-e", "SELECT 1 AS a", "-o", "r.json").code == 0
    assert (lake / "r.json").read_text() == '{"a":1}\n'
    assert shell("query", "-e", "SELECT 1 AS a", "-o", "r.arrow").code == 0
    assert pa.ipc.open_file(str(lake / "r.arrow")).read_all().to_pylist() == [{"a": 1}]


def test_a_binary_file_holds_one_result(shell: Shell, lake: Path) -> None:
    ended = shell("query", "-e", "SELECT 1; SELECT 2", "-o", "r.parquet")
    assert (ended.code, (lake / "r.parquet").exists()) == (2, False)


# --- estimates, figures --------------------------------------------------------------------


FORMULAS = (
    "SELECT '=1+1' AS a, -5 AS b, CAST('@x' AS char(2)) AS \"=c\", 'a=1', chr(9) || '=2', NULL"
)


def test_text_that_a_spreadsheet_would_run(shell: Shell, lake: Path) -> None:
    ended = shell("query", "-e", FORMULAS, "--formula-safe", "--output-format", "CSV_HEADER")
    assert ended == (
        0,
        '"a","b","\'=c","_col3","_col4","_col5"\n"\'=1+1","-5","\'@x","a=1","\'\t=2",""\n',
        "",
    )
    assert shell("query", "-e", FORMULAS).out == '"=1+1","-5","@x","a=1","\t=2",""\n'
    again = shell("history", "result", newest(shell)["id"], "--formula-safe", "-o", "safe.csv")
    assert again.code == 0
    assert '"\'=1+1"' in (lake / "safe.csv").read_text(encoding="utf-8")
    shell("query", "-e", "=cmd|' /C calc'!A0")
    assert "\"'=cmd|" in shell("history", "export", "--formula-safe").out


@pytest.mark.parametrize("format_name", ["CSV_UNQUOTED", "JSON", "ALIGNED"])
def test_formats_that_cannot_be_made_safe_for_a_spreadsheet(shell: Shell, format_name: str) -> None:
    ended = shell("query", "-e", "SELECT 1", "--formula-safe", "--output-format", format_name)
    assert ended.code == 2
    assert format_name in ended.err


@pytest.mark.parametrize("format_name", ["CSV", "PARQUET", "XLSX"])
def test_a_full_disk_behind_a_file(shell: Shell, format_name: str) -> None:
    sql = "SELECT n, random() FROM UNNEST(sequence(1, 2000)) t(n)"
    ended = shell("query", "-e", sql, "-o", "/dev/full", "--output-format", format_name)
    assert ended.code == 1
    assert ended.err.splitlines()[0] == (
        "error: /dev/full cannot be written: No space left on device"
    )
    assert len(ended.err.splitlines()) == 2


@pytest.mark.parametrize("format_name", ["CSV", "PARQUET"])
def test_a_full_disk_in_the_middle_is_in_the_history(shell: Shell, format_name: str) -> None:
    sql = "SELECT random() FROM UNNEST(sequence(1, 10000)), UNNEST(sequence(1, 40))"
    ended = shell("query", "-e", sql, "-o", "/dev/full", "--output-format", format_name)
    assert ended.code == 1
    kept = newest(shell)
    assert (kept["state"], kept["error"]) == (
        "FAILED", "its output cannot be written: No space left on device"
    )  # fmt: skip


def test_a_dry_run_runs_nothing(shell: Shell) -> None:
    ended = shell("query", "--dry-run", "-e", "SELECT 1", "--output-format", "JSON")
    assert (ended.code, ended.err) == (0, "")
    said = json.loads(ended.out)
    assert (said["query"], said["bytes"], said["cost"]) == ("SELECT 1", 0, "0.0000476837")
    assert shell("history").out.count("\n") == 1
    assert shell("query", "--dry-run", "-e", "SELECT nope").code == 1


def test_stats_are_one_line_of_json(shell: Shell) -> None:
    ended = shell("query", "-e", "SELECT 1", "--stats")
    said = json.loads(ended.err)
    assert (said["state"], said["rows"], said["scanned"]) == ("FINISHED", 1, 0)
    assert ended.out == '"1"\n'


def test_figures_when_asked_for(shell: Shell) -> None:
    ended = shell("query", "-e", "SELECT 1", "--progress")
    assert re.fullmatch(r"1 row in \d+\.\d\d s, scanned 0 B, 0\.0000476837 USD\n", ended.err)
    assert ended.out == '"1"\n'


# --- history and cost ----------------------------------------------------------------------


def test_everything_is_in_the_history(shell: Shell) -> None:
    shell("query", "-e", "SELECT 'needle'; SELECT 1/0")
    shell("query", "-e", "SELECT nope")
    listed = shell("history", "--output-format", "JSON").out.splitlines()
    assert [json.loads(line)["state"] for line in listed] == ["FAILED", "FAILED", "FINISHED"]
    assert json.loads(listed[1])["error"] == "Division by zero"
    found = json.loads(shell("history", "--contains", "NEEDLE", "--output-format", "JSON").out)
    assert (found["user"], found["workgroup"], found["rows"]) == ("ada", "primary", 1)
    shown = shell("history", "show", found["id"][:-3], "--output-format", "JSON").out
    assert json.loads(shown)["query"] == "SELECT 'needle'"
    assert shell("history", "--since", "2000-01-01").out.count("\n") == 4
    assert shell("history", "--since", "1h", "--limit", "2").out.count("\n") == 3
    assert shell("history", "--since", "2100-01-01T00:00").out.count("\n") == 1
    assert shell("history", "--since", "yesterday").code == 2
    assert shell("history", "-w", "other").out.count("\n") == 1
    assert shell("history", "--status", "failed").out.count("\n") == 3


def test_a_result_comes_again_in_another_format(shell: Shell, lake: Path) -> None:
    sql = "SELECT array[1, null] AS a, TIMESTAMP '2026-01-01 10:00:00.5 Europe/Berlin' AS z"
    first = shell("query", "-e", sql).out
    id = newest(shell)["id"]
    assert shell("history", "result", id) == (0, first, "")
    assert shell("history", "result", id, "-o", "r.xlsx").code == 0
    assert (lake / "r.xlsx").read_bytes()[:2] == b"PK"
    shell("query", "-e", "SELECT 1/0")
    assert shell("history", "result", newest(shell)["id"]).code == 2


def test_what_a_month_cost(shell: Shell) -> None:
    shell("query", "-e", "SELECT 1; SELECT 2; SELECT 1/0")
    for by, key in (("workgroup", "primary"), ("user", "ada")):
        ended = shell("cost", "--by", by, "--output-format", "JSON")
        said = json.loads(ended.out)
        assert (said[by], said["count"], said["cost"]) == (key, 3, "0.0000953674")
        assert "projected" in ended.err
    assert shell("cost", "--month", "2001-01", "--output-format", "CSV").out == ""
    assert shell("cost", "--month", "January").code == 2
    assert shell("cost", "-w", "nobody").code == 2
    assert shell("cost", "-w", "primary", "--by", "day").out.count("\n") == 2


# --- limits and signals --------------------------------------------------------------------


def test_a_budget_that_is_used_up_ends_with_5(shell: Shell) -> None:
    shell("workgroup", "add", "poor", "--daily-budget", "0")
    ended = shell("query", "-w", "poor", "-e", "SELECT 1")
    assert (ended.code, ended.out) == (5, "")
    assert "daily budget" in ended.err
    assert newest(shell)["state"] == "REFUSED"


def test_a_timeout_ends_with_4(shell: Shell) -> None:
    ended = shell("query", "-e", ENDLESS, "--timeout", "0.3")
    assert (ended.code, ended.out) == (4, "")
    assert newest(shell)["state"] == "CANCELLED"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interrupted_query_ends_with_130(shell: Shell, lake: Path, number: int) -> None:
    # Under nohup a closed terminal is ignored, by the processes that are started too.
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    with started(lake, "query", "-e", ENDLESS) as process:
        running_query(shell)
        time.sleep(0.3)
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out) == (130, "")
    assert "interrupted" in err
    assert "Traceback" not in err
    assert newest(shell)["state"] == "CANCELLED"


def test_somebody_else_cancels_it(shell: Shell, lake: Path) -> None:
    with started(lake, "query", "-e", ENDLESS) as process:
        id = running_query(shell)
        ended = shell("history", "cancel", id)
        out, err = process.communicate(timeout=20)
    assert (ended.code, ended.err) == (0, f"cancelled query {id}\n")
    assert (process.returncode, out) == (1, "")
    assert "cancelled by ada" in err
    assert shell("history", "cancel", id).code == 2
    assert shell("history", "cancel", "nothing").code == 2


def test_a_killed_query_is_not_running_for_ever(shell: Shell, lake: Path) -> None:
    with started(lake, "query", "-e", ENDLESS) as process:
        running_query(shell)
        process.kill()
    assert newest(shell)["state"] == "FAILED"


def test_a_reader_that_has_enough_ends_it_quietly(shell: Shell, lake: Path) -> None:
    sql = "SELECT * FROM UNNEST(sequence(1, 5000)) a(x), UNNEST(sequence(1, 5000)) b(y)"
    with started(lake, "query", "-e", sql) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == '"1","1"\n'
        process.stdout.close()
        assert process.stderr is not None
        assert process.stderr.read() == ""
    assert process.returncode == 0
    assert newest(shell)["state"] == "CANCELLED"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_a_full_disk_behind_stdout(lake: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", "lakeshell", "query", "-e", "SELECT 1", "--lake", str(lake)],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
    assert ended.returncode == 1
    assert ended.stderr.startswith("error: the output cannot be written: No space left")
    assert "Traceback" not in ended.stderr


def test_what_a_query_does_not_import(lake: Path) -> None:
    """The cold path stays short: no module of another command, nothing that only files need."""
    code = (
        "import sys\n"
        "from lakeshell.cli.main import main\n"
        "try:\n    main(['query', '-e', 'SELECT 1'])\n"
        "finally:\n    print(*sorted(sys.modules), sep='\\n', file=sys.stderr)\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "LAKESHELL_LAKE": str(lake)},
        capture_output=True,
        text=True,
    )
    assert ended.stdout == '"1"\n'
    loaded = set(ended.stderr.split())
    banned = {
        "pyiceberg", "rich", "pandas", "openpyxl", "pyarrow.compute", "pyarrow.parquet",
        "pyarrow.dataset", "sqlglot", "tomlkit", "fastavro",
    }  # fmt: skip
    assert loaded & banned == set()
    assert "lakeshell.cli.query" in loaded
