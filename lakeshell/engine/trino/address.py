"""Where a Trino is and how to log in to it. A value: nothing is read from anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field

from lakeshell.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class TrinoAddress:
    """`url` is `http://host:port` or `https://…`, with a path where a gateway has one.

    At most one of `password` and `jwt`; both go over TLS only. `user` is who logs in, the
    session's user where it is empty. `ca_file` holds the certificates to trust, the system's where
    it is empty.
    """

    url: str
    user: str = ""
    password: str = field(default="", repr=False)
    jwt: str = field(default="", repr=False)
    ca_file: str = ""
    start_hint: str = "start it: lakeshell stack start trino; lakeshell doctor checks every part"

    def check(self) -> None:
        """Raises `ConfigurationError` for an address that cannot be used, or not safely."""
        scheme, _, rest = self.url.partition("://")
        if scheme not in ("http", "https") or not rest.strip("/"):
            raise ConfigurationError(
                f"{self.url!r} is no address of a Trino",
                hint="it is written http://HOST:PORT or https://HOST:PORT",
            )
        if (self.password or self.jwt) and scheme != "https":
            raise ConfigurationError(
                f"a password or token would go to {self.url} unencrypted",
                hint="Trino takes logins over TLS only: give it an https:// address",
            )
        if self.password and self.jwt:
            raise ConfigurationError(
                f"both a password and a token are given for {self.url}",
                hint="keep one of them",
            )
