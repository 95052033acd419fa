"""What a user of the official command line does with a server. Takes the command's path, its version, the server's URL, and
a folder that gets what the commands write.

Each command either works or is listed with the reason why it does not, by the client's series: it then fails in the client itself, whatever the server
answers. One that is there and works is an error too, so that the list stays true.
"""

import json
import os
import pathlib
import re
import subprocess
import sys

COMMAND, VERSION, URL, FOLDER = sys.argv[1], sys.argv[2], sys.argv[3], pathlib.Path(sys.argv[4])
SERIES = tuple(int(part) for part in VERSION.split(".")[:2])
NO_KEYS = {name: value for name, value in os.environ.items() if not name.endswith("_API_KEY")}
PARAMS = json.dumps({"type": "regex_parser", "parsing_regexes": [r"is (\d)"], "aggregation_functions": ["accuracy"]})


class Step:
    """A command, what its output has to show, and how the versions of the client behave that cannot run it."""

    def __init__(self, name, words, shows=(), broken=None, keys=False, check=None):
        self.name, self.words, self.shows, self.keys, self.check = name, words, shows, keys, check
        self.broken = broken or {}

    def run(self):
        environment = dict(NO_KEYS, COLUMNS="300", HOME=str(FOLDER), TERM="dumb")
        if self.keys:
            environment.update(OPENAI_API_KEY="sk-of-the-command-line", TOGETHER_API_KEY="")
        result = subprocess.run(
            [COMMAND, "--endpoint", URL, *self.words], env=environment, cwd=FOLDER, capture_output=True, text=True,
            stdin=subprocess.DEVNULL, timeout=120)
        output = result.stdout + result.stderr
        # Most commands print an error and end with status 0.
        faults = [] if result.returncode == 0 else [f"status {result.returncode}"]
        faults += ["an error"] if "Failed to" in output or "Traceback" in output else []
        faults += [f"no {text!r}" for text in self.shows if text not in output]
        if not faults and self.check and not self.check():
            faults.append("not the effect that was expected")
        return faults, output


def written(name, *texts):
    """Whether a file has been written that has these texts."""
    def check():
        path = FOLDER / name
        return path.exists() and all(text in path.read_text() for text in texts)
    return check


def old_and_new(old, new):
    """The words of a command that were changed between the series 0.1 and 0.2."""
    return old if SERIES < (0, 2) else new


REGISTER = ["datasets", "register", "--dataset-id", "cli", "--dataset-path", "capitals.csv"]
SCHEMA = "the command sends dataset_schema and url, which its own library does not know"
BETA = "client.datasets is client.beta.datasets by then"
ALPHA = "client.eval and client.benchmarks are in client.alpha by then"
TASKS = "client.eval_tasks is gone"
VISUALIZE = "the command is given --visualize, which its function does not take"
ROWS = "the command reads .rows of an answer whose rows are .data"
NO_MODELS = "client.models has neither register nor unregister by then"

STEPS = [
    Step("inspect version", ["inspect", "version"], ["version"]),
    Step("providers list", ["providers", "list"], ["basic", "inline::localfs", "eval"]),
    Step("providers inspect", ["providers", "inspect", "basic"], ["provider_type=inline::basic"]),
    Step("models list", ["models", "list"], ["m0"]),
    Step("models get", ["models", "get", "m0"], ["m0"]),
    Step("models register", ["models", "register", "cli-model", "--provider-model-id", "m0"], ["cli-model"],
         {(0, 7): NO_MODELS}),
    Step("models unregister", ["models", "unregister", "cli-model"], [], {(0, 7): NO_MODELS}),
    Step("scoring_functions list", ["scoring_functions", "list"], ["basic::subset_of", "llm-as-judge::base"]),
    Step("scoring_functions list, with keys", ["scoring_functions", "list"], ["basic::subset_of"], keys=True),
    Step("scoring_functions register", [
        "scoring_functions", "register", "--scoring-fn-id", "cli::digit", "--description", "a digit",
        "--return-type", '{"type": "number"}', "--provider-id", "basic",
        "--provider-scoring-fn-id", "regex_parser_multiple_choice_answer", "--params", PARAMS]),
    Step("scoring_functions list, with the new one", ["scoring_functions", "list"], ["cli::digit"]),
    Step("datasets register", old_and_new(
            [*REGISTER, "--schema", "{}"], [*REGISTER, "--purpose", "eval/question-answer"]),
         old_and_new([], ["identifier: cli"]), {(0, 1): SCHEMA, (0, 7): BETA}),
    Step("datasets list", ["datasets", "list"], ["questions"], {(0, 7): BETA}),
    Step("eval_tasks list", ["eval_tasks", "list"], ["sums"], {
        (0, 1): TASKS, (0, 2): TASKS, (0, 3): TASKS, (0, 7): TASKS}),
    Step("eval_tasks register", [
        "eval_tasks", "register", "--eval-task-id", "t", "--dataset-id", "questions",
        "--scoring-functions", "basic::subset_of"], [], {
        (0, 1): TASKS, (0, 2): TASKS, (0, 3): TASKS, (0, 7): TASKS}),
    Step("eval run-scoring --dataset-path", [
            "eval", "run-scoring", "basic::subset_of", "--dataset-path", "capitals.csv", "--output-dir", "scores"],
         ["Results saved"], {(0, 2): VISUALIZE, (0, 3): VISUALIZE, (0, 7): VISUALIZE},
         check=written("scores/capitals.csv_score_results.csv", "It is Bern.", "{'score': 1.0}")),
    Step("eval run-scoring --dataset-id", [
            "eval", "run-scoring", "basic::subset_of", "--dataset-id", "questions", "--output-dir", "scores"], [],
         {(0, 1): ROWS, (0, 2): VISUALIZE, (0, 3): VISUALIZE, (0, 7): VISUALIZE}),
    Step("eval run-benchmark", [
            "eval", "run-benchmark", "sums", "--model-id", "m0", "--output-dir", "results", "--num-examples", "2"],
         ["Results saved"], {(0, 3): ALPHA, (0, 7): ALPHA},
         check=written("results/sums_results.json", "It is 2.", '"accuracy": 1.0')),
    Step("eval run-benchmark of an open benchmark", [
            "eval", "run-benchmark", "meta-reference-math-500", "--model-id", "m0", "--output-dir", "results",
            "--num-examples", "3"],
         ["Results saved"], {(0, 3): ALPHA, (0, 7): ALPHA},
         check=written("results/meta-reference-math-500_results.json", "boxed{4}", '"accuracy": 1.0')),
    Step("datasets unregister", ["datasets", "unregister", "cli"], ["unregistered"],
         {(0, 1): "the command is not there yet", (0, 7): BETA}),
]


def main():
    (FOLDER / "capitals.csv").write_text("generated_answer,expected_answer\nIt is Bern.,Bern\nIt is Rome.,Paris\n")
    failures = 0
    for step in STEPS:
        faults, output = step.run()
        reason = step.broken.get(SERIES)
        if reason and not faults:
            print(f"{step.name}: works with {VERSION}, and is listed as broken in the client: {reason}", file=sys.stderr)
        elif not reason and faults:
            text = re.sub(r"\n{2,}", "\n", output)
            print(f"{step.name} failed with {VERSION} ({', '.join(faults)}):\n{text}", file=sys.stderr)
        else:
            continue
        failures += 1
    broken = sum(1 for step in STEPS if SERIES in step.broken)
    print(f"{len(STEPS) - broken} commands of {VERSION}; {broken} more fail in the client itself")
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
