"""Runs whose end the ledger does not take: it is away just then, and there again later."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from shell import Shell, rows_of

from lakeshell.errors import ConnectionFailed
from lakeshell.ledger.ledger import SqlLedger
from lakeshell.model import RunRecord

Away = Callable[[], pytest.MonkeyPatch]


@pytest.fixture
def away() -> Iterator[Away]:
    """The ledger takes no run's end until what this gives is undone."""
    patches: list[pytest.MonkeyPatch] = []

    def made() -> pytest.MonkeyPatch:
        def end_run(ledger: SqlLedger, record: RunRecord) -> None:
            raise ConnectionFailed("the ledger cannot be reached", hint="start it")

        patch = pytest.MonkeyPatch()
        patches.append(patch)
        patch.setattr("lakeshell.ending.BACK", 0)
        patch.setattr(SqlLedger, "end_run", end_run)
        return patch

    yield made
    for patch in patches:
        patch.undo()


def test_the_end_of_a_run_waits_for_the_ledger(crawled: Shell, lake: Path, away: Away) -> None:
    shell, late = crawled, lake / ".lakeshell" / "late"
    proposed = ("--source", "source.shop_orders", "--target", "raw.orders")
    assert shell("job", "propose", "load", *proposed).code == 0
    # Each attempt would run it again.
    assert shell("job", "set", "load", "--retries", "2", "--mode", "append").code == 0
    gone = away()
    for words in (("job", "run", "load"), ("crawler", "run", "shop")):
        ended = shell(*words)
        assert ended.code == 0, ended.err
        assert "warning: the ledger cannot be reached; the record of run " in ended.err
        assert f"is kept in {late} until the ledger takes it: start it" in ended.err
    assert len(list(late.iterdir())) == 2
    gone.undo()
    (run,) = rows_of(shell("job", "runs", "load"))
    assert (run["state"], run["rows"]) == ("FINISHED", "3")
    assert [run["state"] for run in rows_of(shell("crawler", "runs", "shop"))] == ["FINISHED"] * 2
    assert list(late.iterdir()) == []
    assert shell("query", "-e", "SELECT count(*) FROM raw.orders").out == '"3"\n'


def test_what_failed_or_was_stopped_is_told_by_its_own_error(
    crawled: Shell, lake: Path, shop: Path, away: Away, monkeypatch: pytest.MonkeyPatch
) -> None:
    shell = crawled
    script = lake / "wrong.sql"
    script.write_text("SELECT 1 / 0")
    assert shell("job", "add", "wrong", "--script", str(script)).code == 0
    hidden = shop.rename(shop.with_suffix(".away"))
    gone = away()
    assert "Division by zero" in shell("job", "run", "wrong").err
    crawl = shell("crawler", "run", "shop")
    assert crawl.code == 3
    assert "shop.db" in crawl.err
    hidden.rename(shop)

    def stopped(*arguments: object) -> None:
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr("lakeshell.crawl.run.apply", stopped)
        assert shell("crawler", "run", "shop").code == 130
    gone.undo()
    assert [run["state"] for run in rows_of(shell("job", "runs", "wrong"))] == ["FAILED"]
    crawls = [run["state"] for run in rows_of(shell("crawler", "runs", "shop"))]
    assert crawls == ["CANCELLED", "FAILED", "FINISHED"]


def test_what_cannot_be_kept_either_is_said_and_the_job_is_not_run_again(
    crawled: Shell, lake: Path, away: Away
) -> None:
    shell = crawled
    proposed = ("--source", "source.shop_orders", "--target", "raw.orders")
    assert shell("job", "propose", "load", *proposed).code == 0
    assert shell("job", "set", "load", "--retries", "2", "--mode", "append").code == 0
    (lake / ".lakeshell" / "late").write_text("no folder")
    gone = away()
    ended = shell("job", "run", "load")
    gone.undo()
    assert ended.code == 3
    assert "the run has ended, and is not recorded; start it" in ended.err
    assert len(rows_of(shell("job", "runs", "load"))) == 1
    assert shell("query", "-e", "SELECT count(*) FROM raw.orders").out == '"3"\n'
