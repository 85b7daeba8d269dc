"""Each noun's commands: what they print and how they end."""

from __future__ import annotations

import csv
import io
import json
import shutil
import socket
import sqlite3
from pathlib import Path

import pytest
from shell import Ended, Shell, rows_of

from lakeshell import doctor
from lakeshell.errors import LakeshellError

TEXT_FORMATS = ("ALIGNED", "VERTICAL", "CSV", "CSV_HEADER", "CSV_UNQUOTED", "CSV_HEADER_UNQUOTED",
                "TSV", "TSV_HEADER", "JSON", "MARKDOWN", "NULL")  # fmt: skip


def one(ended: Ended) -> dict[str, object]:
    assert ended.code == 0, ended.err
    made: dict[str, object] = json.loads(ended.out)
    return made


def test_a_crawl_says_what_it_did_and_again_finds_nothing_to_do(crawled: Shell) -> None:
    again = rows_of(crawled("crawler", "run", "shop"))
    assert [(row["action"], row["source"], row["why"]) for row in again] == [
        ("unchanged", "shop.big_orders", ""),
        ("unchanged", "shop.orders", ""),
        ("excluded", "shop.audit_log", "exclude pattern *_log"),
    ]
    runs = rows_of(crawled("crawler", "runs", "shop"))
    assert [row["state"] for row in runs] == ["FINISHED", "FINISHED"]
    listed = rows_of(crawled("crawler", "list"))
    assert [(row["crawler"], row["last run"]) for row in listed] == [("shop", "FINISHED")]
    shown = one(crawled("crawler", "show", "shop", "--output-format", "json"))
    assert (shown["connection"], shown["exclude"]) == ("shop", "*_log")


def test_a_dry_run_changes_nothing(crawled: Shell, shop: Path) -> None:
    with sqlite3.connect(shop) as database:
        database.execute("ALTER TABLE orders ADD COLUMN note TEXT")
    planned = crawled("crawler", "run", "shop", "--dry-run")
    assert [row["action"] for row in rows_of(planned)] == ["updated", "updated", "excluded"]
    assert "nothing was changed" in planned.err
    versions = rows_of(crawled("catalog", "versions", "source.shop_orders"))
    assert [row["version"] for row in versions] == ["1"]


def test_versions_of_a_table_their_difference_and_the_way_back(crawled: Shell, shop: Path) -> None:
    with sqlite3.connect(shop) as database:
        database.execute("ALTER TABLE orders ADD COLUMN note TEXT")
        database.execute("DROP VIEW big_orders")
    actions = {row["source"]: row["action"] for row in rows_of(crawled("crawler", "run", "shop"))}
    assert actions["shop.orders"] == "updated"
    assert actions["shop.big_orders"] == "deprecated"
    changes = rows_of(crawled("catalog", "diff", "source.shop_orders", "1", "2"))
    assert ("column", "note", "", "varchar") in [
        (row["what"], row["name"], row["old"], row["new"]) for row in changes
    ]
    assert crawled("catalog", "restore", "source.shop_orders", "1").code == 0
    versions = rows_of(crawled("catalog", "versions", "source.shop_orders"))
    assert [row["columns"] for row in versions] == ["3", "4", "3"]
    states = {row["table"]: row["state"] for row in rows_of(crawled("catalog", "tables", "source"))}
    assert states == {"shop_orders": "", "shop_big_orders": "deprecated"}


def test_the_catalog_is_listed_shown_and_searched(crawled: Shell) -> None:
    assert [row["database"] for row in rows_of(crawled("catalog", "databases"))] == ["source"]
    shown = rows_of(crawled("catalog", "show", "source.shop_orders"))
    assert [(row["column"], row["type"]) for row in shown] == [
        ("id", "bigint"), ("total", "decimal(8,2)"), ("placed", "date"),
    ]  # fmt: skip
    found = rows_of(crawled("catalog", "search", "PLACED"))
    assert {(row["table"], row["column"]) for row in found} == {
        ("source.shop_orders", "placed"), ("source.shop_big_orders", "placed"),
    }  # fmt: skip


def test_a_job_is_proposed_run_listed_and_logged(crawled: Shell, lake: Path) -> None:
    proposed = crawled("job", "propose", "load", "--source", "source.shop_orders",
                       "--target", "raw.orders")  # fmt: skip
    assert proposed.code == 0
    assert (lake / "jobs" / "load.py").is_file()
    ran = crawled("job", "run", "load")
    assert ran.out == ""
    assert "load: 3 rows" in ran.err
    (run,) = rows_of(crawled("job", "runs", "load"))
    assert (run["state"], run["rows"]) == ("FINISHED", "3")
    logged = crawled("job", "logs", run["run"]).out
    assert "finished: 3 rows" in logged
    (listed,) = rows_of(crawled("job", "list"))
    assert (listed["job"], listed["target"], listed["last run"]) == (
        "load",
        "raw.orders",
        "FINISHED",
    )
    assert one(crawled("job", "show", "load", "--output-format", "JSON"))["mode"] == "overwrite"
    assert crawled("query", "-e", "SELECT sum(total) FROM raw.orders").out == '"19.75"\n'


def test_a_job_is_shown_with_all_that_can_be_set(crawled: Shell) -> None:
    crawled("job", "propose", "load", "--source", "source.shop_orders", "--target", "raw.orders")
    crawled("job", "set", "load", "--timeout", "2h", "--dpu", "2", "--description", "what for")
    shown = one(crawled("job", "show", "load", "--output-format", "JSON"))
    assert (shown["timeout"], shown["dpu"], shown["description"]) == (7200, 2, "what for")


@pytest.mark.parametrize("noun", ["job", "crawler"])
def test_runs_of_what_there_is_not_are_said_to_be(crawled: Shell, noun: str) -> None:
    asked = crawled(noun, "runs", "nope")
    assert (asked.code, rows_of(asked)) == (0, [])
    assert f"there is no {noun} 'nope'" in asked.err


def test_a_run_of_a_crawler_has_no_log(crawled: Shell) -> None:
    (run,) = rows_of(crawled("crawler", "runs", "shop"))
    asked = crawled("job", "logs", run["run"])
    assert (asked.code, asked.out) == (2, "")
    assert "lakeshell crawler runs shop" in asked.err


def test_a_log_that_is_gone_is_said_to_be(crawled: Shell, lake: Path) -> None:
    crawled("job", "propose", "load", "--source", "source.shop_orders", "--target", "raw.orders")
    crawled("job", "run", "load")
    (run,) = rows_of(crawled("job", "runs", "load"))
    (lake / ".lakeshell" / "logs" / f"{run['run']}.log").unlink()
    assert "its log is not in" in crawled("job", "logs", run["run"]).err


def test_a_job_of_statements_takes_parameters(crawled: Shell, tmp_path: Path) -> None:
    script = tmp_path / "build.sql"
    script.write_text(
        "CREATE SCHEMA IF NOT EXISTS mart;\n"
        "CREATE OR REPLACE TABLE mart.big AS SELECT * FROM source.shop_orders WHERE total > :least\n"
    )
    added = crawled("job", "add", "mart", "--script", str(script), "--param", "least=10")
    assert added.code == 0, added.err
    assert crawled("job", "run", "mart").code == 0
    assert crawled("query", "-e", "SELECT count(*) FROM mart.big").out == '"1"\n'
    assert crawled("job", "run", "mart", "--param", "least=1").code == 0
    assert crawled("query", "-e", "SELECT count(*) FROM mart.big").out == '"2"\n'
    wrong = crawled("job", "run", "mart", "--param", "most=1")
    assert (wrong.code, "'most'" in wrong.err, "least" in wrong.err) == (2, True, True)


def test_a_script_without_a_value_runs_none_of_its_statements(shell: Shell, tmp_path: Path) -> None:
    script = tmp_path / "build.sql"
    script.write_text("CREATE SCHEMA mart;\nCREATE TABLE mart.big AS SELECT :least AS a\n")
    assert shell("job", "add", "mart", "--script", str(script)).code == 0
    ended = shell("job", "run", "mart")
    assert (ended.code, "`:least` has no value" in ended.err) == (2, True)
    assert "mart" not in shell("catalog", "databases").out


def test_workgroups_are_added_changed_and_removed(shell: Shell) -> None:
    assert (
        shell("workgroup", "add", "team", "--scan-limit", "10MB", "--daily-budget", "5").code == 0
    )
    shown = one(shell("workgroup", "show", "team", "--output-format", "JSON"))
    assert (shown["scan_limit"], shown["daily_budget"]) == ("10MB", "5")
    assert shell("workgroup", "set", "team", "--scan-limit", "none").code == 0
    assert one(shell("workgroup", "show", "team", "--output-format", "JSON"))["scan_limit"] is None
    assert [row["name"] for row in rows_of(shell("workgroup", "list"))] == ["primary", "team"]
    done = shell(
        "workgroup", "set", "team", "--tag", "bi", "--grant", "Raw", "--property", "a=b,c",
        "--concurrency", "2", "--queue", "none", "--budget-stop", "never", "--override", "refuse",
        "--result-keep", "30d", "--notify", "true",
    )  # fmt: skip
    assert done.code == 0, done.err
    shown = one(shell("workgroup", "show", "team", "--output-format", "JSON"))
    said = {key: shown[key] for key in ("tags", "databases", "properties", "concurrency", "queue")}
    assert said == {
        "tags": "bi", "databases": "raw", "properties": "a=b,c", "concurrency": 2, "queue": None,
    }  # fmt: skip
    assert (shown["budget_warn"], shown["budget_stop"]) == ("80%", "never")
    assert (shown["override"], shown["notify"]) == ("refuse", "true")
    wrong = shell("workgroup", "set", "team", "--tag", "a b")
    assert wrong.code == 2
    assert "--tag 'a b'" in wrong.err
    assert shell("workgroup", "rm", "team").code == 0
    assert [row["name"] for row in rows_of(shell("workgroup", "list"))] == ["primary"]


def test_costs_add_up_by_what_is_asked(crawled: Shell) -> None:
    assert crawled("query", "-e", "SELECT 1").code == 0
    by_kind = {row["kind"]: row for row in rows_of(crawled("cost"))}
    assert by_kind["crawler"]["cost"] == "0.0733333333"
    assert by_kind["query"]["count"] == "1"
    assert [row["user"] for row in rows_of(crawled("cost", "--by", "user"))] == ["ada", "ada"]
    assert crawled("cost", "--month", "2020-01").out.count("\n") == 1


def test_doctor_says_what_is_wrong_and_what_mends_it(crawled: Shell, shop: Path) -> None:
    assert crawled("doctor").code == 0
    shop.unlink()
    ended = crawled("doctor")
    assert ended.code == 1
    (wrong,) = [row for row in csv.DictReader(io.StringIO(ended.out)) if row["health"] == "failed"]
    assert wrong["part"] == "source shop"
    assert "lakeshell connection set NAME --url" in wrong["mend"]


def test_doctor_names_a_connection_that_is_gone_once(crawled: Shell, lake: Path) -> None:
    """Not once for each of its tables, of which a Metastore that lakes share may have thousands."""
    (lake / "connections" / "shop.toml").unlink()
    (lake / "crawlers" / "shop.toml").unlink()
    ended = crawled("doctor")
    assert ended.code == 1
    wrong = [row for row in csv.DictReader(io.StringIO(ended.out)) if row["health"] == "failed"]
    assert [(row["part"], row["found"], row["mend"]) for row in wrong] == [
        (
            "table source.shop_big_orders and 1 table more",
            "the connection 'shop' is not in this lake",
            "lakeshell connection add shop URL",
        )
    ]


def test_doctor_says_where_results_of_a_team_cannot_be_kept(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No query does."""
    with socket.create_server(("127.0.0.1", 0)) as gone:
        address = f"http://127.0.0.1:{gone.getsockname()[1]}"
    monkeypatch.setenv("LAKESHELL_STORAGE_ENDPOINT", address)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "of nobody")
    assert shell("workgroup", "add", "here", "--result-location", "results").code == 0
    assert shell("workgroup", "add", "team", "--result-location", "s3://results/team").code == 0
    assert shell("query", "-w", "team", "-e", "SELECT 1").code == 0
    ended = shell("doctor")
    assert ended.code == 1
    (wrong,) = [row for row in csv.DictReader(io.StringIO(ended.out)) if row["health"] == "failed"]
    assert wrong["part"] == "results of team"
    assert address in wrong["found"]


@pytest.mark.parametrize(
    ("hint", "mend"),
    [
        ("start it: lakeshell stack start mysql", "lakeshell stack start mysql"),
        (
            "start it and what it needs (control, minio): lakeshell stack start metastore; lakeshell"
            " doctor checks every part",
            "lakeshell stack start metastore",
        ),
        ("lakeshell stack up", "lakeshell stack up"),
        ("chmod 600 secrets.env", "chmod 600 secrets.env"),
        ("see the user: `x`, and: lakeshell connection show y", "see the user: `x`, and: lakeshell connection show y"),
    ],
)  # fmt: skip
def test_doctors_commands_are_typed_as_they_stand(hint: str, mend: str) -> None:
    def broken() -> str:
        raise LakeshellError("it is broken", hint=hint)

    assert doctor._guarded("part", broken).mend == mend


def test_doctor_says_where_its_commands_are_to_be_run(
    shell: Shell, lake: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (lake / "connections" / "odd.toml").write_text("url = 1")
    assert "cd " not in shell("doctor").err
    monkeypatch.delenv("LAKESHELL_LAKE")
    assert "cd " not in shell("doctor").err
    monkeypatch.chdir(tmp_path)
    assert f"in the lake's folder: cd {lake}" in shell("doctor", "--lake", str(lake)).err
    monkeypatch.setenv("LAKESHELL_LAKE", str(lake))
    assert "cd " not in shell("doctor", "--lake", str(lake)).err


def test_doctor_cleans_up_after_a_killed_writer(crawled: Shell, lake: Path) -> None:
    crawled("job", "propose", "load", "--source", "source.shop_orders", "--target", "raw.orders")
    crawled("job", "run", "load")
    (data,) = (lake / ".lakeshell" / "warehouse").rglob("*.parquet")
    left = data.with_name(f".{data.name}.part")
    left.write_bytes(b"half a file")
    lost = lake / ".lakeshell" / "warehouse" / "raw" / "never-born" / "data" / "x.parquet"
    lost.parent.mkdir(parents=True)
    lost.write_bytes(b"whole")
    assert "nothing is broken, 1 to look at" in crawled("doctor").err
    found = {row["part"]: row for row in rows_of(crawled("doctor"))}["warehouse"]
    assert (found["health"], found["mend"]) == ("warning", "lakeshell doctor --clean")
    assert "2 files" in found["found"]
    assert "removed 2 files, 16 B" in crawled("doctor", "--clean").err
    assert "nothing is wrong" in crawled("doctor").err
    assert not left.exists()
    assert not lost.parent.parent.exists()
    assert crawled("query", "-e", "SELECT count(*) FROM raw.orders").out == '"3"\n'


def test_doctor_removes_nothing_while_a_table_is_damaged(crawled: Shell, lake: Path) -> None:
    crawled("query", "-e", "CREATE SCHEMA raw; CREATE TABLE raw.t AS SELECT 1 AS a")
    warehouse = lake / ".lakeshell" / "warehouse"
    for file in warehouse.rglob("*.metadata.json"):
        file.write_text("{")
    files = set(warehouse.rglob("*"))
    ended = crawled("doctor", "--clean")
    assert ended.code == 1
    assert "raw.t is damaged" in ended.err
    assert set(warehouse.rglob("*")) == files


@pytest.mark.parametrize("name", TEXT_FORMATS)
def test_every_listing_takes_every_text_format(crawled: Shell, name: str) -> None:
    for words in (
        ("connection", "list"), ("crawler", "list"), ("catalog", "tables"), ("job", "list"),
        ("workgroup", "list"), ("cost",), ("history",), ("crawler", "runs"),
        ("connection", "show", "shop"), ("workgroup", "show", "primary"),
        ("catalog", "show", "source.shop_orders"),
    ):  # fmt: skip
        ended = crawled(*words, "--output-format", name.lower())
        assert ended.code == 0, (words, ended.err)
        if name == "JSON":
            assert all(isinstance(json.loads(line), dict) for line in ended.out.splitlines())
        if name == "NULL":
            assert ended.out == ""


def test_what_stays_of_a_workgroup_that_is_removed(shell: Shell, tmp_path: Path) -> None:
    assert shell("workgroup", "add", "team").code == 0
    assert shell("query", "-w", "team", "-e", "SELECT 1").code == 0
    ran = one(shell("history", "--output-format", "JSON"))["id"]
    script = tmp_path / "a.sql"
    script.write_text("SELECT 1")
    assert shell("job", "add", "nightly", "--script", str(script), "-w", "team").code == 0
    refused = shell("workgroup", "rm", "team")
    assert refused.code == 2
    assert "jobs run in the workgroup 'team': nightly" in refused.err
    assert shell("job", "set", "nightly", "--workgroup", "primary").code == 0
    assert shell("saved", "save", "top", "-w", "team", "-e", "SELECT 2").code == 0
    removed = shell("workgroup", "rm", "team")
    assert removed.err == (
        "removed workgroup team; its history stays, and 1 saved query in queries/team\n"
    )
    assert one(shell("history", "--output-format", "JSON"))["id"] == ran
    again = shell("history", "rerun", ran)
    assert again.code == 2
    assert "ran in the workgroup 'team', which is gone" in again.err
    assert shell("history", "rerun", ran, "-w", "primary").out == '"1"\n'
    assert shell("workgroup", "add", "team").code == 0
    assert "top" in shell("saved", "list", "-w", "team").out


def test_who_would_rename_a_workgroup_is_told_what_to_do_instead(shell: Shell, lake: Path) -> None:
    """And that does it."""
    assert shell("workgroup", "add", "team", "--scan-limit", "10MB").code == 0
    assert shell("saved", "save", "q", "-w", "team", "-e", "SELECT 1").code == 0
    refused = shell("workgroup", "rename", "team", "crew")
    assert refused.code == 2
    assert "a workgroup cannot be renamed" in refused.err
    copied = "cp workgroups/team.toml workgroups/crew.toml"
    assert f"in the lake's folder: {copied}, move what is in queries/team, then: " in refused.err
    assert "then: lakeshell workgroup rm team; docs/workgroups.md has each step" in refused.err
    assert "lakeshell workgroup add NEW" in shell("workgroup", "rename", "primary").err
    assert "did you mean 'team'?" in shell("workgroup", "rename", "taem", "crew").err
    assert "rename" not in shell("workgroup", "--help").out

    shutil.copy(lake / "workgroups" / "team.toml", lake / "workgroups" / "crew.toml")
    (lake / "queries" / "team").rename(lake / "queries" / "crew")
    assert shell("workgroup", "rm", "team").err == "removed workgroup team; its history stays\n"
    assert (
        one(shell("workgroup", "show", "crew", "--output-format", "JSON"))["scan_limit"] == "10MB"
    )
    assert shell("saved", "run", "q", "-w", "crew").out == '"1"\n'


def test_the_workgroup_of_commands_that_name_none_is_not_removed(shell: Shell, lake: Path) -> None:
    assert shell("workgroup", "add", "team").code == 0
    settings = lake / "lakeshell.toml"
    text = settings.read_text().replace('workgroup = "primary"', 'workgroup = "team"')
    settings.write_text(text)
    ended = shell("workgroup", "rm", "team")
    assert ended.code == 2
    assert "in [query] of lakeshell.toml" in ended.err


def test_a_trino_elsewhere_is_said_to_be_others_to_configure(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "has no Trino: its own engine holds" in shell("workgroup", "apply").err
    url = "http://trino.example:8080"
    made = shell(
        "init", str(tmp_path / "team"), "--trino-url", url,
        "--metastore-uri", "thrift://127.0.0.1:1", "--warehouse", "s3://a/b",
    )  # fmt: skip
    assert made.code == 0, made.err
    monkeypatch.setenv("LAKESHELL_LAKE", str(tmp_path / "team"))
    assert "note" not in shell("workgroup", "add", "plain", "--scan-limit", "1MB").err
    added = shell("workgroup", "add", "team", "--concurrency", "2", "--grant", "raw")
    assert f"concurrency, databases of team: for the administrators of {url}" in added.err
    for words in (("apply",), ("apply", "--dry-run")):
        ended = shell("workgroup", *words)
        assert ended.code == 2
        assert f"the Trino at {url} is not this lake's own" in ended.err


def test_a_database_is_meant_in_any_case(crawled: Shell) -> None:
    made = ("CREATE SCHEMA mart", "USE mart", "CREATE TABLE n AS SELECT 1 AS a")
    assert crawled("query", *(word for sql in made for word in ("-e", sql))).code == 0
    ended = crawled(
        "query", "-d", "MART", "--reuse", "1h",
        "-e", "SELECT a FROM n", "-e", "SHOW TABLES", "-e", "SELECT current_schema",
    )  # fmt: skip
    assert (ended.code, ended.out) == (0, '"1"\n"n"\n"mart"\n'), ended.err
    again = crawled("query", "-d", "mart", "--reuse", "1h", "-e", "SELECT a FROM n")
    assert again.err.startswith("reused the result of query ")
    wrong = crawled("query", "-d", "MARTT", "-e", "SELECT a FROM n")
    assert "did you mean 'mart'?" in wrong.err


def test_what_is_executed_is_estimated_as_what_it_is(shell: Shell) -> None:
    made = ("CREATE SCHEMA mart", "CREATE TABLE mart.n AS SELECT 1 AS a")
    assert shell("query", *(word for sql in made for word in ("-e", sql))).code == 0
    assert shell("workgroup", "add", "tiny", "--scan-limit", "1B").code == 0
    prepared = ("-e", "PREPARE p FROM SELECT a FROM mart.n WHERE a = ?", "-e", "EXECUTE p USING 1")
    immediate = ("-e", "EXECUTE IMMEDIATE 'SELECT a FROM mart.n WHERE a = ?' USING 1")
    for words in (prepared, immediate):
        refused = shell("query", "-w", "tiny", *words)
        assert (refused.code, refused.out) == (5, "")
        assert "it would scan" in refused.err
        assert shell("query", *words).out == '"1"\n'
    (row,) = rows_of(shell("query", "--dry-run", *immediate))
    assert int(row["bytes"]) > 0
