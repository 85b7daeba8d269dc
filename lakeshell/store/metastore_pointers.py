"""Iceberg tables named in the Hive Metastore, as Trino, Spark and pyiceberg name them there.

In: names and locations of metadata files. Out: the same. A commit holds the table's lock in the
Metastore and replaces `metadata_location` only where it still is what the commit was made from, so
that it goes together with Trino's commits. The Metastore keeps the lock of a writer that was
killed: whoever waits for it is told who holds it, for how long, and how to take it away.
"""

from __future__ import annotations

import getpass
import os
import re
import socket
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from hive_metastore import ttypes as hive

from lakeshell.errors import AlreadyExists, LakeshellError, NotFound, UsageError
from lakeshell.model import TableName
from lakeshell.store.hive_types import hive_type
from lakeshell.store.metastore import DEFAULT_CATALOG, ChangedMeanwhile, Metastore
from lakeshell.store.metastore_tables import (
    LOCATION,
    database_folder,
    make_database,
    metadata_location,
)
from lakeshell.store.pointers import HeldLock

if TYPE_CHECKING:
    from pyiceberg.table.metadata import TableMetadata

WAIT_SECONDS = 60.0
"""How long a commit waits for another one's lock."""
PREVIOUS = "previous_metadata_location"
_POLL_SECONDS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
_SAID_AT = 6
"""Turns of waiting after which it is said who is waited for: two seconds."""
_PROCESS = re.compile(r"lakeshell, process (\d+)")
_NO_STATISTICS = {"DO_NOT_UPDATE_STATS": "true"}


class MetastorePointers:
    """`pointers.Pointers` in the Metastore. `warehouse` is where a database without a place of its
    own keeps its tables; `wait` is in seconds; `notice` is told whom somebody waits for."""

    def __init__(
        self,
        metastore: Metastore,
        warehouse: str,
        wait: float = WAIT_SECONDS,
        sleep: Callable[[float], None] = time.sleep,
        notice: Callable[[str], None] = lambda text: None,
    ) -> None:
        self.metastore = metastore
        self.warehouse = warehouse.rstrip("/")
        self.wait = wait
        self.sleep = sleep
        self.notice = notice

    def current(self, name: TableName) -> str | None:
        found = self._found(name)
        return None if found is None else metadata_location(found.parameters)

    def insert(self, name: TableName, location: str, metadata: TableMetadata) -> bool:
        made = hive.Table(
            tableName=name.table,
            dbName=name.database,
            catName=self.metastore.address.catalog,
            owner=getpass.getuser(),
            createTime=int(time.time()),
            partitionKeys=[],
            tableType="EXTERNAL_TABLE",
        )
        _describe(made, metadata, location)
        for _ in range(2):
            try:
                self.metastore.ask(
                    lambda client: client.create_table_with_environment_context(
                        made, hive.EnvironmentContext(properties=_NO_STATISTICS)
                    )
                )
                return True
            except AlreadyExists:
                # Asked again, for its connection was lost, it finds what it made itself.
                return self.current(name) == location
            except (UsageError, NotFound):
                if self._has_database(name.database):
                    raise
                self._make_database(name.database)
        return False

    def replace(self, name: TableName, old: str, new: str, metadata: TableMetadata) -> bool:
        found = self._found(name)
        if found is None or metadata_location(found.parameters) != old:
            return False
        _describe(found, metadata, new, old)
        expected = {"expected_parameter_key": LOCATION, "expected_parameter_value": old}
        context = hive.EnvironmentContext(properties={**_NO_STATISTICS, **expected})
        try:
            self._alter(name, found, context)
        except ChangedMeanwhile:
            # Asked again, for its connection was lost, it finds its own change.
            return self.current(name) == new
        return True

    def drop(self, name: TableName) -> bool:
        try:
            self.metastore.ask(
                lambda client: client.drop_table(
                    self.metastore.qualified(name.database), name.table, False
                )
            )
        except NotFound:
            return False
        return True

    def rename(self, name: TableName, target: TableName) -> None:
        found = self._found(name)
        if found is None:
            raise NotFound(f"the table {name} does not exist")
        if self._found(target) is not None:
            raise AlreadyExists(f"the table {target} exists already")
        found.dbName, found.tableName = target
        self._alter(name, found, hive.EnvironmentContext(properties=_NO_STATISTICS))

    def folder(self, database: str) -> str:
        try:
            found = self.metastore.ask(
                lambda client: client.get_database(self.metastore.qualified(database))
            )
        except NotFound:
            return database_folder(self.warehouse, database)
        location = (found.locationUri or "").rstrip("/")
        return location if location.startswith("s3") else database_folder(self.warehouse, database)

    # --- locks -----------------------------------------------------------------------------

    @contextmanager
    def lock(self, name: TableName) -> Iterator[None]:
        component = hive.LockComponent(
            type=hive.LockType.EXCLUSIVE,
            level=hive.LockLevel.TABLE,
            dbname=self._locked_database(name),
            tablename=name.table,
        )
        request = hive.LockRequest(
            component=[component],
            user=getpass.getuser(),
            hostname=socket.gethostname(),
            agentInfo=f"lakeshell, process {os.getpid()}",
        )
        held = self.metastore.ask(lambda client: client.lock(request))
        try:
            self._await(name, held)
            yield
        finally:
            self._give_back(name, held.lockid)

    def _give_back(self, name: TableName, id: int) -> None:
        """What was done under the lock is done, whatever becomes of it."""
        try:
            self._unlock(id)
        except LakeshellError as error:
            self.notice(
                f"the lock of {name} was not given back: {error.message}; should it stay: lakeshell"
                f" catalog unlock {name}"
            )

    def _await(self, name: TableName, held: Any) -> None:
        waited, turn = 0.0, 0
        state = held.state
        while state == hive.LockState.WAITING:
            if waited >= self.wait:
                raise self._held_by_others(name, held.lockid)
            if turn == _SAID_AT:
                holders = self._in_the_way(name, held.lockid)
                said = "; ".join(map(_in_words, holders))
                self.notice(f"waiting for {name}, which is locked by {said}")
                if holders and all(map(_dead, holders)):
                    raise self._held_by_others(name, held.lockid)
            pause = _POLL_SECONDS[min(turn, len(_POLL_SECONDS) - 1)]
            self.sleep(pause)
            waited, turn = waited + pause, turn + 1
            try:
                answer = self.metastore.ask(
                    lambda client: client.check_lock(hive.CheckLockRequest(lockid=held.lockid))
                )
            except NotFound as error:
                raise LakeshellError(
                    f"the lock of {name} was taken away while it was waited for; nothing was written",
                    hint="run it again",
                ) from error
            state = answer.state
        if state != hive.LockState.ACQUIRED:
            raise LakeshellError(
                f"the lock of {name} was refused by the Metastore", hint="run it again"
            )

    def _held_by_others(self, name: TableName, mine: int) -> LakeshellError:
        by = "; ".join(map(_in_words, self._in_the_way(name, mine))) or "somebody"
        return LakeshellError(
            f"the table {name} is locked by {by}; nothing was written",
            hint=f"should that writer be dead: lakeshell catalog unlock {name}",
        )

    def _in_the_way(self, name: TableName, mine: int) -> list[Any]:
        others = [lock for lock in self._locks(name) if lock.lockid != mine]
        return [lock for lock in others if lock.state == hive.LockState.ACQUIRED] or others

    def locks(self) -> Sequence[HeldLock]:
        asked = hive.ShowLocksRequest()
        found = self.metastore.ask(lambda client: client.show_locks(asked)).locks or []
        return [
            HeldLock(
                TableName(lock.dbname, lock.tablename),
                _in_words(lock),
                _age(lock),
                _dead(lock),
                lock.state != hive.LockState.ACQUIRED,
            )
            for lock in sorted(found, key=lambda lock: lock.lockid)
            if lock.tablename
        ]

    def release(self, name: TableName) -> list[str]:
        # Who stands in line lives, as long as nobody waits longer.
        locks = [
            lock
            for lock in self._locks(name)
            if lock.state == hive.LockState.ACQUIRED or _dead(lock) or _age(lock) > WAIT_SECONDS
        ]
        for lock in locks:
            self._unlock(lock.lockid)
        return [_in_words(lock) for lock in locks]

    def _unlock(self, id: int) -> None:
        request = hive.UnlockRequest(lockid=id)
        # Should it be gone, somebody took it away, or the Metastore saw it time out.
        with suppress(NotFound):
            self.metastore.ask(lambda client: client.unlock(request))

    def _locks(self, name: TableName) -> list[Any]:
        request = hive.ShowLocksRequest(dbname=self._locked_database(name), tablename=name.table)
        found = self.metastore.ask(lambda client: client.show_locks(request)).locks or []
        return sorted(found, key=lambda lock: lock.lockid)

    def _locked_database(self, name: TableName) -> str:
        """Locks have no place for a catalog; Trino's, of the default one, name the database alone."""
        catalog = self.metastore.address.catalog
        return name.database if catalog == DEFAULT_CATALOG else f"{catalog}.{name.database}"

    # --- asking ----------------------------------------------------------------------------

    def _found(self, name: TableName) -> Any:
        request = hive.GetTableRequest(
            dbName=name.database, tblName=name.table, catName=self.metastore.address.catalog
        )
        try:
            return self.metastore.ask(lambda client: client.get_table_req(request)).table
        except NotFound:
            return None

    def _alter(self, name: TableName, table: Any, context: Any) -> None:
        self.metastore.ask(
            lambda client: client.alter_table_with_environment_context(
                self.metastore.qualified(name.database), name.table, table, context
            )
        )

    def _has_database(self, database: str) -> bool:
        try:
            self.metastore.ask(lambda c: c.get_database(self.metastore.qualified(database)))
        except NotFound:
            return False
        return True

    def _make_database(self, database: str) -> None:
        with suppress(AlreadyExists):
            make_database(self.metastore, self.warehouse, database)


def _describe(table: Any, metadata: TableMetadata, location: str, previous: str = "") -> None:
    """Makes the Metastore's table say what the metadata file says. Programs that read no Iceberg
    see the columns."""
    # With pyiceberg, which whoever only asks where a table is need not wait for.
    from lakeshell.store.schema import trino_columns

    table.parameters = {
        **(table.parameters or {}),
        **{key: str(value) for key, value in metadata.properties.items()},
        "EXTERNAL": "TRUE",
        "table_type": "ICEBERG",
        LOCATION: location,
        "uuid": str(metadata.table_uuid),
    }
    if previous:
        table.parameters[PREVIOUS] = previous
    table.sd = hive.StorageDescriptor(
        cols=[
            hive.FieldSchema(column.name, hive_type(column.type), column.comment or None)
            for column in trino_columns(metadata.schema())
        ],
        location=metadata.location,
        inputFormat="org.apache.hadoop.mapred.FileInputFormat",
        outputFormat="org.apache.hadoop.mapred.FileOutputFormat",
        numBuckets=0,
        serdeInfo=hive.SerDeInfo(
            serializationLib="org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe", parameters={}
        ),
        bucketCols=[],
        sortCols=[],
        parameters={},
    )


def _age(lock: Any) -> float:
    since = (lock.acquiredat or lock.lastheartbeat or 0) / 1000
    return max(0.0, time.time() - since)


def _dead(lock: Any) -> bool:
    process = _PROCESS.fullmatch(lock.agentInfo or "")
    if process is None or lock.hostname != socket.gethostname():
        return False
    try:
        os.kill(int(process[1]), 0)
    except ProcessLookupError:
        return True
    except OSError:
        pass
    return False


def _in_words(lock: Any) -> str:
    age = int(_age(lock))
    hours, rest = divmod(age, 3600)
    said = f"{hours} h {rest // 60} min" if hours else f"{rest // 60} min {rest % 60} s"
    agent = f" ({lock.agentInfo})" if lock.agentInfo else ""
    state = "" if lock.state == hive.LockState.ACQUIRED else ", waiting itself"
    gone = "; that process is no more" if _dead(lock) else ""
    return f"{lock.user}@{lock.hostname}{agent} for {said}, lock {lock.lockid}{state}{gone}"
