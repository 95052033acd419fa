"""Evaluates a real model in three ways, and checks that the scores are the same: with `assay evaluate`, and through a
server with both Python clients.

    python3 Tests/RealModel/run.py [--assay PATH] [--cache FOLDER] [--questions N]

Fifty questions of GSM8K are answered by SmolLM2-135M, and scored by a regular expression and by the same model as a judge;
each way asks the model anew. Takes twenty minutes. Needs what Tests/Clients/run.py needs, and the model of
Examples/judge.
Exit status: 0 all are the same; 1 they are not, or something failed; 2 something is missing.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Run by a Python that has the client: registers the questions and the benchmark, runs it, and prints its result.
CLIENT = """
import json, sys, time
import llama_stack_client
url, questions, benchmark, model, sampling = sys.argv[1], *map(json.loads, sys.argv[2:])
client = llama_stack_client.LlamaStackClient(base_url=url, timeout=600)
beta, alpha = getattr(client, "beta", client), getattr(client, "alpha", client)
datasets = beta.datasets
datasets.register(purpose="eval/question-answer", source={"type": "rows", "rows": questions},
                  dataset_id=benchmark["dataset_id"])
alpha.benchmarks.register(**benchmark)
config = {"eval_candidate": {"type": "model", "model": model, "sampling_params": sampling}}
name = benchmark["benchmark_id"]
job = alpha.eval.run_eval(name, benchmark_config=config)
while alpha.eval.jobs.status(job_id=job.job_id, benchmark_id=name).status in ("scheduled", "in_progress"):
    time.sleep(0.5)
result = alpha.eval.jobs.retrieve(job_id=job.job_id, benchmark_id=name)
print(json.dumps({
    "answers": [row["generated_answer"] for row in result.generations],
    "scores": {function: [row["score"] for row in scores.score_rows] for function, scores in result.scores.items()},
    "aggregates": {function: scores.aggregated_results for function, scores in result.scores.items()}}))
"""


def module(name, path):
    spec = importlib.util.spec_from_file_location(name, ROOT / path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


clients = module("clients", "Tests/Clients/run.py")
example = module("example", "Examples/evaluation/evaluate.py")


def by_command(assay, url, count, folder):
    """The result of `assay evaluate`, and the questions that it asked."""
    os.environ["ASSAY"] = str(assay)
    output = folder / "answered.jsonl"
    words = example.command(url, count) + ["--no-cache", "--format", "json", "--output", str(output), "--max-concurrency", "1"]
    finished = subprocess.run(words, capture_output=True, text=True)
    # 3: a judge of this size does not always give a verdict.
    if finished.returncode not in (0, 3):
        sys.exit(f"assay evaluate ended with {finished.returncode}: {finished.stderr}")
    rows = [json.loads(line) for line in output.read_text().splitlines()]
    results = json.loads(finished.stdout)["results"]
    result = {
        "answers": [row["generated_answer"] for row in rows],
        "scores": {function: [row["scores"][function]["score"] for row in rows] for function in results},
        "aggregates": {function: value["aggregated_results"] for function, value in results.items()}}
    return result, [{name: row[name] for name in ("input_query", "expected_answer")} for row in rows]


def by_client(python, assay, url, questions, folder):
    options = ["--model-url", url, "--judge-model", example.MODEL, "--max-concurrency", "1"]
    for functions in example.FUNCTIONS:
        options += ["--fn-dir", functions]
    server = clients.Server(assay, folder, options)
    try:
        benchmark = json.loads((ROOT / "Examples/evaluation/maths.json").read_text())
        words = [json.dumps(questions), json.dumps(benchmark), json.dumps(example.MODEL), example.SAMPLING]
        finished = subprocess.run([python, "-c", CLIENT, server.url, *words], capture_output=True, text=True)
    finally:
        server.stop()
    if finished.returncode != 0:
        sys.exit(f"the client failed: {finished.stderr}")
    return json.loads(finished.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assay", help="the executable")
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path.home() / ".cache/assay-clients",
                        help="where the clients are installed")
    parser.add_argument("--questions", type=int, default=50)
    arguments = parser.parse_args()
    clients.rerun_with_newer_python(__file__)
    assay = clients.find_assay(arguments.assay)
    pythons = [clients.environment("llama-stack-client", version, arguments.cache) for version in clients.CLIENTS]
    if example.judge.installed() is None:
        clients.missing("the model is not installed; make judge-model")
    with example.judge.ModelServer(slots=1) as model, tempfile.TemporaryDirectory(prefix="assay-model-") as name:
        folder = pathlib.Path(name)
        expected, questions = by_command(assay, model.url, arguments.questions, folder)
        print(f"assay evaluate: {json.dumps(expected['aggregates'])}", flush=True)
        failed = False
        for version, python in zip(clients.CLIENTS, pythons):
            place = folder / version
            place.mkdir()
            found = by_client(python, assay, model.url, questions, place)
            print(f"llama-stack-client {version}: {'the same' if found == expected else 'NOT THE SAME'}", flush=True)
            for part in expected:
                if found[part] != expected[part]:
                    print(f"  {part}: {json.dumps(found[part])}\n  not {json.dumps(expected[part])}", flush=True)
            failed = failed or found != expected
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
