"""Jobs: `jobs/NAME.toml` with the script that runs beside it, `NAME.py` or `NAME.sql`."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Any

from lakeshell.definitions.folder import DefinitionFolder
from lakeshell.definitions.schema import (
    MOST,
    Key,
    checked_name,
    choice,
    duration,
    table,
    text,
    whole,
    write,
)
from lakeshell.errors import ConfigurationError, UsageError
from lakeshell.etl.job import Job
from lakeshell.model import TableName

SUFFIX = {"arrow": ".py", "sql": ".sql"}
RETRIES = 10
"""More attempts than that help nobody."""
KEYS = (
    Key("kind", choice(*SUFFIX), required=True, doc='kind = "arrow" or "sql"'),
    Key("description", text, ""),
    Key("source", text, None, doc='the table read: "movie_rental.movies_film"'),
    Key("target", text, None, doc='the table written: "raw.film"'),
    Key("mode", choice("overwrite", "append"), "overwrite"),
    Key("workgroup", text, "primary"),
    Key("timeout", duration, None, doc='"2h"'),
    Key("retries", whole(0, RETRIES), 0, doc="attempts after the first that failed"),
    Key("dpu", whole(1, MOST), 1, doc="capacity that a run is billed for"),
    Key("parameters", table, None, doc="defaults of the script's :name parameters"),
)
ADD = "lakeshell job propose NAME --source DB.TABLE --target DB.TABLE"


def table_name(written: str) -> TableName:
    """`db.table`, with `"quoted.parts"` where a name has a dot; raises `UsageError`."""
    import re

    part = r'"((?:[^"]|"")+)"|([^."]+)'
    whole = re.fullmatch(rf"(?:{part})(?:\.(?:{part}))*", written)
    parts = re.findall(part, written) if whole else []
    made = [(quoted or plain).replace('""', '"').lower() for quoted, plain in parts]
    if made and made[0] == "lake" and len(made) == 3:
        made = made[1:]
    if len(made) != 2 or any(not part for part in made):
        raise UsageError(
            f"{written!r} is not a table",
            hint='write it as DATABASE.TABLE, or DATABASE."a.b" where a name has a dot',
        )
    return TableName(*made)


class Jobs(DefinitionFolder[Job]):
    """The jobs of one lake, by name."""

    kind = "job"
    keys = KEYS
    how = ADD

    def script_of(self, name: str, kind: str) -> Path:
        return self.folder / (checked_name("job", name) + SUFFIX[kind])

    def add(self, made: Job, script: str = "") -> Path:
        """Writes script and definition, the definition last: a job is there whole or not at all."""
        self._check_new(made)
        write(self.script_of(made.name, made.kind), script)
        return super().add(made)

    def remove(self, name: str) -> None:
        """The definition first, and then its script. A definition that cannot be read names none."""
        script = None
        with suppress(ConfigurationError):
            script = self.get(name).script
        super().remove(name)
        if script is not None:
            script.unlink(missing_ok=True)

    def _made(self, name: str, values: dict[str, Any]) -> Job:
        path = self.path(name)
        script = self.folder / (name + SUFFIX[values["kind"]])
        for key in ("source", "target"):
            values[key] = None if values[key] is None else table_name(values[key])
        if values["kind"] == "arrow" and (values["source"] is None or values["target"] is None):
            raise ConfigurationError(
                f"{path}: an arrow job needs source and target",
                hint='add source = "DB.TABLE" and target = "DB.TABLE"',
            )
        if not script.is_file():
            raise ConfigurationError(
                f"the script {script} is missing", hint="restore it, or propose the job anew"
            )
        values["parameters"] = {k: str(v) for k, v in (values["parameters"] or {}).items()}
        return Job(name=name, script=script, **values)

    def _written(self, made: Job) -> dict[str, Any]:
        defaults = {key.name: key.default for key in KEYS}
        values: dict[str, Any] = {key.name: getattr(made, key.name) for key in KEYS}
        for key in ("source", "target"):
            values[key] = None if values[key] is None else written_name(values[key])
        kept = {k: v for k, v in values.items() if k == "kind" or (v and v != defaults[k])}
        if made.kind == "arrow":
            kept["mode"] = made.mode
        else:
            kept.pop("mode", None)
        return kept

    def _check(self, made: Job) -> None:
        if made.kind == "sql" and made.mode != "overwrite":
            raise UsageError(
                f"job {made.name!r} runs statements, which say themselves how they write",
                hint=f"edit {made.script}",
            )
        if made.kind == "arrow" and (made.source is None or made.target is None):
            raise UsageError(
                f"job {made.name!r} copies a table and needs both",
                hint="name a source and a target",
            )
        if made.source is not None and made.source == made.target:
            raise UsageError(
                f"job {made.name!r} would read the table that it writes, {made.target}",
                hint="name another --target; a table is changed where it is by UPDATE and DELETE",
            )


def written_name(name: TableName) -> str:
    """As `table_name` reads it."""
    return ".".join(
        '"' + part.replace('"', '""') + '"' if "." in part or '"' in part else part for part in name
    )
