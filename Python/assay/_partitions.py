"""What workers of a cluster do with the rows of a partition."""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ._engine import Engine, _Run, engine_for
from ._errors import AssayError
from ._options import as_options, function_options
from ._result import Result

#: The column with the state of a partition, in the one row that each partition adds to its output.
STATE = "__assay_state__"


class PartitionRun:
    """Scores the batches of a partition, and keeps in memory only what is being scored.

    Attributes:
        result: the result, after the last batch; None if there were no batches.
    """

    def __init__(self, functions: Mapping[str, Any], scorers: tuple[Any, ...], engine_options: Mapping[str, Any],
                 options: Mapping[str, Any]) -> None:
        self.result: Result | None = None
        self._functions = functions
        self._options = options
        # A forked worker makes an engine of its own. Scorers were sent for this task, and go with it.
        self._engine = Engine(scorers=scorers, **engine_options) if scorers else engine_for(**engine_options)

    def scored(self, batches: Iterable[Any], keep: list[str] | None = None) -> Iterator[Any]:
        """The results of the batches' rows, as record batches that start with the columns `keep` of the rows."""
        import pyarrow

        batches = iter(batches)
        first = next(batches, None)
        if first is None:
            return
        beside = _Beside(keep or [])

        def all_batches() -> Iterator[Any]:
            for batch in itertools.chain([first], batches):
                beside.add(batch)
                yield batch

        reader = pyarrow.RecordBatchReader.from_batches(first.schema, all_batches())
        run = _Run(self._engine, function_options(self._functions) + as_options(self._options))
        try:
            # Closed before the run is, also where nobody takes the rest.
            with contextlib.closing(run.batches(reader)) as results:
                for batch in results:
                    yield beside.joined(batch)
            self.result = run.result(None)
        finally:
            run.close()


class _Beside:
    """The columns of rows that stand beside their results, from when they are read until they are scored."""

    def __init__(self, names: list[str]) -> None:
        self._names = names
        self._batches: list[Any] = []
        # The number of the first row that is held, and of the next one to come.
        self._start = self._end = 0

    def add(self, batch: Any) -> None:
        if self._names:
            self._batches.append(batch.select(self._names))
            self._end += batch.num_rows

    def joined(self, results: Any) -> Any:
        import pyarrow
        import pyarrow.compute

        if not self._names or results.num_rows == 0:
            return results
        rows = results.column("row")
        while self._batches and self._start + self._batches[0].num_rows <= rows[0].as_py():
            self._start += self._batches.pop(0).num_rows
        table = pyarrow.Table.from_batches(self._batches).take(pyarrow.compute.subtract(rows, self._start))
        columns = [_whole(table.column(name)) for name in self._names] + results.columns
        return pyarrow.RecordBatch.from_arrays(columns, names=self._names + results.schema.names)


def _whole(column: Any) -> Any:
    """A chunked array as one array, also where it has no chunks."""
    import pyarrow

    found = column.combine_chunks()
    return pyarrow.concat_arrays(found.chunks) if isinstance(found, pyarrow.ChunkedArray) else found


def result_schema(functions: Mapping[str, Any], scorers: tuple[Any, ...], engine_options: Mapping[str, Any],
                  options: Mapping[str, Any], schema: Any) -> Any:
    """The Arrow schema of the rows of results, from a run over no rows."""
    import pyarrow

    empty = pyarrow.Table.from_batches([], schema)
    result = engine_for(scorers, **engine_options).score(empty, functions, progress=False, **options)
    return result.rows.to_pyarrow().schema


def state_row(state: bytes, schema: Any) -> Any:
    """A row with a state alone, of a schema that ends with the column of states."""
    import pyarrow

    cells = [pyarrow.nulls(1, field.type) for field in schema]
    cells[-1] = pyarrow.array([state], pyarrow.binary())
    return pyarrow.RecordBatch.from_arrays(cells, schema=schema)


def jobs_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a run in a worker, which has one core."""
    return {"jobs": int(os.environ.get("ASSAY_WORKER_JOBS", "1")), **options}


BUDGETS = ("max_cost", "max_requests")


def check_options(options: Mapping[str, Any]) -> None:
    """Refuses options that only a run over all rows can follow.

    Raises:
        AssayError: which option, and what to do instead.
    """
    if options.get("limit") is not None:
        raise AssayError("limit would hold for each partition; limit the rows before they are scored, with .limit(n)")


def share_of(options: Mapping[str, Any], index: int, count: int) -> dict[str, Any]:
    """The options of part `index` of `count` parts: budgets are divided, so that all parts together keep within them.

    A part that was not counted on (`index >= count`) may spend nothing.
    """
    own = dict(options)
    is_known = index < count
    if own.get("max_cost") is not None:
        own["max_cost"] = own["max_cost"] / count if is_known else 0
    if own.get("max_requests") is not None:
        whole, more = divmod(int(own["max_requests"]), count)
        own["max_requests"] = whole + (index < more) if is_known else 0
    return own


def has_budget(options: Mapping[str, Any]) -> bool:
    return any(options.get(name) is not None for name in BUDGETS)
