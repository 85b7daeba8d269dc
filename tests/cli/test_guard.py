"""What the resident process does to the queries of a cluster, on a cluster that is made up."""

from __future__ import annotations

from pathlib import Path

import pytest

from lakeshell.errors import ConfigurationError
from lakeshell.guard import Guard
from lakeshell.lake import Lake
from lakeshell.ports import ClusterQuery


class Cluster:
    """Queries that scan two megabytes each, of user ada."""

    def __init__(self, *ids: str) -> None:
        self.ids = list(ids)
        self.told: dict[str, str] = {}

    def running(self) -> list[ClusterQuery]:
        return [ClusterQuery(id, "ada", "cli", ("ads",), 2**21, {}, "SELECT") for id in self.ids]

    def stop(self, id: str, reason: str) -> bool:
        self.told[id] = reason
        # The last of them has ended by itself meanwhile.
        return id != "gone"


def test_a_query_is_stopped_told_why_and_kept_once(lake: Path) -> None:
    (lake / "workgroups" / "ads.toml").write_text('scan_limit = "1MB"\n')
    cluster = Cluster("q1", "gone")
    with Lake(lake, {}) as opened:
        guard = Guard(opened, cluster)  # type: ignore[arg-type]
        said = guard.act()
        assert said.startswith("stopped q1 of ada (cli): it scanned 2.00 MB, over the limit")
        assert "gone" not in said
        guard.act()
        (event,) = opened.ledger.events("ads")
    assert (event.kind, event.query, event.user) == ("CANCELLED", "q1", "ada")
    assert event.detail == cluster.told["q1"]


def test_a_file_that_is_wrong_is_said_once_and_the_others_hold_on(lake: Path) -> None:
    ads = lake / "workgroups" / "ads.toml"
    ads.write_text('scan_limit = "1MB"\n')
    cluster = Cluster("q1")
    with Lake(lake, {}) as opened:
        guard = Guard(opened, cluster)  # type: ignore[arg-type]
        assert guard.act()
        ads.write_text("scan_limit = ten\n")
        with pytest.raises(ConfigurationError, match=r"ads\.toml, line 1"):
            guard.act()
        cluster.ids = ["q2"]
        assert "stopped q2" in guard.act()
        ads.write_text('scan_limit = "1GB"\n')
        cluster.ids = ["q3"]
        assert guard.act() == ""
