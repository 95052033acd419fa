"""Files that can be scored: those that the engine reads, Parquet and Arrow."""

from __future__ import annotations

import glob
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ._errors import AssayError


class Files:
    """Files that the engine reads by itself."""

    def __init__(self, paths: list[str], temporary: Any = None) -> None:
        self.paths = paths
        self._temporary = temporary

    def named(self, message: str) -> str:
        """A message about these files, in which one that the user has not named is "the rows"."""
        return message if self._temporary is None else message.replace(self._temporary.name, "the rows")


def files(names: list[str]) -> Any:
    """Paths and patterns as `Files`, or as a stream of Arrow.

    Raises:
        AssayError: if there are none, or they cannot be read together.
    """
    paths: list[str] = []
    for name in names:
        found = sorted(glob.glob(name, recursive=True)) if glob.has_magic(name) and not os.path.exists(name) else [name]
        if not found:
            raise AssayError(f"{name}: no file matches")
        for path in found:
            paths.extend(sorted(map(str, Path(path).rglob("*.parquet"))) if os.path.isdir(path) else [path])
    if not paths:
        raise AssayError(f"{', '.join(names)}: the folder has no .parquet files")
    kinds = {_ending(path) for path in paths}
    if len(kinds) > 1:
        raise AssayError("Parquet, Arrow and other files cannot be scored together; score each kind and merge the states")
    read = {"parquet": _parquet, "arrow": _arrow_files}.get(kinds.pop())
    if read is None:
        return Files(paths)
    for path in paths:
        if not os.path.exists(path):
            raise AssayError(f"{path}: the file does not exist")
    return read(paths)


def _ending(path: str) -> str | None:
    """What reads a file: "parquet" or "arrow"; None for the engine."""
    if path.endswith((".parquet", ".pq")):
        return "parquet"
    return "arrow" if path.endswith((".arrow", ".arrows", ".ipc", ".feather")) else None


def _parquet(paths: list[str]) -> Any:
    """A stream over Parquet files, a few thousand rows at a time."""
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
        relation = duckdb.connect().read_parquet(paths)
        read = relation.to_arrow_reader if hasattr(relation, "to_arrow_reader") else relation.fetch_record_batch
        return read(16_384)
    try:
        schema = _common_schema([parquet.read_schema(path) for path in paths])
    except (pyarrow.ArrowException, OSError) as error:
        raise AssayError(f"{_first_fault(paths, parquet.read_schema)} ({error})") from error

    def batches() -> Iterator[Any]:
        for path in paths:
            with parquet.ParquetFile(path) as file:
                for batch in file.iter_batches(batch_size=16_384):
                    yield aligned(batch, schema, path)

    return pyarrow.RecordBatchReader.from_batches(schema, batches())


def _arrow_files(paths: list[str]) -> Any:
    """A stream over files in Arrow's own formats."""
    try:
        import pyarrow
    except ImportError:
        raise AssayError("reading Arrow files needs pyarrow: pip install 'assay-scoring[parquet]'") from None

    def opened(path: str) -> Any:
        """The schema of a file, and its batches."""
        source = pyarrow.memory_map(path)
        try:
            file = pyarrow.ipc.open_file(source)
            return file.schema, (file.get_batch(index) for index in range(file.num_record_batches))
        except pyarrow.ArrowInvalid:
            source.seek(0)
            stream = pyarrow.ipc.open_stream(source)
            return stream.schema, iter(stream)

    try:
        schema = _common_schema([opened(path)[0] for path in paths])
    except (pyarrow.ArrowException, OSError) as error:
        raise AssayError(f"{_first_fault(paths, opened)} ({error})") from error
    return pyarrow.RecordBatchReader.from_batches(
        schema, (aligned(batch, schema, path) for path in paths for batch in opened(path)[1]))


def _first_fault(paths: list[str], read: Any) -> str:
    """Which file cannot be read."""
    for path in paths:
        try:
            read(path)
        except Exception:  # of pyarrow, of many types
            return f"{path}: cannot be read as the kind of file that its name says"
    return f"{paths[0]}: the files have columns of different kinds"


def _common_schema(schemas: list[Any]) -> Any:
    """The columns of all files, each with the type that it has in the first file that has a value for it."""
    import pyarrow

    fields = {}
    for schema in schemas:
        for field in schema:
            if len(schema.get_all_field_indices(field.name)) > 1:
                raise AssayError(f"a file has the column {field.name!r} more than once; rename one of them")
            if field.name not in fields or pyarrow.types.is_null(fields[field.name].type):
                fields[field.name] = field.with_nullable(True)
    return pyarrow.schema(list(fields.values()))


def aligned(batch: Any, schema: Any, place: str) -> Any:
    """A batch with the columns of a schema: in its order, of its types, null where it has none.

    Raises:
        AssayError: if a column cannot be converted; it names `place`, where the batch is from.
    """
    import pyarrow

    if batch.schema.equals(schema):
        return batch
    columns = []
    for field in schema:
        index = batch.schema.get_field_index(field.name)
        column = batch.column(index) if index >= 0 else pyarrow.nulls(batch.num_rows, field.type)
        try:
            columns.append(column if column.type == field.type else column.cast(field.type))
        except pyarrow.ArrowException as error:
            raise AssayError(
                f"{place}: the column {field.name!r} is {batch.schema.field(index).type}, which cannot be converted to "
                f"{field.type}, as before"
            ) from error
    return pyarrow.RecordBatch.from_arrays(columns, schema=schema)
