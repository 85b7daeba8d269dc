"""A headless browser, driven over the DevTools protocol: pages opened, keys typed, the screen read."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import re
import shutil
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import aiohttp

NAMES = ("chromium", "chromium-browser", "google-chrome")
WAIT = 40.0
"""Seconds for what the page is to show: of a machine that does much else."""


def executable() -> str | None:
    return next((found for name in NAMES if (found := shutil.which(name))), None)


class Page:
    """One page. Requests that it made are in `requested`, what failed in it in `errors`."""

    def __init__(self, channel: aiohttp.ClientWebSocketResponse) -> None:
        self._channel = channel
        self._numbers = itertools.count(1)
        self._answers: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self.requested: list[str] = []
        self.errors: list[str] = []
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        async for message in self._channel:
            said = json.loads(message.data)
            if (waiting := self._answers.pop(said.get("id"), None)) is not None:
                waiting.set_result(said)
                continue
            given = said.get("params", {})
            match said.get("method"):
                case "Network.requestWillBeSent":
                    self.requested.append(given["request"]["url"])
                case "Network.webSocketCreated":
                    self.requested.append(given["url"])
                case "Runtime.exceptionThrown":
                    self.errors.append(given["exceptionDetails"]["text"])
                case "Log.entryAdded" if given["entry"]["level"] == "error":
                    self.errors.append(f"{given['entry']['text']} {given['entry'].get('url', '')}")

    async def call(self, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        self._answers[number] = asyncio.get_running_loop().create_future()
        await self._channel.send_json({"id": number, "method": method, "params": params})
        said = await asyncio.wait_for(self._answers[number], WAIT)
        assert "error" not in said, said
        result: dict[str, Any] = said["result"]
        return result

    async def run(self, script: str) -> Any:
        """What a script gives."""
        said = await self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in said, said
        return said["result"].get("value")

    async def go(self, url: str) -> None:
        await self.call("Page.navigate", url=url)

    async def type(self, text: str) -> None:
        await self.call("Input.insertText", text=text)

    async def press(self, key: str, code: int, modifiers: int = 0, text: str = "") -> None:
        """A key by its name and number; 2 is Ctrl."""
        about = {"key": key, "windowsVirtualKeyCode": code, "modifiers": modifiers}
        down = {"type": "keyDown", "text": text} if text else {"type": "rawKeyDown"}
        await self.call("Input.dispatchKeyEvent", **about, **down)
        await self.call("Input.dispatchKeyEvent", type="keyUp", **about)

    async def screen(self) -> str:
        """The cells of the terminal, which is drawn on a canvas, as lines of text."""
        text = await self.run(_CELLS)
        return str(text or "")

    async def shows(self, *wanted: str) -> str:
        """Waits until the terminal shows all these patterns; gives its text."""
        text = ""
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT):
                while True:
                    text = await self.screen()
                    if all(re.search(pattern, text) for pattern in wanted):
                        return text
                    await asyncio.sleep(0.1)
        raise AssertionError(f"the page never showed {wanted}; it shows\n{text}\n{self.errors}")

    async def until(self, script: str) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(WAIT):
                while not await self.run(script):
                    await asyncio.sleep(0.1)
                return
        raise AssertionError(f"never true: {script}; {self.errors}")


# The page's script keeps its terminal to itself: the first thing that it sets on itself gives it away.
_TRAP = """
Object.defineProperty(Object.prototype, "bufferedBytes", {
  configurable: true,
  set(value) {
    window.__page = this;
    Object.defineProperty(this, "bufferedBytes", { value, writable: true });
  },
});
"""
_CELLS = """
(() => {
  const terminal = window.__page?.terminal;
  if (!terminal) return "";
  const buffer = terminal.buffer.active;
  return Array.from({ length: terminal.rows }, (_, row) =>
    buffer.getLine(buffer.viewportY + row)?.translateToString(true) ?? "").join("\\n");
})()
"""


@asynccontextmanager
async def opened(folder: Path, width: int = 1000, height: int = 700) -> AsyncIterator[Page]:
    """A page of a new browser whose profile is in `folder`."""
    name = executable()
    assert name is not None
    words = [
        name, "--headless=new", "--no-first-run", "--disable-gpu", "--remote-debugging-port=0",
        "--disable-background-networking", "--disable-dev-shm-usage", "--mute-audio",
        f"--window-size={width},{height}", f"--user-data-dir={folder}",
    ]  # fmt: skip
    if os.geteuid() == 0:
        # Root has no sandbox to be put in.
        words.append("--no-sandbox")
    process = await asyncio.create_subprocess_exec(
        *words,
        "about:blank",
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(WAIT), aiohttp.ClientSession() as session:
            port = await _port(process)
            pages = []
            while not pages:
                async with session.get(f"http://127.0.0.1:{port}/json") as answer:
                    pages = [known for known in await answer.json() if known["type"] == "page"]
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(pages[0]["webSocketDebuggerUrl"], max_msg_size=0) as channel,
        ):
            page = Page(channel)
            for domain in ("Page", "Network", "Runtime", "Log"):
                await page.call(f"{domain}.enable")
            await page.call("Page.addScriptToEvaluateOnNewDocument", source=_TRAP)
            yield page
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        await process.wait()


async def _port(process: asyncio.subprocess.Process) -> int:
    assert process.stderr is not None
    async for line in process.stderr:
        if found := re.search(rb"DevTools listening on ws://[^:]+:(\d+)/", line):
            return int(found[1])
    raise AssertionError("the browser ended")
