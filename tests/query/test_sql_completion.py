"""What is suggested while SQL is typed. `|` marks the place."""

from __future__ import annotations

import pytest
from fakes import columns

from lakeshell.model import TableName
from lakeshell.query.completion import Vocabulary, complete

TABLES = {
    TableName("raw", "film"): columns(film_id="integer", title="varchar", length="smallint"),
    TableName("raw", "rental"): columns(rental_id="integer", film_id="integer"),
    TableName("sales", "film_sales"): columns(film_id="integer", sold="bigint"),
    TableName("raw", "odd name"): columns(x="integer"),
    TableName("raw", "straße"): columns(größe="integer", 名前="varchar"),
    TableName("raw", "people"): columns(
        id="integer", home='row(city varchar, "Zip Code" varchar, at row(lat double, lon double))'
    ),
}
WORDS = Vocabulary(
    {
        "raw": ["film", "odd name", "people", "rental", "straße"],
        "sales": ["film_sales"],
        "empty": [],
    },
    ("count", "if", "substr", "sum"),
    "raw",
    TABLES.__getitem__,
)


def suggested(marked: str, words: Vocabulary = WORDS) -> list[str]:
    offset = marked.index("|")
    return [s.text for s in complete(marked.replace("|", ""), offset, words)]


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("SELECT * FROM fi|", ["film", "sales.film_sales"]),
        ("SELECT * FROM sales.|", ["film_sales"]),
        ("SELECT * FROM lake.|", ["raw", "sales", "empty"]),
        ("SELECT * FROM lake.sales.fi|", ["film_sales"]),
        ("SELECT * FROM film, re|", ["rental"]),
        ("SELECT * FROM film JOIN sa|", ["sales"]),
        ("SELECT ti| FROM film", ["title"]),
        ("SELECT f.| FROM film f", ["film_id", "title", "length"]),
        ("SELECT f.ti| FROM raw.film AS f JOIN rental r ON true", ["title"]),
        ("SELECT r.f| FROM raw.film AS f JOIN rental r ON true", ["film_id"]),
        ("SELECT film.le| FROM film", ["length"]),
        ("SELECT sol| FROM sales.film_sales", ["sold"]),
        ("SELECT 1; SELECT ti| FROM film; SELECT 2", ["title"]),
        ("SELECT ti| ; SELECT * FROM film", []),
        ("WITH best AS (SELECT 1) SELECT * FROM be|", ["best"]),
        ("UPDATE re|", ["rental"]),
        ("SELECT * FROM odd|", ['"odd name"']),
        ("SELECT 'fi| FROM film'", []),
        ("SELECT * FROM film -- ti|", []),
        ("SELECT * /* ti| */ FROM film", []),
        ("SELECT su|", ["substr", "sum"]),
        ("sele|", ["select"]),
        ("SELE|", ["SELECT"]),
        ("select|", []),
        ("SELECT nosuch.x| FROM film", []),
        # what a query gives: WITH, FROM, LATERAL, UNNEST, joined in brackets
        ("WITH a AS (SELECT 1 AS one, title FROM film) SELECT a.| FROM a", ["one", "title"]),
        ("WITH a (x, y) AS (SELECT 1, title FROM film) SELECT b.| FROM a b", ["x", "y"]),
        (
            "WITH a AS (SELECT * FROM film), b AS (SELECT a.*, 1 n FROM a) SELECT b.| FROM b",
            ["film_id", "title", "length", "n"],
        ),
        (
            "SELECT t.| FROM (SELECT f.title, length / 2 half, count(*) AS n FROM film f) t",
            ["title", "half", "n"],
        ),
        ("SELECT t.| FROM (SELECT film_id FROM rental UNION ALL SELECT 1) AS t (id)", ["id"]),
        (
            "SELECT t.h| FROM film, LATERAL (SELECT CASE WHEN length > 9 THEN 1 END high) t",
            ["high"],
        ),
        (
            "SELECT u.| FROM film CROSS JOIN UNNEST(ARRAY[1, 2]) WITH ORDINALITY AS u (e, n)",
            ["e", "n"],
        ),
        ("SELECT x.t| FROM (film x JOIN rental y ON x.film_id = y.film_id)", ["title"]),
        ("SELECT y.r| FROM (SELECT 1 FROM film WHERE title > 'a') x, rental y", ["rental_id"]),
        ("SELECT * FROM film f WHERE EXISTS (SELECT f.le| FROM rental)", ["length"]),
        ("SELECT t.| FROM (SELECT 1 AS a, (SELECT max(film_id) FROM rental) AS b", []),
        ("WITH a AS (SELECT ti| FROM film", ["title"]),
        ("WITH a AS (SELECT * FROM a) SELECT a.| FROM a", []),
        # fields of a row
        ("SELECT p.home.| FROM people p", ["city", '"Zip Code"', "at"]),
        ("SELECT home.c| FROM people", ["city"]),
        ("SELECT people.home.at.l| FROM people", ["lat", "lon"]),
        ("SELECT t.h.z| FROM (SELECT home AS h FROM people) t", ['"Zip Code"']),
        ("SELECT p.id.| FROM people p", []),
        # names of all kinds
        ('SELECT "F".ti| FROM film AS "F"', ["title"]),
        ('SELECT s."gr|" FROM "straße" s', ['"größe"']),
        ('SELECT * FROM "str|', ['"straße"']),
        ('SELECT s.名| FROM raw."straße" s', ['"名前"']),
        ("", None),
    ],
)
def test_suggestions(marked: str, expected: list[str] | None) -> None:
    if expected is None:
        assert complete("", 0, WORDS) == ()
    else:
        assert suggested(marked) == expected


def test_columns_of_every_relation_come_before_functions() -> None:
    found = suggested("SELECT f| FROM film JOIN rental ON true")
    assert found[0] == "film_id"
    assert "film" in found


def test_a_huge_catalog_is_searched_by_its_beginning() -> None:
    many = Vocabulary({"raw": [f"t{i:05d}" for i in range(50_000)]})
    assert suggested("SELECT * FROM t49999|", many) == ["raw.t49999"]
    assert len(suggested("SELECT * FROM t|", many)) == 40


MANY = ", ".join(f"c{number}" for number in range(40))


@pytest.mark.parametrize(
    ("marked", "expected"),
    [
        ("WITH RECURSIVE t AS (SELECT t.a FROM t) SELECT t.|", ["a"]),
        ("WITH RECURSIVE t AS (SELECT x.a FROM (SELECT t.b FROM t) x) SELECT t.|", ["a"]),
        ("WITH a AS (SELECT b.x FROM b), b AS (SELECT a.y FROM a) SELECT a.|", ["x"]),
        (
            f"WITH RECURSIVE t AS (SELECT {MANY} FROM t JOIN t u ON true) SELECT t.c3|",
            [f"c3{number}" for number in range(10)],
        ),
    ],
)
def test_a_query_that_asks_for_itself_is_followed_once(marked: str, expected: list[str]) -> None:
    """Not for ever, nor once for each of its columns at each depth."""
    assert suggested(marked) == expected
