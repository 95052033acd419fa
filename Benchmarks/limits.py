#!/usr/bin/env python3
"""Measures how well Assay uses models that limit the rate of requests, or their number.

The servers are this package's fake model. README.md in this folder says what the figures mean. Linux, Python 3.9 or later,
standard library only.
"""

import argparse
import json
import tempfile
from pathlib import Path

import judging

# Each server: its options, the milliseconds that a reply takes, the rows, and the seconds that they take at best.
RATES = [(100, 50, 500, 2000), (100, 10, 2000, 2000), (20, 20, 1000, 1000), (3, 1, 200, 300)]
SLOTS = [(16, 500, 2000), (4, 1000, 400)]


def servers():
    for rate, burst, delay, rows in RATES:
        options = ["--rate-limit", str(rate), "--burst", str(burst)]
        yield f"{rate}/s, bursts of {burst}, {delay} ms", options, delay, rows, (rows - burst) / rate + delay / 1000
    for slots, delay, rows in SLOTS:
        yield f"{slots} at once, {delay} ms", ["--concurrency", str(slots)], delay, rows, rows / slots * delay / 1000


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--programs", default=str(judging.ROOT / ".build" / "release"), help="the folder of assay and fake-model")
    parser.add_argument("--only", default="", help="only servers whose description contains this")
    options = parser.parse_args()
    programs = Path(options.programs)
    print(f"{'server':32}  rows   ideal  assay  of ideal  refused")
    for name, arguments, delay, rows, ideal in servers():
        if options.only not in name:
            continue
        with tempfile.TemporaryDirectory() as folder, judging.Server(str(programs / "fake-model"), delay, *arguments) as server:
            folder = Path(folder)
            (folder / "judge.json").write_text(json.dumps(judging.FUNCTION))
            seconds, _, _, requests = judging.assay(str(programs / "assay"), server, None, rows, folder, False)
        print(
            f"{name:32}  {rows:4}  {ideal:5.1f} s {seconds:5.1f} s {ideal / seconds:8.1%} {(requests - rows) / requests:8.1%}",
            flush=True,
        )


if __name__ == "__main__":
    main()
