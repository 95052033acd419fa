#!/usr/bin/env python3
"""Measures how fast Assay asks a model, beside what wrk reaches on the same server with the same connections.

The server is this package's fake model, which answers each request after a given time. README.md in this folder says what
the figures mean. Linux, Python 3.9 or later, standard library only, and wrk.
"""

import argparse
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
ANSWER = "The answer is right. Total rating: 8"
FUNCTION = {
    "identifier": "benchmark::judge",
    "provider_id": "llm-as-judge",
    "provider_resource_id": "llm-as-judge",
    "return_type": {"type": "number"},
    "params": {
        "type": "llm_as_judge",
        "prompt_template": "Question: {input_query}\nAnswer: {generated_answer}\n"
        "Rate the answer from 0 to 10 and end with: Total rating: N",
        "judge_score_regexes": [r"Total rating: (\d+)"],
        "aggregation_functions": ["average"],
    },
}
LUA = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
wrk.body = [==[%s]==]
"""


class Server:
    """The fake model, on a free port, until the block ends."""

    def __init__(self, program, delay, *options):
        self.program, self.delay, self.options = program, delay, options

    def __enter__(self):
        command = [self.program, "--port", "0", "--delay-ms", str(self.delay), "--answer", ANSWER, *self.options]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url.startswith("http://"):
            sys.exit(f"{self.program} did not start")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def rows(count, path):
    with open(path, "w") as file:
        for index in range(count):
            row = {"input_query": f"What is {index} plus {index}?", "generated_answer": f"It is {2 * index}. " * 10}
            file.write(json.dumps(row) + "\n")


def wrk(server, connections, seconds):
    """Answers a second."""
    body = json.dumps({"model": "fake", "messages": [{"role": "user", "content": "What is 1 plus 1? " * 12}]})
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(LUA % body)
        script.flush()
        command = ["wrk", "-t", "1", "-c", str(connections), "-d", f"{seconds}s", "-s", script.name]
        printed = subprocess.run(command + [f"{server.url}/chat/completions"], capture_output=True, text=True, check=True)
    return float(re.search(r"Requests/sec:\s*([\d.]+)", printed.stdout)[1])


def assay(program, server, connections, count, folder, cache):
    """Seconds, seconds of CPU, peak memory in megabytes and requests of a run. With connections None, their number is not set."""
    rows(count, folder / "rows.jsonl")
    command = [program, "score", str(folder / "rows.jsonl"), "--fn-dir", str(folder), "--fn", "benchmark::judge"]
    command += ["--judge-model", "fake", "--model-url", server.url]
    command += ["--max-concurrency", str(connections)] if connections else []
    command += ["--output", str(folder / "scores.jsonl"), "--quiet", "--format", "json"]
    command += ["--cache", str(folder / "cache")] if cache else ["--no-cache"]
    shutil.rmtree(folder / "cache", ignore_errors=True)
    start = time.monotonic()
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    output = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    seconds = time.monotonic() - start
    if status != 0:
        sys.exit(f"assay ended with {os.waitstatus_to_exitcode(status)}")
    results = json.loads(output)
    scored = results["results"]["benchmark::judge"]["rows"]["scored"]
    if scored != count:
        sys.exit(f"{scored} of {count} rows were scored")
    return seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024, results["usage"]["requests"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--connections", type=int, nargs="+", default=[64, 512])
    parser.add_argument("--delay", type=int, default=50, help="milliseconds that an answer takes")
    parser.add_argument("--seconds", type=int, default=8, help="how long each measurement should take, about")
    parser.add_argument("--programs", default=str(ROOT / ".build" / "release"), help="the folder of assay and fake-model")
    options = parser.parse_args()
    if not shutil.which("wrk"):
        sys.exit("wrk is needed: apt-get install wrk")
    program = str(Path(options.programs) / "assay")
    print(f"each answer takes {options.delay} ms")
    print("connections  ideal/s  wrk/s   assay/s  of ideal  of wrk  cores  peak MB  cache")
    with tempfile.TemporaryDirectory() as folder, Server(str(Path(options.programs) / "fake-model"), options.delay) as server:
        folder = Path(folder)
        (folder / "judge.json").write_text(json.dumps(FUNCTION))
        for connections in options.connections:
            ideal = connections * 1000 / options.delay
            reached = wrk(server, connections, options.seconds)
            # The first second, in which the run starts and finds out what the server bears, is in both and drops out.
            first = int(ideal)
            more = int(reached * options.seconds)
            for cache in (False, True):
                one = assay(program, server, connections, first, folder, cache)
                two = assay(program, server, connections, first + more, folder, cache)
                rate = more / (two[0] - one[0])
                cores = (two[1] - one[1]) / (two[0] - one[0])
                print(
                    f"{connections:11}  {ideal:7.0f}  {reached:5.0f}  {rate:8.0f}  {rate / ideal:8.1%}  {rate / reached:6.1%}"
                    f"  {cores:5.2f}  {two[2]:7.0f}  {'yes' if cache else 'no'}",
                    flush=True,
                )


if __name__ == "__main__":
    main()
