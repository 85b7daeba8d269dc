"""Who may work on the source database at once. No Docker needed."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakeshell.stack.backup import UnderWay, alone


def refused(folder: Path, *, disturbing: bool = False) -> str:
    with pytest.raises(UnderWay) as raised, alone(folder, disturbing=disturbing):
        pass
    return raised.value.message


def test_one_backup_at_a_time(tmp_path: Path) -> None:
    folder = tmp_path / "stack"
    with alone(folder):
        assert refused(folder).endswith("or services are started or stopped")
        assert refused(folder, disturbing=True).endswith("by another command")
    with alone(folder):
        pass


def test_what_stops_services_hinders_backups_and_nobody_else(tmp_path: Path) -> None:
    with alone(tmp_path, disturbing=True):
        with alone(tmp_path, disturbing=True):
            pass
        refused(tmp_path)
