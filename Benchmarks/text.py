#!/usr/bin/env python3
"""Measures the text metrics beside sacrebleu and rouge-score, on the same rows, one core each.

    swift build -c release
    Benchmarks/text.py [--rows 20000] [--only bleu rouge] [--assay PATH] [--assay-options '--fn-dir scoring_fns']

The first run makes a virtual environment in Benchmarks/work with sacrebleu 2.6.0 and rouge-score 0.1.2. The rows are those of
the parity tests, each copy of them with a number in front, so that no cache of texts helps. Python is measured without its
start, without reading the rows, and on a share of them; Assay with both, and on all of them. The values are compared first: of each row
that Python scores, and of the corpus. Exit status: 0 all values are the same, 1 some are not, 2 something is missing.
"""

import argparse
import json
import math
import os
import shlex
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WORK = HERE / "work"
DATA = ROOT / "Tests/ScoringEngineTests/Data/text/text_metrics.jsonl"
PACKAGES = ["sacrebleu==2.6.0", "rouge-score==0.1.2"]

# The name, the function with its parameters, how Python makes the metric, and the corpus aggregation.
CASES = {
    "bleu": ("text::bleu", "BLEU", {"effective_order": True}, "corpus_bleu"),
    "bleu-intl": ('text::bleu={"tokenize": "intl"}', "BLEU", {"effective_order": True, "tokenize": "intl"}, "corpus_bleu"),
    "chrf": ("text::chrf", "CHRF", {}, "corpus_chrf"),
    "chrf++": ('text::chrf={"word_order": 2}', "CHRF", {"word_order": 2}, "corpus_chrf"),
    "ter": ("text::ter", "TER", {}, "corpus_ter"),
    "rouge": ("text::rouge", "rouge", {"use_stemmer": False}, None),
    "rouge-stem": ('text::rouge={"use_stemmer": true}', "rouge", {"use_stemmer": True}, None),
}
ROUGE_TYPES = ["rouge1", "rouge2", "rougeL"]
# The share of the rows that Python scores: it is slow.
PYTHON_SHARE = 10


def rows_of(count):
    rows = [json.loads(line) for line in DATA.read_text(encoding="utf-8").splitlines()]
    made = []
    for index in range(count):
        row = rows[index % len(rows)]
        copy = index // len(rows)
        made.append({
            "generated_answer": f"{copy} {row['generated_answer']}",
            "expected_answer": [f"{copy} {reference}" for reference in row["references"]],
        })
    return made


def measure_python(arguments):
    """Runs in the virtual environment: prints the seconds and the scores of rows and corpus."""
    metric, options = arguments.metric, json.loads(arguments.options)
    rows = [json.loads(line) for line in Path(arguments.data).read_text(encoding="utf-8").splitlines()]
    answers = [row["generated_answer"] for row in rows]
    references = [row["expected_answer"] for row in rows]
    corpus = None
    if metric == "rouge":
        from rouge_score import rouge_scorer
        scorer = rouge_scorer.RougeScorer(ROUGE_TYPES, **options)
        start = time.perf_counter()
        scores = [scorer.score_multi(r, a)["rouge1"].fmeasure for a, r in zip(answers, references)]
        seconds = time.perf_counter() - start
    else:
        from sacrebleu import metrics
        make = getattr(metrics, metric)
        scorer = make(**options)
        start = time.perf_counter()
        scores = [scorer.sentence_score(a, r).score for a, r in zip(answers, references)]
        seconds = time.perf_counter() - start
        whole = make(**{name: value for name, value in options.items() if name != "effective_order"})
        most = max(map(len, references))
        streams = [[r[i] if i < len(r) else None for r in references] for i in range(most)]
        corpus = whole.corpus_score(answers, streams).score
    json.dump({"seconds": seconds, "scores": scores, "corpus": corpus}, sys.stdout)


def environment():
    folder = WORK / "text-venv"
    python = folder / "bin/python"
    if not (folder / "complete").is_file():
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        subprocess.run([str(python), "-m", "pip", "install", "-q", *PACKAGES], check=True)
        (folder / "complete").write_text("\n".join(PACKAGES) + "\n")
    return python


def same(one, other):
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def run_assay(arguments, function, data, output=None):
    command = [arguments.assay, "score", str(data), "--fn", function, "--format", "json", "--jobs", "1", "--no-progress"]
    command += shlex.split(arguments.assay_options) + (["--output", str(output)] if output else [])
    start = time.perf_counter()
    done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
    return time.perf_counter() - start, json.loads(done.stdout)


def compare(arguments, name, data, part, python):
    function, metric, options, aggregation = CASES[name]
    identifier = function.split("=")[0]
    done = subprocess.run(
        [str(python), str(Path(__file__).resolve()), "--python", "--metric", metric, "--options", json.dumps(options),
         "--data", str(part)], stdout=subprocess.PIPE, check=True)
    reference = json.loads(done.stdout)
    output = WORK / "text-scores.jsonl"
    _, results = run_assay(arguments, function, part, output)
    scores = [json.loads(line)["scores"][identifier]["score"] for line in output.read_text().splitlines()]
    wrong = sum(not same(one, other) for one, other in zip(scores, reference["scores"]))
    if len(scores) != len(reference["scores"]):
        wrong = max(wrong, 1)
    if aggregation:
        value = results["results"][identifier]["aggregated_results"][aggregation][aggregation]
        wrong += not same(value, reference["corpus"])
    seconds = min(run_assay(arguments, function, data)[0] for _ in range(arguments.rounds))
    return len(scores) / reference["seconds"], seconds, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--assay", default=str(ROOT / ".build/release/assay"))
    parser.add_argument("--assay-options", default=f"--fn-dir {ROOT / 'scoring_fns'}")
    for hidden in ("--metric", "--options", "--data"):
        parser.add_argument(hidden, help=argparse.SUPPRESS)
    parser.add_argument("--python", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.python:
        return measure_python(arguments)
    if not os.access(arguments.assay, os.X_OK):
        print(f"there is no {arguments.assay}; build it with: swift build -c release", file=sys.stderr)
        return 2
    WORK.mkdir(exist_ok=True)
    python = environment()
    rows = rows_of(arguments.rows)
    data, part = WORK / "text-rows.jsonl", WORK / "text-part.jsonl"
    for path, count in [(data, len(rows)), (part, max(1, len(rows) // PYTHON_SHARE))]:
        path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows[:count]), encoding="utf-8")
    print(f"{'metric':<12}{'python rows/s':>16}{'assay rows/s':>16}{'ratio':>10}  values")
    failed = False
    for name in arguments.only:
        speed, seconds, wrong = compare(arguments, name, data, part, python)
        own = len(rows) / seconds
        failed |= wrong > 0
        verdict = "the same" if wrong == 0 else f"{wrong} DIFFER"
        print(f"{name:<12}{speed:>16,.0f}{own:>16,.0f}{own / speed:>10.1f}  {verdict}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
