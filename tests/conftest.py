"""What the tests of every layer share: this folder is on the path, with `fakes` and `shell`."""

from __future__ import annotations

import signal
import uuid
from collections.abc import Iterator, Mapping

import pytest
from shell import lake, shell  # noqa: F401

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # In a shell's background Ctrl-C is ignored, and all that the tests start would inherit that.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def ledger_schema() -> Iterator[Mapping[str, object]]:
    """pymysql's options of an empty schema for a ledger. Skips without a server."""
    from tests import reach

    with reach.scratch_schema(f"ledger_{uuid.uuid4().hex[:8]}") as address:
        yield {**address.pymysql(), "password": address.password}
