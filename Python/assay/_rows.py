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

    # The engine's memory is that of this object and of this process: a copy by members would outlive it.

    def __copy__(self) -> Rows:
        return self

    def __deepcopy__(self, memo: object) -> Rows:
        return self

    def __reduce__(self) -> Any:
        """Pickled as Arrow's own format. Needs pyarrow."""
        import pyarrow

        sink = pyarrow.BufferOutputStream()
        reader = pyarrow.RecordBatchReader.from_stream(self)
        with pyarrow.ipc.new_stream(sink, reader.schema) as writer:
            for batch in reader:
                writer.write_batch(batch)
        return _from_ipc, (sink.getvalue().to_pybytes(),)

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


def _from_ipc(data: bytes) -> Rows:
    import pyarrow

    source = pyarrow.ipc.open_stream(data).__arrow_c_stream__()
    handle = _library.lib.assay_rows_new(_library.stream_of(source))
    if not handle:
        raise _library.error()
    rows = Rows(handle)
    while (count := _library.lib.assay_rows_read(handle, 1)) > 0:
        pass
    if count < 0:
        raise _library.error()
    return rows
