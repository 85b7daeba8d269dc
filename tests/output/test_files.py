"""Results in files: what other programs read in them, and what a failure leaves."""

from __future__ import annotations

import json
import stat
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from fakes import batch, columns
from openpyxl import load_workbook
from wire_values import batch_of, columns_of

from lakeshell.errors import LakeshellError, UsageError
from lakeshell.output.files import Discarded, replaced, write_binary, write_file
from lakeshell.sql.datatypes import parse_type

DATA = Path(__file__).with_name("data")
N = columns(n="integer", s="varchar")
ROWS = [batch(N, [1, "a"], [2, None]), batch(N, [3, "ü"])]


def case(name: str) -> tuple[list, pa.RecordBatch]:
    found = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    described = columns_of(found["columns"])
    return described, batch_of(described, found["rows"])


@pytest.mark.parametrize("format_name", ["ARROW", "PARQUET"])
def test_rows_come_back(tmp_path: Path, format_name: str) -> None:
    path = tmp_path / "r"
    assert write_file(N, ROWS, format_name, path) == 3
    table = pq.read_table(path) if format_name == "PARQUET" else pa.ipc.open_file(path).read_all()
    assert table.to_pydict() == {"n": [1, 2, 3], "s": ["a", None, "ü"]}


@pytest.mark.parametrize("name", [path.stem for path in sorted(DATA.glob("*.json"))])
@pytest.mark.parametrize("format_name", ["ARROW", "PARQUET", "XLSX"])
def test_every_type_can_be_written(tmp_path: Path, name: str, format_name: str) -> None:
    described, found = case(name)
    names = [column.name for column in described]
    path = tmp_path / "r"
    slices = [found.slice(at, 2) for at in range(0, found.num_rows, 2)]
    if format_name == "PARQUET" and len(set(names)) < len(names):
        with pytest.raises(UsageError, match="two columns are named"):
            write_binary(described, slices, format_name, path)
        return
    assert write_binary(described, slices, format_name, path) == found.num_rows
    if format_name == "PARQUET":
        table = pq.read_table(path)
        assert table.num_rows == found.num_rows
        assert table.column_names == names


def test_nested_values_keep_their_names_and_nulls(tmp_path: Path) -> None:
    described, found = case("nested")
    path = tmp_path / "r"
    write_binary(described, [found], "PARQUET", path)
    assert pq.read_table(path).to_pylist() == [
        {
            "arr": [1, None, 3],
            "m": [("a", Decimal("1.5")), ("b", None)],
            "r": {"n": 1, "s": "x", "z": None},
            "aa": [["q"], None],
        }
    ]


def test_slices_of_nested_values(tmp_path: Path) -> None:
    described = columns(a="array(integer)", m="map(varchar, integer)", r="row(x integer)")
    whole = batch(
        described,
        [[1], [("a", 1)], {"f0": 1}],
        [None, None, None],
        [[2, None], [("b", None)], {"f0": None}],
    )
    path = tmp_path / "r"
    write_binary(described, [whole.slice(1)], "PARQUET", path)
    assert pq.read_table(path).to_pylist() == [
        {"a": None, "m": None, "r": None},
        {"a": [2, None], "m": [("b", None)], "r": {"x": None}},
    ]


def test_a_moment_with_a_zone_is_an_instant(tmp_path: Path) -> None:
    described, found = case("zones")
    path = tmp_path / "r"
    write_binary(described, [found.slice(0, 2)], "PARQUET", path)
    assert pq.read_table(path).column("z").to_pylist() == [
        datetime(2023, 12, 31, 22, tzinfo=UTC),
        datetime(2024, 6, 30, 22, tzinfo=UTC),
    ]


def test_a_sheet_holds_what_it_can_hold_exactly(tmp_path: Path) -> None:
    described = columns(
        a="bigint", b="decimal(38,2)", c="double", d="boolean", e="varchar", f="date"
    )
    rows = batch(
        described,
        [1, Decimal("1.50"), 0.5, True, "=1+1", date(2024, 2, 29)],
        [2**62, Decimal("123456789012345678.90"), float("nan"), None, "\x1b[31m", None],
    )
    path = tmp_path / "r.xlsx"
    assert write_binary(described, [rows], "XLSX", path) == 2
    sheet = load_workbook(path)["result"]
    found = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert found == [
        ["a", "b", "c", "d", "e", "f"],
        [1, 1.5, 0.5, True, "=1+1", "2024-02-29"],
        [str(2**62), "123456789012345678.90", "NaN", None, "\\x1b[31m", None],
    ]
    assert sheet["E2"].data_type == "s", "no formula"


def test_a_cell_that_a_sheet_cannot_hold(tmp_path: Path) -> None:
    described = columns(s="varchar")
    with pytest.raises(LakeshellError, match="32,768"):
        write_binary(described, [batch(described, ["x" * 32_768])], "XLSX", tmp_path / "r")


def test_a_file_in_use_is_replaced_and_keeps_its_rights(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("old")
    path.chmod(0o640)
    link = tmp_path / "link.csv"
    link.symlink_to(path)
    write_file(N, ROWS, "CSV", link)
    assert path.read_text(encoding="utf-8") == '"1","a"\n"2",""\n"3","ü"\n'
    assert link.is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_has_the_rights_of_any_new_file(tmp_path: Path) -> None:
    write_file(N, ROWS, "CSV", tmp_path / "ours")
    (tmp_path / "any").write_text("")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "any").stat().st_mode


def failing() -> Iterator[pa.RecordBatch]:
    yield ROWS[0]
    raise LakeshellError("in the middle")


@pytest.mark.parametrize("format_name", ["CSV", "ARROW", "PARQUET", "XLSX"])
def test_a_failure_leaves_what_was_there(tmp_path: Path, format_name: str) -> None:
    path = tmp_path / "r"
    path.write_text("old")
    with pytest.raises(LakeshellError, match="in the middle"):
        write_file(N, failing(), format_name, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_discarded_file_leaves_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "r"
    with replaced(path) as part:
        part.write_text("new")
        raise Discarded
    assert list(tmp_path.iterdir()) == []


def test_a_device_is_written_to_and_stays() -> None:
    write_file(N, ROWS, "CSV", Path("/dev/null"))
    assert Path("/dev/null").is_char_device()


def test_a_full_disk(tmp_path: Path) -> None:
    with pytest.raises(LakeshellError, match="No space left"):
        write_file(N, ROWS * 1000, "CSV", Path("/dev/full"))


def test_no_type_is_left_out() -> None:
    from lakeshell.output.files import plain_type

    for name in ("unknown", "time(3) with time zone", "interval year to month", "char(3)", "json"):
        assert plain_type(parse_type(name)) is not None
