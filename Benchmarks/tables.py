#!/usr/bin/env python3
"""Measures the Python package: tables in and out as Arrow beside JSON Lines and beside a loop in Python, one core each.

    make wheel && pip install Python/dist/assay_scoring-*.whl pyarrow polars
    Benchmarks/tables.py [--rows 1000000] [--parquet-rows 10000000]

The rows are answers such as "The answer is 7 of 3." and their numbers. Times are processor time, the best of three; what Python reads or
makes beforehand is not measured. The loop in Python searches a regular expression and compares. Ends with the peak of memory for a
Parquet file. Exit status: 0 all scores are the same, 1 some are not, 2 something is missing.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

FUNCTION = {
    "basic::regex_parser_multiple_choice_answer": {
        "parsing_regexes": [r"answer is (\d+)"], "aggregation_functions": ["accuracy"]}}
NAME = next(iter(FUNCTION))


def rows_of(start, count):
    numbers = range(start, start + count)
    return {
        "generated_answer": [f"The answer is {n % 97} of {n}." for n in numbers],
        "expected_answer": [str(n % 89) for n in numbers],
    }


def best(work):
    """The least processor time of three, of this process and its children, and the last result."""
    least, result = float("inf"), None
    for _ in range(3):
        start = time.process_time()
        result = work()
        least = min(least, time.process_time() - start)
    return least, result


def loop(rows):
    pattern = re.compile(r"answer is (\d+)")
    correct = 0
    for answer, expected in zip(rows["generated_answer"], rows["expected_answer"]):
        found = pattern.search(answer)
        correct += found is not None and found[1] == expected
    return correct


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--parquet-rows", type=int, default=10_000_000)
    arguments = parser.parse_args()
    try:
        import polars
        import pyarrow
        import pyarrow.parquet

        import assay
    except ImportError as error:
        print(f"tables: {error}", file=sys.stderr)
        return 2
    rows = rows_of(0, arguments.rows)
    table = pyarrow.table(rows)
    frame = polars.DataFrame(rows)
    with tempfile.TemporaryDirectory() as folder:
        lines = pathlib.Path(folder, "rows.jsonl")
        with lines.open("w") as file:
            for answer, expected in zip(rows["generated_answer"], rows["expected_answer"]):
                file.write(json.dumps({"generated_answer": answer, "expected_answer": expected}) + "\n")

        def score(data, **options):
            return assay.score(data, FUNCTION, jobs=1, progress=False, **options)

        cases = [
            ("a loop in Python", lambda: loop(rows)),
            ("JSON Lines, results as Arrow", lambda: score(str(lines))),
            ("pyarrow, results as Arrow", lambda: score(table)),
            ("Polars, results as Arrow", lambda: score(frame)),
            ("Polars, aggregates only", lambda: score(frame, keep_rows=False)),
        ]
        correct, first = set(), None
        for name, work in cases:
            seconds, result = best(work)
            correct.add(result if isinstance(result, int) else result.aggregates[NAME]["accuracy"]["num_correct"])
            first = first or seconds
            print(f"{name:<32}{arguments.rows / seconds:>14,.0f} rows/s{first / seconds:>8.1f} times the loop", flush=True)
        path = pathlib.Path(folder, "rows.parquet")
        writer = None
        for start in range(0, arguments.parquet_rows, 100_000):
            part = pyarrow.table(rows_of(start, min(100_000, arguments.parquet_rows - start)))
            writer = writer or pyarrow.parquet.ParquetWriter(path, part.schema)
            writer.write_table(part)
        writer.close()
        program = (
            "import assay, resource, sys\n"
            f"assay.score(sys.argv[1], {FUNCTION!r}, keep_rows=False, progress=False)\n"
            "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)")
        peak = subprocess.run([sys.executable, "-c", program, path], check=True, capture_output=True, text=True).stdout
        print(f"{arguments.parquet_rows:,} rows of Parquet: {peak.strip()} MB at most")
    if len(correct) > 1:
        print(f"the scores differ: {correct}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
