"""Scoring functions in Python."""

import assay
import pytest

pyarrow = pytest.importorskip("pyarrow")

TABLE = pyarrow.table({"generated_answer": ["a", "bb", None, "dddd"], "expected_answer": ["a", "b", "c", "d"]})


@assay.scorer("mine::length", inputs=["generated_answer"], aggregations=["average", "median"], scale=1)
def length(rows, scale):
    """How long an answer is."""
    return [len(text) * scale for text in rows["generated_answer"].to_pylist()]


@assay.scorer("mine::same", each_row=True, outputs={"score": "boolean", "note": "text"})
def same(generated_answer, expected_answer):
    if generated_answer == "bb":
        raise ValueError("not this one")
    return {"score": generated_answer == expected_answer, "note": generated_answer.upper()}


def test_beside_other_functions():
    result = assay.score(TABLE, [length, same, "basic::equality"])
    assert result.aggregates["mine::length"]["average"]["average"] == 7 / 3
    assert result.counts["mine::length"] == result.counts["basic::equality"]
    rows = result.rows.to_pyarrow()
    assert rows["mine::length.score"].to_pylist() == [1.0, 2.0, None, 4.0]
    assert rows["mine::same.score"].to_pylist() == [True, None, None, False]
    assert rows["mine::same.message"].to_pylist()[1] == "ValueError: not this one"
    assert rows["mine::same.note"].to_pylist()[3] == "DDDD"
    assert length(TABLE.slice(0, 1), 3) == [3]


def test_parameters():
    result = assay.score(TABLE, {length: {"scale": 10}})
    assert result.aggregates["mine::length"]["median"]["median"] == 20


def test_with_many_jobs_and_batches():
    table = pyarrow.table({"generated_answer": ["x" * (i % 7) for i in range(20_000)]})
    one, four = (assay.score(table, [length], jobs=jobs) for jobs in (1, 4))
    assert one.results == four.results
    assert one.rows.to_pyarrow() == four.rows.to_pyarrow()


@pytest.mark.parametrize("body, message", [
    (lambda rows: 1 / 0, "ZeroDivisionError"),
    (lambda rows: [1.0], "returned 1 values"),
    (lambda rows: ["x"] * rows.num_rows, "ValueError"),
    (lambda rows: None, "TypeError"),
    (lambda rows: [float("nan")] * rows.num_rows, "no score"),
])
def test_an_exception_costs_the_rows_of_its_batch(body, message):
    broken = assay.scorer("mine::broken", inputs=["generated_answer"])(body)
    result = assay.score(TABLE, [broken, "basic::equality"])
    assert result.counts["mine::broken"]["scorer_error"] == 3
    assert result.counts["basic::equality"]["scored"] == 3
    assert message in result.unscored[0]["message"] or message in str(result.rows.to_pyarrow()["mine::broken.message"])


def test_the_name_of_a_shipped_plugin_is_refused():
    other = assay.scorer("basic::other", inputs=["generated_answer"])(lambda rows: [])
    with pytest.raises(assay.AssayError):
        assay.score(TABLE, [other])


def test_states_of_scorers_are_merged():
    halves = [assay.score(TABLE.slice(0, 2), [length]), assay.score(TABLE.slice(2), [length])]
    assert assay.merge(halves).results == assay.score(TABLE, [length]).results
