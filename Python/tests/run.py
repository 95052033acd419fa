"""run.py [--wheel FILE] [--spark] [--ray] [--notebook] [PYTEST-ARGUMENTS…]: tests the package in an empty environment.

Without a wheel, the package is taken from the tree, with the library that ASSAY_LIBRARY names or `make library` built.
Ends with status 2 where a package cannot be had.
"""

import argparse
import os
import pathlib
import subprocess
import sys
import tempfile
import venv

TREE = pathlib.Path(__file__).resolve().parents[2]
PACKAGES = ["pytest", "pyarrow", "polars", "pandas>=2.2,<3", "duckdb"]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--wheel", help="the wheel to test, instead of the tree")
    parser.add_argument("--spark", action="store_true", help="also test Spark, in local processes")
    parser.add_argument("--ray", action="store_true", help="also test Ray, in local processes")
    parser.add_argument("--notebook", action="store_true", help="also run the notebook of the examples")
    parser.add_argument("--environment", help="a folder for the environment, kept for the next time")
    options, rest = parser.parse_known_args()
    packages = list(PACKAGES)
    if options.spark:
        packages += ["pyspark>=4.0,<5", "setuptools"]
    if options.ray:
        packages += ["ray[data]"]
    if options.notebook:
        packages += ["nbclient", "ipykernel", "matplotlib"]
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(options.environment or f"{scratch}/environment")
        python = folder / "bin" / "python"
        if not python.exists():
            venv.create(folder, with_pip=True)
        wheel = [options.wheel] if options.wheel else []
        installed = subprocess.run(
            [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *packages, *wheel], check=False)
        if installed.returncode != 0:
            print("the tests of the Python package are left out: a package cannot be had", file=sys.stderr)
            return 2
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        if not options.wheel:
            environment["PYTHONPATH"] = str(TREE / "Python")
            environment.setdefault("ASSAY_LIBRARY", str(TREE / ".build" / "release" / "libAssayLibrary.so"))
        environment["XDG_CACHE_HOME"] = f"{scratch}/cache"
        tests = [TREE / "Python" / "tests"]
        # The folder must not be found as the package of a wheel.
        return subprocess.run(
            [python, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, *rest], cwd=scratch, env=environment,
            check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
