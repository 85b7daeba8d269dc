"""The images of the services: the official ones where they exist, else built from `stack/images/`.

A built image carries a digest of the files that it was made from, so a changed Dockerfile is built
again and an unchanged one is not looked at twice. How registries are reached is this machine's own
configuration, lent to a build as secrets and kept in no image.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from lakeshell.errors import ConnectionFailed, LakeshellError, UsageError
from lakeshell.stack import docker
from lakeshell.stack.material import script
from lakeshell.stack.services import Service

if TYPE_CHECKING:
    from lakeshell.ports import Reporter

OFFICIAL: Mapping[Service, str] = {
    Service.TRINO: "trinodb/trino:476",
    Service.MYSQL: "mysql:9.7",
}
BUILT: Mapping[Service, str] = {
    Service.MYSQL: "lakeshell/mysql:9.7",
    Service.MINIO: "lakeshell/minio:2026-02-12",
    Service.METASTORE: "lakeshell/metastore:4.0.0",
    Service.TRINO: "lakeshell/trino:476",
}
BASE = "lakeshell/base:trixie"
OFFICIAL_BASE = "debian:trixie"
LABEL = "lakeshell.source"
_GO_SETTINGS = ("GOPROXY", "GOSUMDB", "GOPRIVATE", "GONOPROXY", "GONOSUMDB", "GOINSECURE")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


@dataclass(frozen=True, slots=True)
class Build:
    """One image to be built: from `folder`, on `base`."""

    image: str
    folder: Path
    base: str

    @property
    def digest(self) -> str:
        made = hashlib.sha256(self.base.encode())
        for path in sorted(self.folder.rglob("*")):
            if path.is_file():
                made.update(str(path.relative_to(self.folder)).encode())
                made.update(path.read_bytes())
        return made.hexdigest()[:16]


def chosen(*, build_all: bool) -> Mapping[Service, str]:
    """The image of each service: all built, or official where there are official ones."""
    return BUILT if build_all else {**BUILT, **OFFICIAL}


def builds(images: Mapping[Service, str], files: Path) -> Sequence[Build]:
    """Those of ours among the images. Where all are ours, no registry is asked for a base."""
    ours = {service: image for service, image in images.items() if image == BUILT.get(service)}
    base = BASE if len(ours) == len(BUILT) else OFFICIAL_BASE
    return [Build(image, files / "images" / service, base) for service, image in ours.items()]


def provide(
    images: Mapping[Service, str], files: Path, scratch: Path, reporter: Reporter
) -> Sequence[str]:
    """Builds or pulls what is not here; gives the images that were. `scratch` keeps the logs."""
    wanted = builds(images, files)
    stale = [build for build in wanted if _label(build.image) != build.digest]
    ours = {build.image for build in wanted}
    absent = [i for i in sorted({*images.values()} - ours) if _label(i) is None]
    for image in absent:
        reporter.step(f"pulling {image}")
        _pull(image)
    if stale:
        _build(stale, files, scratch, reporter)
    return [*absent, *(build.image for build in stale)]


def _pull(image: str) -> None:
    try:
        docker.run(["pull", "--quiet", image], timeout=None)
    except LakeshellError as error:
        if isinstance(error, ConnectionFailed):
            raise
        raise ConnectionFailed(
            f"the image {image} could not be pulled",
            hint=f"where no registry is reached, build all of them: {docker.BUILD}",
        ) from error


def _label(image: str) -> str | None:
    """The digest that an image carries, empty for a foreign one; None for one that is not here."""
    try:
        printed = docker.run(["image", "inspect", "--format", "{{json .Config.Labels}}", image])
    except UsageError:
        return None
    return str((json.loads(printed) or {}).get(LABEL, ""))


def _build(stale: Sequence[Build], files: Path, scratch: Path, reporter: Reporter) -> None:
    scratch.mkdir(parents=True, exist_ok=True)
    if any(build.base == BASE for build in stale):
        _make_base(reporter)
    lent = _lend(scratch)
    left = [build.folder.name for build in stale]
    logs = f"several minutes the first time; logs in {scratch}"
    reporter.step(f"building {', '.join(left)} ({logs})")
    # Compiling, downloading and unpacking overlap well: all at once takes as long as the longest.
    pool = ThreadPoolExecutor(len(stale))
    try:
        running = {pool.submit(_build_one, build, lent, scratch): build for build in stale}
        for finished in as_completed(running):
            finished.result()
            left.remove(running[finished].folder.name)
            if left:
                reporter.step(f"building {', '.join(left)} ({logs})")
                reporter.advance(len(stale) - len(left), len(stale), "images")
    finally:
        pool.shutdown(cancel_futures=True)


def _build_one(build: Build, lent: Sequence[str], scratch: Path) -> None:
    command = [
        *("docker", "build", "--tag", build.image, "--build-arg", f"BASE={build.base}"),
        *("--label", f"{LABEL}={build.digest}", *lent, str(build.folder)),
    ]
    path = scratch / f"{build.folder.name}.log"
    with path.open("wb") as log:
        environment = docker.environment_without(())
        done = subprocess.run(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False
        )
    if done.returncode == 0:
        return
    said = path.read_text(encoding="utf-8", errors="replace")
    foreseen = docker.failure(said, ["build"])
    if isinstance(foreseen, docker.DockerFailed):
        errors = [line for line in said.splitlines() if "rror" in line] or ["no reason given"]
        raise docker.DockerFailed(
            f"the image {build.image} could not be built: {errors[-1].strip()}",
            hint=f"its log is {path}",
        )
    raise foreseen


def _make_base(reporter: Reporter) -> None:
    if _label(BASE) is not None:
        return
    reporter.step(f"making {BASE} with debootstrap")
    command = script("base-image")
    done = subprocess.run(
        [str(command)], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        last = [line for line in done.stderr.splitlines() if line.startswith("error:")]
        raise UsageError(
            f"the base image could not be made: {(last or ['see above'])[-1].removeprefix('error: ')}",
            hint=f"run it by hand, as root: {command}",
        )


def _lend(scratch: Path) -> Sequence[str]:
    """Words that lend a build this machine's way to the registries."""
    maven = Path("~/.m2/settings.xml").expanduser()
    if not maven.is_file():
        maven = scratch / "settings.xml"
        maven.write_text("<settings/>\n", encoding="utf-8")
    go = scratch / "go.env"
    go.touch(mode=0o600)
    go.write_text("".join(f"{n}={v}\n" for n, v in _go_settings().items()), encoding="utf-8")
    words = [f"--secret=id=maven-settings,src={maven}", f"--secret=id=go-env,src={go}"]
    # Named without a value, an argument takes it from the environment and stays out of `ps`.
    words += [f"--build-arg={name}" for name in _PROXIES if os.environ.get(name)]
    return words


def _go_settings() -> Mapping[str, str]:
    if shutil.which("go") is None:
        return {name: os.environ[name] for name in _GO_SETTINGS if os.environ.get(name)}
    done = subprocess.run(
        ["go", "env", "-json", *_GO_SETTINGS], capture_output=True, text=True, check=False
    )
    found = json.loads(done.stdout) if done.returncode == 0 else {}
    return {name: value for name, value in found.items() if value}
