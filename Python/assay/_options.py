"""Keyword arguments as options of the command line, so that both have the same names, checks and messages."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from ._errors import AssayError
from ._json import text_of

Functions = "str | Iterable[str] | Mapping[str, Mapping[str, Any] | None]"

# The options of an engine; all others are those of a run.
ENGINE_OPTIONS = {
    "fn_dir", "plugin_dir", "isolation", "trust", "plugin_timeout", "plugin_memory", "model_url", "model_api",
    "api_key_env", "config", "max_concurrency", "max_retries", "timeout", "cache", "no_cache",
}


def as_options(arguments: Mapping[str, Any]) -> list[str]:
    """`by=["a", "b"], jobs=2, samples=True` as `--by a --by b --jobs 2 --samples`; None and False are left out."""
    options: list[str] = []
    for name, value in arguments.items():
        option = "--" + name.rstrip("_").replace("_", "-")
        if value is None or value is False:
            continue
        if value is True:
            options.append(option)
        elif isinstance(value, Mapping):
            for key, entry in value.items():
                options.append(f"{option}={key}={entry}")
        elif isinstance(value, (str, bytes)) or not isinstance(value, Iterable):
            options.append(f"{option}={_text(value)}")
        else:
            options.extend(f"{option}={_text(entry)}" for entry in value)
    return options


def _text(value: Any) -> str:
    return text_of(value) if isinstance(value, (bool, dict, list)) else str(value)


def function_options(functions: Any) -> list[str]:
    """`--fn` for each function, with its parameters as JSON."""
    if isinstance(functions, str):
        functions = [functions]
    if hasattr(functions, "identifier"):
        functions = [functions]
    if not isinstance(functions, (Mapping, Iterable)):
        raise AssayError(
            f"{type(functions).__name__} names no scoring function; give an identifier, a list of them, or a dict of "
            "identifiers and their parameters"
        )
    if not isinstance(functions, Mapping):
        functions = {_identifier(function): None for function in functions}
    if not functions:
        raise AssayError("name at least one scoring function; assay.functions() lists them")
    options: list[str] = []
    for identifier, parameters in functions.items():
        text = _identifier(identifier)
        if not isinstance(text, str):
            raise AssayError(f"{text!r} is not the identifier of a scoring function, such as \"basic::equality\"")
        options.append("--fn=" + (text if parameters is None else f"{text}={text_of(parameters)}"))
    return options


def as_keywords(message: str) -> str:
    """A message of the engine, with the options of the command line as keyword arguments."""

    # Commands are left as they are.
    parts = re.split(r"""(['"`]assay [^'"`]*['"`])""", message)
    return "".join(part if index % 2 else _as_keywords(part) for index, part in enumerate(parts))


# The argument NAME=PATH of --map, quoted for a shell where it must be.
_PAIR = r"""(?:'[^'=]+=(?:[^']|'\\'')*'|[^\s,;)'=]+=[^\s,;)']+)"""


def _as_keywords(message: str) -> str:
    def mapped(found: re.Match[str]) -> str:
        words = re.findall(rf"--map ({_PAIR})", found[0])
        return "map=" + json.dumps(dict(shlex.split(word)[0].split("=", 1) for word in words), ensure_ascii=False)

    message = re.sub(rf"--map {_PAIR}(?: --map {_PAIR})*", mapped, message)
    return re.sub(r"(?<![\w-])--(?!fn(?![\w-]))([a-z][a-z-]*[a-z])", lambda option: option[1].replace("-", "_"), message)


def _identifier(function: Any) -> str:
    return getattr(function, "identifier", function)
