"""Rows of a dump as statements, wherever their bytes are cut on the way. No server needed."""

from __future__ import annotations

import pytest

from lakeshell.stack.dump import BackupFailed, inserts, restorable

ROWS = b"'1.5'\tNULL\n'-0'\t_utf8mb4 x'C3A9'\n'2'\tx''\n"
WHOLE = b"('1.5',NULL),('-0',_utf8mb4 x'C3A9'),('2',x'')"


@pytest.mark.parametrize("size", [1, 7, 12, len(ROWS)])
def test_rows_are_inserted_wherever_they_are_cut(size: int) -> None:
    cut = (ROWS[at : at + size] for at in range(0, len(ROWS), size))
    first, *statements = inserts("INSERT INTO `t` (`a`, `b`) VALUES", cut)
    assert b"foreign_key_checks = 0" in first
    begin, end = b"INSERT INTO `t` (`a`, `b`) VALUES\n", b";\n"
    assert all(each.startswith(begin) and each.endswith(end) for each in statements)
    rows = b",".join(each.removeprefix(begin).removesuffix(end) for each in statements)
    assert rows.replace(b",\n", b",") == WHOLE


def test_a_table_without_rows_inserts_none() -> None:
    assert len(list(inserts("INSERT INTO `t` (`a`) VALUES", iter(())))) == 1


@pytest.mark.parametrize("size", [1, 7, 40])
def test_a_row_that_could_not_be_restored_is_refused(size: int) -> None:
    def through(text: bytes) -> bytes:
        return b"".join(restorable((text[i : i + size] for i in range(0, len(text), size)), 50))

    lines = b"\n".join([50 * b"x", b"", 50 * b"y", 3 * b"z"])
    assert through(lines) == lines
    with pytest.raises(BackupFailed, match="a row is longer than") as raised:
        through(b"x\n" + 51 * b"y" + b"\nz")
    assert "memory_max" in raised.value.hint


def test_a_value_that_the_server_could_not_write_is_refused() -> None:
    with pytest.raises(BackupFailed, match="a row is longer than"):
        list(inserts("INSERT INTO `t` (`a`, `b`) VALUES", iter([b"'1'\ttoo long\n"])))
