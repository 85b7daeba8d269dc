"""What the keys of a screen do, for whoever looks for it by name.

In: a screen. Out: what each key is said to do, the key, and what does it: also where the key itself is
the text's just now.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from textual.actions import parse
from textual.screen import Screen

_OF_THE_CONSOLE = ("app.", "go.", "go_always.")


def commands(screen: Screen[object]) -> Iterator[tuple[str, str, Callable[[], object]]]:
    """Of all that has the focus or holds it: each action once."""
    known = set()
    for node, bindings in screen._modal_binding_chain:
        for _, binding in bindings:
            name = binding.id or ""
            if not name or name.startswith(_OF_THE_CONSOLE) or name in known:
                continue
            known.add(name)
            _, action, parameters = parse(binding.action)
            if node.check_action(action, parameters) is not False:
                call = partial(getattr(node, f"action_{action}"), *parameters)
                yield binding.description, screen.app.get_key_display(binding), call
