"""What a job is."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lakeshell.model import TableName


@dataclass(frozen=True, slots=True)
class Job:
    """`kind` is `arrow` (a table copied through a mapping) or `sql` (statements on the engine).

    `mode` is `overwrite` or `append`; `timeout` in seconds; `retries` counts attempts after the
    first; `parameters` are defaults of the script's `:name`s. `script` is the file that runs.
    """

    name: str
    kind: str
    script: Path
    source: TableName | None = None
    target: TableName | None = None
    mode: str = "overwrite"
    workgroup: str = "primary"
    timeout: int | None = None
    retries: int = 0
    dpu: int = 1
    description: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
