"""Scoring on Apache Spark: partitions are scored where they are, and their states are merged on the driver.

    >>> scored = assay.spark.score(df, {"basic::equality": None, "text::bleu": None})
    >>> scored.rows.write.parquet("scores")
    >>> scored.result().aggregates

Each worker asks models by itself: divide budgets and rates by the number of partitions that run at once. See the manual.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from . import merge
from ._engine import engine_for, split
from ._partitions import STATE, jobs_of, result_schema, score_batches
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
        options: those of `assay.score`. Files that they name must be where the workers run.
    """
    from pyspark.sql.types import BinaryType, StructField, StructType

    functions, scorers = _named(functions)
    engine_options, rest = split(options)
    keep = list(keep)
    run = jobs_of(rest)
    arrow = _arrow_schema(df)
    results = result_schema(functions, scorers, engine_options, run, arrow)
    fields = [df.schema[name] for name in keep]
    from pyspark.sql.pandas.types import from_arrow_schema

    fields += list(from_arrow_schema(results).fields) + [StructField(STATE, BinaryType(), True)]
    schema = StructType([StructField(field.name, field.dataType, True) for field in fields])
    names = [field.name for field in schema.fields]

    def partition(batches: Iterator[Any]) -> Iterator[Any]:
        import pyarrow

        kept: list[Any] = []

        def seen() -> Iterator[Any]:
            for batch in batches:
                if keep:
                    kept.append(batch.select(keep))
                yield batch

        table, state = score_batches(seen(), functions, scorers, engine_options, run)
        if table is None:
            return
        if keep:
            beside = pyarrow.Table.from_batches(kept).take(table["row"])
            for place, name in enumerate(keep):
                table = table.add_column(place, name, beside[name])
        nothing = pyarrow.nulls(table.num_rows, pyarrow.binary())
        table = table.append_column(STATE, nothing)
        yield from table.select(names).to_batches(max_chunksize=10_000)
        last = [pyarrow.nulls(1, field.type) for field in table.schema]
        last[-1] = pyarrow.array([state], pyarrow.binary())
        yield pyarrow.RecordBatch.from_arrays(last, schema=table.schema)

    return Scored(df.mapInArrow(partition, schema), functions, engine_options)


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
