"""What could be meant by the word on which a statement failed: the nearest name that there is.

In: an error as Trino words it, the statement, the names that there are. Out: the error's hint. The
same for every engine; nothing is read for an error that is not about a name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from difflib import get_close_matches

from lakeshell.errors import LakeshellError, QueryFailed
from lakeshell.query.completion import Vocabulary, names_at
from lakeshell.query.statement import statement_kind
from lakeshell.sql.lexer import Tokens, tokenize
from lakeshell.sql.names import KEYWORDS, quote_identifier, unquoted

Words = Callable[[], Vocabulary]

_NO_SCHEMA = re.compile(r"Schema (.+) not found")
_NAMED = re.compile(r"'([^']*)'")
_EXPECTING = re.compile(r"mismatched input '.*'\. Expecting: (.*)", re.DOTALL)
_STATEMENTS = ("SELECT", "WITH", "VALUES", "INSERT", "CREATE", "DELETE", "UPDATE")
_CLAUSES = ("FROM", "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "JOIN", "UNION", "VALUES")
"""Keywords that Trino's list of what it expects often leaves out, or hides in `<query>`."""
_NEAR = 0.6
_NEAR_KEYWORD = 0.7


def help_with(error: QueryFailed, sql: str, words: Words) -> None:
    """Gives an error a hint, where it has none and there is one. `line` and `column` of the error are
    those of the statement."""
    if error.hint:
        return
    # A catalog that cannot be read has its own way to say so.
    with suppress(LakeshellError):
        error.hint = _hint(error, sql, words)


def _hint(error: QueryFailed, sql: str, words: Words) -> str:
    if error.line is None or error.column is None:
        return _schema_to_make(error, sql, words)
    finder = _FINDERS.get(error.code)
    return "" if finder is None else finder(error, _Fault(sql, error.line, error.column), words)


class _Fault:
    """The place of an error in its statement."""

    def __init__(self, sql: str, line: int, column: int) -> None:
        self.sql = sql
        self.tokens: Tokens = tokenize(sql)
        offset = _offset(sql, line, column)
        self.at = next(
            (n for n, start in enumerate(self.tokens.offsets) if start >= offset),
            len(self.tokens.offsets) - 1,
        )

    def last_of_name(self, words: int) -> int:
        """The token of the last word of a name that begins here and has so many at most."""
        at = self.at
        for _ in range(words - 1):
            if self.tokens.kinds[at + 1 : at + 2] != ["."] or at + 2 >= len(self.tokens.kinds):
                break
            at += 2
        return at

    def names(self) -> Sequence[str]:
        kinds = self.tokens.kinds
        return [self.word(n) for n, kind in enumerate(kinds) if kind in ("ident", "quoted")]

    def word(self, at: int) -> str:
        return unquoted(self.tokens.texts[at])


def _offset(sql: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = sql.find("\n", start) + 1
    return start + column - 1


def _said(error: QueryFailed) -> str:
    """The name that the message is about, with what stands before it."""
    named = _NAMED.search(error.message)
    return named[1] if named else ""


# --- by what is wrong ----------------------------------------------------------------------


def _column(error: QueryFailed, fault: _Fault, words: Words) -> str:
    at = fault.last_of_name(_said(error).count(".") + 1)
    near = _near(fault.word(at), names_at(fault.sql, fault.tokens.offsets[at], words()))
    # Columns of subqueries and of aliases have their names from the statement itself.
    return near or _near(fault.word(at), fault.names())


def _table(error: QueryFailed, fault: _Fault, words: Words) -> str:
    *_, database, word = ("", *map(unquoted, _said(error).split(".")))
    known, at = words(), fault.last_of_name(3)
    if fault.word(at).lower() == word:
        there = names_at(fault.sql, fault.tokens.offsets[at], known)
    else:
        # A statement that is no query is at fault from its beginning: the message has the name.
        there = known.tables.get(database, ())
    return _near(word, there) or _elsewhere(word, known)


def _elsewhere(word: str, known: Vocabulary) -> str:
    held = [f"{database}.{table}" for table, database in known.all_tables if table == word.lower()]
    return _did_you_mean(held[:3])


def _database(error: QueryFailed, fault: _Fault, words: Words) -> str:
    return _near(_said(error).rpartition(".")[2], words().tables)


def _schema_to_make(error: QueryFailed, sql: str, words: Words) -> str:
    """Of what is made in a schema that there is not, which Trino says without a place."""
    found = _NO_SCHEMA.fullmatch(error.message)
    if found is None or not statement_kind(sql).startswith("CREATE"):
        return ""
    made = f"make it: CREATE SCHEMA {quote_identifier(found[1])}"
    near = _near(found[1], words().tables)
    return f"{near} or {made}" if near else made


def _no_database(error: QueryFailed, fault: _Fault, words: Words) -> str:
    return _elsewhere(fault.word(fault.at), words()) or "name its database, or set one (-d)"


def _function(error: QueryFailed, fault: _Fault, words: Words) -> str:
    return _near(_said(error), words().functions)


def _values(error: QueryFailed, fault: _Fault, words: Words) -> str:
    return "give each `?` a value: --param 1=VALUE" if "expected" in error.message else ""


def _syntax(error: QueryFailed, fault: _Fault, words: Words) -> str:
    """The keyword that the word was to be; or the one before it, which Trino took for a name."""
    tokens, at = fault.tokens, fault.at
    if tokens.texts[at] == ":" and at + 1 < len(tokens.texts):
        name = tokens.texts[at + 1]
        if name.isidentifier():
            return f"`:{name}` is a parameter: give it a value with --param {name}=VALUE"
    found = _EXPECTING.match(error.message)
    if found is None:
        return ""
    expected = [word for word in _NAMED.findall(found[1]) if word.isalpha()]
    if "<query>" in found[1] or "SELECT" in expected:
        expected += _STATEMENTS
    near = _keyword(tokens.texts[at], expected)
    if near:
        return near
    if at > 0 and tokens.kinds[at - 1] == "ident":
        return _keyword(tokens.texts[at - 1], (*expected, *_CLAUSES))
    return ""


def _keyword(word: str, known: Sequence[str]) -> str:
    if not word.isalpha() or word.upper() in KEYWORDS:
        return ""
    return _did_you_mean(get_close_matches(word.upper(), known, 1, _NEAR_KEYWORD))


def _near(word: str, known: Iterable[str]) -> str:
    spelled = {name.lower(): name for name in known}
    spelled.pop(word.lower(), None)
    return _did_you_mean([spelled[n] for n in get_close_matches(word.lower(), spelled, 1, _NEAR)])


def _did_you_mean(names: Sequence[str]) -> str:
    return f"did you mean {' or '.join(repr(name) for name in names)}?" if names else ""


_FINDERS: dict[str, Callable[[QueryFailed, _Fault, Words], str]] = {
    "COLUMN_NOT_FOUND": _column,
    "TABLE_NOT_FOUND": _table,
    "SCHEMA_NOT_FOUND": _database,
    "MISSING_SCHEMA_NAME": _no_database,
    "FUNCTION_NOT_FOUND": _function,
    "INVALID_PARAMETER_USAGE": _values,
    "SYNTAX_ERROR": _syntax,
}
