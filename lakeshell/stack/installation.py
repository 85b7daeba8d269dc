"""A lake's own stack, as far as it is on disk: `.lakeshell/stack/`.

`stack.env` has its name, images, ports and capacity, `secrets.env` (mode 0600) its passwords; both
are read by Docker. Beside them is the configuration that the containers are given.
"""

from __future__ import annotations

import re
import secrets as random
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lakeshell.errors import NotFound
from lakeshell.stack import secrets
from lakeshell.stack.services import MB, PORTS, Service, StackSettings

FOLDER = "stack"
BUCKET = "lake"
SPOOL_BUCKET = "lake-spool"
BACKUP_BUCKET = "lake-backup"
REGION = "us-east-1"
UP = "lakeshell stack up"
_REMARK = f"Written by `{UP}` from [stack] of lakeshell.toml."


@dataclass(frozen=True, slots=True)
class Installation:
    """`values` are those of `stack.env`, `secrets` those of `secrets.env`."""

    folder: Path
    values: Mapping[str, str]
    secrets: Mapping[str, str]

    def with_values(self, values: Mapping[str, str]) -> Installation:
        """Further values, written beside the others."""
        together = {**self.values, **values}
        secrets.write(self.folder / "stack.env", together, _REMARK)
        return replace(self, values=together)

    @property
    def project(self) -> str:
        """What Docker names containers and volumes by."""
        return self.values["COMPOSE_PROJECT_NAME"]

    @property
    def workers(self) -> int:
        return int(self.values.get("WORKERS", "0"))

    def port(self, service: Service) -> int:
        """On 127.0.0.1."""
        return int(self.values[f"{service.name}_PORT"])

    def image(self, service: Service) -> str:
        name = {Service.CONTROL: Service.MYSQL, Service.WORKER: Service.TRINO}.get(service, service)
        return self.values[f"{name.name}_IMAGE"]

    @property
    def trino_url(self) -> str:
        return f"http://127.0.0.1:{self.port(Service.TRINO)}"

    @property
    def metastore_uri(self) -> str:
        return f"thrift://127.0.0.1:{self.port(Service.METASTORE)}"

    @property
    def s3_endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port(Service.MINIO)}"

    @property
    def region(self) -> str:
        return self.values["S3_REGION"]

    @property
    def bucket(self) -> str:
        return self.values["S3_BUCKET"]

    @property
    def rules(self) -> Path:
        """The folder of the rules of access that Trino reads."""
        return self.folder / "access"

    @property
    def warehouse(self) -> str:
        return f"s3://{self.bucket}/warehouse"


def is_installed(state: Path) -> bool:
    """Whether the lake of this `.lakeshell` has a stack, running or not."""
    return (state / FOLDER / "stack.env").is_file()


def open_installation(state: Path) -> Installation:
    """Raises `NotFound` before the first `stack up`, `ConfigurationError` for unsafe secrets."""
    folder = state / FOLDER
    if not is_installed(state):
        raise NotFound("this lake has no stack yet", hint=f"make and start it: {UP}")
    path = folder / "stack.env"
    values = secrets.parse(path.read_text(encoding="utf-8"), path)
    return Installation(folder, values, secrets.read(folder / "secrets.env"))


def install(
    state: Path, settings: StackSettings, images: Mapping[Service, str], workers: int
) -> Installation:
    """Makes the lake's installation, or brings the one that is there up to the settings."""
    folder = state / FOLDER
    folder.mkdir(parents=True, exist_ok=True)
    secret_file = folder / "secrets.env"
    if not secret_file.exists():
        remark = "The stack's passwords: made once, known to its containers. Not for git."
        secrets.write(secret_file, secrets.generate(), remark)
    known = secrets.parse(_read(folder / "stack.env"), folder / "stack.env")
    project = known.get("COMPOSE_PROJECT_NAME") or _new_project(state)
    values = {
        "COMPOSE_PROJECT_NAME": project,
        "STACK_STATE": str(folder),
        "WORKERS": str(workers),
        "S3_BUCKET": BUCKET,
        "S3_REGION": REGION,
        **{f"{service.name}_IMAGE": image for service, image in images.items()},
        **{f"{service.name}_PORT": str(settings.ports[service]) for service in PORTS},
        **_capacity(settings),
    }
    secrets.write(folder / "stack.env", values, _REMARK)
    return Installation(folder, values, secrets.read(secret_file))


def _read(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _new_project(state: Path) -> str:
    """Two lakes of one name do not share containers; a lake that is moved keeps its own."""
    name = re.sub(r"[^a-z0-9]+", "-", state.parent.name.lower()).strip("-")
    return f"lakeshell-{name or 'lake'}-{random.token_hex(3)}"


def _capacity(settings: StackSettings) -> dict[str, str]:
    """Limits of the containers, and of what is inside: a heap leaves room for what is beside it."""
    values = {}
    for service in Service:
        given = settings.capacity[service]
        values[f"{service.name}_MEMORY_MIN"] = str(given.memory_min)
        values[f"{service.name}_MEMORY_MAX"] = str(given.memory_max)
        values[f"{service.name}_CPUS"] = f"{given.cpus:g}"
    for service in (Service.CONTROL, Service.MYSQL):
        values[f"{service.name}_BUFFER_POOL"] = f"{settings.capacity[service].memory_max // 8}"
    values["MYSQL_PACKET"] = str(_packet(settings.capacity[Service.MYSQL].memory_max))
    heap = settings.capacity[Service.METASTORE].memory_max // 2
    values["METASTORE_HEAP"] = f"{heap // MB}m"
    values["MINIO_HEAP"] = f"{settings.capacity[Service.MINIO].memory_max * 3 // 4 // MB}MiB"
    return values


def _packet(memory: int) -> int:
    """Bytes of a statement. Of one that is all one value the server holds some eight copies."""
    return max(64 * MB, memory // 12 // MB * MB)
