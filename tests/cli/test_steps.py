"""What long work says of itself where there is no terminal."""

from __future__ import annotations

import pytest

from lakeshell.cli.progress import ProgressLine


def said(line: ProgressLine, capsys: pytest.CaptureFixture[str]) -> list[str]:
    with line:
        line.step("building mysql\x1b[31m")
        line.advance(1, 2, "images")
        line.warn("slow")
        line.step("waiting for trino")
    return capsys.readouterr().err.splitlines()


def test_what_takes_minutes_says_each_step(capsys: pytest.CaptureFixture[str]) -> None:
    first, warning, last = said(ProgressLine(lines=True), capsys)
    assert first.startswith("building mysql") and "\x1b" not in first
    assert (warning, last) == ("warning: slow", "waiting for trino")


def test_anything_else_says_warnings_alone(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(ProgressLine(), capsys) == ["warning: slow"]
    assert said(ProgressLine(quiet=True, lines=True), capsys) == []
