"""The syntax tree of Trino's SQL.

In: nothing. Out: immutable nodes that `parser` makes and the engines read. A node compares by what
it says, not by where it stands (`at` is left out), so `GROUP BY upper(title)` finds
`upper(title)` in the SELECT list. Nodes never hold types: those belong to whoever binds them.
"""

from lakeshell.sql.ast.expressions import *
from lakeshell.sql.ast.nodes import *
from lakeshell.sql.ast.queries import *
from lakeshell.sql.ast.statements import *
