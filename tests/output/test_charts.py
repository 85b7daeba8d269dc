"""Amounts as bars, in a terminal and as a picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from decimal import Decimal

import pytest

from lakeshell.output.chart import Bar, Chart, chart_lines
from lakeshell.output.svg import chart_svg
from lakeshell.output.width import console_width

SVG = "{http://www.w3.org/2000/svg}"


def bars(*values: str) -> list[Bar]:
    return [Bar(f"{n:02}", Decimal(value), value) for n, value in enumerate(values, 1)]


def test_bars_are_as_long_as_their_amounts() -> None:
    lines = chart_lines(Chart("cost", bars("0", "2", "1", "0.0001"), notes=("so far 3",)), 30)
    assert lines == [
        "cost",
        "01" + " " * 27 + "0",
        "02 " + "█" * 20 + "      2",
        "03 " + "█" * 10 + " " * 16 + "1",
        "04 ▏" + " " * 20 + "0.0001",
        "so far 3",
    ]
    plain = chart_lines(Chart("cost", bars("2", "1")), 30, unicode=False)
    assert plain[1:] == ["01 " + "#" * 25 + " 2", "02 " + "#" * 12 + " " * 14 + "1"]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
def test_no_line_is_longer_than_the_terminal(width: int) -> None:
    names = ["ada", "x" * 300, "überlänge 表表表", "", "\x1b[31mred"]
    made = Chart("t", [Bar(name, Decimal(n), f"{n}.00") for n, name in enumerate(names)])
    lines = chart_lines(made, width)
    assert len(lines) == 6
    assert max(map(console_width, lines)) <= max(width, 26)
    assert "\x1b" not in "".join(lines)


def test_nothing_is_drawn_of_nothing() -> None:
    assert chart_lines(Chart("cost", ()), 40) == ["cost"]
    assert chart_lines(Chart("cost", bars("0")), 20)[1].split() == ["01", "0"]
    for running in (True, False):
        ET.fromstring(chart_svg(Chart("cost", (), running=running, ahead=Decimal(0), slots=30)))


def test_a_picture_has_each_bar_with_what_it_says() -> None:
    made = Chart("cost & <b>", [Bar('a"<i>', Decimal(2), "2.00"), Bar("b", Decimal(1), "1.00")])
    root = ET.fromstring(chart_svg(made))
    texts = ["".join(found.itertext()) for found in root.iter(f"{SVG}text")]
    assert texts == ["cost & <b>", 'a"<i>', "2.00", "b", "1.00"]
    drawn = [found for found in root.iter(f"{SVG}rect") if found.get("class") == "bar"]
    first, second = (float(found.get("width", "")) for found in drawn)
    assert first == 2 * second > 0


def test_time_has_its_sum_and_where_it_is_heading() -> None:
    made = Chart("cost", bars("1", "0", "3"), True, Decimal(8), 6, ("projected",))
    root = ET.fromstring(chart_svg(made))
    line, ahead = root.iter(f"{SVG}polyline")
    heights = [float(point.split(",")[1]) for point in line.get("points", "").split()]
    # The sum is 1, 1, 4 of the 8 that it is expected to come to, at the top.
    floor, top = 56 + 260, 56
    assert heights == [floor - 260 / 8, floor - 260 / 8, floor - 260 / 2]
    assert ahead.get("class") == "sum ahead"
    assert float(ahead.get("points", "").split(",")[-1]) == top
    over = Chart("cost", bars("1", "0", "3"), True, Decimal(4), 3)
    assert len(list(ET.fromstring(chart_svg(over)).iter(f"{SVG}polyline"))) == 1


def test_control_characters_make_no_broken_picture() -> None:
    ET.fromstring(chart_svg(Chart("a\x00\x1b[1m", [Bar("\x07", Decimal(1), "\x9b1")])))
