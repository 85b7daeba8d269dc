"""Cells with parts: what they are called, what they hold, and the SQL that gives them."""

from __future__ import annotations

from typing import Any

from fakes import batch, columns

from lakeshell.query.nested import Part, part_of
from lakeshell.query.parameters import asked_for, written_in
from lakeshell.query.rows import ResultRows


def cell(type: str, value: object, before: object = None) -> Part:
    of = columns(x=type)
    rows = ResultRows(of)
    rows.add(batch(of, (before,), (value,)))
    return part_of(rows, 1, 0)


def tree(part: Part) -> Any:
    if not part.count:
        return part.text
    return {held.name: tree(held) for held in part.parts()}


def paths(part: Part) -> list[str]:
    return [path for held in part.parts() for path in (held.path, *paths(held))]


def test_rows_arrays_and_maps() -> None:
    type = 'row(a integer, "b c" array(row(d varchar)), e map(varchar, integer))'
    value = {"f0": 1, "f1": [{"f0": "x"}, None], "f2": [("k'", 5)]}
    other = {"f0": 9, "f1": [{"f0": "other"}], "f2": [("o", 1), ("p", 2)]}
    found = cell(type, value, other)
    assert tree(found) == {"a": "1", "b c": {"[1]": {"d": "x"}, "[2]": None}, "e": {"k'": "5"}}
    assert paths(found) == [
        "x.a", 'x."b c"', 'x."b c"[1]', 'x."b c"[1].d', 'x."b c"[2]', "x.e", "x.e['k''']",
    ]  # fmt: skip
    assert found.kind.startswith("row(a integer")


def test_nothing_has_no_parts() -> None:
    for type in ("array(integer)", "map(integer, integer)", "row(a integer)", "json", "varchar"):
        assert cell(type, None).count == 0
        assert cell(type, None).text is None


def test_json_in_a_text_or_of_its_type() -> None:
    text = '{"a": [1, {"b": "é"}], "c\'d": null}'
    found = cell("varchar", text)
    assert tree(found) == {"a": {"[0]": "1", "[1]": {"b": "é"}}, "c'd": "null"}
    assert paths(found)[-1] == "json_extract(json_parse(x), '$[\"c''d\"]')"
    assert paths(cell("json", "[1]")) == ["json_extract(x, '$[0]')"]
    for plain in ("{a=1}", "[not json", "text", "5"):
        assert cell("varchar", plain).count == 0
        assert cell("varchar", plain).text == plain


def test_what_a_statement_asks_for() -> None:
    assert asked_for("SELECT :b, ?, ':c', \":d\", :a -- :e\n, ?, :b") == ("b", "1", "a", "2")
    assert asked_for("PREPARE p FROM SELECT ? FROM t WHERE x = :y") == ("y",)
    assert asked_for("SELECT * FROM t MATCH_RECOGNIZE (PATTERN (A B?))") == ()
    assert written_in("SELECT :a, ?, ':a'", {"a": "O'N", "1": "5"}) == "SELECT 'O''N', 5, ':a'"
