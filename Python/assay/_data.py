"""What can be scored: tables, rows and files."""

from __future__ import annotations

import glob
import json
import os
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from ._errors import AssayError

TEXT_ENDINGS = (".jsonl", ".ndjson", ".json", ".csv", ".tsv")


class Files:
    """Files that the engine reads by itself."""

    def __init__(self, paths: list[str], temporary: Any = None) -> None:
        self.paths = paths
        self._temporary = temporary


def prepared(data: Any) -> Any:
    """Data as something with ``__arrow_c_stream__``, or as `Files`.

    Raises:
        AssayError: if the data are of no kind that can be scored.
    """
    if isinstance(data, (str, os.PathLike)):
        return _files([os.fspath(data)])
    if hasattr(data, "__arrow_c_stream__"):
        return data
    if hasattr(data, "__arrow_c_array__"):
        import pyarrow

        batch = pyarrow.record_batch(data)
        return pyarrow.RecordBatchReader.from_batches(batch.schema, [batch])
    if hasattr(data, "fetch_record_batch"):
        return data.fetch_record_batch()
    if hasattr(data, "collect_schema") and hasattr(data, "collect"):
        return data.collect()
    if isinstance(data, Mapping):
        columns = {name: list(values) for name, values in data.items()}
        lengths = {len(values) for values in columns.values()}
        if len(lengths) > 1:
            raise AssayError(f"the columns have different lengths: {sorted(lengths)}; give each as many values")
        names = list(columns)
        return _lines(dict(zip(names, values)) for values in zip(*columns.values()))
    if isinstance(data, Iterable):
        data = list(data)
        if all(isinstance(row, (str, os.PathLike)) for row in data) and data:
            return _files([os.fspath(path) for path in data])
        if all(isinstance(row, Mapping) for row in data):
            return _lines(data)
    raise AssayError(
        f"{type(data).__name__} cannot be scored; give a table (pyarrow, Polars, pandas, DuckDB), a path, a list of paths, a "
        "list of dicts, or a dict of lists"
    )


def _lines(rows: Iterable[Mapping[str, Any]]) -> Files:
    file = tempfile.NamedTemporaryFile("w", suffix=".jsonl", encoding="utf-8", errors="surrogatepass")
    try:
        for row in rows:
            file.write(json.dumps(row, default=_plain) + "\n")
    except TypeError as error:
        raise AssayError(f"a row cannot be written as JSON: {error}; convert its values first") from error
    file.flush()
    return Files([file.name], file)


def _plain(value: Any) -> Any:
    """What JSON has no word for: numpy's scalars and arrays, dates, paths."""
    for convert in ("tolist", "isoformat"):
        if hasattr(value, convert):
            return getattr(value, convert)()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _files(names: list[str]) -> Any:
    paths: list[str] = []
    for name in names:
        found = sorted(glob.glob(name, recursive=True)) if glob.has_magic(name) and not os.path.exists(name) else [name]
        if not found:
            raise AssayError(f"{name}: no file matches")
        for path in found:
            paths.extend(sorted(map(str, Path(path).rglob("*.parquet"))) if os.path.isdir(path) else [path])
    if not paths:
        raise AssayError(f"{', '.join(names)}: the folder has no .parquet files")
    are_parquet = {path.endswith((".parquet", ".pq")) for path in paths}
    if are_parquet == {True}:
        return _parquet(paths)
    if are_parquet == {True, False}:
        raise AssayError("Parquet and other files cannot be scored together; score them one by one and merge the states")
    return Files(paths)


def _parquet(paths: list[str]) -> Any:
    """A stream over Parquet files, a few thousand rows at a time."""
    for path in paths:
        if not os.path.exists(path):
            raise AssayError(f"{path}: the file does not exist")
    try:
        import pyarrow
        import pyarrow.parquet as parquet
    except ImportError:
        try:
            import duckdb
        except ImportError:
            raise AssayError(
                "reading Parquet files needs pyarrow or duckdb: pip install 'assay-scoring[parquet]'"
            ) from None
        return duckdb.connect().read_parquet(paths).fetch_record_batch(16_384)
    schema = parquet.read_schema(paths[0])

    def batches() -> Iterator[Any]:
        for path in paths:
            with parquet.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=16_384):
                    yield batch if batch.schema.equals(schema) else batch.cast(schema)

    return pyarrow.RecordBatchReader.from_batches(schema, batches())
