#!/usr/bin/env python3
"""Measures Assay's server: one row, many rows, a mix of requests from many clients, and large datasets.

With --llama-stack, a Llama Stack server gets the same requests in turns with it. README.md in this folder says what the
figures mean. Python 3.9 or later, standard library only, Linux; `wrk` for requests that a client in Python could not send
fast enough (apt-get install wrk).
"""

import argparse
import http.client
import json
import os
import random
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections import defaultdict
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
CHOICE = "basic::regex_parser_multiple_choice_answer"
SCORE = "/v1/scoring/score"
LINE = r"A:\s*(.+)"  # the final answer of the GSM8K rows
FIRST_NUMBER = r"([0-9]+)"
WRK_SCRIPT = """
wrk.method = "POST"
wrk.headers["Content-Type"] = "application/json"
local file = io.open(os.getenv("BODY"), "rb")
wrk.body = file:read("*a")
file:close()
function done(summary, latency)
    local e = summary.errors
    io.write(string.format("RESULT %f %d %f %f\\n", summary.requests * 1e6 / summary.duration,
        e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))
end
"""


def functions(pattern):
    parameters = {"type": "regex_parser", "parsing_regexes": [pattern], "aggregation_functions": ["accuracy"]}
    return {CHOICE: parameters}


def encoded(value):
    return json.dumps(value, ensure_ascii=False).encode()


def percentile(values, share):
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


class Rows:
    """The GSM8K rows, repeated, with the two columns that are scored."""

    def __init__(self, source):
        with open(source, encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines]
        self.rows = [{key: row[key] for key in ("generated_answer", "expected_answer")} for row in rows]

    def __getitem__(self, index):
        return self.rows[index % len(self.rows)]

    def first(self, count):
        return [self[index] for index in range(count)]

    def request(self, count, pattern=LINE):
        return encoded({"input_rows": self.first(count), "scoring_functions": functions(pattern)})

    def write(self, path, count):
        text = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in self.rows).encode()
        with open(path, "wb") as file:
            for _ in range(count // len(self.rows)):
                file.write(text)
            file.writelines(encoded(row) + b"\n" for row in self.first(count % len(self.rows)))


# Servers


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server in a process of its own, and its memory."""

    def __init__(self, name, command, folder, environment=None):
        self.name, self.port = name, free_port()
        self.log = open(folder / f"{name}.log", "w+")
        command = [str(part).replace("PORT", str(self.port)) for part in command]
        environment = {**os.environ, **{key: value.replace("PORT", str(self.port))
                                        for key, value in (environment or {}).items()}}
        self.process = subprocess.Popen(command, stdout=self.log, stderr=self.log, env=environment)
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline and self.process.poll() is None:
            try:
                if Client(self).request("GET", "/v1/health")[0] == 200:
                    return
            except OSError:
                time.sleep(0.1)
        self.stop()
        self.log.seek(0)
        sys.exit(f"{name} did not start:\n{self.log.read()[-2000:]}")

    def memory(self, field="VmRSS"):
        """Resident memory in megabytes, or its peak (VmHWM)."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{field}:\s+(\d+)", status)[1]) * 1024 / 1e6

    def forget_peak(self):
        Path(f"/proc/{self.process.pid}/clear_refs").write_text("5")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def start_assay(arguments, folder):
    if not arguments.assay.exists():
        sys.exit(f"There is no {arguments.assay}. Build it with `swift build -c release`, or give its path with --assay.")
    command = [arguments.assay.resolve(), "serve", "--port", "PORT", "--data-dir", folder / "data", "--allow-path", folder,
               "--no-cache", "--quiet", *arguments.assay_options.split()]
    return Server("assay", command, folder)


def start_llama_stack(python, folder):
    stores = {name: {"type": "sqlite", "db_path": str(folder / f"{name}.db")} for name in ("datasetio", "registry")}
    configuration = {
        "version": 2, "image_name": "scoring", "apis": ["scoring", "datasetio"], "metadata_store": stores["registry"],
        "providers": {
            "datasetio": [{"provider_id": "localfs", "provider_type": "inline::localfs",
                           "config": {"kvstore": stores["datasetio"]}}],
            "scoring": [{"provider_id": "basic", "provider_type": "inline::basic", "config": {}}]},
        "models": [], "shields": [], "vector_dbs": [], "datasets": [], "scoring_fns": [], "benchmarks": [],
        "tool_groups": [], "server": {"host": "127.0.0.1"}}
    # JSON is YAML.
    (folder / "run.yaml").write_text(json.dumps(configuration))
    return Server("llama-stack", [python, "-m", "llama_stack.core.server.server", folder / "run.yaml"], folder,
                  {"LLAMA_STACK_CONFIG_DIR": str(folder), "LLAMA_STACK_PORT": "PORT"})


class Client:
    """One connection that is kept."""

    def __init__(self, server):
        self.connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=300)

    def request(self, method, path, body=None):
        """The status and the body of the answer."""
        self.connection.request(method, path, body, {"Content-Type": "application/json"} if body else {})
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def json(self, method, path, value=None):
        status, body = self.request(method, path, None if value is None else encoded(value))
        if status != 200:
            raise RuntimeError(f"{method} {path}: {status} {body[:300]!r}")
        return json.loads(body)


# One request over and over


class Load:
    """How one request went, sent over and over: requests a second, seconds at the median and the 99th percentile."""

    def __init__(self, rate, errors, median, last):
        self.rate, self.errors, self.median, self.last = rate, errors, median, last


def wrk(server, folder, body, connections, seconds):
    (folder / "post.lua").write_text(WRK_SCRIPT)
    (folder / "body").write_bytes(body)
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "60s", "-s", folder / "post.lua",
               f"http://127.0.0.1:{server.port}{SCORE}"]
    output = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "BODY": str(folder / "body")})
    found = re.search(r"RESULT (\S+) (\S+) (\S+) (\S+)", output.stdout)
    if not found:
        sys.exit(f"wrk said: {output.stdout}{output.stderr}")
    rate, errors, median, last = map(float, found.groups())
    return Load(rate, int(errors), median / 1e6, last / 1e6)


def python_load(server, body, connections, seconds):
    """The same without wrk."""
    times, errors, end = [], [], time.monotonic() + seconds

    def work():
        client = Client(server)
        while time.monotonic() < end:
            start = time.monotonic()
            status, _ = client.request("POST", SCORE, body)
            (times if status == 200 else errors).append(time.monotonic() - start)

    start = time.monotonic()
    run_threads([work] * connections)
    return Load(len(times) / (time.monotonic() - start), len(errors), percentile(times, 0.5), percentile(times, 0.99))


def run_threads(bodies):
    threads = [threading.Thread(target=body) for body in bodies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def load(server, folder, body, connections, seconds):
    result = (wrk(server, folder, body, connections, seconds) if shutil.which("wrk")
              else python_load(server, body, connections, seconds))
    if result.errors:
        sys.exit(f"{server.name}: {result.errors} requests failed")
    return result


def plain_python(body):
    """Rows a second of a loop that does what a server in Python cannot do without: json, re, and json again."""
    start = time.monotonic()
    request = json.loads(body)
    search = re.compile(LINE).search
    results = []
    for row in request["input_rows"]:
        match = search(row["generated_answer"])
        results.append({"score": 1.0 if match and match.group(1) == row["expected_answer"] else 0.0})
    json.dumps({"score_rows": results})
    return len(results) / (time.monotonic() - start)


def repeated(title, servers, folder, body, rows, connections, seconds, rounds):
    """Has the servers take turns with a request, and prints the best round of each."""
    best = {}
    for _ in range(rounds):
        for server in servers:
            server.forget_peak()
            result = load(server, folder, body, connections, seconds)
            result.peak = server.memory("VmHWM")
            if server.name not in best or result.rate > best[server.name].rate:
                best[server.name] = result
    print(f"\n{title}")
    for name, result in best.items():
        print(f"  {name:<12}{result.rate:>9.2f} requests/s {result.rate * rows:>10,.0f} rows/s   "
              f"median {result.median * 1000:.2f} ms, 99 % {result.last * 1000:.2f} ms, peak {result.peak:.0f} MB")
    for name, result in best.items():
        if name != "assay":
            print(f"  assay has {best['assay'].rate / result.rate:.0f} times the requests of {name}; "
                  f"its median is 1/{result.median / best['assay'].median:.0f}")
    return best


# Many clients


class Mix:
    """Clients that do all kinds of things at once. Each answer is checked."""

    def __init__(self, server, rows, large):
        self.server, self.rows, self.end = server, rows, 0
        self.times, self.faults, self.lock = defaultdict(list), [], threading.Lock()
        self.large = rows.request(large)
        self.ones = [(rows.request(1, pattern), self.answer(rows.request(1, pattern))) for pattern in (LINE, FIRST_NUMBER)]
        assert self.ones[0][1] != self.ones[1][1]
        self.large_answer = self.answer(self.large)
        self.batch = 2000
        self.register(Client(server), "shared", self.batch)

    def answer(self, body):
        return Client(self.server).request("POST", SCORE, body)[1]

    def register(self, client, name, count):
        source = {"type": "rows", "rows": self.rows.first(count)}
        body = {"dataset_id": name, "purpose": "eval/question-answer", "source": source}
        assert len(client.json("POST", "/v1/datasets", body)["source"]["rows"]) == count

    def score_one(self, client, name):
        body, answer = random.choice(self.ones)
        assert client.request("POST", SCORE, body) == (200, answer)

    def score_many(self, client, name):
        assert client.request("POST", SCORE, self.large) == (200, self.large_answer)

    def register_and_append(self, client, name):
        self.register(client, name, 50)
        client.json("POST", f"/v1/datasetio/append-rows/{name}", {"rows": self.rows.first(10)})
        page = client.json("GET", f"/v1/datasetio/iterrows/{name}?start_index=45")
        assert len(page["data"]) == 15 and not page["has_more"]
        client.json("DELETE", f"/v1/datasets/{name}")

    def read_rows(self, client, name):
        start = random.randrange(self.batch - 100)
        page = client.json("GET", f"/v1/datasetio/iterrows/shared?start_index={start}&limit=100")
        assert page["data"][0] == self.rows[start] and len(page["data"]) == 100 and page["has_more"]

    def list_datasets(self, client, name):
        assert any(dataset["identifier"] == "shared" for dataset in client.json("GET", "/v1/datasets")["data"])

    def score_batch(self, client, name, save=False):
        body = {"dataset_id": "shared", "scoring_functions": functions(LINE), "save_results_dataset": save}
        answer = client.json("POST", "/v1/scoring/score-batch", body)
        assert len(answer["results"][CHOICE]["score_rows"]) == self.batch
        if save:
            client.json("DELETE", f"/v1/datasets/{answer['dataset_id']}")

    def save_batch(self, client, name):
        self.score_batch(client, name, save=True)

    WEIGHTS = {"score_one": 50, "score_many": 2, "register_and_append": 10, "read_rows": 15, "list_datasets": 8,
               "score_batch": 10, "save_batch": 5}

    def work(self):
        client, name = Client(self.server), f"own-{threading.get_ident()}"
        while time.monotonic() < self.end:
            kind = random.choices(list(self.WEIGHTS), list(self.WEIGHTS.values()))[0]
            start = time.monotonic()
            try:
                getattr(self, kind)(client, name)
            except (AssertionError, OSError, RuntimeError, ValueError, http.client.HTTPException) as fault:
                with self.lock:
                    self.faults.append(f"{kind}: {fault!r}")
                client = Client(self.server)
                continue
            with self.lock:
                self.times[kind].append(time.monotonic() - start)

    def run(self, clients, seconds):
        memory = []
        self.end = time.monotonic() + seconds
        self.server.forget_peak()

        def watch():
            while time.monotonic() < self.end:
                memory.append(self.server.memory())
                time.sleep(0.25)

        run_threads([self.work] * clients + [watch])
        count = sum(map(len, self.times.values()))
        print(f"\n{clients} clients for {seconds} s: {count:,} actions, {len(self.faults)} faults")
        for kind, times in self.times.items():
            print(f"  {kind:<20}{len(times):>7,}   median {percentile(times, 0.5) * 1000:>8.1f} ms, "
                  f"99 % {percentile(times, 0.99) * 1000:>8.1f} ms, longest {max(times) * 1000:>8.1f} ms")
        quarter = max(1, len(memory) // 4)
        quarters = [sum(part) / len(part) for part in (memory[i:i + quarter] for i in range(0, 4 * quarter, quarter))
                    if part]
        print(f"  memory in each quarter of the time, on average: "
              f"{', '.join(f'{mean:.0f}' for mean in quarters)} MB; peak {self.server.memory('VmHWM'):.0f} MB")
        for fault in self.faults[:5]:
            print(f"  {fault[:300]}")
        return not self.faults


# A large dataset


def large_dataset(server, rows, folder, count):
    path = folder / "large.jsonl"
    rows.write(path, count)
    print(f"\na dataset of {count:,} rows, {path.stat().st_size / 1e6:,.0f} MB")

    def step(name, action, counted=True):
        server.forget_peak()
        start = time.monotonic()
        action()
        seconds = time.monotonic() - start
        rate = f"{count / seconds:>12,.0f} rows/s" if counted else ""
        print(f"  {name:<30}{seconds:>9.3f} s {rate:<20} peak {server.memory('VmHWM'):.0f} MB")

    def post(where, body, ending):
        """Posts, and reads the answer as it comes."""
        client = Client(server)
        client.connection.request("POST", where, encoded(body), {"Content-Type": "application/json"})
        answer, last = client.connection.getresponse(), b""
        while block := answer.read(1 << 20):
            last = last[-4096:] + block[-4096:]
        if answer.status != 200 or ending not in last:
            sys.exit(f"{where}: {answer.status} {last[-500:]!r}")

    register = {"dataset_id": "large", "purpose": "eval/question-answer", "source": {"type": "uri", "uri": str(path)}}
    step("registered from a file", lambda: post("/v1/datasets", register, b"large"))
    score = {"dataset_id": "large", "scoring_functions": functions(LINE)}
    total = b'"total": %d,' % count
    step("scored by score-batch", lambda: post("/v1/scoring/score-batch", score, total))
    saving = {**score, "save_results_dataset": True}
    step("scored, the results saved", lambda: post("/v1/scoring/score-batch", saving, total))
    for start in (0, count // 2, count - 1000):
        def read():
            page = Client(server).json("GET", f"/v1/datasetio/iterrows/large?start_index={start}&limit=1000")
            assert page["data"][0] == rows[start] and len(page["data"]) == 1000
        read()
        step(f"1,000 rows from {start:,}", read, counted=False)


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--assay", type=Path, metavar="PATH", default=ROOT / ".build/release/assay",
                        help="the assay binary (default: the release build of this checkout)")
    parser.add_argument("--assay-options", metavar="TEXT", default="",
                        help="more options for the server, as one argument, e.g. '--fn-dir DIR'")
    parser.add_argument("--llama-stack", metavar="PYTHON",
                        help="the Python of an environment with llama-stack 0.2.23, to measure its server beside this one")
    parser.add_argument("--quick", action="store_true", help="20 seconds in all, with less data")
    parser.add_argument("--rows", type=int, help="rows of the large dataset (default: 5,000,000; quick: 200,000)")
    parser.add_argument("--clients", type=int, default=64, help="clients of the mix (default: 64)")
    parser.add_argument("--parts", nargs="+", choices=["score", "mix", "dataset"], default=["score", "mix", "dataset"],
                        metavar="PART", help="only these parts: score, mix, dataset")
    return parser.parse_args()


def main():
    arguments = parse_arguments()
    quick = arguments.quick
    rows = Rows(ROOT / "Examples/gsm8k/model_solutions.jsonl")
    print(f"{time.strftime('%Y-%m-%d')}: {len(os.sched_getaffinity(0))} cores, Linux {os.uname().release}, "
          f"load {os.getloadavg()[0]:.2f}")
    if not shutil.which("wrk"):
        print("wrk is not there (apt-get install wrk); a client in Python takes its place, and part of the machine")
    with tempfile.TemporaryDirectory(prefix="assay-serving-") as folder:
        folder = Path(folder)
        servers = [start_assay(arguments, folder)]
        try:
            if arguments.llama_stack and "score" in arguments.parts:
                servers.append(start_llama_stack(arguments.llama_stack, folder))
            print(f"assay at the start: {servers[0].memory():.0f} MB")
            if "score" in arguments.parts:
                seconds, rounds = (2, 1) if quick else (5, 3)
                repeated("one row in a request, one client", servers, folder, rows.request(1), 1, 1, seconds, rounds)
                many = rows.request(20_000)
                for clients in (1, 4):
                    best = repeated(f"20,000 rows in a request of {len(many) / 1e6:.1f} MB, {clients} at once", servers,
                                    folder, many, 20_000, clients, seconds, rounds)
                loop = max(plain_python(many) for _ in range(3))
                print(f"  a loop in Python with json and re, without a server: {loop:,.0f} rows/s; "
                      f"assay has {best['assay'].rate * 20_000 / loop:.0f} times that")
            isWell = True
            if "mix" in arguments.parts:
                isWell = Mix(servers[0], rows, 20_000).run(arguments.clients, 5 if quick else 60)
            if "dataset" in arguments.parts:
                large_dataset(servers[0], rows, folder, arguments.rows or (200_000 if quick else 5_000_000))
            print(f"\nassay at the end: {servers[0].memory():.0f} MB")
        finally:
            for server in servers:
                server.stop()
    sys.exit(0 if isWell else 1)


if __name__ == "__main__":
    main()
