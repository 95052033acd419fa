"""How many rows are done, in a terminal or a notebook."""

from __future__ import annotations

import sys
import time


class Progress:
    """A line on standard error that is redrawn a few times a second, from half a second on."""

    def __init__(self, wanted: bool | None) -> None:
        self._wanted = wanted if wanted is not None else sys.stderr.isatty() or "ipykernel" in sys.modules
        self._rows = 0
        self._start = time.monotonic()
        self._shown = 0.0

    def add(self, rows: int) -> None:
        self._rows += rows

    def show(self) -> None:
        now = time.monotonic()
        if not self._wanted or now - self._start < 0.5 or now - self._shown < 0.2:
            return
        self._shown = now
        rate = self._rows / (now - self._start)
        print(f"\r{self._rows:,} rows, {rate:,.0f} a second", end="\x1b[K", file=sys.stderr, flush=True)

    def close(self) -> None:
        if self._shown:
            print("\r", end="\x1b[K", file=sys.stderr, flush=True)
