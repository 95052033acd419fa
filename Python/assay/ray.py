"""Scoring on Ray: blocks are scored by actors, each with an engine, and their states are merged where the result is wanted.

    >>> scored = assay.ray.score(ds, {"basic::equality": None})
    >>> scored.result().aggregates
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import merge
from ._engine import engine_for, split
from ._partitions import STATE, jobs_of, score_batches
from ._result import Result
from .spark import _named


class _Actor:
    """An engine in a process of Ray's."""

    def __init__(self, functions: Mapping[str, Any], scorers: tuple[Any, ...], engine_options: Mapping[str, Any],
                 options: Mapping[str, Any]) -> None:
        self._arguments = (functions, scorers, engine_options, options)

    def __call__(self, table: Any) -> Any:
        import pyarrow

        rows, state = score_batches(table.to_batches(), *self._arguments)
        if rows is None:
            return pyarrow.table({STATE: pyarrow.array([], pyarrow.binary())})
        # The state is in the first row of its block.
        states = pyarrow.array([state] + [None] * (rows.num_rows - 1), pyarrow.binary())
        return rows.append_column(STATE, states)


class Scored:
    """Scores of a dataset's rows.

    Attributes:
        rows: a ``ray.data.Dataset`` with the columns of `assay.Rows`; ``row`` counts within a block.
    """

    def __init__(self, dataset: Any, engine_options: Mapping[str, Any]) -> None:
        self._dataset = dataset.materialize()
        self._engine_options = dict(engine_options)

    @property
    def rows(self) -> Any:
        return self._dataset.drop_columns([STATE])

    def result(self) -> Result:
        """The aggregates over all blocks, exact: those of one run over all rows."""
        states = [row[STATE] for row in self._dataset.select_columns([STATE]).iter_rows() if row[STATE] is not None]
        return merge(states, engine=engine_for(**self._engine_options))


def score(ds: Any, functions: Any, *, concurrency: int | tuple[int, int] = 1, batch_size: int = 16_384,
          **options: Any) -> Scored:
    """Scores the rows of a Ray dataset.

    Args:
        ds: a ``ray.data.Dataset``.
        functions: as for `assay.score`.
        concurrency: the number of actors, or the least and the most.
        batch_size: rows that an actor scores at once.
        options: those of `assay.score`.
    """
    functions, scorers = _named(functions)
    engine_options, rest = split(options)
    scored = ds.map_batches(
        _Actor, fn_constructor_args=(functions, scorers, engine_options, jobs_of(rest)), batch_format="pyarrow",
        batch_size=batch_size, concurrency=concurrency, zero_copy_batch=True)
    return Scored(scored, engine_options)
