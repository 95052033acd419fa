"""Has a real model think before it replies, and checks that its thinking is kept apart from what is scored.

    python3 Tests/RealModel/thinking.py [--assay PATH] [--rows N]

SmolLM2-135M judges answers and answers questions; a grammar has its server, llama.cpp's, write what reasoning models write:
<think>…</think> and then the reply. Needs the model of Examples/judge.
Exit status: 0 all is as it should be; 1 it is not, or something failed; 2 something is missing.
"""

import argparse
import importlib.util
import json
import pathlib
import re
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[2]
THINKING = r'"<think>\nIt may be Total rating: 3. " [a-zA-Z ,.]{20,60} "\n</think>\n\n"'
JUDGE_GRAMMAR = f'root ::= {THINKING} "Total rating: " [4-9]'
ANSWER_GRAMMAR = f'root ::= {THINKING} "The answer is " [a-zA-Z0-9]{{1,12}} "."'


def module(name, path):
    spec = importlib.util.spec_from_file_location(name, ROOT / path)
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


clients = module("clients", "Tests/Clients/run.py")
judge = module("judge", "Examples/judge/judge.py")


def run(words, output):
    """The rows that a command of assay writes."""
    finished = subprocess.run([str(word) for word in words], capture_output=True, text=True)
    if finished.returncode != 0:
        sys.exit(f"{' '.join(map(str, words))}\nended with {finished.returncode}: {finished.stderr}")
    return [json.loads(line) for line in output.read_text().splitlines()]


def check(condition, row):
    if not condition:
        sys.exit(f"NOT AS IT SHOULD BE: {json.dumps(row)}")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assay", help="the executable")
    parser.add_argument("--rows", type=int, default=8)
    arguments = parser.parse_args()
    assay = clients.find_assay(arguments.assay)
    if judge.installed() is None:
        clients.missing("the model is not installed; make judge-model")
    with judge.ModelServer(slots=1) as server, tempfile.TemporaryDirectory(prefix="assay-thinking-") as name:
        folder = pathlib.Path(name)
        models = ["--model-url", server.url, "--no-cache", "--limit", arguments.rows]

        params = {
            "prompt_template": "Question: {input_query}\nAnswer: {generated_answer}\nRate it.",
            "judge_model": judge.MODEL, "judge_score_regexes": [r"Total rating: (\d+)"], "max_tokens": 200,
            "extra_body": {"grammar": JUDGE_GRAMMAR},
        }
        output = folder / "judged.jsonl"
        answers = ROOT / "Examples/judge/answers.jsonl"
        function = "llm-as-judge::base"
        words = [assay, "score", answers, "--fn", f"{function}={json.dumps(params)}", "--output", output, *models]
        rows = run(words, output)
        check(len(rows) == arguments.rows, rows)
        for row in rows:
            verdict = row["scores"][function]
            check(re.fullmatch(r"Total rating: \d", verdict["judge_feedback"]), row)
            check(verdict["score"] == float(verdict["judge_feedback"][-1]), row)
            check(verdict["reasoning"].startswith("It may be Total rating: 3."), row)
        print(f"judge: {len(rows)} rows, the thinking apart", flush=True)

        output = folder / "answered.jsonl"
        sampling = json.dumps({"grammar": ANSWER_GRAMMAR, "max_tokens": 200})
        words = [assay, "evaluate", answers, "--model", judge.MODEL, "--fn", "basic::subset_of", "--sampling", sampling]
        rows = run(words + ["--output", output, *models], output)
        check(len(rows) == arguments.rows, rows)
        for row in rows:
            check(re.fullmatch(r"The answer is \w+\.", row["generated_answer"]), row)
            check(row["generation_reasoning"].startswith("It may be Total rating: 3."), row)
        print(f"candidate: {len(rows)} rows, the thinking apart", flush=True)


if __name__ == "__main__":
    main()
