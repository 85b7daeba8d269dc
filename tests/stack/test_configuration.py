"""What is written for the containers: secrets, capacity, Trino's catalogs. No Docker needed."""

from __future__ import annotations

import os
import stat
import threading
from collections import Counter
from dataclasses import replace
from pathlib import Path
from queue import Queue
from types import SimpleNamespace

import pytest
from fakes import Silent
from shell import Shell

from lakeshell import services
from lakeshell.errors import ConfigurationError, NotFound, UsageError
from lakeshell.settings import read
from lakeshell.stack import rules, secrets, trino
from lakeshell.stack.compose import Container
from lakeshell.stack.images import BUILT, OFFICIAL, OFFICIAL_BASE, builds, chosen
from lakeshell.stack.installation import install, is_installed, open_installation
from lakeshell.stack.material import stack_files
from lakeshell.stack.services import (
    CAPACITY,
    MB,
    Capacity,
    Service,
    StackSettings,
    with_needs,
)
from lakeshell.stack.stack import PATIENCE, ServiceDied, Stack

IMAGES = chosen(build_all=True)
REMOTE = trino.Remote("movies", "mysql", "127.0.0.1", 3306, "root", "s3cret-enough")


@pytest.fixture
def state(tmp_path: Path) -> Path:
    return tmp_path / "sales lake" / ".lakeshell"


def test_a_stack_is_installed_once(state: Path) -> None:
    assert not is_installed(state)
    with pytest.raises(NotFound):
        open_installation(state)
    made = install(state, StackSettings(), IMAGES, 0)
    again = install(state, StackSettings(), IMAGES, 3)
    assert again.project == made.project
    assert again.project.startswith("lakeshell-sales-lake-")
    assert again.secrets == made.secrets
    assert (made.workers, again.workers) == (0, 3)
    assert open_installation(state) == again


def test_one_command_at_a_time_changes_the_services(state: Path) -> None:
    """Else two on a new lake make two sets of passwords, of which the services know one."""
    holder, second = (Stack(state, StackSettings(), tuple, state) for _ in range(2))
    said: Queue[str] = Queue()

    class Told(Silent):
        def step(self, text: str) -> None:
            said.put(text)

    def change() -> None:
        with second.alone(Told()):
            said.put("changed")

    waiting = threading.Thread(target=change)
    with holder.alone(Silent()):
        waiting.start()
        assert said.get(timeout=30) == "waiting for another command that changes these services"
        assert said.empty()
    assert said.get(timeout=30) == "changed"
    waiting.join()


def test_a_service_that_docker_starts_anew_is_given_some_time(state: Path) -> None:
    found = Container("1", Service.METASTORE, "restarting", 0)

    class Restarting(Stack):
        compose = SimpleNamespace(containers=lambda: [found])  # type: ignore[assignment]

    stack = Restarting(state, StackSettings(), tuple, state)
    ended: Counter[Service] = Counter()
    for _ in range(PATIENCE - 1):
        stack._count_ended([Service.METASTORE], ended)
    stack._count_ended([Service.TRINO], ended)
    with pytest.raises(ServiceDied, match="metastore ended with 0 while starting"):
        stack._count_ended([Service.METASTORE], ended)
    found = replace(found, state="exited")
    with pytest.raises(ServiceDied):
        stack._count_ended([Service.METASTORE], Counter())


def test_workers_that_are_not_are_not_started(state: Path) -> None:
    install(state, StackSettings(), IMAGES, 0)
    stack = Stack(state, StackSettings(), tuple, state)
    for change in (stack.start, stack.stop):
        with pytest.raises(UsageError) as caught:
            change([Service.WORKER], Silent())
        assert caught.value.hint == "lakeshell stack up --workers 2"


def test_secrets_are_different_everywhere_and_readable_by_nobody_else(tmp_path: Path) -> None:
    first = install(tmp_path / "a" / ".lakeshell", StackSettings(), IMAGES, 0)
    second = install(tmp_path / "b" / ".lakeshell", StackSettings(), IMAGES, 0)
    assert not set(first.secrets.values()) & set(second.secrets.values())
    assert len(set(first.secrets.values())) == len(first.secrets)
    path = first.folder / "secrets.env"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    # Docker reads the values as they stand only where nothing is quoted, cut or expanded.
    assert not set("".join(first.secrets.values())) & set(" \"'$#\\`")


def test_secrets_that_others_may_read_are_refused(state: Path) -> None:
    path = install(state, StackSettings(), IMAGES, 0).folder / "secrets.env"
    path.chmod(0o644)
    with pytest.raises(ConfigurationError, match="can be read by others") as raised:
        open_installation(state)
    assert raised.value.hint == f"chmod 600 {path}"


@pytest.mark.parametrize("chosen_password", ["minioadmin", "Password", "short"])
def test_default_passwords_are_refused(state: Path, chosen_password: str) -> None:
    made = install(state, StackSettings(), IMAGES, 0)
    changed = {**made.secrets, secrets.MYSQL_ROOT: chosen_password}
    secrets.write(made.folder / "secrets.env", changed)
    with pytest.raises(ConfigurationError, match=r"MYSQL_ROOT_PASSWORD .* default or short"):
        open_installation(state)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        (secrets.MYSQL_ROOT, "it's a long one", "a quote, a backslash"),
        (secrets.METASTORE_DB, "a-${b}-long-one", "a quote, a backslash"),
        (secrets.CONTROL_ROOT, "two\nlines of one", "or a control character"),
        (secrets.CONTROL_TRINO, "salt&pepper&more", "letters, digits and"),
    ],
)
def test_secrets_that_a_service_cannot_take_are_refused(
    state: Path, name: str, value: str, said: str
) -> None:
    made = install(state, StackSettings(), IMAGES, 0)
    secrets.write(made.folder / "secrets.env", {**made.secrets, name: value})
    with pytest.raises(ConfigurationError, match=f"{name} in .* has .*{said}"):
        open_installation(state)


ODD = (
    "$HOME ${x} $$ a$", " blanks ", "'quoted' \"twice\" `thrice`", "#a #b # c", "\\ \\n \\\\", "é海\u2028",
    "a\nb\r\tc", "=", "",
)  # fmt: skip


def test_what_is_written_for_docker_is_read_again(tmp_path: Path) -> None:
    """That Docker reads the same, tests of the running stack show."""
    values = {f"A_{number}": value for number, value in enumerate(ODD)}
    path = tmp_path / "some.env"
    secrets.write(path, values, "a remark")
    assert secrets.parse(path.read_text(encoding="utf-8"), path) == values


def test_what_people_write_is_read_as_docker_does(tmp_path: Path) -> None:
    def read(line: str) -> str:
        return secrets.parse(f"# x\n\n {line}\n", tmp_path)["A"]

    assert read("A = plain, with blanks ") == "plain, with blanks"
    assert read("A='$HOME #1 \"'") == '$HOME #1 "'
    assert read("A=a#b") == "a#b"
    for line in ("A=$HOME", "A=a #b", "A='it's'", 'A="$x"', "A='open", "A='a' # b"):
        with pytest.raises(ConfigurationError, match="Docker would read the value of A"):
            read(line)


def test_a_password_that_is_a_reference_to_trino_is_refused(state: Path) -> None:
    made = install(state, StackSettings(), IMAGES, 0)
    remote = replace(REMOTE, password="x${ENV:HOME}")
    with pytest.raises(ConfigurationError, match="the password of the connection 'movies'"):
        trino.configuration(made, StackSettings(), stack_files() / "trino", [remote])


def test_a_secret_that_is_gone_is_not_made_anew(state: Path) -> None:
    made = install(state, StackSettings(), IMAGES, 0)
    kept = {n: v for n, v in made.secrets.items() if n != secrets.METASTORE_DB}
    secrets.write(made.folder / "secrets.env", kept)
    with pytest.raises(ConfigurationError, match="lacks METASTORE_DB_PASSWORD"):
        install(state, StackSettings(), IMAGES, 0)
    (made.folder / "secrets.env").unlink()
    with pytest.raises(ConfigurationError, match=r"secrets\.env is gone") as raised:
        open_installation(state)
    assert "A lost password" in raised.value.hint


def test_capacity_reaches_the_containers_and_what_is_inside(state: Path) -> None:
    capacity = {**CAPACITY, Service.TRINO: Capacity(512 * MB, 8192 * MB, 3.5)}
    settings = StackSettings(capacity=capacity)
    made = install(state, settings, IMAGES, 0)
    assert made.values["TRINO_MEMORY_MAX"] == str(8192 * MB)
    assert made.values["TRINO_CPUS"] == "3.5"
    trino.configuration(made, settings, stack_files() / "trino", []).write(made.folder)
    options = (made.folder / "trino" / "jvm.config").read_text().split()
    assert f"-Xmx{8192 - 1024}m" in options


def test_one_name_for_iceberg_and_files() -> None:
    catalogs = trino.lake_catalogs("eu-west-1")
    assert catalogs["lake"]["iceberg.hive-catalog-name"] == trino.FILES
    assert catalogs[trino.FILES]["hive.iceberg-catalog-name"] == "lake"
    assert {c["s3.region"] for c in catalogs.values()} == {"eu-west-1"}


@pytest.mark.parametrize(
    ("host", "port", "seen"),
    [
        ("127.0.0.1", 3306, "mysql:3306"),
        ("localhost", 3306, "mysql:3306"),
        ("127.0.0.1", 3999, "host.docker.internal:3999"),
        ("db.example", 3306, "db.example:3306"),
        ("fe80::7", 3306, "[fe80::7]:3306"),
        ("::1", 3306, "mysql:3306"),
    ],
)
def test_a_connection_as_the_containers_see_it(host: str, port: int, seen: str) -> None:
    remote = replace(REMOTE, host=host, port=port)
    made = trino.connection_catalog(remote, stack_port=3306)
    assert made["connection-url"] == f"jdbc:mysql://{seen}?sslMode=PREFERRED"


def test_passwords_are_in_no_configuration_file(state: Path) -> None:
    made = install(state, StackSettings(), IMAGES, 0)
    templates = stack_files() / "trino"
    trino.configuration(made, StackSettings(), templates, [REMOTE]).write(made.folder)
    written = [p for p in made.folder.rglob("*") if p.is_file() and p.suffix != ".env"]
    assert len(written) > 20
    hidden = [*made.secrets.values(), str(REMOTE.password)]
    hidden.remove(made.secrets[secrets.TRINO_SPOOLING])
    for path in written:
        assert not any(secret in path.read_text() for secret in hidden), path
    environment = made.folder / "connections.env"
    assert stat.S_IMODE(environment.stat().st_mode) == 0o600
    assert environment.read_text() == f"{REMOTE.variable}={REMOTE.password}\n"
    catalog = (made.folder / "trino" / "catalog" / "movies.properties").read_text()
    assert f"connection-password=${{ENV:{REMOTE.variable}}}" in catalog


def test_certificates_that_a_connection_is_checked_with_reach_trino(state: Path) -> None:
    made = install(state, StackSettings(), IMAGES, 0)
    templates = stack_files() / "trino"
    pem = b"# mine\n" + b"-----BEGIN CERTIFICATE-----\nAQID\nBAUG\n-----END CERTIFICATE-----\n" * 2
    remote = replace(REMOTE, ssl_mode="VERIFY_CA", ca=pem, ca_file="/ca.pem")
    written = trino.configuration(made, StackSettings(), templates, [remote])
    written.write(made.folder)
    for service in ("trino", "worker"):
        store = (made.folder / service / "tls" / "movies.jks").read_bytes()
        assert store.startswith(bytes.fromhex("feedfeed 00000002 00000002"))
        assert store.count(b"\0\0\0\6" + bytes([1, 2, 3, 4, 5, 6])) == 2
    catalog = (made.folder / "trino" / "catalog" / "movies.properties").read_text()
    assert (
        "sslMode=VERIFY_CA&trustCertificateKeyStoreUrl=file:/etc/trino/tls/movies.jks&" in catalog
    )
    other = trino.configuration(made, StackSettings(), templates, [replace(remote, ca=pem[:-70])])
    assert other.digest != written.digest
    trino.configuration(made, StackSettings(), templates, [REMOTE]).write(made.folder)
    assert not (made.folder / "trino" / "tls").exists()
    with pytest.raises(ConfigurationError, match=r"/ca\.pem holds no certificate"):
        trino.configuration(made, StackSettings(), templates, [replace(remote, ca=b"none")])


def test_a_container_reads_its_configuration_whatever_the_umask_is(state: Path) -> None:
    before = os.umask(0o077)
    try:
        made = install(state, StackSettings(), IMAGES, 0)
        files = stack_files() / "trino"
        trino.configuration(made, StackSettings(), files, [REMOTE]).write(made.folder)
        rules.write(made.rules / "rules.json", "{}")
    finally:
        os.umask(before)
    mounted = (made.folder / "trino", made.folder / "worker", made.rules)
    for path in (each for folder in mounted for each in (folder, *folder.rglob("*"))):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode == (0o755 if path.is_dir() else 0o644), path
    assert stat.S_IMODE((made.folder / "secrets.env").stat().st_mode) == 0o600


def test_names_that_look_alike_keep_their_own_passwords() -> None:
    assert replace(REMOTE, name="a-b").variable != replace(REMOTE, name="a_b").variable


def test_another_configuration_is_another_digest(state: Path) -> None:
    made = install(state, StackSettings(), IMAGES, 0)
    templates = stack_files() / "trino"

    def digest(*remotes: trino.Remote) -> str:
        written = trino.configuration(made, StackSettings(), templates, remotes)
        written.write(made.folder)
        return written.digest

    first = digest()
    assert digest() == first
    second = digest(REMOTE)
    assert second != first
    assert digest(replace(REMOTE, password="another-password")) != second
    assert digest() == first
    assert not (made.folder / "trino" / "catalog" / "movies.properties").exists()


def test_rules_of_access_are_the_users_to_edit(tmp_path: Path) -> None:
    path = trino.first_rules(tmp_path / "access")
    path.write_text("{}")
    trino.first_rules(tmp_path / "access")
    assert path.read_text() == "{}"


def test_images_are_official_where_there_are_official_ones() -> None:
    files = stack_files()
    mixed = chosen(build_all=False)
    assert mixed[Service.TRINO] == OFFICIAL[Service.TRINO] == "trinodb/trino:476"
    assert {b.image for b in builds(mixed, files)} == {
        BUILT[Service.MINIO],
        BUILT[Service.METASTORE],
    }
    assert {b.base for b in builds(mixed, files)} == {OFFICIAL_BASE}
    every = builds(IMAGES, files)
    assert {b.image for b in every} == set(BUILT.values())
    assert len({b.digest for b in every}) == len(every)
    assert all((b.folder / "Dockerfile").is_file() for b in every)


def test_a_service_brings_what_it_needs_in_order() -> None:
    assert with_needs((Service.TRINO,)) == (
        Service.CONTROL,
        Service.MINIO,
        Service.METASTORE,
        Service.TRINO,
    )
    assert with_needs((Service.MYSQL,)) == (Service.MYSQL,)


def settings_of(tmp_path: Path, text: str) -> StackSettings:
    (tmp_path / "lakeshell.toml").write_text(text)
    return read(tmp_path, {}).stack


def test_settings_of_the_stack(tmp_path: Path) -> None:
    assert settings_of(tmp_path, "") == StackSettings()
    text = (
        '[stack]\nidle_stop = "15m"\n[stack.trino]\nmemory_max = "4GB"\ncpus = 1.5\nport = 8081\n'
    )
    made = settings_of(tmp_path, text)
    assert made.idle_stop == 900
    assert made.capacity[Service.TRINO] == Capacity(512 * MB, 4096 * MB, 1.5)
    assert made.ports[Service.TRINO] == 8081
    assert made.capacity[Service.MINIO] == CAPACITY[Service.MINIO]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[stack.trino]\nport = 3306", "the same port 3306"),
        ("[stack.trino]\nport = 70000", "line 2: stack.trino.port"),
        ("[stack.trino]\ncpus = 0", "line 2: stack.trino.cpus"),
        ('[stack.trino]\nmemory_max = "100MB"', "memory_min"),
        ("[stack.trinio]\nport = 1", "no key 'stack.trinio"),
    ],
)
def test_wrong_settings_of_the_stack(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(ConfigurationError, match=said):
        settings_of(tmp_path, text)


@pytest.mark.parametrize(
    ("settings", "engine"),
    [
        ("[engine]\ntype = 'embedded'\n", "embedded"),
        ("[engine]\ntype = 'trino'\nurl = 'https://trino.test'\n", "https://trino.test"),
        ("[engine]\ntype = 'trino'\n", None),
    ],
)
def test_a_stack_that_the_lake_does_not_use_is_said_to_be_that(
    shell: Shell, lake: Path, monkeypatch: pytest.MonkeyPatch, settings: str, engine: str | None
) -> None:
    monkeypatch.setattr(services, "up", lambda *_, **__: None)
    install(lake / ".lakeshell", StackSettings(), IMAGES, 0)
    (lake / "lakeshell.toml").write_text(settings, encoding="utf-8")
    ended = shell("stack", "up")
    assert ended.code == 0, ended.err
    assert "passwords are in" in ended.err
    assert ("this lake's engine is" in ended.err) is (engine is not None)
    assert f"engine is {engine}" in ended.err or engine is None
