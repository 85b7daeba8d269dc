"""Every error that Lakeshell raises on purpose, and the exit code it ends a command with.

    LakeshellError                 1   the query or run failed
    ├── UsageError                 2   a flag, a name or an argument is wrong
    │   └── ConfigurationError     2   a file of the lake is wrong: file, line, key, nearest right one
    ├── ConnectionFailed           3   a source, catalog, store or engine cannot be reached
    ├── NotFound                   2   a name that does not exist; the nearest right ones in the hint
    ├── AlreadyExists              2
    ├── NotEmpty                   2
    ├── ObjectGone                 1   a source's table vanished between listing and reading
    ├── ValueRefused               1   a value that its declared type cannot hold
    ├── TimedOut                   4
    ├── LimitExceeded              5   a workgroup's limit or budget refused or stopped it
    ├── QueryFailed                1   the engine ran it and it failed (division by zero, bad cast)
    │   ├── QueryRejected          1   Trino would reject it: line and column of the fault
    │   └── NotSupported           1   right on Trino, but this engine refuses rather than guesses
    ├── Cancelled                  1   cancelled by somebody else
    └── Interrupted              130   by the user

Each says in one line what happened (`message`) and in one what to do (`hint`). Faces print both;
anything that is not a `LakeshellError` is a bug and ends with 70.
"""

from __future__ import annotations

import enum
import os


class ExitCode(enum.IntEnum):
    OK = 0
    FAILED = 1
    USAGE = 2
    UNREACHABLE = 3
    TIMED_OUT = 4
    LIMIT = 5
    BUG = 70
    INTERRUPTED = 130


def command_line(*words: object) -> str:
    """The command that a hint, a sheet or a form names, as a shell takes it: names are anybody's."""
    import shlex

    return shlex.join(("lakeshell", *map(str, words)))


class LakeshellError(Exception):
    exit_code = ExitCode.FAILED

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(LakeshellError):
    exit_code = ExitCode.USAGE


class ConfigurationError(UsageError):
    pass


class ConnectionFailed(LakeshellError):
    exit_code = ExitCode.UNREACHABLE


class NotFound(UsageError):
    pass


class AlreadyExists(UsageError):
    pass


class NotEmpty(UsageError):
    pass


class ObjectGone(LakeshellError):
    pass


class ValueRefused(LakeshellError):
    pass


class TimedOut(LakeshellError):
    exit_code = ExitCode.TIMED_OUT


class LimitExceeded(LakeshellError):
    """`code` is the name by which the history knows what was exceeded."""

    exit_code = ExitCode.LIMIT

    def __init__(self, message: str, *, code: str = "EXCEEDED_SCAN_LIMIT", hint: str = "") -> None:
        super().__init__(message, hint=hint)
        self.code = code


class Cancelled(LakeshellError):
    pass


class Interrupted(LakeshellError):
    exit_code = ExitCode.INTERRUPTED


class QueryFailed(LakeshellError):
    """A statement that ran and failed.

    `code` is Trino's error name (`DIVISION_BY_ZERO`), `line` and `column` count from 1 and are
    None where Trino gives no position.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str = "GENERIC_USER_ERROR",
        line: int | None = None,
        column: int | None = None,
        hint: str = "",
    ) -> None:
        super().__init__(message, hint=hint)
        self.code = code
        self.line = line
        self.column = column


class QueryRejected(QueryFailed):
    """A statement that Trino rejects before running it, at the same place and for the same cause."""


class NotSupported(QueryFailed):
    """A statement that Trino runs and this engine cannot run faithfully. Names the construct."""

    def __init__(
        self, construct: str, *, line: int | None = None, column: int | None = None
    ) -> None:
        super().__init__(
            f"the embedded engine does not run {construct}",
            code="NOT_SUPPORTED",
            line=line,
            column=column,
            hint="the stack runs it: `lakeshell init DIR --stack`, then the same command there",
        )
        self.construct = construct


def in_system_words(error: OSError) -> str:
    """Why the system refused something: a library's own words around it are left out."""
    return os.strerror(error.errno) if error.errno else str(error.strerror or error)
