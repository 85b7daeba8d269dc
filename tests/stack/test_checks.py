"""What doctor says of a service, by its container and whether it answers."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from lakeshell.definitions import first
from lakeshell.doctor import Health, findings
from lakeshell.errors import ConnectionFailed
from lakeshell.folder import make_lake
from lakeshell.lake import Lake
from lakeshell.stack import checks, docker, probe, secrets
from lakeshell.stack.services import Service


@pytest.mark.parametrize(
    ("state", "found", "mend"),
    [
        ("running", "does not answer at 127.0.0.1:9083", "lakeshell stack stop metastore && lakeshell stack start metastore"),
        ("restarting", "ends with 1 as soon as it starts", "lakeshell stack start metastore"),
    ],
)  # fmt: skip
def test_what_mends_a_service_can_be_typed_as_it_stands(
    state: str, found: str, mend: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(probe, "version", lambda service, port: None)
    stack: Any = SimpleNamespace(installation=SimpleNamespace(port=lambda service: 9083))
    container: Any = SimpleNamespace(state=state, exit_code=1, paused=False)
    with pytest.raises(ConnectionFailed, match=found) as caught:
        checks._service(stack, Service.METASTORE, container)
    assert caught.value.message.endswith("lakeshell stack logs metastore")
    assert caught.value.hint == mend


def test_secrets_that_others_may_read_are_a_finding_among_the_others(tmp_path: Path) -> None:
    make_lake(tmp_path, first.stack())
    folder = tmp_path / ".lakeshell" / "stack"
    folder.mkdir(parents=True)
    (folder / "stack.env").write_text("COMPOSE_PROJECT_NAME=x\n")
    secrets.write(folder / "secrets.env", secrets.generate(), "")
    (folder / "secrets.env").chmod(0o644)
    with Lake(tmp_path, {}) as lake:
        *others, last = findings(lake)
    assert [found.part for found in others][:2] == ["python", "folder"]
    assert (last.part, last.health) == ("secrets", Health.FAILED)
    assert last.mend == f"chmod 600 {folder / 'secrets.env'}"


def test_an_engine_elsewhere_that_does_not_answer_is_looked_for_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    said = "Cannot connect to the Docker daemon at tcp://docker:1. Is the docker daemon running?"
    monkeypatch.delenv("DOCKER_HOST", raising=False)
    assert docker.failure(said, ["ps"]).hint == docker.ENGINE
    monkeypatch.setenv("DOCKER_HOST", "tcp://docker:1")
    assert "tcp://docker:1" in docker.failure(said, ["ps"]).hint
