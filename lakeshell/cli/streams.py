"""The standard streams where a shell closed one (`>&-`), and where there is no room behind one."""

from __future__ import annotations

import errno
import io
import os
import sys

_NOWHERE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}


def stand_in() -> None:
    """Opens each closed stream anew, so that no file of the lake gets its number: stdin is empty,
    stderr goes nowhere, and what is written to stdout fails, as it must."""
    for name, flags, mode in (
        ("stdin", os.O_RDONLY, "r"),
        ("stdout", os.O_RDONLY, "w"),
        ("stderr", os.O_WRONLY, "w"),
    ):
        if getattr(sys, name) is None:
            opened = os.open(os.devnull, flags)
            setattr(sys, name, os.fdopen(opened, mode, encoding="utf-8", closefd=False))
    _speak_utf_8()


def _speak_utf_8() -> None:
    """Whatever the locale says: what is written is read by other programs and later. A file's name
    that is no text is written as the bytes that it is."""
    for stream, errors in ((sys.stdout, "surrogateescape"), (sys.stderr, "backslashreplace")):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors=errors)


def is_of_the_output(error: OSError) -> bool:
    """Whether that is a stream that takes no more: a file that fails is named by its error."""
    return error.filename is None and error.errno in _NOWHERE


def discard_output() -> None:
    """What is still kept for stdout goes nowhere: the interpreter would try it again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
