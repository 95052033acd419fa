"""Rows of results, as Arrow."""

from __future__ import annotations

import weakref
from typing import Any

from . import _library


class Rows:
    """The results of each row, in columns: ``row``, and for each function FN ``FN.score``, ``FN.outcome``, ``FN.message`` and
    ``FN.OUTPUT`` for what it says beside its score.

    Any library that knows the Arrow PyCapsule interface takes it as a table, as often as wanted:
    ``polars.DataFrame(rows)``, ``pyarrow.table(rows)``, ``duckdb.from_arrow(pyarrow.table(rows))``. Nothing is copied.
    """

    def __init__(self, handle: int) -> None:
        self._handle = handle
        self._finalizer = weakref.finalize(self, _library.lib.assay_rows_free, handle)

    def __len__(self) -> int:
        return _library.lib.assay_rows_count(self._handle)

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        stream = _library.new_stream()
        if _library.lib.assay_rows_stream(self._handle, stream):
            _library.lib.assay_stream_free(stream)
            raise _library.error()
        return _library.capsule(stream)

    def to_pyarrow(self) -> Any:
        """The rows as a ``pyarrow.Table``."""
        import pyarrow

        return pyarrow.RecordBatchReader.from_stream(self).read_all()

    def to_polars(self) -> Any:
        """The rows as a ``polars.DataFrame``."""
        import polars

        return polars.DataFrame(self)

    def to_pandas(self) -> Any:
        """The rows as a ``pandas.DataFrame``. Needs pyarrow."""
        return self.to_pyarrow().to_pandas()

    def __repr__(self) -> str:
        return f"<assay.Rows: {len(self):,} rows>"
