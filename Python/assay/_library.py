"""The C library, by ctypes: everything that knows its functions."""

from __future__ import annotations

import ctypes
import os
from ctypes import POINTER, byref, c_char_p, c_int, c_int64, c_size_t, c_uint32, c_void_p
from pathlib import Path

from ._errors import AssayError
from ._options import as_keywords


class ArrowArrayStream(ctypes.Structure):
    """Arrow's C stream interface. Only its size matters here, and whether it was released."""

    _fields_ = [
        ("get_schema", c_void_p),
        ("get_next", c_void_p),
        ("get_last_error", c_void_p),
        ("release", c_void_p),
        ("private_data", c_void_p),
    ]


SCORE = ctypes.CFUNCTYPE(
    c_int, c_void_p, c_char_p, c_void_p, c_void_p, c_void_p, c_void_p, c_void_p, c_size_t
)


class ArrowScorer(ctypes.Structure):
    """assay_arrow_scorer of assay.h."""

    _fields_ = [
        ("struct_size", c_uint32),
        ("reserved", c_uint32),
        ("definition", c_char_p),
        ("context", c_void_p),
        ("score", SCORE),
    ]


_SIGNATURES = {
    "assay_library_version": (c_char_p, []),
    "assay_last_error": (c_char_p, []),
    "assay_free": (None, [c_void_p]),
    "assay_engine_new": (c_void_p, [c_char_p, POINTER(POINTER(ArrowScorer)), c_size_t]),
    "assay_engine_free": (None, [c_void_p]),
    "assay_engine_functions": (c_void_p, [c_void_p]),
    "assay_run_new": (c_void_p, [c_void_p, c_char_p]),
    "assay_run_free": (None, [c_void_p]),
    "assay_run_stream": (c_int, [c_void_p, c_void_p, c_void_p]),
    "assay_run_counts": (c_int, [c_void_p, c_void_p, c_void_p]),
    "assay_run_dataset": (c_int, [c_void_p, c_char_p, c_void_p]),
    "assay_run_cancel": (None, [c_void_p]),
    "assay_run_results": (c_void_p, [c_void_p]),
    "assay_run_state": (c_void_p, [c_void_p, POINTER(c_size_t)]),
    "assay_state_new": (c_void_p, [c_char_p, c_size_t, c_char_p]),
    "assay_state_merge": (c_int, [c_void_p, c_char_p, c_size_t, c_char_p]),
    "assay_state_bytes": (c_void_p, [c_void_p, POINTER(c_size_t)]),
    "assay_state_results": (c_void_p, [c_void_p, c_void_p]),
    "assay_state_free": (None, [c_void_p]),
    "assay_rows_new": (c_void_p, [c_void_p]),
    "assay_rows_read": (c_int64, [c_void_p, c_int]),
    "assay_rows_count": (c_int64, [c_void_p]),
    "assay_rows_stream": (c_int, [c_void_p, c_void_p]),
    "assay_rows_free": (None, [c_void_p]),
    "assay_stream_new": (c_void_p, []),
    "assay_stream_free": (None, [c_void_p]),
    "assay_main": (None, [c_int, POINTER(c_char_p)]),
}


def _path() -> str:
    """The library: the one that ASSAY_LIBRARY names, or that of the package."""
    named = os.environ.get("ASSAY_LIBRARY")
    if named:
        return named
    path = Path(__file__).parent / "_native" / "lib" / "libassay.so"
    if not path.exists():
        raise AssayError(
            f"the engine was not found at {path}; install the package from a wheel, or name the library that "
            "Assay's build made in ASSAY_LIBRARY"
        )
    return str(path)


def _load() -> ctypes.CDLL:
    library = ctypes.CDLL(_path())
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(library, name)
        function.restype = result
        function.argtypes = arguments
    return library


lib = _load()


def error() -> AssayError:
    """Why the last call failed."""
    message = lib.assay_last_error() or b""
    return AssayError(as_keywords(message.decode("utf-8", "replace")) or "the engine failed without a reason")


def taken_text(pointer: int | None) -> str:
    """The text of a char * that is to be freed."""
    if not pointer:
        raise error()
    try:
        return ctypes.string_at(pointer).decode("utf-8")
    finally:
        lib.assay_free(pointer)


def taken_bytes(pointer: int | None, length: c_size_t) -> bytes:
    """The bytes of a uint8_t * that is to be freed."""
    if not pointer:
        raise error()
    try:
        return ctypes.string_at(pointer, length.value)
    finally:
        lib.assay_free(pointer)


def bytes_of(function, handle: int) -> bytes:
    """What a function that returns bytes returns for an object."""
    length = c_size_t()
    return taken_bytes(function(handle, byref(length)), length)


_capsule = ctypes.pythonapi
_capsule.PyCapsule_New.restype = ctypes.py_object
_capsule.PyCapsule_New.argtypes = [c_void_p, c_char_p, c_void_p]
_capsule.PyCapsule_GetPointer.restype = c_void_p
_capsule.PyCapsule_GetPointer.argtypes = [ctypes.py_object, c_char_p]

_STREAM = b"arrow_array_stream"


def stream_of(capsule: object) -> int:
    """The address of the stream in a capsule of the Arrow PyCapsule interface."""
    return _capsule.PyCapsule_GetPointer(capsule, _STREAM)


def new_stream() -> int:
    """A stream to be filled, which `capsule` takes over."""
    stream = lib.assay_stream_new()
    if not stream:
        raise MemoryError("an Arrow stream")
    return stream


def capsule(stream: int) -> object:
    """A stream as a capsule. Its destructor is in C: one in Python would run where an exception may be set."""
    destructor = ctypes.cast(lib.assay_capsule_release, c_void_p)
    return _capsule.PyCapsule_New(stream, _STREAM, destructor)
