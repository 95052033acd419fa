"""Scoring functions in Python."""

from __future__ import annotations

import ctypes
import json
import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ._library import SCORE, ArrowScorer

_TYPES = {"text", "number", "integer", "boolean", "json"}


class PythonScorer:
    """A scoring function in Python. Call it as the function that it is; `identifier` names it in a run."""

    def __init__(
        self, function: Callable[..., Any], identifier: str, inputs: Any, outputs: Any, each_row: bool,
        aggregations: Sequence[str], parameters: Mapping[str, Any],
    ) -> None:
        self.identifier = identifier
        self._arguments = (function, identifier, inputs, outputs, each_row, aggregations, dict(parameters))
        self._function = function
        self._each_row = each_row
        self._inputs = _columns(inputs)
        self._outputs = _columns(outputs)
        self.__name__ = getattr(function, "__name__", identifier)
        self.__doc__ = function.__doc__
        if not any(column["name"] == "score" for column in self._outputs):
            raise ValueError(f"{identifier}: one of the outputs must be named 'score'")
        provider, _, name = identifier.partition("::")
        if not provider or not name:
            raise ValueError(f"{identifier!r} is not PROVIDER::NAME")
        score = next(column for column in self._outputs if column["name"] == "score")
        definition = {
            "identifier": identifier,
            "provider_id": provider,
            "provider_resource_id": name,
            "description": (function.__doc__ or "").strip().split("\n")[0],
            "return_type": {"type": {"text": "string", "json": "json", "boolean": "boolean"}.get(score["type"], "number")},
            "params": {"type": "basic", "aggregation_functions": list(aggregations), **parameters},
            "inputs": self._inputs,
            "outputs": self._outputs,
        }
        self._definition = json.dumps(definition).encode()
        self._callback = SCORE(self._score)
        self._structure = ArrowScorer(ctypes.sizeof(ArrowScorer), 0, self._definition, None, self._callback)

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        return self._function(*arguments, **options)

    def __reduce__(self) -> tuple[Any, ...]:
        # Workers of a cluster make one of their own.
        return PythonScorer, self._arguments

    def __repr__(self) -> str:
        return f"<assay scorer {self.identifier}>"

    def _score(self, _, parameters, schema, rows, out_schema, out, error, size) -> int:  # noqa: ANN001
        try:
            import pyarrow

            batch = pyarrow.RecordBatch._import_from_c(rows, schema)
            options = json.loads(parameters or b"{}")
            found = self._by_row(batch, options) if self._each_row else self._function(batch, **options)
            self._batch(found, batch.num_rows)._export_to_c(out, out_schema)
            return 0
        except BaseException as fault:  # a callback must not raise
            # The place is what its author needs, and there is room for one line.
            last = traceback.extract_tb(fault.__traceback__)[-1]
            message = f"{type(fault).__name__}: {fault} ({last.filename.rsplit('/', 1)[-1]}, line {last.lineno})"
            text = message.encode("utf-8", "replace")[: size - 1]
            ctypes.memmove(error, text + b"\0", len(text) + 1)
            return 1

    def _by_row(self, batch: Any, options: Mapping[str, Any]) -> dict[str, list[Any]]:
        names = [column["name"] for column in self._outputs]
        found: dict[str, list[Any]] = {name: [] for name in names}
        found["message"] = []
        for row in batch.to_pylist():
            message = None
            try:
                value = self._function(**row, **options)
                values = value if isinstance(value, Mapping) else {"score": value}
            except Exception as fault:
                values, message = {}, f"{type(fault).__name__}: {fault}"
            for name in names:
                found[name].append(values.get(name))
            found["message"].append(message)
        return found

    def _batch(self, found: Any, count: int) -> Any:
        import pyarrow

        if isinstance(found, pyarrow.RecordBatch):
            columns = {name: found.column(name) for name in found.schema.names}
        else:
            columns = dict(found) if isinstance(found, Mapping) else {"score": found}
        types = {"text": pyarrow.string(), "number": pyarrow.float64(), "integer": pyarrow.int64(),
                 "boolean": pyarrow.bool_(), "json": pyarrow.string()}
        arrays, names = [], []
        for column in [*self._outputs, {"name": "message", "type": "text"}]:
            name, kind = column["name"], column["type"]
            if name not in columns:
                continue
            values = columns[name]
            if kind == "json" and not isinstance(values, pyarrow.Array):
                values = [None if value is None else json.dumps(value) for value in values]
            array = _array(values, types[kind])
            if len(array) != count:
                raise ValueError(f"{self.identifier} returned {len(array)} values of {name!r} for {count} rows")
            arrays.append(array)
            names.append(name)
        return pyarrow.RecordBatch.from_arrays(arrays, names)


def _array(values: Any, kind: Any) -> Any:
    import pyarrow

    if isinstance(values, pyarrow.ChunkedArray):
        values = values.combine_chunks()
    if isinstance(values, pyarrow.Array):
        return values.cast(kind)
    if hasattr(values, "to_arrow"):
        return _array(values.to_arrow(), kind)
    if hasattr(values, "tolist"):
        values = values.tolist()
    values = list(values)
    if pyarrow.types.is_float64(kind):
        values = [None if value is None else float(value) for value in values]
    return pyarrow.array(values, kind)


def _columns(columns: Any) -> list[dict[str, Any]]:
    if isinstance(columns, Mapping):
        columns = [{"name": name, **(kind if isinstance(kind, Mapping) else {"type": kind})} for name, kind in columns.items()]
    described = [{"name": column, "type": "text"} if isinstance(column, str) else dict(column) for column in columns]
    for column in described:
        if column.get("type") not in _TYPES:
            raise ValueError(f"the column {column['name']!r} has the type {column.get('type')!r}; known: {sorted(_TYPES)}")
    return described


def scorer(
    identifier: str, *, inputs: Iterable[str] | Mapping[str, Any] = ("generated_answer", "expected_answer"),
    outputs: Mapping[str, Any] | None = None, each_row: bool = False, aggregations: Sequence[str] = ("average",),
    **parameters: Any,
) -> Callable[[Callable[..., Any]], PythonScorer]:
    """Makes a scoring function of a Python function.

    The function takes a ``pyarrow.RecordBatch`` of up to 1,024 rows with the inputs as columns, and the parameters by name.
    It returns the scores: a list, a numpy or Arrow array, or ``{output: values}``. None is no score. With ``each_row``, it takes
    the inputs of one row by name instead, which is slower, and returns a score or ``{output: value}``.

    An exception costs the rows of its batch, or its row, and is their message.

    Args:
        identifier: ``PROVIDER::NAME``, as for all scoring functions.
        inputs: names of columns with text, or ``{name: "text" | "number" | "integer" | "boolean" | "json"}``.
        outputs: in the same way; ``{"score": "number"}`` if None.
        aggregations: what is computed from all scores.
        parameters: those of the definition, with their values by default.

    Example:
        >>> @assay.scorer("mine::ratio")
        ... def ratio(rows):
        ...     pairs = zip(rows["generated_answer"].to_pylist(), rows["expected_answer"].to_pylist())
        ...     return [rapidfuzz.fuzz.ratio(a, b) / 100 for a, b in pairs]
        >>> assay.score(table, [ratio, "basic::equality"])
    """

    def decorate(function: Callable[..., Any]) -> PythonScorer:
        return PythonScorer(
            function, identifier, inputs, outputs or {"score": "number"}, each_row, aggregations, parameters)

    return decorate
