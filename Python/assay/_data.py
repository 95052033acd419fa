"""What can be scored: tables, rows and paths."""

from __future__ import annotations

import itertools
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from ._errors import AssayError
from ._files import Files, aligned, files
from ._json import as_row, text_of


def prepared(data: Any) -> Any:
    """Data as something with ``__arrow_c_stream__``, or as `Files`.

    Raises:
        AssayError: if the data are of no kind that can be scored.
    """
    if isinstance(data, (str, os.PathLike)):
        return files([os.fspath(data)])
    module = type(data).__module__.partition(".")[0]
    if _is_one_column(data):
        raise AssayError(
            f"{_kind(data)} is one column; give a table with the columns that the functions need, such as "
            '{"generated_answer": answers, "expected_answer": gold}'
        )
    if module == "pandas" and hasattr(data, "itertuples"):
        return _frame(data)
    if module == "datasets" and (hasattr(data, "with_format") or isinstance(data, Mapping)):
        return _hub_dataset(data)
    if hasattr(data, "__arrow_c_stream__"):
        return data
    if hasattr(data, "__arrow_c_array__"):
        import pyarrow

        try:
            batch = pyarrow.record_batch(data)
        except (TypeError, ValueError) as error:
            raise AssayError(f"{_refusal(data)} ({error})") from error
        return pyarrow.RecordBatchReader.from_batches(batch.schema, [batch])
    if hasattr(data, "scanner") and module == "pyarrow":
        return data.scanner().to_reader()
    for name in ("fetch_record_batch", "to_arrow_reader"):  # DuckDB, before and since 1.4
        if hasattr(data, name):
            return getattr(data, name)()
    if hasattr(data, "collect_schema") and hasattr(data, "collect"):
        return data.collect()
    if isinstance(data, Mapping):
        return _columns(data)
    if getattr(getattr(data, "dtype", None), "names", None):  # a structured array of numpy
        return _columns({name: data[name] for name in data.dtype.names})
    if isinstance(data, Iterable) and not isinstance(data, (bytes, bytearray)) and not hasattr(data, "readline"):
        return _rows(data)
    raise AssayError(_refusal(data))


def _refusal(data: Any) -> str:
    return (
        f"{_kind(data)} cannot be scored; give a table (pyarrow, Polars, pandas, DuckDB), a path, a list of paths, a list of "
        "dicts, or a dict of lists"
    )


def _kind(data: Any) -> str:
    module = type(data).__module__.partition(".")[0]
    return type(data).__name__ if module in ("builtins", "__main__") else f"{module}.{type(data).__name__}"


def _is_one_column(data: Any) -> bool:
    """Whether data is a Series, an array or a column of a library of tables."""
    module = type(data).__module__.partition(".")[0]
    if module == "numpy":
        return not getattr(data.dtype, "names", None)
    if module == "pyarrow":
        arrow_type = getattr(data, "type", None)
        return arrow_type is not None and getattr(arrow_type, "num_fields", 0) == 0
    return module in ("pandas", "polars") and (hasattr(data, "to_frame") and not hasattr(data, "itertuples")
                                               or type(data).__name__ in ("Categorical", "Index"))


def _frame(frame: Any) -> Any:
    """A frame of pandas; as rows where a column has values of several types, which Arrow does not have."""
    names = [str(name) for name in frame.columns]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise AssayError(f"the frame has the column {twice[0]!r} more than once; rename one of them")
    try:
        return Capsule(frame.__arrow_c_stream__())
    except Exception:  # of pyarrow and pandas, of many types
        pass
    plain = frame.astype(object)
    records = plain.where(plain.notna(), None).to_dict("records")
    return _lines({str(name): value for name, value in record.items()} for record in records)


class Capsule:
    """A capsule with a stream of Arrow, for one reader."""

    def __init__(self, capsule: object) -> None:
        self._capsule = capsule

    def __arrow_c_stream__(self, requested_schema: object = None) -> object:
        return self._capsule


def _hub_dataset(data: Any) -> Any:
    """A dataset of the library `datasets`, a few thousand rows at a time."""
    if isinstance(data, Mapping):
        raise AssayError(f"a DatasetDict has several datasets; give one of them: {', '.join(map(repr, data))}")
    import pyarrow

    tables = iter(data.with_format("arrow").iter(batch_size=16_384))
    first = next(tables, None)
    if first is None:
        return pyarrow.table({name: [] for name in data.column_names or []})
    # A dataset that streams infers the types of each batch.
    return pyarrow.RecordBatchReader.from_batches(
        first.schema,
        (aligned(batch, first.schema, "the dataset") for table in itertools.chain([first], tables)
         for batch in table.to_batches()))


def _columns(data: Mapping[str, Any]) -> Files:
    """A dict of lists."""
    for name, values in data.items():
        if isinstance(values, (str, bytes, Mapping)) or not isinstance(values, Iterable):
            raise AssayError(
                f"{name!r} is {_kind(values)}, not a list of values; to score one row, put it into a list: [row]"
            )
    columns = {name: list(values) for name, values in data.items()}
    if len({len(values) for values in columns.values()}) > 1:
        lengths = ", ".join(f"{name!r} has {len(values)}" for name, values in columns.items())
        raise AssayError(f"the columns have different numbers of values: {lengths}")
    return _lines(dict(zip(columns, values)) for values in zip(*columns.values()))


def _rows(data: Iterable[Any]) -> Any:
    """Rows, or paths."""
    values = iter(data)
    first = next(values, None)
    if first is None:
        return _lines([])
    if isinstance(first, (str, os.PathLike)):
        paths = [first, *values]
        for index, path in enumerate(paths):
            if not isinstance(path, (str, os.PathLike)):
                raise AssayError(f"element {index} is {_kind(path)}; expected a path, as the elements before it")
        return files([os.fspath(path) for path in paths])
    if as_row(first) is None:
        raise AssayError(
            f"the first row is {_kind(first)}; expected a dict, or an object with named fields, such as a dataclass")

    def rows() -> Iterator[Mapping[str, Any]]:
        for index, value in enumerate(itertools.chain([first], values)):
            row = as_row(value)
            if row is None:
                raise AssayError(f"row {index} is {_kind(value)}; expected a dict, as the rows before it")
            yield row

    return _lines(rows())


def _lines(rows: Iterable[Mapping[str, Any]]) -> Files:
    file = tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8", errors="surrogatepass")
    for index, row in enumerate(rows):
        try:
            file.write(text_of(row) + "\n")
        except AssayError as error:
            raise AssayError(f"row {index}: {error}") from error.__cause__
    file.flush()
    return Files([file.name], file)
