"""Fuzzes what reads bytes from outside, guided by coverage (libFuzzer), under AddressSanitizer.

    python3 Tests/Fuzz/run.py [--seconds N] [--jobs N] [--part readers|scorers|service|arrow|worker] [TARGET…]

Runs each target for N seconds (60), two at a time. `readers` are what reads files, `scorers` the plugins that ship with Assay,
`service` what reads requests and the replies of models, `arrow` what reads Apache Arrow's arrays, `worker` a plugin worker that
answers with anything (worker-fuzz). Inputs that were found to reach
something new are kept in .build-fuzz/corpus and used again; the seeds are in Tests/Fuzz/Seeds. An input that ends the
process is left in .build-fuzz/findings, and `.build-fuzz/release/fuzz-PART TARGET FILE` runs it again.

Exit status: 0 nothing was found, 1 something was, 2 the toolchain has no libFuzzer.
"""

import argparse
import concurrent.futures
import os
import pathlib
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = ROOT / ".build-fuzz"
COVERAGE = "inline-8bit-counters,pc-table"


def clang():
    """The compiler of the Swift toolchain, whose runtime has libFuzzer."""
    swift = shutil.which("swift")
    beside = pathlib.Path(os.path.realpath(swift)).parent / "clang" if swift else None
    return str(beside) if beside and beside.exists() else shutil.which("clang")


def library():
    compiler = clang()
    if not compiler:
        return None
    folder = subprocess.run([compiler, "-print-runtime-dir"], capture_output=True, text=True).stdout.strip()
    places = [pathlib.Path(folder), pathlib.Path(folder).parent / "linux"]
    for place in places:
        for path in sorted(place.glob("libclang_rt.fuzzer_no_main*.a")):
            if os.uname().machine in path.name or place.name != "linux":
                return path
    return None


# What is built for each part. The plugins are loaded by the program, which has the fuzzer, whose symbols they find there.
PARTS = {
    "readers": ["fuzz-readers"],
    "scorers": ["fuzz-scorers", "basic", "braintrust", "llm-as-judge", "math", "text"],
    "service": ["fuzz-service"],
    "arrow": [],
    "worker": ["worker-fuzz"],
}
ARROW = BUILD / "fuzz-arrow"


def build(products):
    fuzzer = library()
    if fuzzer is None:
        print("nothing was fuzzed: the Swift toolchain has no libFuzzer (libclang_rt.fuzzer_no_main)", file=sys.stderr)
        sys.exit(2)
    command = [
        "swift", "build", "-c", "release", "--scratch-path", str(BUILD), "--sanitize=address",
        "-Xswiftc", f"-sanitize-coverage=edge,{COVERAGE}", "-Xcc", f"-fsanitize-coverage={COVERAGE}",
        "-Xlinker", str(fuzzer), "-Xlinker", "-lstdc++", "-Xlinker", "--export-dynamic", "-Xswiftc", "-enable-testing"]
    for product in products:
        result = subprocess.run(
            [*command, "--product", product], cwd=ROOT, env={**os.environ, "ASSAY_FUZZ": "1"}, capture_output=True,
            text=True)
        if result.returncode:
            said = [line for line in (result.stdout + result.stderr).splitlines() if 'error' in line]
            print('\n'.join(said[:40]), file=sys.stderr)
            sys.exit(1)


def build_arrow():
    """Builds the reader of Arrow's arrays, which is C++, with the fuzzer."""
    BUILD.mkdir(exist_ok=True)
    compiler = clang()
    sources = [ROOT / "Tests/Arrow/fuzz.cpp", *sorted((ROOT / "Sources/CArrow").glob("*.cpp")),
               *sorted((ROOT / "Sources/CSimdJSON").glob("*.cpp"))]
    result = subprocess.run(
        [compiler + "++" if not compiler.endswith("++") else compiler, "-std=c++17", "-O1", "-g",
         "-fsanitize=fuzzer,address,undefined", "-fno-sanitize-recover=all", "-DASSAY_LIBFUZZER",
         f"-I{ROOT}/Sources/CArrow/include", f"-I{ROOT}/Sources/CSimdJSON/include", *map(str, sources), "-lsimdjson", "-o",
         str(ARROW)], capture_output=True, text=True)
    if result.returncode:
        print(result.stderr[-4000:], file=sys.stderr)
        sys.exit(1)


def command_of(target, part):
    """The program that fuzzes a target, and the arguments that choose it."""
    return [ARROW] if part == "arrow" else [BUILD / "release" / PARTS[part][0], target]


def targets_of(part):
    """The names of the targets of a part."""
    if part in ("arrow", "worker"):
        return [part]
    usage = subprocess.run([BUILD / "release" / PARTS[part][0]], capture_output=True, text=True).stdout
    return usage.strip().rsplit("targets: ", 1)[-1].split()


def fuzz(target, part, seconds, seed):
    """Whether the target was fuzzed without a finding, and what was said."""
    if target == "worker":
        result = subprocess.run(
            [BUILD / "release" / "worker-fuzz", str(seconds)], capture_output=True, text=True, cwd=ROOT)
        return result.returncode == 0, (result.stdout + result.stderr).strip().splitlines()[-1:]
    corpus = BUILD / "corpus" / target
    findings = BUILD / "findings" / target
    corpus.mkdir(parents=True, exist_ok=True)
    findings.mkdir(parents=True, exist_ok=True)
    seeds = ROOT / "Tests/Fuzz/Seeds" / target
    result = subprocess.run(
        [*command_of(target, part), f"-max_total_time={seconds}", f"-seed={seed}", "-timeout=20",
         "-rss_limit_mb=3000", "-max_len=4096", f"-artifact_prefix={findings}/", "-print_final_stats=1", str(corpus),
         *([str(seeds)] if seeds.exists() else [])],
        capture_output=True, text=True, errors="replace",
        # The program and the plugins both have parts of the package, as they do where Assay loads them.
        env={**os.environ, "ASAN_OPTIONS": "detect_leaks=0:allocator_may_return_null=1:detect_odr_violation=0",
             "SWIFT_BACKTRACE": "enable=no"})
    said = result.stderr.splitlines()
    if result.returncode:
        return False, said[-60:]
    runs = next((line.split()[-1] for line in said if "number_of_executed_units" in line), "?")
    return True, [f"{runs} inputs, {len(list(corpus.iterdir()))} kept"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--seed", type=int, default=0, help="0: another one each time")
    parser.add_argument("--jobs", type=int, default=2, help="targets at a time (2)")
    parser.add_argument("--part", choices=PARTS, action="append")
    parser.add_argument("targets", nargs="*")
    options = parser.parse_args()
    parts = options.part or list(PARTS)
    build([product for part in parts for product in PARTS[part]])
    if "arrow" in parts:
        build_arrow()
    known = {target: part for part in parts for target in targets_of(part)}
    targets = options.targets or list(known)
    for target in targets:
        if target not in known:
            parser.error(f"there is no target {target}; the targets are {' '.join(known)}")
    failed = False
    with concurrent.futures.ThreadPoolExecutor(max_workers=options.jobs) as pool:
        ends = pool.map(lambda target: fuzz(target, known[target], options.seconds, options.seed), targets)
        for target, (passed, said) in zip(targets, ends):
            print(f"{target}: {'' if passed else 'FOUND SOMETHING: '}" + "\n".join(said), flush=True)
            failed = failed or not passed
    sys.exit(1 if failed else 0)


if __name__ == "__main__":
    main()
