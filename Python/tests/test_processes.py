"""Forks, threads and interruptions."""

import copy
import gc
import multiprocessing
import os
import pickle
import signal
import subprocess
import sys
import textwrap
import threading
import time

import assay
import pytest

DATA = {"generated_answer": ["a", "b"] * 500, "expected_answer": ["a", "a"] * 500}


def accuracy():
    return assay.score(DATA, "basic::equality").aggregates["basic::equality"]["accuracy"]["accuracy"]


@pytest.mark.parametrize("method", ["fork", "forkserver", "spawn"])
def test_pools(method):
    assert accuracy() == 0.5
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert [pool.apply_async(accuracy).get(60) for _ in range(3)] == [0.5] * 3
    assert accuracy() == 0.5


def in_child(body):
    """Runs a function in a forked child, and returns its exit status."""
    child = os.fork()
    if child == 0:
        status = 9
        try:
            status = body()
        finally:
            os._exit(status)
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.02)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return "hangs"


def test_an_engine_of_the_parent_is_refused():
    engine = assay.Engine()

    def body():
        try:
            engine.score(DATA, "basic::equality")
        except assay.ForkError:
            return 0
        return 1

    assert in_child(body) == 0
    assert engine.score(DATA, "basic::equality").is_complete


@pytest.mark.parametrize("isolation", [None, "process"])
def test_a_forked_child_has_an_engine_of_its_own(isolation):
    options = {} if isolation is None else {"isolation": isolation}

    def ask():
        return assay.score(DATA, "basic::equality", **options).aggregates["basic::equality"]["accuracy"]["accuracy"]

    assert ask() == 0.5
    assert in_child(lambda: 0 if ask() == 0.5 else 1) == 0
    assert ask() == 0.5


def test_threads_share_an_engine():
    found = []
    threads = [threading.Thread(target=lambda: found.append(accuracy())) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [0.5] * 8


def test_results_and_engines_go_to_other_processes():
    engine = assay.Engine(no_cache=True)
    result = engine.score({"generated_answer": ["a", "b"], "expected_answer": ["a", "c"]}, "basic::equality")
    rows = result.rows.to_pyarrow()
    copies = [copy.copy(result), copy.deepcopy(result), pickle.loads(pickle.dumps(result))]
    del result
    gc.collect()
    for found in copies:
        assert found.rows.to_pyarrow().equals(rows) and len(found.rows) == 2
        assert found.aggregates["basic::equality"]["accuracy"]["num_correct"] == 1
        assert assay.merge([found]).results == found.results
    other = pickle.loads(pickle.dumps(engine))
    assert other.score({"generated_answer": ["a"], "expected_answer": ["a"]}, "basic::equality").is_complete


def test_an_interrupt_ends_a_run_after_the_rows_that_are_being_scored():
    program = textwrap.dedent("""
        import assay, sys, time, threading
        @assay.scorer("mine::slow", inputs=["generated_answer"])
        def slow(rows):
            print(rows.num_rows, flush=True)
            time.sleep(0.2)
            return [1.0] * rows.num_rows
        try:
            assay.score({"generated_answer": ["a"] * 200_000}, [slow], jobs=1)
        except KeyboardInterrupt:
            print("interrupted", threading.active_count(), flush=True)
    """)
    process = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    process.stdout.readline()
    process.send_signal(signal.SIGINT)
    *later, last = process.stdout.read().splitlines()
    assert process.wait(30) == 0
    assert last == "interrupted 1"
    # Scoring all rows takes many times longer than an interrupt.
    assert sum(map(int, later)) < 100_000


def test_the_command_line():
    done = subprocess.run([sys.executable, "-m", "assay", "--version"], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == assay.__version__
    wrong = subprocess.run([sys.executable, "-m", "assay", "score"], capture_output=True, text=True, check=False)
    assert wrong.returncode == 64 and "Usage" in wrong.stderr
