"""Draws the README's pictures of the console: the real one, on a demo lake, without a terminal, and in
the browser of the tests where there is one."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests" / "web"))
from browser import executable, opened

from lakeshell.lake import Lake
from lakeshell.tui.app import Console

SIZE = (110, 32)
SQL = """SELECT title, rating, length, rental_rate FROM raw.film
WHERE length > 120 ORDER BY length DESC;

SELECT month, sum(revenue) AS revenue
FROM presentation.revenue_by_category_month
GROUP BY month ORDER BY month
"""
PICTURES: dict[str, list[str]] = {
    "console-home": [],
    "console-query": ["alt+6", "f5", "f4", "down", "down", "right"],
    "console-chart": ["alt+6", "f6", "f4", "right", "v"],
    "console-jobs": ["alt+5", "down", "down"],
    "console-flow": [
        "alt+5",
        "end",
        "enter",
        "down",
        "down",
        "left",
    ],
    "console-cost": ["alt+9"],
}


async def draw(lake: Lake, keys: list[str], file: Path) -> None:
    console = Console(lake)
    async with console.run_test(size=SIZE) as pilot:
        for key in ["", *keys]:
            if key:
                await pilot.press(key)
            for _ in range(5):
                await pilot.pause()
                while console.running or "checking" in console.export_screenshot():
                    await asyncio.sleep(0.05)
        file.write_text(console.export_screenshot(title="lakeshell"), encoding="utf-8")
    print(file)


async def draw_web(address: str, profile: Path, file: Path) -> None:
    """The page of `lakeshell web`, on its query screen."""
    async with opened(profile, 1100, 760) as page:
        await page.go(address)
        await page.shows("What to do next")
        await page.press("6", ord("6"), text="6")
        await page.shows("WHERE length > 120")
        await page.press("F5", 116)
        await page.shows("rows in", "would scan")
        taken = await page.call("Page.captureScreenshot", format="png")
        file.write_bytes(base64.b64decode(taken["data"]))
    print(file)


def main(folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="lakeshell-") as home:
        place = Path(home) / "lakes" / "movies"
        os.environ |= {"HOME": home, "LAKESHELL_USER": "ada"}
        program = str(Path(__file__).with_name("lakeshell"))
        subprocess.run([program, "demo", "--lake", str(place)], check=True, capture_output=True)
        tab = {"name": "films", "sql": SQL, "line": 1, "column": 1, "database": "raw"}
        tabs = place / ".lakeshell" / "console" / "tabs-1.json"
        for name, keys in PICTURES.items():
            tabs.parent.mkdir(parents=True, exist_ok=True)
            tabs.write_text(json.dumps({"tabs": [{**tab, "workgroup": "analysts"}], "current": 0}))
            with Lake(place, os.environ) as lake:
                asyncio.run(draw(lake, keys, folder / f"{name}.svg"))
        if executable() is None:
            print(
                "console-web.png stays as it is: scripts/browser brings a browser", file=sys.stderr
            )
            return
        words = [program, "web", "--port", "0", "--lake", str(place)]
        with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as server:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            try:
                asyncio.run(draw_web(address, Path(home) / "browser", folder / "console-web.png"))
            finally:
                server.terminate()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
