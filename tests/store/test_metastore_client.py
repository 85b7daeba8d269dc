"""The calls that are made without Thrift's generated module are the same on the wire."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hive_metastore import ThriftHiveMetastore as generated
from hive_metastore import ttypes as hive
from thrift.protocol.TBinaryProtocol import TBinaryProtocolAccelerated
from thrift.Thrift import TApplicationException, TMessageType
from thrift.transport.TTransport import TBufferedTransport, TMemoryBuffer

from lakeshell.store.metastore_client import Client

REQUEST = hive.GetTableRequest(dbName="raw", tblName="film", catName="hive")
FOUND = hive.GetTableResult(table=hive.Table(tableName="film", parameters={"a": "ü"}))
ANSWERS: dict[str, Any] = {
    "get_table_req": generated.get_table_req_result,
    "get_all_tables": generated.get_all_tables_result,
}


class Wire(TMemoryBuffer):
    """Reads an answer that lies ready; keeps what is sent."""

    def __init__(self, name: str, answer: Any, kind: int) -> None:
        ready = TMemoryBuffer()
        protocol = TBinaryProtocolAccelerated(ready)
        protocol.writeMessageBegin(name, kind, 0)
        answer.write(protocol)
        protocol.writeMessageEnd()
        super().__init__(ready.getvalue())
        self.sent = b""

    def write(self, buf: bytes) -> None:
        self.sent += buf


def asked(
    client: Any, name: str, answer: Any, *arguments: Any, kind: int = TMessageType.REPLY
) -> tuple[bytes, Any]:
    """What the client sent, and what it made of the answer."""
    wire = Wire(name, answer, kind)
    made = client(TBinaryProtocolAccelerated(TBufferedTransport(wire)))
    found = getattr(made, name)(*arguments)
    return wire.sent, found


@pytest.mark.parametrize(
    ("name", "found", "arguments"),
    [("get_table_req", FOUND, [REQUEST]), ("get_all_tables", ["film", "über"], ["raw"])],
)
def test_it_is_asked_and_answered_as_by_the_generated_client(
    name: str, found: Any, arguments: list[Any]
) -> None:
    answer = ANSWERS[name](success=found)
    ours = asked(Client, name, answer, *arguments)
    assert ours == asked(generated.Client, name, answer, *arguments)
    assert ours[1] == found


@pytest.mark.parametrize(
    "fault",
    [{"o1": hive.MetaException("no database")}, {"o2": hive.NoSuchObjectException("no film")}],
)
def test_declared_exceptions_are_raised(fault: dict[str, Exception]) -> None:
    (wanted,) = fault.values()
    with pytest.raises(type(wanted), match=str(wanted.message)):  # type: ignore[attr-defined]
        asked(Client, "get_table_req", generated.get_table_req_result(**fault), REQUEST)


def test_what_the_server_does_not_know_is_said() -> None:
    unknown = TApplicationException(TApplicationException.UNKNOWN_METHOD, "what?")
    with pytest.raises(TApplicationException, match=r"what\?"):
        asked(Client, "get_table_req", unknown, REQUEST, kind=TMessageType.EXCEPTION)
    with pytest.raises(TApplicationException, match="unknown result"):
        asked(Client, "get_table_req", generated.get_table_req_result(), REQUEST)


def test_a_query_loads_no_generated_module() -> None:
    code = (
        "import sys, lakeshell.catalog.hive, lakeshell.store.metastore;"
        "assert 'hive_metastore.ThriftHiveMetastore' not in sys.modules"
    )
    subprocess.run([sys.executable, "-P", "-c", code], check=True)
