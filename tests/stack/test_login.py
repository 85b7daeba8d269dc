"""Logging in to a Trino over TLS, by password and by token: a Trino of its own, from the stack's
image, with certificates that the test makes.

Half a minute and half a gigabyte for a Trino beside the stack's, so it runs alone.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import live
import pytest

from lakeshell.stack.services import Service

pytestmark = pytest.mark.alone

PASSWORD, TOKEN_KEY = "correct: hörse", b"0123456789abcdef0123456789abcdef"
START_SECONDS = 240
_CONFIG = """\
coordinator=true
node-scheduler.include-coordinator=true
http-server.http.port=8080
discovery.uri=http://localhost:8080
http-server.https.enabled=true
http-server.https.port=8443
http-server.https.keystore.path=/etc/trino/server.pem
http-server.authentication.type=PASSWORD,JWT
http-server.authentication.jwt.key-file=/etc/trino/token.key
internal-communication.shared-secret=of-this-test-alone
query.max-memory-per-node=64MB
memory.heap-headroom-per-node=64MB
"""
_JVM = """\
-server
-Xmx768m
-XX:+UseSerialGC
-XX:ReservedCodeCacheSize=128M
-Djdk.attach.allowAttachSelf=true
-XX:+EnableDynamicAgentLoading
--add-modules=jdk.incubator.vector
--enable-native-access=ALL-UNNAMED
"""


@dataclass(frozen=True)
class Secured:
    url: str
    ca: Path
    other_ca: Path


def openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)


def certify(folder: Path) -> None:
    """ca.pem, other.pem, and server.pem: a key and its certificate for localhost by ca.pem."""
    new = ("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2")
    for name in ("ca", "other"):
        openssl(
            folder, *new, "-subj", f"/CN={name}", "-keyout", f"{name}.key", "-out", f"{name}.pem"
        )
    openssl(
        folder, "req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost",
        "-keyout", "server.key", "-out", "server.csr",
    )  # fmt: skip
    (folder / "names").write_text("subjectAltName=DNS:localhost,IP:127.0.0.1\n")
    openssl(
        folder, "x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
        "-CAcreateserial", "-days", "2", "-extfile", "names", "-out", "server.crt",
    )  # fmt: skip
    both = (folder / "server.key").read_text() + (folder / "server.crt").read_text()
    (folder / "server.pem").write_text(both)


def hashed(password: str) -> str:
    """As Trino's password file takes it."""
    salt = b"a salt of the test"
    made = hashlib.pbkdf2_hmac("sha1", password.encode(), salt, 1000, 32)
    return f"1000:{salt.hex()}:{made.hex()}"


def token(subject: str, key: bytes = TOKEN_KEY, expires: int = 3600) -> str:
    def part(value: bytes) -> bytes:
        return base64.urlsafe_b64encode(value).rstrip(b"=")

    claims = {"sub": subject, "exp": int(time.time()) + expires}
    signed = b".".join(part(json.dumps(v).encode()) for v in ({"alg": "HS256"}, claims))
    return (signed + b"." + part(hmac.digest(key, signed, "sha256"))).decode()


def configured(folder: Path) -> None:
    (folder / "catalog").mkdir()
    (folder / "config.properties").write_text(_CONFIG)
    (folder / "node.properties").write_text(
        "node.environment=login\nnode.data-dir=/data/trino\nnode.internal-address=localhost\n"
    )
    (folder / "jvm.config").write_text(_JVM)
    (folder / "password-authenticator.properties").write_text(
        "password-authenticator.name=file\nfile.password-file=/etc/trino/passwords\n"
    )
    (folder / "passwords").write_text(f"ada:{hashed(PASSWORD)}\n")
    (folder / "token.key").write_bytes(base64.b64encode(TOKEN_KEY))
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)


def serving(url: str, ca: Path) -> bool:
    trusted = ssl.create_default_context(cafile=str(ca))
    request = urllib.request.Request(
        f"{url}/v1/info", headers={"Authorization": f"Bearer {token('ada')}"}
    )
    try:
        with urllib.request.urlopen(request, context=trusted, timeout=5) as answer:
            return json.load(answer)["starting"] is False
    except (OSError, urllib.error.URLError):
        return False


@pytest.fixture(scope="module")
def trino(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    image = live.installation().image(Service.TRINO)
    folder = tmp_path_factory.mktemp("trino")
    certify(folder)
    configured(folder)
    name = f"lakeshell-login-{uuid.uuid4().hex[:8]}"
    docker = ("docker", "run", "--rm", "--detach", "--name", name, "--publish", "127.0.0.1::8443")
    subprocess.run(
        [*docker, "--volume", f"{folder}:/etc/trino:ro", image], check=True, capture_output=True
    )
    try:
        found = subprocess.run(
            ["docker", "port", name, "8443"], check=True, capture_output=True, text=True
        )
        url = f"https://localhost:{found.stdout.split(':')[-1].strip()}"
        until = time.monotonic() + START_SECONDS
        while not serving(url, folder / "ca.pem"):
            assert time.monotonic() < until, subprocess.run(
                ["docker", "logs", "--tail", "30", name], capture_output=True, text=True
            ).stdout
            time.sleep(0.5)
        yield Secured(url, folder / "ca.pem", folder / "other.pem")
    finally:
        subprocess.run(["docker", "rm", "--force", name], check=False, capture_output=True)


def query(
    trino: Secured, lake: Path, settings: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    """`select` on a lake of `trino` with these lines among its `[engine]` settings."""
    command = [sys.executable, "-P", "-m", "lakeshell"]
    options = ("--metastore-uri", "thrift://localhost:1", "--warehouse", "s3://lake/warehouse")
    subprocess.run(
        [*command, "init", str(lake), "--trino-url", trino.url, *options],
        check=True,
        capture_output=True,
    )
    file = lake / "lakeshell.toml"
    file.write_text(file.read_text().replace("[catalog]", f"{settings}\n\n[catalog]", 1))
    asked = "select current_user"
    return subprocess.run(
        [*command, "query", "--lake", str(lake), "--output-format", "CSV", "-e", asked],
        capture_output=True, text=True, check=False, env={**os.environ, **environment},
    )  # fmt: skip


def trusting(ca: Path, login: str) -> str:
    return f'user = "ada"\nca_file = "{ca}"\n{login}'


@pytest.mark.parametrize(
    ("login", "secret"),
    [('password_env = "SECRET"', PASSWORD), ('token_env = "SECRET"', token("ada"))],
    ids=["password", "token"],
)
def test_who_logs_in_asks(trino: Secured, tmp_path: Path, login: str, secret: str) -> None:
    ended = query(trino, tmp_path / "lake", trusting(trino.ca, login), SECRET=secret)
    assert (ended.returncode, ended.stdout) == (0, '"ada"\n'), ended.stderr


def test_a_token_says_itself_whose_it_is(trino: Secured, tmp_path: Path) -> None:
    settings = f'ca_file = "{trino.ca}"\ntoken_env = "SECRET"'
    ended = query(trino, tmp_path / "lake", settings, SECRET=token("grace"))
    assert (ended.returncode, ended.stdout) == (0, '"grace"\n'), ended.stderr


@pytest.mark.parametrize(
    ("login", "secret"),
    [
        ('password_env = "SECRET"', "wrong"),
        ('token_env = "SECRET"', token("ada", b"another key, of as many bits....")),
        ('token_env = "SECRET"', token("ada", expires=-60)),
        ("", ""),
    ],
    ids=["password", "signature", "expired", "none"],
)
def test_a_wrong_login_is_said(trino: Secured, tmp_path: Path, login: str, secret: str) -> None:
    ended = query(trino, tmp_path / "lake", trusting(trino.ca, login), SECRET=secret)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "refused the login of ada" in ended.stderr
    assert not secret or secret not in ended.stderr


def test_a_certificate_by_somebody_else_is_refused(trino: Secured, tmp_path: Path) -> None:
    settings = trusting(trino.other_ca, 'password_env = "SECRET"')
    ended = query(trino, tmp_path / "lake", settings, SECRET=PASSWORD)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert "is not trusted" in ended.stderr
    assert "engine.ca_file" in ended.stderr


def test_a_file_of_certificates_that_is_not_there_is_said(trino: Secured, tmp_path: Path) -> None:
    ended = query(trino, tmp_path / "lake", trusting(tmp_path / "none.pem", ""))
    assert ended.returncode == 2, ended.stderr
    assert "none.pem cannot be read" in ended.stderr


def asked_as(trino: Secured, user: str) -> str:
    """What comes of a statement that ada, who logs in, sends in the name of a user."""
    login = base64.b64encode(f"ada:{PASSWORD}".encode("latin-1")).decode()
    headers = {"Authorization": f"Basic {login}", "X-Trino-User": user}
    trusted = ssl.create_default_context(cafile=str(trino.ca))
    asked = urllib.request.Request(f"{trino.url}/v1/statement", b"SELECT current_user", headers)
    said = ""
    while True:
        try:
            with urllib.request.urlopen(asked, context=trusted, timeout=30) as answer:
                page = json.load(answer)
        except urllib.error.HTTPError as error:
            return error.read().decode()
        said += str(page.get("data") or page.get("error") or "")
        if "nextUri" not in page:
            return said
        asked = urllib.request.Request(page["nextUri"], headers=headers)


def test_who_logs_in_cannot_ask_as_somebody_else(trino: Secured) -> None:
    """So with a login, members of workgroups are who they say."""
    assert "ada" in asked_as(trino, "ada")
    assert "User ada cannot impersonate user grace" in asked_as(trino, "grace")
