"""The Metastore's client, of which the two calls that a query makes are loaded at once.

Thrift generates one module for all of the Metastore's 250 calls, which takes longer to import than a
query needs to ask for its table. In: a Thrift protocol. Out: answers, or the exceptions that the
Metastore declares. Every other call is the generated client's, imported when first made.
"""

from __future__ import annotations

from typing import Any

from hive_metastore import ttypes as hive
from thrift.protocol.TBase import TBase
from thrift.Thrift import TApplicationException, TMessageType, TType


class _Nothing(TBase):  # type: ignore[misc]
    __slots__ = ()
    thrift_spec = ()


class _Text(TBase):  # type: ignore[misc]
    """The answer of a call that gives text."""

    __slots__ = ("success",)
    thrift_spec = ((0, TType.STRING, "success", "UTF8", None),)


def _structure(id: int, name: str, kind: Any) -> tuple[Any, ...]:
    return (id, TType.STRUCT, name, [kind, kind.thrift_spec], None)


class _TableAsked(TBase):  # type: ignore[misc]
    __slots__ = ("req",)
    thrift_spec = (None, _structure(1, "req", hive.GetTableRequest))

    def __init__(self, req: Any) -> None:
        self.req = req


class _TableFound(TBase):  # type: ignore[misc]
    __slots__ = ("failed", "missing", "success")
    thrift_spec = (
        _structure(0, "success", hive.GetTableResult),
        _structure(1, "failed", hive.MetaException),
        _structure(2, "missing", hive.NoSuchObjectException),
    )


class Client:
    """Not for several threads at once: a connection has one."""

    def __init__(self, protocol: Any) -> None:
        self._protocol = protocol
        self._generated: Any = None

    def getVersion(self) -> str:
        return str(self._answer("getVersion", _Nothing(), _Text()))

    def get_table_req(self, req: Any) -> Any:
        return self._answer("get_table_req", _TableAsked(req), _TableFound())

    def __getattr__(self, name: str) -> Any:
        if self._generated is None:
            from hive_metastore.ThriftHiveMetastore import Client as Generated

            self._generated = Generated(self._protocol)
        return getattr(self._generated, name)

    def _answer(self, call: str, asked: TBase, answer: Any) -> Any:
        protocol = self._protocol
        protocol.writeMessageBegin(call, TMessageType.CALL, 0)
        asked.write(protocol)
        protocol.writeMessageEnd()
        protocol.trans.flush()
        _, kind, _ = protocol.readMessageBegin()
        if kind == TMessageType.EXCEPTION:
            fault = TApplicationException()
            fault.read(protocol)
            protocol.readMessageEnd()
            raise fault
        answer.read(protocol)
        protocol.readMessageEnd()
        for name in answer.__slots__:
            found = getattr(answer, name, None)
            if isinstance(found, Exception):
                raise found
        found = getattr(answer, "success", None)
        if found is None:
            raise TApplicationException(
                TApplicationException.MISSING_RESULT, f"{call} failed: unknown result"
            )
        return found
