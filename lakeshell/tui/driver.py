"""The terminal's driver: writes only what the terminal does not show yet, and takes a paste at once."""

from __future__ import annotations

import re
from collections.abc import Iterable

from textual._ansi_sequences import ANSI_SEQUENCES_KEYS
from textual._xterm_parser import XTermParser
from textual.driver import Driver
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Key, Paste, Resize
from textual.message import Message

from lakeshell.tui.painting import Painter

_ALT = re.compile(r"\x1b[^[O\x00-\x1f\x7f-\x9f]")
"""Esc and a character, but those with which the sequences of other keys go on."""
_BEGIN, _END = "\x1b[200~", "\x1b[201~"


class TypedParser(XTermParser):
    """As the base, which looks at a paste letter by letter: at one of megabytes for seconds. A mark
    that comes in two pieces is left to the base."""

    _held: list[str] | None = None
    _tail = ""

    def _sequence_to_key_events(self, sequence: str, alt: bool = False) -> Iterable[Key]:
        """Esc and a character is Alt and that, signs too, of which the base loses the Esc; and it is
        so at once: the base waits for what may follow, and knows no Esc any more once much has."""
        if _ALT.fullmatch(sequence) and sequence not in ANSI_SEQUENCES_KEYS:
            sequence, alt = sequence[1], True
        for event in super()._sequence_to_key_events(sequence, alt):
            if alt and event.is_printable and not event.key.startswith("alt+"):
                yield Key(f"alt+{event.key}", event.character)
            else:
                yield event

    def feed(self, data: str) -> Iterable[Message]:
        if not data:
            yield from super().feed(data)
        while data:
            if self._held is None:
                before, mark, data = data.partition(_BEGIN)
                if before:
                    yield from super().feed(before)
                if not mark:
                    return
                self._held, self._tail = [], ""
            self._held.append(data)
            # The end may stand across pieces.
            tail = self._tail + data
            self._tail = tail[1 - len(_END) :]
            if _END not in tail:
                return
            pasted, _, data = "".join(self._held).partition(_END)
            self._held = None
            yield Paste(pasted.replace("\x00", ""))


class Sparing(Driver):
    """Writes only what the other end does not show yet."""

    painter: Painter | None = None

    def write(self, data: str) -> None:
        if self.painter is None:
            self.painter = Painter()
        super().write(self.painter.thin(data))  # type: ignore[safe-super]

    def process_message(self, message: Message) -> None:
        if isinstance(message, Resize):
            self.forget()
        super().process_message(message)

    def forget(self) -> None:
        """What the other end shows is not known."""
        if self.painter is not None:
            self.painter.forget()


class SparingDriver(Sparing, LinuxDriver):
    """Of a terminal."""

    def run_input_thread(self) -> None:
        linux_driver.XTermParser = TypedParser  # type: ignore[attr-defined]
        super().run_input_thread()
