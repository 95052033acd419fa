#!/usr/bin/env python3
"""Compares two runs with `assay compare`, and reads the same two files with Python's json alone.

    Benchmarks/comparing.py                        # two runs of 500,000 rows
    Benchmarks/comparing.py --rows 5000000         # two runs of 5,000,000 rows: some 2 GB of disk
    Benchmarks/comparing.py --assay PATH           # another executable than .build/release/assay

Rows are paired by row number, by keys in ascending order, and by keys in another order. For each it prints the seconds, the ratio
to Python, and the peak of memory, at the number of rows and at a tenth of it: memory that is flat is the same at both.

Python 3.9 or later, standard library only; zstd is not needed, since Python reads the lines that the runs were made from.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORK = ROOT / "Benchmarks" / "work" / "comparing"


def rows(path, count, seed, order):
    """Writes a dataset: one in three answers is wrong."""
    choose = random.Random(seed)
    numbers = list(range(count))
    if order == "shuffled":
        random.Random(1).shuffle(numbers)
    with open(path, "w") as file:
        for number in numbers:
            answer = number * 7919 % 1000
            given = answer if choose.random() < 2 / 3 else answer + 1
            file.write(json.dumps({
                "id": number, "input_query": f"What is {number} times 7919, modulo 1000?",
                "expected_answer": str(answer), "generated_answer": str(given)}) + "\n")


def timed(arguments):
    """Seconds and the peak of memory in MB of a command."""
    start = time.monotonic()
    process = subprocess.Popen(arguments, stdout=subprocess.PIPE)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    if status != 0:
        sys.exit(f"{' '.join(map(str, arguments))}: status {status}")
    return time.monotonic() - start, usage.ru_maxrss / 1024, output


def read_with_python(paths):
    """Seconds that json takes to read the lines, and to do nothing with them."""
    start = time.monotonic()
    for path in paths:
        with open(path, "rb") as file:
            for line in file:
                json.loads(line)
    return time.monotonic() - start


def measure(assay, count, order):
    folder = WORK / f"{count}-{order}"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    runs, lines = [], []
    for index in range(2):
        data, run, output = folder / f"{index}.jsonl", folder / f"run{index}", folder / f"out{index}.jsonl"
        rows(data, count, index, order)
        key = [] if order == "numbers" else ["--key", "id"]
        subprocess.run(
            [assay, "score", data, "--fn", "basic::equality", "--save", run, "--with-input", "--output", output,
             "--format", "json"] + key, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        data.unlink()
        runs.append(run)
        lines.append(output)
    python = read_with_python(lines)
    seconds, memory, text = timed([assay, "compare", *runs, "--format", "json"])
    pairs = json.loads(text)["pairing"]["matched"]
    if pairs != count:
        sys.exit(f"{pairs} pairs instead of {count}")
    shutil.rmtree(folder)
    return seconds, python, memory


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=500_000)
    parser.add_argument("--assay", type=Path, default=ROOT / ".build" / "release" / "assay")
    parser.add_argument("--cases", nargs="+", choices=["numbers", "ascending", "shuffled"],
                        default=["numbers", "ascending", "shuffled"])
    options = parser.parse_args()
    if not options.assay.exists():
        parser.error(f"{options.assay}: not built; swift build -c release")
    print(f"{'paired by':<22}{'rows':>12}{'assay':>10}{'json':>10}{'ratio':>8}{'memory':>12}")
    names = {"numbers": "row number", "ascending": "ascending keys", "shuffled": "keys in any order"}
    for order in options.cases:
        for count in (options.rows // 10, options.rows):
            seconds, python, memory = measure(options.assay, count, order)
            print(f"{names[order]:<22}{count:>12,}{seconds:>9.2f}s{python:>9.2f}s{python / seconds:>7.1f}×{memory:>9.0f} MB",
                  flush=True)


if __name__ == "__main__":
    main()
