"""Checks that work for a client that has left ends soon, also inside of one long row.

    python3 Tests/Soak/leaving.py [--assay PATH] [CASE…]

For each shipped scorer, a client sends one row whose texts are as long and as hard as the scorer reads, and leaves as soon as
the server works on it. The processor time that the server then still uses is measured, which is the same on a busy machine as
on an idle one: with a release build, less than a second of it may follow. Exit status: 0 all ended soon, 1 one did not,
2 something is missing.
"""

import argparse
import contextlib
import json
import os
import pathlib
import select
import socket
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "Tests/Clients"))
import run as clients

MIB = 1 << 20
REGEX = "basic::regex_parser_multiple_choice_answer"


def row(answer, expected, **columns):
    return {"generated_answer": answer, "expected_answer": expected, **columns}


# The scoring function, its parameters, and the row.
CASES = {
    "equality of texts": ("basic::equality", None, lambda: row("\n" * 20 * MIB, "\n" * 20 * MIB + "b")),
    "equality of lists": ("basic::equality", None, lambda: row([1] * 2 * MIB, [1] * 2 * MIB + [2])),
    "subset_of, runs": ("basic::subset_of", None, lambda: row("a" * 80 * MIB, "a" * 40 * MIB + "b")),
    "subset_of, periods": ("basic::subset_of", None, lambda: row("ab" * 40 * MIB, "ab" * 20 * MIB + "b")),
    "subset_of, many answers": (
        "basic::subset_of", {"any_of": True}, lambda: row("a" * MIB, ["a" * 100 + "b"] * 250)),
    "subset_of, many answers in a list": (
        "basic::subset_of", {"any_of": True}, lambda: row([f"e{i}" for i in range(100_000)], ["x"] * 250)),
    "regex, the shipped patterns": (REGEX, None, lambda: row("Answer : " * 2 * MIB, "A")),
    "regex, backtracking": (
        REGEX, {"type": "regex_parser", "parsing_regexes": ["(a[^b]*[!?])"]}, lambda: row("a" * 10 * MIB, "A")),
    "regex, case folding": (
        REGEX, {"type": "regex_parser", "parsing_regexes": ["(?s)(.*)"], "normalize": "casefold"},
        lambda: row("İß" * (2 * MIB - 1), "i̇ss" * (MIB + MIB // 2))),
    "number": ("basic::number", None, lambda: row("1/2 3 1/2 " * (8 * MIB // 10), "7")),
    "multiple_choice": ("basic::multiple_choice", None, lambda: row("A) a, or B\n" * (2 * MIB // 11), "A")),
    "docvqa": ("basic::docvqa", None, lambda: row("a;b/[c. " * (MIB // 2 - 1), ["a.,!?" * (MIB // 2)])),
    "levenshtein": ("braintrust::levenshtein", None, lambda: row("ab" * 60_000, "cd" * 60_000)),
    "json_diff": (
        "braintrust::json-diff", None,
        lambda: row({f"k{i}": "ab" * 50 for i in range(60_000)}, {f"k{i}": "cd" * 50 for i in range(60_000)})),
    "list_contains": (
        "braintrust::list-contains", None, lambda: row([f"a{i}" * 20 for i in range(400)], [f"b{i}" * 20 for i in range(400)])),
    "numeric_diff": ("braintrust::numeric-diff", None, lambda: row("1" * 2 * MIB, "2")),
    "valid_json, a schema that reads the answer often": (
        "braintrust::valid-json", {"schema": {"allOf": [{"uniqueItems": True}] * 100}},
        lambda: row("[" + ",".join(map(str, range(250_000))) + "]", "")),
    "ifeval": (
        "basic::ifeval", None,
        lambda: {"generated_answer": "Mr. A.B.(!?) . . " * (2 * MIB // 17 - 1), "kwargs": [{"num_sentences": 3, "relation": "at least"}] * 3,
                 "instruction_id_list": ["length_constraints:number_sentences"] * 3}),
    "bfcl": (
        "basic::bfcl", None,
        lambda: {"id": "simple_1", "generated_answer": "f(x=[" + "1," * (MIB // 2) + "])", "language": "Python",
                 "function": [{"name": "f", "parameters": {"properties": {"x": {"type": "any"}}, "required": []}}],
                 "ground_truth": [{"f": {"x": ["1"]}}]}),
    "equivalence": ("math::equivalence", None, lambda: row("\\boxed{" + "(x+1)^9" * 100_000 + "}", "1")),
    "bleu": ("text::bleu", None, lambda: row("a b c d " * MIB, ["a b c e " * MIB])),
    "chrf": ("text::chrf", None, lambda: row("ab" * 2 * MIB, "ac" * 2 * MIB)),
    "ter": (
        "text::ter", None,
        lambda: row("".join(f"w{i} " for i in range(19_000)), ["".join(f"w{i ^ 7} " for i in range(19_000))])),
    "rouge": (
        "text::rouge", {"types": ["rougeL"]},
        lambda: row("".join(f"w{i} " for i in range(300_000)), "".join(f"w{i ^ 7} " for i in range(300_000)))),
    "f1": ("text::f1", None, lambda: row("a an the x " * (MIB // 2), ["the y " * MIB])),
    "exact_match": ("text::exact_match", None, lambda: row("a  " * 2 * MIB, "a " * 2 * MIB + "b")),
    "string_check": (
        "text::string_check", {"operation": "contains", "left_template": "{{item.generated_answer | upper | lower | trim}}"},
        lambda: row("ab" * 2 * MIB, "ab" * MIB + "b")),
    "number_check": ("text::number_check", None, lambda: row("1" + ",000" * MIB, "9" * MIB)),
    "call_match": (
        "tools::call_match", None,
        lambda: {name: [{"type": "function", "function": {"name": f"f{i}", "arguments": json.dumps({"x": "ab" * 1000})}}
                        for i in range(999)] for name in ("tool_calls", "expected_tool_calls")}),
    "math": (
        "basic::regex_parser_math_response", None,
        lambda: row("\\boxed{" + "\\frac{1}{2}" * (7 * MIB // 11) + "}", "\\frac{1}{3}")),
}


def processor_seconds(pid):
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def settle(pid, step=0.5):
    """Waits until the process has used next to nothing for a while; returns the processor seconds until then."""
    before = processor_seconds(pid)
    while True:
        time.sleep(step)
        now = processor_seconds(pid)
        if now - before < 0.02:
            return now
        before = now


def leave(pid, port, function, parameters, row):
    """The processor seconds of the server until the client leaves, when it works on the row, and after that."""
    body = json.dumps({"input_rows": [row], "scoring_functions": {function: parameters}}).encode()
    start = settle(pid)
    with socket.create_connection(("127.0.0.1", port)) as connection:
        head = (f"POST /v1/scoring/score HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(body)}\r\n\r\n")
        connection.sendall(head.encode() + body)
        # Until it has begun, or has answered.
        sent = processor_seconds(pid)
        end = time.monotonic() + 10
        while processor_seconds(pid) < sent + 0.1 and time.monotonic() < end:
            if select.select([connection], [], [], 0.01)[0]:
                break
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    gone = processor_seconds(pid)
    return gone - start, settle(pid) - gone


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--assay")
    parser.add_argument("--most", type=float, default=1.0, help="processor seconds after a client has left (1)")
    parser.add_argument("cases", nargs="*")
    options = parser.parse_args()
    assay = clients.find_assay(options.assay)
    unknown = set(options.cases) - set(CASES)
    if unknown:
        parser.error(f"there is no case {', '.join(sorted(unknown))}; the cases are: {'; '.join(CASES)}")
    failed = False
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        server = subprocess.Popen(
            [assay, "serve", "--port", "0", "--data-dir", folder, "--no-cache", "--jobs", "1", "--fn-dir",
             ROOT / "scoring_fns"], stderr=subprocess.PIPE, text=True)
        stack.callback(server.kill)
        line = next(line for line in server.stderr if '"url"' in line)
        port = int(json.loads(line)["url"].rstrip("/").rsplit(":", 1)[1])
        for name in options.cases or CASES:
            function, parameters, make = CASES[name]
            before, after = leave(server.pid, port, function, parameters, make())
            failed = failed or after > options.most
            print(f"{'ok  ' if after <= options.most else 'FAIL'} {name}: {after:.2f} s after its client had left, "
                  f"{before:.2f} s before", flush=True)
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
