"""What a driver prints of its own faults, and what it does not keep from being printed."""

from __future__ import annotations

import os

import pytest

from lakeshell.source.panics import unprinted

PANIC = """
thread '<unnamed>' (20014) panicked at /src/arrow_batch_iter.rs:162:39:
cx writer failed: Source(MySQLError(CodecError { IO error: `bytes remaining on stream' }))
note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
"""


def test_panics_are_not_printed_and_all_else_is(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ValueError, match="as before"), unprinted():
        os.write(2, f"before\n{PANIC}after\n{PANIC}".encode())
        raise ValueError("as before")
    os.write(2, b"and then\n")
    assert capfd.readouterr().err == "before\nafter\nand then\n"


def test_a_closed_stderr_is_let_be() -> None:
    kept = os.dup(2)
    os.close(2)
    try:
        with unprinted():
            done = True
    finally:
        os.dup2(kept, 2)
        os.close(kept)
    assert done
