"""Judges from Python: prices, caches, budgets, errors and interruptions."""

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
import zlib

import assay
import pytest
from conftest import RATING, model_config

pyarrow = pytest.importorskip("pyarrow")

FN = "llm-as-judge::base"


@pytest.fixture
def table(rows):
    return pyarrow.Table.from_pylist(rows[:60])


def test_replies_are_cached(judge, table, tmp_path):
    options = {"config": model_config(judge, tmp_path / "models.json"), "cache": tmp_path / "replies"}
    first = assay.score(table, {FN: RATING}, **options)
    assert first.is_complete and judge.requests == first.usage["requests"] == 60
    assert first.usage["cost"] > 0
    again = assay.score(table, {FN: RATING}, **options)
    assert judge.requests == 60 and again.usage["cached"] == 60
    assert again.aggregates == first.aggregates
    assert again.rows.to_pyarrow() == first.rows.to_pyarrow()
    # Parts that another process has paid for cost nothing here.
    parts = [assay.score(table.slice(start, 30), {FN: RATING}, **options) for start in (0, 30)]
    assert judge.requests == 60
    assert assay.merge(parts).aggregates == first.aggregates


@pytest.mark.parametrize("limits", [{"max_requests": 20}, {"max_cost": 0.0005}])
def test_a_budget_leaves_rows_that_were_not_asked(judge, table, tmp_path, limits):
    options = {"config": model_config(judge, tmp_path / "models.json"), "no_cache": True}
    result = assay.score(table, {FN: RATING, "basic::subset_of": None}, **limits, **options)
    counts = result.counts[FN]
    assert counts["scored"] == judge.requests and counts["scored"] + counts["not_asked"] == 60
    assert 0 < counts["scored"] < 60 and not result.is_complete
    assert result.counts["basic::subset_of"]["scored"] == 60
    missing = [row for row in result.rows.to_pyarrow().to_pylist() if row[f"{FN}.outcome"] == "not_asked"]
    assert len(missing) == counts["not_asked"] and all(row[f"{FN}.score"] is None for row in missing)
    assert result.unscored[0]["outcome"] == "not_asked"


def test_a_prompt_that_is_refused_costs_its_row_and_says_why(judge, table, tmp_path):
    judge.status_of = lambda prompt: 400 if zlib.crc32(prompt.encode()) % 5 == 0 else 200
    options = {"config": model_config(judge, tmp_path / "models.json"), "no_cache": True}
    result = assay.score(table, {FN: RATING, "basic::subset_of": None}, **options)
    counts = result.counts[FN]
    assert 0 < counts["model_error"] < 60 and counts["scored"] + counts["model_error"] == 60
    assert result.counts["basic::subset_of"]["scored"] == 60
    assert "the model is not for you" in result.unscored[0]["message"]


def test_a_server_that_refuses_everything_is_an_error(judge, table, tmp_path):
    judge.status_of = lambda prompt: 403
    options = {"config": model_config(judge, tmp_path / "models.json"), "no_cache": True}
    with pytest.raises(assay.AssayError, match="the model is not for you; check the URL"):
        assay.score(table, {FN: RATING, "basic::subset_of": None}, **options)


@pytest.mark.parametrize("parameters, options, message", [
    ({**RATING, "judge_model": "other"}, {}, "other"),
    (RATING, {"config": "missing.json"}, "missing.json"),
    ({**RATING, "judge_score_regexes": ["("]}, {}, "judge_score_regexes"),
    (RATING, {"max_cost": -1}, "max_cost"),
])
def test_errors_come_before_a_request(judge, table, tmp_path, parameters, options, message):
    options = {"config": model_config(judge, tmp_path / "models.json"), "no_cache": True, **options}
    with pytest.raises(assay.AssayError, match=message):
        assay.score(table, {FN: parameters}, **options)
    assert judge.requests == 0


@pytest.mark.parametrize("rows", [40, 5000])
def test_an_interrupt_ends_a_run_that_waits_for_replies(judge, tmp_path, rows):
    judge.delay = 120
    program = textwrap.dedent(f"""
        import assay, json, sys, threading, time
        rating, config = json.loads(sys.argv[1]), sys.argv[2]
        data = {{"generated_answer": ["a"] * {rows}, "input_query": [str(i) for i in range({rows})]}}
        start = time.process_time()
        try:
            assay.score(data, {{"llm-as-judge::base": rating}}, config=config, no_cache=True)
        except KeyboardInterrupt:
            print(json.dumps([threading.active_count(), time.process_time() - start]), flush=True)
            assert assay.score({{"generated_answer": ["a"], "expected_answer": ["a"]}}, "basic::equality").is_complete
    """)
    config = model_config(judge, tmp_path / "models.json")
    process = subprocess.Popen(
        [sys.executable, "-c", program, json.dumps(RATING), config], stdout=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONUNBUFFERED": "1"})
    # A model is sent few requests at first; the other rows wait for the replies to those.
    while judge.requests < 2 and process.poll() is None:
        time.sleep(0.01)
    start = time.monotonic()
    process.send_signal(signal.SIGINT)
    line = process.stdout.readline()
    taken = time.monotonic() - start
    assert process.wait(60) == 0
    threads, computed = json.loads(line)
    assert threads == 1
    # It waits for no reply, and goes through the waiting rows quickly, also in a debug build and on a busy machine.
    assert taken < judge.delay / 4 and computed < 5
