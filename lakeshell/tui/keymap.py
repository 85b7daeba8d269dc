"""What is wrong with the keys that somebody set, for whoever wonders why one does nothing.

In: `[keys]` of console.toml. Out: a line for each fault. It reads every screen's keys, which takes a
moment, so it is asked on a thread, and only where keys were set.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from textual.binding import Binding
from textual.keys import Keys, key_to_character

_MODIFIERS = frozenset({"alt", "ctrl", "hyper", "meta", "shift", "super"})
_NAMED = frozenset(key.value.rpartition("+")[2] for key in Keys if not key.value.startswith("<"))
_EVERYWHERE = frozenset({"app", "go_always", "screen"})
_TOGETHER = (frozenset({"query", "editor"}), frozenset({"query", "result"}), frozenset({"query", "chart"}))  # fmt: skip
"""Screens and parts, by the first words of their actions' names, whose keys hold at one time."""


def faults(keys: Mapping[str, str]) -> list[str]:
    known = dict(_actions())
    held = {name: keys.get(name, binding.key).split(",") for name, binding in known.items()}
    return [*_unknown(keys, known), *_typed(keys, known), *_clashes(keys, held)]


def _actions() -> Iterator[tuple[str, Binding]]:
    """Each action with a name, and the keys that it has unless somebody says otherwise."""
    from lakeshell.tui import app, screens, widgets

    names = [app.__name__]
    for package in (screens, widgets):
        names += [m.name for m in pkgutil.iter_modules(package.__path__, f"{package.__name__}.")]
    for name in names:
        for made in vars(importlib.import_module(name)).values():
            bindings = vars(made).get("BINDINGS", ()) if isinstance(made, type) else ()
            for binding in bindings:
                if isinstance(binding, Binding) and binding.id:
                    yield binding.id, binding


def _unknown(keys: Mapping[str, str], known: Mapping[str, Binding]) -> Iterator[str]:
    for name, text in keys.items():
        if name not in known:
            near = get_close_matches(name, known, 1)
            meant = f", did you mean {near[0]}?" if near else ": F1 shows their names"
            yield f"there is no action {name}{meant}"
            continue
        for key in text.split(","):
            if not _is_key(key.strip()):
                yield f"{name}: {key.strip()!r} is no key"


def _is_key(text: str) -> bool:
    *modifiers, key = text.split("+")
    is_known = key in _NAMED or key_to_character(key) is not None
    return bool(key) and is_known and _MODIFIERS.issuperset(modifiers)


def _typed(keys: Mapping[str, str], known: Mapping[str, Binding]) -> Iterator[str]:
    """A letter that goes before the text can be typed no more."""
    for name, text in keys.items():
        if name in known and known[name].priority:
            for key in text.split(","):
                if key.strip() and key_to_character(key.strip()) is not None:
                    yield f"{name}: {key.strip()} could not be typed into a text any more"


def _clashes(keys: Mapping[str, str], held: Mapping[str, list[str]]) -> Iterator[str]:
    """Two actions of one key, of which one was set to it: only one of them has it."""
    at: dict[str, list[str]] = {}
    for name, texts in held.items():
        for key in dict.fromkeys(text.strip() for text in texts):
            for other in at.setdefault(key, []):
                if _meet(name, other) and (name in keys or other in keys):
                    yield f"{key} is for {other} and for {name}"
            at[key].append(name)


def _meet(one: str, other: str) -> bool:
    first, second = one.partition(".")[0], other.partition(".")[0]
    if first == second:
        return True
    if {first, second} & _EVERYWHERE:
        # A screen's plain key gives way to whatever has the focus.
        return "go" not in (first, second)
    return frozenset({first, second}) in _TOGETHER
