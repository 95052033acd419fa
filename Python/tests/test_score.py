"""The same numbers from every kind of table and file, and what users see of them."""

import json
import logging
import os
import random
import subprocess
import sys

import assay
import pytest
from conftest import FUNCTIONS

pyarrow = pytest.importorskip("pyarrow")


@pytest.fixture(scope="module")
def command_line(rows, options, tmp_path_factory):
    """What the command line prints, and the file that it read."""
    path = tmp_path_factory.mktemp("rows") / "rows.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    arguments = [sys.executable, "-m", "assay", "score", str(path), "--format", "json", "--by", "model"]
    for folder in options["fn_dir"]:
        arguments += ["--fn-dir", folder]
    for name, parameters in FUNCTIONS.items():
        arguments += ["--fn", name if parameters is None else f"{name}={json.dumps(parameters)}"]
    done = subprocess.run(arguments, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout), path


def sources(rows, path, tmp_path):
    table = pyarrow.Table.from_pylist(rows)
    yield "pyarrow", table
    yield "batches", pyarrow.RecordBatchReader.from_batches(table.schema, table.to_batches(max_chunksize=37))
    yield "strings of 64 bits", table.cast(
        pyarrow.schema([(field.name, pyarrow.large_string() if field.type == pyarrow.string() else field.type)
                        for field in table.schema]))
    yield "dictionaries", table.set_column(
        table.schema.get_field_index("expected_answer"), "expected_answer", table["expected_answer"].dictionary_encode())
    yield "a slice", pyarrow.concat_tables([table.slice(0, 3), table]).slice(3)
    yield "list of dicts", rows
    yield "dict of lists", {name: [row[name] for row in rows] for name in rows[0]}
    yield "path", path
    try:
        import polars
    except ImportError:
        pass
    else:
        frame = polars.DataFrame(rows)
        yield "polars", frame
        yield "polars, categories", frame.with_columns(polars.col("expected_answer").cast(polars.Categorical))
        yield "polars, lazy", frame.lazy()
    try:
        import pandas
    except ImportError:
        pass
    else:
        yield "pandas", pandas.DataFrame(rows)
    try:
        import duckdb
    except ImportError:
        pass
    else:
        yield "duckdb", duckdb.connect().from_arrow(table)
    import pyarrow.parquet as parquet

    parquet.write_table(table.slice(0, 250), tmp_path / "0.parquet", row_group_size=60)
    parquet.write_table(table.slice(250), tmp_path / "1.parquet")
    yield "parquet", tmp_path / "*.parquet"
    yield "folder", tmp_path


def test_every_source_has_the_numbers_of_the_command_line(rows, options, command_line, tmp_path):
    expected, path = command_line
    for name, data in sources(rows, path, tmp_path):
        result = assay.score(data, FUNCTIONS, by="model", **options)
        assert result.results == expected, name
        assert len(result.rows) == len(rows), name


def test_merged_parts_have_the_numbers_of_the_whole(rows, options, command_line, tmp_path):
    parts = [[] for _ in range(20)]
    generator = random.Random(5)
    for row in generator.sample(rows, len(rows)):
        generator.choice(parts).append(row)
    results = [assay.score(pyarrow.Table.from_pylist(part), FUNCTIONS, by="model", **options) for part in parts if part]
    assert assay.merge(results).results == command_line[0]
    results[0].save_state(tmp_path / "0.state")
    assert assay.merge([*results[1:], tmp_path / "0.state"]).results == command_line[0]
    other = assay.score(rows[:3], "basic::equality")
    with pytest.raises(assay.AssayError, match="does not belong to state 0: the functions are"):
        assay.merge([results[0], other])
    with pytest.raises(assay.AssayError, match="damaged or cut off"):
        assay.merge([results[0].state[:-1]])


def test_rows_are_arrow(rows, options):
    result = assay.score(rows[:100], {"basic::subset_of": None, "text::f1": None}, where=["is_correct=true"])
    table = result.rows.to_pyarrow()
    assert table.schema.names[:4] == ["row", "basic::subset_of.score", "basic::subset_of.outcome", "basic::subset_of.message"]
    assert [rows[index]["is_correct"] for index in table["row"].to_pylist()] == [True] * table.num_rows
    assert set(table["basic::subset_of.outcome"].to_pylist()) == {"scored"}
    # As often as wanted, and longer than what they came from.
    again = pyarrow.table(result.rows)
    del result
    assert again.equals(table)


@pytest.mark.parametrize("jobs", [1, 3])
def test_rows_of_many_chunks_are_in_order(jobs):
    count = 50_000
    table = pyarrow.table({
        "generated_answer": [str(row) for row in range(count)],
        "expected_answer": [None if row % 7 == 0 else str(row if row % 3 else -1) for row in range(count)],
    })
    found = assay.score(table, "basic::equality", jobs=jobs).rows.to_pyarrow()
    assert found["row"].to_pylist() == list(range(count))
    assert found["basic::equality.score"].to_pylist() == [
        None if row % 7 == 0 else float(row % 3 != 0) for row in range(count)]
    filtered = assay.score(table, "basic::equality", jobs=jobs, where=["expected_answer=-1"]).rows.to_pyarrow()
    assert filtered["row"].to_pylist() == [row for row in range(count) if row % 3 == 0 and row % 7]


def test_rows_without_a_score_say_why(options):
    data = pyarrow.table({"generated_answer": ["a", None, "c"], "expected_answer": ["a", "b", "d"]})
    result = assay.score(data, "basic::equality")
    assert result.counts["basic::equality"]["input_error"] == 1 and not result.is_complete
    assert result.rows.to_pyarrow()["basic::equality.message"].to_pylist() == [
        None, "column \"generated_answer\" is null", None]
    assert result.unscored[0]["row"] == 1
    assert "1 of" not in repr(result) and "2 of 3" in repr(result)
    assert "<table>" in result._repr_html_()


def test_paths_lead_into_nested_columns():
    data = pyarrow.table({
        "choices": [[{"text": "a"}], [{"text": "x"}]], "meta": [{"gold": "a"}, {"gold": "b"}],
    })
    result = assay.score(
        data, "basic::equality", map={"generated_answer": "choices[0].text", "expected_answer": "meta.gold"})
    assert result.aggregates["basic::equality"]["accuracy"]["accuracy"] == 0.5


@pytest.mark.parametrize("data, functions, options, message", [
    ([{"a": 1}], "basic::equality", {}, "no row has the column"),
    ({"generated_answer": ["a"], "expected_answer": ["a"]}, "basic::equalty", {}, "did you mean"),
    ({"generated_answer": ["a"]}, "basic::equality", {"jobs": 0}, "jobs 0"),
    ({"generated_answer": ["a"]}, "basic::equality", {"colour": 1}, "colour"),
    ({"generated_answer": ["a"]}, "basic::equality", {"output": "x.jsonl"}, "belongs to the command line"),
    ({"a": ["a"], "b": []}, "basic::equality", {}, "different numbers of values"),
    ("missing.jsonl", "basic::equality", {}, "missing.jsonl"),
    ("missing*.parquet", "basic::equality", {}, "no file matches"),
    (7, "basic::equality", {}, "int cannot be scored"),
])
def test_errors_say_what_is_wrong(data, functions, options, message):
    with pytest.raises(assay.AssayError, match=message.replace("*", ".")):
        assay.score(data, functions, **options)


def test_a_table_without_the_columns(rows):
    with pytest.raises(assay.AssayError, match='the columns "generated_answer" or "expected_answer"'):
        assay.score(pyarrow.table({"x": ["a"]}), "basic::equality")


def test_warnings_go_to_logging(caplog):
    with caplog.at_level(logging.WARNING, logger="assay"):
        assay.score([{"generated_answer": "<think>x</think>a", "expected_answer": "a"}], "basic::equality")
    assert "thinking" in caplog.text


def test_no_files_are_left_behind(rows):
    before = len(os.listdir("/proc/self/fd"))
    for _ in range(5):
        assay.score(rows[:50], "basic::equality")
    assert len(os.listdir("/proc/self/fd")) <= before + 1


def test_functions_are_listed():
    assert assay.functions()["basic::equality"]["provider_id"] == "basic"
