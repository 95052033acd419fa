"""Scoring on Apache Spark: partitions are scored where they are, and their states are merged on the driver.

    >>> scored = assay.spark.score(df, {"basic::equality": None, "text::bleu": None})
    >>> scored.rows.write.parquet("scores")
    >>> scored.result().aggregates

Budgets are divided among the partitions. Each worker asks models by itself, so rates are to be divided by the number of
partitions that are scored at once. See the manual.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from . import merge
from ._engine import engine_for, split
from ._errors import AssayError
from ._partitions import PartitionRun, STATE, check_options, has_budget, jobs_of, result_schema, share_of, state_row
from ._result import Result
from ._scorers import PythonScorer

_TYPES = {"int64": "bigint", "double": "double", "string": "string", "bool": "boolean"}


class Scored:
    """Scores of a DataFrame's rows. Nothing is scored before it is wanted, and what is used twice should be cached:
    ``scored.cache()``.

    Attributes:
        rows: a DataFrame with ``keep`` and the columns of `assay.Rows`; ``row`` counts within a partition.
    """

    def __init__(self, frame: Any, functions: Mapping[str, Any], engine_options: Mapping[str, Any]) -> None:
        self._frame = frame
        self._engine_options = dict(engine_options)
        self._functions = functions

    def cache(self) -> "Scored":
        """Keeps what is scored, so that rows and aggregates are computed once."""
        self._frame = self._frame.cache()
        return self

    @property
    def rows(self) -> Any:
        return self._frame.where(f"`{STATE}` is null").drop(STATE)

    def result(self) -> Result:
        """The aggregates over all partitions, exact: those of one run over all rows."""
        states = self._frame.where(f"`{STATE}` is not null").select(STATE).collect()
        # Tasks are repeated, but each partition has one row in what Spark returns.
        return merge([bytes(row[0]) for row in states], engine=engine_for(**self._engine_options))


def score(df: Any, functions: Any, *, keep: Iterable[str] = (), **options: Any) -> Scored:
    """Scores the rows of a Spark DataFrame.

    Args:
        df: a ``pyspark.sql.DataFrame``.
        functions: as for `assay.score`. Scorers in Python are sent to the workers.
        keep: columns of ``df`` that stand beside the results.
        options: those of `assay.score`, except for ``limit``. Files that they name must be where the workers run.
            ``max_cost`` and ``max_requests`` are budgets of all partitions together: each may spend its share.

    Raises:
        AssayError: what was found, where, and what to do; before a job starts.
    """
    from pyspark.sql.types import BinaryType, StructField, StructType

    functions, scorers = _named(functions)
    check_options(options)
    engine_options, rest = split(options)
    keep = list(keep)
    parts = _partitions(df) if has_budget(rest) else 1
    run = jobs_of(rest)
    arrow = _arrow_schema(df)
    results = result_schema(functions, scorers, engine_options, run, arrow)
    fields = [df.schema[name] for name in keep]
    kept = [arrow.field(name) for name in keep]
    from pyspark.sql.pandas.types import from_arrow_schema

    fields += list(from_arrow_schema(results).fields) + [StructField(STATE, BinaryType(), True)]
    schema = StructType([StructField(field.name, field.dataType, True) for field in fields])

    def partition(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow
        from pyspark import TaskContext

        context = TaskContext.get()
        own = share_of(run, context.partitionId() if context else 0, parts)
        task = PartitionRun(functions, scorers, engine_options, own)
        schema = None
        for batch in task.scored(batches, keep):
            batch = batch.append_column(STATE, pyarrow.nulls(batch.num_rows, pyarrow.binary()))
            schema = batch.schema
            yield batch
        if task.result:
            yield state_row(task.result.state, schema or pyarrow.schema([*kept, *results, (STATE, pyarrow.binary())]))

    return Scored(df.mapInArrow(partition, schema), functions, engine_options)


def _partitions(df: Any) -> int:
    try:
        return max(1, df.rdd.getNumPartitions())
    except Exception as error:
        raise AssayError(
            "a budget is divided among partitions, which cannot be counted here (Spark Connect cannot); put the budget of a "
            "partition into the engine's configuration, or ask models through a server with a budget (assay serve --max-cost)"
        ) from error


def _arrow_schema(df: Any) -> Any:
    from pyspark.sql.pandas.types import to_arrow_schema

    return to_arrow_schema(df.schema)


def _named(functions: Any) -> tuple[dict[str, Any], tuple[Any, ...]]:
    """Functions by identifier, and those that are written in Python."""
    if isinstance(functions, (str, PythonScorer)):
        functions = [functions]
    if not isinstance(functions, Mapping):
        functions = {function: None for function in functions}
    scorers = tuple(function for function in functions if isinstance(function, PythonScorer))
    return {getattr(name, "identifier", name): parameters for name, parameters in functions.items()}, scorers
