"""The terminal's driver, which writes only what the terminal does not show yet."""

from __future__ import annotations

from textual.drivers.linux_driver import LinuxDriver
from textual.events import Resize
from textual.message import Message

from lakeshell.tui.painting import Painter


class SparingDriver(LinuxDriver):
    painter: Painter | None = None

    def write(self, data: str) -> None:
        if self.painter is None:
            self.painter = Painter()
        super().write(self.painter.thin(data))

    def process_message(self, message: Message) -> None:
        if isinstance(message, Resize):
            self.forget()
        super().process_message(message)

    def forget(self) -> None:
        """What the terminal shows is not known."""
        if self.painter is not None:
            self.painter.forget()
