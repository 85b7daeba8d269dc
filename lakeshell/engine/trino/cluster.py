"""The queries of a whole cluster: what is under way, and an end to one.

In: a Trino. Out: `ClusterQuery`s as its coordinator has them. Asking for them is no query.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from lakeshell.engine.trino.address import TrinoAddress
from lakeshell.engine.trino.server import Server
from lakeshell.model import LONG_AGO, moment_of
from lakeshell.ports import ClusterQuery
from lakeshell.workgroup import STOPPED

_UNITS = {"B": 1, "kB": 2**10, "MB": 2**20, "GB": 2**30, "TB": 2**40, "PB": 2**50}


class TrinoCluster:
    def __init__(self, address: TrinoAddress) -> None:
        self._server = Server(address)

    def running(self) -> Sequence[ClusterQuery]:
        """Those that read by now. Raises `ConnectionFailed`."""
        return [_query(said) for said in self._server.queries([], "RUNNING")]

    def began(self) -> Sequence[datetime]:
        """When each began that is not over, one that waits or commits too."""
        known = self._server.queries([])
        ids = [said["queryId"] for said in known if said["state"] not in ("FINISHED", "FAILED")]
        return [moment_of(id) or LONG_AGO for id in ids]

    def stop(self, query: str, reason: str) -> bool:
        """Ends one; its client is told the reason. False for one that ended by itself."""
        return self._server.kill(query, STOPPED + reason)

    def close(self) -> None:
        self._server.close()


def _query(said: Mapping[str, Any]) -> ClusterQuery:
    session = said["session"]
    properties = dict(session.get("systemProperties", {}))
    for catalog, its in session.get("catalogProperties", {}).items():
        properties |= {f"{catalog}.{name}": value for name, value in its.items()}
    return ClusterQuery(
        id=said["queryId"],
        user=session["user"],
        source=session.get("source") or "",
        tags=tuple(session.get("clientTags", ())),
        scanned=_bytes(said["queryStats"]["physicalInputDataSize"]),
        properties=properties,
        kind=said.get("queryType") or "",
    )


def _bytes(written: str) -> int:
    """`5411B`; older servers round to `5.28kB`."""
    match = re.fullmatch(r"([\d.]+)([kMGTP]?B)", written)
    return 0 if match is None else int(float(match[1]) * _UNITS[match[2]])
