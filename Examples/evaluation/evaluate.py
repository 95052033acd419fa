#!/usr/bin/env python3
"""Has a small language model on this machine answer questions in grade-school maths, and scores its answers.

    evaluate.py [options of `assay evaluate`]

The model and its server are those of Examples/judge (`judge.py install`). Its answers are scored by a regular expression,
and by itself as the judge.
"""

import pathlib
import subprocess
import sys

EXAMPLES = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(EXAMPLES / "judge"))

import judge  # noqa: E402

MODEL = judge.MODEL
DATASET = EXAMPLES / "gsm8k" / "model_solutions.jsonl"
FUNCTIONS = [EXAMPLES / "gsm8k", EXAMPLES / "judge"]
SAMPLING = '{"max_tokens": 256}'


def command(url, count=50):
    """`assay evaluate` over the first questions."""
    words = [judge.program(), "evaluate", str(DATASET), "--where", "model=6b_finetuning", "--limit", str(count)]
    for folder in FUNCTIONS:
        words += ["--fn-dir", str(folder)]
    words += ["--benchmark", str(EXAMPLES / "evaluation" / "maths.json")]
    return words + ["--model", MODEL, "--judge-model", MODEL, "--model-url", url, "--sampling", SAMPLING]


def main():
    with judge.ModelServer() as server:
        finished = subprocess.run(command(server.url) + ["--no-cache"] + sys.argv[1:])
    sys.exit(judge.explained(finished.returncode))


if __name__ == "__main__":
    main()
