"""What could be meant by the word that is being typed: names of the catalog, of the statement's own
scope, functions and keywords.

In: the text, the place in it, a `Vocabulary`. Out: suggestions, the likeliest first. Pure and quick:
the catalog is read beforehand, off the path of typing.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from lakeshell.model import Column, TableName
from lakeshell.query.scope import ENDS_FROM, NAMES, Field, Scope, Tables
from lakeshell.sql.lexer import Tokens, tokenize
from lakeshell.sql.names import RESERVED, quote_identifier, unquoted

MOST = 40
"""Suggestions given at most."""
_TABLE_AFTER = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "DESCRIBE", "DESC", "VIEW"})


@dataclass(frozen=True, slots=True)
class Suggestion:
    """`text` is what is written, quoted where it must be; `kind` is a word for people."""

    text: str
    kind: str


Describe = Callable[[TableName], Sequence[Column]]


@dataclass(frozen=True)
class Vocabulary:
    """What names there are: of the tables of each database, in order; `database` is the session's.
    `describe` gives a table's columns, when they are first asked for, and none for an unknown one."""

    tables: Mapping[str, Sequence[str]] = field(default_factory=dict)
    functions: tuple[str, ...] = ()
    database: str | None = None
    describe: Describe = lambda name: ()

    @cached_property
    def all_tables(self) -> list[tuple[str, str]]:
        """(table, database) in order, to find those that begin with something."""
        return sorted((table, name) for name, held in self.tables.items() for table in held)

    def columns(self, database: str, table: str) -> Sequence[Column]:
        key = TableName(database, table)
        if key not in self._described:
            self._described[key] = self.describe(key)
        return self._described[key]

    @cached_property
    def _described(self) -> dict[TableName, Sequence[Column]]:
        return {}


def complete(text: str, offset: int, words: Vocabulary) -> Sequence[Suggestion]:
    """Suggestions for the word before `offset` (characters from 0); none inside strings and
    comments."""
    tokens = tokenize(text)
    here = _Place.of(tokens, text, offset)
    if here is None:
        return ()
    made: dict[str, Suggestion] = {}
    for suggestion in _candidates(here, words, tokens):
        made.setdefault(suggestion.text, suggestion)
        if len(made) >= MOST:
            break
    return tuple(made.values())


def names_at(text: str, offset: int, words: Vocabulary) -> Sequence[str]:
    """Every name that could stand at `offset`, where one stands that is none, without quotes."""
    tokens = tokenize(text)
    here = _Place.of(tokens, text, offset)
    if here is None:
        return ()
    return [unquoted(suggestion.text) for suggestion in _candidates(here, words, tokens)]


@dataclass(frozen=True, slots=True)
class _Place:
    """`parts` are the names before the dots before the word."""

    prefix: str
    parts: tuple[str, ...]
    wants_table: bool
    scope: Scope

    @classmethod
    def of(cls, tokens: Tokens, text: str, offset: int) -> _Place | None:
        first, last = _statement(tokens, offset)
        at = last
        for number in range(first, last):
            if tokens.offsets[number] >= offset:
                at = number
                break
        prefix = ""
        before = at - 1
        if before >= first:
            start, token = tokens.offsets[before], tokens.texts[before]
            if offset < start + len(token) and tokens.kinds[before] == "string":
                return None
            is_word = tokens.kinds[before] in NAMES or token.isidentifier()
            if is_word and offset <= start + len(token):
                prefix, before = text[start:offset].lstrip('"'), before - 1
                if before >= first and tokens.kinds[before] == "other" and text[start - 1] == '"':
                    before -= 1  # Its quotes are not closed yet.
        if not prefix and _in_comment(text, tokens, before, offset):
            return None
        parts: list[str] = []
        while before - 1 >= first and tokens.kinds[before] == ".":
            parts.insert(0, unquoted(tokens.texts[before - 1]))
            before -= 2
        return cls(
            prefix,
            tuple(parts),
            _wants_table(tokens, first, before),
            Scope(tokens, first, last),
        )


def _statement(tokens: Tokens, offset: int) -> tuple[int, int]:
    """The tokens of the statement around `offset`: first, and behind the last."""
    first = 0
    for number, kind in enumerate(tokens.kinds):
        if kind == "eof":
            return first, number
        if kind == ";":
            if tokens.offsets[number] >= offset:
                return first, number
            first = number + 1
    return first, len(tokens.kinds)


def _in_comment(text: str, tokens: Tokens, before: int, offset: int) -> bool:
    start = 0 if before < 0 else tokens.offsets[before] + len(tokens.texts[before])
    between = text[start:offset]
    line = between.rpartition("\n")[2]
    return "--" in line or between.rfind("/*") > between.rfind("*/")


def _wants_table(tokens: Tokens, first: int, before: int) -> bool:
    """Whether a relation's name stands here: behind FROM and the like, or a comma of FROM."""
    if before < first:
        return False
    if tokens.kinds[before] in _TABLE_AFTER:
        return True
    depth = 0
    while before >= first and (tokens.kinds[before] == "," or depth):
        before -= 1
        while before >= first and tokens.kinds[before] not in (",", *_TABLE_AFTER, *ENDS_FROM):
            before -= 1
        if before >= first and tokens.kinds[before] == "FROM":
            return True
        if before < first or tokens.kinds[before] != ",":
            return False
    return False


# --- what could be meant -------------------------------------------------------------------


def _candidates(here: _Place, words: Vocabulary, tokens: Tokens) -> Iterator[Suggestion]:
    if here.parts:
        return _members(here, words, tokens)
    return _relations(here, words) if here.wants_table else _anything(here, words)


def _starts(names: Iterable[str], prefix: str) -> Iterator[str]:
    low = prefix.lower()
    return (name for name in names if name.lower().startswith(low))


def _held(names: Sequence[str], prefix: str) -> Iterator[str]:
    """Of names in order, as a catalog has them: in small letters."""
    low = prefix.lower()
    for at in range(bisect_left(names, low), len(names)):
        if not names[at].startswith(low):
            return
        yield names[at]


def _columns(words: Vocabulary) -> Tables:
    """The columns of the table that the parts of a name mean."""

    def read(parts: Sequence[str]) -> Sequence[Field]:
        named = [part for part in parts if part]
        if len(named) == 3 and named[0] == "lake":
            named = named[1:]
        if len(named) == 1 and words.database is not None:
            named = [words.database, *named]
        if len(named) != 2:
            return ()
        database, table = named
        names = words.tables.get(database, ())
        at = bisect_left(names, table)
        if at == len(names) or names[at] != table:
            return ()
        return [(column.name, column.type) for column in words.columns(database, table)]

    return read


def _suggested(fields: Iterable[Field], prefix: str) -> Iterator[Suggestion]:
    low = prefix.lower()
    for name, type in fields:
        # A word that a query just now is given as a column's name is no suggestion for itself.
        if name.lower().startswith(low) and (type is not None or name.lower() != low):
            yield Suggestion(quote_identifier(name), "column" if type is None else str(type))


def _members(here: _Place, words: Vocabulary, tokens: Tokens) -> Iterator[Suggestion]:
    """Behind a dot: columns of a relation, fields of a row, tables of a database, databases of the
    catalog."""
    parts = tuple(part.lower() for part in here.parts)
    tables = _columns(words)
    yield from _suggested(here.scope.members(parts, tables), here.prefix)
    database = parts[-1] if parts[0] == "lake" or len(parts) == 1 else ""
    if parts == ("lake",):
        for name in _starts(words.tables, here.prefix):
            yield Suggestion(quote_identifier(name), "database")
    for name in _held(words.tables.get(database, ()), here.prefix):
        yield Suggestion(quote_identifier(name), "table")
    if len(parts) > 1:
        yield from _suggested(tables(parts), here.prefix)


def _relations(here: _Place, words: Vocabulary) -> Iterator[Suggestion]:
    for name, relation in here.scope.relations.items():
        if relation.common and name.startswith(here.prefix.lower()):
            yield Suggestion(quote_identifier(name), "WITH")
    if words.database is not None:
        for name in _held(words.tables.get(words.database, ()), here.prefix):
            yield Suggestion(quote_identifier(name), "table")
    for name in _starts(words.tables, here.prefix):
        yield Suggestion(quote_identifier(name), "database")
    yield from _tables_by_name(here.prefix, words)


def _tables_by_name(prefix: str, words: Vocabulary) -> Iterator[Suggestion]:
    """Tables of any database, with it before them."""
    if not prefix:
        return
    low = prefix.lower()
    at = bisect_left(words.all_tables, (low, ""))
    while at < len(words.all_tables) and words.all_tables[at][0].startswith(low):
        table, database = words.all_tables[at]
        if database != words.database:
            yield Suggestion(f"{quote_identifier(database)}.{quote_identifier(table)}", "table")
        at += 1


def _anything(here: _Place, words: Vocabulary) -> Iterator[Suggestion]:
    tables = _columns(words)
    for name in here.scope.relations:
        yield from _suggested(here.scope.fields(name, tables), here.prefix)
    if not here.prefix:
        return
    for name in _starts(here.scope.relations, here.prefix):
        yield Suggestion(quote_identifier(name), "relation")
    # Keywords that are reserved are what most statements are made of; a whole word needs no help.
    for word in sorted(_starts(RESERVED, here.prefix)):
        if word != here.prefix.upper():
            yield Suggestion(word if here.prefix.isupper() else word.lower(), "keyword")
    for name in _starts(words.functions, here.prefix):
        yield Suggestion(name, "function")
    for name in _starts(words.tables, here.prefix):
        yield Suggestion(quote_identifier(name), "database")
    yield from _tables_by_name(here.prefix, words)
