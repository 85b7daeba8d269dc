"""Certificate authorities as Java reads them: a keystore of the format JKS, version 2.

In: certificates in PEM. Out: the file's bytes, the same each time for the same certificates. It holds
nothing secret; Java asks for its password to see that nobody has changed it. The format is that of
OpenJDK's `sun.security.provider.JavaKeyStore`.
"""

from __future__ import annotations

import base64
import hashlib
import re
import struct

from lakeshell.errors import ConfigurationError

PASSWORD = "lakeshell"
_MAGIC, _VERSION, _TRUSTED = 0xFEEDFEED, 2, 2
_PEPPER = b"Mighty Aphrodite"
"""What Java puts before the sum's text."""
_PEM = re.compile(rb"-----BEGIN (?:TRUSTED )?CERTIFICATE-----(.+?)-----END", re.DOTALL)


def truststore(pem: bytes, file: str) -> bytes:
    """Of all certificates in `pem`, the content of `file`. Raises `ConfigurationError` for none."""
    try:
        found = [base64.b64decode(b"".join(text.split())) for text in _PEM.findall(pem)]
    except ValueError:
        found = []
    if not found:
        raise ConfigurationError(
            f"{file} holds no certificate",
            hint="ssl-ca names a file in PEM, of -----BEGIN CERTIFICATE",
        )
    written = struct.pack(">III", _MAGIC, _VERSION, len(found))
    for number, certificate in enumerate(found):
        # Its moment of making is left at the beginning of time: another would be another file.
        written += struct.pack(">I", _TRUSTED) + _utf(f"ca{number}") + struct.pack(">Q", 0)
        written += _utf("X.509") + struct.pack(">I", len(certificate)) + certificate
    return written + hashlib.sha1(PASSWORD.encode("utf-16-be") + _PEPPER + written).digest()


def _utf(text: str) -> bytes:
    return struct.pack(">H", len(text)) + text.encode()
