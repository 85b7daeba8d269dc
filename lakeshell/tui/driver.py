"""The terminal's driver: writes only what the terminal does not show yet, and takes a paste at once."""

from __future__ import annotations

from collections.abc import Iterable

from textual._xterm_parser import XTermParser
from textual.driver import Driver
from textual.drivers import linux_driver
from textual.drivers.linux_driver import LinuxDriver
from textual.events import Paste, Resize
from textual.message import Message

from lakeshell.tui.painting import Painter

_BEGIN, _END = "\x1b[200~", "\x1b[201~"


class PasteParser(XTermParser):
    """As the base, which looks at a paste letter by letter: at one of megabytes for seconds. A mark
    that comes in two pieces is left to the base."""

    _held: list[str] | None = None
    _tail = ""

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
        linux_driver.XTermParser = PasteParser  # type: ignore[attr-defined]
        super().run_input_thread()
