"""Addresses of sources in `connections/NAME.toml`."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from shell import lives

from lakeshell.definitions.connections import Connection, Connections, checked_url
from lakeshell.errors import ConfigurationError, ConnectionFailed, UsageError
from lakeshell.source.mysql_address import MysqlAddress, SslMode

LAKE = Path("/lake")


def address(url: str, **parts: str) -> MysqlAddress:
    return Connection("movies", url, **parts).mysql_address(
        {"PASS": "s3c:r@t/%", "HOST": "db"}, LAKE
    )


def test_a_mysql_address() -> None:
    found = address("mysql://reader@db.example:3307/movies", password_env="PASS")
    assert found == MysqlAddress("db.example", 3307, "reader", "s3c:r@t/%", "movies")
    assert "s3c" not in f"{found} {found!r}"


def test_what_is_left_out_has_a_default() -> None:
    assert address("mysql://db") == MysqlAddress("db", 3306, "root", "", "")
    assert address("mysql://db", password_command="printf 'x y\\n'").password == "x y"


def test_variables_stand_for_parts() -> None:
    assert address("mysql://me:${PASS}@${ENV:HOST}/m") == MysqlAddress(
        "db", 3306, "me", "s3c:r@t/%", "m"
    )


@pytest.mark.parametrize(
    ("url", "host", "port", "shown"),
    [
        ("mysql://u@[::1]:3307/d", "::1", 3307, "mysql://u@[::1]:3307/d"),
        ("mysql://u@[fe80::1]/d", "fe80::1", 3306, "mysql://u@[fe80::1]:3306/d"),
        ("mysql://[::1]", "::1", 3306, "mysql://root@[::1]:3306/"),
    ],
)
def test_addresses_of_ipv6_stand_in_brackets(url: str, host: str, port: int, shown: str) -> None:
    found = address(url)
    assert (found.host, found.port, str(found)) == (host, port, shown)


def test_options_of_encryption() -> None:
    found = address("mysql://u@h/d?ssl-mode=verify_ca&ssl-ca=certs/ca.pem&ssl-key=/k.pem")
    assert found.ssl_mode is SslMode.VERIFY_CA
    assert (found.ssl_ca, found.ssl_cert, found.ssl_key) == ("/lake/certs/ca.pem", "", "/k.pem")


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://u@h/d?ssl-mod=x", "did you mean 'ssl-mode'"),
        ("mysql://u@h/d?ssl-mode=sometimes", "VERIFY_CA"),
        ("mysql://u@h:port/d", "mysql://USER@HOST"),
        ("mysql://u@[::1]:port/d", "mysql://USER@HOST"),
        ("mysql://u@[::1/d", "mysql://USER@HOST"),
    ],
)
def test_wrong_addresses_say_what_is_right(url: str, said: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        address(url)
    assert said in caught.value.hint


@pytest.mark.parametrize("url", ["mysql://", "mysql:///movies", "mysql://u:p@h/d", "postgres://h"])
def test_addresses_that_are_not_taken(url: str) -> None:
    with pytest.raises(UsageError):
        checked_url(url)


@pytest.mark.parametrize("name", ["lake", "Lake_Files", "system", "tpch", "memory"])
def test_names_that_sql_has_for_something_else_are_refused(name: str, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="is the name of a catalog already"):
        Connections(tmp_path).add(Connection(name, "mysql://db/movies"))


@pytest.mark.parametrize(
    ("url", "has"),
    [
        ("mysql://db/movies?ssl-mode=VERIFY_CA&ssl-ca=ca.pem", False),
        ("mysql://db/movies?ssl-cert=c.pem&ssl-key=k.pem", True),
        ("mysql://db/movies?ssl-mode=REQUIRED", False),
        ("sqlite:///movies.db", False),
    ],
)
def test_a_certificate_of_the_client_is_seen(url: str, has: bool) -> None:
    assert Connection("movies", url).shows_a_certificate is has


def test_certificates_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    url = "mysql://db/movies?ssl-mode=VERIFY_CA&ssl-ca=ca.pem"
    found = Connection("movies", url).mysql_address({}, tmp_path)
    for content in (None, "no certificate"):
        if content is not None:
            (tmp_path / "ca.pem").write_text(content)
        with pytest.raises(
            ConfigurationError, match=r"certificates of the connection 'movies' .*ca\.pem"
        ):
            found.pymysql()


@pytest.mark.parametrize(
    ("command", "said", "hint"),
    [
        ("echo no store >&2; exit 3", "ended with 3", "it said: no store"),
        ("exit 4", "ended with 4", "run it by hand to see why"),
        (r"printf '\377'", "printed what is no text", "run it by hand to see why"),
    ],
)
def test_a_password_command_that_fails_says_why(command: str, said: str, hint: str) -> None:
    with pytest.raises(ConnectionFailed) as caught:
        address("mysql://db", password_command=command)
    assert caught.value.message == f"the password command of 'movies' {said}"
    assert caught.value.hint == hint


def test_a_password_command_that_hangs_is_ended_with_all_that_it_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lakeshell.definitions.connections.LONGEST", 5.0)
    monkeypatch.setattr("os.isatty", lambda descriptor: False)
    pid = tmp_path / "pid"
    hangs = f"trap '' TERM; sleep 1000 & echo $! > '{pid}'; wait"
    with pytest.raises(ConnectionFailed, match=r"took more than 5 s and was ended"):
        address("mysql://db", password_command=hangs)
    until = time.monotonic() + 60
    while lives(pid.read_text().strip()) and time.monotonic() < until:
        time.sleep(0.02)
    assert not lives(pid.read_text().strip())
