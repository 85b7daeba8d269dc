from __future__ import annotations

import pytest

from lakeshell.crawl.patterns import glob, select
from lakeshell.errors import UsageError
from lakeshell.model import ObjectKind, ObjectName, SourceObject


def objects(*names: str) -> list[SourceObject]:
    return [SourceObject(ObjectName("movies", name), ObjectKind.TABLE) for name in names]


def taken(names: list[str], include: list[str], exclude: list[str]) -> list[str]:
    return [o.name.name for o in select(objects(*names), include, exclude).taken]


@pytest.mark.parametrize(
    ("pattern", "name", "matches"),
    [
        ("*act*", "actor", True),
        ("*act*", "film_actor", True),
        ("*act*", "fact", True),
        ("*act*", "film", False),
        ("act", "actor", False),
        ("film_?", "film_1", True),
        ("film_?", "film_12", False),
        ("f*/x", "f/x", True),
        ("f*", "f/x", False),
        ("f**", "f/x", True),
        ("f?x", "f/x", False),
        ("[a-c]*", "city", True),
        ("[a-c]*", "date", False),
        ("[!a-c]*", "date", True),
        ("[!a-c]*", "city", False),
        ("[!a]x", "/x", False),
        ("[*?]x", "*x", True),
        ("[*?]x", "ax", False),
        ("[-a]x", "-x", True),
        ("[a-]x", "-x", True),
        ("[.-0]", "/", False),
        (r"\*", "*", True),
        (r"\*", "x", False),
        (r"\\", "\\", True),
        ("{staff,store}", "store", True),
        ("{staff,store}", "stor", False),
        ("{s*,[t-z]?}_x", "ta_x", True),
        ("{a,}b", "b", True),
        ("a}b", "a}b", True),
        ("a,b", "a,b", True),
        (".*", "film", False),
        (".*", ".hidden", True),
        ("(x|y)+$", "(x|y)+$", True),
        ("*", "new\nline", True),
        ("映*", "映画", True),
        ("ACT*", "actor", False),
    ],
)
def test_globs(pattern: str, name: str, matches: bool) -> None:
    assert bool(glob(pattern).fullmatch(name)) is matches


@pytest.mark.parametrize("pattern", ["", "[", "[]", "[!]", "[c-a]", "{a", "{a,{b}}", "x\\"])
def test_what_is_no_glob_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError) as caught:
        glob(pattern)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("include", "expected"),
    [
        ([], ["film", "film_actor", "Film%"]),
        (["movies/%"], ["film", "film_actor", "Film%"]),
        (["movies"], ["film", "film_actor", "Film%"]),
        (["MOVIES/film"], ["film"]),
        (["movies/Film"], []),
        (["movies/film%"], ["film", "film_actor"]),
        (["movies/%actor"], ["film_actor"]),
        (["m%/f%_%r"], ["film_actor"]),
        (["other/%"], []),
        (["movies/film", "movies/%_%"], ["film", "film_actor"]),
        (["movies/fi.m"], []),
    ],
)
def test_include_paths(include: list[str], expected: list[str]) -> None:
    assert taken(["film", "film_actor", "Film%"], include, []) == expected


def test_an_include_path_without_a_database_is_refused() -> None:
    with pytest.raises(UsageError, match="names no database"):
        select([], ["/film"], [])


def test_every_object_left_out_has_its_reason() -> None:
    selection = select(
        objects("film", "actor", "staff", "log"),
        ["movies/film", "movies/a%", "movies/s%", "none/%"],
        ["*act*", "movies/s*"],
    )
    assert [o.name.name for o in selection.taken] == ["film"]
    assert {e.object.name.name: e.reason for e in selection.excluded} == {
        "actor": "exclude pattern *act*",
        "staff": "exclude pattern movies/s*",
        "log": "in no include path",
    }
    assert selection.idle == ("none/%",)
