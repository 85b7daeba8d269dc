"""How columns flow through a job: from source, through what is done to them, to target.

In: a job and its script's text. Out: a `Flow`, a lane for each column of a target, each step with
the lines of the script that it stands in. Reads only; nothing is run.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from lakeshell.errors import LakeshellError
from lakeshell.etl.job import Job
from lakeshell.etl.mapping import parse
from lakeshell.model import TableName

Columns = Callable[[TableName], Sequence[str]]
"""The names of a table's columns; empty where it is not known."""


@dataclass(frozen=True, slots=True)
class Step:
    """`kind` is `source`, `transform` or `target`. `lines` of the script count from 1."""

    kind: str
    label: str
    detail: str = ""
    lines: frozenset[int] = frozenset()

    @property
    def name(self) -> tuple[str, str]:
        """What two steps have in common that stand for one thing."""
        return self.kind, self.label


@dataclass(frozen=True, slots=True)
class Lane:
    """One target column: what it is made from, and by what, the first first."""

    sources: tuple[Step, ...]
    transforms: tuple[Step, ...]
    target: Step

    @property
    def steps(self) -> tuple[Step, ...]:
        return (*self.sources, *self.transforms, self.target)

    @property
    def lines(self) -> frozenset[int]:
        return frozenset[int]().union(*(step.lines for step in self.steps))


@dataclass(frozen=True, slots=True)
class Flow:
    """`notes` say what of the script is not drawn, and why."""

    lanes: tuple[Lane, ...]
    notes: tuple[str, ...] = ()


def flow_of(job: Job, script: str, columns: Columns = lambda name: ()) -> Flow:
    if job.kind == "sql":
        from lakeshell.etl.lineage import sql_flow

        return sql_flow(script, columns)
    try:
        return _arrow_flow(job, script)
    except LakeshellError as error:
        return Flow((), (error.message,))


# --- a mapping and its transform -----------------------------------------------------------


def _arrow_flow(job: Job, script: str) -> Flow:
    mapping = parse(script, str(job.script))
    tree = _tree(script)
    rows = _row_lines(tree) if tree is not None else ()
    named = _named_in_transform(tree) if tree is not None else None
    notes = () if tree is not None else ("the script is not Python: only its mapping is drawn",)
    targets = {column.target for column in mapping.columns}
    every = named is not None and not targets & set(named)
    lanes = []
    for number, column in enumerate(mapping.columns):
        lines = frozenset(rows[number]) if number < len(rows) else frozenset()
        made = []
        if column.source_type != column.target_type:
            made.append(Step("transform", f"cast {column.target_type}", "", lines))
        if named is not None and (every or column.target in named):
            found = frozenset(named.get(column.target, named[""]))
            made.append(Step("transform", "transform()", "", found))
        lanes.append(
            Lane(
                (Step("source", f"{job.source}.{column.source}", str(column.source_type), lines),),
                tuple(made),
                Step("target", f"{job.target}.{column.target}", str(column.target_type), lines),
            )
        )
    return Flow(tuple(lanes), notes)


def _tree(script: str) -> ast.Module | None:
    try:
        return ast.parse(script)
    except (SyntaxError, ValueError):
        return None


def _row_lines(tree: ast.Module) -> Sequence[range]:
    """The lines of each row of the mapping."""
    for node in tree.body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            if "MAPPING" in names:
                return [_lines(row) for row in node.value.elts]
    return ()


def _named_in_transform(tree: ast.Module) -> dict[str, set[int]] | None:
    """The lines that name each column, those of the whole function under `""`; None where
    `transform` changes nothing."""
    made = next(
        (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "transform"), None
    )
    if made is None or _changes_nothing(made):
        return None
    named: dict[str, set[int]] = {"": set(_lines(made))}
    for statement in _statements(made):
        for node in ast.walk(statement):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value:
                named.setdefault(node.value, {made.lineno}).update(_lines(node))
    return named


def _changes_nothing(made: ast.FunctionDef) -> bool:
    """Whether all that it does is to give its argument back."""
    body = _statements(made)
    returned = body[0].value if len(body) == 1 and isinstance(body[0], ast.Return) else None
    first = made.args.args[0].arg if made.args.args else ""
    return isinstance(returned, ast.Name) and returned.id == first


def _statements(made: ast.FunctionDef) -> Sequence[ast.stmt]:
    """Its body, less the docstring."""
    return made.body[1:] if ast.get_docstring(made) is not None else made.body


def _lines(node: ast.expr | ast.stmt) -> range:
    return range(node.lineno, (node.end_lineno or node.lineno) + 1)


def distinct(steps: Sequence[Step]) -> Iterator[Step]:
    """Each thing once, with all lines that it stands in."""
    merged: dict[tuple[str, str], Step] = {}
    for step in steps:
        known = merged.get(step.name)
        lines = step.lines if known is None else known.lines | step.lines
        merged[step.name] = Step(step.kind, step.label, step.detail, lines)
    yield from merged.values()
