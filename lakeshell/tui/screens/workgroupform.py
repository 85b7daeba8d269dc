"""The form of a workgroup: a field for each key of its file.

In: a workgroup, or none for a new one. Out: the fields, what they say as its values, and the words
that say the same to `lakeshell workgroup`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

from lakeshell.definitions.workgroups import KEYS, NEVER, OVERRIDE, size_text
from lakeshell.tui.screens.form import Field, Values, changed, listed, options, set_options, several
from lakeshell.workgroup import Workgroup

_READ: dict[str, Callable[[object], Any]] = {key.name: key.read for key in KEYS}
_DEFAULTS = {key.name: key.default for key in KEYS}


class _Shown(NamedTuple):
    name: str
    label: str
    hint: str
    option: str = ""


_SHOWN = (
    _Shown("scan_limit", "Scan limit", "10MB: the most a query may scan"),
    _Shown("daily_budget", "Daily budget", "5: what a UTC day may cost"),
    _Shown("monthly_budget", "Monthly budget", "50: what a UTC month may cost"),
    _Shown("budget_warn", "Warn at", "80% of a budget"),
    _Shown("budget_stop", "Stop at", "100% of a budget"),
    _Shown("notify", "Notify", "a command, run once at each"),
    _Shown("concurrency", "At once", "queries that run"),
    _Shown("queue", "Waiting", "queries that wait"),
    _Shown("database", "Database", "of names without one"),
    _Shown("databases", "Databases", "for its members alone, by blanks", "grant"),
    _Shown("members", "Members", "users by blanks; empty admits everybody", "member"),
    _Shown("tags", "Tags", "of other clients, by blanks", "tag"),
    _Shown("properties", "Properties", "NAME=VALUE of the session, by blanks", "property"),
    _Shown("override", "Override", "allow or refuse what clients set against them"),
    _Shown("result_location", "Results in", "a folder, or s3://BUCKET/PREFIX"),
    _Shown("result_keep", "Results for", "30d: how long they can be opened"),
    _Shown("reuse", "Reuse", "10m: the age of a result that will do"),
    _Shown("description", "Description", "what it is for"),
)
_LISTS = ("databases", "members", "tags", "properties")


def fields(group: Workgroup | None) -> tuple[Field, ...]:
    return tuple(
        Field(
            shown.name,
            shown.label,
            shown.hint,
            "" if group is None else _now(group, shown.name),
            check=partial(_value, shown.name),
        )
        for shown in _SHOWN
    )


def _now(group: Workgroup, name: str) -> str:
    if name == "override":
        return OVERRIDE[not group.may_override]
    value = getattr(group, name)
    match name:
        case "budget_warn" | "budget_stop":
            return NEVER if value is None else f"{value}%"
        case "properties":
            return several(f"{key}={text}" for key, text in value.items())
        case "scan_limit" if value is not None:
            return str(size_text(value))
        case "reuse" | "result_keep":
            return f"{value}s" if value else ""
    return several(value) if isinstance(value, tuple) else "" if value is None else str(value)


def _value(name: str, text: str) -> Any:
    """Raises `ValueError` with what is expected."""
    if name == "properties":
        pairs = [pair.partition("=") for pair in listed(text)]
        if not all(key and equals for key, equals, _ in pairs):
            raise ValueError("NAME=VALUE, several by blanks")
        return {key: value for key, _, value in pairs}
    return _READ[name](list(listed(text)) if name in _LISTS else text)


def read(given: Values) -> dict[str, Any]:
    """The fields of a `Workgroup`."""
    made = {
        shown.name: _value(shown.name, given[shown.name])
        if given[shown.name]
        else {}
        if shown.name == "properties"
        else _DEFAULTS[shown.name]
        for shown in _SHOWN
    }
    made["may_override"] = made.pop("override") == "allow"
    return made


def add_words(given: Values) -> Sequence[str]:
    return ("workgroup", "add", given["name"] or "NAME", *_words(given))


def set_words(name: str, given: Values, before: Sequence[Field]) -> Sequence[str]:
    """Only what changed; what was emptied is `none`, and of the description an empty text."""
    made = changed(given, before, ("description",))
    words: list[str] = []
    for shown in _SHOWN:
        if shown.name in made:
            text = made[shown.name]
            several = shown.name in _LISTS
            words += set_options(
                {shown.option or shown.name: text}, (shown.option,) if several else ()
            )
    return ("workgroup", "set", name, *words)


def _words(given: Values) -> list[str]:
    return options(
        **{
            shown.option or shown.name: listed(given[shown.name])
            if shown.name in _LISTS
            else given[shown.name]
            for shown in _SHOWN
        }
    )
