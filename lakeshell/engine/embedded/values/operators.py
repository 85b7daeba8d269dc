"""Trino's operators and special forms over bound expressions: one door to where each is made.

In: `Typed`s. Out: a `Typed`, or Trino's TYPE_MISMATCH at the operator's place.
"""

from lakeshell.engine.embedded.values.access import (
    array,
    at_time_zone,
    concat,
    dereference,
    extract,
    row,
    subscript,
)
from lakeshell.engine.embedded.values.arithmetic import arithmetic, negate
from lakeshell.engine.embedded.values.comparison import between, compare, distinct_from, in_list
from lakeshell.engine.embedded.values.conditions import (
    case,
    common,
    is_null,
    like,
    logical,
    not_,
    simple_case,
)

__all__ = [
    "arithmetic", "array", "at_time_zone", "between", "case", "common", "compare", "concat",
    "dereference", "distinct_from", "extract", "in_list", "is_null", "like", "logical", "negate",
    "not_", "row", "simple_case", "subscript",
]  # fmt: skip
