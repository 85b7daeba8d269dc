"""PEP 249's exceptions, and which of them each of Lakeshell's errors is.

Warning
Error
├── InterfaceError            a closed connection or cursor, or one used wrongly
└── DatabaseError
    ├── DataError             a value that its type cannot hold; division by zero
    ├── OperationalError      unreachable, timed out, cancelled, over a limit or a budget
    ├── IntegrityError        a constraint
    ├── InternalError         a fault of the engine
    ├── ProgrammingError      SQL that is wrong, a name that is not
    └── NotSupportedError     right on Trino, but this engine refuses rather than guesses
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from lakeshell.errors import (
    Interrupted,
    LakeshellError,
    NotSupported,
    QueryFailed,
    QueryRejected,
    UsageError,
    ValueRefused,
)


class Warning(Exception):
    pass


class Error(Exception):
    """`message` and `hint` are one line each; `code` is Trino's error name, empty where it has
    none; `line` and `column` count from 1, None where there is no place."""

    def __init__(
        self,
        message: str = "",
        *,
        hint: str = "",
        code: str = "",
        line: int | None = None,
        column: int | None = None,
    ) -> None:
        place = "" if line is None else f"line {line}:{column}: "
        super().__init__(place + message + (f" ({hint})" if hint else ""))
        self.message = message
        self.hint = hint
        self.code = code
        self.line = line
        self.column = column


class InterfaceError(Error):
    pass


class DatabaseError(Error):
    pass


class DataError(DatabaseError):
    pass


class OperationalError(DatabaseError):
    pass


class IntegrityError(DatabaseError):
    pass


class InternalError(DatabaseError):
    pass


class ProgrammingError(DatabaseError):
    pass


class NotSupportedError(DatabaseError):
    pass


_BY_CODE: dict[str, type[DatabaseError]] = {
    "DIVISION_BY_ZERO": DataError,
    "INVALID_CAST_ARGUMENT": DataError,
    "INVALID_FUNCTION_ARGUMENT": DataError,
    "NUMERIC_VALUE_OUT_OF_RANGE": DataError,
    "CONSTRAINT_VIOLATION": IntegrityError,
    "GENERIC_INTERNAL_ERROR": InternalError,
    "NOT_SUPPORTED": NotSupportedError,
}
_BY_KIND: tuple[tuple[type[LakeshellError], type[DatabaseError]], ...] = (
    (NotSupported, NotSupportedError),
    (QueryRejected, ProgrammingError),
    (UsageError, ProgrammingError),
    (ValueRefused, DataError),
)


@contextmanager
def translated() -> Iterator[None]:
    """Errors of Lakeshell as those of PEP 249; Ctrl-C stays what it is in Python."""
    try:
        yield
    except Interrupted as error:
        raise KeyboardInterrupt from error
    except LakeshellError as error:
        raise _translated(error) from error


def _translated(error: LakeshellError) -> DatabaseError:
    kind = next((made for known, made in _BY_KIND if isinstance(error, known)), None)
    if isinstance(error, QueryFailed):
        made = _BY_CODE.get(error.code) or kind or OperationalError
        return made(
            error.message,
            hint=error.hint,
            code=error.code,
            line=error.line,
            column=error.column,
        )
    return (kind or OperationalError)(error.message, hint=error.hint)
