"""Where a MySQL server is and how it is reached.

In: an address with its options. Out: what pymysql's `connect` takes. The password is never shown.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from lakeshell.errors import ConfigurationError

if TYPE_CHECKING:
    import ssl

DEFAULT_PORT = 3306
CONNECT_SECONDS = 10


class SslMode(StrEnum):
    """MySQL's own words. `PREFERRED` encrypts where the server can, and checks nobody's identity."""

    DISABLED = "DISABLED"
    PREFERRED = "PREFERRED"
    REQUIRED = "REQUIRED"
    VERIFY_CA = "VERIFY_CA"
    VERIFY_IDENTITY = "VERIFY_IDENTITY"


@dataclass(frozen=True, slots=True)
class MysqlAddress:
    """`database` empty reads every database that the user may see. `ssl_*` are files in PEM."""

    host: str
    port: int = DEFAULT_PORT
    user: str = "root"
    password: str = field(default="", repr=False)
    database: str = ""
    ssl_mode: SslMode = SslMode.PREFERRED
    ssl_ca: str = ""
    ssl_cert: str = ""
    ssl_key: str = ""
    connection: str = field(default="NAME", compare=False)
    """What the lake calls it, for whoever has to look it up."""
    start_hint: str = field(
        default="see whether the server runs and its address is right", compare=False
    )

    def __str__(self) -> str:
        return f"mysql://{self.user}@{self.authority}/{self.database}"

    @property
    def authority(self) -> str:
        """As a URL has it: an IPv6 address in brackets."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def encrypted(self) -> bool:
        """Whether every byte must travel encrypted."""
        return self.ssl_mode not in (SslMode.DISABLED, SslMode.PREFERRED)

    def pymysql(self) -> dict[str, Any]:
        """The keyword arguments of `pymysql.connect`. Raises `ConfigurationError` for files of
        certificates that cannot be read."""
        return {
            "host": self.host,
            "port": self.port,
            "user": self.user,
            # As bytes: the driver would write its text in latin1.
            "password": self.password.encode(),
            "database": self.database or None,
            "charset": "utf8mb4",
            "connect_timeout": CONNECT_SECONDS,
            "ssl": self._checked_context(),
            "ssl_disabled": self.ssl_mode is SslMode.DISABLED,
        }

    def _checked_context(self) -> ssl.SSLContext | None:
        try:
            return self._context()
        except OSError as error:
            files = [file for file in (self.ssl_ca, self.ssl_cert, self.ssl_key) if file]
            raise ConfigurationError(
                f"the certificates of the connection {self.connection!r} cannot be read from"
                f" {', '.join(files)}: {error.strerror or error}",
                hint="they are files in PEM; name others in its url: ssl-ca, ssl-cert, ssl-key",
            ) from error

    def _context(self) -> ssl.SSLContext | None:
        if self.ssl_mode is SslMode.DISABLED:
            return None
        import ssl

        if self.ssl_mode in (SslMode.PREFERRED, SslMode.REQUIRED):
            # Certificates that nobody's is checked with take longer to read than a query.
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
        else:
            context = ssl.create_default_context(cafile=self.ssl_ca or None)
            context.check_hostname = self.ssl_mode is SslMode.VERIFY_IDENTITY
        if self.ssl_cert:
            context.load_cert_chain(self.ssl_cert, self.ssl_key or None)
        return context
