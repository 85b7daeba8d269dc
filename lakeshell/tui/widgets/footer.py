"""The line of keys at the foot of a screen."""

from __future__ import annotations

from textual.widgets import Footer


class Keys(Footer):
    """Textual's own, which keeps every key that it ever showed: each binds itself to the line's
    `compact`, and those that are gone are let go of only when that changes, which it never does."""

    async def recompose(self) -> None:
        await super().recompose()
        self.mutate_reactive(Footer.compact)
