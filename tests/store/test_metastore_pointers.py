"""Locks of the Metastore, and commits beside those of other programs."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

import pytest
from hive_metastore import ttypes as hive

from lakeshell.errors import LakeshellError, NotFound
from lakeshell.model import Column, TableName
from lakeshell.sql.datatypes import parse_type
from lakeshell.store.iceberg import IcebergStore
from lakeshell.store.metastore import Metastore
from lakeshell.store.metastore_pointers import MetastorePointers
from lakeshell.store.opening import s3_store
from lakeshell.store.pointers import HeldLock
from lakeshell.store.s3 import S3Files
from tests import reach

NAME = TableName(reach.own("lakeshell_pointers"), "film")
COLUMNS = (Column("film_id", parse_type("integer")),)


@pytest.fixture
def store() -> Iterator[IcebergStore]:
    metastore = Metastore(reach.metastore())
    made = s3_store(metastore, S3Files(reach.s3("lakeshell_pointers")))
    yield made
    made.unlock(NAME)
    with suppress(NotFound):
        made.tables.pointers.drop(NAME)
        metastore.ask(lambda client: client.drop_database(NAME.database, False, False))
    metastore.close()


def impatient(store: IcebergStore) -> MetastorePointers:
    pointers = store.tables.pointers
    assert isinstance(pointers, MetastorePointers)
    pointers.wait = 0.1
    pointers.sleep = lambda seconds: None
    return pointers


def test_who_holds_a_lock_is_said_and_it_can_be_taken_away(store: IcebergStore) -> None:
    pointers = impatient(store)
    component = hive.LockComponent(
        type=hive.LockType.EXCLUSIVE, level=hive.LockLevel.TABLE,
        dbname=NAME.database, tablename=NAME.table,
    )  # fmt: skip
    killed = hive.LockRequest(
        component=[component], user="bob", hostname="laptop", agentInfo="a killed writer"
    )
    pointers.metastore.ask(lambda client: client.lock(killed))
    with pytest.raises(LakeshellError) as caught:
        store.create(NAME, COLUMNS)
    assert "locked by bob@laptop (a killed writer) for 0 min" in caught.value.message
    assert caught.value.hint.endswith(f"lakeshell catalog unlock {NAME}")
    assert store.tables.location_of(NAME) is None
    (held,) = of_table(store)
    assert held.holder.startswith("bob@laptop")
    assert (held.dead, held.age < 30) == (False, True)
    assert [said.partition(" for ")[0] for said in store.unlock(NAME)] == [
        held.holder.partition(" for ")[0]
    ]
    store.create(NAME, COLUMNS)
    assert of_table(store) == []


def test_the_lock_of_a_process_that_is_no_more_is_told_from_one_that_lives(
    store: IcebergStore,
) -> None:
    store.create(NAME, COLUMNS)
    pointers = impatient(store)
    said: list[str] = []
    pointers.wait, pointers.notice = 5, said.append
    waited: list[float] = []
    pointers.sleep = waited.append
    ended = subprocess.Popen(["true"])
    ended.wait()
    for process, dead in ((os.getpid(), False), (ended.pid, True)):
        component = hive.LockComponent(
            type=hive.LockType.EXCLUSIVE, level=hive.LockLevel.TABLE,
            dbname=NAME.database, tablename=NAME.table,
        )  # fmt: skip
        killed = hive.LockRequest(
            component=[component], user="ann", hostname=socket.gethostname(),
            agentInfo=f"lakeshell, process {process}",
        )  # fmt: skip
        pointers.metastore.ask(lambda client, killed=killed: client.lock(killed))
        (held,) = of_table(store)
        assert held.dead is dead
        waited.clear()
        with pytest.raises(LakeshellError, match="is locked by ann@") as caught:
            store.write(NAME, [], mode="append")
        assert ("that process is no more" in caught.value.message) is dead
        # Nobody waits for the dead.
        assert (sum(waited) < 5) is dead
        store.unlock(NAME)
    assert [text.partition(" (")[0] for text in said] == [
        f"waiting for {NAME}, which is locked by ann@{socket.gethostname()}"
    ] * 2


def of_table(store: IcebergStore) -> list[HeldLock]:
    return [lock for lock in store.locks() if lock.name == NAME]


def test_a_change_that_is_asked_for_twice_is_made_once(
    store: IcebergStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As when the Metastore is restarted before it has answered."""
    pointers = impatient(store)
    ask = pointers.metastore.ask

    def twice(question: Callable[[Any], Any]) -> Any:
        if ".insert." in question.__qualname__ or "._alter." in question.__qualname__:
            ask(question)
        return ask(question)

    monkeypatch.setattr(pointers.metastore, "ask", twice)
    store.create(NAME, COLUMNS)
    location = pointers.current(NAME)
    store.change(NAME, lambda transaction: transaction.set_properties({"a": "b"}))
    assert pointers.current(NAME) != location
    assert store.load(NAME).properties["a"] == "b"


def test_who_waits_in_line_is_not_taken_for_dead(store: IcebergStore) -> None:
    store.create(NAME, COLUMNS)
    pointers = impatient(store)
    component = hive.LockComponent(
        type=hive.LockType.EXCLUSIVE, level=hive.LockLevel.TABLE,
        dbname=NAME.database, tablename=NAME.table,
    )  # fmt: skip
    for user in ("ann", "bob"):
        request = hive.LockRequest(component=[component], user=user, hostname="laptop")
        pointers.metastore.ask(lambda client, request=request: client.lock(request))
    (taken,) = store.unlock(NAME)
    assert taken.startswith("ann@laptop")
    (waiting,) = of_table(store)
    assert waiting.holder.startswith("bob@laptop")
    pointers._unlock(pointers._locks(NAME)[0].lockid)


def test_a_lock_that_was_taken_away_is_said(store: IcebergStore) -> None:
    store.create(NAME, COLUMNS)
    pointers = impatient(store)
    pointers.wait = 60

    def take_away(seconds: float) -> None:
        for lock in pointers._locks(NAME):
            pointers._unlock(lock.lockid)

    pointers.sleep = take_away
    said = "was taken away while it was waited for"
    with pointers.lock(NAME), pytest.raises(LakeshellError, match=said), pointers.lock(NAME):
        pass


def test_a_commit_of_another_program_is_not_lost(store: IcebergStore) -> None:
    store.create(NAME, COLUMNS)
    pointers = impatient(store)
    old = pointers.current(NAME)
    assert old is not None
    metadata = store.load(NAME).metadata
    assert not pointers.replace(NAME, f"{old}.older", "s3://new", metadata)
    found = pointers._found(NAME)
    found.parameters["metadata_location"] = f"{old}.theirs"
    pointers._alter(NAME, found, hive.EnvironmentContext(properties={}))
    assert not pointers.replace(NAME, old, "s3://new", metadata)
    assert pointers.current(NAME) == f"{old}.theirs"


def test_the_metastore_keeps_what_other_programs_put_there(store: IcebergStore) -> None:
    store.create(NAME, COLUMNS, comment="films")
    pointers = impatient(store)
    found = pointers._found(NAME)
    found.parameters["theirs"] = "kept"
    pointers._alter(NAME, found, hive.EnvironmentContext(properties={}))
    store.write(NAME, [], mode="append")
    found = pointers._found(NAME)
    assert found.parameters["theirs"] == "kept"
    assert found.parameters["comment"] == "films"
    assert found.parameters["previous_metadata_location"].endswith(".metadata.json")
    assert found.tableType == "EXTERNAL_TABLE"
    assert [(f.name, f.type) for f in found.sd.cols] == [("film_id", "int")]
