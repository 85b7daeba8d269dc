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
from lakeshell.sql.lexer import Tokens, tokenize
from lakeshell.sql.names import RESERVED, quote_identifier, unquoted

MOST = 40
"""Suggestions given at most."""
_TABLE_AFTER = frozenset({"FROM", "JOIN", "INTO", "UPDATE", "TABLE", "DESCRIBE", "DESC", "VIEW"})
_ENDS_FROM = frozenset(
    {"WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "UNION", "EXCEPT", "INTERSECT", "ON", "USING",
     "SELECT", "SET", "WINDOW", "OFFSET", "FETCH", "VALUES"}
)  # fmt: skip
_NAMES = ("ident", "quoted")


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
    """`parts` are the names before the dots before the word; `scope` maps an alias, in lower case,
    to the parts of the table's name, and the names of common tables to none."""

    prefix: str
    parts: tuple[str, ...]
    wants_table: bool
    scope: dict[str, tuple[str, ...]]

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
            is_word = tokens.kinds[before] in _NAMES or token.isidentifier()
            if is_word and offset <= start + len(token):
                prefix, before = text[start:offset].lstrip('"'), before - 1
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
            _scope(tokens, first, last),
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
        while before >= first and tokens.kinds[before] not in (",", *_TABLE_AFTER, *_ENDS_FROM):
            before -= 1
        if before >= first and tokens.kinds[before] == "FROM":
            return True
        if before < first or tokens.kinds[before] != ",":
            return False
    return False


def _scope(tokens: Tokens, first: int, last: int) -> dict[str, tuple[str, ...]]:
    """The relations of the statement by the names that its columns go by."""
    found: dict[str, tuple[str, ...]] = {}
    at = first
    in_from = False
    while at < last:
        kind = tokens.kinds[at]
        if kind in _NAMES and tokens.kinds[at + 1 : at + 3] == ["AS", "("]:
            found[unquoted(tokens.texts[at]).lower()] = ()
        if kind in ("FROM", "JOIN", "INTO", "UPDATE"):
            in_from = True
        elif kind in _ENDS_FROM:
            in_from = False
        if not (in_from and kind in ("FROM", "JOIN", "INTO", "UPDATE", ",")):
            at += 1
            continue
        at += 1
        parts: list[str] = []
        while at < last and _is_name(tokens, at):
            parts.append(unquoted(tokens.texts[at]))
            at += 1
            if at >= last or tokens.kinds[at] != ".":
                break
            at += 1
        if not parts:
            continue
        if at < last and tokens.kinds[at] == "AS":
            at += 1
        alias = parts[-1]
        if at < last and tokens.kinds[at] in _NAMES:
            alias = unquoted(tokens.texts[at])
            at += 1
        found.setdefault(alias.lower(), tuple(part.lower() for part in parts))
    return found


def _is_name(tokens: Tokens, at: int) -> bool:
    kind = tokens.kinds[at]
    return kind in _NAMES or (tokens.texts[at].isidentifier() and kind not in RESERVED)


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


def _columns(parts: Sequence[str], words: Vocabulary, prefix: str) -> Iterator[Suggestion]:
    """Of the table that the parts of a name mean."""
    named = [part for part in parts if part]
    if len(named) == 3 and named[0] == "lake":
        named = named[1:]
    if len(named) == 1 and words.database is not None:
        named = [words.database, *named]
    if len(named) != 2:
        return
    database, table = named
    names = words.tables.get(database, ())
    at = bisect_left(names, table)
    if at == len(names) or names[at] != table:
        return
    low = prefix.lower()
    for column in words.columns(database, table):
        if column.name.lower().startswith(low):
            yield Suggestion(quote_identifier(column.name), str(column.type))


def _members(here: _Place, words: Vocabulary, tokens: Tokens) -> Iterator[Suggestion]:
    """Behind a dot: columns of a relation, tables of a database, databases of the catalog."""
    parts = tuple(part.lower() for part in here.parts)
    if len(parts) == 1 and parts[0] in here.scope:
        yield from _columns(here.scope[parts[0]], words, here.prefix)
    database = parts[-1] if parts[0] == "lake" or len(parts) == 1 else ""
    if parts == ("lake",):
        for name in _starts(words.tables, here.prefix):
            yield Suggestion(quote_identifier(name), "database")
    for name in _held(words.tables.get(database, ()), here.prefix):
        yield Suggestion(quote_identifier(name), "table")
    if len(parts) > 1:
        yield from _columns(parts, words, here.prefix)


def _relations(here: _Place, words: Vocabulary) -> Iterator[Suggestion]:
    for name, parts in here.scope.items():
        if not parts and name.startswith(here.prefix.lower()):
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
    for parts in here.scope.values():
        yield from _columns(parts, words, here.prefix)
    if not here.prefix:
        return
    for name in _starts(here.scope, here.prefix):
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
