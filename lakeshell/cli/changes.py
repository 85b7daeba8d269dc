"""The options of the `set` verbs: what is named changes, `none` takes it away, the rest stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from lakeshell.definitions.schema import Key

_FREE = ("description", "comment", "prefix")
"""Of which `none` is a text as any other, and an empty one takes it away."""


def changes(given: Mapping[str, Any], keys: Sequence[Key]) -> dict[str, Any]:
    """The keys that were named, with their values; none for a new definition is none. Raises a
    usage error for a wrong one."""
    known = {key.name: key for key in keys}
    made: dict[str, Any] = {}
    for name, value in given.items():
        if value is None or value == ():
            continue
        key = known[name]
        if isinstance(value, tuple):
            made[name] = () if value == ("none",) else value
        elif value.lower() == "none" and name not in _FREE:
            made[name] = key.default
        else:
            made[name] = _read(key, value)
    return made


def needed(made: Mapping[str, Any], example: str) -> None:
    """Raises a usage error where nothing was named."""
    if not made:
        raise click.UsageError(f"nothing to change: name it, for example {example}")


def _read(key: Key, value: str) -> Any:
    try:
        return key.read(value)
    except ValueError as error:
        option = "--" + key.name.replace("_", "-")
        raise click.UsageError(f"{option} {value!r} is not right: it is {error}") from error
