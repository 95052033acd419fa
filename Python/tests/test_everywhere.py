"""The same aggregates, bit for bit, wherever rows are scored: five functions, a score of the whole corpus and a judge among them."""

import json
import random
import subprocess
import sys

import assay
import pytest
from conftest import FUNCTIONS, RATING, model_config
from fake_judge import FakeJudge

pyarrow = pytest.importorskip("pyarrow")

JUDGED = {
    "basic::subset_of": None, "gsm8k::final_answer": FUNCTIONS["gsm8k::final_answer"], "text::f1": FUNCTIONS["text::f1"],
    "text::bleu": FUNCTIONS["text::bleu"], "llm-as-judge::base": RATING,
}


@pytest.fixture(scope="module")
def everything(rows, options, tmp_path_factory):
    """Options, the file of the rows, and what the command line prints for them."""
    folder = tmp_path_factory.mktemp("everywhere")
    judge = FakeJudge()
    engine = {**options, "config": model_config(judge, folder / "models.json"), "no_cache": True}
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    arguments = [sys.executable, "-m", "assay", "score", str(path), "--format", "json", "--by", "model", "--no-cache"]
    arguments += ["--config", engine["config"], *(f"--fn-dir={name}" for name in options["fn_dir"])]
    for name, parameters in JUDGED.items():
        arguments += ["--fn", name if parameters is None else f"{name}={json.dumps(parameters)}"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    expected = json.loads(done.stdout)
    assert expected["results"]["llm-as-judge::base"]["rows"]["scored"] == len(rows) == judge.requests
    yield {"by": "model", **engine}, path, expected
    judge.close()


def from_pyarrow(table, path, options, request):
    return assay.score(table, JUDGED, **options)


def from_polars(table, path, options, request):
    return assay.score(pytest.importorskip("polars").from_arrow(table), JUDGED, **options)


def from_pandas(table, path, options, request):
    pytest.importorskip("pandas")
    return assay.score(table.to_pandas(), JUDGED, **options)


def from_duckdb(table, path, options, request):
    return assay.score(pytest.importorskip("duckdb").connect().from_arrow(table), JUDGED, **options)


def from_parquet(table, path, options, request):
    import pyarrow.parquet as parquet

    parquet.write_table(table, path.with_suffix(".parquet"), row_group_size=100)
    return assay.score(path.with_suffix(".parquet"), JUDGED, **options)


def from_merged_parts(table, path, options, request):
    parts = [[] for _ in range(20)]
    generator = random.Random(7)
    for row in generator.sample(table.to_pylist(), table.num_rows):
        generator.choice(parts).append(row)
    results = [assay.score(pyarrow.Table.from_pylist(part), JUDGED, keep_rows=False, **options) for part in parts]
    generator.shuffle(results)
    return assay.merge(results)


def from_spark(table, path, options, request):
    spark = request.getfixturevalue("spark")
    import assay.spark

    frame = spark.createDataFrame(table.to_pandas()).repartition(5)
    return assay.spark.score(frame, JUDGED, **options).result()


def from_ray(table, path, options, request):
    cluster = request.getfixturevalue("ray_cluster")
    import assay.ray

    blocks = [table.slice(start, 130) for start in range(0, table.num_rows, 130)]
    return assay.ray.score(cluster.data.from_arrow(blocks), JUDGED, batch_size=100, **options).result()


@pytest.mark.parametrize("place", [
    from_pyarrow, from_polars, from_pandas, from_duckdb, from_parquet, from_merged_parts, from_spark, from_ray,
], ids=lambda place: place.__name__)
def test_aggregates_are_those_of_the_command_line(place, everything, rows, request):
    options, path, expected = everything
    found = place(pyarrow.Table.from_pylist(rows), path, options, request).results
    assert json.dumps(found) == json.dumps(expected)
