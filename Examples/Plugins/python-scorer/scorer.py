"""A scorer in Python, as a server that Assay asks like a judge's model. Standard library only.

    python3 scorer.py 8700
    assay score rows.jsonl --fn example::python --fn-dir functions --judge-model python --model-url http://127.0.0.1:8700/v1

The prompt is the row's columns, in the definition's order, with the character U+001E (record separator) between; the reply is
the score. Whatever this process can do, the scorer can do: Assay does not isolate it.
"""

import difflib
import json
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def score(generated_answer: str, expected_answer: str) -> float:
    """The score of a row, from 0 to 1. Make it yours; an exception gives the row no score, and its text as the reason."""
    if not generated_answer.strip():
        raise ValueError("the answer is empty")
    return difflib.SequenceMatcher(None, generated_answer, expected_answer).ratio()


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        try:
            reply = f"{score(*request['messages'][-1]['content'].split(chr(0x1E))):.12f}"
        except Exception as error:  # what is wrong with one row is no fault of the others
            reply = f"no score: {error!r}"
        message = {"role": "assistant", "content": reply}
        body = json.dumps({"choices": [{"index": 0, "finish_reason": "stop", "message": message}]}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


if __name__ == "__main__":
    ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
