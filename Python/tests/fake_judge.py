"""A model behind an HTTP server of this process, whose replies follow from the prompts alone."""

import http.server
import json
import threading
import time
import zlib


class FakeJudge:
    """Answers chat completions with "Total rating: N", and counts them.

    Attributes:
        requests: the number of requests so far.
        delay: how long a reply takes, in seconds.
        status_of: the status of the reply to a prompt.
    """

    def __init__(self):
        self.requests = 0
        self.delay = 0.0
        self.status_of = lambda prompt: 200
        self._lock = threading.Lock()
        judge = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                status, reply = judge._reply(body)
                text = json.dumps(reply).encode()
                # One write, so that the reply does not wait for an acknowledgement.
                self.wfile.write(
                    b"HTTP/1.1 %d Reply\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % (status, len(text))
                    + text)

            def log_message(self, *_):
                pass

        class Server(http.server.ThreadingHTTPServer):
            request_queue_size = 256
            daemon_threads = True

            def handle_error(self, *_):
                """Clients may leave."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}/v1"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def _reply(self, body):
        with self._lock:
            self.requests += 1
        if self.delay:
            time.sleep(self.delay)
        prompt = json.loads(body)["messages"][-1]["content"]
        status = self.status_of(prompt)
        if status != 200:
            return status, {"error": {"message": "the model is not for you"}}
        rating = zlib.crc32(prompt.encode()) % 11
        # Ratings with a decimal place, so that a sum depends on its order where it is not exact.
        return 200, {
            "object": "chat.completion", "model": "judge",
            "choices": [{"index": 0, "finish_reason": "stop",
                         "message": {"role": "assistant", "content": f"Fine. Total rating: {rating / 10}"}}],
            "usage": {"prompt_tokens": len(prompt) // 4, "completion_tokens": 5, "total_tokens": len(prompt) // 4 + 5},
        }

    def close(self):
        self._server.shutdown()
        self._server.server_close()
