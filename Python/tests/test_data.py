"""What people have at hand: frames with missing and mixed values, rows that are objects, values that JSON has no word for."""

import collections
import dataclasses
import datetime
import decimal
import enum
import fractions
import uuid

import pytest

import assay

pandas = pytest.importorskip("pandas")
pyarrow = pytest.importorskip("pyarrow")
import numpy  # noqa: E402

EQUALITY = "basic::equality"


@dataclasses.dataclass
class Answer:
    generated_answer: str
    expected_answer: str


NamedAnswer = collections.namedtuple("NamedAnswer", "generated_answer expected_answer")


class Model:
    """As those of pydantic."""

    def model_dump(self):
        return {"generated_answer": "a", "expected_answer": "a"}


class Letter(enum.Enum):
    A = "a"


def score(data, functions=EQUALITY, **options):
    return assay.score(data, functions, progress=False, **options)


def pairs(generated, expected):
    return [{"generated_answer": one, "expected_answer": other} for one, other in zip(generated, expected)]


FRAMES = [
    # Columns, and how many rows are right, scored, and there.
    (["a", None, "c"], ["a", "b", "x"], (1, 2, 3)),
    (["a", numpy.nan, "c"], ["a", "b", "c"], (2, 2, 3)),
    (["a", 1, 2.5], ["a", 1, 2], (2, 3, 3)),
    (["a", 1, None, numpy.nan], ["a", 1, 2, 3], (2, 2, 4)),
    ([2**70, 1], [2**70, 2], (1, 2, 2)),
    ([["a"], {"b": 1}], [["a"], {"b": 2}], (1, 2, 2)),
    (pandas.Categorical(["a", "b", None]), pandas.Categorical(["a", "c", "b"]), (1, 2, 3)),
    (pandas.array(["a", pandas.NA], dtype="string"), ["a", "b"], (1, 1, 2)),
    (pandas.array(["a", pandas.NA], dtype="string[pyarrow]"), ["a", "b"], (1, 1, 2)),
    (pandas.array([1, None], dtype="Int64"), [1, 2], (1, 1, 2)),
    (pandas.array([True, None], dtype="boolean"), [True, False], (1, 1, 2)),
    (pandas.arrays.SparseArray([1, 0]), [1, 0], (2, 2, 2)),
    (pandas.to_datetime(["2024-01-01", "2024-01-02"]), ["2024-01-01T00:00:00", "2024-01-02"], (1, 2, 2)),
    ([decimal.Decimal("1.10"), decimal.Decimal("2")], [decimal.Decimal("1.1"), decimal.Decimal("3")], (1, 2, 2)),
]


@pytest.mark.parametrize("generated, expected, counts", FRAMES)
def test_frames_of_pandas(generated, expected, counts):
    frame = pandas.DataFrame({"generated_answer": generated, "expected_answer": expected})
    result = score(frame)
    rows = result.counts[EQUALITY]
    assert (result.aggregates[EQUALITY]["accuracy"]["num_correct"], rows["scored"], rows["total"]) == counts


@pytest.mark.parametrize("value, same", [
    (numpy.int64(1), 1), (numpy.float32(1), 1.0), (numpy.str_("a"), "a"), (numpy.bool_(True), True),
    (numpy.array([1, 2]), [1, 2]), ((1, 2), [1, 2]), ({2, 1}, [1, 2]), (Letter.A, "a"), (b"a", "a"),
    (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"), (decimal.Decimal("1.5"), 1.5),
    (decimal.Decimal("1E+2"), 100), (decimal.Decimal("0.1000000000000000000001"), "0.1000000000000000000001"),
    (datetime.date(2024, 1, 1), "2024-01-01"), (pandas.Timestamp("2024-01-01"), "2024-01-01T00:00:00"),
    (10**400, 10**400), ([[1, [2, [3]]]], [[1, [2, [3]]]]), (Answer("a", "b"), {"generated_answer": "a", "expected_answer": "b"}),
])
def test_values_of_python(value, same):
    assert score(pairs([value], [same])).aggregates[EQUALITY]["accuracy"]["num_correct"] == 1


@pytest.mark.parametrize("missing", [None, pandas.NA, pandas.NaT, float("nan"), numpy.float64("nan")])
def test_missing_values_are_null(missing):
    result = score(pairs(["a", missing], ["a", "a"]))
    assert result.counts[EQUALITY]["input_error"] == 1 and "is null" in result.unscored[0]["message"]


@pytest.mark.parametrize("data", [
    [Answer("a", "a")], [NamedAnswer("a", "a")], [Model()], (Answer("a", "a") for _ in range(1)),
    iter([{"generated_answer": "a", "expected_answer": "a"}]),
    numpy.array([("a", "a")], dtype=[("generated_answer", "U1"), ("expected_answer", "U1")]),
    {"generated_answer": pandas.Series(["a"]), "expected_answer": numpy.array(["a"])},
])
def test_rows_that_are_objects(data):
    assert score(data).aggregates[EQUALITY]["accuracy"] == {"accuracy": 1.0, "num_correct": 1, "num_total": 1}


@pytest.mark.parametrize("data, message", [
    ({"generated_answer": "abc", "expected_answer": "abc"}, "'generated_answer' is str, not a list"),
    ({"generated_answer": ["a"], "expected_answer": 1}, "'expected_answer' is int, not a list"),
    ([("a", "a")], "the first row is tuple"), ([{"generated_answer": "a"}, 7], "row 1 is int"),
    ([{("a",): "a"}], "row 0: a value cannot be written as JSON"),
    (pairs([object()], ["a"]), "row 0: .*object is not JSON"), (pairs([b"\xff"], ["a"]), "not UTF-8"),
    (pairs([fractions.Fraction(1, 3)], ["a"]), "Fraction is not JSON"),
    (pandas.Series(["a"]), "pandas.Series is one column"), (numpy.array(["a"]), "numpy.ndarray is one column"),
    (pyarrow.array(["a"]), "is one column"), (pyarrow.chunked_array([["a"]]), "is one column"),
    (pandas.DataFrame([["a", "a", "b"]], columns=["generated_answer", "expected_answer", "expected_answer"]), "more than once"),
    (pyarrow.array([["a"]]), "ListArray cannot be scored"), (b"x.jsonl", "bytes cannot be scored"), (None, "NoneType cannot be scored"),
])
def test_data_that_cannot_be_scored(data, message):
    with pytest.raises(assay.AssayError, match=message):
        score(data)


def test_columns_that_no_function_needs_may_have_any_type():
    table = pyarrow.table({
        "generated_answer": ["a"], "expected_answer": ["a"], "id": pyarrow.array([b"x" * 16], pyarrow.binary(16)),
        "took": pyarrow.array([(1, 2, 3)], pyarrow.month_day_nano_interval()),
        "run": pyarrow.RunEndEncodedArray.from_arrays(pyarrow.array([1], pyarrow.int32()), pyarrow.array(["a"])),
    })
    assert score(table).is_complete
    with pytest.raises(assay.AssayError, match='the column "id" has a type that is not supported'):
        score(table, map={"expected_answer": "id"})


def test_batches_of_a_dataset_have_the_types_of_the_first():
    datasets = pytest.importorskip("datasets")

    def rows():
        for index in range(20_000):
            # Where the second batch begins.
            yield {"generated_answer": index if index < 16_384 else index + 0.5, "expected_answer": "7"}

    with pytest.raises(assay.AssayError, match="'generated_answer' is double, which cannot be converted to int64"):
        score(datasets.IterableDataset.from_generator(rows))


@pytest.mark.parametrize("message, keywords", [
    ("use --map generated_answer=answer, or --fn-dir x", 'use map={"generated_answer": "answer"}, or fn_dir x'),
    ("--map 'generated_answer=model answer' --map expected_answer=gold;",
     'map={"generated_answer": "model answer", "expected_answer": "gold"};'),
    ("--map 'a=choices[0].text'", 'map={"a": "choices[0].text"}'), ("--map 'a=it'\\''s'", 'map={"a": "it\'s"}'),
])
def test_mappings_in_messages_are_keywords(message, keywords):
    from assay._options import as_keywords

    assert as_keywords(message) == keywords


def test_messages_speak_of_keywords_and_of_rows():
    with pytest.raises(assay.AssayError) as caught:
        score([{"prediction": "a", "label": "a"}])
    assert str(caught.value).startswith("the rows: no row has the columns")
    assert 'map={"generated_answer": "prediction", "expected_answer": "label"}' in str(caught.value)
    with pytest.raises(assay.AssayError, match="Did you mean 'limit'"):
        score(pairs(["a"], ["a"]), limt=3)
    with pytest.raises(assay.AssayError, match="name at least one"):
        score(pairs(["a"], ["a"]), [])
    with pytest.raises(assay.AssayError, match="int names no scoring function"):
        score(pairs(["a"], ["a"]), 3)
    assert score(pairs(["a"], ["a"]), {EQUALITY: {"any_of": numpy.bool_(False)}}).is_complete


def test_datasets_of_the_hub():
    datasets = pytest.importorskip("datasets")
    rows = datasets.Dataset.from_list(pairs(["a", "b", "c"], ["a", "x", "c"]))
    for data, right in ((rows, 2), (rows.select([2, 1]), 1), (rows.to_iterable_dataset(), 2)):
        assert score(data).aggregates[EQUALITY]["accuracy"]["num_correct"] == right
    with pytest.raises(assay.AssayError, match="give one of them: 'train', 'test'"):
        score(datasets.DatasetDict({"train": rows, "test": rows}))
    with pytest.raises(assay.AssayError, match="element 1 is dict; expected a path"):
        score(["rows.jsonl", {"generated_answer": "a"}])


def test_arrow_files(tmp_path):
    table = pyarrow.table({"generated_answer": ["a", "b"], "expected_answer": ["a", "x"]})
    with pyarrow.ipc.new_file(tmp_path / "0.arrow", table.schema) as writer:
        writer.write_table(table)
    with pyarrow.ipc.new_stream(tmp_path / "1.arrow", table.schema) as writer:
        writer.write_table(table)
    result = score(tmp_path / "*.arrow")
    assert result.counts[EQUALITY]["scored"] == 4 and len(result.rows) == 4
    (tmp_path / "2.arrow").write_bytes(b"something else")
    with pytest.raises(assay.AssayError, match="2.arrow: cannot be read"):
        score(tmp_path / "*.arrow")


def test_parquet_files_that_differ(tmp_path):
    import pyarrow.parquet as parquet

    parts = [
        {"generated_answer": ["a", "b"], "expected_answer": ["a", "x"], "id": [None, None]},
        {"id": [1, 2], "expected_answer": ["1", "7"], "generated_answer": [1, 2]},
        {"generated_answer": ["a"]},
    ]
    for index, part in enumerate(parts):
        parquet.write_table(pyarrow.table(part), tmp_path / f"{index}.parquet")
    result = score(tmp_path, by="id")
    rows = result.counts[EQUALITY]
    assert (rows["total"], rows["scored"]) == (5, 4)
    assert result.aggregates[EQUALITY]["accuracy"]["num_correct"] == 2
    parquet.write_table(pyarrow.table({"generated_answer": [[1]], "expected_answer": ["a"]}), tmp_path / "3.parquet")
    with pytest.raises(assay.AssayError, match="3.parquet: the column 'generated_answer' is list"):
        score(tmp_path)
    with pytest.raises(assay.AssayError, match="nowhere.arrow: the file does not exist"):
        score(tmp_path / "nowhere.arrow")
    (tmp_path / "4.parquet").write_bytes(b"PAR1")
    with pytest.raises(assay.AssayError, match="4.parquet: cannot be read"):
        score(tmp_path)


@pytest.mark.parametrize("states, message", [
    ([b"x"], "'assay score --state' wrote"), ([7], "int is not a state"), ([], "no states"),
])
def test_what_is_no_state(states, message):
    with pytest.raises(assay.AssayError, match=message):
        assay.merge(states)
