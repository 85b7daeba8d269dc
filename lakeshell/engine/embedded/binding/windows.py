"""Binds window specifications: named ones, those that build on them, frames.

In: a call's OVER and the WINDOW clause of its SELECT. Out: DuckDB's ` OVER (…)`, or Trino's errors
of frames and of functions that cannot be used so.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from lakeshell.engine.embedded.binding.ordering import clause_place, direction
from lakeshell.engine.embedded.binding.scope import Scope
from lakeshell.engine.embedded.functions import registry
from lakeshell.engine.embedded.values import casts
from lakeshell.engine.embedded.values.typed import (
    Typed,
    duckdb_type,
    failure,
    ordering_key,
    refused,
    rejected,
    sort_terms,
)
from lakeshell.sql import ast
from lakeshell.sql.coercion import common_type, is_comparable, is_orderable
from lakeshell.sql.datatypes import (
    BIGINT,
    DATE,
    INTEGRAL,
    INTERVAL_DAY,
    INTERVAL_YEAR,
    NUMERIC_NAMES,
    DecimalType,
    TimestampType,
    TimeType,
    Type,
)

if TYPE_CHECKING:
    from lakeshell.engine.embedded.binding.binder import Binder
    from lakeshell.engine.embedded.binding.expressions import Expressions

_FRAMELESS = frozenset(
    ["lead", "lag", "ntile", "rank", "dense_rank", "percent_rank", "cume_dist", "row_number"]
)
_VALUES = frozenset(["lead", "lag", "first_value", "last_value", "nth_value"])


class Resolved(NamedTuple):
    """A specification with what it takes over from a named one."""

    partition_by: tuple[ast.Expression, ...]
    order_by: tuple[ast.SortItem, ...]
    frame: ast.Frame | None
    partition_inherited: bool = False
    order_inherited: bool = False
    frame_inherited: bool = False


class Windows:
    """The windows of one SELECT. `scope` is where the WINDOW clause's names are looked up."""

    def __init__(self, binder: Binder, select: ast.Select) -> None:
        self.binder = binder
        self.select = select
        self.scope: Scope | None = None
        self._named: dict[str, Resolved] = {}

    def check(self, scope: Scope) -> None:
        """Looks through the WINDOW clause; raises what is wrong in it."""
        from lakeshell.engine.embedded.binding.expressions import Expressions

        self.scope = scope
        for name, spec in self.select.windows:
            if name.key in self._named:
                message = f"WINDOW name '{name.value}' specified more than once"
                raise rejected("DUPLICATE_WINDOW_NAME", message, name.at)
            resolved = self.resolve(spec)
            with self.binder.trial():
                self._bind(Expressions(self.binder, scope, windows=self), resolved, spec.at)
            self._named[name.key] = resolved

    def resolve(self, spec: ast.WindowSpec | ast.Identifier) -> Resolved:
        if isinstance(spec, ast.Identifier):
            base = self._base(spec)
            return base._replace(
                partition_inherited=bool(base.partition_by),
                order_inherited=bool(base.order_by),
                frame_inherited=base.frame is not None,
            )
        if spec.base is None:
            return Resolved(spec.partition_by, spec.order_by, spec.frame)
        base = self._base(spec.base)
        if spec.partition_by:
            message = "WINDOW specification with named WINDOW reference cannot specify PARTITION BY"
            raise rejected("INVALID_PARTITION_BY", message, spec.partition_by[0].at)
        if spec.order_by and base.order_by:
            message = "Cannot specify ORDER BY if referenced named WINDOW specifies ORDER BY"
            raise rejected("INVALID_ORDER_BY", message, clause_place(spec.order_by))
        if base.frame is not None:
            message = "Cannot reference named WINDOW containing frame specification"
            raise rejected("INVALID_WINDOW_REFERENCE", message, spec.base.at)
        return Resolved(
            base.partition_by,
            spec.order_by or base.order_by,
            spec.frame,
            bool(base.partition_by),
            not spec.order_by and bool(base.order_by),
        )

    def _base(self, name: ast.Identifier) -> Resolved:
        found = self._named.get(name.key)
        if found is None:
            message = f"Cannot resolve WINDOW name {name.value}"
            raise rejected("INVALID_WINDOW_REFERENCE", message, name.at)
        return found

    def over(self, expressions: Expressions, node: ast.FunctionCall) -> str:
        """DuckDB's ` OVER (…)` of a call."""
        assert node.window is not None
        resolved = self.resolve(node.window)
        return f" OVER ({self._bind(expressions, resolved, node.window.at)})"

    # --- parts of a specification --------------------------------------------------------------

    def _bind(self, expressions: Expressions, window: Resolved, at: ast.Position) -> str:
        self._no_nesting(window)
        named = expressions
        if self.scope is not None and expressions.scope is not self.scope:
            named = expressions.within(self.scope)
        parts: list[str] = []
        own = named if window.partition_inherited else expressions
        partitions = [self._partition(own, node) for node in window.partition_by]
        if partitions:
            parts.append(f"PARTITION BY {', '.join(partitions)}")
        own = named if window.order_inherited else expressions
        keys = [self._sort_key(own, item) for item in window.order_by]
        if window.frame is not None:
            own = named if window.frame_inherited else expressions
            keys, frame = _Frame(own, window, keys, at).bind(window.frame)
        order = [
            f"{ordering_key(key)} {direction(item)}"
            if _has_offsets(window.frame)
            else sort_terms(key, direction(item))
            for key, item in zip(keys, window.order_by, strict=True)
            if not key.is_constant
        ]
        if order:
            parts.append(f"ORDER BY {', '.join(order)}")
        if window.frame is not None:
            parts.append(frame)
        return " ".join(parts)

    def _partition(self, expressions: Expressions, node: ast.Expression) -> str:
        value = expressions.bind(node)
        if not is_comparable(value.type):
            message = (
                f"{value.type} is not comparable, and therefore cannot be used in window function "
                "PARTITION BY"
            )
            raise rejected("TYPE_MISMATCH", message, node.at)
        return value.sql

    def _sort_key(self, expressions: Expressions, item: ast.SortItem) -> Typed:
        value = expressions.bind(item.key)
        if not is_orderable(value.type):
            message = (
                f"{value.type} is not orderable, and therefore cannot be used in window function "
                "ORDER BY"
            )
            raise rejected("TYPE_MISMATCH", message, item.at)
        return value

    def _no_nesting(self, window: Resolved) -> None:
        nodes: list[ast.Node] = []
        if not window.partition_inherited:
            nodes.extend(window.partition_by)
        if not window.order_inherited:
            nodes.extend(window.order_by)
        if not window.frame_inherited and window.frame is not None:
            nodes.append(window.frame)
        for node in nodes:
            for nested in window_calls(node):
                message = (
                    "Cannot nest window functions or row pattern measures inside window "
                    "specification"
                )
                raise rejected("NESTED_WINDOW", message, nested.at)

    # --- what is checked once all else is known --------------------------------------------------

    def validate(self, node: ast.Node) -> None:
        """The rules of window functions in one expression of the select list or ORDER BY."""
        from lakeshell.engine.embedded.binding.aggregation import function_name, inside

        for call in inside(node):
            if isinstance(call, ast.FunctionCall):
                name = function_name(call)
                if call.window is not None:
                    self._validate_call(call, name)
                elif registry.is_window(name) and not registry.is_aggregate(name):
                    message = f"Window function system.builtin.{name} requires an OVER clause"
                    raise rejected("MISSING_OVER", message, call.at)

    def _validate_call(self, call: ast.FunctionCall, name: str) -> None:
        if call.filter is not None:
            message = "FILTER is not yet supported for window functions"
            raise rejected("NOT_SUPPORTED", message, self.select.at)
        for part in (*call.arguments, *call.order_by):
            for nested in window_calls(part):
                message = (
                    "Cannot nest window functions or row pattern measures inside window function "
                    "arguments"
                )
                raise rejected("NESTED_WINDOW", message, nested.at)
        assert call.window is not None
        window = self.resolve(call.window)
        if name in ("lag", "lead") and not window.order_by:
            message = f"{call.name} function requires an ORDER BY window clause"
            raise rejected("MISSING_ORDER_BY", message, call.window.at)
        if name in _FRAMELESS and window.frame is not None:
            message = f"Cannot specify window frame for {call.name} function"
            raise rejected("INVALID_WINDOW_FRAME", message, window.frame.at)
        if name not in _VALUES and call.nulls is not None:
            message = f"Cannot specify null treatment clause for {call.name} function"
            raise rejected("NULL_TREATMENT_NOT_ALLOWED", message, call.at)
        if registry.is_aggregate(name):
            return
        if not registry.is_window(name):
            message = f"Not a window function: {call.name}"
            raise rejected("FUNCTION_NOT_WINDOW", message, self.select.at)
        if call.distinct:
            from lakeshell.engine.embedded.wording.expressions import expression_text

            said = expression_text(call)
            message = f"Only aggregation window functions with DISTINCT are supported: {said}"
            raise rejected("NOT_SUPPORTED", message, self.select.at)
        if call.order_by:
            message = "Only aggregation window functions with ORDER BY are supported"
            raise rejected("NOT_SUPPORTED", message, call.at)


def window_calls(node: ast.Node) -> list[ast.FunctionCall]:
    """The calls with OVER in an expression, subqueries left out."""
    from lakeshell.engine.embedded.binding.aggregation import inside

    return [n for n in inside(node) if isinstance(n, ast.FunctionCall) and n.window is not None]


class _Frame:
    """The frame of one window: its rules, and its bounds in DuckDB's SQL."""

    def __init__(
        self, expressions: Expressions, window: Resolved, keys: list[Typed], at: ast.Position
    ) -> None:
        self.expressions = expressions
        self.window = window
        self.keys = keys
        self.at = at

    def bind(self, frame: ast.Frame) -> tuple[list[Typed], str]:
        """The sort keys as the frame needs them, and the frame."""
        self._check_order(frame)
        kind = frame.kind.upper()
        start = self._bound(frame, frame.start, "start")
        end = "CURRENT ROW"
        if frame.end is not None:
            end = self._bound(frame, frame.end, "end")
        return self.keys, f"{kind} BETWEEN {start} AND {end}"

    def _check_order(self, frame: ast.Frame) -> None:
        start = frame.start.kind
        end = frame.end.kind if frame.end is not None else "current row"
        fault = None
        if start == "unbounded following":
            fault = "start cannot be UNBOUNDED FOLLOWING"
        elif end == "unbounded preceding":
            fault = "end cannot be UNBOUNDED PRECEDING"
        elif start == "current row" and end == "preceding":
            fault = "starting from CURRENT ROW cannot end with PRECEDING"
        elif start == "following" and end == "preceding":
            fault = "starting from FOLLOWING cannot end with PRECEDING"
        elif start == "following" and end == "current row":
            fault = "starting from FOLLOWING cannot end with CURRENT ROW"
        if fault is not None:
            raise rejected("INVALID_WINDOW_FRAME", f"Window frame {fault}", frame.at)

    def _bound(self, frame: ast.Frame, bound: ast.FrameBound, side: str) -> str:
        if bound.value is None:
            return bound.kind.upper()
        kind = frame.kind.upper()
        if kind == "RANGE":
            return f"{self._range_offset(bound.value)} {bound.kind.upper()}"
        if kind == "GROUPS" and not self.window.order_by:
            message = "Window frame of type GROUPS PRECEDING or FOLLOWING requires ORDER BY"
            raise rejected("MISSING_ORDER_BY", message, self.at)
        value = self.expressions.bind(bound.value)
        if value.type not in INTEGRAL and not (
            isinstance(value.type, DecimalType) and value.type.scale == 0
        ):
            message = (
                f"Window frame {kind} {side} value type must be exact numeric type with scale 0 "
                f"(actual {value.type})"
            )
            raise rejected("TYPE_MISMATCH", message, bound.value.at)
        return f"{_checked(value)} {bound.kind.upper()}"

    def _range_offset(self, node: ast.Expression) -> str:
        order = self.window.order_by
        if not order:
            message = "Window frame of type RANGE PRECEDING or FOLLOWING requires ORDER BY"
            raise rejected("MISSING_ORDER_BY", message, self.at)
        if len(order) != 1:
            message = (
                "Window frame of type RANGE PRECEDING or FOLLOWING requires single sort item in "
                f"ORDER BY (actual: {len(order)})"
            )
            raise rejected("INVALID_ORDER_BY", message, clause_place(order))
        key = self.keys[0]
        numeric = key.type.name in NUMERIC_NAMES
        if not numeric and not _is_datetime(key.type):
            message = (
                "Window frame of type RANGE PRECEDING or FOLLOWING requires that sort item type "
                f"be numeric, datetime or interval (actual: {key.type})"
            )
            raise rejected("TYPE_MISMATCH", message, order[0].key.at)
        offset = self.expressions.bind(node)
        intervals = (INTERVAL_DAY, INTERVAL_YEAR)
        fits = offset.type.name in NUMERIC_NAMES if numeric else offset.type in intervals
        if not fits or not self._addable(key.type, offset.type):
            message = (
                f"Window frame RANGE value type ({offset.type}) not compatible with sort item "
                f"type ({key.type})"
            )
            raise rejected("TYPE_MISMATCH", message, node.at)
        return self._numeric(key, offset) if numeric else self._interval(key, offset)

    def _addable(self, key: Type, offset: Type) -> bool:
        if isinstance(key, TimeType) and offset == INTERVAL_YEAR:
            return False
        return key not in (INTERVAL_DAY, INTERVAL_YEAR) or key == offset

    def _numeric(self, key: Typed, offset: Typed) -> str:
        common = common_type(key.type, offset.type)
        assert common is not None
        context = self.expressions.context
        if key.type != common:
            self.keys = [casts.coerce(key, common, context)]
        value = offset if offset.type == common else casts.coerce(offset, common, context)
        return _checked(value)

    def _interval(self, key: Typed, offset: Typed) -> str:
        if key.type in (INTERVAL_DAY, INTERVAL_YEAR):
            return _checked(offset)
        if isinstance(key.type, TimeType):
            raise refused(f"a RANGE frame over {key.type}", offset.at)
        if key.type == DATE:
            stamp = TimestampType(3)
            self.keys = [Typed(f"CAST({key.sql} AS TIMESTAMP)", stamp, key.at)]
        months = offset.type == INTERVAL_YEAR
        value = _checked(offset)
        return f"to_months({value})" if months else f"to_milliseconds({value})"


def _checked(value: Typed) -> str:
    """The offset, or Trino's failure where it is negative or NULL."""
    if value.is_constant and value.value is not None and value.value >= 0:
        return value.sql
    message = "Window frame offset value must not be negative or null"
    fails = failure("INVALID_WINDOW_FRAME", message, value.type)
    held = duckdb_type(value.type if value.type.name != "unknown" else BIGINT)
    return f"CAST(CASE WHEN {value.sql} >= 0 THEN {value.sql} ELSE {fails} END AS {held})"


def _is_datetime(type: Type) -> bool:
    return type in (DATE, INTERVAL_DAY, INTERVAL_YEAR) or isinstance(type, TimestampType | TimeType)


def _has_offsets(frame: ast.Frame | None) -> bool:
    """Whether a RANGE counts from the sort key, which then is one number."""
    if frame is None or frame.kind.upper() != "RANGE":
        return False
    return any(bound is not None and bound.value is not None for bound in (frame.start, frame.end))
