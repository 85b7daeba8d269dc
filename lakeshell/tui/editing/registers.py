"""Where vim keeps what was yanked or deleted: the unnamed register and those with a name.

In: texts, by whole lines or not. Out: the same. `A` to `Z` add to what `a` to `z` hold, `0` has what was
yanked last, `_` keeps nothing; `+` and `*` are the unnamed one, which goes to the clipboard anyhow.
"""

from __future__ import annotations

from dataclasses import dataclass

_UNNAMED = frozenset({"", '"', "+", "*"})


@dataclass(frozen=True, slots=True)
class Register:
    text: str = ""
    lines: bool = False


class Registers:
    def __init__(self) -> None:
        self._held: dict[str, Register] = {}

    def get(self, name: str) -> Register:
        return self._held.get("" if name in _UNNAMED else name.lower(), Register())

    def keep(self, name: str, text: str, lines: bool, *, yanked: bool = False) -> None:
        if name == "_":
            return
        made = Register(text, lines)
        if name in _UNNAMED:
            if yanked:
                self._held["0"] = made
        else:
            if name.isupper():
                made = _added(self.get(name), made)
            self._held[name.lower()] = made
        self._held[""] = made


def _added(held: Register, more: Register) -> Register:
    """Lines stay lines: what is added to them, or to what they are added to, is on lines of its own."""
    if not held.text:
        return more
    lines = held.lines or more.lines
    return Register(held.text + ("\n" if lines else "") + more.text, lines)
