"""Trino's configuration: its templates filled in, a catalog for the lake and each connection.

In: an installation, its capacity, the connections. Out: the folders that the containers see as
`/etc/trino`. No file holds a secret: Trino takes `${ENV:NAME}` from its container's environment.
"""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lakeshell.errors import ConfigurationError
from lakeshell.stack import rules, secrets, truststore
from lakeshell.stack.installation import SPOOL_BUCKET, Installation
from lakeshell.stack.services import MB, Capacity, Service, StackSettings

LAKE = "lake"
FILES = "lake_files"
"""The Hive catalog that `lake` hands tables of files to; nobody has to name it."""
BESIDE = ("tpch", "memory")
"""Catalogs of Trino's own, for samples and for what need not last."""
MOST_NODES = 101

_METASTORE = {
    "hive.metastore.uri": "thrift://metastore:9083",
    # A Metastore that is restarted is waited for, one whose database is away says so within these,
    # and the lock of a killed writer holds nobody for ten minutes.
    "hive.metastore.thrift.client.read-timeout": "20s",
    "hive.metastore.thrift.client.max-retries": "20",
    "hive.metastore.thrift.client.max-retry-time": "15s",
    "hive.metastore.thrift.txn-lock-max-wait": "60s",
}
_ICEBERG = {
    **_METASTORE,
    "connector.name": "iceberg",
    "iceberg.catalog.type": "hive_metastore",
    "iceberg.hive-catalog-name": FILES,
    "iceberg.register-table-procedure.enabled": "true",
    "iceberg.add-files-procedure.enabled": "true",
}
_HIVE = {
    **_METASTORE,
    "connector.name": "hive",
    "hive.iceberg-catalog-name": LAKE,
    "hive.non-managed-table-writes-enabled": "true",
}
_STORAGE = {
    "fs.native-s3.enabled": "true",
    "s3.endpoint": "http://minio:9000",
    "s3.path-style-access": "true",
    "s3.aws-access-key": "${ENV:S3_ACCESS_KEY}",
    "s3.aws-secret-key": "${ENV:S3_SECRET_KEY}",
}
_OPTIONS = {"mysql": "sslMode={}", "postgresql": ""}
"""What is put behind the address, by connector; `{}` is the mode of TLS."""
_OWN_MYSQL = ("mysql", 3306)
"""The stack's source database, as its containers reach it."""


@dataclass(frozen=True, slots=True)
class Remote:
    """A database that is a catalog in SQL; `connector` is Trino's name of its kind."""

    name: str
    connector: str
    host: str
    port: int
    user: str
    password: str | None
    database: str = ""
    ssl_mode: str = "PREFERRED"
    ca: bytes = b""
    """Certificates in PEM that its own is checked with, in the place of Java's."""
    ca_file: str = ""

    @property
    def truststore(self) -> str:
        """The path of its certificates among the files."""
        return f"tls/{self.name.lower()}.jks"

    @property
    def variable(self) -> str:
        """The environment variable of its password; different for `a-b` and `a_b`."""
        plain = re.sub(r"[^A-Z0-9]", "_", self.name.upper())
        return f"CONNECTION_{plain}_{hashlib.sha256(self.name.encode()).hexdigest()[:6].upper()}"


def lake_catalogs(region: str) -> Mapping[str, Mapping[str, str]]:
    """One name, `lake`, for Iceberg tables and tables of files: each catalog redirects."""
    storage = {**_STORAGE, "s3.region": region}
    return {LAKE: {**_ICEBERG, **storage}, FILES: {**_HIVE, **storage}}


def connection_catalog(remote: Remote, stack_port: int | None = None) -> Mapping[str, str]:
    """The properties of a connection's catalog. `stack_port` is where the stack's own MySQL is on
    this machine, which Trino reaches by its name."""
    host, port = remote.host, remote.port
    if host in ("localhost", "127.0.0.1", "::1"):
        own = remote.connector == "mysql" and port == stack_port
        host, port = _OWN_MYSQL if own else ("host.docker.internal", port)
    # PostgreSQL's driver connects to one database; MySQL's schemas are all below one address.
    # An IPv6 address stands in brackets.
    url = f"jdbc:{remote.connector}://" + (f"[{host}]:{port}" if ":" in host else f"{host}:{port}")
    url += f"/{remote.database}" if remote.connector == "postgresql" else ""
    options = _OPTIONS[remote.connector].format(remote.ssl_mode)
    if remote.ca:
        options += f"&trustCertificateKeyStoreUrl=file:/etc/trino/{remote.truststore}"
        options += f"&trustCertificateKeyStorePassword={truststore.PASSWORD}"
    properties = {
        "connector.name": remote.connector,
        "connection-url": f"{url}?{options}" if options else url,
        "connection-user": remote.user,
        "case-insensitive-name-matching": "true",
    }
    if remote.password is not None:
        properties["connection-password"] = f"${{ENV:{remote.variable}}}"
    return properties


@dataclass(frozen=True, slots=True)
class Configuration:
    """What Trino's containers are given: `passwords` as their environment, `folders` as files, the
    content by the path in the folder. Making one writes nothing."""

    passwords: Mapping[str, str]
    folders: Mapping[str, Mapping[str, bytes]]

    @property
    def digest(self) -> str:
        """Changes with it, so that containers with another configuration are made again."""
        digest = hashlib.sha256(json.dumps(self.passwords, sort_keys=True).encode())
        for files in self.folders.values():
            for path, content in sorted(files.items()):
                digest.update(f"{path} {len(content)}\n".encode() + content)
        return digest.hexdigest()[:16]

    def write(self, folder: Path) -> None:
        """Into the installation's folder."""
        secrets.write(folder / "connections.env", self.passwords)
        for name, files in self.folders.items():
            _replace(folder / name, files)


def configuration(
    installation: Installation,
    settings: StackSettings,
    templates: Path,
    remotes: Sequence[Remote],
) -> Configuration:
    """Of the coordinator and the workers, with a catalog for each of `remotes`."""
    catalogs = dict(lake_catalogs(installation.region))
    catalogs |= {name: {"connector.name": name} for name in BESIDE}
    for remote in remotes:
        port = installation.port(Service.MYSQL)
        catalogs[remote.name.lower()] = connection_catalog(remote, port)
    passwords = {r.variable: _plain(r) for r in remotes if r.password is not None}
    trusted = {r.truststore: truststore.truststore(r.ca, r.ca_file) for r in remotes if r.ca}
    folders = {}
    for kind, service in (("coordinator", Service.TRINO), ("worker", Service.WORKER)):
        files = _filled(templates, kind, _figures(settings.capacity[service], installation))
        if settings.cluster.scan_limit is not None and service is Service.TRINO:
            limit = f"query.max-scan-physical-bytes={settings.cluster.scan_limit}B\n"
            files["config.properties"] += limit
        files |= {f"catalog/{name}.properties": _text(p) for name, p in catalogs.items()}
        folders[service.value] = {path: text.encode() for path, text in files.items()} | trusted
    return Configuration(passwords, folders)


def _plain(remote: Remote) -> str:
    """Its password. Raises `ConfigurationError` for one that is a reference to Trino."""
    if re.search(r"\$\{\w+:", remote.password or ""):
        raise ConfigurationError(
            f"the password of the connection {remote.name!r} has a ${{NAME:…}} in it, in whose place"
            " Trino would put something else",
            hint="choose another password for it",
        )
    return remote.password or ""


def _figures(capacity: Capacity, installation: Installation) -> Mapping[str, str]:
    """Megabytes. After thousands of different queries, code, threads and buffers take some 900 MB
    beside a heap that is used whole."""
    most = capacity.memory_max // MB
    heap = max(most - 1024, most // 2)
    headroom = heap // 5
    return {
        "HEAP": str(heap),
        "HEAP_MIN": str(min(256, heap)),
        "HEADROOM": str(headroom),
        "QUERY_MEMORY": str(heap - headroom - 32),
        # Of all nodes together: enough for any number, so that a worker more restarts nothing.
        "QUERY_MEMORY_CLUSTER": str((heap - headroom - 32) * MOST_NODES),
        "SPOOL_BUCKET": SPOOL_BUCKET,
        "REGION": installation.region,
    }


def _filled(templates: Path, kind: str, figures: Mapping[str, str]) -> dict[str, str]:
    files = {}
    for folder in (templates / "both", templates / kind):
        for path in sorted(folder.iterdir()):
            text = path.read_text(encoding="utf-8")
            files[path.name] = re.sub(r"@([A-Z_]+)@", lambda found: figures[found[1]], text)
    return files


def _text(properties: Mapping[str, str]) -> str:
    return "".join(f"{name}={_escaped(value)}\n" for name, value in properties.items())


def _escaped(value: str) -> str:
    """As Java reads it in a file of properties, whose escapes are those of JSON."""
    escaped = json.dumps(value)[1:-1]
    return "\\" + escaped if value.startswith(" ") else escaped


def _replace(folder: Path, files: Mapping[str, bytes]) -> None:
    """Files that are no longer meant are removed. The folder itself stays: it is mounted."""
    (folder / "access").mkdir(parents=True, exist_ok=True)
    for made in ("catalog", "tls"):
        shutil.rmtree(folder / made, ignore_errors=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    for path in folder.iterdir():
        if path.is_file() and path.name not in files:
            path.unlink()
    for path in (folder, *folder.rglob("*")):
        path.chmod(rules.SEEN_FOLDER if path.is_dir() else rules.SEEN)


def first_rules(folder: Path) -> Path:
    """The lake's own rules of access, in its `access/`; all is allowed until they are edited."""
    path = folder / "rules.json"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(rules.text(rules.ALLOW_ALL), encoding="utf-8")
    return path
