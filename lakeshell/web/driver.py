"""The driver of a console that a browser shows."""

from __future__ import annotations

from textual.drivers import web_driver
from textual.drivers.web_driver import WebDriver

from lakeshell.tui.driver import Sparing, TypedParser


class BrowserDriver(Sparing, WebDriver):
    def run_input_thread(self) -> None:
        web_driver.XTermParser = TypedParser  # type: ignore[attr-defined]
        super().run_input_thread()
        if not self.exit_event.is_set():
            # The server is gone, and with it the browser.
            hang_up = getattr(self._app, "hang_up", self._app.exit)
            self._app.call_from_thread(hang_up)
