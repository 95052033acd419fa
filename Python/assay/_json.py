"""Python's values as JSON."""

from __future__ import annotations

import dataclasses
import decimal
import enum
import json
import os
from collections.abc import Mapping
from typing import Any

from ._errors import AssayError


def text_of(value: Any) -> str:
    """A value as JSON.

    Raises:
        AssayError: if some part of it cannot be written as JSON.
    """
    try:
        return json.dumps(value, default=_plain)
    except (TypeError, ValueError, RecursionError) as error:
        raise AssayError(f"a value cannot be written as JSON: {error}; convert it first") from error


def as_row(value: Any) -> Mapping[str, Any] | None:
    """A row as a mapping: a dict, or an object with named fields; None for others."""
    if isinstance(value, Mapping):
        return value
    if hasattr(value, "model_dump"):  # pydantic
        return value.model_dump()
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: getattr(value, field.name) for field in dataclasses.fields(value)}
    if isinstance(value, tuple) and hasattr(value, "_asdict"):  # named tuples
        return value._asdict()
    if hasattr(type(value), "__attrs_attrs__"):
        return {field.name: getattr(value, field.name) for field in type(value).__attrs_attrs__}
    return None


def _plain(value: Any) -> Any:
    """What JSON has no word for: scalars and arrays of numpy, missing values of pandas, dates, decimals, objects with fields."""
    if type(value).__name__ in ("NAType", "NaTType"):
        return None
    if isinstance(value, enum.Enum):
        return value.value
    if isinstance(value, decimal.Decimal):
        return _number(value)
    if isinstance(value, (bytes, bytearray)):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError:
            raise TypeError("bytes that are not UTF-8 are not JSON") from None
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=lambda element: (str(type(element)), element))
    row = as_row(value)
    if row is not None:
        return dict(row)
    for convert in ("tolist", "to_list", "isoformat"):
        if hasattr(value, convert):
            return getattr(value, convert)()
    if isinstance(value, os.PathLike):
        return os.fspath(value)
    if type(value).__module__ == "uuid":
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")


def _number(value: decimal.Decimal) -> Any:
    """A decimal as a number, or as text where no number of JSON libraries is exactly that."""
    if not value.is_finite():
        return float(value)
    if value == value.to_integral_value() and value.adjusted() < 300:
        return int(value)
    number = float(value)
    return number if decimal.Decimal(repr(number)) == value else str(value)
