"""Engines, and runs on them."""

from __future__ import annotations

import ctypes
import json
import logging
import os
import sys
import threading
import time
import weakref
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from . import _library
from ._data import Capsule, prepared
from ._errors import AssayError, ForkError
from ._files import Files
from ._library import lib
from ._options import ENGINE_OPTIONS, as_options, function_options
from ._progress import Progress
from ._result import Result
from ._rows import Rows

logger = logging.getLogger("assay")


class Engine:
    """Scoring functions and the plugins that implement them, loaded once and used for any number of runs, also from several
    threads at once.

    The keyword arguments are the options of the command line: ``fn_dir``, ``plugin_dir``, ``config`` (the configuration of
    models), ``model_url``, ``cache``, ``no_cache``, ``isolation`` and the others of ``assay score --help``.

    Args:
        scorers: functions that `assay.scorer` decorates, to be used beside the others.

    Raises:
        AssayError: if an option is not valid or a file cannot be read.
    """

    def __init__(self, *, scorers: Iterable[Any] = (), **options: Any) -> None:
        unknown = sorted(set(options) - ENGINE_OPTIONS)
        if unknown:
            raise TypeError(f"Engine has no option {unknown[0]!r}; it has {', '.join(sorted(ENGINE_OPTIONS))}")
        self._keywords = options
        self._options = as_options(options)
        self._scorers = list(scorers)
        self._pid = os.getpid()
        pointers = [ctypes.pointer(scorer._structure) for scorer in self._scorers]
        array = (ctypes.POINTER(_library.ArrowScorer) * len(pointers))(*pointers) if pointers else None
        handle = lib.assay_engine_new(json.dumps(self._options).encode(), array, len(pointers))
        if not handle:
            raise _library.error()
        self._handle = handle
        self._finalizer = weakref.finalize(self, _free_engine, handle, self._pid, self._scorers)
        for warning in self._describe()["warnings"]:
            logger.warning(warning)

    def __reduce__(self) -> Any:
        """Another process gets an engine of its own, with the same options."""
        return _new_engine, (self._scorers, self._keywords)

    def _own(self) -> int:
        if os.getpid() != self._pid:
            raise ForkError(
                "this engine belongs to the process that forked this one; create another Engine here, or start processes "
                "with the method 'spawn' or 'forkserver'"
            )
        return self._handle

    def _describe(self) -> dict[str, Any]:
        return json.loads(_library.taken_text(lib.assay_engine_functions(self._own())))

    @property
    def functions(self) -> dict[str, dict[str, Any]]:
        """The definitions of all scoring functions, by identifier."""
        return {definition["identifier"]: definition for definition in self._describe()["functions"]}

    def score(
        self, data: Any, functions: Any, *, keep_rows: bool = True, progress: bool | None = None, **options: Any
    ) -> Result:
        """Scores rows.

        Args:
            data: a table (pyarrow, Polars, pandas, a DuckDB relation, anything with ``__arrow_c_stream__``), a path or pattern or
                list of paths (``.jsonl``, ``.json``, ``.csv``, ``.tsv``, also ``.gz`` and ``.zst``; ``.parquet``, ``.arrow``,
                ``.feather``), a dataset of the library `datasets`, a list or generator of dicts, dataclasses or named
                tuples, or a dict of lists.
            functions: ``"basic::equality"``, a list of them, or ``{FN: parameters or None}``; parameters override those of
                the definition. Decorated scorers may stand in their own place.
            keep_rows: whether the result has the results of each row. Without them, memory does not grow with the data.
            progress: whether to show how many rows are done; None shows it in terminals and notebooks.
            options: those of ``assay score``: ``map={"expected_answer": "gold"}``, ``by=["subject"]``, ``where=["split=test"]``,
                ``cluster="document"``, ``limit=100``, ``jobs=4``, ``judge_model="m"``, ``max_cost=5``, ``samples=True`` with
                ``key="id"``, and so on.

        Raises:
            AssayError: what was found, where, and what to do.
            KeyboardInterrupt: within a second of Ctrl-C; no thread is left behind.
        """
        run = _Run(self, function_options(functions) + as_options(options))
        try:
            return run.score(prepared(data), keep_rows, Progress(progress))
        finally:
            run.close()


def _new_engine(scorers: list[Any], keywords: dict[str, Any]) -> Engine:
    return Engine(scorers=scorers, **keywords)


def _free_engine(handle: int, pid: int, scorers: list[Any]) -> None:
    # In a forked child, the engine's workers are the parent's.
    if os.getpid() == pid:
        lib.assay_engine_free(handle)


class _Run:
    """A run, on a thread of its own while the main thread waits for it or for Ctrl-C."""

    def __init__(self, engine: Engine, options: list[str]) -> None:
        self._engine = engine
        self._handle = lib.assay_run_new(engine._own(), json.dumps(options).encode())
        if not self._handle:
            raise _library.error()

    def close(self) -> None:
        lib.assay_run_free(self._handle)

    def batches(self, reader: Any) -> Iterator[Any]:
        """Scores the rows of a ``pyarrow.RecordBatchReader`` on this thread, as their results are taken."""
        import pyarrow

        stream = _library.new_stream()
        source = reader.__arrow_c_stream__()
        if lib.assay_run_stream(self._handle, _library.stream_of(source), stream):
            error = _library.error()
            lib.assay_stream_free(stream)
            raise error
        results = pyarrow.RecordBatchReader.from_stream(Capsule(_library.capsule(stream)))
        try:
            yield from results
        except (pyarrow.ArrowInvalid, OSError) as error:
            raise AssayError(str(error)) from error
        finally:
            results.close()

    def result(self, rows: Rows | None, data: Any = None) -> Result:
        """The results, after the last row."""
        text = _library.taken_text(lib.assay_run_results(self._handle))
        if isinstance(data, Files):
            text = data.named(text)
        result = Result(text, rows, _library.bytes_of(lib.assay_run_state, self._handle))
        for warning in result.warnings:
            logger.warning(warning)
        for hint in result.hints:
            logger.warning(hint)
        return result

    def score(self, data: Any, keep_rows: bool, progress: Progress) -> Result:
        stream = _library.new_stream()
        rows = None
        try:
            if isinstance(data, Files):
                paths = json.dumps(data.paths).encode()
                try:
                    self._waiting(lambda: lib.assay_run_dataset(self._handle, paths, stream if keep_rows else None))
                except AssayError as error:
                    raise AssayError(data.named(str(error))) from None
                if keep_rows:
                    rows = _rows(stream)
                    self._read_all(rows, keep_rows, progress)
            else:
                source = data.__arrow_c_stream__()
                start = lib.assay_run_stream if keep_rows else lib.assay_run_counts
                if start(self._handle, _library.stream_of(source), stream):
                    raise _library.error()
                rows = _rows(stream)
                self._read_all(rows, keep_rows, progress)
        finally:
            progress.close()
            lib.assay_stream_free(stream)
        return self.result(rows if keep_rows else None, data)

    def _read_all(self, rows: Rows, keep_rows: bool, progress: Progress) -> None:
        def read() -> int:
            while True:
                count = lib.assay_rows_read(rows._handle, keep_rows)
                if count <= 0:
                    return -int(count)
                progress.add(count)

        self._waiting(read, progress)

    def _waiting(self, work: Any, progress: Progress | None = None) -> None:
        outcome: dict[str, Any] = {}
        done = threading.Event()

        def run() -> None:
            try:
                if work():
                    outcome["error"] = _library.error()
            except BaseException as error:
                outcome["error"] = error
            finally:
                done.set()

        thread = threading.Thread(target=run, name="assay", daemon=True)
        interrupted = False
        while not done.is_set():
            try:
                if thread.ident is None:
                    thread.start()
                done.wait(0.1)
                if progress:
                    progress.show()
            except KeyboardInterrupt:
                interrupted = True
                lib.assay_run_cancel(self._handle)
                # An interrupt may come while the thread starts, and must not leave it behind.
                started = time.monotonic()
                while thread.ident is None and time.monotonic() - started < 0.5:
                    time.sleep(0.01)
                if thread.ident is None:
                    raise
        thread.join()
        if interrupted:
            raise KeyboardInterrupt
        if "error" in outcome:
            raise outcome["error"]


def _rows(stream: int) -> Rows:
    handle = lib.assay_rows_new(stream)
    if not handle:
        raise _library.error()
    return Rows(handle)


_engines: dict[Any, Engine] = {}
_lock = threading.Lock()


def engine_for(scorers: tuple[Any, ...] = (), **options: Any) -> Engine:
    """The engine of this process with these options, made when it is first wanted."""
    key = (os.getpid(), tuple(map(id, scorers)), json.dumps(options, sort_keys=True, default=str))
    with _lock:
        engine = _engines.get(key)
        if engine is None:
            engine = _engines[key] = Engine(scorers=scorers, **options)
        return engine


def _after_fork() -> None:
    global _lock
    _lock = threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)


def split(options: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Options of the engine, and those of a run."""
    engine = {name: value for name, value in options.items() if name in ENGINE_OPTIONS}
    return engine, {name: value for name, value in options.items() if name not in ENGINE_OPTIONS}


class Merger:
    """States that are merged one after the other."""

    def __init__(self) -> None:
        self._handle: int | None = None

    def add(self, state: bytes, name: str) -> None:
        if self._handle is None:
            self._handle = lib.assay_state_new(state, len(state), name.encode())
            if not self._handle:
                raise _library.error()
        elif lib.assay_state_merge(self._handle, state, len(state), name.encode()):
            raise _library.error()

    def result(self, engine: Engine) -> Result:
        if self._handle is None:
            raise AssayError("there are no states to merge")
        text = _library.taken_text(lib.assay_state_results(self._handle, engine._own()))
        return Result(text, None, _library.bytes_of(lib.assay_state_bytes, self._handle))

    def close(self) -> None:
        lib.assay_state_free(self._handle)


if sys.platform != "linux":
    raise AssayError("the engine runs on Linux only")
