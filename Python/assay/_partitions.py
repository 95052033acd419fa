"""What workers of a cluster do with the rows of a partition."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ._engine import Engine, engine_for

#: The column with the state of a partition, in the one row that each partition adds to its output.
STATE = "__assay_state__"


def score_batches(
    batches: Iterable[Any], functions: Mapping[str, Any], scorers: tuple[Any, ...], engine_options: Mapping[str, Any],
    options: Mapping[str, Any],
) -> tuple[Any, bytes]:
    """Scores the batches of a partition.

    Returns:
        The rows, as a ``pyarrow.Table``, and the state.
    """
    import pyarrow

    batches = iter(batches)
    first = next(batches, None)
    if first is None:
        return None, b""

    def all_batches() -> Iterator[Any]:
        yield first
        yield from batches

    reader = pyarrow.RecordBatchReader.from_batches(first.schema, all_batches())
    # A forked worker makes an engine of its own. Scorers were sent for this task, and go with it.
    engine = Engine(scorers=scorers, **engine_options) if scorers else engine_for(**engine_options)
    result = engine.score(reader, functions, progress=False, **options)
    return result.rows.to_pyarrow(), result.state


def result_schema(functions: Mapping[str, Any], scorers: tuple[Any, ...], engine_options: Mapping[str, Any],
                  options: Mapping[str, Any], schema: Any) -> Any:
    """The Arrow schema of the rows of results, from a run over no rows."""
    import pyarrow

    empty = pyarrow.Table.from_batches([], schema)
    result = engine_for(scorers, **engine_options).score(empty, functions, progress=False, **options)
    return result.rows.to_pyarrow().schema


def jobs_of(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options of a run in a worker, which has one core."""
    return {"jobs": int(os.environ.get("ASSAY_WORKER_JOBS", "1")), **options}
