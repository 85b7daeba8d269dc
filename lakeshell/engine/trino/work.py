"""A server's figures of a running statement, as it tells them with each page."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from lakeshell.ports import ClusterWork, Stage


def cluster_work(stats: Mapping[str, Any]) -> ClusterWork | None:
    """None until the server has said anything."""
    if not stats:
        return None
    total = int(stats.get("totalSplits") or 0)
    running = int(stats.get("runningSplits") or 0)
    root = stats.get("rootStage")
    return ClusterWork(
        state=str(stats.get("state") or ""),
        nodes=int(stats.get("nodes") or 0),
        rows=int(stats.get("processedRows") or 0),
        bytes=int(stats.get("processedBytes") or 0),
        splits=total,
        queued=int(stats.get("queuedSplits") or 0),
        running=running,
        done=int(stats.get("completedSplits") or 0),
        share=float(stats.get("progressPercentage") or 0) if stats.get("scheduled") else None,
        running_share=float(stats.get("runningPercentage") or (100 * running / max(total, 1))),
        elapsed=int(stats.get("elapsedTimeMillis") or 0) / 1000,
        stages=tuple(_stages(root, 0)) if root else (),
    )


def _stages(said: Mapping[str, Any], depth: int) -> Iterator[Stage]:
    yield Stage(
        depth=depth,
        state="DONE" if said.get("done") else str(said.get("state") or ""),
        rows=int(said.get("processedRows") or 0),
        bytes=int(said.get("processedBytes") or 0),
        queued=int(said.get("queuedSplits") or 0),
        running=int(said.get("runningSplits") or 0),
        done=int(said.get("completedSplits") or 0),
    )
    for below in said.get("subStages") or ():
        yield from _stages(below, depth + 1)
