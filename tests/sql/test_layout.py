"""Statements laid out: how they look, and that nothing but blanks changes."""

from __future__ import annotations

import pytest

from lakeshell.sql.layout import layout
from lakeshell.sql.lexer import tokenize

LONG = (
    "with best as (select film_id,count(*) as rentals from raw.rental where rented between date "
    "'2026-01-01' and date '2026-02-01' and staff_id<>3 group by film_id) select f.title, b.rentals "
    "from raw.film f left join best b on b.film_id=f.film_id where f.length>100 or f.rating in "
    "('PG','R') order by 2 desc limit 10"
)


def test_a_long_statement_is_broken_at_its_clauses() -> None:
    assert layout(LONG).split("\n") == [
        "WITH best AS (",
        "    SELECT film_id, count(*) AS rentals",
        "    FROM raw.rental",
        "    WHERE rented BETWEEN date '2026-01-01' AND date '2026-02-01'",
        "        AND staff_id <> 3",
        "    GROUP BY film_id",
        ")",
        "SELECT f.title, b.rentals",
        "FROM raw.film f",
        "LEFT JOIN best b ON b.film_id = f.film_id",
        "WHERE f.length > 100",
        "    OR f.rating IN ('PG', 'R')",
        "ORDER BY 2 DESC",
        "LIMIT 10",
    ]


def test_a_short_statement_stays_on_its_line() -> None:
    assert layout("select  *\nfrom film ;  select 1") == "SELECT * FROM film;\n\nSELECT 1"


def test_a_column_that_is_called_as_a_word_keeps_its_name() -> None:
    assert layout(
        "select Filter, offset, limit, t.set, window + 1 from t order by x desc limit 3"
    ) == ("SELECT Filter, offset, limit, t.set, window + 1 FROM t ORDER BY x DESC LIMIT 3")


def test_comments_stay() -> None:
    made = layout("select 1, -- the first\n  2 /* two */ from t")
    assert "-- the first\n" in made
    assert "/* two */" in made


@pytest.mark.parametrize(
    "sql",
    [
        LONG,
        "select a[1], map(array['x'], array[-1])['x'], x -> x + 1, 1.5e3, U&'\\0041', \"odd \"\" name\" from t",
        "insert into t select * from (values (1,'a'),(2,'b')) as v(x,y) where not exists (select 1)",
        "select count(*) filter (where x is not null) over (partition by y order by z rows between 1 "
        "preceding and current row) from lake.raw.film for version as of 12",
        "select 'it''s -- no comment', -1, - -1, a-b, a - -b from t where a<=b and not c",
        "select",
        "select 'open",
        "",
    ],
)
def test_the_tokens_are_the_same(sql: str) -> None:
    before, after = tokenize(sql), tokenize(layout(sql))
    assert after.kinds == before.kinds
    assert [text.lower() for text in after.texts] == [text.lower() for text in before.texts]
    assert layout(layout(sql)) == layout(sql)
