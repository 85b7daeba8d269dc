"""Where a setting comes from: the variable, the file, the default."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakeshell.errors import ConfigurationError
from lakeshell.settings import read


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    written = '[query]\nworkgroup = "etl"\ndatabase = "raw"\n[engine]\nthreads = 3\n'
    (tmp_path / "lakeshell.toml").write_text(written, encoding="utf-8")
    return tmp_path


def test_a_variable_counts_before_the_file_and_the_short_one_first(lake: Path) -> None:
    assert (read(lake, {}).workgroup, read(lake, {}).threads) == ("etl", 3)
    found = read(
        lake,
        {
            "LAKESHELL_QUERY_WORKGROUP": "long",
            "LAKESHELL_WORKGROUP": "short",
            "LAKESHELL_QUERY_DATABASE": "mart",
            "LAKESHELL_ENGINE_THREADS": "5",
        },
    )
    assert (found.workgroup, found.database, found.threads) == ("short", "mart", 5)


@pytest.mark.parametrize(
    "name",
    [
        "LAKESHELL_WORKGROUP",
        "LAKESHELL_DATABASE",
        "LAKESHELL_QUERY_DATABASE",
        "LAKESHELL_ENGINE_THREADS",
        "LAKESHELL_ENGINE_MEMORY_LIMIT",
    ],
)
def test_an_empty_variable_is_none(lake: Path, name: str) -> None:
    assert read(lake, {name: ""}) == read(lake, {})


def test_a_wrong_variable_is_named_with_what_it_must_be(lake: Path) -> None:
    with pytest.raises(ConfigurationError, match="LAKESHELL_ENGINE_THREADS='many'") as refused:
        read(lake, {"LAKESHELL_ENGINE_THREADS": "many"})
    assert "whole number" in refused.value.hint
