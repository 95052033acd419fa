"""What several tests use."""

import json
import os
import pathlib
import shutil
import sys

import pytest
from fake_judge import FakeJudge

TREE = pathlib.Path(__file__).resolve().parents[2]
GSM8K = TREE / "Examples" / "gsm8k" / "model_solutions.jsonl"

FUNCTIONS = {
    "basic::subset_of": None,
    "gsm8k::final_answer": {"aggregation_functions": ["accuracy", "average", "median", "categorical_count"]},
    "text::f1": {"aggregation_functions": ["average", "median"]},
    "text::bleu": {"aggregation_functions": ["average", "corpus_bleu"]},
    "braintrust::levenshtein": {"aggregation_functions": ["average", "median"]},
}


@pytest.fixture(scope="session")
def rows():
    """A few hundred answers to questions in maths."""
    with open(GSM8K, encoding="utf-8") as file:
        return [json.loads(line) for line, _ in zip(file, range(600))]


@pytest.fixture(scope="session")
def options():
    return {"fn_dir": [str(TREE / "Examples" / "gsm8k")]}


RATING = {
    "prompt_template": "Question: {input_query}\nAnswer: {generated_answer}\nEnd with \"Total rating: N\".",
    "judge_score_regexes": ["Total rating: ([\\d.]+)"], "judge_model": "judge",
    "aggregation_functions": ["average", "median"],
}


@pytest.fixture
def judge():
    """A model whose replies follow from the prompts."""
    judge = FakeJudge()
    yield judge
    judge.close()


def model_config(judge, path):
    """A configuration in which the judge has a price."""
    path.write_text(json.dumps({"models": [
        {"id": "judge", "url": judge.url, "price_per_million": {"input": 0.3, "output": 1.7}}]}))
    return str(path)


@pytest.fixture(scope="session")
def spark():
    """One session for all tests, since it takes long to start. Its executors are processes, as those of a cluster are."""
    pyspark = pytest.importorskip("pyspark")
    if not (os.environ.get("JAVA_HOME") or shutil.which("java")):
        pytest.skip("Spark needs Java")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("SPARK_HOME", os.path.dirname(pyspark.__file__))
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.master(os.environ.get("ASSAY_SPARK_MASTER", "local-cluster[2,1,1024]"))
    for name, value in {
        "spark.ui.enabled": "false", "spark.sql.shuffle.partitions": "2", "spark.driver.host": "127.0.0.1",
        "spark.driver.bindAddress": "127.0.0.1", "spark.log.level": "ERROR", "spark.executor.memory": "512m",
    }.items():
        builder = builder.config(name, value)
    # The executors take the same package and library.
    for name in ("PYTHONPATH", "ASSAY_LIBRARY", "XDG_CACHE_HOME"):
        if name in os.environ:
            builder = builder.config(f"spark.executorEnv.{name}", os.environ[name])
    session = builder.getOrCreate()
    yield session
    session.stop()


@pytest.fixture(scope="session")
def ray_cluster():
    """Ray in local processes."""
    # On a machine with other work, workers would wait long for their turn.
    os.environ.setdefault("RAY_worker_niceness", "0")
    ray = pytest.importorskip("ray")
    pytest.importorskip("ray.data")
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
    yield ray
    ray.shutdown()
