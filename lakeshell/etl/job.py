"""What a job is."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from lakeshell.errors import ConfigurationError
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

    def read_script(self) -> str:
        """Raises `ConfigurationError` for a script that cannot be read as text."""
        try:
            return self.script.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError as error:
            raise ConfigurationError(
                f"{self.script} is not UTF-8 text (byte {error.start})",
                hint="save it again as UTF-8",
            ) from error
        except OSError as error:
            raise ConfigurationError(
                f"{self.script} cannot be read: {error.strerror}",
                hint="restore it, or propose the job anew",
            ) from error
