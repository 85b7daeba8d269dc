"""The work of a statement on a server as trino-cli shows it: a line of figures and a bar, the stages;
a line at a time where nothing can be taken back; and what it came to in the end.

In: figures and the seconds since the start. Out: lines, no wider than they must be. Rows are decimal
here and bytes binary, as trino-cli 476 has them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from decimal import ROUND_HALF_UP, Decimal
from operator import ge, gt
from typing import Any

from lakeshell.ports import ClusterWork, Stage

_NARROW = 75
_BAR = 17
_WIDEST = 100
_COLUMNS = ("STAGE", "S", "ROWS", "ROWS/s", "BYTES", "BYTES/s", "QUEUED", "RUN", "DONE")
_LAYOUT = "{:>10}{:>1}  {:>5}  {:>6}  {:>5}  {:>7}  {:>6}  {:>5}  {:>5}"


def work_lines(id: str, work: ClusterWork, seconds: float, width: int) -> list[str]:
    """`width` is the terminal's, in characters; a narrow one gets the state alone."""
    shown = min(99, int(work.share or 0))
    if width < _NARROW:
        return [f"{work.state} {_clock(seconds)} {shown}%"]
    lines = [f"Query {id}, {work.state}, {_nodes(work)}, {work.splits:,} splits"]
    if not work.nodes or not work.splits:
        return lines
    room = min(width, _WIDEST) - _NARROW + _BAR
    if work.share is None:
        bar, percent = _moving(room, int(seconds)), ""
    else:
        bar, percent = _bar(room, shown, int(work.running_share)), f" {shown}%"
    lines.append(
        f"{_clock(seconds)} [{count_text(work.rows):>5} rows, {size_text(work.bytes):>6}] "
        f"[{count_text(_rate(work.rows, seconds)):>5} rows/s, "
        f"{size_text(_rounded_rate(work.bytes, seconds)) + '/s':>8}] [{bar}]{percent}"
    )
    return [*lines, "", _LAYOUT.format(*_COLUMNS), *_stages(work.stages, seconds)]


def plain_line(id: str, work: ClusterWork, seconds: float) -> str:
    """`Query 31 [RUNNING] i[2.7M 67.3Mi 62Mi] o[2.7M 67.3Mi 62Mi] splits[252/16/380]`: rows, bytes
    and bytes a second, twice, and splits that wait, run and are done."""
    went = f"[{count_text(work.rows)} {_short(work.bytes)} {_short(_rounded_rate(work.bytes, seconds))}]"
    splits = f"{work.queued:,}/{work.running:,}/{work.done:,}"
    return f"Query {id} [{work.state}] i{went} o{went} splits[{splits}]"


def end_lines(id: str, work: ClusterWork) -> list[str]:
    """Nothing of one that no node worked on."""
    if not work.nodes or not work.splits:
        return []
    seconds = work.elapsed
    took = _clock(seconds) if seconds >= 60 else f"{seconds:.2f}"
    return [
        f"Query {id}, {work.state}, {_nodes(work)}",
        f"Splits: {work.splits:,} total, {work.done:,} done ({work.share or 0:.2f}%)",
        f"{took} [{count_text(work.rows)} rows, {size_text(work.bytes)}] "
        f"[{count_text(_rate(work.rows, seconds))} rows/s, "
        f"{size_text(_rounded_rate(work.bytes, seconds))}/s]",
    ]


def _nodes(work: ClusterWork) -> str:
    return f"{work.nodes:,} node{'' if work.nodes == 1 else 's'}"


def _stages(stages: tuple[Stage, ...], seconds: float) -> Iterator[str]:
    for number, stage in enumerate(stages):
        done = stage.state in ("DONE", "FINISHED")
        rate = 0.0 if done else seconds
        yield _LAYOUT.format(
            f"{'  ' * stage.depth}{number}".ljust(10, "."),
            {"FAILED": "X", "DONE": "F"}.get(stage.state, stage.state[:1]),
            count_text(stage.rows),
            count_text(_rate(stage.rows, rate)),
            _short(stage.bytes),
            _short(_rounded_rate(stage.bytes, rate)),
            stage.queued,
            stage.running,
            stage.done,
        )


def count_text(count: int) -> str:
    """`802`, `44.9K`, `6.45M`: three digits, or four of what is 1000 of a unit."""
    return _scaled(count, ("", "K", "M", "B", "T", "Q"), 1000, gt)


def size_text(size: int) -> str:
    """`802B`, `5.74MiB`, in powers of 1024."""
    return _scaled(size, ("B", "KiB", "MiB", "GiB", "TiB", "PiB"), 1024, ge)


def _short(size: int) -> str:
    return _scaled(size, ("B", "Ki", "Mi", "Gi", "Ti", "Pi"), 1024, ge)


def _scaled(
    value: int, units: tuple[str, ...], step: int, beyond: Callable[[Any, Any], bool]
) -> str:
    """What is `beyond` a step of a unit is told in the next one."""
    scaled = Decimal(value)
    unit = 0
    while beyond(scaled, step) and unit < len(units) - 1:
        scaled /= step
        unit += 1
    digits = 2 if scaled < 10 else 1 if scaled < 100 else 0
    rounded = scaled.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP)
    text = f"{rounded:f}"
    return (text.rstrip("0").rstrip(".") if "." in text else text) + units[unit]


def _rate(value: int, seconds: float) -> int:
    return int(value / seconds) if seconds > 0 else 0


def _rounded_rate(size: int, seconds: float) -> int:
    """trino-cli rounds bytes a second, and cuts rows."""
    return int(size / seconds + 0.5) if seconds > 0 else 0


def _clock(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole // 60}:{whole % 60:02d}"


def _bar(width: int, done: int, running: int) -> str:
    """`====>>    `: what is done, what runs (a mark at least), what waits."""
    runs = min(width, max(-(-running * width // 100), 1)) if running else 0
    through = min(-(-done * width // 100), width - runs)
    return "=" * through + ">" * runs + " " * (width - through - runs)


def _moving(width: int, tick: int) -> str:
    """A mark that goes to and fro, while it is not known how much there is."""
    span = width - 3
    there, back = tick % span, (tick // span) % 2
    at = span - there if back else there
    return f"{' ' * at}<=>".ljust(width)
