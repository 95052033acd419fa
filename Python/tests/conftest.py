"""What several tests use."""

import json
import pathlib

import pytest

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
