"""Runs jobs of EvalHub's own server with `assay evalhub-job`.

    python3 Tests/EvalHub/run.py [--assay PATH]

Needs PyPI for the package eval-hub-server, and `assay` as it was built (.build/release or .build/debug). Exit status: 0 all
is well; 1 something is not; 2 something that it needs is missing.
"""

import argparse
import http.server
import json
import os
import pathlib
import shlex
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
import venv

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = "eval-hub-server==1.0.2"
ROWS = [
    {"question": "9 + 9?", "generated_answer": "18", "expected_answer": "18"},
    {"question": "9 + 8?", "generated_answer": "18", "expected_answer": "17"},
    {"question": "9 + 7?", "generated_answer": "16"},
]
CONFIGURATION = """
service: {{port: {port}, host: 127.0.0.1, disable_auth: true}}
database: {{driver: sqlite, url: "file::eval_hub:?mode=memory&cache=shared"}}
"""
PROVIDER = """
id: assay
name: Assay
description: Scores what language models write
runtime:
  local:
    command: {command}
benchmarks:
  - id: sums
    name: Sums
    description: Sums of two numbers
    category: math
    metrics: [accuracy]
    primary_score: {{metric: accuracy, lower_is_better: false}}
"""


def missing(what):
    print(f"EvalHub was not tried: {what}", file=sys.stderr)
    sys.exit(2)


class Model(http.server.BaseHTTPRequestHandler):
    """Answers every question with 18."""

    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        reply = {"choices": [{"message": {"role": "assistant", "content": "18"}, "finish_reason": "stop"}]}
        body = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def request(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(
            urllib.request.Request(url, data, {"Content-Type": "application/json"}), timeout=30) as answer:
        return json.loads(answer.read())


def finished(url, model, parameters):
    """Starts a job, and returns it when it has ended."""
    benchmark = {"id": "sums", "provider_id": "assay", "parameters": parameters}
    if not model:
        # Only answers that were recorded before need no model. In local mode, nothing is fetched.
        benchmark["test_data_ref"] = {
            "type": "pre_recorded_data", "s3": {"bucket": "answers", "key": "rows.jsonl", "secret_ref": "none"}}
    job = request(f"{url}/api/v1/evaluations/jobs", {
        "name": "sums", "model": {"url": model, "name": "m"}, "benchmarks": [benchmark]})
    place = f"{url}/api/v1/evaluations/jobs/{job['resource']['id']}"
    for _ in range(600):
        job = request(place)
        if job["status"]["state"] not in ("pending", "running"):
            return job
        time.sleep(0.1)
    return job


def check(url, model, rows):
    """What is wrong with three jobs."""
    faults = []

    def expect(holds, what, job):
        if not holds:
            faults.append(f"{what}: {json.dumps(job)}")

    functions = {"dataset": str(rows), "functions": ["basic::equality"]}
    for name, job in [("a job with a model", finished(url, model, functions)),
                      ("a job without one", finished(url, "", functions))]:
        expect(job["status"]["state"] == "completed", name, job)
        metrics = (job.get("results", {}).get("benchmarks") or [{}])[0].get("metrics", {})
        expect(metrics.get("accuracy") == 0.5, f"{name}: the accuracy", job)
        expect((metrics.get("rows"), metrics.get("rows_unscored")) == (3, 1), f"{name}: the rows", job)
    job = finished(url, model, {**functions, "functions": ["basic::none"]})
    expect(job["status"]["state"] == "failed", "a job with an unknown function", job)
    expect("basic::none" in json.dumps(job), "the reason of a failure", job)
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assay", help="the executable")
    arguments = parser.parse_args()
    candidates = [arguments.assay] if arguments.assay else [ROOT / ".build/release/assay", ROOT / ".build/debug/assay"]
    assay = next((pathlib.Path(path).resolve() for path in candidates if os.access(path, os.X_OK)), None)
    if assay is None:
        missing("no assay was found; build it or name it with --assay")
    with tempfile.TemporaryDirectory(prefix="assay-evalhub-", ignore_cleanup_errors=True) as name:
        folder = pathlib.Path(name)
        venv.create(folder / "environment", with_pip=True)
        python = folder / "environment/bin/python"
        if subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", PACKAGE]).returncode:
            missing(f"{PACKAGE} cannot be installed")
        rows = folder / "rows.jsonl"
        rows.write_text("".join(json.dumps(row) + "\n" for row in ROWS))
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        (folder / "config/providers").mkdir(parents=True)
        (folder / "config/config.yaml").write_text(CONFIGURATION.format(port=port))
        command = f"{shlex.quote(str(assay))} evalhub-job -- --no-cache"
        (folder / "config/providers/assay.yaml").write_text(PROVIDER.format(command=json.dumps(command)))
        model = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Model)
        threading.Thread(target=model.serve_forever, daemon=True).start()
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(
                [folder / "environment/bin/eval-hub", "-local", "-configdir", folder / "config"], cwd=folder, stdout=log,
                stderr=log)
        try:
            url = f"http://127.0.0.1:{port}"
            for _ in range(300):
                try:
                    request(f"{url}/api/v1/health")
                    break
                except OSError:
                    time.sleep(0.1)
            else:
                missing("its server did not start:\n" + (folder / "log").read_text()[-2000:])
            faults = check(url, f"http://127.0.0.1:{model.server_port}/v1", rows)
        finally:
            server.terminate()
            server.wait()
    for fault in faults:
        print(fault, file=sys.stderr)
    print(f"jobs of EvalHub: {'FAILED' if faults else 'passed'}")
    sys.exit(1 if faults else 0)


if __name__ == "__main__":
    main()
