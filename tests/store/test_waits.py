"""Object storage and a Metastore that take a connection and say nothing."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable

import pytest

from lakeshell.errors import ConnectionFailed
from lakeshell.store import waits
from lakeshell.store.metastore import Metastore, MetastoreAddress
from lakeshell.store.s3 import S3Address, S3Files

Notice = Callable[[str], None]


def storage(port: int, notice: Notice) -> None:
    address = S3Address(endpoint=f"http://127.0.0.1:{port}", access_key="a", secret_key="b")
    S3Files(address, notice).read("s3://lake/x")


def metastore(port: int, notice: Notice) -> None:
    address = MetastoreAddress(host="127.0.0.1", port=port)
    Metastore(address, notice=notice).ask(lambda client: client.get_all_databases())


@pytest.mark.parametrize(
    ("ask", "what"),
    [
        (storage, "waiting for the object storage http://127.0.0.1:{port} to answer"),
        (metastore, "waiting for the Metastore at thrift://127.0.0.1:{port} to answer"),
    ],
)
def test_who_waits_for_a_silent_part_is_told_once(
    ask: Callable[[int, Notice], None], what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waits, "SILENT_SECONDS", 0.01)
    told = threading.Event()
    said: list[str] = []

    def notice(text: str) -> None:
        said.append(text)
        told.set()

    def listen() -> None:
        """Takes whoever comes, and hangs up on all once it was told."""
        taken, _ = server.accept()
        told.wait(60)
        server.close()
        taken.close()

    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        listening = threading.Thread(target=listen, daemon=True)
        listening.start()
        with pytest.raises(ConnectionFailed):
            ask(port, notice)
        listening.join()
    assert said[0] == what.format(port=port)
