"""Has Schemathesis make up requests by the server's own description, and check what is answered.

    python3 Tests/Schemathesis/run.py [--assay PATH] [--cache FOLDER] [--seed N] [--examples N]

A fresh server is tested without an access token and another with one. Nothing may be answered with a status of 500 or
more, nor with a status, type or shape that /openapi.json does not have, whatever is sent; what is not as the description
wants it has to be refused, and what is has to be taken (schemathesis.toml has the exceptions).

Needs Python 3.12 or newer, `assay` as it was built (.build/release or .build/debug), and, the first time, PyPI: Schemathesis
gets a virtual environment in the cache folder (~/.cache/assay-clients), outside of the tree. Exit status: 0 all passed; 1
something failed; 2 something that the tests need is missing.
"""

import argparse
import pathlib
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "Clients"))
import run as clients

VERSION = "4.32.5"
TOKEN = "0123456789abcdef"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--assay", help="the executable")
    parser.add_argument("--cache", type=pathlib.Path, default=pathlib.Path.home() / ".cache/assay-clients",
                        help="where Schemathesis is installed")
    parser.add_argument("--seed", type=int, default=1, help="of the requests that are made up")
    parser.add_argument("--examples", type=int, default=10, help="requests for each operation and phase, at most")
    arguments = parser.parse_args()
    clients.rerun_with_newer_python(__file__)
    assay = clients.find_assay(arguments.assay)
    python = clients.environment("schemathesis", VERSION, arguments.cache)
    failed = False
    for name, token in [("without a token", None), ("with a token", TOKEN)]:
        with tempfile.TemporaryDirectory(prefix="assay-schemathesis-") as folder:
            folder = pathlib.Path(folder)
            options = []
            if token:
                (folder / "token").write_text(token)
                options = ["--auth-token-file", folder / "token"]
            server = clients.Server(assay, folder, options)
            command = [
                python.with_name("schemathesis"), "--config-file", pathlib.Path(__file__).with_name("schemathesis.toml"),
                "run", server.url + "/openapi.json", "--phases", "coverage,fuzzing,stateful", "--checks", "all",
                "--exclude-deprecated", "--seed", str(arguments.seed), "--max-examples", str(arguments.examples),
                "--generation-database", "none", "--warnings", "off", "--no-color",
            ]
            if token:
                command += ["--header", f"Authorization: Bearer {token}"]
            result = subprocess.run(command, capture_output=True, text=True, timeout=600, cwd=folder)
            status = server.stop()
            passed = result.returncode == 0 and status == 0
            print(f"schemathesis {VERSION}, {name}: {'passed' if passed else 'FAILED'}", flush=True)
            if not passed:
                print(result.stdout + result.stderr, f"the server ended with status {status}", sep="\n", file=sys.stderr)
            failed = failed or not passed
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
