"""Spark in local processes."""

import assay
import pytest
from conftest import FUNCTIONS, RATING, model_config

pytest.importorskip("pyspark")
pyarrow = pytest.importorskip("pyarrow")

import assay.spark  # noqa: E402


@assay.scorer("mine::length", inputs=["generated_answer"])
def length(rows):
    return [len(text) for text in rows["generated_answer"].to_pylist()]


def test_aggregates_are_those_of_one_process(spark, rows, options):
    table = pyarrow.Table.from_pylist(rows)
    frame = spark.createDataFrame(table.to_pandas()).repartition(5)
    scored = assay.spark.score(frame, FUNCTIONS, by="model", keep=["model"], **options).cache()
    assert scored.result().results == assay.score(table, FUNCTIONS, by="model", **options).results
    found = scored.rows
    assert found.count() == len(rows)
    assert "model" in found.columns and "basic::subset_of.score" in found.columns


def test_scorers_in_python_are_sent_to_workers(spark, rows):
    table = pyarrow.Table.from_pylist(rows[:50])
    scored = assay.spark.score(spark.createDataFrame(table.to_pandas()), [length])
    assert scored.result().results == assay.score(table, [length]).results


def test_errors_come_before_a_job(spark):
    frame = spark.createDataFrame([("a",)], ["x"])
    with pytest.raises(assay.AssayError, match="generated_answer"):
        assay.spark.score(frame, "basic::equality")


def test_filters_that_leave_partitions_empty(spark, rows):
    table = pyarrow.Table.from_pylist(rows[:60])
    frame = spark.createDataFrame(table.to_pandas()).repartitionByRange(4, "model")
    chosen = {"where": ["model=6b_finetuning"]}
    scored = assay.spark.score(frame, "basic::subset_of", **chosen).cache()
    assert scored.result().results == assay.score(table, "basic::subset_of", **chosen).results
    assert scored.rows.count() == len(assay.score(table, "basic::subset_of", **chosen).rows)


def test_a_limit_is_refused(spark, rows):
    frame = spark.createDataFrame(pyarrow.Table.from_pylist(rows[:5]).to_pandas())
    with pytest.raises(assay.AssayError, match="limit the rows before"):
        assay.spark.score(frame, "basic::subset_of", limit=3)


def test_a_budget_is_that_of_all_partitions(spark, rows, judge, tmp_path):
    frame = spark.createDataFrame(pyarrow.Table.from_pylist(rows[:80]).to_pandas()).repartition(4)
    options = {"config": model_config(judge, tmp_path / "models.json"), "no_cache": True}
    scored = assay.spark.score(frame, {"llm-as-judge::base": RATING}, max_requests=30, **options).cache()
    result = scored.result()
    assert judge.requests == result.usage["requests"] == 30
    assert result.counts["llm-as-judge::base"]["not_asked"] == 50
    spent = result.usage["cost"]
    scored = assay.spark.score(frame, {"llm-as-judge::base": RATING}, max_cost=spent, **options).cache()
    # A partition may overshoot by what one request costs more than expected.
    assert 0 < scored.result().usage["cost"] < spent * 1.2
