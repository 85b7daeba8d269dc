"""What reaches the terminal is less than what was written, and shows the same."""

from __future__ import annotations

import re
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from textual.events import Paste

from lakeshell.tui.driver import TypedParser
from lakeshell.tui.painting import PLAIN, Painter, Style, _on_blank, _styled

WIDTH, HEIGHT = 12, 4
_SEQUENCE = re.compile(
    r"\x1b\[(\d+);(\d+)H|\x1b\[(\d+)C|\x1b\[([\d;]*)m|\x1b\[[?]\d+[hl]|(.)", re.S
)


@pytest.mark.parametrize(
    ("colours", "drawn"),
    [
        ("90;100", "97;100"),
        ("30;40", "97;40"),
        ("34;40", "94;40"),
        ("97;47", "30;47"),
        ("37;100", "37;100"),
        ("1;93;47", "1;30;47"),
        ("1;91;107", "1;91;107"),
        ("1;93;103", "1;33;103"),
        ("34", "34"),
        ("38;5;8;100", "38;5;8;100"),
    ],
)
def test_a_text_in_the_colour_of_its_ground_can_be_read(colours: str, drawn: str) -> None:
    assert Painter().thin(f"\x1b[1;1H\x1b[{colours}mx") == f"\x1b[1;1H\x1b[{drawn}mx\x1b[0m"


class Screen:
    """A terminal that knows what the console says to it."""

    def __init__(self) -> None:
        self.cells: dict[tuple[int, int], tuple[str, Style]] = {}
        self.at = (1, 1)
        self.style = PLAIN

    def take(self, data: str) -> None:
        for row, column, ahead, style, character in _SEQUENCE.findall(data):
            if row:
                self.at = (int(row), int(column))
            elif ahead:
                self.at = (self.at[0], self.at[1] + int(ahead))
            elif character == "\n":
                self.at = (self.at[0] + 1, self.at[1])
            elif character:
                seen = _on_blank(self.style) if character == " " else self.style
                self.cells[self.at] = (character, seen)
                self.at = (self.at[0], self.at[1] + 1)
            else:
                self.style = _styled(self.style, style)


COLOURS = st.sampled_from(
    ["", "1", "4;38;2;1;2;3", "38;2;1;2;3;48;2;9;9;9", "38;5;3", "48;2;9;9;9", "1;7;31;42", "0"]
)
RUN = st.tuples(
    st.integers(1, HEIGHT),
    st.integers(1, WIDTH),
    st.text(" ab─", min_size=1, max_size=WIDTH),
    COLOURS,
)
WRITES = st.lists(st.lists(RUN, max_size=8), max_size=12)


def written(runs: list[tuple[int, int, str, str]]) -> str:
    made = "\x1b[?2026h"
    for row, column, text, colours in runs:
        made += f"\x1b[{row};{column}H\x1b[{colours}m{text[: WIDTH - column + 1]}\x1b[0m\n"
    return made + "\x1b[1;1H\x1b[?2026l"


@settings(max_examples=300, deadline=None)
@given(WRITES)
def test_the_screen_is_the_same(writes: list[list[tuple[int, int, str, str]]]) -> None:
    plain, spared, painter = Screen(), Screen(), Painter()
    for runs in writes:
        data = written(runs)
        plain.take(data)
        spared.take(painter.thin(data))
        assert spared.cells == plain.cells
        assert spared.at == plain.at
        assert spared.style == PLAIN


def test_what_is_shown_already_is_not_written() -> None:
    painter = Painter()
    data = "\x1b[2;3H\x1b[38;2;1;1;1;48;2;2;2;2mabc\x1b[0m\x1b[38;2;1;1;1;48;2;2;2;2md  \x1b[0m"
    assert painter.thin(data).count("m") == 2
    assert painter.thin(data) == "\x1b[2;9H"
    assert painter.thin(data.replace("abc", "axc")) == (
        "\x1b[2;4H\x1b[38;2;1;1;1;48;2;2;2;2mx\x1b[0m\x1b[2;9H"
    )
    painter.forget()
    assert "abc" in painter.thin(data)


def test_what_is_not_understood_goes_through_as_it_is() -> None:
    painter = Painter()
    data = "\x1b[1;1Habc"
    painter.thin(data)
    odd = "\x1bPq#0\x1b\\"
    assert painter.thin(odd) == odd
    assert "abc" in painter.thin(data)
    title = "\x1b]2;lakeshell\x07"
    assert painter.thin(title) == title
    assert "abc" not in painter.thin(data)
    painter.thin("\x1b[?1049h")
    assert "abc" in painter.thin(data)


def test_a_line_of_wide_letters_is_always_written() -> None:
    painter = Painter()
    data = "\x1b[1;1H日本x\x1b[1;6Hy"
    first = painter.thin(data)
    assert "日本x\x1b[1;6Hy" in first
    assert "日本x" in painter.thin(data)


# --- what comes from the terminal ----------------------------------------------------------


def fed(data: str, size: int) -> list[str]:
    """What a parser gives for data in pieces of a size: pastes whole, keys by their names."""
    parser, found = TypedParser(), []
    for at in range(0, len(data), size):
        for event in parser.feed(data[at : at + size]):
            found.append(event.text if isinstance(event, Paste) else getattr(event, "key", "?"))
    return found


@pytest.mark.parametrize("size", [1, 3, 7, 64, 4_096])
def test_a_paste_is_one_event_however_it_comes(size: int) -> None:
    text = "SELECT 'é';\n" * 40
    if size > 10:
        # In pieces so small that its beginning comes in two, the base takes the keys out of it.
        text += "\x1b[3~x"
    data = f"a\x1b[A\x1b[200~{text}\x00\x1b[201~b\x1b[200~2\x1b[201~"
    assert fed(data, size) == ["a", "up", text, "b", "2"]


def test_a_large_paste_takes_no_time() -> None:
    began = time.process_time()
    assert [len(text) for text in fed(f"\x1b[200~{'x' * 10 * 2**20}\x1b[201~", 4_096)] == [
        10 * 2**20
    ]
    assert time.process_time() - began < 2
