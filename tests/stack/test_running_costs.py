"""What the services of a stack cost while they run, in the cost screen. No Docker needed."""

from __future__ import annotations

from pathlib import Path

import pytest
from shell import Shell

from lakeshell.stack.compose import Compose
from lakeshell.stack.docker import DockerFailed
from lakeshell.stack.images import chosen
from lakeshell.stack.installation import install
from lakeshell.stack.services import Service, StackSettings


@pytest.fixture
def stacked(shell: Shell, lake: Path) -> Shell:
    """The shell of a lake that has a stack."""
    install(lake / ".lakeshell", StackSettings(), chosen(build_all=True), 0)
    return shell


def test_running_services_cost_by_their_memory(
    stacked: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Compose, "running", lambda self: {Service.TRINO, Service.MINIO})
    # 3.5 GB of the 16 GB that a DPU has, at 0.44 USD an hour.
    running = "stack: minio, trino running, 0.096 USD an hour"
    assert f"{running}, which the prices of glue leave out (" in stacked("cost").err
    monkeypatch.setenv("LAKESHELL_PRICES_COMPUTE", "self-hosted")
    monkeypatch.setenv("LAKESHELL_PRICES_PER_DPU_HOUR", "0.44")
    assert f"{running} (" in stacked("cost").err
    monkeypatch.setattr(Compose, "running", lambda self: set())
    assert "stack: nothing running, 0.00 USD an hour" in stacked("cost").err


def test_where_no_engine_answers_nothing_is_said_of_it(
    stacked: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(self: Compose) -> set[Service]:
        raise DockerFailed("no Docker engine answers")

    monkeypatch.setattr(Compose, "running", gone)
    ended = stacked("cost")
    assert (ended.code, "stack:" in ended.err) == (0, False)


def test_a_lake_without_a_stack_has_none_to_pay(shell: Shell) -> None:
    assert "stack:" not in shell("cost").err
