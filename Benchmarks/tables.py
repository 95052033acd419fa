#!/usr/bin/env python3
"""Measures the Python package: tables in and out as Arrow beside JSON Lines, and beside loops in Python, one core each.

    make wheel && pip install Python/dist/assay_scoring-*.whl pyarrow polars pandas
    Benchmarks/tables.py [--rows 1000000] [--parquet-rows 10000000] [--spark]

The rows are answers such as "The answer is 7 of 3." and their numbers. Three functions score them: one that finds the answer with
a regular expression and compares it, one that compares whole texts, and one that looks for a text in another. Beside them stand
loops in Python that do the same, as users write them: over lists, over the columns of a pandas frame, with DataFrame.apply and
DataFrame.iterrows, and with iter_rows of Polars, each of which makes a list of scores; and, for the regular expression, expressions
of Polars, which are compiled code.

Times are processor time of the process and its children, the best of several; what Python reads or makes beforehand is not
measured, except that "JSON Lines" includes reading the file. "JSON Lines in and out" is the command line, which reads a file and writes
one, less the time that it takes for a file of one row. "JSON Lines, aggregates only" is the engine's fastest way of reading lines,
which writes nothing. A summary says how many times as fast Arrow is. Then come the peak of memory for a Parquet file, and with --spark the
rate on Spark, local[1], in the steady state, in processor time of all of its processes: the engine within a worker, Spark passing the
same rows through Python without scoring them, Spark with results that were made beforehand, and Spark with the engine. Exit status: 0 all scores are the same, 1 some are not, 2 something is missing.
"""

import argparse
import json
import logging
import os
import pathlib
import re
import resource
import statistics
import subprocess
import sys
import tempfile
import time

REGEX = "basic::regex_parser_multiple_choice_answer"
FUNCTIONS = {
    REGEX: {"parsing_regexes": [r"answer is (\d+)"], "aggregation_functions": ["accuracy"]},
    "basic::equality": {"aggregation_functions": ["accuracy"]},
    "basic::subset_of": {"aggregation_functions": ["accuracy"]},
}


def rows_of(start, count):
    numbers = range(start, start + count)
    return {
        "generated_answer": [f"The answer is {n % 97} of {n}." for n in numbers],
        "expected_answer": [str(n % 89) for n in numbers],
    }


def processor_time():
    return sum(
        usage.ru_utime + usage.ru_stime
        for usage in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))


def best(work, times=5):
    """The least processor time of some, and the last result."""
    least, result = float("inf"), None
    for _ in range(times):
        start = processor_time()
        result = work()
        least = min(least, processor_time() - start)
    return least, result


# What users write: a score for one row.

PATTERN = re.compile(r"answer is (\d+)")


def regex_score(answer, expected):
    found = PATTERN.search(answer)
    return 1.0 if found is not None and found[1] == expected else 0.0


SCORES = {
    REGEX: regex_score,
    "basic::equality": lambda answer, expected: 1.0 if answer == expected else 0.0,
    "basic::subset_of": lambda answer, expected: 1.0 if expected in answer else 0.0,
}


def over_lists(rows, score):
    return sum([score(answer, expected) for answer, expected in zip(rows["generated_answer"], rows["expected_answer"])])


def over_columns(frame, score):
    return sum([score(answer, expected) for answer, expected in zip(frame["generated_answer"], frame["expected_answer"])])


def by_apply(frame, score):
    return frame.apply(lambda row: score(row["generated_answer"], row["expected_answer"]), axis=1).sum()


def by_iterrows(frame, score):
    return sum([score(row["generated_answer"], row["expected_answer"]) for _, row in frame.iterrows()])


def by_iter_rows(frame, score):
    return sum([score(row["generated_answer"], row["expected_answer"]) for row in frame.iter_rows(named=True)])


def by_polars(frame):
    import polars

    found = polars.col("generated_answer").str.extract(r"answer is (\d+)", 1)
    return frame.select((found == polars.col("expected_answer")).fill_null(False).cast(polars.Float64)).sum().item()


RATIOS = [
    ("pyarrow in and out", "JSON Lines in and out"),
    ("pyarrow, aggregates only", "JSON Lines, aggregates only"),
    ("pandas in and out", "pandas.DataFrame.apply"),
    ("pandas in and out", "pandas.DataFrame.iterrows"),
    ("Polars in and out", "polars.DataFrame.iter_rows"),
]


class Comparison:
    """Prints rates, and remembers whether all scores agreed."""

    def __init__(self):
        self.agrees = True

    def print(self, function, count, cases):
        print(f"\n{function}, {count:,} rows\n{'':<46}{'ns a row':>10}{'rows/s':>14}  times the loop over lists")
        first, correct, rates = None, set(), {}
        for name, work, part, *without in cases:
            seconds, result = best(work, 5 if part == 1 else 2)
            if without:
                seconds -= best(without[0])[0]
            # Slow loops see a part of the rows.
            each = seconds * part / count
            rates[name] = 1 / each
            first = first or each
            if part == 1:
                correct.add(round(result if isinstance(result, (int, float)) else
                                  result.aggregates[function]["accuracy"]["num_correct"]))
            print(f"{name:<46}{each * 1e9:>10,.0f}{1 / each:>14,.0f}{first / each:>12.1f}", flush=True)
        for fast, slow in RATIOS:
            print(f"{fast}: {rates[fast] / rates[slow]:.1f} times {slow}")
        if len(correct) > 1:
            print(f"the scores differ: {correct}", file=sys.stderr)
            self.agrees = False


def compare(arguments, folder):
    import pandas
    import polars
    import pyarrow

    import assay

    rows = rows_of(0, arguments.rows)
    table = pyarrow.table(rows)
    polars_frame = polars.DataFrame(rows)
    pandas_frame = pandas.DataFrame(rows)
    part = 20
    pandas_part = pandas_frame.head(arguments.rows // part)
    lines = folder / "rows.jsonl"
    with lines.open("w") as file:
        for answer, expected in zip(rows["generated_answer"], rows["expected_answer"]):
            file.write(json.dumps({"generated_answer": answer, "expected_answer": expected}) + "\n")
    one_row = folder / "one.jsonl"
    one_row.write_text(lines.open().readline())
    comparison = Comparison()
    logging.getLogger("assay").setLevel(logging.ERROR)
    for function, parameters in FUNCTIONS.items():
        score = SCORES[function]

        def scored(data, **options):
            return assay.score(data, {function: parameters}, jobs=1, progress=False, **options)

        def command_line(path):
            found = subprocess.run(
                [sys.executable, "-m", "assay", "score", path, "--fn", f"{function}={json.dumps(parameters)}", "--jobs", "1",
                 "--quiet", "--format", "json", "-o", folder / "output.jsonl"], check=True, capture_output=True).stdout
            return json.loads(found)["results"][function]["aggregated_results"]["accuracy"]["num_correct"]

        cases = [
            ("a loop over lists", lambda: over_lists(rows, score), 1),
            ("a loop over columns of pandas", lambda: over_columns(pandas_frame, score), 1),
            ("pandas.DataFrame.apply", lambda: by_apply(pandas_part, score), part),
            ("pandas.DataFrame.iterrows", lambda: by_iterrows(pandas_part, score), part),
            ("polars.DataFrame.iter_rows", lambda: by_iter_rows(polars_frame.head(len(pandas_part)), score), part),
            *([("an expression of Polars", lambda: by_polars(polars_frame), 1)] if function == REGEX else []),
            ("JSON Lines in and out", lambda: command_line(lines), 1, lambda: command_line(one_row)),
            ("JSON Lines in, Arrow out", lambda: scored(str(lines)), 1),
            ("JSON Lines, aggregates only", lambda: scored(str(lines), keep_rows=False), 1),
            ("pyarrow in and out", lambda: scored(table), 1),
            ("pyarrow, aggregates only", lambda: scored(table, keep_rows=False), 1),
            ("Polars in and out", lambda: scored(polars_frame), 1),
            ("Polars, aggregates only", lambda: scored(polars_frame, keep_rows=False), 1),
            ("pandas in and out", lambda: scored(pandas_frame), 1),
        ]
        comparison.print(function, arguments.rows, cases)
    return comparison.agrees


def parquet(arguments, folder):
    """Prints the peak of memory for a Parquet file."""
    import pyarrow
    import pyarrow.parquet

    path = folder / "rows.parquet"
    writer = None
    for start in range(0, arguments.parquet_rows, 100_000):
        part = pyarrow.table(rows_of(start, min(100_000, arguments.parquet_rows - start)))
        writer = writer or pyarrow.parquet.ParquetWriter(path, part.schema)
        writer.write_table(part)
    writer.close()
    program = (
        "import assay, resource, sys\n"
        f"assay.score(sys.argv[1], {{{REGEX!r}: {FUNCTIONS[REGEX]!r}}}, keep_rows=False, progress=False)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss >> 10)")
    peak = subprocess.run([sys.executable, "-c", program, path], check=True, capture_output=True, text=True).stdout
    print(f"\n{arguments.parquet_rows:,} rows of Parquet: {peak.strip()} MB at most")


def spark(arguments, folder):
    """Prints rates of one core on Spark, measured within its workers, with what Spark takes by itself apart."""
    import pyarrow
    import pyarrow.parquet
    from pyspark.sql import SparkSession

    import assay
    import assay.spark
    from assay._partitions import STATE, PartitionRun

    path = folder / "spark.parquet"
    count = 4 * arguments.rows
    table = pyarrow.table(rows_of(0, count))
    pyarrow.parquet.write_table(table, path, row_group_size=count // 8)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    session = (
        SparkSession.builder.master("local[1]").config("spark.ui.enabled", "false").config("spark.driver.host", "127.0.0.1")
        .config("spark.log.level", "ERROR").config("spark.sql.files.maxPartitionBytes", "1g").getOrCreate())
    frame = session.read.parquet(str(path)).repartition(4).cache()
    frame.count()
    function = {REGEX: FUNCTIONS[REGEX]}

    def passed_on(batches):
        yield from batches

    def made_beforehand(batches):
        """Results as those of the engine, which are made once and then returned for all batches."""
        made = None
        for batch in batches:
            if made is None or made.num_rows < batch.num_rows:
                results = pyarrow.Table.from_batches(PartitionRun(function, (), {}, {"jobs": 1}).scored([batch]))
                states = pyarrow.nulls(results.num_rows, pyarrow.binary())
                made = results.append_column(STATE, states).combine_chunks().to_batches()[0]
            yield made.slice(0, batch.num_rows)

    def engine_alone(batches):
        """The seconds that the engine takes for rows that the worker already has."""
        held = list(batches)
        taken = _timed(lambda: list(PartitionRun(function, (), {}, {"jobs": 1}).scored(held)), time.process_time)
        yield pyarrow.RecordBatch.from_pylist([{"seconds": taken}])

    def seconds(work):
        """The steady state: the median of runs after the first, which starts workers and engines."""
        return statistics.median([_timed(work, _time_of_all_processes) for _ in range(5)][1:])

    def write(frame):
        frame.write.format("noop").mode("overwrite").save()

    scored = assay.spark.score(frame, function)._frame
    through = seconds(lambda: write(frame.mapInArrow(passed_on, frame.schema)))
    made = seconds(lambda: write(frame.mapInArrow(made_beforehand, scored.schema)))
    whole = seconds(lambda: write(scored))
    timed = frame.mapInArrow(engine_alone, "seconds double")
    own = statistics.median([sum(row[0] for row in timed.collect()) for _ in range(4)][1:])
    local = statistics.median(
        [_timed(lambda: assay.score(table, function, jobs=1, progress=False).rows.to_pyarrow(), time.process_time)
         for _ in range(4)][1:])
    session.stop()
    print(f"\nSpark, local[1], {count:,} rows in 4 partitions, {REGEX}, a second of processor time\n")
    for name, taken in (
        ("one process, rows kept", local), ("Spark: the engine within its worker", own),
        ("Spark: rows passed through Python, not scored", through),
        ("Spark: results that were made beforehand", made), ("Spark: rows scored", whole),
        ("Spark: rows scored, less results made beforehand", whole - made),
    ):
        print(f"{name:<50}{count / taken:>14,.0f} rows{local / taken:>8.2f} times one process")


def _time_of_all_processes():
    """The processor time of this process and all that it started, Spark's JVM and workers among them."""
    parents, times = {}, {}
    for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        # The parent; the time of the process and of its children that have ended.
        pid = int(path.parent.name)
        parents[pid], times[pid] = int(fields[1]), sum(map(int, fields[11:15]))
    own = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in own} - own:
        own |= more
    return sum(times.get(pid, 0) for pid in own) / os.sysconf("SC_CLK_TCK")


def _timed(work, clock):
    start = clock()
    work()
    return clock() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--parquet-rows", type=int, default=10_000_000)
    parser.add_argument("--spark", action="store_true")
    parser.add_argument("--only-spark", action="store_true")
    arguments = parser.parse_args()
    try:
        import assay  # noqa: F401
        import pandas  # noqa: F401
        import polars  # noqa: F401
        import pyarrow.parquet  # noqa: F401
    except ImportError as error:
        print(f"tables: {error}", file=sys.stderr)
        return 2
    agrees = True
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        if not arguments.only_spark:
            agrees = compare(arguments, folder)
            if arguments.parquet_rows:
                parquet(arguments, folder)
        if arguments.spark or arguments.only_spark:
            spark(arguments, folder)
    return 0 if agrees else 1


if __name__ == "__main__":
    sys.exit(main())
