#!/usr/bin/env python3
"""Checks that what a row costs grows no faster than the length of its texts.

Each case scores one row whose texts are made to be hard, at three lengths, each twice the one before, and counts the
instructions that the executable takes, by valgrind: a count is the same on every machine, busy or not. From the first
length to the second they grow by some amount; from the second to the third by twice that where the time is linear, by
four times where it is quadratic.

    python3 Tests/Complexity/run.py [--runs] [ASSAY] [CASE...]

ASSAY is the executable (default: .build/release/assay). With --runs, each case is only run once, without valgrind, to see that it can
be. Every function that `assay functions list` names has a case, or a reason in BOUNDED why it has none. Each case is three or four runs under valgrind of some 5 s of
processor time each, nearly all of it the start of the program, so all of them take some minutes: this is part of
.ci/nightly. Exit status 2: valgrind or strip is missing here.
"""

import concurrent.futures
import glob
import http.server
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))

# By how much the growth may grow: 2 is linear, and blocks of memory are not.
MOST = 2.6


def regex(**parameters):
    return {"provider_resource_id": "regex-parser-multiple-choice-answer", **parameters}


def row(answer, expected, **columns):
    return {"generated_answer": answer, "expected_answer": expected, **columns}


def instruct(answer, instruction, **kwargs):
    return {"generated_answer": answer, "instruction_id_list": [instruction], "kwargs": [kwargs]}


def call(answer, language="Python"):
    function = {"name": "f", "parameters": {"properties": {"x": {"type": "any"}}, "required": []}}
    return {"id": "simple_1", "generated_answer": answer, "language": language, "function": [function],
            "ground_truth": [{"f": {"x": ["1"]}}]}


def judge(**parameters):
    return {"provider_id": "llm-as-judge", "provider_resource_id": "llm-as-judge", "judge_model": "m", **parameters}


def questioned(answer, expected="y", **columns):
    """A row for functions that ask models."""
    return {"input_query": "what?", "generated_answer": answer, "expected_answer": expected, "context": "x", **columns}


AT_LEAST = {"relation": "at least"}

# Functions whose time is not linear, but bounded by a constant of theirs, and where that is tested.
BOUNDED = {
    "braintrust::list-contains": "500 elements of a list, and as many pairs of characters as levenshtein (CatalogueRowTests)",
}

# Name: (definition's members or an identifier, a row of about n bytes).
CASES = {
    "ifeval-sentences": (
        "basic::ifeval",
        lambda n: instruct("Mr. A.B.(!?) . . " * (n // 17), "length_constraints:number_sentences", num_sentences=3, **AT_LEAST)),
    "ifeval-one-word": (
        "basic::ifeval",
        lambda n: instruct("a.b!" * (n // 4), "length_constraints:number_sentences", num_sentences=3, **AT_LEAST)),
    "ifeval-capitals": (
        "basic::ifeval",
        lambda n: instruct("A'S \"B--\" cannot, " * (n // 20), "change_case:capital_word_frequency", capital_frequency=3,
                           capital_relation="at least")),
    "ifeval-language": (
        "basic::ifeval", lambda n: instruct("https://a@b ệ" * (n // 15), "language:response_language", language="en")),
    "ifeval-bullets": (
        "basic::ifeval",
        lambda n: instruct("\n \n*" * (n // 4), "detectable_format:number_bullet_lists", num_bullets=3)),
    "ifeval-highlights": (
        "basic::ifeval",
        lambda n: instruct("***a" * (n // 4), "detectable_format:number_highlighted_sections", num_highlights=3)),
    "ifeval-title": ("basic::ifeval", lambda n: instruct("<<>" * (n // 3), "detectable_format:title")),
    "ifeval-json": ("basic::ifeval", lambda n: instruct("[" * (n // 2) + "]" * (n // 2), "detectable_format:json_format")),
    "ifeval-keyword": (
        "basic::ifeval", lambda n: instruct("a" * n, "keywords:forbidden_words", forbidden_words=["a" * (n // 8) + " b"])),
    "ifeval-loose": (
        {"provider_resource_id": "ifeval", "mode": "loose"}, lambda n: instruct("*a\n" * (n // 3), "detectable_format:title")),
    "bfcl-lists": ("basic::bfcl", lambda n: call("f(x=[" + "1," * (n // 2) + "])")),
    "bfcl-calls": ("basic::bfcl", lambda n: call("f(x=1)," * (n // 7))),
    "bfcl-keywords": ("basic::bfcl", lambda n: call("f(" + ",".join(f"a{i}=1" for i in range(n // 8)) + ")")),
    "bfcl-java": ("basic::bfcl", lambda n: call("f(x=<" + "<a," * (n // 3) + ")", "Java")),
    "bfcl-object": ("basic::bfcl", lambda n: call("f(x={" + ",".join(f"a{i}: 1" for i in range(n // 8)) + "})", "JavaScript")),
    "equivalence-boxes": ("math::equivalence", lambda n: row("\\boxed{" * (n // 7), "1")),
    "equivalence-answers": ("math::equivalence", lambda n: row("answer is " * (n // 10), "1")),
    "equivalence-dollars": ("math::equivalence", lambda n: row("$1" * (n // 2), "1")),
    "equality-texts": ("basic::equality", lambda n: row("\\\"a" * n, "\\\"a" * n + "b")),
    "equality-objects": (
        "basic::equality",
        lambda n: row({f"k{i}": i for i in range(n // 8)}, {f"k{i}": i for i in reversed(range(n // 8))})),
    "subset_of-runs": ("basic::subset_of", lambda n: row("a" * 2 * n, "a" * n + "b")),
    "subset_of-late-difference": ("basic::subset_of", lambda n: row("a" * 2 * n, "b" + "a" * n)),
    "subset_of-periodic": ("basic::subset_of", lambda n: row("ab" * n, "ab" * (n // 2) + "b")),
    "subset_of-elements": ("basic::subset_of", lambda n: row([f"e{i}" for i in range(n // 8)], "e")),
    "subset_of-any-of": (
        {"provider_resource_id": "subset-of", "any_of": True}, lambda n: row("a" * n, ["a" * 50 + "b"] * 8)),
    # As many right answers as the answer has bytes, up to the product of both that is compared.
    "subset_of-many-answers": (
        {"provider_resource_id": "subset-of", "any_of": True}, lambda n: row("a" * n, ["aab"] * 400)),
    "subset_of-array-answers": (
        {"provider_resource_id": "subset-of", "any_of": True},
        lambda n: row([f"e{i}" for i in range(n // 8)], [f"x{i}" for i in range(100)])),
    "equality-any-of": (
        {"provider_resource_id": "equality", "any_of": True},
        lambda n: row({f"k{i}": i for i in range(n // 8)}, json.dumps([{"k0": i} for i in range(n // 8)]))),
    "equality-any-of-escapes": (
        {"provider_resource_id": "equality", "any_of": True},
        lambda n: row("\n" * n, json.dumps(["\n" + str(i) for i in range(n // 8)]))),
    "math-any-of": (
        {"provider_resource_id": "regex-parser-math-response", "any_of": True, "parsing_regexes": ["(?s)(.*)"]},
        lambda n: row("1" * n, ["2"] * 100)),
    "choice-any-of": (
        {"provider_resource_id": "multiple-choice", "any_of": True, "choices_column": "choices"},
        lambda n: row("A", ["so b"] * (n // 8), choices=["so " * (n // 8) + "a", "so b"])),
    "regex-42-patterns": ("basic::regex_parser_multiple_choice_answer", lambda n: row("Answer : " * (n // 9), "A")),
    "regex-first-byte": (
        regex(parsing_regexes=["(?i)The best answer is ([A-D])"]), lambda n: row("t " * (n // 2), "A")),
    "regex-no-first-byte": (regex(parsing_regexes=["[^a](b)"]), lambda n: row("a" * n, "A")),
    "regex-number": (
        regex(parsing_regexes=["(?s)(.*)"], normalize="number"), lambda n: row("1" * n + ",", "1" * n)),
    "regex-number-groups": (
        regex(parsing_regexes=["(?s)(.*)"], normalize="number"), lambda n: row("1 " + "000 " * (n // 4), "1")),
    "regex-casefold": (
        regex(parsing_regexes=["(?s)(.*)"], normalize="casefold"), lambda n: row("İß" * (n // 4), "i̇ss" * (n // 4))),
    "regex-whitespace": (
        regex(parsing_regexes=["(?s)(.*)"], normalize="whitespace"), lambda n: row("a  " * (n // 3), "a " * (n // 3))),
    "regex-any-of": (
        regex(parsing_regexes=["(a)"], any_of=True), lambda n: row("a", "['" + "', '".join(["b"] * (n // 5)) + "']")),
    "number-digits": ("basic::number", lambda n: row("7" * n, "7")),
    "number-groups": ("basic::number", lambda n: row("1 " + "000 " * (n // 4) + "x", "7")),
    "number-commas": ("basic::number", lambda n: row("1" + ",000" * (n // 4) + ",0", "7")),
    "number-many": ("basic::number", lambda n: row("1/2 3 1/2 " * (n // 10), "7")),
    "number-fractions": ("basic::number", lambda n: row("\\frac{1" * (n // 7), "7")),
    "number-braces": ("basic::number", lambda n: row("{^<a" * (n // 4), "7")),
    "choice-labels": ("basic::multiple_choice", lambda n: row("answer is the " * (n // 14), "A")),
    "choice-letters": ("basic::multiple_choice", lambda n: row("A B\n" * (n // 4), "A")),
    "choice-brackets": ("basic::multiple_choice", lambda n: row("(" * (n // 2) + ")" * (n // 2), "A")),
    "choice-lists": ("basic::multiple_choice", lambda n: row("A) a, or B\n" * (n // 11), "A")),
    "choice-options": (
        {"provider_resource_id": "multiple-choice", "choices_column": "choices"},
        lambda n: row("so " * (n // 3), "A", choices=["so " * (n // 8) + "a", "so " * (n // 8) + "b"])),
    "math-fractions": ("basic::regex_parser_math_response", lambda n: row("\\boxed{" + "\\frac" * (n // 5) + "}", "1")),
    "math-braces": ("basic::regex_parser_math_response", lambda n: row("\\boxed" + "{" * n + "}" * n, "1")),
    "math-boxes": ("basic::regex_parser_math_response", lambda n: row("\\boxed{a" * (n // 8), "\\boxed{" * (n // 7))),
    "math-texts": ("basic::regex_parser_math_response", lambda n: row("\\boxed{" + "\\text{a" * (n // 7) + "}}", "a")),
    "math-commas": ("basic::regex_parser_math_response", lambda n: row("\\boxed{" + "1," * (n // 2) + "}", "1")),
    "exact-match-objects": (
        "braintrust::exact-match",
        lambda n: row({f"k{i}": i for i in range(n // 8)}, {f"k{i}": i for i in reversed(range(n // 8))})),
    "json-diff-objects": (
        "braintrust::json-diff",
        lambda n: row({f"k{i}": i for i in range(n // 8)}, {f"x{i}": i for i in reversed(range(n // 8))})),
    "docvqa-punctuation": ("basic::docvqa", lambda n: row("a;b/[c. " * (n // 8), ["a.,!?" * (n // 5)])),
    "docvqa-words": ("basic::docvqa", lambda n: row("Σ'ΑΣ " * (n // 8), ["none " * (n // 5)])),
    "docvqa-answers": ("basic::docvqa", lambda n: row("b", ["a"] * (n // 5))),
    "bleu-words": ("text::bleu", lambda n: row("".join(f"w{i} " for i in range(n // 6)), ["w1 " * (n // 3)] * 2)),
    "bleu-points": (
        {"provider_id": "text", "provider_resource_id": "bleu", "tokenize": "intl"},
        lambda n: row("1.,a" * (n // 4), "-\n&amp;" * (n // 8))),
    "chrf-runs": ("text::chrf", lambda n: row("ab" * (n // 2), "ab" * (n // 2) + "c")),
    "f1-articles": ("text::f1", lambda n: row("a an the " * (n // 9), ["the\u0301 " * (n // 6), "Σ'" * (n // 3)])),
    "ter-words": ("text::ter", lambda n: row("".join(f"w{i} " for i in range(n // 8)), ["w1 " * (n // 16)])),
    "ter-shifts": (
        "text::ter",
        lambda n: row("".join(f"w{i} " for i in range(n // 6)), ["".join(f"w{i ^ 7} " for i in range(n // 6))])),
    "ter-marks": ("text::ter", lambda n: row("1.,-a&amp;" * (n // 40), ["a.b,c" * (n // 40)])),
    "levenshtein-same": ("braintrust::levenshtein", lambda n: row("ab" * n, "ab" * n + "c")),
    "levenshtein-distance": ("braintrust::levenshtein", lambda n: row("ab" * n, "cd" * n)),
    "json-diff-texts": ("braintrust::json-diff", lambda n: row({"a": "ab" * n}, {"a": "cd" * n})),
    "numeric-diff-digits": ("braintrust::numeric-diff", lambda n: row("1" * n, "2")),
    "valid-json-array": ("braintrust::valid-json", lambda n: row("[" + "1," * (n // 2) + "1]", "")),
    "valid-json-schema": (
        {"provider_id": "braintrust", "provider_resource_id": "valid-json",
         "schema": {"uniqueItems": True, "items": {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "integer"}]},
                    "contains": {"enum": [1, "a"]}}},
        lambda n: row("[" + ",".join(str(i) for i in range(n // 6)) + "]", "")),
    "equivalence-terms": ("math::equivalence", lambda n: row("\\boxed{" + "x+" * (n // 2) + "1}", "1")),
    "equivalence-powers": ("math::equivalence", lambda n: row("\\boxed{" + "(x+1)^9" * (n // 7) + "}", "1")),
    "equivalence-sets": ("math::equivalence", lambda n: row("\\boxed{\\{" + "1," * (n // 2) + "2\\}}", "\\{1,2\\}")),
    "call_match-arguments": (
        "tools::call_match",
        lambda n: {name: [{"type": "function", "function": {
            "name": "f", "arguments": json.dumps({f"{name[0]}{i}": i for i in range(n // 12)})}}]
            for name in ("tool_calls", "expected_tool_calls")}),
    "exact_match-space": ("text::exact_match", lambda n: row("a  " * (n // 3), "a " * (n // 3) + "b")),
    "rouge-ngrams": (
        {"provider_id": "text", "provider_resource_id": "rouge", "types": ["rouge2"], "use_stemmer": True},
        lambda n: row("".join(f"w{i}ing " for i in range(n // 8)), "running " * (n // 8))),
    "string_check-periodic": (
        {"provider_id": "text", "provider_resource_id": "string-check", "operation": "contains"},
        lambda n: row("ab" * n, "ab" * (n // 2) + "b")),
    "number_check-groups": ("text::number_check", lambda n: row("1" + ",000" * (n // 4), "9" * n)),
    "judge-template": (
        {"provider_id": "llm-as-judge", "provider_resource_id": "llm-as-judge", "prompt_template": "{a{{b}" * 50
         + "{generated_answer} Score:", "judge_score_regexes": ["Total rating: (\\d+)"], "judge_model": "m"},
        lambda n: row("{generated_answer}{{" * (n // 20), "x")),
    "judge-blocks": (
        judge(prompt_template="<a>{generated_answer}</a>\n```\n{expected_answer}\n```", judge_score_regexes=["rating: (\\d+)"]),
        lambda n: row("".join(f"</a_{i}>" for i in range(n // 8)), "`" * n)),
    "judge-rubric": (
        judge(prompt_template="{generated_answer}", rubric=[{"label": "good", "value": 1}, {"label": "bad", "value": 0}]),
        lambda n: row("good bad " * (n // 9), "x")),
    "judge-fields": (
        judge(prompt_template="{generated_answer}", score_fields=[{"name": "a", "range": [0, 5]}, {"name": "b", "range": [0, 1]}]),
        lambda n: row("{\"a\": " * (n // 6), "x")),
    "judge-quotations": (
        {"provider_id": "llm-as-judge", "provider_resource_id": "llm-as-judge",
         "prompt_template": "{generated_answer} Score:", "judge_score_regexes": ["Total rating: (\\d+)"],
         "judge_model": "m"},
        lambda n: row("Total rating: 3, so to say. " * (n // 28), "x")),
}


# Cases whose constant is so large that they are measured for shorter texts: by how much.
SHORTER = {"ter-shifts": 40, "levenshtein-distance": 4, "json-diff-texts": 4}

# Cases that grow with the product of two texts, up to a limit.
PRODUCTS = {"levenshtein-distance", "json-diff-texts"}

HARD = 'A "{[(</a>\\n```json\\n{"choice": "B"} 1. yes\\n'

# Every function that asks models, with texts in each column that are hard to quote, to find and to take apart.
for name in ("factuality", "battle", "closed-qa", "humor", "security", "possible", "sql", "summary", "translation",
             "answer-similarity", "embedding-similarity", "answer-correctness", "answer-relevancy", "faithfulness", "context-recall",
             "context-precision", "context-relevancy", "context-entity-recall", "moderation"):
    CASES[f"model-{name}"] = (
        f"braintrust::{name}",
        lambda n: questioned(HARD * (n // 45), HARD * (n // 90), context=HARD * (n // 90), criteria="x", language="German", instructions=HARD * (n // 90)))
for name in ("pairwise", "faithfulness", "correctness", "405b-simpleqa"):
    CASES[f"shipped-judge-{name}"] = (
        f"llm-as-judge::{name}", lambda n: questioned(HARD * (n // 45), HARD * (n // 90), baseline_answer=HARD * (n // 90)))


class EchoingJudge(http.server.BaseHTTPRequestHandler):
    """A model that repeats its prompt and then states a score."""

    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if "input" in body:
            texts = body["input"] if isinstance(body["input"], list) else [body["input"]]
            reply = {"data": [{"index": i, "embedding": [1.0, 2.0]} for i in range(len(texts))]}
            if "moderations" in self.path:
                reply = {"results": [{"flagged": False, "category_scores": {"hate": 0.1}} for _ in texts]}
            return self.answer(reply)
        text = body["messages"][-1]["content"] + "\n\nTotal rating: 4"
        choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
        self.answer({"id": "x", "object": "chat.completion", "choices": [choice]})

    def answer(self, reply):
        reply = json.dumps(reply).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(reply)))
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_):
        pass


def instructions(assay, folder, function, row, url, counts=True):
    """The instructions that scoring a row takes; without `counts`, what it came to."""
    path = os.path.join(folder, "row.jsonl")
    with open(path, "w", encoding="utf-8") as file:
        file.write(json.dumps(row, ensure_ascii=False) + "\n")
    command = ["valgrind", "--tool=cachegrind", "--cache-sim=no", "--cachegrind-out-file=/dev/null"] if counts else []
    command += [assay, "score", path, "--fn-dir", os.path.join(ROOT, "scoring_fns"), "--fn-dir", folder, "--fn", function,
               "--jobs", "1"]
    if url:
        command += ["--model-url", url, "--no-cache", "--judge-model", "m"]
    # The start of the program under valgrind takes a while already, several times as long on a busy machine.
    result = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, timeout=3600)
    if not counts:
        return result.returncode in (0, 3), (result.stdout + result.stderr).strip().splitlines()[-6:]
    count = re.search(r"I\s+refs:\s+([\d,]+)", result.stderr)
    # 3: the row has no score, which is as good an end as another.
    if count is None or result.returncode not in (0, 3):
        sys.exit(f"{function}: the run failed with status {result.returncode}:\n{result.stderr[-2000:]}")
    return int(count[1].replace(",", ""))


def growths(counts):
    """How much the last of three counts has grown, and how many times the growth before that."""
    earlier, later = counts[1] - counts[0], counts[2] - counts[1]
    return later, later / max(earlier, 1)


def asks_models(function):
    """Whether a case's function asks models."""
    if isinstance(function, dict):
        return function.get("provider_id") == "llm-as-judge"
    return function.startswith("llm-as-judge::") or f"model-{function.split('::')[1]}" in CASES


def measure(assay, url, name, only_runs=False):
    """Whether a case is linear, its instructions for a byte, and how much their growth has grown. With `only_runs`, whether it can be
    run, and what it came to.
    """
    function, make = CASES[name]
    most = 5.2 if name in PRODUCTS else MOST
    with tempfile.TemporaryDirectory() as folder:
        asks = asks_models(function)
        if isinstance(function, dict):
            members = dict(function)
            definition = {
                "identifier": "complexity::case", "provider_id": members.pop("provider_id", "basic"),
                "provider_resource_id": members.pop("provider_resource_id"), "return_type": {"type": "number"},
                "params": {"type": "llm_as_judge" if asks else "basic", "aggregation_functions": ["average"],
                           **members}}
            with open(os.path.join(folder, "case.json"), "w", encoding="utf-8") as file:
                json.dump(definition, file)
            function = "complexity::case"
        place = url if asks else None
        lengths = [length // SHORTER.get(name, 1) for length in (20_000, 40_000, 80_000, 160_000)]
        if only_runs:
            return instructions(assay, folder, function, make(lengths[0]), place, counts=False)
        counts = [instructions(assay, folder, function, make(length), place) for length in lengths[:3]]
        growth, ratio = growths(counts)
        if ratio > most:
            # A buffer that begins to matter looks the same, once.
            counts.append(instructions(assay, folder, function, make(lengths[3]), place))
            growth, ratio = growths(counts[1:])
    # What grows by a few instructions a byte is lost among the rest of the run.
    per_byte = growth / (lengths[len(counts) - 1] - lengths[len(counts) - 2])
    return ratio <= most or per_byte < 10, per_byte, ratio


def without_cases(assay):
    """The functions that the executable lists and that no case measures."""
    listed = subprocess.run(
        [assay, "functions", "list", "--fn-dir", os.path.join(ROOT, "scoring_fns")], capture_output=True, text=True, cwd=ROOT)
    names = {line.split()[0] for line in listed.stdout.splitlines() if "::" in line.split(" ")[0]}
    scorers = {}
    for path in glob.glob(os.path.join(ROOT, "scoring_fns/*/*.json")):
        with open(path, encoding="utf-8") as file:
            definition = json.load(file)
        scorers[definition["identifier"]] = (definition["provider_id"], definition["provider_resource_id"])
    measured = {function for function, _ in CASES.values() if isinstance(function, str)}
    # A definition of a case's own measures the scorer behind it.
    for function, _ in CASES.values():
        if isinstance(function, dict):
            scorer = (function.get("provider_id", "basic"), function["provider_resource_id"])
            # The shipped judges have prompts of their own, but for the base.
            measured |= {name for name, other in scorers.items()
                         if other == scorer and (scorer[0] != "llm-as-judge" or name == "llm-as-judge::base")}
    if not names:
        sys.exit(f"{assay} lists no functions:\n{listed.stderr}")
    return sorted(names - measured - set(BOUNDED))


def main():
    only_runs = "--runs" in sys.argv
    for tool, package in (("valgrind", "valgrind"), ("strip", "binutils")):
        if shutil.which(tool) is None and not only_runs:
            print(f"Tests/Complexity is left out: {tool} is not installed (apt-get install {package})")
            sys.exit(2)
    arguments = [argument for argument in sys.argv[1:] if argument != "--runs"]
    assay = os.path.join(ROOT, ".build/release/assay")
    if arguments and os.path.exists(arguments[0]):
        assay = os.path.abspath(arguments.pop(0))
    unknown = set(arguments) - set(CASES)
    if unknown:
        sys.exit(f"no such case: {', '.join(sorted(unknown))}; the cases are {', '.join(CASES)}")
    forgotten = without_cases(assay)
    if forgotten:
        sys.exit(f"no case measures {', '.join(forgotten)}; add one, or say in BOUNDED what bounds it")
    # Older valgrinds cannot read the debugging information that Swift writes.
    programs = tempfile.TemporaryDirectory()
    for path in [] if only_runs else [assay] + glob.glob(os.path.join(os.path.dirname(assay), "lib*.so")):
        copy = shutil.copy(path, programs.name)
        subprocess.run(["strip", "--strip-debug", copy], check=True)
    if not only_runs:
        assay = os.path.join(programs.name, os.path.basename(assay))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), EchoingJudge)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    failures = 0
    names = arguments or list(CASES)
    if only_runs:
        for name in names:
            can_run, said = measure(assay, url, name, only_runs=True)
            failures += not can_run
            print(f"{'ok  ' if can_run else 'FAIL'} {name}: {' | '.join(said)}", flush=True)
        sys.exit(f"{failures} of {len(names)} cases cannot be run" if failures else 0)
    with concurrent.futures.ThreadPoolExecutor(max_workers=os.cpu_count()) as pool:
        for name, (is_linear, per_byte, ratio) in zip(names, pool.map(lambda name: measure(assay, url, name), names)):
            failures += not is_linear
            print(f"{'ok  ' if is_linear else 'FAIL'} {name:28} {per_byte:8.0f} instructions a byte, growth {ratio:.2f}",
                  flush=True)
    if failures:
        sys.exit(f"{failures} of {len(names)} cases take more than linear time")


if __name__ == "__main__":
    main()
