"""Bytes read of each file, asked for again and again while they are read."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from lakeshell.engine.embedded.execution.read_log import START, ReadLog

GROUPS, ROWS = 40, 2_000


@pytest.fixture
def file(tmp_path: Path) -> Path:
    # DuckDB writes the path into its log as it is.
    folder = tmp_path / "od\"d 'Ünder\n{\\}"
    folder.mkdir()
    table = pa.table(
        {"n": list(range(GROUPS * ROWS)), "unread": [str(n) for n in range(GROUPS * ROWS)]}
    )
    pq.write_table(table, folder / "n.parquet", row_group_size=ROWS)
    return folder / "n.parquet"


def column_bytes(file: Path) -> int:
    metadata = pq.read_metadata(file)
    return sum(metadata.row_group(g).column(0).total_compressed_size for g in range(GROUPS))


def test_each_asking_adds_what_came_since(file: Path) -> None:
    with duckdb.connect() as connection:
        connection.execute(START)
        log = ReadLog(connection.cursor(), {str(file): file.stat().st_size})
        assert log.bytes() == {}
        path = str(file).replace("'", "''")
        reader = connection.sql(f"SELECT n FROM read_parquet('{path}')").to_arrow_reader(ROWS)
        seen = [log.bytes().get(str(file), 0) for _ in reader]
        assert seen == sorted(seen)
        assert log.bytes() == {str(file): seen[-1]}
        # A read may reach into its neighbour's bytes, but not through the other column.
        assert column_bytes(file) <= seen[-1] < 1.05 * column_bytes(file)
        fresh = ReadLog(connection.cursor(), {str(file): file.stat().st_size})
        assert fresh.bytes() == log.bytes()
        fresh.close()
        log.close()
        assert log.bytes() == {str(file): seen[-1]}
