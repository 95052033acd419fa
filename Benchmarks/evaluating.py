#!/usr/bin/env python3
"""Measures how long generating and judging answers takes, beside the time that the model's delay alone makes of it.

The server is this package's fake model, which answers each request after a given time, the candidate's as well as the
judge's. README.md in this folder says what the figures mean. Linux, Python 3.9 or later, standard library only.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from judging import FUNCTION, ROOT, Server


def evaluate(program, server, options, folder, judge, rows):
    """Seconds, seconds of CPU, and peak memory in megabytes of a run."""
    with open(folder / "rows.jsonl", "w") as file:
        for index in range(rows):
            file.write(json.dumps({"question": f"What is {index} plus {index}?", "answer": str(2 * index)}) + "\n")
    command = [program, "evaluate", str(folder / "rows.jsonl"), "--model", "candidate", "--model-url", server.url]
    command += ["--judge-model", judge, "--fn-dir", str(folder), "--fn", "benchmark::judge", "--fn", "basic::equality"]
    command += ["--max-concurrency", str(options.connections), "--output", str(folder / "out.jsonl"), "--format", "json"]
    command += ["--cache", str(folder / f"cache-{judge}-{rows}")]
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    output = json.loads(process.stdout.read())
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    scored = output["results"]["benchmark::judge"]["rows"]["scored"]
    if status != 0 or scored != rows:
        sys.exit(f"assay ended with {os.waitstatus_to_exitcode(status)}, {scored} of {rows} rows scored")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=5000)
    parser.add_argument("--connections", type=int, default=64, help="requests to a model at once")
    parser.add_argument("--delay", type=int, default=50, help="milliseconds that an answer takes")
    parser.add_argument("--programs", default=str(ROOT / ".build" / "release"), help="the folder of assay and fake-model")
    options = parser.parse_args()
    program = str(Path(options.programs) / "assay")
    print(f"{options.rows} rows, {options.connections} requests to a model at once, each answered after {options.delay} ms")
    print("judge              ideal s  assay s  of ideal  CPU s  peak MB")
    with tempfile.TemporaryDirectory() as folder, Server(str(Path(options.programs) / "fake-model"), options.delay) as server:
        folder = Path(folder)
        (folder / "judge.json").write_text(json.dumps(FUNCTION))
        for label, judge in [("another model", "judge"), ("the candidate", "candidate")]:
            # A model of its own judges while the candidate goes on; the same one has twice as much to answer.
            answers = options.rows * (1 if judge == "judge" else 2)
            ideal = answers / options.connections * options.delay / 1000
            seconds, cpu, memory = evaluate(program, server, options, folder, judge, options.rows)
            print(f"{label:17}  {ideal:7.2f}  {seconds:7.2f}  {ideal / seconds:8.1%}  {cpu:5.2f}  {memory:7.0f}", flush=True)


if __name__ == "__main__":
    main()
