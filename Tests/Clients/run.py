"""Runs the client suite: real clients of the scoring API, and their command lines, against a server that is started for it.

    python3 Tests/Clients/run.py [--assay PATH] [--cache FOLDER]

Needs Python 3.12 or newer, `assay` as it was built (.build/release or .build/debug), and, the first time, PyPI: each
client gets a virtual environment in the cache folder (~/.cache/assay-clients), outside of the tree. Exit status: 0 all
passed; 1 something failed; 2 something that the suite needs is missing.
"""

import argparse
import contextlib
import http.server
import json
import os
import pathlib
import re
import selectors
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
import urllib.request

# One of each generation, and its suite. The client of the first version was never on PyPI.
LIBRARIES = {
    "0.0.50": "earlier.py", "0.0.63": "earlier.py", "0.1.2": "earlier.py", "0.1.5": "earlier.py", "0.1.9": "suite.py",
    "0.2.23": "suite.py", "0.3.5": "suite.py", "0.7.5": "suite.py",
}
FIRST = "of October 2024"
COMMAND_LINES = ["0.1.9", "0.2.23", "0.3.5", "0.7.5"]
ROOT = pathlib.Path(__file__).resolve().parents[2]


def missing(what):
    print(f"nothing was tested: {what}", file=sys.stderr)
    sys.exit(2)


def newer_python():
    """A Python that is new enough, on the path or among pyenv's."""
    names = [shutil.which(f"python3.{minor}") for minor in range(20, 11, -1)]
    versions = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv")) / "versions"
    names += sorted((str(path) for path in versions.glob("3.*/bin/python3")), reverse=True)
    for name in names:
        check = "import sys; sys.exit(sys.version_info < (3, 12))"
        if name and subprocess.run([name, "-c", check], capture_output=True).returncode == 0:
            return name
    return None


def rerun_with_newer_python(script):
    """Runs the script again with a Python that is new enough, if this is not."""
    if sys.version_info >= (3, 12):
        return
    python = newer_python()
    if python is None:
        missing(f"Python 3.12 or newer is needed; this is {sys.version.split()[0]}, and no other was found")
    os.execv(python, [python, script, *sys.argv[1:]])


def find_assay(path):
    candidates = [path] if path else [ROOT / ".build/release/assay", ROOT / ".build/debug/assay"]
    for candidate in candidates:
        if os.access(candidate, os.X_OK):
            assay = pathlib.Path(candidate).resolve()
            if not list(assay.parent.glob("libbasic.so")) and "ASSAY_PLUGIN_PATH" not in os.environ:
                missing(f"there is no libbasic.so beside {assay}; build the package's products (swift build)")
            return assay
    missing("no assay was found; build it (swift build -c release) or name it with --assay")


def environment(package, version, cache, others=()):
    """The Python of a virtual environment that has the package in this version."""
    folder = cache / f"{package}-{version}-python{sys.version_info[0]}.{sys.version_info[1]}"
    python = folder / "bin/python"
    if (folder / "complete").exists():
        return python
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    commands = [
        [sys.executable, "-m", "venv", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", f"{package}=={version}",
         *others],
    ]
    for command in commands:
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode != 0:
            shutil.rmtree(folder, ignore_errors=True)
            missing(f"{package} {version} could not be installed ({' '.join(command)}):\n{result.stderr.strip()}")
    (folder / "complete").touch()
    return python


class Model(http.server.BaseHTTPRequestHandler):
    """A model that adds what the user's message says, such as 1+1. Under the name "sleeper" it thinks for long; judges grade
    an answer as it asks for, such as "Grade me 4". What ends with a question mark is answered as MATH-500 wants it.
    """

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if request["model"] == "sleeper":
            time.sleep(60)
        question = request["messages"][-1]["content"]
        if request["model"] == "judge":
            grade = re.search(r"Grade me (\d)", question).group(1)
            text = f"Total rating: {grade}" if "Total rating" in question else f"Number: {grade}"
        elif request["model"] == "Llama3.1-8B-Instruct":
            text = "Total rating: 4"
        else:
            number = sum(int(number) for number in question.rstrip("?").split("+"))
            text = f"It is {number}."
            if question.endswith("?"):
                text = f"Final Answer: The final answer is $\\boxed{{{number}}}$. I hope it is correct."
        message = {"role": "assistant", "content": text}
        answer = json.dumps({"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            # A job that was cancelled does not wait for its answers.
            self.wfile.write(answer)

    def log_message(self, *arguments):
        pass


class Hub(http.server.BaseHTTPRequestHandler):
    """The datasets server of the Hugging Face Hub, with 150 rows of llamastack/math_500 in their recorded shape."""

    ROWS = [
        {"chat_completion_input": json.dumps([{"role": "user", "content": f"{n}+{n}?"}]), "input_query": f"{n}+{n}?",
         "expected_answer": str(2 * n)} for n in range(150)]

    def do_GET(self):
        path, _, query = self.path.partition("?")
        query = dict(urllib.parse.parse_qsl(query))
        status, answer = 404, {"error": "The dataset does not exist, or is not accessible without authentication."}
        if query.get("dataset") == "llamastack/math_500":
            if path == "/splits":
                status = 200
                answer = {"splits": [{"dataset": query["dataset"], "config": "default", "split": "test"}],
                          "pending": [], "failed": []}
            elif path == "/rows":
                start, count = int(query["offset"]), int(query["length"])
                rows = [{"row_idx": index, "row": row, "truncated_cells": []} for index, row in enumerate(self.ROWS)]
                features = [{"feature_idx": index, "name": name, "type": {"dtype": "string", "_type": "Value"}}
                            for index, name in enumerate(self.ROWS[0])]
                status = 200
                answer = {"features": features, "rows": rows[start:start + count], "num_rows_total": len(rows),
                          "num_rows_per_page": 100, "partial": False}
        body = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.send_header("X-Revision", "3c8f1d0d2b8f6f1e7f7a1c4b9d5e6a7b8c9d0e1f")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Server:
    """A fresh server on a port that is free."""

    def __init__(self, assay, folder, options=()):
        self.log = open(folder / "log", "w+")
        self.process = subprocess.Popen(
            [assay, "serve", "--port", "0", "--data-dir", folder / "data", "--allow-path", folder, "--no-cache", *options],
            stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, bufsize=0)
        self.url = self.wait()

    def wait(self):
        selector = selectors.DefaultSelector()
        selector.register(self.process.stderr, selectors.EVENT_READ)
        deadline = time.monotonic() + 30
        while time.monotonic() < deadline:
            if not selector.select(timeout=1):
                continue
            line = self.process.stderr.readline().decode()
            if not line:
                break
            self.log.write(line)
            record = json.loads(line) if line.startswith("{") else {}
            if "url" in record:
                # Whatever else it says goes to the log by itself.
                self.drain = subprocess.Popen(["cat"], stdin=self.process.stderr, stdout=self.log)
                return record["url"]
        self.stop()
        self.log.seek(0)
        raise RuntimeError("the server did not start:\n" + self.log.read())

    def stop(self):
        self.process.terminate()
        try:
            return self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


def register(url, path, body):
    """Registers something that the command lines cannot."""
    request = urllib.request.Request(
        url + path, data=json.dumps(body).encode(), headers={"Content-Type": "application/json"})
    urllib.request.urlopen(request, timeout=30).close()


def fails(name, assay, servers, words, results=None):
    """Whether a suite fails against a fresh server.

    :param servers: those of the models and of the datasets.
    :param words: the suite's command, for the server's URL and a folder that the server may read.
    :param results: gets the statuses that the suite prints, by test.
    """
    with tempfile.TemporaryDirectory(prefix="assay-clients-") as path:
        folder = pathlib.Path(path)
        (folder / "rows.csv").write_text("generated_answer,expected_answer\nA: 1,1\nA: 2,3\n")
        model, hub = (f"http://127.0.0.1:{server.server_port}" for server in servers)
        address = f"{model}/v1"
        (folder / "models.json").write_text(json.dumps({"models": [{"id": "m0", "url": address}]}))
        server = Server(assay, folder, [
            "--config", folder / "models.json", "--model-url", address, "--open-benchmarks", "--huggingface-url", hub])
        rows = [{"input_query": f"{n}+{n}", "expected_answer": f"{2 * n}"} for n in range(1, 4)]
        register(server.url, "/v1/datasets", {
            "dataset_id": "questions", "purpose": "eval/question-answer", "source": {"type": "rows", "rows": rows}})
        register(server.url, "/v1/eval/benchmarks", {
            "benchmark_id": "sums", "dataset_id": "questions", "scoring_functions": ["basic::subset_of"]})
        result = subprocess.run(words(server.url, folder), timeout=600, stdout=subprocess.PIPE, text=True)
        for line in result.stdout.splitlines():
            if line.startswith("RESULT ") and results is not None:
                _, test, outcome = line.split()
                results[test] = outcome
            else:
                print(line, flush=True)
        status = server.stop()
    passed = result.returncode == 0 and status == 0
    print(f"{name}: {'passed' if passed else 'FAILED'}", flush=True)
    if status != 0:
        print(f"the server ended with status {status}", file=sys.stderr)
    return not passed


def print_table(table):
    """Prints the statuses of tests by client. A test that a suite does not have says nothing."""
    tests = list(dict.fromkeys(test for results in table.values() for test in results))
    lines = [["", *table]] + [[test, *(results.get(test, "") for results in table.values())] for test in tests]
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    for line in lines:
        print("  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip(), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assay", help="the executable")
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path.home() / ".cache/assay-clients",
                        help="where the clients are installed")
    arguments = parser.parse_args()
    rerun_with_newer_python(__file__)
    assay = find_assay(arguments.assay)
    servers = [http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) for handler in (Model, Hub)]
    for server in servers:
        threading.Thread(target=server.serve_forever, daemon=True).start()
    failed = False
    folder_of_suites = pathlib.Path(__file__).parent
    table = {FIRST: {}}
    failed |= fails(
        f"scripts {FIRST}", assay, servers,
        lambda url, folder: [sys.executable, folder_of_suites / "first.py", url, folder], table[FIRST])
    for version, name in LIBRARIES.items():
        # The first client needs what was removed from httpx 0.28.
        python = environment(
            "llama-stack-client", version, arguments.cache, ["httpx<0.28"] if version == "0.0.50" else [])
        table[version] = {}
        failed |= fails(
            f"llama-stack-client {version}", assay, servers,
            lambda url, folder: [python, folder_of_suites / name, url, folder], table[version])
    print_table(table)
    for version in COMMAND_LINES:
        python = environment("llama-stack-client", version, arguments.cache)
        suite = pathlib.Path(__file__).with_name("commands.py")
        command = python.with_name("llama-stack-client")
        failed |= fails(
            f"the command line of llama-stack-client {version}", assay, servers,
            lambda url, folder: [sys.executable, suite, command, version, url, folder])
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
