"""Has turns taken by the agents of a real Llama Stack server, which is started for it in front of a scripted model.

    python3 Tests/LlamaStack/run.py [--python PATH] [--cache FOLDER]

Runs the tests LlamaStackTests of the package, which must have been built (swift build --build-tests). Needs Python 3.12
or newer and, the first time, PyPI: the server gets a virtual environment in the cache folder
(~/.cache/assay-llama-stack), outside of the tree; or a Python that has the server already. Exit status: 0 all passed;
1 something failed; 2 something that the tests need is missing.
"""

import argparse
import hashlib
import http.server
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
VERSION = "0.2.23"
START_SECONDS = 120
DOCUMENT = "The lighthouse of Vendel was built in 1874. It is 31 metres tall."

# What the parts of the server need that the configuration below names, in versions of the server's time.
PACKAGES = [
    f"llama-stack=={VERSION}", f"llama-stack-client=={VERSION}", "aiosqlite<1", "chardet", "faiss-cpu", "fastapi<0.120",
    "litellm<1.80", "mcp<2", "openai<2", "opentelemetry-exporter-otlp-proto-http<1.38", "opentelemetry-sdk<1.38",
    "pandas<3", "pydantic<2.12", "pypdf", "sqlalchemy<2.1", "sse-starlette<3", "starlette<0.49",
]


def missing(what):
    print(f"the tests against Llama Stack were not run: {what}", file=sys.stderr)
    sys.exit(2)


def newer_python():
    """A Python that is new enough, on the path or among pyenv's."""
    names = [shutil.which(f"python3.{minor}") for minor in (12, 13)]
    versions = pathlib.Path(os.environ.get("PYENV_ROOT", pathlib.Path.home() / ".pyenv")) / "versions"
    names += sorted(str(path) for path in versions.glob("3.1[23]*/bin/python3"))
    for name in names:
        check = "import sys; sys.exit(sys.version_info < (3, 12))"
        if name and subprocess.run([name, "-c", check], capture_output=True).returncode == 0:
            return name
    missing("Python 3.12 or 3.13 is not installed")


def environment(cache):
    """The Python of a virtual environment that has the server."""
    folder = cache / hashlib.sha256(" ".join(PACKAGES).encode()).hexdigest()[:16]
    python = folder / "bin/python"
    if (folder / "complete").exists():
        return str(python)
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    install = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    for command in [[newer_python(), "-m", "venv", str(folder)], install + PACKAGES]:
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode != 0:
            missing(f"{' '.join(command[:4])} … failed: {done.stderr.strip()[-500:]}")
    (folder / "complete").touch()
    return str(python)


class ScriptedModel(http.server.BaseHTTPRequestHandler):
    """An OpenAI-compatible server whose model calls the first tool that it is offered, once, and then says what it was
    asked. Its embeddings are made of the letters of a text."""

    def log_message(self, *_):
        pass

    def do_GET(self):
        models = [{"id": name, "object": "model", "created": 0, "owned_by": "x"} for name in ("scripted", "letters")]
        self.reply({"object": "list", "data": models} if self.path.endswith("/models") else {})

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if self.path.endswith("/embeddings"):
            inputs = request["input"] if isinstance(request["input"], list) else [request["input"]]
            vectors = [[float(text.lower().count(chr(97 + i)) + 1) for i in range(16)] for text in inputs]
            data = [{"object": "embedding", "index": i, "embedding": vector} for i, vector in enumerate(vectors)]
            return self.reply({"object": "list", "model": "letters", "data": data, "usage": {
                "prompt_tokens": 1, "total_tokens": 1}})
        messages = request["messages"]
        asked = self.text([message for message in messages if message["role"] == "user"][-1]["content"])
        if request.get("tools") and not any(message["role"] == "tool" for message in messages):
            function = {"name": request["tools"][0]["function"]["name"], "arguments": json.dumps({"query": asked})}
            call = {"index": 0, "id": "call_1", "type": "function", "function": function}
            self.stream([({"role": "assistant", "tool_calls": [call]}, None), ({}, "tool_calls")])
        else:
            words = f"You said: {asked}".split(" ")
            parts = [words[0]] + [" " + word for word in words[1:]]
            self.stream([({"role": "assistant", "content": part}, None) for part in parts] + [({}, "stop")])

    @staticmethod
    def text(content):
        return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)

    def reply(self, value):
        body = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, deltas):
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        for delta, reason in deltas:
            choice = {"index": 0, "delta": delta, "finish_reason": reason}
            chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "scripted", "choices": [choice]}
            self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())
        self.wfile.write(b"data: [DONE]\n\n")


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def configuration(folder, model_port):
    """What the server is to have, as the JSON that every YAML is."""
    def sqlite(name):
        return {"type": "sqlite", "db_path": f"{folder}/{name}.db"}

    def provider(kind, **config):
        return [{"provider_id": kind.split("::")[1], "provider_type": kind, "config": config}]

    return {
        "version": 2, "image_name": "agents",
        "apis": ["agents", "files", "inference", "safety", "telemetry", "tool_runtime", "vector_io"],
        "providers": {
            "agents": provider(
                "inline::meta-reference", persistence_store=sqlite("agents"), responses_store=sqlite("responses")),
            "files": provider("inline::localfs", storage_dir=f"{folder}/files", metadata_store=sqlite("files")),
            "inference": provider("remote::vllm", url=f"http://127.0.0.1:{model_port}/v1", api_token="none"),
            "safety": provider("inline::llama-guard", excluded_categories=[]),
            "telemetry": provider("inline::meta-reference", service_name="agents", sinks="console"),
            "tool_runtime": provider("inline::rag-runtime"),
            "vector_io": provider("inline::faiss", kvstore=sqlite("vectors")),
        },
        "metadata_store": sqlite("registry"), "inference_store": sqlite("inference"),
        "models": [
            {"model_id": "scripted", "provider_id": "vllm", "provider_model_id": "scripted", "model_type": "llm"},
            {"model_id": "letters", "provider_id": "vllm", "provider_model_id": "letters", "model_type": "embedding",
             "metadata": {"embedding_dimension": 16}},
        ],
        "vector_dbs": [
            {"vector_db_id": "notes", "embedding_model": "letters", "embedding_dimension": 16, "provider_id": "faiss"}],
        "tool_groups": [{"toolgroup_id": "builtin::rag", "provider_id": "rag-runtime"}],
    }


def ask(url, body=None):
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        return json.load(response)


def wait_until_ready(server, url, log):
    deadline = time.monotonic() + START_SECONDS
    while server.poll() is None and time.monotonic() < deadline:
        try:
            return ask(f"{url}/v1/health")
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    sys.exit(f"the server did not start; the end of what it said:\n{log.read_text(errors='replace')[-3000:]}")


def fill(url):
    """Puts the document into the vector database, and returns what the server calls that."""
    database = ask(f"{url}/v1/vector-dbs")["data"][0]["identifier"]
    documents = [{"document_id": "lighthouse", "content": DOCUMENT, "metadata": {}}]
    ask(f"{url}/v1/tool-runtime/rag-tool/insert", {
        "documents": documents, "vector_db_id": database, "chunk_size_in_tokens": 100})
    return database


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--python", help="a Python that has llama-stack and what it needs")
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path.home() / ".cache/assay-llama-stack")
    options = parser.parse_args()
    if shutil.which("swift") is None:
        missing("swift is not on the path")
    python = options.python or environment(options.cache)
    check = f"import importlib.metadata as m, sys; sys.exit(m.version('llama-stack') != {VERSION!r})"
    if subprocess.run([python, "-c", check], capture_output=True).returncode != 0:
        missing(f"{python} has no llama-stack {VERSION}")
    model = http.server.ThreadingHTTPServer(("127.0.0.1", 0), ScriptedModel)
    threading.Thread(target=model.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory(prefix="assay-llama-stack-") as folder:
        run = pathlib.Path(folder) / "run.yaml"
        run.write_text(json.dumps(configuration(folder, model.server_port)))
        port = free_port()
        log = pathlib.Path(folder) / "server.log"
        with log.open("wb") as output:
            server = subprocess.Popen(
                [python, "-m", "llama_stack.core.server.server", str(run), "--port", str(port)],
                env=os.environ | {"LLAMA_STACK_PORT": str(port)}, stdout=output, stderr=output, stdin=subprocess.DEVNULL)
        try:
            url = f"http://127.0.0.1:{port}"
            wait_until_ready(server, url, log)
            variables = {"LLAMA_STACK_URL": url, "LLAMA_STACK_VECTOR_DB": fill(url)}
            tests = ["swift", "test", "--skip-build", "--filter", "LlamaStackTests"]
            return subprocess.run(tests, cwd=ROOT, env=os.environ | variables).returncode
        finally:
            server.kill()
            server.wait()


sys.exit(1 if main() else 0)
