"""Scoring on Ray: blocks are scored by actors, each with an engine, and their states are merged where the result is wanted.

    >>> scored = assay.ray.score(ds, {"basic::equality": None})
    >>> scored.result().aggregates
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from . import merge
from ._engine import engine_for, split
from ._partitions import PartitionRun, STATE, check_options, jobs_of, result_schema, share_of, state_row
from ._result import Result
from .spark import _named


class _Actor:
    """An engine in a process of Ray's, with its share of the budgets."""

    def __init__(self, functions: Mapping[str, Any], scorers: tuple[Any, ...], engine_options: Mapping[str, Any],
                 options: Mapping[str, Any], actors: int) -> None:
        self._arguments = (functions, scorers, engine_options)
        # Actors do not know their number; what cannot be divided is left out.
        self._options = share_of(options, actors - 1, actors)

    def __call__(self, table: Any) -> Any:
        import pyarrow

        run = PartitionRun(*self._arguments, self._options)
        batches = list(run.scored(table.to_batches()))
        if run.result is None:
            return pyarrow.table({STATE: pyarrow.array([], pyarrow.binary())})
        self._spend(run.result.usage or {})
        rows = pyarrow.Table.from_batches(batches, batches[0].schema if batches else self._schema(table))
        rows = rows.append_column(STATE, pyarrow.nulls(rows.num_rows, pyarrow.binary()))
        return pyarrow.Table.from_batches([*rows.to_batches(), state_row(run.result.state, rows.schema)])

    def _schema(self, table: Any) -> Any:
        functions, scorers, engine_options = self._arguments
        return result_schema(functions, scorers, engine_options, self._options, table.schema)

    def _spend(self, usage: Mapping[str, Any]) -> None:
        """Leaves what a batch has not spent to the next ones."""
        for budget, spent in (("max_cost", usage.get("cost") or 0), ("max_requests", usage.get("requests") or 0)):
            if self._options.get(budget) is not None:
                self._options[budget] = max(0, self._options[budget] - spent)


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
        return self._dataset.map_batches(_without_states, batch_format="pyarrow")

    def result(self) -> Result:
        """The aggregates over all blocks, exact: those of one run over all rows."""
        states = [row[STATE] for row in self._dataset.select_columns([STATE]).iter_rows() if row[STATE] is not None]
        return merge(states, engine=engine_for(**self._engine_options))


def _without_states(table: Any) -> Any:
    return table.filter(table[STATE].is_null()).drop_columns([STATE])


def score(ds: Any, functions: Any, *, concurrency: int | tuple[int, int] = 1, batch_size: int = 16_384,
          **options: Any) -> Scored:
    """Scores the rows of a Ray dataset.

    Args:
        ds: a ``ray.data.Dataset``.
        functions: as for `assay.score`.
        concurrency: the number of actors, or the least and the most.
        batch_size: rows that an actor scores at once.
        options: those of `assay.score`, except for ``limit``. ``max_cost`` and ``max_requests`` are budgets of all actors
            together: each may spend its share.

    Raises:
        AssayError: what was found, where, and what to do.
    """
    check_options(options)
    functions, scorers = _named(functions)
    engine_options, rest = split(options)
    actors = max(concurrency) if isinstance(concurrency, tuple) else concurrency
    scored = ds.map_batches(
        _Actor, fn_constructor_args=(functions, scorers, engine_options, jobs_of(rest), actors), batch_format="pyarrow",
        batch_size=batch_size, concurrency=concurrency, zero_copy_batch=True)
    return Scored(scored, engine_options)
