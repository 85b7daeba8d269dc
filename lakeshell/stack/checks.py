"""What can be wrong with a stack, each as a check that says what it found or raises what mends it.

In: a stack. Out: checks in the order in which the parts lean on each other. Changes nothing.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from lakeshell.errors import ConnectionFailed, LakeshellError
from lakeshell.stack import control, docker, probe
from lakeshell.stack.compose import Container
from lakeshell.stack.services import PORTS, PURPOSE, Service
from lakeshell.stack.stack import RESTORE, Stack
from lakeshell.stack.storage import ObjectStorage

LOW_STORAGE = 256 * 2**20
"""Bytes free in object storage below which a load may fail."""
Check = tuple[str, Callable[[], str]]
LOW_SPACE = 2 * 2**30
"""Bytes free on Docker's disk below which object storage soon takes nothing more."""


def checks(stack: Stack) -> Iterator[Check]:
    """(part, check). A check that leans on one that failed is left out: it would only repeat it."""
    failed: set[str] = set()

    def watched(part: str, check: Callable[[], str]) -> Check:
        def run() -> str:
            try:
                return check()
            except LakeshellError:
                failed.add(part)
                raise

        return part, run

    yield watched("docker", lambda: f"engine {docker.engine_version()}")
    yield watched("stack", lambda: _installed(stack))
    if failed:
        return
    yield "docker's disk", _space
    found: list[Container] = []
    yield watched("containers", partial(_containers, stack, found))
    if failed:
        return
    containers = {container.service: container for container in found}
    for service in PORTS:
        yield watched(str(service), partial(_service, stack, service, containers.get(service)))
    idle = {s for s in PORTS if s not in failed and not stack.answers(s)}
    if stack.installation.workers and Service.TRINO not in idle and Service.TRINO not in failed:
        yield watched("workers", partial(_workers, stack, found))
    catalogs = partial(_catalogs, container=containers.get(Service.TRINO))
    for part, service, check in (
        ("control's password", Service.CONTROL, _control),
        ("metastore's schema", Service.CONTROL, _schema),
        ("mysql's password", Service.MYSQL, _mysql),
        ("object storage's room", Service.MINIO, _room),
        ("buckets", Service.MINIO, _buckets),
        ("trino's groups", Service.CONTROL, _groups),
        ("trino's catalogs", Service.TRINO, catalogs),
    ):
        locked_out = service is Service.CONTROL and "control's password" in failed
        if service not in failed and service not in idle and not locked_out:
            yield watched(part, partial(check, stack))


def _installed(stack: Stack) -> str:
    made = stack.installation
    return f"{made.project}, {made.workers} workers"


def _containers(stack: Stack, found: list[Container]) -> str:
    found.extend(stack.compose.containers())
    return f"{sum(each.runs for each in found)} run of {len(found)}"


def _space() -> str:
    root = Path(docker.run(["info", "--format", "{{.DockerRootDir}}"], timeout=20).strip())
    if not root.exists():
        return f"{root} is not on this machine"
    free = shutil.disk_usage(root).free
    said = f"{free / 2**30:,.1f} GB free in {root}"
    if free < LOW_SPACE:
        raise LakeshellError(said, hint="docker system prune")
    return said


def _service(stack: Stack, service: Service, container: Container | None) -> str:
    port = stack.installation.port(service)
    version = probe.version(service, port)
    if container is not None and container.state == "running":
        if version is not None:
            return f"{PURPOSE[service]}; serves at 127.0.0.1:{port}"
        raise ConnectionFailed(
            f"it runs and does not answer at 127.0.0.1:{port}; what it says: lakeshell stack logs"
            f" {service}",
            hint=f"lakeshell stack stop {service} && lakeshell stack start {service}",
        )
    if container is not None and container.state == "restarting":
        raise ConnectionFailed(
            f"it ends with {container.exit_code} as soon as it starts; what it says: lakeshell stack"
            f" logs {service}",
            hint=f"lakeshell stack start {service}",
        )
    if container is not None and container.paused:
        raise ConnectionFailed("it is paused", hint=f"lakeshell stack start {service}")
    if not probe.port_is_free(port):
        raise docker.port_taken(port, service)
    if container is None and stack.is_removed(service):
        return f"removed after a backup; {RESTORE}"
    if container is None:
        raise ConnectionFailed("it has no container", hint=f"lakeshell stack start {service}")
    if stack.settings.idle_stop and container.exit_code in (0, 137, 143):
        return "stopped; starts when it is needed"
    raise ConnectionFailed("it is stopped", hint=f"lakeshell stack start {service}")


def _workers(stack: Stack, found: Sequence[Container]) -> str:
    wanted = stack.installation.workers
    running = sum(each.service is Service.WORKER and each.runs for each in found)
    if running < wanted:
        raise LakeshellError(f"{running} of {wanted} run", hint="lakeshell stack start worker")
    # One more than the workers: the coordinator works too.
    joined = probe.nodes(stack.installation.port(Service.TRINO)) - 1
    if joined < wanted:
        raise LakeshellError(
            f"{wanted} run, {max(0, joined)} have joined Trino",
            hint="they take some seconds; see why not: lakeshell stack logs worker",
        )
    return f"{wanted} work"


def _catalogs(stack: Stack, container: Container | None) -> str:
    """A password that was changed, or a restart that was cut off, shows in queries alone."""
    if container is not None and container.configuration != stack.configuration().digest:
        raise LakeshellError(
            "Trino was started with other settings or connections than there are now",
            hint="lakeshell stack up",
        )
    return "are those of the connections"


def _control(stack: Stack) -> str:
    with control.cursor(stack.installation, Service.CONTROL):
        return "is right"


def _mysql(stack: Stack) -> str:
    with control.cursor(stack.installation, Service.MYSQL):
        return "is right"


def _schema(stack: Stack) -> str:
    if not control.has_metastore_schema(stack.installation):
        raise LakeshellError("it is missing in control", hint="lakeshell stack up")
    return "is there"


def _groups(stack: Stack) -> str:
    plan = stack.enforcement.plan()
    if not plan.before.selectors:
        raise LakeshellError(
            "no selector is in control: Trino refuses every query", hint="lakeshell stack up"
        )
    if plan.changes:
        raise LakeshellError(
            f"{len(plan.changes)} of them are not as the workgroups say: lakeshell workgroup apply"
            " --dry-run lists them",
            hint="lakeshell workgroup apply",
        )
    return "are as the workgroups say"


def _room(stack: Stack) -> str:
    """Its volume may be smaller than Docker's disk."""
    words = ("exec", "-T", Service.MINIO, "df", "--block-size=1", "--output=avail", "/data")
    free = int(stack.compose.run(*words, timeout=20).split()[-1])
    said = f"{free / 2**20:,.0f} MB free"
    if free < LOW_STORAGE:
        raise LakeshellError(
            f"{said}: object storage takes nothing more, or soon will not",
            hint=f"make room on the disk of Docker's volume {stack.installation.project}_minio:"
            " docker system df",
        )
    return said


def _buckets(stack: Stack) -> str:
    missing = ObjectStorage(stack.installation).missing_buckets()
    if missing:
        raise LakeshellError(f"missing: {', '.join(missing)}", hint="lakeshell stack up")
    return "are there"
