#!/usr/bin/env python3
"""Measures Assay's throughput beside a hand-written C++ loop (the floor) and a plain Python loop.

With no mode it prints the throughput table; --memory and --startup measure those instead. README.md in this folder
says what the figures mean. Python 3.9 or later, standard library only, Linux.
"""

import argparse
import hashlib
import json
import os
import random
import shlex
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WORK = HERE / "work"
PYTHON_SHARE = 10  # Python gets a tenth of the rows.
MEGABYTE = 1_000_000
BLOCK = 1 << 20

CHOICE = "basic::regex_parser_multiple_choice_answer"


# Data


def as_recorded(index, row):
    """The row of the GSM8K file."""
    return row


def sometimes_short(index, row):
    """One row in four answers with the final answer alone, or no row would be equal to its expected answer."""
    if index % 4 == 0:
        row["generated_answer"] = row["generated_answer"].rsplit("A:", 1)[-1].strip()
    return row


def half_lettered(index, row):
    """Two rows in four end in `Answer: B` or another letter, and right ones stay right. The others match no pattern."""
    if index % 4 < 2:
        letter = index // 4 % 4
        reasoning = row["generated_answer"].rpartition("\n")[0]
        row["generated_answer"] = f"{reasoning}\nAnswer: {'ABCD'[letter]}"
        row["expected_answer"] = "ABCD"[letter if row["is_correct"] else (letter + 1) % 4]
    return row


@dataclass
class Case:
    name: str
    identifier: str
    variant: object
    patterns: list

    def function(self):
        """The value of --fn."""
        if not self.patterns:
            return self.identifier
        parameters = {
            "type": "regex_parser",
            "parsing_regexes": self.patterns,
            "aggregation_functions": ["accuracy"],
        }
        return f"{self.identifier}={json.dumps(parameters, ensure_ascii=False)}"

    def loop_arguments(self):
        """What the floor and the Python loop take after the input and the output."""
        if self.name == "regex":
            return self.patterns
        if self.name == "choices":
            path = WORK / "patterns.txt"
            path.write_text("".join(pattern + "\n" for pattern in self.patterns), encoding="utf-8")
            return [str(path)]
        return []


def all_cases(definition):
    shipped = json.loads(needed(definition, "the multiple-choice definition").read_text(encoding="utf-8"))
    return [
        Case("equality", "basic::equality", sometimes_short, []),
        Case("subset", "basic::subset_of", as_recorded, []),
        Case("regex", CHOICE, as_recorded, [r"A:\s*(.+)"]),
        Case("choices", CHOICE, half_lettered, shipped["params"]["parsing_regexes"]),
    ]


@dataclass
class Data:
    path: Path
    rows: int
    bytes: int


class Base:
    """The rows that are repeated."""

    def __init__(self, source, variant):
        with open(needed(source, "the GSM8K rows"), encoding="utf-8") as lines:
            rows = [variant(index, json.loads(line)) for index, line in enumerate(lines)]
        self.name = variant.__name__.replace("_", "-")
        self.rows = len(rows)
        self.text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()

    def repeats(self, size):
        """How many repetitions come nearest to `size` bytes, at least one."""
        return max(1, round(size / len(self.text)))

    def repeated(self, count):
        """The file of `count` repetitions in the work folder, made unless it is there."""
        digest = hashlib.sha256(self.text).hexdigest()[:8]
        data = Data(WORK / f"{self.name}-{digest}-{count}.jsonl", count * self.rows, count * len(self.text))
        if not data.path.exists():
            require_space(data.bytes)
            part = data.path.with_suffix(".part")
            part.unlink(missing_ok=True)
            self.append(part, count)
            part.rename(data.path)
        return data

    def append(self, path, count):
        with open(path, "ab") as file:
            for _ in range(count):
                file.write(self.text)
            # Or the disk would be busy with it during the first runs.
            file.flush()
            os.fsync(file.fileno())


def require_space(size):
    free = shutil.disk_usage(WORK).free
    if free < size * 1.3:  # the data, and output lines of about a fifth of it
        sys.exit(f"{WORK} has {free / 1e9:.1f} GB free, and {size * 1.3 / 1e9:.1f} GB are needed.")


def needed(path, what):
    if not path.exists():
        sys.exit(f"There is no {path} ({what}).")
    return path


def warm_page_cache(path):
    with open(path, "rb", buffering=0) as file:
        while file.read(BLOCK):
            pass


def touch_free_memory(path, size):
    """Writes and deletes a file of `size` bytes at `path`.

    A virtual machine may hand memory back to its host a few seconds after it was freed. The next program to use that
    memory pays for getting it again, and can take half as long again for it. Which one that is would depend on the
    order of the runs.
    """
    block = bytes(BLOCK)
    with open(path, "wb", buffering=0) as file:
        for _ in range(size // BLOCK + 1):
            file.write(block)
    path.unlink()


# Running


@dataclass
class Run:
    seconds: float
    cpu_seconds: float
    peak_kilobytes: int


def built(name, flags):
    """The program of NAME.cpp, compiled unless it is newer than its source."""
    source, program = HERE / f"{name}.cpp", WORK / name
    if not program.exists() or program.stat().st_mtime < source.stat().st_mtime:
        compiler = os.environ.get("CXX", "g++")
        subprocess.run([compiler, "-O3", "-march=native", "-std=c++17", source, "-o", program, *flags], check=True)
    return str(program)


class Runner:
    def __init__(self, assay, options):
        if not assay.exists():
            sys.exit(f"There is no {assay}. Build it with `swift build -c release`, or give its path with --assay.")
        self.assay, self.options = str(assay.resolve()), options
        self.launcher = built("measure", [])

    def scoring(self, case, source, output, jobs):
        """The command line of Assay for a case."""
        return [self.assay, "score", str(source), "--fn", case.function(), "--output", str(output),
                "--format", "json", "--jobs", str(jobs), "--no-progress", *self.options]

    def run(self, command):
        finished = subprocess.run([self.launcher, *command], capture_output=True, text=True, errors="replace")
        seconds, cpu_seconds, peak, status = finished.stdout.split()
        if status != "0":
            sys.exit(f"{shlex.join(command)[:300]}\nended with status {status}:\n{finished.stderr[-2000:]}")
        return Run(float(seconds), float(cpu_seconds), int(peak))


# Outputs


def digest_and_lines(path, limit=None):
    """The hash and the number of lines of the first `limit` bytes of a file, or of all."""
    digest, lines, left = hashlib.sha256(), 0, path.stat().st_size if limit is None else limit
    with open(path, "rb", buffering=0) as file:
        while left > 0 and (block := file.read(min(BLOCK, left))):
            digest.update(block)
            lines += block.count(b"\n")
            left -= len(block)
    return digest.hexdigest(), lines


def first_difference(reference, output):
    with open(reference, "rb") as left, open(output, "rb") as right:
        for number, line in enumerate(left, 1):
            other = right.readline()
            if line != other:
                return f"line {number}\n  floor: {line!r}\n  other: {other!r}"
    return "after the floor's last line"


def check_output(name, reference, output, rows):
    """Exits unless `output` is the first `rows` lines of the reference."""
    found = digest_and_lines(output)
    if found != digest_and_lines(reference, limit=output.stat().st_size) or found[1] != rows:
        sys.exit(f"{name} wrote {found[1]} lines, {rows} were due; the first difference from the floor's output: "
                 + first_difference(reference, output))


# Throughput


@dataclass
class Program:
    name: str
    data: Data
    command: object
    runs: list

    def rate(self):
        """Rows a second of the best run."""
        return self.data.rows / min(run.seconds for run in self.runs)


def measure_case(case, arguments, runner, floor):
    base = Base(arguments.source, case.variant)
    count = base.repeats(arguments.megabytes * MEGABYTE)
    data = base.repeated(count)
    share = base.repeated(max(1, count // PYTHON_SHARE))
    output, reference, loop = WORK / "output.jsonl", WORK / "reference.jsonl", case.loop_arguments()

    def assay(jobs):
        return Program(f"assay --jobs {jobs}", data, runner.scoring(case, data.path, output, jobs), [])

    programs = [
        Program("floor", data, [floor, case.name, str(data.path), str(output), *loop], []),
        assay(1),
        assay(arguments.workers),
        Program("python", share,
                [sys.executable, str(HERE / "plain.py"), case.name, str(share.path), str(output), *loop], []),
    ]
    warm_page_cache(data.path)
    warm_page_cache(share.path)
    try:
        runner.run([floor, case.name, str(data.path), str(reference), *loop])
        for turn in range(arguments.rounds):
            # The same orders every time, and no program that always follows the same other one.
            for program in random.Random(turn).sample(programs, len(programs)):
                touch_free_memory(output, reference.stat().st_size + 256 * MEGABYTE)
                program.runs.append(runner.run(program.command))
                check_output(program.name, reference, output, program.data.rows)
            print(f"{case.name}: round {turn + 1} of {arguments.rounds}", file=sys.stderr)
    finally:
        output.unlink(missing_ok=True)
        reference.unlink(missing_ok=True)
    return table_rows(case, programs)


def table_rows(case, programs):
    floor, single, _, python = (program.rate() for program in programs)
    for program in programs:
        rate, runs = program.rate(), program.runs
        best = min(runs, key=lambda run: run.seconds)
        is_assay = program.name.startswith("assay")
        yield [
            case.name if program is programs[0] else "",
            program.name,
            f"{rate:,.0f}",
            f"{rate * program.data.bytes / program.data.rows / MEGABYTE:,.0f}",
            f"{max(run.peak_kilobytes for run in runs) * 1024 / MEGABYTE:.1f}",
            f"{best.cpu_seconds / best.seconds:.2f}",
            f"{rate / floor:.3f}",
            f"{rate / single:.2f}" if is_assay else "",
            f"{rate / python:.1f}",
            f"{(max(run.seconds for run in runs) / best.seconds - 1) * 100:.0f} %",
        ]


def print_table(rows):
    header = ["case", "program", "rows/s", "MB/s", "peak MB", "CPUs", "x floor", "x 1 job", "x Python", "spread"]
    widths = [max(len(row[column]) for row in [header, *rows]) for column in range(len(header))]
    for row in [header, ["-" * width for width in widths], *rows]:
        cells = [cell.ljust(width) if column < 2 else cell.rjust(width)
                 for column, (cell, width) in enumerate(zip(row, widths))]
        print("| " + " | ".join(cells) + " |")


def throughput(arguments, runner):
    floor = built("floor", ["-lsimdjson", "-lpcre2-8"])
    cases = [case for case in all_cases(arguments.definition) if case.name in arguments.cases]
    rows = [row for case in cases for row in measure_case(case, arguments, runner, floor)]
    print(f"\nBest of {arguments.rounds} rounds; {arguments.megabytes} MB of rows in the page cache, "
          f"{100 // PYTHON_SHARE} % of them for Python. Outputs compared: the same bytes.\n")
    print_table(rows)


# Memory and start-up


def memory(arguments, runner):
    case = next(case for case in all_cases(arguments.definition) if case.name == "regex")
    base = Base(arguments.source, case.variant)
    sizes = sorted(arguments.memory)
    free = shutil.disk_usage(WORK).free
    print(f"{WORK} has {free / 1e9:.1f} GB free; about {max(sizes) * 1.2:.1f} GB are used for a while.")
    require_space(max(sizes) * 1e9)
    source, output, written = WORK / "memory.jsonl", WORK / "output.jsonl", 0
    source.unlink(missing_ok=True)
    try:
        for size in sizes:
            count = base.repeats(size * 1e9)
            base.append(source, count - written)
            written = count
            output.unlink(missing_ok=True)
            run = runner.run(runner.scoring(case, source, output, arguments.workers))
            lines = digest_and_lines(output)[1]
            if lines != count * base.rows:
                sys.exit(f"assay wrote {lines} lines for {count * base.rows} rows.")
            print(f"{source.stat().st_size / 1e9:.2f} GB, {lines:,} rows, --jobs {arguments.workers}: "
                  f"peak {run.peak_kilobytes * 1024 / MEGABYTE:.1f} MB, {run.seconds:.1f} s")
    finally:
        source.unlink(missing_ok=True)
        output.unlink(missing_ok=True)


def startup(arguments, runner):
    case = next(case for case in all_cases(arguments.definition) if case.name == "regex")
    source, output = WORK / "one-row.jsonl", WORK / "output.jsonl"
    source.write_bytes(Base(arguments.source, case.variant).text.split(b"\n", 1)[0] + b"\n")
    command = runner.scoring(case, source, output, arguments.workers)
    try:
        runner.run(command)
        milliseconds = [runner.run(command).seconds * 1000 for _ in range(30)]
    finally:
        output.unlink(missing_ok=True)
    print(f"one row, 30 runs, --jobs {arguments.workers}: median {median(milliseconds):.1f} ms, "
          f"worst {max(milliseconds):.1f} ms")


# Command line


def print_machine():
    def field(path, key, default):
        with open(path) as lines:
            return next((line.split(":", 1)[1].strip() for line in lines if line.startswith(key)), default)

    gigabytes = int(field("/proc/meminfo", "MemTotal", "0").split()[0]) * 1024 / 1e9
    print(f"{time.strftime('%Y-%m-%d')}: {len(os.sched_getaffinity(0))} cores, "
          f"{field('/proc/cpuinfo', 'model name', os.uname().machine)}, {gigabytes:.0f} GB, "
          f"Linux {os.uname().release}, Python {sys.version.split()[0]}, load {os.getloadavg()[0]:.2f}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--assay", type=Path, metavar="PATH", default=ROOT / ".build/release/assay",
                        help="the assay binary (default: the release build of this checkout)")
    parser.add_argument("--assay-options", type=shlex.split, metavar="TEXT", default=[],
                        help="more options for every run of assay, as one argument, e.g. '--fn-dir DIR'")
    parser.add_argument("--source", type=Path, metavar="PATH", default=ROOT / "Examples/gsm8k/model_solutions.jsonl",
                        help="the rows that are repeated (default: Examples/gsm8k/model_solutions.jsonl)")
    parser.add_argument("--definition", type=Path, metavar="PATH",
                        default=ROOT / "scoring_fns/basic/regex_parser_multiple_choice_answer.json",
                        help="where the patterns of the case choices come from (default: the shipped definition)")
    parser.add_argument("--megabytes", type=int, default=1000, help="size of the data (default: 1000)")
    parser.add_argument("--workers", type=int, default=max(2, len(os.sched_getaffinity(0))),
                        help="the other --jobs beside 1 (default: the cores, at least 2)")
    parser.add_argument("--rounds", type=int, default=5, help="runs of each program (default: 5)")
    parser.add_argument("--cases", nargs="+", choices=["equality", "subset", "regex", "choices"], metavar="CASE",
                        default=["equality", "subset", "regex", "choices"], help="only these cases")
    parser.add_argument("--memory", nargs="*", type=float, metavar="GB",
                        help="measure the peak memory on files of these sizes (default: 5 10)")
    parser.add_argument("--startup", action="store_true", help="measure how long a file of one row takes")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    if arguments.memory == []:
        arguments.memory = [5.0, 10.0]
    WORK.mkdir(exist_ok=True)
    runner = Runner(arguments.assay, arguments.assay_options)
    print_machine()
    if arguments.startup:
        startup(arguments, runner)
    if arguments.memory:
        memory(arguments, runner)
    if not arguments.startup and not arguments.memory:
        throughput(arguments, runner)


if __name__ == "__main__":
    main()
