"""Runs the tests of a suite, and prints a line of each for the table of clients by calls."""

import sys
import traceback


def report(names, version):
    """Runs every function that is called test_…; one that returns "n/a" needs what its client does not have."""
    failures = 0
    for name, test in [(name, value) for name, value in names.items() if name.startswith("test_")]:
        try:
            status = test() or "ok"
        except Exception:
            status = "FAILED"
            failures += 1
            print(f"{name} failed with llama-stack-client {version}", file=sys.stderr)
            traceback.print_exc()
        print(f"RESULT {name.removeprefix('test_')} {status}", flush=True)
    sys.exit(1 if failures else 0)
