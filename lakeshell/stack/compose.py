"""Docker Compose on one installation: which services run, started, stopped, run into."""

from __future__ import annotations

import json
import re
import subprocess
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lakeshell.errors import ConnectionFailed
from lakeshell.stack import docker
from lakeshell.stack.installation import Installation
from lakeshell.stack.services import Service

_CONFIGURATION = re.compile(r"(?:^|,)lakeshell\.configuration=([0-9a-f]+)")
"""Of labels, which Docker prints with commas between."""
_SAID = 20
"""Last lines that are looked at for the reason of a failure."""


@dataclass(frozen=True, slots=True)
class Container:
    """`state` is Docker's word: created, running, restarting, paused, exited, dead. `configuration`
    is the digest of the one that it was made with, where it has one."""

    id: str
    service: Service
    state: str
    exit_code: int
    configuration: str = ""

    @property
    def runs(self) -> bool:
        return self.state == "running"

    @property
    def paused(self) -> bool:
        return self.state == "paused"


class Compose:
    def __init__(self, installation: Installation, files: Path) -> None:
        self.installation = installation
        folder = installation.folder
        self.words = (
            "compose",
            *("--project-name", installation.project),
            *("--file", str(files / "compose.yaml")),
            *("--env-file", str(folder / "stack.env")),
            *("--env-file", str(folder / "secrets.env")),
        )
        self.environment = docker.environment_without(
            {*installation.values, *installation.secrets, "COMPOSE_FILE", "COMPOSE_PROFILES"}
        )

    def run(self, *words: str, timeout: float | None = 300) -> str:
        return docker.run([*self.words, *words], environment=self.environment, timeout=timeout)

    def up(self, services: Iterable[Service]) -> None:
        """Creates and starts; containers whose settings changed are made again. Does not wait."""
        named = list(services)
        scale: list[str] = []
        if Service.WORKER in named:
            scale = ["--scale", f"worker={self.installation.workers}"]
        # Without a pull: an image that is not here is built or pulled before, and said so.
        self.run("up", "--detach", "--no-deps", "--no-build", "--pull", "never", *scale, *named)

    def unpause(self, services: Iterable[Service]) -> None:
        """Lets those go on that somebody paused: they keep their ports, and answer nobody."""
        named = set(services)
        held = {each.service for each in self.containers() if each.paused} & named
        if held:
            self.run("--profile", "workers", "unpause", *sorted(held))

    def stop(self, services: Iterable[Service]) -> None:
        self.run("--profile", "workers", "stop", *services)

    def down(self, *, volumes: bool = False) -> None:
        """Removes containers and network; the data stays unless `volumes`."""
        words = ["--volumes"] if volumes else []
        self.run("--profile", "workers", "down", "--remove-orphans", *words)

    def once(self, service: Service, *words: str) -> str:
        """Runs a command in a new container of the service, which is gone after it."""
        return self.run("run", "--rm", "--no-deps", "-T", service, *words)

    def containers(self) -> Sequence[Container]:
        printed = self.run("--profile", "workers", "ps", "--all", "--format", "json", timeout=30)
        found = []
        for line in printed.splitlines():
            for item in _items(line):
                if item["Service"] in set(Service):
                    service = Service(item["Service"])
                    code = int(item.get("ExitCode") or 0)
                    made_with = _CONFIGURATION.search(item.get("Labels", ""))
                    digest = made_with[1] if made_with is not None else ""
                    found.append(Container(item["ID"], service, item["State"], code, digest))
        return found

    def running(self) -> set[Service]:
        return {found.service for found in self.containers() if found.runs}

    def piped(
        self, service: Service, *words: str, stdout: int, lent: Mapping[str, str]
    ) -> subprocess.Popen[bytes]:
        """A command inside a running container that reads a pipe; `stdout` is one too, or nothing.
        The caller waits for it. `lent` are variables that it gets without their values being words
        of any command."""
        named = [word for name in lent for word in ("--env", name)]
        try:
            return subprocess.Popen(
                ["docker", *self.words, "exec", "-T", *named, service, *words],
                env={**self.environment, **lent},
                stdin=subprocess.PIPE,
                stdout=stdout,
                stderr=subprocess.PIPE,
            )
        except FileNotFoundError as error:
            raise ConnectionFailed("docker is not installed", hint=docker.ENGINE) from error

    def remove(self, service: Service) -> None:
        """Its container and its data."""
        self.run("rm", "--stop", "--force", service)
        docker.run(["volume", "rm", f"{self.installation.project}_{service}"])

    def logs(self, services: Iterable[Service], *, follow: bool, tail: str) -> Iterator[str]:
        """Lines that they logged, as they come. Raises what Docker says when it fails."""
        docker.engine_version()
        said: deque[str] = deque(maxlen=_SAID)
        with self._logging(services, follow, tail) as process:
            assert process.stdout is not None
            try:
                for line in process.stdout:
                    said.append(log_line(line))
                    yield said[-1]
            finally:
                process.terminate()
        if process.returncode > 0:
            raise docker.failure("\n".join(said), ["compose", "logs"])

    def followed(self, services: Iterable[Service], tail: str) -> subprocess.Popen[str]:
        """What they log from now on, as a pipe of text: each line for `log_line`. The caller ends it,
        and waits for it."""
        return self._logging(services, True, tail)

    def _logging(
        self, services: Iterable[Service], follow: bool, tail: str
    ) -> subprocess.Popen[str]:
        try:
            return subprocess.Popen(
                self._log_words(services, follow, tail),
                env=self.environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                errors="replace",
            )
        except FileNotFoundError as error:
            raise ConnectionFailed("docker is not installed", hint=docker.ENGINE) from error

    def _log_words(self, services: Iterable[Service], follow: bool, tail: str) -> list[str]:
        words = ["logs", "--no-color", "--tail", tail, *(["--follow"] if follow else [])]
        return ["docker", *self.words, "--profile", "workers", *words, *services]


def log_line(line: str) -> str:
    """As it was logged: Compose clears the line that it is on, whether it is on a terminal or not."""
    return line.rstrip("\n").removeprefix("\x1b[2K")


def _items(line: str) -> Sequence[dict[str, str]]:
    """Compose prints an object a line; older ones print one list."""
    if not line.strip():
        return []
    found = json.loads(line)
    return found if isinstance(found, list) else [found]
