"""How long services ran, kept in the ledger by the day. No Docker needed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from lakeshell.billing.aws import comparison, comparison_notes
from lakeshell.billing.services import note_before_stopping, note_services
from lakeshell.cost.periods import month_start
from lakeshell.errors import ConnectionFailed
from lakeshell.folder import make_lake
from lakeshell.lake import Lake
from lakeshell.ledger.ledger import SqlLedger
from lakeshell.stack.docker import DockerFailed
from lakeshell.stack.images import chosen
from lakeshell.stack.installation import install
from lakeshell.stack.services import Service, StackSettings

START = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


class Docker:
    """What runs, and since when."""

    def __init__(self) -> None:
        self.running: list[tuple[Service, str, datetime]] = []

    def __call__(self, compose: object) -> list[tuple[Service, str, datetime]]:
        return self.running


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> Docker:
    made = Docker()
    monkeypatch.setattr("lakeshell.stack.health.running_since", made)
    return made


def stacked(folder: Path, **environment: str) -> Lake:
    make_lake(folder)
    sizes = {
        "LAKESHELL_STACK_TRINO_MEMORY_MAX": "2GB",
        "LAKESHELL_STACK_CONTROL_MEMORY_MAX": "512MB",
    }
    lake = Lake(folder, {**sizes, **environment})
    install(lake.state, StackSettings(), chosen(build_all=True), 0)
    return lake


OWN = {"LAKESHELL_PRICES_COMPUTE": "self-hosted", "LAKESHELL_PRICES_PER_DPU_HOUR": "0.80"}


def test_hours_are_counted_once_and_by_the_day(tmp_path: Path, docker: Docker) -> None:
    with stacked(tmp_path, **OWN) as lake:
        docker.running = [(Service.TRINO, "c1", START)]
        assert note_services(lake, START + HOUR) == 1
        note_services(lake, START + 3 * HOUR)
        note_services(lake, START + 3 * HOUR)
        # Stopped, and started again later.
        docker.running = []
        assert note_services(lake, START + 5 * HOUR) == 0
        docker.running = [(Service.TRINO, "c1", START + 6 * HOUR)]
        note_services(lake, START + 7 * HOUR)
        month = month_start(START)
        usage = lake.ledger.usage(month, START + 9 * HOUR, "day")
        # 2 GB are an eighth of a DPU, 0.10 an hour.
        assert [(u.kind, u.key, u.elapsed, u.cost) for u in usage] == [
            ("service", "2026-11-24", 7200.0, Decimal("0.2")),
            ("service", "2026-11-25", 7200.0, Decimal("0.2")),
        ]
        found = comparison(lake, month)
        service = found.lines[-1]
        assert service.costs == (None, None, Decimal("0.4"))
        assert found.recorded == {"service": Decimal("0.4")}
        assert found.on_aws == (0, "USD")
        assert found.self_hosted == (Decimal("0.4"), "USD")


def test_by_the_prices_of_aws_a_service_costs_nothing(tmp_path: Path, docker: Docker) -> None:
    with stacked(tmp_path) as lake:
        docker.running = [(Service.TRINO, "c1", START), (Service.CONTROL, "c2", START)]
        note_services(lake, START + HOUR)
        usage = lake.ledger.usage(START, START + HOUR, "day")
        assert [(u.kind, u.count, u.cost) for u in usage] == [("service", 2, 0)]
        # Beside AWS they are what running them costs: 2.5 GB at Glue's own price of a DPU.
        found = comparison(lake, month_start(START))
        assert found.self_hosted[0] == Decimal("0.06875")
        said = "\n".join(comparison_notes(found, month_start(START)))
        assert "self-hosted 0.069 USD" in said
        assert "0.44 USD an hour for each 16 GB" in said


def test_two_workers_are_two(tmp_path: Path, docker: Docker) -> None:
    with stacked(tmp_path) as lake:
        docker.running = [(Service.WORKER, name, START) for name in ("w1", "w2")]
        note_services(lake, START + HOUR)
        (used,) = lake.ledger.usage(START, START + HOUR, "day")
        assert (used.count, used.elapsed) == (2, 7200.0)


def test_where_nothing_runs_nothing_is_noted(
    tmp_path: Path, docker: Docker, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_lake(tmp_path / "plain")
    with Lake(tmp_path / "plain", {}) as lake:
        assert note_services(lake, START) == 0

    def gone(compose: object) -> None:
        raise DockerFailed("no Docker engine answers")

    monkeypatch.setattr("lakeshell.stack.health.running_since", gone)
    with stacked(tmp_path / "stacked") as lake:
        assert note_services(lake, START) == 0


def test_the_last_hours_wait_for_a_ledger_that_is_away(
    tmp_path: Path, docker: Docker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is stopped then has run all the same, and is counted once."""
    said: list[str] = []
    with stacked(tmp_path, **OWN) as lake:
        lake.notice = said.append
        docker.running = [(Service.TRINO, "c1", START)]
        note_services(lake, START + HOUR)

        def away(*arguments: object) -> None:
            raise ConnectionFailed("the ledger cannot be reached", hint="start it")

        with monkeypatch.context() as gone:
            gone.setattr(SqlLedger, "runs", away)
            note_before_stopping(lake, START + 4 * HOUR)
        late = lake.state / "late"
        assert said == [
            "warning: the ledger cannot be reached; how long the services ran is kept in "
            f"{late} until the ledger takes it: start it"
        ]
        assert len(list(late.iterdir())) == 2
        lake.late.bring(lake.ledger)
        usage = lake.ledger.usage(month_start(START), START + 9 * HOUR, "day")
        assert [(u.key, u.elapsed) for u in usage] == [
            ("2026-11-24", 7200.0),
            ("2026-11-25", 7200.0),
        ]
