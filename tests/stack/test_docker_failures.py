"""What Docker's words amount to: the error and the command that mends it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from lakeshell.errors import ConnectionFailed, ExitCode
from lakeshell.stack import docker, probe
from lakeshell.stack.health import size
from lakeshell.stack.services import Service


@pytest.mark.parametrize(
    ("said", "message", "code"),
    [
        (
            "Cannot connect to the Docker daemon at unix:///var/run/docker.sock. Is the docker"
            " daemon running?",
            "no Docker engine answers",
            ExitCode.UNREACHABLE,
        ),
        (
            "permission denied while trying to connect to the Docker daemon socket at"
            " unix:///var/run/docker.sock: Get: dial unix /var/run/docker.sock: connect",
            "you may not use the Docker engine",
            ExitCode.UNREACHABLE,
        ),
        (
            "Error response from daemon: driver failed programming external connectivity: Bind for"
            " 127.0.0.1:8080 failed: port is already allocated",
            "port 8080 of this machine is taken",
            ExitCode.USAGE,
        ),
        (
            "Error response from daemon: listen tcp4 127.0.0.1:3306: bind: address already in use",
            "port 3306 of this machine is taken",
            ExitCode.USAGE,
        ),
        (
            "Error: No such image: lakeshell/trino:476",
            "the image lakeshell/trino:476 is not here",
            ExitCode.USAGE,
        ),
        (
            "Error response from daemon: pull access denied for mysql, repository does not exist",
            "the image mysql is not here",
            ExitCode.USAGE,
        ),
        (
            "write /var/lib/docker/tmp/x: no space left on device",
            "the disk that Docker writes to is full",
            ExitCode.FAILED,
        ),
        (
            "something else\nthe last words",
            "docker compose failed: the last words",
            ExitCode.FAILED,
        ),
    ],
)
def test_failures_say_what_mends_them(said: str, message: str, code: ExitCode) -> None:
    error = docker.failure(said, ["compose", "up"])
    assert error.message == message
    assert error.exit_code == code
    assert error.hint


def test_no_docker_at_all(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ConnectionFailed, match="docker is not installed"):
        docker.engine_version()


def test_variables_of_the_shell_do_not_win_over_the_installation(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("MYSQL_PORT", "1")
    assert "MYSQL_PORT" not in docker.environment_without(["MYSQL_PORT"])


@pytest.mark.parametrize(
    ("written", "count"),
    [("657.3MiB", 689_229_004), ("2GiB", 2**31), ("0B", 0), ("1.5kB", 1500), ("512KiB", 524_288)],
)
def test_sizes_as_docker_writes_them(written: str, count: int) -> None:
    assert size(written) == count


def test_a_port_that_only_accepts_is_no_service() -> None:
    """As Docker's proxy does before the service behind it is up."""
    server = (
        "import socket\ns = socket.create_server(('127.0.0.1', 0))\n"
        "print(s.getsockname()[1], flush=True)\n"
        "while True: s.accept()[0].close()\n"
    )
    with subprocess.Popen([sys.executable, "-c", server], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        port = int(process.stdout.readline())
        try:
            assert not probe.port_is_free(port)
            for service in (Service.CONTROL, Service.MINIO, Service.METASTORE, Service.TRINO):
                assert probe.version(service, port) is None
        finally:
            process.kill()
