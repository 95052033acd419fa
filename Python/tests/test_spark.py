"""Spark in local processes."""

import sys

import assay
import pytest
from conftest import FUNCTIONS

pyspark = pytest.importorskip("pyspark")
pyarrow = pytest.importorskip("pyarrow")

import os  # noqa: E402
import shutil  # noqa: E402

if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
    pytest.skip("Spark needs Java", allow_module_level=True)
os.environ.setdefault("PYSPARK_PYTHON", sys.executable)

import assay.spark  # noqa: E402


@assay.scorer("mine::length", inputs=["generated_answer"])
def length(rows):
    return [len(text) for text in rows["generated_answer"].to_pylist()]


@pytest.fixture(scope="module")
def session():
    from pyspark.sql import SparkSession

    session = (
        SparkSession.builder.master(os.environ.get("ASSAY_SPARK_MASTER", "local[2]")).config("spark.ui.enabled", "false")
        .config("spark.sql.shuffle.partitions", "4").config("spark.driver.host", "127.0.0.1").getOrCreate())
    yield session
    session.stop()


def test_aggregates_are_those_of_one_process(session, rows, options):
    table = pyarrow.Table.from_pylist(rows)
    frame = session.createDataFrame(table.to_pandas()).repartition(7)
    scored = assay.spark.score(frame, FUNCTIONS, by="model", keep=["model"], **options).cache()
    assert scored.result().results == assay.score(table, FUNCTIONS, by="model", **options).results
    found = scored.rows
    assert found.count() == len(rows)
    assert "model" in found.columns and "basic::subset_of.score" in found.columns


def test_scorers_in_python_are_sent_to_workers(session, rows):
    table = pyarrow.Table.from_pylist(rows[:50])
    scored = assay.spark.score(session.createDataFrame(table.to_pandas()), [length])
    assert scored.result().results == assay.score(table, [length]).results


def test_errors_come_before_a_job(session):
    frame = session.createDataFrame([("a",)], ["x"])
    with pytest.raises(assay.AssayError, match="generated_answer"):
        assay.spark.score(frame, "basic::equality")
