"""Docker's command line, and what its failures mean.

In: words. Out: what it printed, or an error that names the command that mends it. Secrets are
never among the words.
"""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable, Mapping, Sequence

from lakeshell.errors import ConnectionFailed, LakeshellError, UsageError
from lakeshell.stack.material import script

ENGINE = f"on Debian, as root: {script('docker-engine')} installs and starts it"
BUILD = "lakeshell stack up --build-all"


class DockerFailed(LakeshellError):
    """Docker ended a command with an error that has no better name."""


def run(
    words: Sequence[str],
    *,
    environment: Mapping[str, str] | None = None,
    timeout: float | None = 300,
) -> str:
    """What `docker WORDS` printed. Raises as `failure` says."""
    try:
        done = subprocess.run(
            ["docker", *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=timeout,
            check=False,
        )
    except FileNotFoundError as error:
        raise ConnectionFailed("docker is not installed", hint=ENGINE) from error
    except subprocess.TimeoutExpired as error:
        raise DockerFailed(
            f"docker {words[0]} gave no answer in {timeout:.0f} seconds",
            hint="see whether the engine is well: docker info",
        ) from error
    if done.returncode != 0:
        raise failure(done.stderr, words)
    return done.stdout


def environment_without(names: Iterable[str]) -> dict[str, str]:
    """This process's environment, less names that would win over those of an env file."""
    hidden = set(names)
    kept = {name: value for name, value in os.environ.items() if name not in hidden}
    return kept | {"DOCKER_BUILDKIT": "1", "COMPOSE_ANSI": "never", "BUILDKIT_PROGRESS": "plain"}


def engine_version() -> str:
    """Raises `ConnectionFailed` where no engine answers."""
    return run(["version", "--format", "{{.Server.Version}}"], timeout=20).strip()


def failure(said: str, words: Sequence[str]) -> LakeshellError:
    """The error that stderr of a failed command amounts to."""
    last = [line.strip() for line in said.splitlines() if line.strip()] or ["no reason given"]
    if re.search(r"cannot connect to the docker daemon|is the docker daemon running", said, re.I):
        named = os.environ.get("DOCKER_HOST")
        return ConnectionFailed(
            "no Docker engine answers",
            hint=f"see whether one runs at {named}, which DOCKER_HOST names" if named else ENGINE,
        )
    if re.search(r"permission denied.*docker\.sock|docker\.sock.*permission denied", said, re.I):
        return ConnectionFailed(
            "you may not use the Docker engine",
            hint="join the group docker (usermod -aG docker NAME, then log in again), or use sudo",
        )
    port = re.search(
        r"(?:127\.0\.0\.1|0\.0\.0\.0):(\d+).{0,80}?(?:already (?:allocated|in use))", said
    )
    if port is not None:
        return port_taken(int(port[1]))
    image = re.search(
        r"(?:pull access denied for|no such image:?|manifest for|unable to find image)\s+'?([\w./:-]+)",
        said,
        re.I,
    )
    if image is not None:
        return UsageError(
            f"the image {image[1].rstrip(',')} is not here", hint=f"build it: {BUILD}"
        )
    if "no space left on device" in said.lower():
        return DockerFailed(
            "the disk that Docker writes to is full", hint="free some space: docker system df"
        )
    if re.search(r"is not a docker command|unknown shorthand flag", said):
        return ConnectionFailed(f"docker {words[0]} is not installed", hint=ENGINE)
    return DockerFailed(
        f"docker {words[0]} failed: {last[-1]}",
        hint="what runs: lakeshell stack status; what it says: lakeshell stack logs",
    )


def port_taken(port: int, service: str = "") -> UsageError:
    return UsageError(
        f"port {port} of this machine is taken" + (f", which {service} needs" if service else ""),
        hint=f"end what listens there (ss -ltnp 'sport = :{port}'), or set another port in [stack.{service or 'SERVICE'}] of lakeshell.toml",
    )
