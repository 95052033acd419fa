"""Score what language models write.

    >>> import assay
    >>> result = assay.score(table, {"basic::equality": None, "text::f1": None}, by="model")
    >>> result.aggregates["basic::equality"]["accuracy"]
    {'accuracy': 0.5, 'num_correct': 1, 'num_total': 2}
    >>> polars.DataFrame(result.rows)

The engine is that of the command line: the same functions, numbers and messages. See `Engine.score` for what can be scored,
`scorer` for scoring functions in Python, `assay.spark` and `assay.ray` for clusters.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from ._engine import Engine, Merger, engine_for, split
from ._errors import AssayError, ForkError
from ._library import lib as _lib
from ._result import Result
from ._rows import Rows
from ._scorers import PythonScorer, scorer

__all__ = [
    "AssayError", "Engine", "ForkError", "PythonScorer", "Result", "Rows", "functions", "merge", "score", "scorer",
]

__version__: str = _lib.assay_library_version().decode()


def score(data: Any, functions: Any, *, keep_rows: bool = True, progress: bool | None = None, **options: Any) -> Result:
    """Scores rows with an engine that is made when it is first wanted. See `Engine.score`, and `Engine` for the options about
    definitions, plugins and models, which may stand here, too.

        >>> assay.score("answers.jsonl", "basic::equality", map={"expected_answer": "gold"})
        >>> assay.score(df, {"llm-as-judge::base": {"judge_model": "m"}}, config="models.json", max_cost=2)
    """
    named = list(functions) if isinstance(functions, (Mapping, Iterable)) and not isinstance(functions, str) else []
    scorers = tuple(function for function in named if isinstance(function, PythonScorer))
    own, rest = split(options)
    return engine_for(scorers, **own).score(data, functions, keep_rows=keep_rows, progress=progress, **rest)


def functions(**options: Any) -> dict[str, dict[str, Any]]:
    """The definitions of all scoring functions, by identifier. The options are those of `Engine`."""
    return engine_for(**options).functions


def merge(states: Iterable[bytes | str | os.PathLike[str] | Result], *, engine: Engine | None = None) -> Result:
    """Merges states: the result is that of one run over all their rows, to the last bit, in whatever order they come.

    Args:
        states: results, their ``state``, or files that ``assay score --state`` or `Result.save_state` wrote.

    Raises:
        AssayError: if a state is damaged, or is that of another kind of run; the message says which and what differs.
    """
    merger = Merger()
    try:
        for index, state in enumerate([states] if isinstance(states, (Result, bytes, str, os.PathLike)) else states):
            if isinstance(state, Result):
                state = state.state or b""
            if isinstance(state, bytes):
                merger.add(state, f"state {index}")
            elif not isinstance(state, (str, os.PathLike)):
                raise AssayError(f"{type(state).__name__} is not a state; give results, their states, or paths of states")
            else:
                with open(state, "rb") as file:
                    merger.add(file.read(), os.fspath(state))
        return merger.result(engine or engine_for())
    finally:
        merger.close()
