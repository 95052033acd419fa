"""Loads a server with faults injected, and checks that its memory, descriptors, threads and processes stay flat.

    python3 Tests/Soak/run.py [--seconds N] [--assay PATH]

Clients score rows, run judges, register, append to, score and delete datasets, run and cancel evaluation jobs, and leave
in the middle of an answer. Meanwhile a plugin crashes, hangs and is killed in its worker, the model server dies and comes
back, and (as root) the disk fills up and is freed. The figures of /proc are read once a second. The first fifth of the time
is for warming up; of the rest, the last third may have little more than the first. N is 120 by default; an hour
(`--seconds 3600`) is some 48 hours' worth of a busy server. Needs Linux, a C compiler, and `assay` as it was built.
Exit status: 0 all is flat, 1 something grew or an answer was wrong, 2 something is missing.
"""

import argparse
import contextlib
import http.client
import http.server
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "Tests/Clients"))
import run as clients


class Model:
    """A model server that can be taken down and put up again on the same port."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            time.sleep(random.random() * 0.02)
            text = "Total rating: %d" % (len(json.dumps(body)) % 10)
            chance = random.random()
            status, reply = 200, {"choices": [{"index": 0, "message": {"role": "assistant", "content": text},
                                               "finish_reason": "stop"}],
                                  "usage": {"prompt_tokens": 20, "completion_tokens": 5}}
            if chance < 0.02:
                status, reply = 500, {"error": {"message": "out of order"}}
            elif chance < 0.04:
                status, reply = 429, {"error": {"message": "slow down"}}
            elif chance < 0.05:
                self.close_connection = True
                return
            data = json.dumps(reply).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *arguments):
            pass

        def handle(self):
            # Clients that leave are part of the test.
            with contextlib.suppress(ConnectionError):
                super().handle()

    class Server(http.server.ThreadingHTTPServer):
        request_queue_size = 128
        daemon_threads = True
        allow_reuse_address = True

        def handle_error(self, *arguments):
            pass

    def __init__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.server = None
        self.start()

    def start(self):
        self.server = self.Server(("127.0.0.1", self.port), self.Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


class Client:
    """Sends requests of all kinds, and counts what comes back."""

    counts = {}
    wrong = []
    lock = threading.Lock()

    def __init__(self, host, port, seed):
        self.host, self.port = host, port
        self.random = random.Random(seed)
        self.serial = 0
        self.seed = seed

    def call(self, method, path, body=None, leave_after=None):
        connection = http.client.HTTPConnection(self.host, self.port, timeout=60)
        try:
            data = None if body is None else json.dumps(body)
            connection.request(method, path, data, {"Content-Type": "application/json"})
            response = connection.getresponse()
            if leave_after is not None:
                response.read(leave_after)
                return None, None
            text = response.read()
            return response.status, json.loads(text) if text else None
        finally:
            connection.close()

    def count(self, what):
        with Client.lock:
            Client.counts[what] = Client.counts.get(what, 0) + 1

    def rows(self, count):
        return [{"generated_answer": f"It is {i}.", "expected_answer": str(i), "id": i} for i in range(count)]

    def score(self):
        count = self.random.choice([1, 1, 10, 1000])
        status, answer = self.call("POST", "/v1/scoring/score", {
            "input_rows": self.rows(count), "scoring_functions": {"basic::subset_of": None, "basic::equality": None}})
        if status == 200:
            accuracy = answer["results"]["basic::subset_of"]["aggregated_results"]["accuracy"]["accuracy"]
            if accuracy != 1.0:
                with Client.lock:
                    Client.wrong.append(f"accuracy {accuracy} of {count} rows")
        self.count(f"score {status}")

    def leave(self):
        self.call("POST", "/v1/scoring/score", {
            "input_rows": self.rows(5000), "scoring_functions": {"basic::subset_of": None}}, leave_after=100)
        self.count("score, left")

    def judge(self):
        status, _ = self.call("POST", "/v1/scoring/score", {
            "input_rows": [{**row, "input_query": f"{self.random.random()}"} for row in self.rows(8)],
            "scoring_functions": {"llm-as-judge::base": {
                "type": "llm_as_judge", "judge_model": "soak", "prompt_template": "{input_query}: {generated_answer}",
                "judge_score_regexes": ["Total rating: (\\d+)"]}}})
        self.count(f"judge {status}")

    def plugin(self):
        modes = ["ok"] * 20 + ["abort", "sleep"] * (self.random.random() < 0.2)
        rows = [{"text": self.random.choice(modes)} for _ in range(50)]
        status, answer = self.call(
            "POST", "/v1/scoring/score", {"input_rows": rows, "scoring_functions": {"soak::score": None}})
        if status == 200:
            scores = answer["results"]["soak::score"]["score_rows"]
            for row, result in zip(rows, scores):
                if row["text"] != "ok" and result.get("score") is not None:
                    with Client.lock:
                        Client.wrong.append(f"a row of a plugin's {row['text']} has a score")
        self.count(f"plugin {status}")

    def dataset(self):
        self.serial += 1
        name = f"d{self.seed}-{self.serial}"
        status, _ = self.call("POST", "/v1/datasets", {
            "dataset_id": name, "purpose": "eval/question-answer",
            "source": {"type": "rows", "rows": self.rows(500)}})
        self.count(f"register {status}")
        if status != 200:
            return
        status, _ = self.call("POST", f"/v1/datasetio/append-rows/{name}", {"rows": self.rows(100)})
        self.count(f"append {status}")
        status, _ = self.call("POST", "/v1/scoring/score-batch", {
            "dataset_id": name, "scoring_functions": {"basic::subset_of": None}, "save_results_dataset": False})
        self.count(f"score-batch {status}")
        status, _ = self.call("DELETE", f"/v1/datasets/{name}")
        self.count(f"unregister {status}")

    def job(self):
        self.serial += 1
        name = f"b{self.seed}-{self.serial}"
        rows = [{"question": f"{self.random.random()}", "expected_answer": "Total"} for _ in range(30)]
        status, _ = self.call("POST", "/v1/datasets", {
            "dataset_id": name, "purpose": "eval/question-answer", "source": {"type": "rows", "rows": rows}})
        if status != 200:
            return self.count(f"register for a job {status}")
        self.call("POST", "/v1/eval/benchmarks", {
            "benchmark_id": name, "dataset_id": name, "scoring_functions": ["basic::subset_of"]})
        status, job = self.call("POST", f"/v1/eval/benchmarks/{name}/jobs", {
            "benchmark_config": {"eval_candidate": {"type": "model", "model": "soak", "sampling_params": {}}}})
        self.count(f"job {status}")
        if status == 200:
            place = f"/v1/eval/benchmarks/{name}/jobs/{job['job_id']}"
            if self.random.random() < 0.2:
                self.call("DELETE", place)
            for _ in range(300):
                status, job = self.call("GET", place)
                if status != 200 or job["status"] in ("completed", "failed", "cancelled"):
                    self.count(f"job {job and job.get('status')}")
                    break
                time.sleep(0.1)
            self.call("DELETE", place + "?purge=true")
        self.call("DELETE", f"/v1/eval/benchmarks/{name}")
        self.call("DELETE", f"/v1/datasets/{name}")

    def read(self):
        for path in ("/v1/health", "/v1/datasets", "/v1/scoring-functions", "/metrics", "/", "/results"):
            self.call("GET", path, leave_after=1 << 20)
        self.count("pages")

    def run(self, end):
        kinds = [self.score] * 6 + [self.leave, self.judge, self.judge, self.plugin, self.dataset, self.job, self.read]
        while time.monotonic() < end:
            try:
                self.random.choice(kinds)()
            except (OSError, http.client.HTTPException):
                self.count("connection error")


def figures(pid):
    """Resident kilobytes, descriptors, threads and child processes of the server."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    value = lambda name: int(next(line for line in status.splitlines() if line.startswith(name)).split()[1])
    children = pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(OSError):
            children += (task / "children").read_text().split()
    return {"resident kB": value("VmRSS:"), "descriptors": len(os.listdir(f"/proc/{pid}/fd")),
            "threads": value("Threads:"), "processes": len(set(children))}, [int(child) for child in set(children)]


def inject(end, pid, model, disk, chance):
    """Faults, one every few seconds: a worker killed, the model gone, the disk full."""
    while time.monotonic() < end:
        time.sleep(2 + 2 * chance.random())
        kind = chance.choice(["worker", "model", "disk"])
        with contextlib.suppress(OSError, ValueError):
            if kind == "worker":
                _, children = figures(pid)
                for child in children[:1]:
                    os.kill(child, signal.SIGKILL)
            elif kind == "model":
                model.stop()
                time.sleep(2)
                model.start()
            elif disk:
                with open(disk / "filler", "wb") as filler:
                    with contextlib.suppress(OSError):
                        while True:
                            filler.write(bytes(1 << 16))
                            filler.flush()
                time.sleep(2)
                (disk / "filler").unlink()


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--assay")
    parser.add_argument("--samples", help="leave the figures of each second in this file (CSV)")
    options = parser.parse_args()
    assay = clients.find_assay(options.assay)
    if not shutil.which("cc"):
        clients.missing("a C compiler is needed")
    with contextlib.ExitStack() as stack:
        folder = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        sys.exit(soak(options, assay, folder, stack))


def soak(options, assay, folder, stack):
    disk = folder / "data"
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=64m", "tmpfs", disk], capture_output=True).returncode == 0
    if mounted:
        stack.callback(subprocess.run, ["umount", "-l", disk], check=False)
    else:
        print("the disk is not filled: mounting a small one needs root", file=sys.stderr)
    plugins = folder / "plugins"
    (plugins / "functions").mkdir(parents=True)
    subprocess.run(
        ["cc", "-shared", "-fPIC", "-O1", "-pthread", "-I", ROOT / "Sources/CScorerPlugin/include",
         "-o", plugins / "hostile.so", "-x", "c", ROOT / "Tests/ScorerHostTests/Fixtures/hostile.c.txt"], check=True)
    (plugins / "functions/score.json").write_text(json.dumps({
        "identifier": "soak::score", "provider_id": "org.example.hostile", "provider_resource_id": "hostile",
        "return_type": {"type": "number"}, "params": {"type": "basic", "aggregation_functions": ["average"]}}))
    model = Model()
    server = subprocess.Popen(
        [assay, "serve", "--port", "0", "--data-dir", disk, "--no-cache", "--max-retries", "1", "--plugin-timeout", "1",
         "--model-url", f"http://127.0.0.1:{model.port}/v1", "--plugin-dir", plugins, "--fn-dir", plugins / "functions",
         "--fn-dir", ROOT / "scoring_fns"],
        stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True)
    stack.callback(server.kill)
    url = None
    for line in server.stderr:
        with contextlib.suppress(ValueError):
            url = json.loads(line).get("url")
        if url:
            break
    if not url:
        print("the server did not start", file=sys.stderr)
        return 1
    threading.Thread(target=lambda: [None for _ in server.stderr], daemon=True).start()
    port = int(url.rstrip("/").rsplit(":", 1)[1])
    start = time.monotonic()
    end = start + options.seconds
    threads = [
        threading.Thread(target=Client("127.0.0.1", port, seed).run, args=(end,), daemon=True)
        for seed in range(options.clients)]
    threads.append(threading.Thread(
        target=inject, args=(end, server.pid, model, disk if mounted else None, random.Random(1)), daemon=True))
    for thread in threads:
        thread.start()
    samples = []
    while time.monotonic() < end:
        time.sleep(1)
        if server.poll() is not None:
            print(f"the server ended with status {server.returncode}", file=sys.stderr)
            return 1
        samples.append(figures(server.pid)[0])
    for thread in threads:
        thread.join(timeout=90)
    server.send_signal(signal.SIGTERM)
    try:
        server.wait(60)
    except subprocess.TimeoutExpired:
        Client.wrong.append("the server did not end within 60 s of SIGTERM")
    if options.samples:
        with open(options.samples, "w") as file:
            print(",".join(samples[0]), file=file)
            for sample in samples:
                print(",".join(map(str, sample.values())), file=file)
    return report(samples)


def report(samples):
    print(", ".join(f"{count} {what}" for what, count in sorted(Client.counts.items())))
    failed = False
    steady = samples[len(samples) // 5:]
    third = max(1, len(steady) // 3)
    for name, slack in (("resident kB", 1.25), ("descriptors", 1.5), ("threads", 1.5), ("processes", 1.5)):
        first = statistics.median(sample[name] for sample in steady[:third])
        last = statistics.median(sample[name] for sample in steady[-third:])
        most = max(sample[name] for sample in samples)
        grew = last > first * slack + (20_000 if name == "resident kB" else 16)
        failed = failed or grew
        print(f"{name}: median {first:.0f} at first, {last:.0f} at last, {most} at most{'; IT GREW' if grew else ''}")
    # A server that refuses everything is flat, too.
    for what, count in Client.counts.items():
        if what.endswith((" 400", " 404", " 405", " 413", " 422", " 500")):
            Client.wrong.append(f"{count} answers: {what}")
    for kind in ("score", "judge", "plugin", "register", "append", "score-batch", "job"):
        if not Client.counts.get(f"{kind} 200"):
            Client.wrong.append(f"nothing of this kind was answered: {kind}")
    for what in Client.wrong[:10]:
        print(f"wrong: {what}", file=sys.stderr)
    return 1 if failed or Client.wrong else 0


if __name__ == "__main__":
    main()
