"""Our text formats against the answers of Trino 476's own command line, byte for byte.

Each file of `data` has a query, the values that Trino sent, and what trino-cli printed for them.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from wire_values import batch_of, columns_of

from lakeshell.output import result
from lakeshell.output.text import printable_lines

DATA = Path(__file__).with_name("data")
CASES = [
    pytest.param(path, name, id=f"{path.stem}-{name}")
    for path in sorted(DATA.glob("*.json"))
    for name in json.loads(path.read_text(encoding="utf-8"))["outputs"]
]
SAFE = ("ALIGNED", "VERTICAL", "MARKDOWN")
ESCAPED = {f"newlines_tabs-{name}" for name in SAFE}
"""These have control characters, which we show escaped and trino-cli does not."""


def printed(path: Path, format_name: str, *, slices: int = 0) -> tuple[str, str]:
    case = json.loads(path.read_text(encoding="utf-8"))
    columns = columns_of(case["columns"])
    batch = batch_of(columns, case["rows"])
    batches = [batch]
    if slices:
        batches = [batch.slice(at, slices) for at in range(0, batch.num_rows, slices)]
    out: list[str] = []
    count = result.write_result(columns, batches, format_name, out.append)
    assert count == len(case["rows"])
    return "".join(out), case["outputs"][format_name]


@pytest.mark.parametrize(("path", "format_name"), [c for c in CASES if c.id not in ESCAPED])
def test_the_bytes_are_those_of_trino_cli(path: Path, format_name: str) -> None:
    ours, theirs = printed(path, format_name)
    assert ours == theirs


@pytest.mark.parametrize(("path", "format_name"), CASES)
def test_a_result_in_slices_is_the_same_text(path: Path, format_name: str) -> None:
    assert printed(path, format_name, slices=1)[0] == printed(path, format_name)[0]


@pytest.mark.parametrize(
    ("path", "format_name"),
    [c for c in CASES if str(c.values[1]).startswith(("CSV", "TSV", "JSON"))],
)
def test_the_fast_way_gives_the_same_bytes(
    path: Path, format_name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(result, "_FAST_ROWS", 1)
    ours, theirs = printed(path, format_name)
    assert ours == theirs
    assert printed(path, format_name, slices=2)[0] == theirs


@pytest.mark.parametrize("format_name", SAFE)
def test_control_characters_are_all_that_differs(format_name: str) -> None:
    ours, theirs = printed(DATA / "newlines_tabs.json", format_name)
    assert ours != theirs
    assert "\x1b" not in ours
    if format_name == "VERTICAL":
        assert [line.rstrip("-") for line in ours.split("\n")] == [
            line.rstrip("-") for line in printable_lines(theirs).split("\n")
        ]
    else:
        blank = str.maketrans("", "", " -")
        assert ours.translate(blank) == printable_lines(theirs).translate(blank)
