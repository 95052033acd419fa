"""Results of runs."""

from __future__ import annotations

import html
import json
import os
from pathlib import Path
from typing import Any

from ._options import as_keywords
from ._rows import Rows


class Result:
    """What a run found.

    Attributes:
        aggregates: ``{FN: aggregated_results}`` for each function, as the command line prints them:
            ``result.aggregates["basic::equality"]["accuracy"]["accuracy"]``.
        counts: ``{FN: {"total": …, "scored": …, "input_error": …, …}}``: what became of the rows.
        results: everything, as ``assay score --format json`` prints it: also standard errors, intervals and groups.
        rows: the results of each row, as Arrow; None if they were not kept.
        state: the state of the run, for `assay.merge`; None for merged results of no states.
        unscored: the first rows without a score, with the reason.
        hints: what is probably wrong with scores because of how answers are written.
        warnings: what was odd about the data.
    """

    def __init__(self, json_text: str, rows: Rows | None = None, state: bytes | None = None) -> None:
        everything = json.loads(json_text)
        self.hints: list[str] = [as_keywords(hint) for hint in everything.pop("hints", [])]
        self.warnings: list[str] = [as_keywords(warning) for warning in everything.pop("warnings", [])]
        self.unscored: list[dict[str, Any]] = everything.pop("unscored", [])
        self.results: dict[str, Any] = everything
        self.rows = rows
        self.state = state

    @property
    def aggregates(self) -> dict[str, dict[str, Any]]:
        return {name: entry["aggregated_results"] for name, entry in self.results["results"].items()}

    @property
    def counts(self) -> dict[str, dict[str, int]]:
        return {name: entry["rows"] for name, entry in self.results["results"].items()}

    @property
    def usage(self) -> dict[str, Any] | None:
        """What models were asked, or None."""
        return self.results.get("usage")

    @property
    def is_complete(self) -> bool:
        """Whether every row has a score of every function."""
        return all(counts["total"] == counts["scored"] for counts in self.counts.values())

    def save_state(self, path: str | os.PathLike[str]) -> None:
        """Writes the state to a file, for ``assay merge``."""
        if self.state is None:
            raise ValueError("these results have no state")
        partial = Path(f"{os.fspath(path)}.{os.getpid()}.partial")
        partial.write_bytes(self.state)
        partial.replace(path)

    def _table(self) -> list[tuple[str, str, str, str, str]]:
        """A line for each function and aggregation: name, aggregation, value, interval, rows."""
        lines = []
        for name, entry in self.results["results"].items():
            rows = f"{entry['rows']['scored']:,} of {entry['rows']['total']:,}"
            for aggregation, value in entry["aggregated_results"].items():
                interval = (entry.get("interval") or {}).get(aggregation) or {}
                bounds = ""
                if isinstance(interval.get("lower"), (int, float)):
                    bounds = f"{interval['lower']:.4f} … {interval['upper']:.4f}"
                for key, figure in _figures(aggregation, value):
                    lines.append((name, key, figure, bounds, rows))
        return lines

    def __repr__(self) -> str:
        lines = [("function", "aggregation", "value", "95% interval", "rows scored"), *self._table()]
        widths = [max(len(line[column]) for line in lines) for column in range(5)]
        return "\n".join("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in lines)

    def _repr_html_(self) -> str:
        head = "".join(f"<th style='text-align:left'>{name}</th>"
                       for name in ("function", "aggregation", "value", "95% interval", "rows scored"))
        body = "".join(
            "<tr>" + "".join(f"<td style='text-align:left'>{html.escape(cell)}</td>" for cell in line) + "</tr>"
            for line in self._table()
        )
        notes = "".join(f"<p>{html.escape(note)}</p>" for note in self.hints + self.warnings)
        return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>{notes}"


def _figures(aggregation: str, value: Any) -> list[tuple[str, str]]:
    if value is None:
        return [(aggregation, "no scores")]
    if aggregation == "categorical_count":
        return [(f"count of {name}", f"{count:,}") for name, count in value["categorical_count"].items()]
    figure = value.get(aggregation) if isinstance(value, dict) else value
    if isinstance(figure, (int, float)):
        return [(aggregation, f"{figure:.4f}")]
    return [(aggregation, json.dumps(value))]
