"""`lakeshell web` as its user has it: the command, its server asked by hand, and a real browser."""

from __future__ import annotations

import asyncio
import os
import re
import signal
import socket
import subprocess
import urllib.error
import urllib.request
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiohttp import ClientSession, ClientWebSocketResponse, WSMsgType
from browser import WAIT, Page, executable, opened
from shell import Shell, lake, shell, started

__all__ = ["lake", "shell"]

CTRL = 2


@pytest.fixture
def server(lake: Path) -> Iterator[subprocess.Popen[str]]:
    process = started(lake, "web", "--port", "0")
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(WAIT)


@pytest.fixture
def address(server: subprocess.Popen[str]) -> str:
    assert server.stdout is not None
    return server.stdout.readline().strip()


def asked(url: str, **headers: str) -> tuple[int, str, dict[str, str]]:
    """Status, text, headers."""
    request = urllib.request.Request(url, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=WAIT) as answer:
            return answer.status, answer.read().decode(), dict(answer.headers)
    except urllib.error.HTTPError as refused:
        return refused.code, refused.read().decode(), dict(refused.headers)


def test_without_the_token_nothing_is_given(address: str) -> None:
    parts = urlsplit(address)
    base = f"{parts.scheme}://{parts.netloc}"
    for path in ("/", "/?token=x", "/page/page.js", "/static/js/textual.js", "/static/", "/none"):
        code, text, _ = asked(base + path)
        assert (code, "lakeshell web" in text) == (401, True), path
    assert asked(address, Host="example.org")[0] == 403
    upgrade = {"Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Version": "13"}
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    assert asked(f"{base}/ws", Origin=base, **upgrade, **key)[0] == 401
    foreign = asked(f"{base}/ws?{parts.query}", Origin="http://example.org", **upgrade, **key)
    assert foreign[0] == 403


def test_what_is_no_request_is_answered_without_a_word(
    server: subprocess.Popen[str], address: str
) -> None:
    parts = urlsplit(address)
    for text in (b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"\x16\x03\x01\x00\r\n\r\n"):
        with socket.create_connection(("127.0.0.1", parts.port or 0), WAIT) as sent:
            sent.sendall(text)
            assert sent.recv(100).startswith(b"HTTP/1."), text
    server.send_signal(signal.SIGTERM)
    assert server.stderr is not None
    assert "Traceback" not in server.stderr.read()


def test_with_it_a_page_that_loads_nothing_from_elsewhere(address: str) -> None:
    code, text, headers = asked(address)
    assert code == 200
    assert "://" not in text.replace("ws://127.0.0.1", "")
    assert "default-src 'none'" in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert "HttpOnly" in headers["Set-Cookie"]
    assert "SameSite=Strict" in headers["Set-Cookie"]
    token = urlsplit(address).query.removeprefix("token=")
    assert token not in headers["Set-Cookie"]


def test_it_listens_on_loopback_alone_and_keeps_the_token_to_itself(
    server: subprocess.Popen[str], address: str
) -> None:
    parts = urlsplit(address)
    assert parts.hostname == "127.0.0.1"
    assert parts.port is not None
    listening = Path(f"/proc/{server.pid}/net/tcp").read_text().splitlines()[1:]
    port = f"{parts.port:04X}"
    at = [line.split()[1] for line in listening if line.split()[1].endswith(f":{port}")]
    assert [line for line in at if not line.startswith("0100007F")] == []
    token = parts.query.removeprefix("token=")
    for file in ("cmdline", "environ"):
        assert token not in Path(f"/proc/{server.pid}/{file}").read_text(errors="replace")


def test_a_taken_port_is_said(shell: Shell) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = shell("web", "--port", str(port))
    assert ended.code == 2
    assert f"port {port} of 127.0.0.1 cannot be had: Address already in use" in ended.err
    assert "lakeshell web --port 0" in ended.err


def test_without_the_extra_it_says_how_to_get_it(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lakeshell.cli.web.find_spec", lambda name: None)
    ended = shell("web")
    assert ended.code == 2
    assert "pip install 'lakeshell[web]'" in ended.err


@asynccontextmanager
async def console(address: str) -> AsyncIterator[ClientWebSocketResponse]:
    """The socket of a page that is not there."""
    parts = urlsplit(address)
    token = parts.query.removeprefix("token=")
    async with (
        ClientSession() as session,
        session.ws_connect(
            f"ws://{parts.netloc}/ws?width=80&height=24",
            headers={"Origin": f"http://{parts.netloc}"},
            protocols=("lakeshell", f"token.{token}"),
            max_msg_size=0,
        ) as channel,
    ):
        yield channel


async def drawn(channel: ClientWebSocketResponse, wanted: str) -> None:
    seen = ""
    async with asyncio.timeout(WAIT):
        while wanted not in seen:
            message = await channel.receive()
            assert message.type in (WSMsgType.BINARY, WSMsgType.TEXT), (message, seen)
            if message.type is WSMsgType.BINARY:
                seen += re.sub(r"\x1b\[[0-9;]*m", "", message.data.decode())


async def last_words(channel: ClientWebSocketResponse) -> str:
    """What a page is told when its console has ended, and its channel with it."""
    said = ""
    async with asyncio.timeout(WAIT):
        while True:
            message = await channel.receive()
            if message.type is WSMsgType.TEXT and message.json()[0] == "ended":
                said = message.json()[1]
            if message.type not in (WSMsgType.BINARY, WSMsgType.TEXT):
                assert channel.close_code == 1000
                return str(said)


def test_a_page_learns_that_its_console_has_died(
    server: subprocess.Popen[str], address: str
) -> None:
    async def story() -> None:
        async with console(address) as channel:
            await drawn(channel, "What to do next")
            [child] = children(server.pid)
            os.kill(child, signal.SIGKILL)
            await last_words(channel)

    asyncio.run(story())


def test_a_console_that_cannot_be_opened_says_why_in_its_page(address: str, lake: Path) -> None:
    async def story() -> None:
        (lake / "lakeshell.toml").write_text("[[[")
        async with console(address) as channel:
            said = await last_words(channel)
        assert "lakeshell.toml" in said
        assert "Traceback" not in said

    asyncio.run(story())


def test_nonsense_from_a_page_ends_nothing(address: str) -> None:
    nonsense: tuple[object, ...] = (
        {},
        [],
        7,
        ["stdin", 5],
        ["stdin"],
        ["resize", {"width": "x"}],
        ["resize", {"width": 10**9, "height": -1}],
        ["stdin", "\ud83d"],
        ["no such word", None],
    )

    async def story() -> None:
        async with console(address) as channel:
            await drawn(channel, "What to do next")
            await channel.send_str("{")
            for message in nonsense:
                await channel.send_json(message)
            await channel.send_json(["resize", {"width": 90, "height": 30}])
            await channel.send_json(["stdin", "6"])
            await drawn(channel, "F10 sets")

    asyncio.run(story())


needs_browser = pytest.mark.skipif(
    executable() is None and os.environ.get("CI") != "true",
    reason="no chromium: scripts/browser installs it",
)


@needs_browser
def test_the_console_in_a_browser(lake: Path, address: str, tmp_path: Path) -> None:
    async def story() -> None:
        async with opened(tmp_path / "profile") as page:
            await page.go(address)
            await page.shows("6 Query", "What to do next")
            parts = urlsplit(address)
            assert await page.run("location.href") == f"http://{parts.netloc}/"
            assert await page.run("document.cookie") == ""
            await page.until(f"document.title === 'lakeshell: {lake.name}: Home'")
            await queried(page)
            await copied(page)
            # Another size of the window is another size of the console.
            metrics = {"width": 500, "height": 380, "deviceScaleFactor": 1, "mobile": False}
            await page.call("Emulation.setDeviceMetricsOverride", **metrics)
            await page.until("window.__page.terminal.cols < 70")
            await page.shows("answer", "42")
            # Loaded again, it has its tabs again; left, it says so.
            await page.go(f"http://{parts.netloc}/")
            await page.shows("1 ?Home")
            await page.press("6", 54, text="6")
            await page.shows("41 \\+ 1")
            await page.press("q", 81, CTRL)
            await page.until(
                "getComputedStyle(document.getElementById('ended')).display !== 'none'"
            )
            hosts = {urlsplit(url).netloc for url in page.requested if not url.startswith("data:")}
            assert hosts == {parts.netloc}
            assert page.errors == []

    asyncio.run(story())


async def queried(page: Page) -> None:
    await page.press("6", 54, text="6")
    await page.shows("F5")
    await page.type("SELECT 41 + 1 AS answer, 'ä€' AS sign")
    await page.shows("AS sign")
    await page.press("F5", 116)
    await page.shows("1 row", "42", "ä€")


async def copied(page: Page) -> None:
    granted = ["clipboardReadWrite", "clipboardSanitizedWrite"]
    await page.call("Browser.grantPermissions", permissions=granted)
    await page.press("a", 65, CTRL)
    await page.press("c", 67, CTRL)
    await page.until("navigator.clipboard.readText().then((text) => text.includes('41 + 1'))")


@needs_browser
def test_consoles_end_with_their_server(
    server: subprocess.Popen[str], address: str, tmp_path: Path
) -> None:
    """Killed, it can end none: each sees for itself that nobody is there any more."""

    async def story() -> None:
        async with opened(tmp_path / "profile") as page:
            await page.go(address)
            await page.shows("6 Query")
            found = children(server.pid)
            assert len(found) == 1
            server.kill()
            server.wait(WAIT)
            async with asyncio.timeout(WAIT):
                while any(is_running(child) for child in found):
                    await asyncio.sleep(0.1)

    asyncio.run(story())


def children(of: int) -> list[int]:
    listed = Path(f"/proc/{of}/task/{of}/children").read_text()
    return [int(number) for number in listed.split()]


def is_running(process: int) -> bool:
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except OSError:
        return False
    return state != "Z"
