"""Against answers of Trino 476 to json_parse."""

from __future__ import annotations

import pytest

from lakeshell.source.jsontext import Inexact, canonical


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (
            r'{"b":1.50,"a":1e20,"c":12345678901234567890,"d":"\u0001\u001f\u007fé/\"","a":1e2}',
            '{"a":100.0,"b":1.5,"c":12345678901234567890,"d":"\\u0001\\u001F\x7fé/\\""}',
        ),
        (
            '{"e":0.1,"f":1.0,"g":-0.0,"h":1e-7,"i":123456789.123,"j":0.30000000000000004}',
            '{"e":0.1,"f":1.0,"g":-0.0,"h":1.0E-7,"i":1.23456789123E8,"j":0.30000000000000004}',
        ),
        (
            '{"é":1,"z":2,"\U0001d4b3":3,"\uffee":4}',
            '{"z":2,"é":1,"\\uD835\\uDCB3":3,"\uffee":4}',
        ),
        (' [1,\n 2 , {"b":[], "a":{}}] ', '[1,2,{"a":{},"b":[]}]'),
        ("null", "null"),
        ("true", "true"),
        (
            "[0.10000000000000000000, 0e9, 12345678901234567000.0]",
            "[0.1,0.0,1.2345678901234567E19]",
        ),
    ],
)
def test_json_is_canonical(written: str, expected: str) -> None:
    assert canonical(written) == expected


@pytest.mark.parametrize("written", ["", "[1] x", "{a:1}", "NaN", "'x'", "[1,]"])
def test_what_is_not_json_is_refused(written: str) -> None:
    with pytest.raises(ValueError):
        canonical(written)


@pytest.mark.parametrize(
    "number",
    [
        "12345678901234567890.123456789",
        "1.23456789012345678901",
        "1e400",
        "-1e400",
        "1e-400",
        "1e9999999999999999999",
    ],
)
def test_a_number_that_would_be_another_is_refused(number: str) -> None:
    """Trino makes the nearest double of the first two, a text of what is too large, and 0 of what is too small."""
    with pytest.raises(Inexact, match=f"no double holds its number {number}"):
        canonical(f'{{"n": [{number}]}}')
