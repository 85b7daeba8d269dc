"""The keys of a text in the order in which they came.

In: a widget that takes text. Out: the same, with the keys that it binds done when it is given them.
The library does so with letters only: what a key is bound to it does when the event has bubbled up to
the application, and letters that came right after it, as they do over SSH, are in the text by then.
"""

from __future__ import annotations

from typing import Any

from textual.app import App
from textual.events import Key
from textual.widget import Widget


def type_again(app: App[Any], event: Key) -> None:
    """For the screen that has come meanwhile, once it has its fields."""
    app.screen.call_later(app.post_message, Key(event.key, event.character))


class KeysInOrder(Widget):
    """The last base of a widget: what its other bases do with a key comes before."""

    async def _on_key(self, event: Key) -> None:
        for binding in self._bindings.key_to_bindings.get(event.key, ()):
            if await self.app.run_action(binding.action, self):
                event.stop()
                event.prevent_default()
                return
