"""A job's script: proposed as a file that runs as it stands, and loaded to be run.

In: a job and the columns of its source. Out: the script's text; or, of an existing script, its
mapping and its `transform`. An arrow script is the lake owner's own Python and runs with the
owner's rights.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lakeshell.errors import ConfigurationError, LakeshellError
from lakeshell.etl.job import Job
from lakeshell.etl.mapping import Mapping, parse, propose, render
from lakeshell.model import Column, TableName
from lakeshell.sql.names import quote_identifier

if TYPE_CHECKING:
    import pyarrow as pa

_ARROW = '''\
"""Loads {source} into {target}.

This file is what runs. Lakeshell edits the mapping between the markers and nothing else.
"""

{mapping}


def transform(rows):
    """One Arrow record batch of the mapped columns in, one of the same columns out."""
    return rows
'''

_SQL = """\
-- Builds {target} from {source}. This file is what runs, in Trino's SQL.
CREATE OR REPLACE TABLE {target} AS
SELECT
{columns}
FROM {source};
"""


def propose_script(job: Job, columns: Sequence[Column]) -> str:
    """A script that copies every column; raises `UsageError` where a type cannot be kept."""
    assert job.source is not None
    assert job.target is not None
    if job.kind == "sql":
        listed = ",\n".join(f"    {quote_identifier(column.name)}" for column in columns)
        return _SQL.format(source=_quoted(job.source), target=_quoted(job.target), columns=listed)
    return _ARROW.format(source=job.source, target=job.target, mapping=render(propose(columns)))


def _quoted(name: TableName) -> str:
    return ".".join(quote_identifier(part) for part in name)


def check_script(job: Job, text: str) -> None:
    """Of an arrow job: raises `LakeshellError` for a text that cannot run, as far as reading it
    tells; runs nothing."""
    parse(text, job.script.name)
    try:
        compile(text, job.script.name, "exec")
    except (SyntaxError, ValueError) as error:
        line = f"{job.script.name}, line {getattr(error, 'lineno', None) or 1}"
        raise ConfigurationError(f"{line}: {error.args[0]}", hint="mend it") from error


@dataclass(frozen=True, slots=True)
class ArrowScript:
    mapping: Mapping
    transform: Callable[[pa.RecordBatch], pa.RecordBatch] | None


def load_arrow(job: Job) -> ArrowScript:
    """Runs the script's top level once. Raises `ConfigurationError` with its file and line."""
    written = job.read_script()
    mapping = parse(written, str(job.script))
    scope: dict[str, Any] = {"__name__": f"job_{job.name}", "__file__": str(job.script)}
    try:
        exec(compile(written, str(job.script), "exec"), scope)
    except LakeshellError:
        raise
    except Exception as error:
        raise ConfigurationError(
            f"{job.script}{_line(error, str(job.script))}: {type(error).__name__}: {error}",
            hint="mend the script, then run the job again",
        ) from error
    return ArrowScript(mapping, scope.get("transform"))


def script_failed(job: Job, error: Exception) -> LakeshellError:
    place = f"{job.script}{_line(error, str(job.script))}"
    return LakeshellError(
        f"the transform of job {job.name!r} failed: {place}: {type(error).__name__}: {error}",
        hint="mend the script, then run the job again; the table is as it was",
    )


def _line(error: Exception, file: str) -> str:
    if isinstance(error, SyntaxError):
        return f", line {error.lineno}"
    trace, line = error.__traceback__, None
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == file:
            line = trace.tb_lineno
        trace = trace.tb_next
    return "" if line is None else f", line {line}"
