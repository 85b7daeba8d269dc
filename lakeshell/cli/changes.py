"""The options of the `set` verbs: what is named changes, `none` takes it away, the rest stays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import click

from lakeshell.definitions.schema import Key

_FREE = ("description", "comment", "prefix")
"""Of which `none` is a text as any other, and an empty one takes it away."""


def changes(
    given: Mapping[str, Any], keys: Sequence[Key], spelled: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The keys that were named, with their values; none for a new definition is none. Raises a
    usage error for a wrong one. `spelled` are the options that are not called as their key."""
    known = {key.name: key for key in keys}
    made: dict[str, Any] = {}
    options = spelled or {}
    for name, value in given.items():
        if value is None or value == ():
            continue
        key = known[name]
        if isinstance(value, tuple):
            made[name] = () if value == ("none",) else _read(key, list(value), options)
        elif value.lower() == "none" and name not in _FREE:
            made[name] = key.default
        else:
            made[name] = _read(key, value, options)
    return made


def needed(made: Mapping[str, Any], example: str) -> None:
    """Raises a usage error where nothing was named."""
    if not made:
        raise click.UsageError(f"nothing to change: name it, for example {example}")


def _read(key: Key, value: str | list[str], options: Mapping[str, str]) -> Any:
    try:
        return key.read(value)
    except ValueError as error:
        option = options.get(key.name) or "--" + key.name.replace("_", "-")
        shown = value if isinstance(value, str) else " ".join(value)
        raise click.UsageError(f"{option} {shown!r} is not right: it is {error}") from error
