"""Statements with the answers that Trino 476 gave, and how an engine's answers compare to them.

A file of `answers/` holds statements that share a session (`together`) or stand each alone. An
answer is trino-cli's CSV, or an error with its name, place and message.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from lakeshell.errors import LakeshellError, NotSupported, QueryFailed
from lakeshell.output.result import write_result
from lakeshell.ports import Engine, Session

FOLDER = Path(__file__).with_name("answers")


class Verdict(StrEnum):
    SAME = "same"
    REFUSED = "refused"
    WRONG = "wrong"


@dataclass(frozen=True)
class Compared:
    sql: str
    verdict: Verdict
    expected: str
    found: str

    def __str__(self) -> str:
        return (
            f"{self.verdict}: {self.sql}\n  Trino:     {self.expected}\n  Lakeshell: {self.found}"
        )


def load(name: str) -> tuple[bool, Sequence[dict[str, Any]]]:
    read = json.loads((FOLDER / f"{name}.json").read_text(encoding="utf-8"))
    return read["together"], read["statements"]


def names() -> list[str]:
    return sorted(file.stem for file in FOLDER.glob("*.json"))


def compare(engine: Engine, session: Session, answer: dict[str, Any]) -> Compared:
    """Runs one statement and says whether it answered as Trino did."""
    expected = _expected(answer)
    try:
        running = engine.run(answer["sql"], session)
        try:
            said: list[str] = []
            write_result(running.columns, running.batches(), "CSV", said.append)
            found = "".join(said)
            update = running.update_type
            count = running.update_count
        finally:
            running.close()
    except NotSupported as error:
        if answer.get("error") == "NOT_SUPPORTED":
            return Compared(answer["sql"], Verdict.SAME, expected, error.message)
        return Compared(answer["sql"], Verdict.REFUSED, expected, error.message)
    except QueryFailed as error:
        place = [error.line, error.column] if error.line is not None else None
        found = f"{error.code} at {place}: {error.message}"
        same = answer.get("error") == error.code and answer["at"] == place
        return Compared(answer["sql"], Verdict.SAME if same else Verdict.WRONG, expected, found)
    except LakeshellError as error:
        return Compared(answer["sql"], Verdict.WRONG, expected, f"{type(error)}: {error.message}")
    except Exception as error:
        return Compared(answer["sql"], Verdict.WRONG, expected, f"BUG {type(error)}: {error}")
    if "error" in answer:
        return Compared(answer["sql"], Verdict.WRONG, expected, found)
    if update is not None:
        same = answer.get("update") == [update, count]
        found = f"{update} {count}"
    elif "update" in answer:
        same = False
    else:
        same = _rows(found, answer["sql"]) == _rows(answer["csv"], answer["sql"])
    return Compared(answer["sql"], Verdict.SAME if same else Verdict.WRONG, expected, found)


def _expected(answer: dict[str, Any]) -> str:
    if "error" in answer:
        return f"{answer['error']} at {answer['at']}: {answer['message']}"
    return str(answer.get("update") or answer["csv"])


def _rows(csv: str, sql: str) -> list[str]:
    """Lines in order where the statement orders them, sorted where it does not.

    Where a table's files are is free to differ.
    """
    lines = re.sub(r"location = '[^']*'", "location = ''", csv).splitlines()
    ordered = re.search(r"\border\s+by\b[^()]*$", sql, re.IGNORECASE)
    return lines if ordered else sorted(lines)
