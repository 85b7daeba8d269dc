"""pyarrow without numpy.

pyarrow, and its compute functions anew, import numpy whenever it is installed, which takes longer
than they do themselves. Lakeshell converts nothing between the two; numpy is there for DuckDB,
which wants it for functions written in Python and imports it when the first one is made. Only the
command line does this: a program that imports Lakeshell keeps its pyarrow whole.
"""

from __future__ import annotations

import sys

_PYARROW = ("pyarrow", "pyarrow._compute")


class _NoNumpyForArrow:
    """Says that numpy is missing, to pyarrow alone and only while that is being imported."""

    def find_spec(self, fullname: str, path: object, target: object = None) -> None:
        if fullname == "numpy" and any(map(_is_being_imported, _PYARROW)):
            raise ModuleNotFoundError("numpy is not needed here", name="numpy")


def _is_being_imported(name: str) -> bool:
    spec = getattr(sys.modules.get(name), "__spec__", None)
    return bool(getattr(spec, "_initializing", False))


def keep_numpy_out_of_arrow() -> None:
    if not any(isinstance(finder, _NoNumpyForArrow) for finder in sys.meta_path):
        sys.meta_path.insert(0, _NoNumpyForArrow())
